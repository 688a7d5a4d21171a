"""Voices of actors in conference 0: they say tones, and read the tones of those who are heard."""

from __future__ import annotations

from tests.support.calls import TICK_MS, TONE_MS
from tests.support.conference_audio import Audio
from tests.support.marks import tone, tone_number
from toxpy.media.codecs import load

#: The frames that are said: samples, channels, rate.
FORMAT = 960, 1, 48000


class Voice(Audio):
    """What an actor says (`saying`) in a conference with audio, and what it heard: (public key, number)."""

    def __init__(self, actor):
        super().__init__(actor)
        self.world = actor.world
        if self.world.simulated:
            actor.tox.conference_audio.capability.get().codecs = load(standin=True)
        self.saying, self.tones = None, []
        self.next_ms = self.tone_ms = self.world.now_ms()
        self.world.run_with(actor, self)

    def collect(self):
        """Take what came."""
        for number, peer, *frame in self.frames():
            key = self.actor.conference_peer_get_public_key(number, peer)
            self.tones.append((key, tone_number(*frame)))

    def iterate(self):
        """Say what is due."""
        now_ms = self.world.now_ms()
        self.next_ms = now_ms + TICK_MS
        if self.saying is not None and self.tone_ms <= now_ms:
            self.tone_ms = max(self.tone_ms + TONE_MS, now_ms - 5 * TONE_MS)
            self.say(self.saying)

    def say(self, number):
        """One frame: 0, or -1 when it is refused."""
        return self.send(tone(number, *FORMAT), *FORMAT)

    def hears(self, number, whose, timeout_s=20):
        """Wait for that tone of another's, from now on."""
        self.tones.clear()
        wanted = whose.actor.self_get_public_key(), number
        self.world.until(lambda: wanted in self.tones, f"{self.actor.name} to hear {number}", timeout_s)

    def close(self):
        self.world.run_without(self.actor, self)
