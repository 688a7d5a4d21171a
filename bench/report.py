"""report.html and table.txt: what was measured, for people. Each is one file: no scripts, nothing loaded."""

from __future__ import annotations

import html
import math
import statistics
from pathlib import Path
from typing import Any

from bench.rows import ROWS
from bench.summary import MIXED, NOISE, OURS, REAL, Judged, cell, collect, failures, judge, noise, number

NAMES = {
    REAL: "real library",
    OURS: "ours",
    "ours-ref": "ours to real",
    "ref-ours": "real to ours",
    NOISE: "ours, Noise",
}
COLOURS = {REAL: "#777", OURS: "#0a7d38", "ours-ref": "#2b6cb0", "ref-ours": "#b7791f", NOISE: "#6b46c1"}
VERDICT_COLOURS = {
    "failed": "#c53030",
    "missed": "#dd6b20",
    "mixed worse": "#dd6b20",
    "missed?": "#d69e2e",
    "mixed worse?": "#d69e2e",
}
GOOD_COLOUR = "#0a7d38"
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 78em; padding: 0 1em; color: #222 }
table { border-collapse: collapse }
td, th { padding: .25em .7em; text-align: right; border-bottom: 1px solid #ddd }
td:first-child, th:first-child, td.text { text-align: left } svg { background: #fafafa; margin: .4em 0 }
h3 { margin: 1.4em 0 .2em } .what { color: #666 } svg text { font: 12px system-ui, sans-serif }
"""


def headings(record: dict[str, Any]) -> list[str]:
    """Sentences about what ran, when, and how quiet it was."""
    shown = []
    for label, name in (("ref", "real library"), ("ours", "ours")):
        for library in record["libraries"].get(label, []):
            shown.append(f"{name}: {library['version']} (SHA-256 {library['sha256']})")
    lines = [
        f"Measured {record['started']}, {record['rounds_done']} of {record['rounds']} rounds finished. "
        + "; ".join(dict.fromkeys(shown))
        + "."
    ]
    machine, found = record["machine"], noise(record["runs"])
    text = f"{machine['cpus']} processors, Linux {machine['kernel']}"
    if "other_cpu" in found:
        median, most = found["other_cpu"], found["other_cpu_max"]
        text += f"; other programs used {median:.2f} processors (median; at most {most:.2f})"
    if "spin_ms" in found:
        median, most = found["spin_ms"], found["spin_ms_max"]
        text += f"; a fixed piece of work took {median:.1f} ms CPU (at most {most:.1f})"
    lines.append(text + ".")
    if found.get("other_cpu", 0) > 0.25:
        lines.append(
            "The machine was not quiet: speeds can be off by a factor, ratios by less. Run it again alone."
        )
    return lines


def shown_pairings(rows: list[Judged]) -> list[str]:
    """The columns of the table: that of Noise only where it was measured."""
    noise_too = any(NOISE in judged.by_pairing or NOISE in judged.failed for judged in rows)
    return [REAL, OURS, *MIXED, *([NOISE] if noise_too else [])]


def cells(judged: Judged, pairings: list[str]) -> list[str]:
    """What a line of the table shows."""
    times = f"{judged.times:.3g}x" if judged.times is not None else ""
    what = f"{judged.row.what} ({judged.row.unit})" if judged.row.unit else judged.row.what
    values = [cell(judged, p) for p in pairings]
    return [what, *values, times, judged.row.goal, judged.verdict]


def columns(pairings: list[str]) -> list[str]:
    """The heads of the columns of that table."""
    return ["what", *(NAMES[p] for p in pairings), "times as good", "goal", "verdict"]


def text_table(rows: list[Judged]) -> str:
    """For the terminal."""
    pairings = shown_pairings(rows)
    lines = [columns(pairings), *(cells(j, pairings) for j in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )
    broken = [f"{j.row.case} {NAMES.get(p, p)}: {why}" for j in rows for p, why in j.failed.items()]
    return "\n".join([text, *dict.fromkeys(broken)])


class _Picture:
    """An SVG that grows."""

    def __init__(self, width: float, height: float) -> None:
        self._width = width
        self._height = height
        self._parts: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> None:
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self._parts.append(f'<line {ends} stroke="{colour}" stroke-width="{width:g}"/>')

    def text(self, x: float, y: float, text: str, anchor: str = "start") -> None:
        shown = html.escape(text)
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{shown}</text>')

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        size = f'width="{width:.1f}" height="{height:.1f}"'
        self._parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour}"/>')

    def dot(self, x: float, y: float, colour: str) -> None:
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" fill-opacity=".6"/>')

    def __str__(self) -> str:
        return f'<svg width="{self._width:g}" height="{self._height:g}">{"".join(self._parts)}</svg>'


def _bars(rows: list[Judged]) -> str:
    """How many times as good as the real library, on a logarithmic scale; a tick where the goal is."""
    shown = [(j, j.times) for j in rows if j.times is not None]
    if not shown:
        return "<p>Nothing to compare with.</p>"
    left, width, height = 430, 620, 22
    exponents = [math.log10(max(times, 1e-4)) for _, times in shown]
    lowest, highest = min(-1, math.floor(min(exponents))), max(1, math.ceil(max(exponents)))

    def x(times: float) -> float:
        exponent = max(lowest, min(highest, math.log10(max(times, 1e-4))))
        return left + width * (exponent - lowest) / (highest - lowest)

    picture = _Picture(left + width + 80, 40 + height * len(shown))
    for exponent in range(lowest, highest + 1):
        at = x(10.0**exponent)
        picture.line(at, 20, at, 30 + height * len(shown), "#ddd")
        picture.text(at, 14, f"{10.0**exponent:g}x", "middle")
    for n, (judged, times) in enumerate(shown):
        y, end = 26 + n * height, x(times)
        colour = VERDICT_COLOURS.get(judged.verdict, GOOD_COLOUR)
        picture.text(left - 8, y + 13, judged.row.what, "end")
        picture.box(min(x(1), end), y + 3, abs(end - x(1)), height - 8, colour)
        if judged.margin:
            goal = x(times / judged.margin)
            picture.line(goal, y, goal, y + height - 2, "#000", 2)
        picture.text(left + width + 8, y + 13, f"{times:.3g}x")
    return str(picture)


def _dots(judged: Judged) -> str:
    """Every single value of a row, one line of dots per pairing; the short line is the median."""
    shown = [(p, judged.by_pairing[p]) for p in NAMES if p in judged.by_pairing]
    if not shown:
        return ""
    left, width, height, scale = 110, 640, 20, judged.row.scale
    top = max(v for _, values in shown for v in values.values) * scale or 1.0
    bottom = 14 + height * len(shown)
    picture = _Picture(left + width + 20, bottom + 14)
    for n, (pairing, values) in enumerate(shown):
        y, colour = 14 + n * height, COLOURS[pairing]
        picture.text(left - 8, y + 4, NAMES[pairing], "end")
        picture.line(left, y, left + width, y, "#eee")
        for value in values.values:
            picture.dot(left + width * value * scale / top, y, colour)
        at = left + width * statistics.median(values.values) * scale / top
        picture.line(at, y - 8, at, y + 8, colour)
    picture.text(left, bottom + 8, "0")
    picture.text(left + width, bottom + 8, f"{number(top)} {judged.row.unit}", "end")
    return str(picture)


def _table(rows: list[Judged]) -> str:
    pairings = shown_pairings(rows)
    lines = [_row(columns(pairings), "th")]
    for judged in rows:
        colour = VERDICT_COLOURS.get(judged.verdict, "inherit")
        line = "".join(f"<td>{html.escape(c)}</td>" for c in cells(judged, pairings)[:-1])
        lines.append(f'<tr>{line}<td style="color:{colour}">{html.escape(judged.verdict)}</td></tr>')
    return "<table>" + "".join(lines) + "</table>"


def _row(cells: list[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"


def _all_numbers(record: dict[str, Any]) -> str:
    """Every number of every case, also those that are in no row."""
    pairings = record["pairings"]
    parts = []
    for case, by_pairing in record["runs"].items():
        collected = {p: collect(runs) for p, runs in by_pairing.items()}
        units = {name: v.unit for values in collected.values() for name, v in values.items()}
        lines = [_row([case, *(NAMES[p] for p in pairings)], "th")]
        for name, unit in units.items():
            found = [collected.get(p, {}).get(name) for p in pairings]
            lines.append(_row([f"{name} {unit}", *(number(v.median) if v else "" for v in found)]))
        broken = [f"{NAMES[p]}: {why}" for p, runs in by_pairing.items() if (why := failures(runs))]
        parts.append(f"<table>{''.join(lines)}</table>{_paragraphs(broken)}<br>")
    return "".join(parts)


def _limits(record: dict[str, Any]) -> str:
    if not record["limits"]:
        return ""
    lines = [_row([name, f"{number(v.median)} {v.unit}"]) for name, v in collect(record["limits"]).items()]
    return f"<h2>The machine without Tox</h2><table>{''.join(lines)}</table>"


def _paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)


def _single(judged: Judged) -> str:
    row = judged.row
    where = html.escape(f"{row.case}, {row.metric}; goal: {row.goal}")
    return f'<h3>{html.escape(row.what)}</h3><div class="what">{where}</div>{_dots(judged)}'


ABOUT = [
    "Medians (and the smallest and largest value). Bad rows first. A question mark: the single values do not "
    "bear it out. CPU is compared after division by the cost of a fixed piece of work next to each run."
]


def page(record: dict[str, Any]) -> str:
    """The whole page."""
    rows = judge(record["runs"])
    order = {row: n for n, row in enumerate(ROWS)}
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Tox benchmark</title>',
        f"<style>{STYLE}</style>",
        f"<h1>Tox benchmark</h1>{_paragraphs([*headings(record), *ABOUT])}{_table(rows)}",
        "<h2>Times as good as the real library</h2><p>The black mark is the goal.</p>",
        _bars(rows),
        "<h2>Every single value</h2>",
        *(_single(judged) for judged in sorted(rows, key=lambda j: order[j.row])),
        _limits(record),
        f"<h2>All numbers (medians)</h2>{_all_numbers(record)}</html>\n",
    ]
    return "\n".join(parts)


def write(record: dict[str, Any], folder: Path) -> str:
    """Both files; the text for the terminal."""
    text = "\n".join([*headings(record), "", text_table(judge(record["runs"])), ""])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(page(record))
    (folder / "table.txt").write_text(text)
    return f"{text}\nwith plots: {folder / 'report.html'}"
