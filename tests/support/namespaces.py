"""Whether this process may make network namespaces, and how an ordinary user comes to be allowed to.

Root may. An ordinary user may within a user namespace of their own, where the kernel lets them make one:
there they count as root over everything that the namespace owns, and as themselves over files.
"""

import functools
import os
import shutil
import subprocess

#: Set by `enter_command`: what is inside needs no other namespace.
INSIDE = "TOXPY_TESTS_INSIDE"
#: How many tests are left out for want of namespaces, from `tests/run.py` to its pytest.
LEFT_OUT = "TOXPY_TESTS_LEFT_OUT"
#: Set while the tests are only counted.
LISTING = "TOXPY_TESTS_LISTING"
#: `ip netns` keeps its names in /run, which is not ours outside of the namespace.
PREPARE = 'mount -t tmpfs none /run && mkdir -p /run/lock && exec "$@"'


@functools.cache
def available():
    """True if this process may make network namespaces."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0


def enter_command():
    """Words to put before a command so that it may make network namespaces; None when the kernel says no.

    More users than one are mapped where /etc/subuid and newuidmap allow it: servers that give up their
    rights need a second one.
    """
    if available():
        return []
    for mapping in (["--map-root-user", "--map-auto"], ["--map-root-user"]):
        words = [
            "unshare",
            "--user",
            *mapping,
            "--mount",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            PREPARE,
            "sh",
        ]
        tried = subprocess.run([*words, "unshare", "--net", "true"], capture_output=True)
        if tried.returncode == 0:
            return ["env", f"{INSIDE}=user", *words]
    return None
