"""From single runs to judged rows."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from typing import Any

from bench.rows import ROWS, Row

REAL, OURS = "ref-ref", "ours-ours"
MIXED = ("ours-ref", "ref-ours")
#: ours with Noise on both sides
NOISE = "noise-noise"
#: single values of one pairing that are taken as equal
EQUAL = 0.05

Runs = dict[str, dict[str, list[dict[str, Any]]]]


@dataclass(slots=True)
class Values:
    """What the runs of one pairing say about one number."""

    values: list[float]
    per_spin: list[float]  # CPU numbers divided by the cost of a fixed piece of work next to the run
    unit: str
    better: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def times_as_good(self, real: Values) -> float:
        """Twice the speed and half the time are both 2; CPU is compared after normalisation."""
        mine, theirs = self.median, real.median
        if self.per_spin and real.per_spin:
            mine, theirs = statistics.median(self.per_spin), statistics.median(real.per_spin)
        ratio = (mine or 1e-9) / (theirs or 1e-9)
        return ratio if self.better == "higher" else 1 / ratio

    def overlaps(self, other: Values) -> bool:
        return min(self.values) <= max(other.values) and min(other.values) <= max(self.values)


def collect(runs: list[dict[str, Any]]) -> dict[str, Values]:
    """All numbers of the good runs, by name."""
    found: dict[str, Values] = {}
    for run in runs:
        for name, metric in run["metrics"].items() if run["status"] == "ok" else ():
            values = found.setdefault(name, Values([], [], metric["unit"], metric["better"]))
            values.values.append(metric["value"])
            if "CPU" in metric["unit"] and run.get("spin_ms"):
                values.per_spin.append(metric["value"] / run["spin_ms"])
    return found


def failures(runs: list[dict[str, Any]]) -> str:
    """ "2 of 3 timeout: why", or nothing."""
    counts = Counter(run["status"] for run in runs if run["status"] != "ok")
    why = sorted({run["detail"] for run in runs if run["status"] != "ok" and run.get("detail")})
    text = ", ".join(f"{n} of {len(runs)} {status}" for status, n in counts.items())
    return f"{text}: {' | '.join(why)}" if why else text


@dataclass(slots=True)
class Judged:
    """One row with its values. `margin`: 1 is just good enough, less is missed by that factor."""

    row: Row
    by_pairing: dict[str, Values]
    failed: dict[str, str]
    times: float | None  # as good as the real library
    margin: float | None
    verdict: str

    @property
    def rank(self) -> tuple[int, float]:
        """Bad rows first."""
        kinds = ["failed", "missed", "mixed worse", "missed?", "mixed worse?", "reached", "measured"]
        return kinds.index(self.verdict), self.margin if self.margin is not None else 0.0


def _margin(row: Row, ours: Values, real: Values | None) -> float | None:
    if row.at_most:
        return row.at_most / ((ours.median * row.scale) or 1e-9)
    if row.at_least:
        return ours.median * row.scale / row.at_least
    return ours.times_as_good(real) / row.times if real else None


def _verdict(row: Row, margin: float | None, by_pairing: dict[str, Values]) -> str:
    """With a question mark when the single values do not bear it out."""
    ours, real = by_pairing[OURS], by_pairing.get(REAL)
    if margin is None:
        return "measured"
    if margin < 1:
        unsure = margin > 1 - EQUAL
        if row.at_most:
            unsure = unsure or min(ours.values) * row.scale <= row.at_most
        elif row.at_least:
            unsure = unsure or max(ours.values) * row.scale >= row.at_least
        elif row.times == 1 and real:
            unsure = unsure or ours.overlaps(real)
        return "missed?" if unsure else "missed"
    mixed = [by_pairing[p] for p in MIXED if p in by_pairing] if row.mixed and real else []
    worse = [m for m in mixed if real and m.times_as_good(real) < 1 - EQUAL]
    if worse:
        return "mixed worse?" if all(real and m.overlaps(real) for m in worse) else "mixed worse"
    return "reached"


def judge(runs: Runs) -> list[Judged]:
    """The rows for which there are runs, bad ones first."""
    judged = []
    for row in ROWS:
        pairings = runs.get(row.case)
        if not pairings:
            continue
        by_pairing = {
            p: values[row.metric] for p, r in pairings.items() if row.metric in (values := collect(r))
        }
        failed = {p: text for p, r in pairings.items() if (text := failures(r))}
        ours, real = by_pairing.get(OURS), by_pairing.get(REAL)
        if OURS in pairings and (ours is None or any(p != REAL for p in failed)):
            judged.append(Judged(row, by_pairing, failed, None, None, "failed"))
        elif ours is None:
            judged.append(Judged(row, by_pairing, failed, None, None, "measured"))
        else:
            margin = _margin(row, ours, real)
            times = ours.times_as_good(real) if real else None
            judged.append(Judged(row, by_pairing, failed, times, margin, _verdict(row, margin, by_pairing)))
    return sorted(judged, key=lambda j: j.rank)


def number(value: float) -> str:
    """Three digits that mean something."""
    if value >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def cell(judged: Judged, pairing: str) -> str:
    """`median (min-max)` in the row's unit."""
    values = judged.by_pairing.get(pairing)
    if values is None:
        return "failed" if pairing in judged.failed else ""
    scaled = [v * judged.row.scale for v in values.values]
    middle = number(statistics.median(scaled))
    return middle if len(scaled) == 1 else f"{middle} ({number(min(scaled))}-{number(max(scaled))})"


def noise(runs: Runs) -> dict[str, float]:
    """How much else happened on the machine: medians over all runs that tell."""
    every = [run for pairings in runs.values() for r in pairings.values() for run in r]
    found = {}
    for name in ("other_cpu", "stolen_cpu", "spin_ms"):
        values = [run[name] for run in every if run.get(name) is not None]
        if values:
            found[name] = statistics.median(values)
            found[f"{name}_max"] = max(values)
    return found
