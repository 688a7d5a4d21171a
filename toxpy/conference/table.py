"""The conferences of an instance, by number and by id."""

from __future__ import annotations

from toxpy.conference.conference import Conference
from toxpy.errors import api_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.messenger import Messenger
    from toxpy.runtime import Runtime

#: A number has 16 bits on the wire.
MAX_CONFERENCES = 1 << 16

# ours
#: Milliseconds after which a number is used again: a peer may still send for the conference that had it.
REUSE_DELAY_MS = 10_000


class ConferenceTable:
    """All that we are in or about to join."""

    __slots__ = ("_messenger", "_resting", "_rt", "by_id", "by_number")

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._rt: Runtime = messenger.rt
        self.by_number: dict[int, Conference] = {}
        #: by type and id
        self.by_id: dict[tuple[int, bytes], Conference] = {}
        #: until when numbers are not used again
        self._resting: dict[int, int] = {}

    def find(self, number: int, error_name: str) -> Conference:
        """The conference of that number; ToxError of that name when there is none."""
        conference = self.by_number.get(number)
        if conference is None:
            raise api_error(error_name)
        return conference

    def all(self) -> list[Conference]:
        """In the order of their numbers."""
        return [self.by_number[number] for number in sorted(self.by_number)]

    def free_number(self) -> int:
        """The lowest that nobody uses; -1 when there is none."""
        now_ms = self._rt.clock.now_ms
        self._resting = {number: until for number, until in self._resting.items() if until > now_ms}
        for number in range(min(len(self.by_number) + len(self._resting) + 1, MAX_CONFERENCES)):
            if number not in self.by_number and number not in self._resting:
                return number
        return -1

    def make(self, number: int, kind: int, conference_id: bytes) -> Conference:
        """A new one with a free number. It reports nothing until its `reports` are not `silent` any more."""
        conference = Conference(number, kind, conference_id, self._messenger)
        self.by_number[number] = self.by_id[kind, conference_id] = conference
        return conference

    def forget(self, conference: Conference) -> None:
        """We left it."""
        del self.by_number[conference.number], self.by_id[conference.type, conference.id]
        self._resting[conference.number] = self._rt.clock.now_ms + REUSE_DELAY_MS
