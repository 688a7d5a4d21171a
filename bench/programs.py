"""The C programs of the benchmark: building them, the libraries they run on, one run of one case."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parent / "c"
#: program: its sources (patterns) and libraries
PROGRAMS = {
    "toxbench": (["launch.c", "workers.c", "result.c", "machine.c", "cases_*.c", "common.c"], ["-lm"]),
    "toxbench-node": (
        ["node.c", "role_*.c", "clip.c", "lossy_link.c", "single_calls.c", "worker.c", "common.c"],
        ["-ltoxcore", "-ldl", "-lm", "-rdynamic"],
    ),
    "toxbench-av": (
        ["av.c", "clip.c", "lossy_link.c", "worker.c", "common.c"],
        ["-ltoxcore", "-lpthread", "-ldl", "-lm", "-rdynamic"],
    ),
    "toxbench-limits": (["limits.c", "common.c"], ["-lsodium", "-lm"]),
}
SYSTEM_FOLDERS = ["/usr/lib/*/libtoxcore.so.2", "/usr/lib/libtoxcore.so.2", "/usr/local/lib/libtoxcore.so.2"]


class BenchError(Exception):
    """What the person who runs the benchmark has to know or do."""


def build(prefix: Path, into: Path) -> Path:
    """Build the programs against the headers and the library below `prefix`; the folder they are in."""
    into.mkdir(parents=True, exist_ok=True)
    headers = [p.stat().st_mtime for p in SOURCES.glob("*.h")]
    for name, (patterns, libraries) in PROGRAMS.items():
        sources = sorted(p for pattern in patterns for p in SOURCES.glob(pattern))
        target = into / name
        newest = max([p.stat().st_mtime for p in sources] + headers)
        if target.exists() and target.stat().st_mtime >= newest:
            continue
        command = [
            os.environ.get("CC", "cc"),
            "-std=gnu11",
            "-O2",
            "-Wall",
            "-Wextra",
            f"-I{prefix / 'include'}",
        ]
        command += ["-o", str(target), *map(str, sources), f"-L{prefix / 'lib'}", *libraries]
        built = subprocess.run(command, capture_output=True, text=True)
        if built.returncode != 0:
            hint = "\nIt needs Debian's libsodium-dev." if "sodium" in built.stderr else ""
            raise BenchError(f"{name} could not be built:\n{built.stderr}{hint}")
        if built.stderr:
            print(built.stderr, file=sys.stderr)
    return into


def system_library() -> Path | None:
    """c-toxcore's library as the system has it."""
    found = [p for pattern in SYSTEM_FOLDERS for p in sorted(Path("/").glob(pattern[1:]))]
    return found[0].parent if found else None


def has_groups(folder: Path) -> bool:
    """True if the library there has the functions of groups, which came after 0.2.18."""
    return b"tox_group_new" in (folder / "libtoxcore.so.2").read_bytes()


def as_library(file: Path, into: Path) -> Path:
    """The folder `into` with a copy of the file under the name that programs load."""
    if not file.is_file():
        raise BenchError(f"there is no file {file}")
    into.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, into / "libtoxcore.so.2")
    if not has_groups(into):
        raise BenchError(f"{file} has no tox_group_* functions")
    return into


@dataclass(slots=True)
class Library:
    """Where one side's libtoxcore.so.2 comes from, and what was really loaded from there."""

    label: str
    folder: Path
    environment: Sequence[str] = ()
    seen: dict[str, dict[str, str]] = field(default_factory=dict)

    def check(self, reported: str) -> str | None:
        """`reported`: "version path" of what a worker has in its memory map; what is wrong with it."""
        version, path = reported.split(" ", 1)
        real = os.path.realpath(path)
        if real != os.path.realpath(self.folder / "libtoxcore.so.2"):
            return f"wrong library loaded for '{self.label}': {path}"
        if real not in self.seen:
            digest = hashlib.sha256(Path(real).read_bytes()).hexdigest()[:16]
            self.seen[real] = {"version": version, "sha256": digest}
        return None


@dataclass(slots=True)
class Case:
    """`kind` "one": side a alone is measured, helpers are the reference; "two": a and b are both chosen."""

    name: str
    kind: str
    what: str

    @property
    def has_groups(self) -> bool:
        """True if it needs the functions of groups."""
        return self.name.startswith("group_")


def cases(tools: Path) -> dict[str, Case]:
    """All cases, by name."""
    listed = subprocess.run([tools / "toxbench", "--list"], capture_output=True, text=True, check=True).stdout
    return {
        name: Case(name, kind, what)
        for name, kind, what in (line.split("\t") for line in listed.splitlines())
    }


def case_command(
    tools: Path, case: Case, a: Library, b: Library, reference: Library, settings: Sequence[str]
) -> list[str]:
    """The command that runs one case."""
    command = [str(tools / "toxbench"), case.name]
    for side, library in (("a", a), ("b", b if case.kind == "two" else reference), ("r", reference)):
        command += [f"--lib-{side}", str(library.folder)]
        for variable in library.environment:
            command += [f"--env-{side}", variable]
    for setting in settings:
        command += ["--set", setting]
    return command


def run_case(
    tools: Path,
    case: Case,
    a: Library,
    b: Library,
    reference: Library,
    settings: Sequence[str],
    timeout_s: float,
) -> dict[str, Any]:
    """One run; what the launcher printed, checked: a run on the wrong library has no values."""
    command = case_command(tools, case, a, b, reference, settings)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    failed: dict[str, Any] = {"case": case.name, "metrics": {}, "libs": {}}
    try:
        output, _ = process.communicate(timeout=timeout_s)
        result: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        # its workers end with it
        process.send_signal(signal.SIGTERM)
        process.communicate()
        result = failed | {"status": "timeout", "detail": "the launcher did not end"}
    except (ValueError, IndexError):
        result = failed | {"status": "error", "detail": "no result line"}
    except KeyboardInterrupt:
        process.send_signal(signal.SIGTERM)
        process.communicate()
        raise
    by_tag = {"a": a, "b": b if case.kind == "two" else reference}
    for tag, reported in result.pop("libs").items():
        if wrong := by_tag.get(tag, reference).check(reported):
            result.update(status="error", detail=wrong, metrics={})
    for library in (a, b, reference):
        # records go into reports: folders of this machine do not
        for path in (str(library.folder), *library.seen):
            result["detail"] = result["detail"].replace(path, f"<{library.label}>")
    return result
