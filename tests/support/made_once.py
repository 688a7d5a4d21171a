"""What costs much to make and is only looked at: made once in a run, whichever worker comes first."""

import fcntl
import os

#: pytest-xdist's name of the run, in its workers.
RUN = "PYTEST_XDIST_TESTRUNUID"


def made_once(tmp_path_factory, what, make):
    """The folder that `make(folder)` fills; other test processes of the run wait for it."""
    base = tmp_path_factory.getbasetemp()
    # a worker's is a folder in that of the run
    folder = (base.parent if RUN in os.environ else base) / f"made-once-{what}"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / ".done"
        if not done.exists():
            make(folder)
            done.touch()
    return folder
