"""The peers of one conference: who is there, who was, and what was heard of each.

Our user knows peers by their place in the list, which changes when somebody leaves: the last one moves into
the gap. Events that wait name such places. So who leaves stays in the list until no event waits (`unlist`);
for everything else it has left at once.

Nothing that a peer says is proved but its own key, and only over a connection to itself: members can tell
us any keys and speak for each other. c-toxcore: group.c.
"""

from __future__ import annotations

from toxpy.conference.peer import ACTIVE, FROZEN, GONE, ConferencePeer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.conference.reports import ConferenceReports
    from toxpy.runtime import Runtime

#: Frozen peers that are kept unless our user says otherwise.
DEFAULT_MAX_FROZEN = 128

# ours
#: Peers that are there: some 2 MB. There are numbers for 65536.
MAX_PEERS = 4_096
#: Milliseconds for which a list does not bring back who left for good, and how many such are known.
DEPARTED_MS, MAX_DEPARTED = 120_000, 256
#: Numbers of unknown authors that are not given to others.
MAX_STRANGE = 64

#: Questions for a peer's name: one may have none.
MAX_QUESTIONS = 6


class ConferencePeers:
    """Everybody in a conference, ourselves included; `is_friend(real_pk)` says whom to forget last."""

    __slots__ = (
        "_departed",
        "_is_friend",
        "_reports",
        "_rt",
        "active",
        "by_key",
        "by_number",
        "frozen",
        "leaving",
        "listed",
        "max_frozen",
        "strange",
    )

    def __init__(
        self, reports: ConferenceReports, is_friend: Callable[[bytes], bool], *, rt: Runtime
    ) -> None:
        self._reports = reports
        self._is_friend = is_friend
        self._rt = rt
        #: active and frozen ones
        self.by_number: dict[int, ConferencePeer] = {}
        self.by_key: dict[bytes, ConferencePeer] = {}
        #: how many are active
        self.active = 0
        #: in the order that our user knows, those of `leaving` included
        self.listed: list[ConferencePeer] = []
        self.leaving: dict[ConferencePeer, None] = {}
        self.frozen: list[ConferencePeer] = []
        self.max_frozen = DEFAULT_MAX_FROZEN
        #: until when those who left for good are not believed to be there
        self._departed: dict[bytes, int] = {}
        #: numbers of authors that nobody has introduced yet
        self.strange: dict[int, None] = {}

    # coming

    def add(self, number: int, real_pk: bytes, dht_pk: bytes) -> ConferencePeer | None:
        """A peer of a free number and a key that is not there; None when there are too many."""
        if self.active >= MAX_PEERS:
            self._rt.counters.drop("conference_peers_full")
            return None
        peer = ConferencePeer(number, real_pk, dht_pk, self._rt.clock.now_ms)
        self.by_number[number] = self.by_key[real_pk] = peer
        self.strange.pop(number, None)
        self._list(peer)
        return peer

    def _list(self, peer: ConferencePeer) -> None:
        peer.index = len(self.listed)
        self.listed.append(peer)
        self.active += 1
        self._reports.list_changed()

    def renew(self, number: int, real_pk: bytes, dht_pk: bytes) -> ConferencePeer | None:
        """Somebody is there now, and this is the truth about them; None when another has the number."""
        peer = self.by_number.get(number)
        if peer is None:
            old = self.by_key.get(real_pk)
            if old is not None:
                self.drop(old)
            peer = self.add(number, real_pk, dht_pk)
            if peer is None:
                return None
        elif peer.real_pk != real_pk:
            return None
        else:
            self.hear(peer)
        peer.dht_pk = dht_pk
        peer.is_dht_pk_fresh = True
        self._departed.pop(real_pk, None)
        return peer

    def take_listed(self, number: int, real_pk: bytes, dht_pk: bytes, name: bytes) -> ConferencePeer | None:
        """Somebody is in another's list: the peer, None if the entry says nothing or contradicts us."""
        peer = self.by_number.get(number)
        if peer is None:
            peer = self._take_new(number, real_pk, dht_pk)
        elif peer.real_pk != real_pk:
            self._rt.counters.drop("conference_number_taken")
            return None
        elif not peer.is_dht_pk_fresh or peer.state == FROZEN:
            peer.dht_pk = dht_pk
            peer.is_dht_pk_fresh = peer.state == ACTIVE
            if peer.was_unheard:
                # nobody was silent but we; who is dead is frozen again in a minute and not believed then
                self.hear(peer)
        if peer is None or peer.state == FROZEN:
            return None
        if name and not peer.is_name_own:
            # somebody else may not know it yet
            self.rename(peer, name)
        return peer

    def _take_new(self, number: int, real_pk: bytes, dht_pk: bytes) -> ConferencePeer | None:
        if self._departed.get(real_pk, 0) > self._rt.clock.now_ms:
            return None
        old = self.by_key.get(real_pk)
        if old is not None:
            if old.state == ACTIVE and old.has_spoken:
                # what it says itself is better than what others remember
                return None
            self.drop(old)
        peer = self.add(number, real_pk, dht_pk)
        if peer is not None:
            peer.is_dht_pk_fresh = True
        return peer

    def hear(self, peer: ConferencePeer) -> bool:
        """Something of a peer came: it is active. True if it was frozen."""
        peer.active_ms = self._rt.clock.now_ms
        if peer.state == ACTIVE:
            return False
        peer.state = ACTIVE
        peer.is_dht_pk_fresh = peer.was_unheard = False
        if peer in self.leaving:
            # our user has not heard of it
            del self.leaving[peer]
            self.active += 1
        else:
            self.frozen.remove(peer)
            self._list(peer)
        return True

    # leaving

    def drop(self, peer: ConferencePeer) -> None:
        """Forget a peer."""
        del self.by_number[peer.number], self.by_key[peer.real_pk]
        if peer.state == ACTIVE:
            self.leaving[peer] = None
            self.active -= 1
        elif peer not in self.leaving:
            self.frozen.remove(peer)
        peer.state = GONE

    def depart(self, peer: ConferencePeer) -> None:
        """A peer left for good: lists that still have it are wrong."""
        self.drop(peer)
        departed = self._departed
        departed.pop(peer.real_pk, None)
        if len(departed) >= MAX_DEPARTED:
            del departed[next(iter(departed))]
        departed[peer.real_pk] = self._rt.clock.now_ms + DEPARTED_MS

    def freeze(self, peer: ConferencePeer, unheard: bool = False) -> None:
        """An active peer is there no more, as far as we know; `unheard` because we hear nobody."""
        clock = self._rt.clock
        peer.state = FROZEN
        peer.frozen_ms = clock.now_ms
        peer.was_unheard = unheard
        peer.last_active_s = self.last_active_s(peer)
        self.leaving[peer] = None
        self.active -= 1

    def last_active_s(self, peer: ConferencePeer) -> int:
        """Unix seconds when something of an active peer came last."""
        clock = self._rt.clock
        return max(clock.unix_s() - (clock.now_ms - peer.active_ms) // 1000, 0)

    def keep_frozen(self, peer: ConferencePeer) -> None:
        """A frozen peer of a save."""
        peer.state = FROZEN
        peer.was_unheard = True
        peer.frozen_ms = self._rt.clock.now_ms
        self.by_number[peer.number] = self.by_key[peer.real_pk] = peer
        self.frozen.append(peer)

    def unlist(self) -> None:
        """Take the next one who left off the list; only while no event waits."""
        peer = next(iter(self.leaving))
        del self.leaving[peer]
        last = self.listed.pop()
        if last is not peer:
            last.index = peer.index
            self.listed[peer.index] = last
        if peer.state == FROZEN:
            self.frozen.append(peer)
            self.forget_frozen()

    def forget_frozen(self) -> None:
        """Forget those beyond the limit: strangers first, and who was away longest."""
        frozen, most = self.frozen, self.max_frozen
        if len(frozen) <= most:
            return
        frozen.sort(key=lambda peer: (not self._is_friend(peer.real_pk), -peer.last_active_s))
        for peer in frozen[most:]:
            self.drop(peer)

    # about peers

    def rename(self, peer: ConferencePeer, name: bytes) -> None:
        """A peer is called so."""
        if peer.name != name:
            peer.name = name
            self._reports.name(peer)

    def nameless(self, own: ConferencePeer | None) -> list[ConferencePeer]:
        """Active others whose names nobody told us, but for those whom we asked for often."""
        return [
            peer
            for peer in self.listed
            if not peer.name
            and peer is not own
            and peer.state == ACTIVE
            and peer.questions < MAX_QUESTIONS
            and not peer.is_name_own
        ]

    def note_strange(self, number: int) -> None:
        """Somebody whom we do not know has that number."""
        strange = self.strange
        if number not in strange and len(strange) >= MAX_STRANGE:
            del strange[next(iter(strange))]
        strange[number] = None

    def free_number(self) -> int:
        """A random number that nobody has; -1 when none was found."""
        for _ in range(MAX_STRANGE):
            number = self._rt.rng.below(1 << 16)
            if number not in self.by_number and number not in self.strange:
                return number
        return -1

    def renumber(self, peer: ConferencePeer, number: int) -> None:
        """A peer has another number, one that is free."""
        del self.by_number[peer.number]
        peer.number = number
        self.by_number[number] = peer
