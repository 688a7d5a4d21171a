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
#: Everybody may open them on Debian, but on some machines only root may.
DEVICES = ("/dev/net/tun", "/dev/fuse")
#: How many tests are left out for want of something, from `tests/run.py` to its pytest.
LEFT_OUT = "TOXPY_TESTS_LEFT_OUT"
#: Set while the tests are only counted.
LISTING = "TOXPY_TESTS_LISTING"
#: Inside, before the command: folders in which `ip netns` may write, and a loopback. It is a network
#: namespace of its own, since nobody may go back to one that is not theirs.
PREPARE = """
set -e
mount -t tmpfs none /run
mkdir -p /run/lock /run/real-etc /run/etc/netns
mount --rbind /etc /run/real-etc
for name in $(ls -A /etc); do [ "$name" = netns ] || ln -s "/run/real-etc/$name" "/run/etc/$name"; done
mount --bind /run/etc /etc
ip link set lo up
exec "$@"
"""


@functools.cache
def available():
    """True if this process may make network namespaces."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0


def can_open(device):
    """True if this user may open the device."""
    return os.access(device, os.R_OK | os.W_OK)


def enter_command():
    """Words to put before a command so that it may make network namespaces; None when the kernel says no.

    More users than one are mapped where /etc/subuid and newuidmap allow it: servers that give up their
    rights need a second one.
    """
    if available():
        return []
    kinds = ["--mount", "--net", "--fork", "--kill-child"]
    for mapping in (["--map-root-user", "--map-auto"], ["--map-root-user"]):
        words = ["unshare", "--user", *mapping, *kinds, "sh", "-c", PREPARE, "sh"]
        tried = subprocess.run([*words, "unshare", "--net", "true"], capture_output=True)
        if tried.returncode == 0:
            return ["env", f"{INSIDE}=user", *words]
    return None
