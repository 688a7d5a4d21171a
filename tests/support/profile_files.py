"""What is on the disk of a profile."""

import os
import stat
from pathlib import Path


def names(path):
    """The files in the folder of a profile."""
    return sorted(os.listdir(os.path.dirname(path)))


def content(path):
    return Path(path).read_bytes()


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)
