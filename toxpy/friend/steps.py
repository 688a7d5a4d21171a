"""When the steps towards one friend were reached: written by its connection, read by diagnosis.py."""

from __future__ import annotations

NEVER = -1


class Steps:
    """When the steps towards one friend were reached last, in the clock's milliseconds; -1 for never."""

    __slots__ = (
        "address",
        "answered",
        "attempt",
        "dht_key",
        "left",
        "legacy_refused",
        "noise_refused",
        "online",
        "relay",
        "timed_out",
    )

    def __init__(self) -> None:
        #: the friend told its DHT key
        self.dht_key = NEVER
        #: the DHT found an address for that key
        self.address = NEVER
        #: a relay of the friend's became known
        self.relay = NEVER
        #: an attempt to connect failed
        self.attempt = NEVER
        #: the friend answered the cookie request of an attempt that failed all the same
        self.answered = NEVER
        #: a handshake of the friend's was refused, because of its version
        self.legacy_refused = self.noise_refused = NEVER
        #: the encrypted connection stood
        self.online = NEVER
        #: the encrypted connection ended
        self.left = NEVER
        #: it ended without a word
        self.timed_out = False
