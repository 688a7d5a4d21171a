"""One session with a mailbox, as a job of `Sessions`: each question when the last one is answered.

What is said is a generator, `_talk`: it yields a `Question` and gets the answer, yields None and gets the
next answer to the same question, and its end ends the session. A mailbox may answer as it likes: what does
not fit ends the session, and so do silence for 30 s and a session of 2 minutes.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.ext.offline import ops
from toxpy.ext.offline.ops import Answers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Protocol

    from toxpy.ext.offline.records import Mailbox
    from toxpy.runtime import Runtime, Timer

    Answer = ops.HelloAnswer | ops.Code | ops.Found | ops.Blob | ops.End
    Talk = Generator["Question | None", Answer, None]

    class Session(Protocol):
        """The client's end of a session."""

        def send(self, packet: bytes, /) -> bool: ...
        def close(self) -> None: ...


#: Time without an answer after which the session ends, ms.
SILENCE_MS = 30_000
#: Time that a session takes at most, in such pieces.
MAX_PIECES = 4


class Question:
    """A request: its op, its packets, and of HAS how many queues it names."""

    __slots__ = ("op", "packets", "prefixes")

    def __init__(self, op: int, packets: list[bytes], prefixes: int = 0) -> None:
        self.op = op
        self.packets = packets
        self.prefixes = prefixes


class Conversation:
    """The base of what is said to mailboxes. `_talk` and `_over` are what others override."""

    __slots__ = (
        "_answers",
        "_heard",
        "_is_over",
        "_pieces",
        "_session",
        "_talking",
        "_timer",
        "mailbox",
        "rt",
    )

    def __init__(self, mailbox: Mailbox, *, rt: Runtime) -> None:
        self.mailbox = mailbox
        self.rt = rt
        self._answers = Answers()
        self._session: Session | None = None
        self._talking: Talk | None = None
        self._timer: Timer | None = None
        #: something came since the last look, and how many looks there were
        self._heard, self._pieces = False, 0
        self._is_over = False

    def _talk(self) -> Talk:
        """What is said, after the greeting."""
        raise NotImplementedError

    def _over(self, reason: str) -> None:
        """The session is over, or there was none; `reason` is "" when all was said."""

    def _on_hello(self, answer: ops.HelloAnswer) -> None:
        """The mailbox lets us in."""

    # the job

    def on_up(self, session: Session) -> None:
        """The session is there."""
        self._session = session
        self._talking = self._whole()
        self._timer = self.rt.timers.call_later(SILENCE_MS, self._look)
        self._go_on(None)

    def on_packet(self, packet: bytes) -> None:
        """The mailbox says something."""
        if self._session is None:
            return
        self._heard = True
        try:
            answer = self._answers.read(packet)
        except PacketError as error:
            self.rt.counters.count("offline_mailbox_nonsense")
            self._end(str(error))
            return
        if answer is not None:
            self._go_on(answer)

    def on_down(self, reason: str) -> None:
        """The session ended, or could not begin."""
        self._session = None
        self._end(reason or "the session ended")

    def _whole(self) -> Talk:
        answer = yield Question(ops.HELLO, [ops.hello(self.mailbox.token)])
        if not isinstance(answer, ops.HelloAnswer):
            return
        if answer.code != ops.OK:
            self._end(f"the mailbox refuses with code {answer.code}")
            return
        self._on_hello(answer)
        yield from self._talk()

    def _go_on(self, answer: Answer | None) -> None:
        talking = self._talking
        if talking is None:
            return
        try:
            question = next(talking) if answer is None else talking.send(answer)
        except StopIteration:
            self._end("")
            return
        session = self._session
        if question is None or session is None:
            return
        self._answers.expect(question.op, question.prefixes)
        if not all(session.send(packet) for packet in question.packets):
            self._end("there is no room in the session")

    def _look(self) -> None:
        self._timer = None
        self._pieces += 1
        if not self._heard or self._pieces >= MAX_PIECES:
            self._end("the mailbox takes too long")
            return
        self._heard = False
        self._timer = self.rt.timers.call_later(SILENCE_MS, self._look)

    def stop(self) -> None:
        """Our instance ends: nobody hears of it."""
        self._is_over = True
        self._end("")

    def _end(self, reason: str) -> None:
        """End the session, once."""
        session, self._session = self._session, None
        if session is not None:
            session.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._talking = None
        if not self._is_over:
            self._is_over = True
            self._over(reason)
