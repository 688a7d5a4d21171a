"""What costs much to make and is only looked at: made once in a run, whichever worker comes first."""

import fcntl
import os


def made_once(tmp_path_factory, what, make):
    """The folder that `make(folder)` fills; other test processes of the run wait for it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", os.getpid())
    folder = tmp_path_factory.getbasetemp().parent / f"{what}-{run}"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / ".done"
        if not done.exists():
            make(folder)
            done.touch()
    return folder
