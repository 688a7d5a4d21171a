"""Audio of a conference, while it is enabled: what our user says, and what each peer says.

A lossy packet of kind 192 has one frame:

    192 | sequence u16 | Opus packet

A frame is decoded at the end of the pass in which it comes, always at 48 kHz, with the channels that Opus
says. A frame that is missing is waited for as long as the jitter buffer of the peer says, and concealed then.
Mixing is for the program.

However many packets come in one pass, at most `WINDOW` frames of each speaker are decoded at its end.

c-toxcore: groupav.c.
"""

from __future__ import annotations

from _thread import allocate_lock
from struct import Struct

from toxpy.conference.packets import AUDIO
from toxpy.conference.peer import ACTIVE
from toxpy.generated.events import Event
from toxpy.media.formats import AUDIO_RATES, CodecError, channels_of
from toxpy.media.jitter import Gap, JitterBuffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from toxpy.conference.links import ConferenceLinks
    from toxpy.conference.peer import ConferencePeer
    from toxpy.media.codecs import AudioDecoder, AudioEncoder, Codecs
    from toxpy.media.formats import Memory
    from toxpy.runtime import Runtime, Timer

#: kind (192), sequence
_HEAD = Struct(">BH")

#: Sampling rate at which everything is decoded, Hz.
DECODED_RATE = 48_000
#: Bit rate of each channel, bit/s.
CHANNEL_BIT_RATE = 32_000

# ours
#: Frames of a peer that wait at most: 160 ms of the usual ones. c-toxcore: the same.
WINDOW = 8
#: Peers whose decoders are kept at once: 30 KB each.
MAX_SPEAKERS = 64
#: Time without a frame after which a peer has no decoder any more when others need one, ms.
SILENT_MS = 4_000


class ConferenceAudioFrame(Event):
    """What a peer says, for as long as one frame lasts. C: toxav_audio_data_cb.

    `pcm` has int16 samples, `samples` of each channel; those of two channels come in turns.
    """

    __slots__ = ("conference_number", "peer_number", "pcm", "samples", "channels", "sample_rate")  # noqa: RUF023

    owner: ConferenceAudio

    def __init__(
        self, conference_number: int, peer_number: int, decoder: AudioDecoder, owner: ConferenceAudio
    ) -> None:
        self.conference_number = conference_number
        self.peer_number = peer_number
        self.pcm = bytes(decoder.pcm())
        self.samples = decoder.samples
        self.channels = decoder.channels
        self.sample_rate = DECODED_RATE
        self.owner = owner

    @property
    def callback(self) -> int:
        """Address of the C program's function, 0 for none."""
        return self.owner.callback

    @property
    def userdata(self) -> int:
        """What that function is given."""
        return self.owner.userdata


class Speaker:
    """What is kept of a peer that speaks."""

    __slots__ = ("audio", "buffer", "decoder", "heard_ms", "is_due", "peer", "timer")

    def __init__(self, audio: ConferenceAudio, peer: ConferencePeer, now_ms: int) -> None:
        self.audio = audio
        self.peer = peer
        #: True while it is among those who are played at the end of the pass
        self.is_due = False
        self.buffer = JitterBuffer(WINDOW)
        self.decoder: AudioDecoder | None = None
        self.heard_ms = now_ms
        #: for a frame that is waited for
        self.timer: Timer | None = None


class ConferenceAudio:
    """Of one conference; the owner of its events, which end with it."""

    __slots__ = (
        "_codecs",
        "_due",
        "_encoder",
        "_encoder_of",
        "_links",
        "_lock",
        "_number",
        "_rt",
        "_send",
        "_sequence",
        "_speakers",
        "callback",
        "deleted",
        "userdata",
    )

    def __init__(
        self,
        number: int,
        links: ConferenceLinks,
        send: Callable[[bytes], bool],
        codecs: Codecs,
        due: list[Speaker],
        *,
        rt: Runtime,
        callback: int = 0,
        userdata: int = 0,
    ) -> None:
        self._number = number
        self._links = links
        #: sends a lossy packet, from its kind on
        self._send = send
        self._codecs = codecs
        #: those who are to be played at the end of the pass, of all conferences
        self._due = due
        self._rt = rt
        self.callback = callback
        self.userdata = userdata
        self.deleted = False
        #: of the encoder: a program may send from several threads, and the work is done without Python's lock
        self._lock = allocate_lock()
        self._encoder: AudioEncoder | None = None
        self._encoder_of = (0, 0)
        self._sequence = 0
        self._speakers: dict[ConferencePeer, Speaker] = {}

    def close(self) -> None:
        """No frame comes any more. Another thread may still be at work with a codec."""
        self.deleted = True
        for speaker in self._speakers.values():
            if speaker.timer is not None:
                speaker.timer.cancel()
        self._speakers.clear()

    # our user

    def send(self, pcm: Memory, samples: int, channels: int, rate: int) -> bool:
        """Say something: False when it cannot be sent, or is no frame that Opus knows."""
        if channels not in (1, 2) or rate not in AUDIO_RATES or not self._links.online:
            return False
        with self._lock:
            try:
                frame = self._encoder_for(rate, channels).encode(pcm, samples)
            except CodecError:
                return False
            if not self._send(_HEAD.pack(AUDIO, self._sequence) + frame):
                return False
            self._sequence = (self._sequence + 1) & 0xFFFF
        self._rt.pace.note_media()
        return True

    def _encoder_for(self, rate: int, channels: int) -> AudioEncoder:
        if self._encoder is None or self._encoder_of != (rate, channels):
            bit_rate = CHANNEL_BIT_RATE * channels
            self._encoder = self._codecs.AudioEncoder(
                rate, channels, application="audio", bit_rate=bit_rate, fec=False, vbr=True
            )
            self._encoder_of = rate, channels
        return self._encoder

    # the others

    def on_packet(self, peer: ConferencePeer, data: bytes) -> None:
        """A frame of a peer, from its kind on, which nobody has seen before."""
        if len(data) <= _HEAD.size:
            self._rt.counters.drop("conference_audio_size")
            return
        now_ms = self._rt.clock.now_ms
        speaker = self._speakers.get(peer)
        if speaker is None:
            speaker = self._begin(peer, now_ms)
            if speaker is None:
                return
        speaker.heard_ms = now_ms
        if not speaker.buffer.put(_HEAD.unpack_from(data)[1], data[_HEAD.size :], now_ms):
            self._rt.counters.drop("conference_audio_late")
            return
        self._rt.pace.note_media()
        self._come(speaker)

    def _come(self, speaker: Speaker) -> None:
        if not speaker.is_due:
            speaker.is_due = True
            self._due.append(speaker)

    def _begin(self, peer: ConferencePeer, now_ms: int) -> Speaker | None:
        if len(self._speakers) >= MAX_SPEAKERS:
            for other in list(self._speakers.values()):
                if now_ms - other.heard_ms >= SILENT_MS:
                    self._forget(other)
            if len(self._speakers) >= MAX_SPEAKERS:
                self._rt.counters.drop("conference_audio_speakers")
                return None
        speaker = self._speakers[peer] = Speaker(self, peer, now_ms)
        return speaker

    def _forget(self, speaker: Speaker) -> None:
        if speaker.timer is not None:
            speaker.timer.cancel()
        del self._speakers[speaker.peer]

    def play(self, speaker: Speaker, events: list[Any]) -> None:
        """Decode what is due, and come back for what is waited for."""
        speaker.is_due = False
        if self.deleted or speaker.peer.state != ACTIVE:
            return
        buffer, now_ms = speaker.buffer, self._rt.clock.now_ms
        while (item := buffer.take(now_ms)) is not None:
            try:
                decoder = self._conceal(speaker) if isinstance(item, Gap) else self._decode(speaker, item)
            except CodecError:
                self._rt.counters.drop("conference_audio_damaged")
                continue
            if decoder is not None:
                buffer.frame_ms = decoder.samples * 1000 / DECODED_RATE
                place = self._number, speaker.peer.index
                events.append(ConferenceAudioFrame(*place, decoder, owner=self))
        due_ms, timer = buffer.next_ms(), speaker.timer
        if timer is not None:
            if due_ms is not None and timer.deadline_ms <= due_ms:
                # it looks again
                return
            timer.cancel()
        speaker.timer = None
        if due_ms is not None:
            speaker.timer = self._rt.timers.call_at(due_ms, lambda: self._again(speaker))

    def _again(self, speaker: Speaker) -> None:
        speaker.timer = None
        self._come(speaker)

    def _decode(self, speaker: Speaker, frame: bytes) -> AudioDecoder:
        channels, decoder = channels_of(frame), speaker.decoder
        if decoder is None or decoder.channels != channels:
            decoder = speaker.decoder = self._codecs.AudioDecoder(DECODED_RATE, channels)
        decoder.decode(frame)
        return decoder

    @staticmethod
    def _conceal(speaker: Speaker) -> AudioDecoder | None:
        """A guess as long as the last frame. What our side sends has no copy of the frame before."""
        decoder = speaker.decoder
        if decoder is None or not decoder.samples:
            # nothing of it could be decoded yet
            return None
        decoder.conceal(decoder.samples)
        return decoder
