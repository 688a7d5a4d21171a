"""Moderators, and who may do what.

The shared state has the hash of the list of moderators, so the list may come from anybody: SHA-256 of their
signature keys one after the other, zeros for none. c-toxcore sorts the keys since 0.2.22 and hashed them in
the order of their appointment before. A founder of one kind and a member of the other hand on lists that do
not fit the hash, and joiners never learn who moderates. We look for the order that fits, keep it and send it.
c-toxcore: group_moderation.c.
"""

from __future__ import annotations

from itertools import chain, permutations

from toxpy.crypto.sodium import KEY_SIZE, sha256
from toxpy.errors import PacketError
from toxpy.generated import enums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

FOUNDER, MODERATOR = enums.TOX_GROUP_ROLE_FOUNDER, enums.TOX_GROUP_ROLE_MODERATOR
USER, OBSERVER = enums.TOX_GROUP_ROLE_USER, enums.TOX_GROUP_ROLE_OBSERVER
MAX_MODERATORS = 100
#: Entries of a list whose orders are all tried: 24 hashes, about as much work as one signature.
_MAX_TRIED = 4


# orders


def first_fitting(orders: Iterable[Sequence[T]], fits: Callable[[Sequence[T]], bool]) -> list[T] | None:
    """The first order of a list that fits, None when none does."""
    return next((list(order) for order in orders if fits(order)), None)


def all_orders(entries: Sequence[T]) -> Iterable[Sequence[T]]:
    """Every order of a short list, none of a long one."""
    return permutations(entries) if len(entries) <= _MAX_TRIED else ()


def without(entries: Sequence[T], index: int) -> list[list[T]]:
    """The orders in which one entry fewer may be: those behind it move up, or the last one into its place."""
    moved_up = [*entries[:index], *entries[index + 1 :]]
    last_in_place = list(entries[:-1])
    if index < len(last_in_place):
        last_in_place[index] = entries[-1]
    return [moved_up, last_in_place]


# the list


def pack_moderators(sig_pks: Sequence[bytes]) -> bytes:
    """The data of the packet."""
    return len(sig_pks).to_bytes(2, "big") + b"".join(sig_pks)


def unpack_moderators(data: bytes) -> list[bytes]:
    """PacketError for a wrong size or too many."""
    count = int.from_bytes(data[:2], "big")
    if count > MAX_MODERATORS or len(data) != 2 + count * KEY_SIZE:
        raise PacketError("group moderators: wrong size")
    return [data[start : start + KEY_SIZE] for start in range(2, len(data), KEY_SIZE)]


def moderators_hash(sig_pks: Sequence[bytes]) -> bytes:
    """In this order."""
    return sha256(b"".join(sig_pks)) if sig_pks else bytes(32)


class Moderators:
    """The signature keys of the moderators, in the order that the shared state signs."""

    __slots__ = ("_known", "sig_pks")

    def __init__(self) -> None:
        self.sig_pks: list[bytes] = []
        #: the same, to look up
        self._known: frozenset[bytes] = frozenset()

    def __contains__(self, sig_pk: bytes) -> bool:
        return sig_pk in self._known

    def hash(self) -> bytes:
        """Of the list as it is."""
        return moderators_hash(self.sig_pks)

    def take(self, guesses: Sequence[Sequence[bytes]], signed_hash: bytes) -> bool:
        """Be the list that was received or results from a change, if it fits the hash in some order."""
        first = guesses[0]
        if len(first) > MAX_MODERATORS or len(set(first)) != len(first):
            return False
        orders = chain([*guesses, sorted(first)], all_orders(first))
        found = first_fitting(orders, lambda keys: moderators_hash(keys) == signed_hash)
        if found is None:
            return False
        self._be(found)
        return True

    def set(self, sig_pks: Iterable[bytes]) -> None:
        """Be a list that we are about to sign: sorted."""
        self._be(sorted(sig_pks))

    def _be(self, sig_pks: list[bytes]) -> None:
        self.sig_pks, self._known = sig_pks, frozenset(sig_pks)


# who may do what


def may_speak(role: int, voice: int) -> bool:
    """To all, with that setting of voice."""
    if role == OBSERVER:
        return False
    if voice == enums.TOX_GROUP_VOICE_STATE_FOUNDER:
        return role == FOUNDER
    return role <= MODERATOR or voice == enums.TOX_GROUP_VOICE_STATE_ALL


def may_speak_privately(role: int) -> bool:
    """To one peer; voice does not matter, nor who that is."""
    return role <= USER


def may_set_topic(role: int, topic_is_locked: bool) -> bool:
    """Set the topic."""
    return role <= (MODERATOR if topic_is_locked else USER)


def may_set_role(own: int, current: int, new: int) -> bool:
    """Change a peer's role from one to the other."""
    if own == FOUNDER:
        return current != FOUNDER
    return own == MODERATOR and {current, new} <= {USER, OBSERVER}


def may_kick(own: int, target: int) -> bool:
    """Have a peer removed from the group."""
    return own <= MODERATOR and own < target
