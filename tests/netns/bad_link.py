"""Passes frames between the interfaces left and right, and loses, reorders and doubles IPv4 on the way.

For kernels without `tc netem`; the semantics are netem's: every packet waits `delay_ms`,
except the reordered ones, which overtake those that wait. Run in the namespace of both:

    python -m tests.netns.bad_link LOSS REORDER DUPLICATE DELAY_MS SEED
"""

import heapq
import random
import select
import socket
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23
IPV4 = b"\x08\x00"


def open_interface(name):
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    end.bind((name, ETH_P_ALL))
    end.setblocking(False)
    return end


class Wire:
    """The frames under way."""

    def __init__(self, loss, reorder, duplicate, delay_ms, seed):
        self.loss, self.reorder, self.duplicate = loss, reorder, duplicate
        self.delay_ms, self.rng = delay_ms, random.Random(seed)
        self.waiting, self.count = [], 0

    def put(self, frame, end):
        """A frame that is to leave at `end`."""
        if frame[12:14] != IPV4:
            self._wait(frame, end, 0)
            return
        for _ in range(2 if self.rng.random() < self.duplicate else 1):
            if self.rng.random() >= self.loss:
                self._wait(frame, end, 0 if self.rng.random() < self.reorder else self.delay_ms)

    def _wait(self, frame, end, delay_ms):
        self.count += 1
        heapq.heappush(self.waiting, (time.monotonic() + delay_ms / 1000, self.count, frame, end))

    def send_due(self):
        """Send what has waited long enough; the seconds until the next."""
        while self.waiting:
            wait = self.waiting[0][0] - time.monotonic()
            if wait > 0:
                return wait
            _, _, frame, end = heapq.heappop(self.waiting)
            try:
                end.send(frame)
            except (BlockingIOError, OSError):  # a full or a downed interface loses it, as a wire would
                continue
        return None


def main():
    loss, reorder, duplicate, delay_ms, seed = map(float, sys.argv[1:])
    wire = Wire(loss, reorder, duplicate, delay_ms, int(seed))
    a, b = open_interface("left"), open_interface("right")
    others = {a: b, b: a}
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([a, b], [], [], wire.send_due())
        for end in readable:
            try:
                while True:
                    wire.put(end.recv(65536), others[end])
            except BlockingIOError:
                continue


if __name__ == "__main__":
    main()
