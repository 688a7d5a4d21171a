"""A flame graph of one process of one case: py-spy reads the interpreter in the C program from outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.programs import BenchError, Case, Library, case_command

#: so that there is something to see: longer than in the benchmark
LONGER = {
    "file_tight": ["mib=512"],
    "file_interval": ["mib=256"],
    "file_big": ["mib=512"],
    "file_tcp": ["mib=64"],
    "lossless": ["count=100000"],
    "msgs_tight": ["count=300000"],
    "msgs_window": ["count=150000"],
}
LONGEST_S = 120


def _sampler(pid: int, graph: Path, rate: int, native: bool) -> subprocess.Popen[str]:
    beside = Path(sys.executable).parent / "py-spy"
    tool = str(beside) if beside.exists() else shutil.which("py-spy")
    if tool is None:
        raise BenchError("py-spy is not installed: pip install py-spy, or `make profile`, which does it")
    command = [tool, "record", "--pid", str(pid), "--output", str(graph), "--rate", str(rate)]
    # frames of C code are unwound while the process stands still: without that they would be wrong
    command += ["--native"] if native else ["--nonblocking"]
    command += ["--duration", str(LONGEST_S)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def record(
    tools: Path,
    case: Case,
    libraries: dict[str, Library],
    folder: Path,
    side: str = "a",
    settings: Sequence[str] = (),
    rate: int = 250,
    native: bool = True,
) -> Path:
    """Run the case with ours on both sides, sample `side` from the start to the end of what is measured."""
    graph = folder / f"profile-{case.name}-{side}.svg"
    graph.unlink(missing_ok=True)
    ours = libraries["ours"]
    chosen = [*settings, *LONGER.get(case.name, [])]
    command = [*case_command(tools, case, ours, ours, libraries["ref"], chosen), "--announce"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    sampler = None
    assert run.stderr and run.stdout
    try:
        for line in run.stderr:
            moment, tag, pid = [*line.split(), "", "", ""][:3]
            if moment == "measuring" and tag == side and sampler is None:
                sampler = _sampler(int(pid), graph, rate, native)
        result = json.loads(run.stdout.read())
    finally:
        if run.poll() is None:
            run.send_signal(signal.SIGTERM)
        run.wait()
        if sampler:
            if sampler.poll() is None:
                os.kill(sampler.pid, signal.SIGINT)  # writes what it has
            said, _ = sampler.communicate()
    if sampler is None:
        raise BenchError(f"{case.name} has no measured phase on side {side}: {result.get('detail', '')}")
    if not graph.exists():
        raise BenchError(f"py-spy wrote no graph. It said:\n{said}")
    if result["status"] != "ok":
        print(f"the case ended with {result['status']}: {result['detail']}", file=sys.stderr)
    return graph
