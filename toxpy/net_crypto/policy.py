"""Which handshakes peers may have with us. Whoever decides gives `NetCrypto.use` a `Handshakes` of its own.

Without one there is only the handshake of all Tox clients, and not a packet more. Nothing here keeps state.
"""

from __future__ import annotations

from toxpy.net_crypto.handshake import LEGACY, NOISE_IK

__all__ = ("LEGACY", "NOISE_IK", "Handshakes")


class Handshakes:
    """What `NetCrypto` asks and tells. As it is: Noise first, the old handshake with those who begin it.

    Keys are real keys, 32 bytes. A version is LEGACY or NOISE_IK.
    """

    __slots__ = ()

    def begins_with_noise(self, real_pk: bytes) -> bool:
        """Is our first handshake with that peer Noise."""
        return True

    def accepts_noise(self, real_pk: bytes) -> bool:
        """May that peer have a Noise session. Asked once its message 1 opened."""
        return True

    def accepts_legacy(self, real_pk: bytes) -> bool:
        """May that peer have the old handshake. Asked before any X25519.

        The key is that of a cookie: anybody may have asked for it in the peer's name.
        """
        return True

    def may_fall_back(self, real_pk: bytes) -> bool:
        """May we begin the old handshake ourselves, as no Noise was answered.

        Asked after 5 s and 4 unanswered messages on the way on which the peer's cookie came, and never once
        a message 1 of that peer opened.
        """
        return False

    def on_established(self, real_pk: bytes, version: int) -> None:
        """Data of the peer opened: only now it is known to be that peer. Called before the owner hears."""

    def on_refused(self, real_pk: bytes, version: int) -> None:
        """A handshake of that version came in the peer's name and was dropped by one of the answers above."""
