"""Why a friend is not online: the furthest step that its connection reached, and when.

    our own network -> the onion finds the friend -> it tells its DHT key -> an address or relay is
    known -> it answers the cookie request -> it accepts the handshake -> it says that it is online

No other Tox library tells this; it needs only moments that the layers know anyway (steps.py).
"""

from __future__ import annotations

from toxpy.friend.steps import NEVER
from toxpy.generated.enums import (
    TOX_FRIEND_OFFLINE_REASON_ADDRESS_UNKNOWN,
    TOX_FRIEND_OFFLINE_REASON_DHT_KEY_UNKNOWN,
    TOX_FRIEND_OFFLINE_REASON_FRIEND_LACKS_NOISE,
    TOX_FRIEND_OFFLINE_REASON_HANDSHAKE_REJECTED,
    TOX_FRIEND_OFFLINE_REASON_NO_COOKIE,
    TOX_FRIEND_OFFLINE_REASON_NONE,
    TOX_FRIEND_OFFLINE_REASON_NOT_ACCEPTED,
    TOX_FRIEND_OFFLINE_REASON_NOT_FOUND,
    TOX_FRIEND_OFFLINE_REASON_RELAY_ONLY,
    TOX_FRIEND_OFFLINE_REASON_SELF_LACKS_NOISE,
    TOX_FRIEND_OFFLINE_REASON_SELF_OFFLINE,
    TOX_FRIEND_OFFLINE_REASON_WENT_AWAY,
)
from toxpy.net_crypto.setup import HANDSHAKE_SENT
from toxpy.net_crypto.transport import OVER_TCP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.connection import FriendConnection
    from toxpy.friend.friend import FriendState

#: Milliseconds that an announcement outlives its owner: it proves nothing sooner.
#: c-toxcore: onion_announce.c.
ANNOUNCE_LIFETIME_MS = 300_000
#: Milliseconds for which a failed attempt to connect says something about the present.
ATTEMPT_LIFETIME_MS = 60_000


class Diagnosis:
    """`reason` is a TOX_FRIEND_OFFLINE_REASON_*, `since_ms` how long ago its step was reached, -1 for never.

    `steps` has the time since every step by its name, without those never reached.
    """

    __slots__ = ("reason", "since_ms", "steps", "timed_out")

    def __init__(self, reason: int, since_ms: int, steps: dict[str, int], timed_out: bool) -> None:
        self.reason = reason
        self.since_ms = since_ms
        self.steps = steps
        self.timed_out = timed_out


def diagnose(
    friend: FriendState, connection: FriendConnection, self_connected: bool, now_ms: int
) -> Diagnosis:
    """Look at everything that is known about the way to a friend."""
    reached = connection.steps
    found_ms = connection.found_ms()
    at = {
        "found": found_ms,
        "dht_key": reached.dht_key,
        "address": reached.address,
        "relay": reached.relay,
        "attempt": reached.attempt,
        "answered": reached.answered,
        "online": reached.online,
        "left": reached.left,
    }
    steps = {name: now_ms - moment for name, moment in at.items() if moment != NEVER}
    reason, moment = _furthest(friend, connection, found_ms, self_connected, now_ms)
    return Diagnosis(reason, now_ms - moment if moment != NEVER else NEVER, steps, reached.timed_out)


def _furthest(
    friend: FriendState, connection: FriendConnection, found_ms: int, self_connected: bool, now_ms: int
) -> tuple[int, int]:
    reached, crypto = connection.steps, connection.crypto
    if friend.connection_type:
        is_relayed = crypto is not None and crypto.connection_type == OVER_TCP
        reason = TOX_FRIEND_OFFLINE_REASON_RELAY_ONLY if is_relayed else TOX_FRIEND_OFFLINE_REASON_NONE
        return reason, reached.online
    if connection.is_online:
        # the connection stands, but the friend does not say that it is online: we are not on its list
        return TOX_FRIEND_OFFLINE_REASON_NOT_ACCEPTED, reached.online
    if not self_connected:
        return TOX_FRIEND_OFFLINE_REASON_SELF_OFFLINE, NEVER
    for refused_ms, reason in (
        (reached.legacy_refused, TOX_FRIEND_OFFLINE_REASON_FRIEND_LACKS_NOISE),
        (reached.noise_refused, TOX_FRIEND_OFFLINE_REASON_SELF_LACKS_NOISE),
    ):
        if refused_ms > reached.online and now_ms - refused_ms < ATTEMPT_LIFETIME_MS:
            return reason, refused_ms
    signs_of_life = max(reached.dht_key, reached.address, reached.answered)
    silent = signs_of_life <= reached.left and found_ms <= reached.left + ANNOUNCE_LIFETIME_MS
    if reached.left != NEVER and silent:
        return TOX_FRIEND_OFFLINE_REASON_WENT_AWAY, reached.left
    answers_now = crypto is not None and crypto.state >= HANDSHAKE_SENT
    if answers_now or (reached.answered != NEVER and now_ms - reached.answered < ATTEMPT_LIFETIME_MS):
        return TOX_FRIEND_OFFLINE_REASON_HANDSHAKE_REJECTED, reached.answered
    if connection.dht_pk is not None:
        if reached.address != NEVER or reached.relay != NEVER:
            return TOX_FRIEND_OFFLINE_REASON_NO_COOKIE, max(reached.address, reached.relay)
        return TOX_FRIEND_OFFLINE_REASON_ADDRESS_UNKNOWN, reached.dht_key
    if found_ms != NEVER:
        return TOX_FRIEND_OFFLINE_REASON_DHT_KEY_UNKNOWN, found_ms
    return TOX_FRIEND_OFFLINE_REASON_NOT_FOUND, NEVER
