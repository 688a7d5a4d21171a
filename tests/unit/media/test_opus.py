"""Opus: packets of c-toxcore decode, ours are as its receivers want them, and what was lost is guessed."""

import gc
import math
from array import array

import pytest

from tests.support import call_vectors
from tests.support.guarded import Guarded
from tests.unit.media.measures import in_other_thread, kilobytes
from toxpy.media.formats import CodecError, channels_of, samples_of

RATES = [8000, 12000, 16000, 24000, 48000]


def tone(samples, frequency=440, rate=48000, channels=1, start=0):
    """A sine; in the second channel an octave higher."""
    return array(
        "h",
        [
            int(8000 * math.sin(2 * math.pi * frequency * (channel + 1) * (start + n) / rate))
            for n in range(samples)
            for channel in range(channels)
        ],
    )


def strength(pcm, frequency, rate=48000):
    """How much of a frame's power is at that frequency, from 0 to 1."""
    turns = [2 * math.pi * frequency * n / rate for n in range(len(pcm))]
    real = sum(value * math.cos(turn) for value, turn in zip(pcm, turns, strict=True))
    imaginary = sum(value * math.sin(turn) for value, turn in zip(pcm, turns, strict=True))
    power = sum(value * value for value in pcm)
    return 2 * (real * real + imaginary * imaginary) / len(pcm) / power if power else 0


@pytest.fixture
def encoder(real):
    def make(rate=48000, channels=1, *, application="voip", bit_rate=48000, fec=True, vbr=False):
        return real.AudioEncoder(rate, channels, application=application, bit_rate=bit_rate, fec=fec, vbr=vbr)

    return make


def test_recorded_packets(real):
    recorded = list(call_vectors.audio())
    assert len(recorded) == 6
    for packet, rate, samples in recorded:
        decoder = real.AudioDecoder(rate, channels_of(packet))
        assert samples_of(packet, rate) == decoder.decode(packet) == samples == len(decoder.pcm())
    decoder = real.AudioDecoder(48000, 1)
    for packet in call_vectors.conference_audio():
        assert decoder.decode(packet) == 960
    assert max(decoder.pcm()) > 1000


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_length_comes_back(real, encoder, rate, channels):
    # at a low bit rate the encoder makes one channel of two
    sender, decoder = encoder(rate, channels, bit_rate=128_000), real.AudioDecoder(rate, channels)
    for units in (1, 2, 4, 8, 16, 24, 32, 40, 48):
        samples = rate * units // 400
        packet = sender.encode(bytes(2 * samples * channels), samples)
        assert (samples_of(packet, rate), channels_of(packet)) == (samples, channels)
        assert decoder.decode(packet) == decoder.samples == samples
        assert len(decoder.pcm()) == samples * channels


def test_a_tone_comes_back(real, encoder):
    """In each channel its own, by way of an address, and nothing is read behind the samples."""
    sender, decoder = encoder(channels=2, bit_rate=64000), real.AudioDecoder(48000, 2)
    for number in range(10):
        pcm = Guarded(tone(960, channels=2, start=960 * number).tobytes())
        decoder.decode(sender.encode(pcm.address, 960))
    left, right = decoder.pcm()[0::2].tolist(), decoder.pcm()[1::2].tolist()
    assert strength(left, 440) > 0.95 and strength(right, 880) > 0.95
    assert strength(left, 880) < 0.05


def test_calls_have_a_constant_bit_rate(encoder):
    """Whatever is said: the sizes of packets give nothing away."""
    sender = encoder()
    frames = [tone(960), array("h", [0] * 960), tone(960, 3000)]
    assert {len(sender.encode(frame, 960)) for frame in frames} == {120}
    sender.set_bit_rate(16000)
    assert {len(sender.encode(frame, 960)) for frame in frames} == {40}


def test_conferences_have_a_variable_bit_rate_and_bounded_packets(encoder):
    sender = encoder(application="audio", bit_rate=32000, fec=False, vbr=True)
    sizes = {len(sender.encode(tone(960, 100 * n + 50), 960)) for n in range(20)}
    assert len(sizes) > 3
    loud = encoder(channels=2, application="audio", bit_rate=510_000, fec=False, vbr=True)
    assert max(len(loud.encode(tone(5760, 123 * n + 50, channels=2), 5760)) for n in range(5)) <= 1024


def test_a_lost_frame_is_in_the_next_packet(real, encoder):
    """The tone changes in the lost frame only. Concealed it would be as the one before."""
    sender = encoder(rate=16000, bit_rate=32000)
    sender.set_expected_loss(20)
    pitches = [400] * 10 + [1100] + [400]
    packets = [sender.encode(tone(320, pitch, 16000), 320) for pitch in pitches]
    heard, concealed = real.AudioDecoder(16000, 1), real.AudioDecoder(16000, 1)
    for packet in packets[:10]:
        heard.decode(packet)
        concealed.decode(packet)
    assert heard.recover(packets[11], 320) == concealed.conceal(320) == 320
    # the codec is some milliseconds behind
    assert strength(heard.pcm()[160:].tolist(), 1100, 16000) > 0.5
    assert strength(concealed.pcm()[160:].tolist(), 1100, 16000) < 0.1


def test_silence_is_guessed_before_anything_came(real):
    decoder = real.AudioDecoder(48000, 2)
    assert decoder.conceal(960) == 960
    assert set(decoder.pcm()) == {0}


@pytest.mark.parametrize("samples", [0, -960, 1, 959, 5761, 1 << 31])
def test_what_no_frame_has_is_refused(real, encoder, samples):
    sender, decoder = encoder(), real.AudioDecoder(48000, 1)
    with pytest.raises(CodecError):
        sender.encode(bytes(20000), samples)
    with pytest.raises(CodecError):
        decoder.conceal(samples)
    with pytest.raises(CodecError):
        decoder.recover(sender.encode(bytes(1920), 960), samples)


def test_wrong_settings_and_short_buffers_are_refused(real, encoder):
    for rate, channels in ((44100, 1), (48000, 0), (48000, 3), (0, 1), (-48000, 1)):
        with pytest.raises(CodecError):
            encoder(rate, channels)
        with pytest.raises(CodecError):
            real.AudioDecoder(rate, channels)
    sender = encoder()
    for setting, value in ((sender.set_bit_rate, -5), (sender.set_expected_loss, 101)):
        with pytest.raises(CodecError):
            setting(value)
    with pytest.raises(CodecError):
        sender.encode(bytes(1919), 960)
    assert len(sender.encode(bytes(1920), 960)) == 120


@pytest.mark.parametrize("packet", [b"", b"\xfb", b"\xfb\0", b"\xfb\x07" + bytes(100), b"\x03\xff"])
def test_what_is_no_packet_is_refused(real, packet):
    decoder = real.AudioDecoder(48000, 1)
    with pytest.raises(CodecError):
        decoder.decode(packet)
    with pytest.raises(CodecError):
        decoder.recover(packet, 960)


def test_other_threads_go_on_during_the_work(encoder):
    senders = [encoder(channels=2, bit_rate=64000) for _ in range(100)]
    frame = bytes(4 * 5760)
    assert in_other_thread(lambda: [sender.encode(frame, 5760) for sender in senders])


def test_memory_is_given_back(real, encoder):
    """An encoder and a decoder have some 90 KB: a thousand lost ones would be seen."""

    def use():
        sender, decoder = encoder(), real.AudioDecoder(48000, 1)
        decoder.decode(sender.encode(bytes(1920), 960))
        decoder.pcm()

    for _ in range(50):
        use()
    gc.collect()
    before = kilobytes()
    for _ in range(300):
        use()
    gc.collect()
    assert kilobytes() - before < 4000
