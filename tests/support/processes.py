"""What a running process has used so far."""

import os
from pathlib import Path
from typing import NamedTuple

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Usage(NamedTuple):
    """Seconds of processor time, megabytes resident, open descriptors."""

    cpu_s: float
    resident_mb: float
    files: int


def usage(pid):
    """Of the process now."""
    directory = Path("/proc") / str(pid)
    # the program's name, in parentheses, may hold anything
    fields = (directory / "stat").read_text("ascii").rpartition(")")[2].split()
    pages = int((directory / "statm").read_text("ascii").split()[1])
    resident_mb = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    cpu_s = (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return Usage(cpu_s, resident_mb, len(list((directory / "fd").iterdir())))
