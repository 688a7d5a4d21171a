"""The commands of `python -m bench`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import page, profile, report
from bench.programs import (
    BenchError,
    Case,
    Library,
    as_library,
    build,
    cases,
    has_groups,
    system_library,
)
from bench.rounds import Plan, run
from bench.rows import CALL_CASES, CHAT_CASES, QUICK_CASES, TABLE_CASES
from bench.summary import NOISE, judge

ROOT = Path(__file__).parents[1]
#: NOISE besides, when it is asked for
ALL_PAIRINGS = ["ref-ref", "ours-ours", "ours-ref", "ref-ours"]
INSTALL_REAL = (
    "c-toxcore's library is not there, so there is nothing to compare with: only ours is measured.\n"
    "On Debian: apt-get install libtoxcore2"
)
NO_GROUPS = (
    "The real library here has no tox_group_* functions: of the cases of groups only ours is measured.\n"
    "--ref-groups names a newer library's file."
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    measure = commands.add_parser("run", help="measure, and write results.json, report.html and table.txt")
    measure.add_argument("--quick", action="store_true", help="some cases, one round: about three minutes")
    measure.add_argument("--rounds", type=int, default=5)
    measure.add_argument("--cases", default="table", help="names with commas, or: table, chats, calls, all")
    measure.add_argument(
        "--pairings", default="", help=f"from {','.join([*ALL_PAIRINGS, NOISE])} (side a - side b)"
    )
    measure.add_argument(
        "--set", action="append", default=[], metavar="K=V", help="a setting of the C programs"
    )
    measure.add_argument("--patience", type=float, default=0, metavar="S", help="wait for a quiet machine")
    measure.add_argument("--timeout", type=float, default=300, metavar="S", help="for one run")
    measure.add_argument("--limits", action="store_true", help="also what the machine can do without Tox")
    listing = commands.add_parser("list", help="the cases")
    flames = commands.add_parser("profile", help="a flame graph of one case")
    flames.add_argument("case", nargs="?", default="file_tight")
    flames.add_argument("--side", choices=["a", "b"], default="a", help="a sends, b receives")
    flames.add_argument("--set", action="append", default=[], metavar="K=V")
    flames.add_argument("--rate", type=int, default=250, help="samples a second")
    flames.add_argument("--python-only", action="store_true", help="without the frames of C code")
    for command in measure, listing, flames:
        command.add_argument(
            "--prefix", type=Path, default=ROOT / "build" / "prefix", help="where ours is installed"
        )
        command.add_argument(
            "--out", type=Path, default=ROOT / "build" / "bench", help="folder for what is written"
        )
    for command in measure, flames:
        command.add_argument(
            "--ref", type=Path, help="folder of the real libtoxcore.so.2; default: the system's"
        )
        command.add_argument("--no-ref", action="store_true", help="measure only ours")
        command.add_argument(
            "--ref-groups", type=Path, metavar="FILE", help="c-toxcore's library, 0.2.20 or later, for groups"
        )
    again = commands.add_parser("report", help="write report.html and table.txt again from results.json")
    again.add_argument("results", type=Path)
    again.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    docs = commands.add_parser("page", help="rewrite the table in docs/performance.md from results.json")
    docs.add_argument("results", type=Path)
    docs.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    docs.add_argument("--note", default="", help="a sentence about the circumstances of this run")
    return parser


def _libraries(args: argparse.Namespace) -> tuple[dict[str, Library], bool]:
    """The two libraries, and whether the reference is the real one."""
    folder = args.prefix.resolve() / "lib"
    if not (folder / "libtoxcore.so.2").exists():
        raise BenchError(f"there is no libtoxcore.so.2 in {folder}: `make build` first")
    ours = Library("ours", folder)
    real = None if args.no_ref else args.ref.resolve() if args.ref else system_library()
    noise = Library("ours", folder, environment=["TOXBENCH_HANDSHAKE=noise"])
    libraries = {"ours": ours, "noise": noise, "ref": Library("ref", real) if real else ours}
    if args.ref_groups is not None and not args.no_ref:
        libraries["ref_groups"] = Library("ref", as_library(args.ref_groups, args.out / "ref_groups"))
    elif real is not None and has_groups(real):
        libraries["ref_groups"] = libraries["ref"]
    return libraries, real is not None


def _chosen_cases(names: str, quick: bool, known: dict[str, Case]) -> list[Case]:
    lists = {"table": TABLE_CASES, "chats": CHAT_CASES, "calls": CALL_CASES, "all": list(known)}
    chosen = lists.get(names) or [n for n in names.split(",") if n]
    if quick and names == "table":
        chosen = QUICK_CASES
    if unknown := [n for n in chosen if n not in known]:
        raise BenchError(f"there is no case {', '.join(unknown)}; `python -m bench list` names all")
    return [known[n] for n in chosen]


def _chosen_pairings(names: str, quick: bool, with_real: bool) -> list[str]:
    chosen = [p for p in names.split(",") if p] or (ALL_PAIRINGS[:2] if quick else ALL_PAIRINGS)
    if unknown := [p for p in chosen if p not in (*ALL_PAIRINGS, NOISE)]:
        raise BenchError(f"there is no pairing {', '.join(unknown)}")
    return chosen if with_real else ["ours-ours", *(p for p in chosen if p == NOISE)]


def _measure(args: argparse.Namespace) -> int:
    libraries, with_real = _libraries(args)
    if not with_real:
        print(INSTALL_REAL, file=sys.stderr)
    tools = build(args.prefix.resolve(), args.out / "bin")
    chosen = _chosen_cases(args.cases, args.quick, cases(tools))
    if with_real and "ref_groups" not in libraries and any(case.has_groups for case in chosen):
        print(NO_GROUPS, file=sys.stderr)
    plan = Plan(
        tools=tools,
        cases=chosen,
        libraries=libraries,
        pairings=_chosen_pairings(args.pairings, args.quick, with_real),
        rounds=1 if args.quick else args.rounds,
        settings=args.set,
        patience_s=args.patience,
        timeout_s=args.timeout,
        limits=args.limits,
    )
    record = run(plan, args.out / "results.json")
    print(report.write(record.as_dict(), args.out))
    return 1 if any(judged.verdict == "failed" for judged in judge(record.runs)) else 0


def _list(args: argparse.Namespace) -> int:
    _libraries(argparse.Namespace(prefix=args.prefix, no_ref=True, ref=None, ref_groups=None))
    for case in cases(build(args.prefix.resolve(), args.out / "bin")).values():
        print(f"{case.name:22s} {case.kind:4s} {case.what}")
    return 0


def _profile(args: argparse.Namespace) -> int:
    libraries, _ = _libraries(args)
    tools = build(args.prefix.resolve(), args.out / "bin")
    (case,) = _chosen_cases(args.case, False, cases(tools))
    graph = profile.record(
        tools, case, libraries, args.out, args.side, args.set, args.rate, not args.python_only
    )
    print(f"flame graph: {graph}")
    return 0


def main(words: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(words)
    try:
        if args.command == "run":
            return _measure(args)
        if args.command == "list":
            return _list(args)
        if args.command == "profile":
            return _profile(args)
        measured = json.loads(args.results.read_text())
        if args.command == "report":
            print(report.write(measured, args.out))
        else:
            page.rewrite(args.page, measured, args.note)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    return 0
