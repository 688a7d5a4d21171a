"""`WhyOffline`: what `why_offline` tells a Python program, and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toxpy.generated.typed_enums import OfflineReason

if TYPE_CHECKING:
    from toxpy.friend.diagnosis import Diagnosis

__all__ = ["WhyOffline"]

_WORDS = {
    OfflineReason.NONE: "the friend is online",
    OfflineReason.SELF_OFFLINE: "we are not connected to the network ourselves: bootstrap or add a relay",
    OfflineReason.NOT_FOUND: "nobody in the network knows the friend: it is not running, or not connected",
    OfflineReason.DHT_KEY_UNKNOWN: "the friend runs but has not told us its DHT key: most likely we are not "
    "on its list",
    OfflineReason.ADDRESS_UNKNOWN: "its DHT key is known, but neither an address nor a relay of it",
    OfflineReason.NO_COOKIE: "it answers at none of its addresses and relays: a firewall, or it just left",
    OfflineReason.HANDSHAKE_REJECTED: "it answers but refuses a session: most likely we are not on its list; "
    "or one side requires Noise, which the other lacks or which does not get through",
    OfflineReason.NOT_ACCEPTED: "the session stands but the friend does not say it is online: it removed us",
    OfflineReason.WENT_AWAY: "it was online and left; no sign of life since",
    OfflineReason.RELAY_ONLY: "the friend is online, but through TCP relays only",
    OfflineReason.FRIEND_LACKS_NOISE: "Noise is required of it, and it offers the old handshake only: "
    "an older client, or somebody who poses as it",
    OfflineReason.SELF_LACKS_NOISE: "it begins with Noise, which our handshake mode or the policy for it "
    "excludes",
}


class WhyOffline:
    """How far the connection to a friend came.

    `reason` names the furthest step, `since_s` tells how long ago it was reached (None: there was no
    such moment), `steps` how many seconds ago every step was reached last: found, dht_key, address,
    relay, attempt, answered, online, left. `timed_out` says whether the last session ended in silence.
    `str()` is a sentence for people.
    """

    __slots__ = ("reason", "since_s", "steps", "timed_out")

    def __init__(self, diagnosis: Diagnosis) -> None:
        self.reason = OfflineReason(diagnosis.reason)
        self.since_s = diagnosis.since_ms / 1000 if diagnosis.since_ms >= 0 else None
        self.steps = {name: age_ms / 1000 for name, age_ms in diagnosis.steps.items()}
        self.timed_out = diagnosis.timed_out

    def __str__(self) -> str:
        words = _WORDS[self.reason]
        if self.reason == OfflineReason.WENT_AWAY and self.timed_out:
            words = "it was online and fell silent; no sign of life since"
        return words if self.since_s is None else f"{words} ({self.since_s:.0f} s ago)"

    def __repr__(self) -> str:
        return f"WhyOffline({self.reason.name}, since_s={self.since_s}, steps={self.steps})"
