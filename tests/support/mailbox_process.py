"""A mailbox as a process of its own, honest or bad: `python -m tests.support.mailbox_process KIND PORT FILE`.

KIND is `MailboxServer`, with its store in FILE, or one of `bad_mailboxes`. Its first line is what friends are
given. `MailboxProcess` runs it, kills it and starts it again.
"""

from __future__ import annotations

import select
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from tests.support import bad_mailboxes
from tests.support.offline_world import PlainMailbox
from tests.support.prefix import ROOT
from tests.support.programs import free_port
from toxpy.crypto.keys import KeyPair
from toxpy.ext.mailbox.host import MailboxHost
from toxpy.ext.mailbox.memory_store import MemoryStore
from toxpy.ext.mailbox.sqlite_store import SqliteStore
from toxpy.ext.offline.records import Mailbox
from toxpy.network.bootstrap_node import BootstrapNode
from toxpy.runtime import Runtime
from toxpy.system.sockets import UdpSocket
from toxpy.system.streams import Streams

SERVER = "MailboxServer"
KINDS = {kind.__name__: kind for kind in (PlainMailbox, *bad_mailboxes.BAD)}
ROOM = 8 << 20
#: Seconds until a process must have said where it is.
START_S = 30


def _key(port, what):
    """The same at each start."""
    return KeyPair(sha256(f"{what} {port}".encode()).digest())


def main():
    kind, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    rt = Runtime()
    udp = UdpSocket.bind(False, port, port)
    streams = Streams(rt=rt, ipv6=False)
    node = BootstrapNode(
        _key(port, "dht"), rt=rt, udp=udp, streams=streams, listeners=[streams.listen(port, "127.0.0.1")]
    )
    common = {"rt": rt, "room": lambda _used: ROOM, "open_to_all": True}
    store = SqliteStore(path, **common) if kind == SERVER else MemoryStore(**common)
    host = MailboxHost(node, _key(port, "real"), store, rt=rt, open_to_all=True)
    if kind != SERVER:
        host.server = KINDS[kind](rt)
    print(Mailbox("127.0.0.1", port, node.dht.public_key, host.real_pk), flush=True)
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    while not ended:
        node.iterate()
        if kind == SERVER:
            host.poll()
        timeout_ms = node.timeout_ms()
        wait_s = 0.2 if timeout_ms is None else min(timeout_ms / 1000, 0.2)
        select.select([node.fileno()], [], [], wait_s)
    if kind == SERVER:
        host.close()
    store.close()
    node.close()


class MailboxProcess:
    """One of them; `text` is what friends are given."""

    def __init__(self, kind, folder, port=0):
        self.kind, self.port = kind, port or free_port()
        self.path = Path(folder) / f"mailbox-{self.port}.sqlite"
        self.start()

    def start(self):
        """Also after `kill`: it has the same keys, and what its disk has."""
        words = [sys.executable, "-m", "tests.support.mailbox_process", self.kind, str(self.port)]
        self.process = subprocess.Popen([*words, self.path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], START_S)
        self.text = self.process.stdout.readline().strip() if ready else ""
        if not self.text:
            self.kill()
            raise AssertionError(f"the mailbox {self.kind} did not start")

    def kill(self):
        """As by kill -9."""
        self._end(signal.SIGKILL)

    def places(self):
        """Those of the messages that an honest one has on its disk."""
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as base:
            return {place for (place,) in base.execute("select place from blob")}

    def close(self):
        """End it; repeating it is harmless."""
        self._end(signal.SIGTERM)

    def _end(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self.process.stdout.close()


if __name__ == "__main__":
    main()
