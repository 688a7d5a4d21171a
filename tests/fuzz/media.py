"""Mutated and random packets for the decoders of calls: each is decoded or refused, memory stays flat.

    python -m tests.fuzz.media COUNT [SEED]

Packets are made by our encoders and by c-toxcore's (the recorded call); then cut, flipped, spliced and mixed
with noise. Every decoder goes on after whatever came, and at the end decodes good packets as a new one does.
"""

from __future__ import annotations

import random
import sys
import time

from tests.fuzz.datagrams import memory_mb, mutate
from tests.support import call_vectors
from toxpy.media import codecs
from toxpy.media.formats import AUDIO_RATES, CodecError

BATCH = 1000
#: Size and bit rate of our pictures.
WIDTH, HEIGHT, KBIT = 320, 240, 500


def sound_packets(made, rng):
    """Of every rate, with one channel and two, with and without the frame before."""
    packets = [packet for packet, _, _ in call_vectors.audio()] + list(call_vectors.conference_audio())
    for rate in AUDIO_RATES:
        for channels in (1, 2):
            encoder = made.AudioEncoder(rate, channels, application="voip", bit_rate=40_000, fec=True)
            encoder.set_expected_loss(20)
            for units in (1, 4, 8, 24, 48, 8, 8):
                samples = rate * units // 400
                level = rng.randrange(1, 20_000)
                pcm = b"".join(
                    rng.randrange(-level, level).to_bytes(2, "little", signed=True) * 3
                    for _ in range(samples * channels // 3 + 1)
                )
                packets.append(encoder.encode(pcm, samples))
    return packets


def picture_frames(made, rng):
    """A picture that moves, and the recorded ones."""
    frames = [frame for _, found in call_vectors.pictures() for frame, _ in found]
    encoder = made.VideoEncoder(WIDTH, HEIGHT, KBIT)
    texture = rng.randbytes(WIDTH * HEIGHT // 4) * 8
    for number in range(60):
        start = number * 7
        y, chroma = texture[start : start + WIDTH * HEIGHT], texture[start : start + WIDTH * HEIGHT // 4]
        frame = encoder.encode(y, chroma, chroma, key_frame=number % 20 == 0)
        if frame is not None:
            frames.append(frame.data)
    return frames


class Attack:
    """Decoders, and the packets that are damaged for them."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.made = codecs.load()
        self.sound = sound_packets(self.made, self.rng)
        self.frames = picture_frames(self.made, self.rng)
        self.hearing = [self.made.AudioDecoder(rate, channels) for rate in AUDIO_RATES for channels in (1, 2)]
        self.seeing = self.made.VideoDecoder()
        self.decoded = self.refused = 0
        self.slowest_ms = 0.0

    def damaged(self, packets):
        """One of them, mutated; one in eight is whole."""
        return mutate(self.rng, {0: [(None, None, packet) for packet in packets]})[0]

    def hear(self, packet):
        """As the next packet, or as the one behind a gap; then conceal."""
        decoder = self.rng.choice(self.hearing)
        frame = decoder.rate // 50
        way = self.rng.randrange(4)
        if way == 0:
            samples = decoder.recover(packet, frame)
        elif way == 1:
            samples = decoder.conceal(frame)
        else:
            samples = decoder.decode(packet)
        assert len(decoder.pcm()) == samples * decoder.channels

    def see(self, frame):
        """Look at all planes to their ends."""
        if self.seeing.decode(frame):
            assert sum(plane[0] + plane[-1] for plane in self.seeing.planes()) >= 0

    def strike(self, count):
        """So many."""
        for number in range(count):
            start = time.thread_time()
            try:
                if number % 2:
                    self.hear(self.damaged(self.sound))
                else:
                    self.see(self.damaged(self.frames))
            except CodecError:
                self.refused += 1
            else:
                self.decoded += 1
            self.slowest_ms = max(self.slowest_ms, (time.thread_time() - start) * 1000)

    def check_whole(self):
        """Good packets come out as from decoders that have seen nothing else."""
        fresh = self.made.VideoDecoder()
        for frame in self.frames[-60:]:
            if frame[0] & 1 and not fresh.width:
                continue
            assert fresh.decode(frame) == self.seeing.decode(frame)
            for plane, other in zip(fresh.planes(), self.seeing.planes(), strict=True):
                assert plane == other
        for decoder in self.hearing:
            for packet in self.sound:
                decoder.decode(packet)


def attack(count, seed=1, report=print):
    """Run the whole thing; returns the figures."""
    fight = Attack(seed)
    before_mb = None
    start = time.process_time()
    for done in range(0, count, BATCH):
        fight.strike(min(BATCH, count - done))
        # the largest picture may have come in the first tenth
        if before_mb is None and done + BATCH >= count // 10:
            before_mb = memory_mb()
        if done % (10 * BATCH) == 0:
            report(f"{done:>8} packets, {memory_mb():.1f} MB")
    fight.check_whole()
    return {
        "decoded": fight.decoded,
        "refused": fight.refused,
        "slowest_ms": round(fight.slowest_ms, 1),
        "before_mb": before_mb,
        "after_mb": memory_mb(),
        "cpu_s": round(time.process_time() - start, 1),
    }


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(attack(count, int(sys.argv[2]) if len(sys.argv) > 2 else 1))


if __name__ == "__main__":
    main()
