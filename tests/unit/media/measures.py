"""What codecs do besides coding: memory, and the interpreter's lock."""

import resource
import sys
import threading
import time
from pathlib import Path


def kilobytes():
    """Memory of this process that is resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


def in_other_thread(work):
    """True if this thread went on in the midst of work of another one, which nobody asks for the lock."""
    times, seen = [], []

    def run():
        times.append(time.monotonic())
        work()
        times.append(time.monotonic())

    interval = sys.getswitchinterval()
    sys.setswitchinterval(100)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        while thread.is_alive():
            seen.append(time.monotonic())
            # lets go of the lock
            time.sleep(0)
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    start, end = times
    # without the ends, at which the lock changes hands
    tenth = (end - start) / 10
    return any(start + tenth < moment < end - tenth for moment in seen)
