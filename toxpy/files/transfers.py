"""File transfers between friends: who offered what, how far it came, and what to ask for next.

    80 | number 1 | kind 4 | size 8 | file id 32 | name 0-255      offer; size 2**64-1: not known
    81 | who 1 | number 1 | control 1                              0 accept/resume, 1 pause, 2 cancel
    81 | 1 | number 1 | 3 | position 8                             seek, before accepting
    82 | number 1 | data 0-1371                                    the next bytes

`who` is 1 when the receiver of the file sends the control and 0 when its sender does. The
sender of a file picks its number; each direction has 256 of its own. Data comes in order and
says no position. A piece shorter than 1371 bytes, or the last byte of a known size, ends the
transfer; a size that is no multiple needs no further packet, anything else ends with an empty one.

The states of a transfer are in transfer.py. Requests for chunks are made one by one when they are about to be
delivered (`next_event`), so that none goes out for a file that was paused, cancelled or is
blocked by a full window. Spec: Messenger, file transfers; c-toxcore: Messenger.c.
"""

from __future__ import annotations

from struct import Struct

from toxpy.errors import api_error
from toxpy.files.transfer import (
    ACKNOWLEDGED,
    ALL_RECEIVED,
    ALL_SENT,
    ASKED,
    ENDED,
    FRIEND_CANCELS,
    FRIEND_LEAVES,
    FRIEND_PAUSES,
    FRIEND_RESUMES,
    MAX_TRANSFERS,
    OFFERED,
    PAUSED_BY_FRIEND,
    WE_CANCEL,
    WE_PAUSE,
    WE_RESUME,
    FileTransfer,
    FriendFiles,
)
from toxpy.friend.capability import Capability
from toxpy.friend.friend import FRIEND_ONLINE
from toxpy.generated import events as ev

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger

# protocol
PACKET_OFFER, PACKET_CONTROL, PACKET_DATA = 80, 81, 82
CONTROL_ACCEPT, CONTROL_PAUSE, CONTROL_CANCEL, CONTROL_SEEK = 0, 1, 2, 3
MAX_CHUNK_SIZE = 1371
MAX_NAME_LENGTH = 255
FILE_ID_SIZE = 32
UNKNOWN_SIZE = 2**64 - 1

# ours
#: Chunks asked for per pass, all friends together: the network must be read in between.
MAX_REQUESTS = 512

#: What a control means, of our user and of the friend.
_OUR_CONTROLS = {CONTROL_ACCEPT: WE_RESUME, CONTROL_PAUSE: WE_PAUSE, CONTROL_CANCEL: WE_CANCEL}
_FRIEND_CONTROLS = {
    CONTROL_ACCEPT: FRIEND_RESUMES,
    CONTROL_PAUSE: FRIEND_PAUSES,
    CONTROL_CANCEL: FRIEND_CANCELS,
}

_OFFER = Struct(">BBIQ32s")
_POSITION = Struct(">Q")
_HEADS = tuple(bytes((PACKET_DATA, number)) for number in range(MAX_TRANSFERS))


def _refusal(transfer: FileTransfer, event: str) -> str:
    """Why our user may not do that now. c-toxcore: Messenger.c file_control."""
    if event == WE_PAUSE:
        return "ALREADY_PAUSED"
    return "DENIED" if transfer.state in (OFFERED, PAUSED_BY_FRIEND) else "NOT_PAUSED"


class Files(Capability):
    """The transfers of all friends."""

    __slots__ = ("_acknowledged", "_active", "_budget", "_by_friend", "_ended", "_messenger", "_rt")

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._rt = messenger.rt
        #: transfers of those who are online, if there were any
        self._by_friend: dict[FriendState, FriendFiles] = {}
        #: friends with transfers that want chunks or wait for acknowledgement
        self._active: dict[FriendState, FriendFiles] = {}
        #: sent completely and acknowledged; our user has yet to be told
        self._acknowledged: list[FileTransfer] = []
        #: outgoing ones that are over, whose numbers are free once waiting events are delivered
        self._ended: list[FileTransfer] = []
        self._budget = MAX_REQUESTS
        claim = messenger.packets.claim
        claim(PACKET_OFFER, self._on_offer)
        claim(PACKET_CONTROL, self._on_control)
        claim(PACKET_DATA, self._on_data)

    # finding

    def of_friend(self, friend: FriendState) -> FriendFiles | None:
        """The transfers of a friend, if there were any since it came online."""
        return self._by_friend.get(friend)

    def _new_files(self, friend: FriendState) -> FriendFiles:
        files = self._by_friend.get(friend)
        if files is None:
            files = self._by_friend[friend] = FriendFiles(friend)
        return files

    def _friend(self, friend_number: int, error_name: str) -> FriendState:
        friend = self._messenger.friend(friend_number)
        if friend is None:
            raise api_error(error_name)
        return friend

    def _online(self, friend_number: int, prefix: str) -> FriendState:
        friend = self._friend(friend_number, prefix + "FRIEND_NOT_FOUND")
        if friend.status != FRIEND_ONLINE:
            raise api_error(prefix + "FRIEND_NOT_CONNECTED", retryable=True)
        return friend

    def _transfer(self, friend: FriendState, shown_number: int, error_name: str) -> FileTransfer:
        files = self.of_friend(friend)
        transfer = files.find(shown_number) if files is not None else None
        if transfer is None:
            raise api_error(error_name)
        return transfer

    # our user: both directions

    def file_id(self, friend_number: int, number: int) -> bytes:
        """The ID of a transfer."""
        friend = self._friend(friend_number, "TOX_ERR_FILE_GET_FRIEND_NOT_FOUND")
        return self._transfer(friend, number, "TOX_ERR_FILE_GET_NOT_FOUND").file_id

    def by_id(self, friend_number: int, file_id: bytes) -> int:
        """The number of a transfer, the lowest one; of two with the same number the one we send."""
        files = self.of_friend(self._friend(friend_number, "TOX_ERR_FILE_BY_ID_FRIEND_NOT_FOUND"))
        if files is not None:
            found = [
                (transfer.number, transfer.incoming, transfer.shown_number)
                for transfer in files.all()
                if transfer.file_id == file_id and transfer.state != ENDED
            ]
            if found:
                return min(found)[2]
        raise api_error("TOX_ERR_FILE_BY_ID_NOT_FOUND")

    def control(self, friend_number: int, number: int, control: int) -> None:
        """Accept, pause, resume or cancel."""
        friend = self._online(friend_number, "TOX_ERR_FILE_CONTROL_")
        transfer = self._transfer(friend, number, "TOX_ERR_FILE_CONTROL_NOT_FOUND")
        event = _OUR_CONTROLS.get(control)
        if event is None:
            # the enum has no word for it, and c-toxcore aborts the program
            raise api_error("TOX_ERR_FILE_CONTROL_DENIED")
        if not transfer.may(event):
            raise api_error("TOX_ERR_FILE_CONTROL_" + _refusal(transfer, event))
        packet = bytes((PACKET_CONTROL, transfer.incoming, transfer.number, control))
        if friend.connection.write(packet) < 0:
            raise api_error("TOX_ERR_FILE_CONTROL_SENDQ", retryable=True)
        transfer.rests = True
        transfer.move(event)
        if event == WE_CANCEL:
            transfer.cancelled = True
            self._end(transfer)
        else:
            self._update(transfer)

    def seek(self, friend_number: int, number: int, position: int) -> None:
        """Have a file that we have not accepted yet start later."""
        friend = self._online(friend_number, "TOX_ERR_FILE_SEEK_")
        if number < 1 << 16:
            raise api_error("TOX_ERR_FILE_SEEK_DENIED")
        transfer = self._transfer(friend, number, "TOX_ERR_FILE_SEEK_NOT_FOUND")
        if transfer.state != ASKED:
            raise api_error("TOX_ERR_FILE_SEEK_DENIED")
        if position >= transfer.size:
            raise api_error("TOX_ERR_FILE_SEEK_INVALID_POSITION")
        packet = bytes((PACKET_CONTROL, 1, transfer.number, CONTROL_SEEK)) + _POSITION.pack(position)
        if friend.connection.write(packet) < 0:
            raise api_error("TOX_ERR_FILE_SEEK_SENDQ", retryable=True)
        transfer.transferred = position

    # our user: sending

    def offer(self, friend_number: int, kind: int, size: int, file_id: bytes | None, name: bytes) -> int:
        """Offer a file: the number of the transfer."""
        friend = self._friend(friend_number, "TOX_ERR_FILE_SEND_FRIEND_NOT_FOUND")
        if len(name) > MAX_NAME_LENGTH:
            raise api_error("TOX_ERR_FILE_SEND_NAME_TOO_LONG")
        if friend.status != FRIEND_ONLINE:
            raise api_error("TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED", retryable=True)
        files = self._new_files(friend)
        number = files.free_number(self._rt.clock.now_ms)
        if file_id is None:
            file_id = self._rt.rng.bytes(FILE_ID_SIZE)
        if number < 0:
            raise api_error("TOX_ERR_FILE_SEND_TOO_MANY", retryable=True)
        packet = _OFFER.pack(PACKET_OFFER, number, kind, size, file_id) + name
        if friend.connection.write(packet) < 0:
            # c-toxcore's word for a full send queue
            raise api_error("TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED", retryable=True)
        files.sending[number] = FileTransfer(files, number, False, size, file_id)
        return number

    def send_chunk(self, friend_number: int, number: int, position: int, data: bytes) -> None:
        """Send the chunk that was asked for."""
        friend = self._messenger.friend(friend_number)
        if friend is None:
            raise api_error("TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_FOUND")
        if friend.status != FRIEND_ONLINE:
            raise api_error("TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_CONNECTED", retryable=True)
        if number >= MAX_TRANSFERS:
            raise api_error("TOX_ERR_FILE_SEND_CHUNK_NOT_FOUND")
        files = self._by_friend.get(friend)
        transfer = files.sending.get(number) if files is not None else None
        if files is None or transfer is None or not transfer.takes_data:
            raise api_error("TOX_ERR_FILE_SEND_CHUNK_NOT_TRANSFERRING")
        length, size, transferred = len(data), transfer.size, transfer.transferred
        end = transferred + length
        if length > MAX_CHUNK_SIZE or end > size:
            raise api_error("TOX_ERR_FILE_SEND_CHUNK_INVALID_LENGTH")
        if length != MAX_CHUNK_SIZE and end != size and size != UNKNOWN_SIZE:
            raise api_error("TOX_ERR_FILE_SEND_CHUNK_INVALID_LENGTH")
        if position != transferred or (transfer.requested <= position and size):
            raise api_error("TOX_ERR_FILE_SEND_CHUNK_WRONG_POSITION")
        if not self._send_data(files, transfer, data):
            raise api_error("TOX_ERR_FILE_SEND_CHUNK_SENDQ", retryable=True)

    def _send_data(self, files: FriendFiles, transfer: FileTransfer, data: bytes) -> bool:
        packet_number = transfer.friend.connection.write(_HEADS[transfer.number] + data)
        if packet_number < 0:
            return False
        transfer.transferred += len(data)
        if transfer.unanswered:
            transfer.unanswered -= 1
            files.unanswered -= 1
        if len(data) != MAX_CHUNK_SIZE or transfer.transferred == transfer.size:
            # what is still asked for of a stream is behind its end
            files.drop_requests(transfer)
            transfer.move(ALL_SENT)
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
                    # the friend has seen the end, and what we said before it
                    transfer.rests = False
                    transfer.move(ACKNOWLEDGED)
                    self._acknowledged.append(transfer)
                    self._update(transfer)

    def next_event(self) -> ev.FileChunkRequest | None:
        """A chunk to ask for, or the end of a file to report; to be called when no other event waits."""
        for transfer in self._ended:
            transfer.files.release(transfer, self._rt.clock.now_ms)
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
    def _slots(friend: FriendState, files: FriendFiles) -> int:
        """Chunks that the window has room for, besides those already asked for."""
        crypto = friend.connection.crypto
        return crypto.free_slots() - files.unanswered if crypto is not None else 0

    def has_event(self) -> bool:
        """True if `next_event` would have something."""
        if self._acknowledged or not self._active:
            return bool(self._acknowledged)
        return any(files.ready and self._slots(friend, files) > 0 for friend, files in self._active.items())

    # state

    def _update(self, transfer: FileTransfer) -> None:
        """After a change of state: put it where it belongs."""
        friend, files = transfer.friend, transfer.files
        if transfer.wants_chunks:
            files.ready[transfer] = None
        else:
            files.ready.pop(transfer, None)
        if files.ready or files.finished:
            self._active[friend] = files
        else:
            self._active.pop(friend, None)

    def _end(self, transfer: FileTransfer) -> None:
        """Cancelled by one of the sides."""
        files = transfer.files
        files.drop_requests(transfer)
        files.finished.pop(transfer, None)
        self._update(transfer)
        if transfer.cancelled or transfer.incoming:
            files.release(transfer, self._rt.clock.now_ms)
        else:
            self._ended.append(transfer)

    def on_friend_gone(self, friend: FriendState) -> None:
        """The friend went offline or was deleted: as in c-toxcore its transfers vanish without a word."""
        self._active.pop(friend, None)
        files = self._by_friend.pop(friend, None)
        if files is not None:
            for transfer in files.all():
                transfer.move(FRIEND_LEAVES)
            self._acknowledged = [
                transfer for transfer in self._acknowledged if transfer.friend is not friend
            ]
            self._ended = [transfer for transfer in self._ended if transfer.friend is not friend]

    # what friends send

    def _on_offer(self, friend: FriendState, data: bytes) -> None:
        name = data[_OFFER.size :]
        if len(data) < _OFFER.size or len(name) > MAX_NAME_LENGTH:
            self._rt.counters.drop("file_offer_size")
            return
        _, number, kind, size, file_id = _OFFER.unpack_from(data)
        files = self._new_files(friend)
        if number in files.receiving:
            self._rt.counters.drop("file_offer_taken")
            return
        transfer = files.receiving[number] = FileTransfer(files, number, True, size, file_id)
        shown = transfer.shown_number
        self._messenger.events.append(ev.FileRecv(friend.number, shown, kind, size, name, transfer))

    def _on_control(self, friend: FriendState, data: bytes) -> None:
        if len(data) < 4:
            self._rt.counters.drop("file_control_size")
            return
        _, who, number, control = data[:4]
        files = self._by_friend.get(friend)
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

    def _apply_control(self, transfer: FileTransfer, control: int, data: bytes) -> bool:
        """Do what the friend wants; False when it makes no sense."""
        if control == CONTROL_SEEK:
            return self._apply_seek(transfer, data)
        event = _FRIEND_CONTROLS.get(control)
        if event is None or not transfer.move(event):
            return False
        if event == FRIEND_CANCELS:
            self._end(transfer)
        else:
            self._update(transfer)
        return True

    @staticmethod
    def _apply_seek(transfer: FileTransfer, data: bytes) -> bool:
        """Begin a file of ours later, before it is accepted."""
        if transfer.state != OFFERED or len(data) != 4 + _POSITION.size:
            return False
        (position,) = _POSITION.unpack_from(data, 4)
        if position >= transfer.size:
            return False
        transfer.requested = transfer.transferred = position
        return True

    def _on_data(self, friend: FriendState, data: bytes) -> None:
        files = self._by_friend.get(friend)
        transfer = files.receiving.get(data[1]) if files is not None and len(data) > 1 else None
        if transfer is None or not transfer.takes_data:
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
            transfer.move(ALL_RECEIVED)
            transfer.files.release(transfer, self._rt.clock.now_ms)
