"""The table in docs/performance.md, rewritten from results.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.programs import BenchError
from bench.report import NAMES, cells, columns, headings, shown_pairings
from bench.summary import judge

BEGIN = "<!-- written by `python -m bench page build/bench/results.json` -->"
END = "<!-- end of the table -->"


def table(record: dict[str, Any], note: str) -> str:
    """Markdown: circumstances, the rows, what failed."""
    rows = judge(record["runs"])
    pairings = shown_pairings(rows)
    heads = columns(pairings)
    lines = [*headings(record), note, ""]
    lines.append("| " + " | ".join(heads) + " |")
    lines.append("|---" + "|---:" * (len(heads) - 3) + "|---|---|")
    lines += [
        "| " + " | ".join(c.replace("|", "/") for c in cells(judged, pairings)) + " |" for judged in rows
    ]
    broken = dict.fromkeys(f"- {j.row.case}, {NAMES[p]}: {why}" for j in rows for p, why in j.failed.items())
    if broken:
        lines += ["", "Runs that failed:", "", *broken]
    return "\n".join(line for n, line in enumerate(lines) if line or n > 1)


def rewrite(path: Path, record: dict[str, Any], note: str = "") -> None:
    """Replace what is between the two marks of the page."""
    text = path.read_text()
    if BEGIN not in text or END not in text:
        raise BenchError(f"{path} has no place for the table: the lines {BEGIN} and {END}")
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    path.write_text(f"{before}{BEGIN}\n\n{table(record, note)}\n\n{END}{after}")
