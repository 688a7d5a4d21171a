"""Pieces of pictures to pictures, in order.

A picture that is not whole is given up when newer pieces are there and those that are missing had the time
that others lately took; it comes out as well, for its beginning may be worth showing. So do pictures of which
nothing came, for whoever counts. c-toxcore puts zeros into the holes and counts bytes, so a piece that comes
twice hides a hole: toxav/rtp.c.

Memory: at most MAX_PICTURES with MAX_SIZE bytes, in pieces of at least 1 KB on average: 20 MB, of which a
peer has to send every byte.
"""

from __future__ import annotations

from itertools import islice

from toxpy.av.rtp import KEY_FRAME, MAX_PIECE_SIZE, Piece

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Counters

#: Pictures in the making, those included of which nothing came, and their bytes. c-toxcore has 3 pictures.
MAX_PICTURES, MAX_SIZE = 16, 16 * 1024 * 1024
#: Bytes of a picture for each of its pieces: smaller ones would cost more memory than they bring.
MIN_PIECE_SIZE = 1024
#: Time for which missing pieces are waited for, ms: at least; and at most, when none can be asked for.
MIN_WAIT_MS, MAX_WAIT_MS = 5, 60
#: What is added to how late pieces were, ms.
WAIT_MARGIN_MS = 5
#: Time after which a picture's missing end is missed though nothing newer came, ms: longer than between
#: pictures.
END_MS = 50
#: Sequence numbers behind the last picture that are late pieces; others are those of a new stream.
MAX_BEHIND = 256
#: After so many ms without a piece any sequence number begins a new stream.
RESTART_MS = 1000
#: Given up pictures that are remembered, to learn how late their pieces come.
MAX_GIVEN_UP = 64


class Picture:
    """One picture as far as it came; `size` is 0 while nothing did."""

    __slots__ = ("_pieces", "first_ms", "got", "is_key", "last_ms", "sequence", "size", "stamp_ms")

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self.stamp_ms = self.size = 0
        #: as its sender says
        self.is_key = False
        self._pieces: dict[int, bytes] = {}
        #: bytes that came
        self.got = 0
        #: when the first and the last of them came
        self.first_ms = self.last_ms = 0

    def add(self, piece: Piece, now_ms: int) -> bool:
        """False for a piece of another picture, one that is here, or one too many."""
        if not self.size:
            self.size, self.stamp_ms = piece.size, piece.stamp_ms
            self.first_ms = now_ms
            self.is_key = bool(piece.flags & KEY_FRAME)
        pieces = self._pieces
        if (piece.size, piece.stamp_ms) != (self.size, self.stamp_ms) or piece.offset in pieces:
            return False
        if len(pieces) > self.size // MIN_PIECE_SIZE:
            return False
        pieces[piece.offset] = piece.data
        self.got += len(piece.data)
        self.last_ms = now_ms
        return True

    @property
    def is_whole(self) -> bool:
        """True if nothing is missing."""
        return 0 < self.size <= self.got and self._end_of(0) == self.size

    def beginning(self) -> bytes:
        """The picture up to the first hole."""
        pieces, at, parts = self._pieces, 0, []
        while (part := pieces.get(at)) is not None:
            parts.append(part)
            at += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def with_zeros(self) -> bytes:
        """The whole picture, with zeros in the holes."""
        frame = bytearray(self.size)
        for offset, part in self._pieces.items():
            frame[offset : offset + len(part)] = part
        return bytes(frame)

    def missing(self, most: int, *, is_over: bool) -> list[int]:
        """Offsets of the first missing pieces of the usual size; before the last one if more may follow."""
        pieces = self._pieces
        end = self.size if is_over else max(pieces)
        absent = (offset for offset in range(0, end, MAX_PIECE_SIZE) if offset not in pieces)
        return [*islice(absent, most)]

    def _end_of(self, at: int) -> int:
        """Where what begins there ends."""
        pieces = self._pieces
        while (part := pieces.get(at)) is not None:
            at += len(part)
        return at


class Assembler:
    """The pictures of one sender."""

    __slots__ = (
        "_counters",
        "_given_up",
        "_heard_ms",
        "_last",
        "_newest_ms",
        "hold_ms",
        "pictures",
        "wait_ms",
    )

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        #: those in the making, a row without gaps behind the last one that came out; of the newest a piece is
        #: here
        self.pictures: list[Picture] = []
        #: sequence number of the last one that came out; -1 before the first piece
        self._last = -1
        #: the newest time stamp, and when a piece came last
        self._newest_ms = self._heard_ms = 0
        #: when they were missed, by sequence number
        self._given_up: dict[int, int] = {}
        #: how long missing pieces are waited for: so late were others; and at least, as they are asked for
        self.wait_ms, self.hold_ms = MIN_WAIT_MS, 0

    def take(self, piece: Piece, now_ms: int) -> list[Picture]:
        """A piece that came at that time. What comes out now, in order: whole or not."""
        ahead = self._ahead(piece, now_ms)
        if ahead < 0:
            return []
        found, pictures = [], self.pictures
        while ahead >= MAX_PICTURES or sum([picture.got for picture in pictures]) > MAX_SIZE:
            found.append(self._hand_out(now_ms))
            ahead -= 1
        if ahead < 0:
            # its own picture was the one too many
            return found
        while len(pictures) <= ahead:
            pictures.append(Picture((self._last + 1 + len(pictures)) & 0xFFFF))
        if pictures[ahead].add(piece, now_ms):
            self._heard_ms = now_ms
            if (piece.stamp_ms - self._newest_ms) & 0xFFFFFFFF < 0x80000000:
                self._newest_ms = piece.stamp_ms
        else:
            self._counters.drop("picture_piece")
        return found + self.ready(now_ms)

    def ready(self, now_ms: int) -> list[Picture]:
        """Those that are whole, and those that are given up."""
        found, pictures = [], self.pictures
        while pictures and (pictures[0].is_whole or now_ms >= self._give_up_ms()):
            found.append(self._hand_out(now_ms))
        return found

    def next_ms(self) -> int | None:
        """When `ready` has something though nothing comes, None for never."""
        return self._give_up_ms() if self.pictures else None

    def _give_up_ms(self) -> int:
        return self._missed_ms() + max(self.wait_ms, self.hold_ms)

    def _ahead(self, piece: Piece, now_ms: int) -> int:
        """How many pictures are before that one, -1 if it came out already."""
        ahead = (piece.sequence - self._last - 1) & 0xFFFF
        if self._last >= 0:
            if ahead < MAX_BEHIND:
                return ahead
            # an old number in a newer packet: its sender began anew
            newer = 0 < (piece.stamp_ms - self._newest_ms) & 0xFFFFFFFF < 0x80000000
            if ahead >= 0x10000 - MAX_BEHIND and not newer and now_ms < self._heard_ms + RESTART_MS:
                self._note_late(piece.sequence, now_ms)
                return -1
        self.pictures.clear()
        self._given_up.clear()
        self._last = (piece.sequence - 1) & 0xFFFF
        self._newest_ms = piece.stamp_ms
        return 0

    def _hand_out(self, now_ms: int) -> Picture:
        """The next one, also if nothing of it came."""
        pictures = self.pictures
        missed_ms = self._missed_ms() if pictures else now_ms
        picture = pictures.pop(0) if pictures else Picture((self._last + 1) & 0xFFFF)
        self._last = picture.sequence
        if not picture.is_whole:
            if len(self._given_up) >= MAX_GIVEN_UP:
                del self._given_up[next(iter(self._given_up))]
            self._given_up[picture.sequence] = missed_ms
        return picture

    def _missed_ms(self) -> int:
        """Since when the first one should be whole: a newer one began, or nothing came for some time."""
        first, *others = self.pictures
        times = [picture.first_ms for picture in others if picture.size]
        if first.size:
            times.append(first.last_ms + END_MS)
        return min(times)

    def _note_late(self, sequence: int, now_ms: int) -> None:
        """A piece of a picture that came out."""
        self._counters.drop("picture_late")
        missed_ms = self._given_up.get(sequence)
        if missed_ms is not None:
            wait_ms = min(now_ms - missed_ms + WAIT_MARGIN_MS, MAX_WAIT_MS)
            self.wait_ms = max(self.wait_ms, wait_ms)
