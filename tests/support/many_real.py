"""Many of Debian's instances in one process of their own: `python -m tests.support.many_real`.

Commands are lines on its standard input, each answered by one line of JSON:

    new COUNT UDP                start instances; their public keys
    join HOST PORT RELAY KEY     everybody bootstraps and knows the relay (0: none)
    friends                      pairs 0-1, 2-3, ... become friends
    status                       how many have UDP, TCP, friends online, friends online over TCP
    send COUNT                   everybody sends its friend so many messages; how many were taken
    received                     messages that arrived, those in order and complete, and receipts
    end
"""

import json
import subprocess
import sys
import threading
import time

from tests.support.bootstrapd import ROOT, environment
from tests.support.real_tox import RealTox
from toxpy.errors import ToxError
from toxpy.generated import events

#: Between two passes over all instances; an instance itself wants 50 ms, less with transfers.
PAUSE_S = 0.03
ANSWER_TIMEOUT_S = 120


class Crowd:
    """The instances, and what each got from its friend."""

    def __init__(self):
        self.all, self.got, self.receipts = [], [], 0
        self.unsent = []

    def new(self, count, udp):
        for _ in range(int(count)):
            self.all.append(RealTox(udp=udp == "1", start_port=34000, end_port=39999))
            self.got.append([])
            self.unsent.append([])
        return [tox.self_get_public_key().hex() for tox in self.all]

    def join(self, host, port, relay_port, key):
        for tox in self.all:
            tox.bootstrap(host, int(port), bytes.fromhex(key))
            if relay_port != "0":
                tox.add_tcp_relay(host, int(relay_port), bytes.fromhex(key))
        return len(self.all)

    def friends(self):
        for alice, bob in zip(self.all[::2], self.all[1::2], strict=True):
            alice.friend_add_norequest(bob.self_get_public_key())
            bob.friend_add_norequest(alice.self_get_public_key())
        return len(self.all) // 2

    def status(self):
        own = [tox.self_get_connection_status() for tox in self.all]
        friends = [tox.friend_get_connection_status(0) for tox in self.all if tox.self_get_friend_list()]
        return {
            "tcp": own.count(1),
            "udp": own.count(2),
            "friends": sum(status != 0 for status in friends),
            "friends_tcp": friends.count(1),
        }

    def send(self, count):
        for queue in self.unsent:
            queue.extend(range(int(count)))
        return sum(map(len, self.unsent))

    def received(self):
        in_order = sum(numbers == list(range(len(numbers))) for numbers in self.got)
        unsent = sum(map(len, self.unsent))
        messages = sum(map(len, self.got))
        return {"messages": messages, "in_order": in_order, "receipts": self.receipts, "unsent": unsent}

    def iterate(self):
        for i, tox in enumerate(self.all):
            tox.iterate()
            for event in tox.drain_events():
                if isinstance(event, events.FriendMessage):
                    self.got[i].append(int(event.message))
                elif isinstance(event, events.FriendReadReceipt):
                    self.receipts += 1
            if self.unsent[i]:
                self._send(tox, self.unsent[i])

    def _send(self, tox, numbers):
        try:
            tox.friend_send_message(0, 0, b"%d" % numbers[0])
            del numbers[0]
        except ToxError:
            # its queue is full: with the next pass
            return


class Process:
    """Such a process, seen from the test."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.many_real"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
        )

    def ask(self, *words):
        """One command; its answer."""
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        timer = threading.Timer(ANSWER_TIMEOUT_S, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        assert line, f"no answer to {words}"
        return json.loads(line)

    def close(self):
        """End it."""
        self.process.kill()
        self.process.wait(30)
        self.process.stdin.close()
        self.process.stdout.close()


def main():
    crowd, lines = Crowd(), []

    def read():
        for line in sys.stdin:
            lines.append(line.split())
        lines.append(["end"])

    threading.Thread(target=read, daemon=True).start()
    while True:
        crowd.iterate()
        while lines:
            name, *arguments = lines.pop(0)
            if name == "end":
                return
            print(json.dumps(getattr(crowd, name)(*arguments)), flush=True)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
