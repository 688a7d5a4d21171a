"""Mailboxes that wish their clients ill, each in a way of its own."""

from __future__ import annotations

import struct

from tests.support.offline_world import (
    ANSWER,
    END,
    KIND,
    OK,
    PART,
    SIZES,
    PlainMailbox,
    bitmap,
    parts,
)


class Drops(PlainMailbox):
    """Says that it keeps, and keeps nothing."""

    def put(self, _session, _queue, _data):
        return [bytes((OK,))]


class Replays(PlainMailbox):
    """Deletes nothing, and gives everything twice."""

    def get(self, _session, queue):
        blobs = [(number, data) for number, _, data in self.kept(queue)]
        again = [(number + 1_000_000, data) for number, data in blobs]
        return [*parts(blobs + again), *parts(blobs), struct.pack(">IHH", END, 0, 0)]

    def ack(self, _session, _queue, _numbers):
        return [bytes((OK,))]


class Liar(PlainMailbox):
    """Whatever is counted or measured is wrong."""

    room_kib = 0xFFFFFFFF
    per_queue = 0

    def has(self, session, prefixes):
        turn = session.turn = getattr(session, "turn", -1) + 1
        if turn % 3 == 0:
            return [bitmap([True] * len(prefixes))]
        return [bitmap([True] * (turn % 200)) if turn % 3 == 1 else bytes((255,))]

    def get(self, session, queue):
        first = (parts([(7, data) for _, _, data in self.kept(queue)]) or [struct.pack(">IHH", 7, 256, 0)])[0]
        lies = [
            struct.pack(">IHH", 1, 0xFFFF, 0) + bytes(PART),
            struct.pack(">IHH", 2, 4096, 4095) + bytes(PART),
            struct.pack(">IHH", 3, 256, 0) + bytes(PART),
            first,
        ]
        turn = session.lie = getattr(session, "lie", self.numbers) + 1
        return [lies[turn % len(lies)], struct.pack(">IHH", END, 1, 1)]


class Mixes(PlainMailbox):
    """Asked for one queue it gives what is in all."""

    def has(self, _session, prefixes):
        return [bitmap([bool(self.queues)] * len(prefixes))]

    def get(self, _session, _queue):
        blobs = [(number, data) for queue in list(self.queues) for number, _, data in self.kept(queue)]
        return [*parts(blobs[:50]), struct.pack(">IHH", END, 0, 0)]


class Endless(PlainMailbox):
    """An answer without an end."""

    def get(self, session, _queue):
        self._more(session, 0)
        return []

    def has(self, _session, prefixes):
        return [bitmap([True] * len(prefixes))]

    def _more(self, session, number):
        if session.over:
            return
        blob = self.rt.rng.bytes(256)
        session.waiting.clear()
        for more in range(8):
            for part in parts([(number + more, blob)]):
                session.say(4, part)
        self.rt.timers.call_later(20, lambda: self._more(session, (number + 8) % END))


class Unasked(PlainMailbox):
    """Talks without being asked, as much as it can."""

    def accept(self, channel, _source=None):
        session = super().accept(channel)
        self.rt.timers.call_later(100, lambda: self._talk(session))
        return session

    def _talk(self, session):
        if session.over:
            return
        for op in range(8):
            session.channel.send(bytes((KIND, op | ANSWER)) + self.rt.rng.bytes(self.rt.rng.below(1300)))
        session.channel.send(bytes((KIND,)))
        session.channel.send(b"\x20")
        self.rt.timers.call_later(20, lambda: self._talk(session))


class Garbage(PlainMailbox):
    """Answers of random bytes."""

    def reply(self, session, op, answers):
        for _ in answers:
            session.say(op, self.rt.rng.bytes(self.rt.rng.below(1300)))


class Slow(PlainMailbox):
    """A packet each ten seconds."""

    pause_ms = 10_000

    def reply(self, session, op, answers):
        for answer in answers:
            at_ms = max(getattr(session, "at_ms", 0), self.rt.clock.now_ms) + self.pause_ms
            session.at_ms = at_ms
            self.rt.timers.call_at(at_ms, lambda answer=answer: session.say(op, answer))


class Silent(PlainMailbox):
    """Takes everything, answers nothing."""

    def reply(self, _session, _op, _answers):
        pass


class SilentAfterHello(PlainMailbox):
    """Polite, then nothing."""

    def reply(self, session, op, answers):
        if op == 1:
            super().reply(session, op, answers)


class HangsUp(PlainMailbox):
    """Ends the session in the middle of each answer."""

    def reply(self, session, op, answers):
        super().reply(session, op, answers[: len(answers) // 2])
        if op != 1:
            session.over = True
            session.channel.close()


class WrongClock(PlainMailbox):
    """Its clock is years away."""

    def hello(self, _session, code):
        unix_s = self.rt.rng.below(2**62)
        return [struct.pack(">BBQIHI", 1, code, unix_s, 0, self.per_queue, self.room_kib)]


class Refuses(PlainMailbox):
    """One code after the other, also such that there are not."""

    def put(self, _session, _queue, _data):
        self.numbers += 1
        return [bytes((self.numbers % 9,))]


class Corrupts(PlainMailbox):
    """Keeps everything, and gives it with a bit changed, or in another size."""

    def put(self, session, queue, data):
        self.numbers += 1
        if self.numbers % 2:
            broken = bytearray(data)
            broken[self.rt.rng.below(len(data))] ^= 1
        else:
            broken = data[:4] + self.rt.rng.bytes(self.rt.rng.choice(SIZES) - 4)
        return super().put(session, queue, bytes(broken))


class Malicious(PlainMailbox):
    """Now this, now that: it drops, replays, lies about counts, and gives what is in other queues."""

    def _one_of(self, method, kinds):
        return getattr(self.rt.rng.choice(kinds), method)

    def put(self, session, queue, data):
        return self._one_of("put", (PlainMailbox, Drops))(self, session, queue, data)

    def has(self, session, prefixes):
        return self._one_of("has", (PlainMailbox, Liar, Mixes))(self, session, prefixes)

    def get(self, session, queue):
        return self._one_of("get", (PlainMailbox, Replays, Liar, Mixes))(self, session, queue)

    def ack(self, session, queue, numbers):
        return self._one_of("ack", (PlainMailbox, Replays))(self, session, queue, numbers)


#: Each of them.
BAD = (
    Drops,
    Replays,
    Liar,
    Mixes,
    Endless,
    Unasked,
    Garbage,
    Slow,
    Silent,
    SilentAfterHello,
    HangsUp,
    WrongClock,
    Refuses,
    Corrupts,
    Malicious,
)
