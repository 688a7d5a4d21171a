"""MSI, the signalling of a call with one friend. c-toxcore: msi.c; the specification has nothing of it.

    69 | { id u8 | 1 | value u8 }* | 0        a lossless packet of friends, in the order of the ids

    id 1  request       0 INIT, 1 PUSH, 2 POP
    id 2  error         1 to 7, with POP: why
    id 3  capabilities  4 sends sound, 8 sends pictures, 16 takes sound, 32 takes pictures

INIT rings, PUSH answers and tells other capabilities later on, POP refuses, cancels and hangs up.
`TRANSITIONS` is the machine: what is not in it changes no state.

    NONE        no call
    REQUESTING  we ring
    REQUESTED   the friend rings
    ACTIVE      answered
    AWAY        answered, and the friend went offline: it may come back
    AGAIN       it came back: we ring once more, and it answers by itself if it has not given up the call

There are no numbers of calls, and both sides may end one call and ring for another at the same time. So what
the friend sent before it had our INIT is no answer to it. The friend answers our INIT by PUSH if it rings as
well; to one who took that INIT back meanwhile the PUSH says that the friend's own ringing is over, too.

Where c-toxcore harms itself or its peer we do otherwise (docs/deviations.md): a POP is never answered, an
INIT while we ring is the answer, and one in a call is answered in any case. What we send never lacks
capabilities, which would end the call at a peer of c-toxcore without a word to its user.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.friend.packets import PACKET_MSI

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# the protocol's
REQUEST, ERROR, CAPABILITIES = 1, 2, 3
INIT, PUSH, POP = range(3)
ERROR_INVALID_MESSAGE, ERROR_STRAY, ERROR_HANDLE = 1, 4, 6
SENDS_AUDIO, SENDS_VIDEO, TAKES_AUDIO, TAKES_VIDEO = 4, 8, 16, 32
#: The bits that mean something. Programs read others as the end of the call.
ALL_CAPABILITIES = SENDS_AUDIO | SENDS_VIDEO | TAKES_AUDIO | TAKES_VIDEO
#: The highest value of each id.
_HIGHEST = {REQUEST: POP, ERROR: 7, CAPABILITIES: 255}

NONE, REQUESTING, REQUESTED, ACTIVE, AWAY, AGAIN = range(6)
STATE_NAMES = ("no call", "we ring", "the friend rings", "in a call", "the friend is away", "we ring again")
#: States of a call that was answered.
ANSWERED = (ACTIVE, AWAY, AGAIN)

#: What happens to a call.
CALL = "our user calls"
ANSWER = "our user answers"
HANG_UP = "our user refuses, cancels or hangs up"
THEY_CALL = "the friend calls"
THEY_PUSH = "the friend answers or changes something"
THEY_END = "the friend refuses, cancels or hangs up, or sends nonsense"
LEFT = "the friend goes offline"
BACK = "the friend is online again"
TOO_LATE = "the time for it is over"
ANEW = "the friend's client began anew"
FORGOTTEN = "the friend is deleted, or we refuse by ourselves"

TRANSITIONS = {
    (NONE, CALL): REQUESTING,
    (NONE, THEY_CALL): REQUESTED,
    (REQUESTING, THEY_PUSH): ACTIVE,
    # both want to talk
    (REQUESTING, THEY_CALL): ACTIVE,
    (REQUESTING, HANG_UP): NONE,
    (REQUESTING, THEY_END): NONE,
    (REQUESTING, LEFT): NONE,
    (REQUESTING, FORGOTTEN): NONE,
    (REQUESTED, THEY_CALL): REQUESTED,
    (REQUESTED, ANSWER): ACTIVE,
    (REQUESTED, THEY_PUSH): NONE,
    (REQUESTED, HANG_UP): NONE,
    (REQUESTED, THEY_END): NONE,
    (REQUESTED, LEFT): NONE,
    (REQUESTED, FORGOTTEN): NONE,
    (ACTIVE, THEY_CALL): ACTIVE,
    (ACTIVE, THEY_PUSH): ACTIVE,
    (ACTIVE, HANG_UP): NONE,
    (ACTIVE, THEY_END): NONE,
    (ACTIVE, LEFT): AWAY,
    (ACTIVE, FORGOTTEN): NONE,
    (AWAY, BACK): AGAIN,
    (AWAY, THEY_CALL): ACTIVE,
    (AWAY, HANG_UP): NONE,
    (AWAY, THEY_END): NONE,
    (AWAY, TOO_LATE): NONE,
    (AWAY, ANEW): NONE,
    (AWAY, FORGOTTEN): NONE,
    (AGAIN, THEY_PUSH): ACTIVE,
    (AGAIN, THEY_CALL): ACTIVE,
    (AGAIN, HANG_UP): NONE,
    (AGAIN, THEY_END): NONE,
    (AGAIN, LEFT): AWAY,
    (AGAIN, TOO_LATE): NONE,
    (AGAIN, FORGOTTEN): NONE,
}

#: What a packet means for our user.
NOTHING, INVITED, STARTED, CHANGED, FINISHED, FAILED = range(6)


def pack(request: int, *, error: int = 0, capabilities: int | None = None) -> bytes:
    """A packet with its kind byte; errors are 1 to 7."""
    fields = [PACKET_MSI, REQUEST, 1, request]
    if error:
        fields += (ERROR, 1, error)
    if capabilities is not None:
        fields += (CAPABILITIES, 1, capabilities)
    fields.append(0)
    return bytes(fields)


def parse(packet: bytes) -> tuple[int, int, int | None]:
    """Request, error (0 for none) and capabilities of a packet with its kind byte; PacketError.

    Of a field that is there twice the last one counts, and what follows a 0 is ignored. As in c-toxcore.
    """
    if len(packet) < 2 or packet[-1] != 0:
        raise PacketError("no end")
    values: dict[int, int] = {}
    at, end = 1, len(packet) - 1
    while packet[at]:
        field = packet[at]
        if at + 3 > end or packet[at + 1] != 1 or packet[at + 2] > _HIGHEST.get(field, -1):
            raise PacketError("no such field")
        values[field] = packet[at + 2]
        at += 3
    if REQUEST not in values:
        raise PacketError("no request")
    capabilities = values.get(CAPABILITIES)
    if capabilities is not None:
        capabilities &= ALL_CAPABILITIES
    return values[REQUEST], values.get(ERROR, 0), capabilities


class Signalling:
    """One call: its state, and what either side does in it.

    `send(packet)` gives the packet's number, or -1; `has(number)` says whether the friend has it.
    """

    __slots__ = ("_has", "_init", "_send", "ours", "state", "theirs")

    def __init__(self, send: Callable[[bytes], int], has: Callable[[int], bool]) -> None:
        self._send = send
        self._has = has
        #: number of our INIT
        self._init = -1
        self.state = NONE
        #: capabilities that were told last
        self.ours = self.theirs = 0

    def happened(self, event: str) -> bool:
        """Go to the next state; False when the event means nothing in this one."""
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            return False
        self.state = state
        return True

    # our user

    def call(self, capabilities: int) -> bool:
        """Ring: False when nothing can be sent."""
        self._init = self._send(pack(INIT, capabilities=capabilities))
        if self._init < 0:
            return False
        self.ours = capabilities
        return self.happened(CALL)

    def answer(self, capabilities: int) -> bool:
        """Take the call: False when nobody rings."""
        if not self.happened(ANSWER):
            return False
        self.tell(capabilities)
        return True

    def tell(self, capabilities: int) -> None:
        """In a call: what we send and take from now on."""
        self.ours = capabilities
        if self.state == ACTIVE:
            self._send(pack(PUSH, capabilities=capabilities))

    def hang_up(self) -> None:
        """Refuse, cancel or hang up."""
        if self.happened(HANG_UP):
            self._send(pack(POP))

    def refuse(self) -> None:
        """End the call because our program cannot take it."""
        if self.happened(FORGOTTEN):
            self._send(pack(POP, error=ERROR_HANDLE))

    def ring_again(self) -> None:
        """The friend is back: go on with the call, if it does."""
        if self.happened(BACK):
            self._init = self._send(pack(INIT, capabilities=self.ours))

    def give_up(self) -> None:
        """The friend did not come back, or does not answer."""
        rang = self.state == AGAIN
        if self.happened(TOO_LATE) and rang:
            self._send(pack(POP))

    # the friend

    def receive(self, packet: bytes) -> int:
        """A packet of the friend: what it means for our user."""
        try:
            request, error, capabilities = parse(packet)
        except PacketError:
            return self._nonsense()
        if request != INIT and self.state in (REQUESTING, AGAIN) and not self._has(self._init):
            # about another call
            return NOTHING
        if request == POP:
            # c-toxcore answers one that it does not expect, and is answered so, without end
            if not self.happened(THEY_END):
                return NOTHING
            return FAILED if error else FINISHED
        if request == PUSH and self.state == NONE:
            self._send(pack(POP, error=ERROR_STRAY))
            return NOTHING
        if capabilities is None:
            return self._nonsense()
        return self._on_init(capabilities) if request == INIT else self._on_push(capabilities)

    def _nonsense(self) -> int:
        """The answer ends the call at the friend, so it ends here as well."""
        self._send(pack(POP, error=ERROR_INVALID_MESSAGE))
        return FAILED if self.happened(THEY_END) else NOTHING

    def _on_init(self, capabilities: int) -> int:
        before = self.state
        self.happened(THEY_CALL)
        news = self._on_capabilities(capabilities)
        if before == NONE:
            return INVITED
        if self.state == ACTIVE:
            self._send(pack(PUSH, capabilities=self.ours))
            return STARTED if before == REQUESTING else news
        return NOTHING

    def _on_push(self, capabilities: int) -> int:
        before = self.state
        if not self.happened(THEY_PUSH):
            return NOTHING
        news = self._on_capabilities(capabilities)
        if before == REQUESTED:
            return FINISHED
        return STARTED if before == REQUESTING else news

    def _on_capabilities(self, capabilities: int) -> int:
        changed, self.theirs = capabilities != self.theirs, capabilities
        return CHANGED if changed else NOTHING
