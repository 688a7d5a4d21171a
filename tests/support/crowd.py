"""A crowd of Debian's clients that know one bootstrap node only: they join, become friends and talk.

    python -m tests.support.crowd tcp|udp COUNT MESSAGES [debian]

with ours or Debian's tox-bootstrapd, in a network namespace of its own; prints how long each step took and
what the node used. Needs root. Two hundred over our relay, as once measured:

    python -m tests.support.crowd tcp 200 50
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.support.bootstrapd import DEBIANS, OURS, Bootstrapd
from tests.support.many_real import Process
from tests.support.private_network import HOST, PrivateNetwork
from tests.support.processes import usage

#: Of one process; what it does for its clients takes turns.
PER_PROCESS = 50
#: Nodes with UDP, which clients without need for their onion paths.
OTHERS = 6
TIMEOUT_S = 100
LOOK_EVERY_S = 0.3


class Meeting:
    """The node and the crowd; `with` it the calling thread is in the namespace."""

    def __init__(self, directory, count, *, udp, command=OURS):
        self.directory, self.count, self.udp, self.command = directory, count, udp, command
        self.network = PrivateNetwork()
        self.node, self.crowd, self.others = None, [], []

    def __enter__(self):
        self.network.enter()
        try:
            self.node = Bootstrapd(self.directory / "node", self.command)
            if not self.udp:
                self.others.append(Process())
                self.others[0].ask("new", OTHERS, 1)
                self.others[0].ask("join", HOST, self.node.port, 0, self.node.public_key.hex())
            for first in range(0, self.count, PER_PROCESS):
                self.crowd.append(Process())
                self.crowd[-1].ask("new", min(PER_PROCESS, self.count - first), int(self.udp))
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_error):
        self._close()

    def _close(self):
        for each in (*self.crowd, *self.others, *([self.node] if self.node else [])):
            each.close()
        self.network.leave()

    def usage(self):
        """What the node used so far."""
        return usage(self.node.process.pid)

    def join(self):
        """All bootstrap; until all are online, over TCP when they have no UDP."""
        relay_port = 0 if self.udp else self.node.relay_port
        for process in self.crowd:
            process.ask("join", HOST, self.node.port, relay_port, self.node.public_key.hex())
        return self._until("status", lambda told: told["udp" if self.udp else "tcp"] == self.count)

    def befriend(self):
        """In pairs; until all see each other, over TCP when they have no UDP."""
        for process in self.crowd:
            process.ask("friends")
        return self._until(
            "status", lambda told: told["friends" if self.udp else "friends_tcp"] == self.count
        )

    def talk(self, messages):
        """Everybody sends so many; until they and their receipts have arrived, complete and in order."""
        for process in self.crowd:
            process.ask("send", messages)
        wanted = messages * self.count
        return self._until(
            "received",
            lambda told: told["receipts"] == wanted == told["messages"] and told["in_order"] == self.count,
        )

    def _until(self, question, condition):
        """Seconds until the crowd's answers together are as wanted."""
        begin = time.monotonic()
        while True:
            answers = [process.ask(question) for process in self.crowd]
            told = {name: sum(answer[name] for answer in answers) for name in answers[0]}
            seconds = time.monotonic() - begin
            if condition(told):
                return seconds
            assert seconds < TIMEOUT_S, told
            time.sleep(LOOK_EVERY_S)


def main(transport, count, messages, whose="ours"):
    command = DEBIANS if whose == "debian" else OURS
    with (
        tempfile.TemporaryDirectory() as directory,
        Meeting(Path(directory), int(count), udp=transport == "udp", command=command) as meeting,
    ):
        _show("start", 0, meeting)
        _show("all online", meeting.join(), meeting)
        _show("all see their friend", meeting.befriend(), meeting)
        _show("all messages and receipts, in order", meeting.talk(int(messages)), meeting)
        time.sleep(10)
        _show("nothing", 10, meeting)
        print(f"load of the machine {os.getloadavg()[0]:.1f}")


def _show(what, seconds, meeting):
    used = meeting.usage()
    print(
        f"{what}: {seconds:.1f} s; the node so far: {used.cpu_s:.2f} s of processor, "
        f"{used.resident_mb:.1f} MB, {used.files} descriptors",
        flush=True,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
