"""File transfers between friends: who offered what, how far it came, and what to ask for next.

    80 | number 1 | kind 4 | size 8 | file id 32 | name 0-255      offer; size 2**64-1: not known
    81 | who 1 | number 1 | control 1                              0 accept/resume, 1 pause, 2 cancel
    81 | 1 | number 1 | 3 | position 8                             seek, before accepting
    82 | number 1 | data 0-1371                                    the next bytes

`who` is 1 when the receiver of the file sends the control and 0 when its sender does. The
sender of a file picks its number; each direction has 256 of its own. Data comes in order and
says no position. A piece shorter than 1371 bytes, or the last byte of a known size, ends the
transfer; a size that is no multiple needs no further packet, anything else ends with an empty one.

    NOT_ACCEPTED -> TRANSFERRING -> FINISHED (sender: all sent, not all acknowledged) -> ENDED

Each side may pause on its own, and data flows while neither does. A transfer lives as long as
the friend is online. Requests for chunks are made one by one when they are about to be
delivered (`next_event`), so that none goes out for a file that was paused, cancelled or is
blocked by a full window. Spec: Messenger, file transfers; c-toxcore: Messenger.c.
"""

from __future__ import annotations

from struct import Struct

from toxpy.errors import ToxError
from toxpy.friend.friend import FRIEND_ONLINE
from toxpy.generated import enums
from toxpy.generated import events as ev

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import Friend
    from toxpy.friend.messenger import Messenger

# protocol
PACKET_OFFER, PACKET_CONTROL, PACKET_DATA = 80, 81, 82
CONTROL_ACCEPT, CONTROL_PAUSE, CONTROL_CANCEL, CONTROL_SEEK = 0, 1, 2, 3
MAX_CHUNK_SIZE = 1371
MAX_TRANSFERS = 256
MAX_NAME_LENGTH = 255
FILE_ID_SIZE = 32
UNKNOWN_SIZE = 2**64 - 1

# ours
#: Chunks asked for per pass, all friends together: the network must be read in between.
MAX_REQUESTS = 512
#: A number stays unused for so long after its transfer ended, if another is free: a control packet for
#: the old transfer may still be on its way. Not longer: toxic shows this number to its user, but expects
#: the lowest free one back.
REUSE_DELAY_MS = 2_000

NOT_ACCEPTED, TRANSFERRING, FINISHED, ENDED = range(4)

_OFFER = Struct(">BBIQ32s")
_POSITION = Struct(">Q")
_HEADS = tuple(bytes((PACKET_DATA, number)) for number in range(MAX_TRANSFERS))


def _error(name: str, *, retryable: bool = False) -> ToxError:
    """The ToxError of that enumerator."""
    return ToxError(getattr(enums, name), name, retryable=retryable)


class Transfer:
    """One file, in one direction; the owner of its events."""

    __slots__ = (
        "cancelled",
        "file_id",
        "friend",
        "incoming",
        "last_packet",
        "number",
        "paused_by_friend",
        "paused_by_us",
        "requested",
        "rests",
        "shown_number",
        "size",
        "state",
        "transferred",
        "unanswered",
    )

    def __init__(self, friend: Friend, number: int, incoming: bool, size: int, file_id: bytes) -> None:
        self.friend = friend
        #: on the wire
        self.number = number
        #: in the API, where the two directions share one range
        self.shown_number = (number + 1) << 16 if incoming else number
        self.incoming = incoming
        self.size = size
        self.file_id = file_id
        self.state = NOT_ACCEPTED
        self.paused_by_us = self.paused_by_friend = False
        #: bytes sent or received; position of the next chunk to ask our user for
        self.transferred = self.requested = 0
        #: chunks asked for that our user has not sent yet
        self.unanswered = 0
        self.last_packet = 0
        self.cancelled = False
        #: when it is over, the friend may still send something about it; not after his cancel, unless he
        #: answers (as c-toxcore does) a control of ours that came too late
        self.rests = False

    @property
    def deleted(self) -> bool:
        """Did our user end it; then its waiting events are not delivered."""
        return self.cancelled or self.friend.deleted

    @property
    def wants_chunks(self) -> bool:
        """Sending, and neither side paused: an empty file still has its end to send."""
        if self.state != TRANSFERRING or self.incoming or self.paused_by_us or self.paused_by_friend:
            return False
        return self.requested < self.size or self.size == 0


class FriendFiles:
    """All transfers with one friend, by number: at most 256 each way."""

    __slots__ = ("finished", "freed_ms", "ready", "receiving", "sending", "unanswered")

    def __init__(self) -> None:
        self.sending: dict[int, Transfer] = {}
        self.receiving: dict[int, Transfer] = {}
        #: those that want chunks, next one first
        self.ready: dict[Transfer, None] = {}
        #: those whose last packet is not acknowledged yet
        self.finished: dict[Transfer, None] = {}
        #: when a number of ours became free
        self.freed_ms: dict[int, int] = {}
        self.unanswered = 0

    def free_number(self, now_ms: int) -> int:
        """The lowest number that has rested long enough, else the one that rested longest; -1 for none."""
        best, best_ms = -1, now_ms
        for number in range(MAX_TRANSFERS):
            if number in self.sending:
                continue
            freed_ms = self.freed_ms.get(number)
            if freed_ms is None or now_ms - freed_ms >= REUSE_DELAY_MS:
                return number
            if best < 0 or freed_ms < best_ms:
                best, best_ms = number, freed_ms
        return best


class Files:
    """The transfers of all friends."""

    __slots__ = ("_acknowledged", "_active", "_budget", "_ended", "_messenger", "_rt")

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._rt = messenger.rt
        #: friends with transfers that want chunks or wait for acknowledgement
        self._active: dict[Friend, FriendFiles] = {}
        #: sent completely and acknowledged; our user has yet to be told
        self._acknowledged: list[Transfer] = []
        #: outgoing ones that are over, whose numbers are free once waiting events are delivered
        self._ended: list[Transfer] = []
        self._budget = MAX_REQUESTS
        claim = messenger.packets.claim
        claim(PACKET_OFFER, self._on_offer)
        claim(PACKET_CONTROL, self._on_control)
        claim(PACKET_DATA, self._on_data)

    # finding

    def _of(self, friend: Friend) -> FriendFiles:
        if friend.files is None:
            friend.files = FriendFiles()
        return friend.files

    def _friend(self, friend_number: int, error_name: str) -> Friend:
        friend = self._messenger.friend(friend_number)
        if friend is None:
            raise _error(error_name)
        return friend

    def _online(self, friend_number: int, prefix: str) -> Friend:
        friend = self._friend(friend_number, prefix + "FRIEND_NOT_FOUND")
        if friend.status != FRIEND_ONLINE:
            raise _error(prefix + "FRIEND_NOT_CONNECTED", retryable=True)
        return friend

    def _transfer(self, friend: Friend, shown_number: int, error_name: str) -> Transfer:
        files = friend.files
        if files is not None:
            if shown_number >> 16:
                transfer = files.receiving.get((shown_number >> 16) - 1)
            else:
                transfer = files.sending.get(shown_number)
            if transfer is not None and transfer.state != ENDED:
                return transfer
        raise _error(error_name)

    # our user: both directions

    def file_id(self, friend_number: int, number: int) -> bytes:
        """The ID of a transfer."""
        friend = self._friend(friend_number, "TOX_ERR_FILE_GET_FRIEND_NOT_FOUND")
        return self._transfer(friend, number, "TOX_ERR_FILE_GET_NOT_FOUND").file_id

    def by_id(self, friend_number: int, file_id: bytes) -> int:
        """The number of a transfer, the lowest one; of two with the same number the one we send."""
        files = self._friend(friend_number, "TOX_ERR_FILE_BY_ID_FRIEND_NOT_FOUND").files
        if files is not None:
            found = [
                (transfer.number, transfer.incoming, transfer.shown_number)
                for transfer in (*files.sending.values(), *files.receiving.values())
                if transfer.file_id == file_id and transfer.state != ENDED
            ]
            if found:
                return min(found)[2]
        raise _error("TOX_ERR_FILE_BY_ID_NOT_FOUND")

    def control(self, friend_number: int, number: int, control: int) -> None:
        """Accept, pause, resume or cancel."""
        friend = self._online(friend_number, "TOX_ERR_FILE_CONTROL_")
        transfer = self._transfer(friend, number, "TOX_ERR_FILE_CONTROL_NOT_FOUND")
        if control == CONTROL_ACCEPT:
            self._check_resume(transfer)
        elif control == CONTROL_PAUSE:
            if transfer.paused_by_us or transfer.state != TRANSFERRING:
                raise _error("TOX_ERR_FILE_CONTROL_ALREADY_PAUSED")
        elif control != CONTROL_CANCEL:
            # the enum has no word for it, and c-toxcore aborts the program
            raise _error("TOX_ERR_FILE_CONTROL_DENIED")
        packet = bytes((PACKET_CONTROL, transfer.incoming, transfer.number, control))
        if friend.connection.write(packet) < 0:
            raise _error("TOX_ERR_FILE_CONTROL_SENDQ", retryable=True)
        transfer.rests = True
        if control == CONTROL_CANCEL:
            transfer.cancelled = True
            self._end(transfer)
            return
        if control == CONTROL_ACCEPT:
            transfer.state = TRANSFERRING
        transfer.paused_by_us = control == CONTROL_PAUSE
        self._update(transfer)

    @staticmethod
    def _check_resume(transfer: Transfer) -> None:
        """c-toxcore: Messenger.c file_control."""
        if transfer.state == NOT_ACCEPTED:
            if not transfer.incoming:
                raise _error("TOX_ERR_FILE_CONTROL_DENIED")
        elif transfer.state != TRANSFERRING:
            raise _error("TOX_ERR_FILE_CONTROL_NOT_PAUSED")
        elif not transfer.paused_by_us:
            denied = transfer.paused_by_friend
            raise _error("TOX_ERR_FILE_CONTROL_" + ("DENIED" if denied else "NOT_PAUSED"))

    def seek(self, friend_number: int, number: int, position: int) -> None:
        """Have a file that we have not accepted yet start later."""
        friend = self._online(friend_number, "TOX_ERR_FILE_SEEK_")
        if number < 1 << 16:
            raise _error("TOX_ERR_FILE_SEEK_DENIED")
        transfer = self._transfer(friend, number, "TOX_ERR_FILE_SEEK_NOT_FOUND")
        if transfer.state != NOT_ACCEPTED:
            raise _error("TOX_ERR_FILE_SEEK_DENIED")
        if position >= transfer.size:
            raise _error("TOX_ERR_FILE_SEEK_INVALID_POSITION")
        packet = bytes((PACKET_CONTROL, 1, transfer.number, CONTROL_SEEK)) + _POSITION.pack(position)
        if friend.connection.write(packet) < 0:
            raise _error("TOX_ERR_FILE_SEEK_SENDQ", retryable=True)
        transfer.transferred = position

    # our user: sending

    def offer(self, friend_number: int, kind: int, size: int, file_id: bytes | None, name: bytes) -> int:
        """Offer a file: the number of the transfer."""
        friend = self._friend(friend_number, "TOX_ERR_FILE_SEND_FRIEND_NOT_FOUND")
        if len(name) > MAX_NAME_LENGTH:
            raise _error("TOX_ERR_FILE_SEND_NAME_TOO_LONG")
        if friend.status != FRIEND_ONLINE:
            raise _error("TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED", retryable=True)
        files = self._of(friend)
        number = files.free_number(self._rt.clock.now_ms)
        if file_id is None:
            file_id = self._rt.rng.bytes(FILE_ID_SIZE)
        if number < 0:
            raise _error("TOX_ERR_FILE_SEND_TOO_MANY", retryable=True)
        if friend.connection.write(_OFFER.pack(PACKET_OFFER, number, kind, size, file_id) + name) < 0:
            raise _error("TOX_ERR_FILE_SEND_TOO_MANY", retryable=True)
        files.sending[number] = Transfer(friend, number, False, size, file_id)
        return number

    def send_chunk(self, friend_number: int, number: int, position: int, data: bytes) -> None:
        """Send the chunk that was asked for."""
        friend = self._messenger.friend(friend_number)
        if friend is None:
            raise _error("TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_FOUND")
        if friend.status != FRIEND_ONLINE:
            raise _error("TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_CONNECTED", retryable=True)
        if number >= MAX_TRANSFERS:
            raise _error("TOX_ERR_FILE_SEND_CHUNK_NOT_FOUND")
        files = friend.files
        transfer = files.sending.get(number) if files is not None else None
        if files is None or transfer is None or transfer.state != TRANSFERRING:
            raise _error("TOX_ERR_FILE_SEND_CHUNK_NOT_TRANSFERRING")
        length, size, transferred = len(data), transfer.size, transfer.transferred
        end = transferred + length
        if length > MAX_CHUNK_SIZE or end > size:
            raise _error("TOX_ERR_FILE_SEND_CHUNK_INVALID_LENGTH")
        if length != MAX_CHUNK_SIZE and end != size and size != UNKNOWN_SIZE:
            raise _error("TOX_ERR_FILE_SEND_CHUNK_INVALID_LENGTH")
        if position != transferred or (transfer.requested <= position and size):
            raise _error("TOX_ERR_FILE_SEND_CHUNK_WRONG_POSITION")
        if not self._send_data(files, transfer, data):
            raise _error("TOX_ERR_FILE_SEND_CHUNK_SENDQ", retryable=True)

    def _send_data(self, files: FriendFiles, transfer: Transfer, data: bytes) -> bool:
        packet_number = transfer.friend.connection.write(_HEADS[transfer.number] + data)
        if packet_number < 0:
            return False
        transfer.transferred += len(data)
        if transfer.unanswered:
            transfer.unanswered -= 1
            files.unanswered -= 1
        if len(data) != MAX_CHUNK_SIZE or transfer.transferred == transfer.size:
            # what is still asked for of a stream is behind its end
            files.unanswered -= transfer.unanswered
            transfer.unanswered = 0
            transfer.state = FINISHED
            transfer.last_packet = packet_number
            files.finished[transfer] = None
            self._update(transfer)
        return True

    # what happens next: called by the core

    def begin_pass(self) -> None:
        """For the end of each iterate: only a packet of the friend changes what is acknowledged."""
        self._budget = MAX_REQUESTS
        if not self._active:
            return
        for friend, files in list(self._active.items()):
            crypto = friend.connection.crypto
            if crypto is None:
                continue
            for transfer in list(files.finished):
                if crypto.acknowledged(transfer.last_packet):
                    del files.finished[transfer]
                    transfer.state, transfer.rests = ENDED, True
                    self._acknowledged.append(transfer)
                    self._update(transfer)

    def next_event(self) -> ev.FileChunkRequest | None:
        """A chunk to ask for, or the end of a file to report; to be called when no other event waits."""
        for transfer in self._ended:
            self._free(transfer)
        self._ended.clear()
        while self._acknowledged:
            transfer = self._acknowledged.pop(0)
            self._ended.append(transfer)
            if not transfer.deleted:
                number, position = transfer.shown_number, transfer.transferred
                return ev.FileChunkRequest(transfer.friend.number, number, position, 0, transfer)
        return self._next_request() if self._active and self._budget else None

    def _next_request(self) -> ev.FileChunkRequest | None:
        active = self._active
        for friend in active if len(active) == 1 else list(active):
            files = active[friend]
            while files.ready and self._slots(friend, files) > 0:
                transfer = next(iter(files.ready))
                if transfer.size == 0:
                    # an empty file is one empty packet, which our user is not asked for
                    if not self._send_data(files, transfer, b""):
                        break
                    continue
                self._budget -= 1
                position = transfer.requested
                length = min(transfer.size - position, MAX_CHUNK_SIZE)
                transfer.requested = position + length
                transfer.unanswered += 1
                files.unanswered += 1
                if len(files.ready) > 1 or transfer.requested == transfer.size:
                    # to the end of the row, if it wants more
                    del files.ready[transfer]
                    self._update(transfer)
                if len(active) > 1 and active.pop(friend, None) is not None:
                    active[friend] = files
                return ev.FileChunkRequest(friend.number, transfer.number, position, length, transfer)
        return None

    @staticmethod
    def _slots(friend: Friend, files: FriendFiles) -> int:
        """Chunks that the window has room for, besides those already asked for."""
        crypto = friend.connection.crypto
        return crypto.free_slots() - files.unanswered if crypto is not None else 0

    def has_event(self) -> bool:
        """Would `next_event` have something."""
        if self._acknowledged or not self._active:
            return bool(self._acknowledged)
        return any(files.ready and self._slots(friend, files) > 0 for friend, files in self._active.items())

    # state

    def _update(self, transfer: Transfer) -> None:
        """After a change of state: put it where it belongs."""
        friend, files = transfer.friend, transfer.friend.files
        if files is None:
            return
        if transfer.wants_chunks:
            files.ready[transfer] = None
        else:
            files.ready.pop(transfer, None)
        if files.ready or files.finished:
            self._active[friend] = files
        else:
            self._active.pop(friend, None)

    def _end(self, transfer: Transfer) -> None:
        """Cancelled by one of the sides."""
        files = transfer.friend.files
        transfer.state = ENDED
        if files is None:
            return
        files.unanswered -= transfer.unanswered
        transfer.unanswered = 0
        files.finished.pop(transfer, None)
        self._update(transfer)
        if transfer.cancelled or transfer.incoming:
            self._free(transfer)
        else:
            self._ended.append(transfer)

    def _free(self, transfer: Transfer) -> None:
        """Forget it; its number may be used again."""
        files = transfer.friend.files
        if files is None:
            return
        table = files.receiving if transfer.incoming else files.sending
        if table.get(transfer.number) is transfer:
            del table[transfer.number]
            if not transfer.incoming and transfer.rests:
                files.freed_ms[transfer.number] = self._rt.clock.now_ms

    def forget(self, friend: Friend) -> None:
        """The friend went offline or was deleted: as in c-toxcore its transfers vanish without a word."""
        files, friend.files = friend.files, None
        self._active.pop(friend, None)
        if files is not None:
            for transfer in (*files.sending.values(), *files.receiving.values()):
                transfer.state = ENDED
            self._acknowledged = [
                transfer for transfer in self._acknowledged if transfer.friend is not friend
            ]
            self._ended = [transfer for transfer in self._ended if transfer.friend is not friend]

    # what friends send

    def _on_offer(self, friend: Friend, data: bytes) -> None:
        name = data[_OFFER.size :]
        if len(data) < _OFFER.size or len(name) > MAX_NAME_LENGTH:
            self._rt.counters.drop("file_offer_size")
            return
        _, number, kind, size, file_id = _OFFER.unpack_from(data)
        receiving = self._of(friend).receiving
        if number in receiving:
            self._rt.counters.drop("file_offer_taken")
            return
        transfer = receiving[number] = Transfer(friend, number, True, size, file_id)
        shown = transfer.shown_number
        self._messenger.events.append(ev.FileRecv(friend.number, shown, kind, size, name, transfer))

    def _on_control(self, friend: Friend, data: bytes) -> None:
        if len(data) < 4:
            self._rt.counters.drop("file_control_size")
            return
        _, who, number, control = data[:4]
        files = friend.files
        transfer = None
        if files is not None:
            transfer = files.sending.get(number) if who == 1 else files.receiving.get(number)
        if transfer is None or transfer.state == ENDED:
            self._rt.counters.drop("file_control_unknown")
            if control != CONTROL_CANCEL:
                # so that the friend forgets it as well; answering a cancel would never end
                friend.connection.write(bytes((PACKET_CONTROL, who != 1, number, CONTROL_CANCEL)))
            return
        if not self._apply_control(transfer, control, data):
            self._rt.counters.drop("file_control")
        elif control != CONTROL_SEEK:
            shown = transfer.shown_number
            self._messenger.events.append(ev.FileRecvControl(friend.number, shown, control, transfer))

    def _apply_control(self, transfer: Transfer, control: int, data: bytes) -> bool:
        """Do what the friend wants; False when it makes no sense."""
        if control == CONTROL_ACCEPT:
            if transfer.state == NOT_ACCEPTED and not transfer.incoming:
                transfer.state = TRANSFERRING
            elif transfer.paused_by_friend:
                transfer.paused_by_friend = False
            else:
                return False
        elif control == CONTROL_PAUSE:
            if transfer.paused_by_friend or transfer.state != TRANSFERRING:
                return False
            transfer.paused_by_friend = True
        elif control == CONTROL_CANCEL:
            self._end(transfer)
            return True
        elif control == CONTROL_SEEK:
            if transfer.incoming or transfer.state != NOT_ACCEPTED or len(data) != 4 + _POSITION.size:
                return False
            (position,) = _POSITION.unpack_from(data, 4)
            if position >= transfer.size:
                return False
            transfer.requested = transfer.transferred = position
            return True
        else:
            return False
        self._update(transfer)
        return True

    def _on_data(self, friend: Friend, data: bytes) -> None:
        files = friend.files
        transfer = files.receiving.get(data[1]) if files is not None and len(data) > 1 else None
        if transfer is None or transfer.state != TRANSFERRING:
            self._rt.counters.drop("file_data_unknown")
            return
        position, size, number = transfer.transferred, transfer.size, transfer.shown_number
        chunk = data[2:]
        end = position + len(chunk)
        if end > size:
            chunk, end = chunk[: size - position], size
        events = self._messenger.events
        events.append(ev.FileRecvChunk(friend.number, number, position, chunk, transfer))
        transfer.transferred = end
        if end == size or len(chunk) != MAX_CHUNK_SIZE:
            if chunk:
                events.append(ev.FileRecvChunk(friend.number, number, end, b"", transfer))
            transfer.state = ENDED
            self._free(transfer)
