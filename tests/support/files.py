"""Sending and receiving content in scenarios: what a client does with the file events."""

from __future__ import annotations

from toxpy.errors import ToxError
from toxpy.generated import enums, events

RESUME, PAUSE, CANCEL = (
    enums.TOX_FILE_CONTROL_RESUME,
    enums.TOX_FILE_CONTROL_PAUSE,
    enums.TOX_FILE_CONTROL_CANCEL,
)
DATA, AVATAR = enums.TOX_FILE_KIND_DATA, enums.TOX_FILE_KIND_AVATAR
UNKNOWN_SIZE = 2**64 - 1
CHUNK = 1371


def content(size, seed=0):
    """Bytes in which every position is recognisable."""
    return b"".join(
        (seed * 1_000_003 + i).to_bytes(8, "big") for i in range(size // 8 + 1)
    )[:size]  # fmt: skip


def fails(name, call, *args):
    """The call raises the ToxError of that C enumerator."""
    try:
        call(*args)
    except ToxError as error:
        assert error.code == getattr(enums, name), f"{error} instead of {name}"
    else:
        raise AssertionError(f"{call.__name__}{args} did not fail with {name}")


#: What we hear of a transfer that has ended.
OVER = (
    enums.TOX_ERR_FILE_SEND_CHUNK_NOT_TRANSFERRING,
    enums.TOX_ERR_FILE_SEND_CHUNK_NOT_FOUND,
    enums.TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_CONNECTED,
)


class Sent:
    """A file an actor offers; `size` may be UNKNOWN_SIZE, `start` is where in the file the content begins."""

    def __init__(self, actor, data, *, kind=DATA, size=None, file_id=None, name=b"a file", start=0):
        self.actor, self.data, self.start = actor, data, start
        size = len(data) if size is None else size
        self.number = actor.file_send(0, kind, size, file_id, name)
        self.file_id = actor.file_get_file_id(0, self.number)
        self.requests, self.controls, self.sent, self.done = [], [], 0, False

    def control(self, control):
        self.actor.file_control(0, self.number, control)

    def take(self, event):
        """An event with our number."""
        if isinstance(event, events.FileRecvControl):
            self.controls.append(event.control)
        elif isinstance(event, events.FileChunkRequest):
            if event.length == 0:
                assert not self.done
                self.done = True
            else:
                self.requests.append(event)
        else:
            return False
        return True

    def answer(self):
        """Send what was asked for, as far as the library takes it."""
        while self.requests:
            request = self.requests[0]
            begin = request.position - self.start
            chunk = self.data[begin : begin + request.length]
            try:
                self.actor.file_send_chunk(0, self.number, request.position, chunk)
            except ToxError as error:
                if error.code == enums.TOX_ERR_FILE_SEND_CHUNK_SENDQ:
                    return
                # of a stream more is asked for than there is; a cancel or the friend's end may overtake us
                assert error.code in OVER, error
                self.requests.clear()
                return
            del self.requests[0]
            self.sent += len(chunk)


class Received:
    """A file an actor is offered."""

    def __init__(self, actor, offer, start=0):
        self.actor, self.offer, self.number = actor, offer, offer.file_number
        self.start, self.data, self.controls, self.done = start, bytearray(), [], False

    def control(self, control):
        self.actor.file_control(0, self.number, control)

    def seek(self, position):
        self.actor.file_seek(0, self.number, position)
        self.start = position

    def take(self, event):
        if isinstance(event, events.FileRecvControl):
            self.controls.append(event.control)
        elif isinstance(event, events.FileRecvChunk):
            assert not self.done
            assert event.position == self.start + len(self.data)
            self.data += event.data
            self.done = not event.data
        else:
            return False
        return True

    def answer(self):
        pass


def received(actor, **fields):
    """Wait for an offer."""
    return Received(actor, actor.wait(events.FileRecv, **fields))


def pump(transfers):
    """Give every file its events, and the libraries what they asked for."""
    by_place = {(transfer.actor, transfer.number): transfer for transfer in transfers}
    for actor in {transfer.actor for transfer in transfers}:
        left = []
        for event in actor.seen:
            transfer = by_place.get((actor, getattr(event, "file_number", None)))
            if transfer is None or not transfer.take(event):
                left.append(event)
        actor.seen = left
    for transfer in transfers:
        transfer.answer()


def run(world, transfers, condition, what, timeout_s=90):
    """Let files move until the condition holds."""

    def pumped():
        pump(transfers)
        return condition()

    world.until(pumped, what, timeout_s)


def pass_time(world, transfers, seconds):
    """Let files move for a while."""

    def pumped():
        for actor in world.actors:
            actor.collect()
        pump(transfers)
        return False

    world.run_until(pumped, seconds)


def finish(world, *transfers):
    """Let files move until all are done."""
    run(world, transfers, lambda: all(t.done for t in transfers), "the files to be done")


def accepted(world, sender, receiver, data, **fields):
    """A file on its way: both ends, after the receiver accepted."""
    sent = Sent(sender, data, **fields)
    got = received(receiver)
    got.control(RESUME)
    return sent, got
