"""What codecs do besides coding: memory, and the interpreter's lock."""

import resource
import threading
import time
from pathlib import Path


def kilobytes():
    """Memory of this process that is resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


def in_other_thread(work):
    """True if this thread went on in the midst of what another one did."""
    times = []

    def run():
        times.append(time.monotonic())
        work()
        times.append(time.monotonic())

    thread = threading.Thread(target=run)
    seen = []
    thread.start()
    while thread.is_alive():
        seen.append(time.monotonic())
    thread.join()
    start, end = times
    # without the ends, at which the lock changes hands
    tenth = (end - start) / 10
    return any(start + tenth < moment < end - tenth for moment in seen)
