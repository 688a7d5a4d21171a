"""A network of the test's own: a fresh network namespace whose loopback has public addresses.

Tox treats addresses of the LAN differently: they are not told to strangers, and c-toxcore's clients
without UDP ignore nodes there. So what concerns strangers is tested on addresses that look public.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess

from tests.support import namespaces

HOST = "198.51.100.1"
#: more hosts of the same machine
HOSTS = [f"198.51.100.{i}" for i in range(1, 10)]
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise PermissionError(number, f"{what}: {os.strerror(number)}; network namespaces need root")


def own_network():
    """A network without anybody else where namespaces can be made, otherwise that of the machine."""
    return PrivateNetwork() if namespaces.available() else contextlib.nullcontext()


class PrivateNetwork:
    """`enter` moves the calling thread, and what it starts, into the namespace; `leave` moves it back."""

    def enter(self):
        self.outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        _check(_libc.unshare(CLONE_NEWNET), "a network namespace of our own")
        addresses = [["addr", "add", f"{host}/32", "dev", "lo"] for host in HOSTS]
        # packets as on a cable. On the loopback Linux hands on large pieces as they are, and keeps each until
        # its last byte is read: with one of 64 KiB the buffer is full, the window closed, and a client of
        # c-toxcore that waits for the rest of a frame before it reads the beginning waits for ever
        loopback = ["link", "set", "lo", "up", "mtu", "1500", "gso_max_segs", "1", "gso_max_size", "1500"]
        for command in (loopback, *addresses):
            subprocess.run(["ip", *command], check=True, capture_output=True)
        return self

    def leave(self):
        """Back outside; the namespace ends with the last socket in it."""
        _check(_libc.setns(self.outside, CLONE_NEWNET), "back to the network outside")
        os.close(self.outside)

    def __enter__(self):
        return self.enter()

    def __exit__(self, *_error):
        self.leave()
