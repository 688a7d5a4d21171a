"""Interleaved rounds: A B A B, so that a busy moment of the machine hits every pairing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.programs import Case, Library, run_case

#: short cases: more runs in every round
REPEAT = {"startup": 5, "save_load": 2, "api": 2}


def _busy_cpus(seconds: float) -> float:
    def busy() -> float:
        ticks = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        idle, waiting = ticks[3], ticks[4]
        return (sum(ticks) - idle - waiting) / os.sysconf("SC_CLK_TCK")

    began, before = time.monotonic(), busy()
    time.sleep(seconds)
    return (busy() - before) / (time.monotonic() - began)


def wait_until_quiet(patience_s: float, at_most_busy: float = 0.3) -> None:
    """Until hardly a processor is busy, or the patience is over."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end and _busy_cpus(1.0) > at_most_busy:
        pass


@dataclass(slots=True)
class Plan:
    """What is to be run."""

    tools: Path
    cases: Sequence[Case]
    #: "ref", "ours", "noise" (ours with Noise), and "ref_groups" if there is one with groups
    libraries: dict[str, Library]
    pairings: Sequence[str]
    rounds: int
    settings: Sequence[str] = ()
    patience_s: float = 0.0
    timeout_s: float = 300.0
    limits: bool = False

    def libraries_of(self, case: Case, pairing: str) -> tuple[Library, Library] | None:
        """Sides a and b; None: one side is measured, with real peers, or the library has no groups."""
        a, b = pairing.split("-")
        if case.kind == "one" and (a != b or a == "noise"):
            return None
        chosen = dict(self.libraries)
        if case.has_groups and chosen["ref"] is not chosen["ours"]:
            if "ref_groups" not in chosen and "ref" in (a, b):
                return None
            chosen["ref"] = chosen.get("ref_groups", chosen["ref"])
        return chosen[a], chosen[b]


class Record:
    """Everything that was measured, written after each case, so that an interrupted run is not lost."""

    def __init__(self, plan: Plan, path: Path) -> None:
        self._plan = plan
        self._path = path
        self._started = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        self.runs: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.limits: list[dict[str, Any]] = []
        self.rounds_done = 0

    def add(self, case: str, pairing: str, result: dict[str, Any]) -> None:
        self.runs.setdefault(case, {}).setdefault(pairing, []).append(result)

    def as_dict(self) -> dict[str, Any]:
        plan = self._plan
        return {
            "started": self._started,
            "rounds": plan.rounds,
            "rounds_done": self.rounds_done,
            "pairings": list(plan.pairings),
            "settings": list(plan.settings),
            "libraries": {label: list(library.seen.values()) for label, library in plan.libraries.items()},
            "machine": {"cpus": os.cpu_count(), "kernel": os.uname().release.split("-")[0]},
            "limits": self.limits,
            "runs": self.runs,
        }

    def save(self) -> None:
        self._path.write_text(json.dumps(self.as_dict(), indent=1) + "\n")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run_pairings(plan: Plan, record: Record, case: Case, number: int) -> None:
    for pairing in list(plan.pairings) * REPEAT.get(case.name, 1):
        sides = plan.libraries_of(case, pairing)
        if sides is None:
            continue
        wait_until_quiet(plan.patience_s)
        reference = plan.libraries["ref"]
        result = run_case(plan.tools, case, *sides, reference, plan.settings, plan.timeout_s)
        record.add(case.name, pairing, result)
        detail = f": {result['detail']}" if result.get("detail") else ""
        others = f", others used {result['other_cpu']} CPU" if "other_cpu" in result else ""
        _say(
            f"[{number}/{plan.rounds}] {case.name} {pairing}: {result['status']}{detail} "
            f"({result.get('wall_s', 0)} s{others})"
        )


def run(plan: Plan, path: Path) -> Record:
    """All rounds; Ctrl-C ends early and keeps what there is."""
    record = Record(plan, path)
    try:
        for number in range(1, plan.rounds + 1):
            if plan.limits:
                wait_until_quiet(plan.patience_s)
                limits = subprocess.run(
                    [plan.tools / "toxbench-limits"], capture_output=True, text=True, check=True
                )
                record.limits.append(json.loads(limits.stdout))
            for case in plan.cases:
                _run_pairings(plan, record, case, number)
                record.save()
            record.rounds_done = number
    except KeyboardInterrupt:
        _say("interrupted; this is what was measured so far")
    record.save()
    return record
