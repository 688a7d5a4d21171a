"""A call over a simulated line: both ends are parts of toxpy.av, the line has loss, delay and a queue.

    python -m tests.support.call_link [seconds]

prints what is heard and seen over some lines, with the real codecs. All else is simulated, so the figures do
not depend on the machine.
"""

import heapq
import math
import random
import sys
from array import array

from toxpy.av.audio import AudioReceiver, AudioSender
from toxpy.av.bandwidth import Bandwidth, Reports
from toxpy.av.between_ours import BetweenOurs
from toxpy.av.pacing import Pacer
from toxpy.av.rtp import AUDIO, VIDEO
from toxpy.av.video import VideoReceiver, VideoSender
from toxpy.media.codecs import Codecs, load
from toxpy.runtime import Counters

#: What a datagram has besides a packet: sealing, UDP and IP, bytes.
OVERHEAD = 27 + 28
FRAME_MS, RATE, SAMPLES = 20, 48000, 960
WIDTH, HEIGHT, PICTURES_PER_SECOND = 640, 480, 30
#: How often clients iterate, ms.
POLL_MS = 5


class Line:
    """One direction. `capacity` is in kbit/s, what waits longer than `queue_ms` is dropped."""

    def __init__(self, rng, delay_ms=20, loss=0.0, capacity=0, queue_ms=100, jitter_ms=0):
        self.rng, self.delay_ms, self.loss = rng, delay_ms, loss
        self.capacity, self.queue_ms, self.jitter_ms = capacity, queue_ms, jitter_ms
        self.free_ms = 0.0
        self.flying, self.count = [], 0
        self.bytes_sent = 0

    def put(self, packet, now_ms):
        self.bytes_sent += len(packet) + OVERHEAD
        at_ms = now_ms
        if self.capacity:
            begin_ms = max(self.free_ms, now_ms)
            if begin_ms - now_ms > self.queue_ms:
                return
            self.free_ms = at_ms = begin_ms + (len(packet) + OVERHEAD) * 8 / self.capacity
        if self.rng.random() < self.loss:
            return
        self.count += 1
        at_ms += self.delay_ms + self.rng.random() * self.jitter_ms
        heapq.heappush(self.flying, (at_ms, self.count, packet))

    def arriving(self, now_ms):
        while self.flying and self.flying[0][0] <= now_ms:
            yield heapq.heappop(self.flying)[2]


def counting(codecs, told):
    """The codecs, and how each frame of sound came about."""

    class Decoder(codecs.AudioDecoder):
        def decode(self, packet):
            told["decoded"] = told.get("decoded", 0) + 1
            return super().decode(packet)

        def recover(self, next_packet, samples):
            told["recovered"] = told.get("recovered", 0) + 1
            return super().recover(next_packet, samples)

        def conceal(self, samples):
            told["concealed"] = told.get("concealed", 0) + 1
            return super().conceal(samples)

    return Codecs(codecs.AudioEncoder, Decoder, codecs.VideoEncoder, codecs.VideoDecoder)


class Side:
    """One end of the call. `ours`: it knows of what two of ours tell each other."""

    def __init__(self, codecs, line, *, ours=True, seed=0):
        self.line, self.ours, self.told, self.counters = line, None, {}, Counters()
        codecs, self.bandwidth, self.reports = (
            counting(codecs, self.told),
            Bandwidth(0),
            Reports(self.counters),
        )
        self.audio_out, self.video_out = AudioSender(codecs, seed), VideoSender(codecs, seed)
        self.audio_in = AudioReceiver(codecs, self.counters)
        self.video_in = VideoReceiver(codecs, self.counters, self.bandwidth)
        self.pacer = Pacer()
        if ours:
            parts = self.audio_out, self.audio_in, self.video_out, self.video_in
            self.ours = BetweenOurs(*parts, self.counters, random=seed, now_ms=0)

    def take(self, packet, now_ms):
        kind = packet[0]
        if kind == AUDIO:
            self.audio_in.take(packet, now_ms)
            self.bandwidth.add_packet()
        elif kind == VIDEO:
            self.video_in.take(packet, now_ms)
        elif kind == 196:
            report = self.reports.take(packet, now_ms)
            if report is not None:
                self.video_out.on_report(*report, now_ms)
        elif self.ours is not None:
            self.send(self.ours.take(packet, now_ms), now_ms)

    def send(self, packets, now_ms):
        for packet in packets:
            self.line.put(packet, now_ms)

    def run(self, now_ms, hear, see):
        """A client's turn."""
        self.audio_in.play(now_ms, hear)
        self.video_in.play(now_ms, see)
        self.send(self.video_in.questions(), now_ms)
        if self.ours is not None and now_ms >= self.ours.next_ms():
            self.send(self.ours.say(now_ms), now_ms)
        if self.ours is None or not self.ours.is_ours:
            report = self.bandwidth.report(now_ms)
            if report is not None:
                self.send([report], now_ms)

    def leave(self, now_ms):
        """What is paced."""
        self.send(self.pacer.take(now_ms), now_ms)


class LinkedCall:
    """Sound both ways, pictures from `sides[0]` to `sides[1]`."""

    def __init__(self, codecs, clip, *, bit_rate=1000, ours=True, seed=1, **line):
        rng = random.Random(seed)
        self.lines = [Line(rng, **line), Line(rng, **line)]
        self.sides = [Side(codecs, self.lines[n], ours=ours, seed=seed + n) for n in (0, 1)]
        self.clip, self.bit_rate = clip, bit_rate
        self.now_ms, self.shown, self.heard, self.kbit = 0, [], [], []
        # a second of a tone that rises
        values = (int(8000 * math.sin(6.28318 * (300 + i / 100) * i / RATE)) for i in range(RATE))
        tone = array("h", values).tobytes()
        self.tone = [tone[at : at + 2 * SAMPLES] for at in range(0, len(tone), 2 * SAMPLES)]

    def hear(self, decoder):
        """At the receiver of pictures."""
        self.heard.append((self.now_ms, decoder.pcm()[0]))

    def ignore(self, decoder):
        """At the other one."""

    def see(self, decoder):
        newest = self.now_ms * PICTURES_PER_SECOND // 1000
        self.shown.append((self.now_ms, self.clip.number_of(decoder, newest)))

    def run(self, seconds):
        sender, receiver = self.sides
        end_ms, number = self.now_ms + 1000 * seconds, 0
        while self.now_ms < end_ms:
            now_ms = self.now_ms
            for line, side in zip(self.lines, (receiver, sender), strict=True):
                for packet in line.arriving(now_ms):
                    side.take(packet, now_ms)
            if now_ms % FRAME_MS == 0:
                pcm = self.tone[now_ms // FRAME_MS % 50]
                for side in self.sides:
                    side.send(side.audio_out.send(pcm, SAMPLES, 1, RATE, 48, now_ms), now_ms)
            if self.bit_rate and now_ms * PICTURES_PER_SECOND // 1000 >= number:
                planes = self.clip.planes(number)
                packets = sender.video_out.send(
                    self.clip.width, self.clip.height, *planes, self.bit_rate, now_ms
                )
                sender.pacer.put(packets)
                number += 1
            for side in self.sides:
                if now_ms % POLL_MS == 0:
                    side.run(now_ms, self.hear if side is receiver else self.ignore, self.see)
                side.leave(now_ms)
            if now_ms % 1000 == 999:
                self.kbit.append(sender.video_out.rate.kbit)
            self.now_ms += 1


class Clip:
    """Pictures of 640x480: a pattern that moves slowly with some noise, as from a camera, and a square.

    `jump` is how far the square goes from a picture to the next, pixels; 16 is hard, 3 like somebody's head.
    """

    width, height = WIDTH, HEIGHT

    def __init__(self, jump=3, noise=2, count=300):
        import numpy

        self.numpy = numpy
        rng = numpy.random.default_rng(5)
        y, x = numpy.mgrid[0 : HEIGHT + 64, 0 : WIDTH + 64]
        base = 110 + 30 * numpy.sin(x / 37) * numpy.cos(y / 53) + 15 * numpy.sin((x + 2 * y) / 11)
        self.pictures = []
        for number in range(count):
            at = (int(24 + 24 * math.sin(number / 40)), int(24 + 24 * math.cos(number / 50)))
            luma = base[at[0] : at[0] + HEIGHT, at[1] : at[1] + WIDTH].copy()
            left = jump * number % (WIDTH - 120)
            luma[150:270, left : left + 120] = 200 + 20 * numpy.sin(x[:120, :120] / 9)
            if noise:
                luma += rng.normal(0, noise, luma.shape)
            self.pictures.append(numpy.clip(luma, 0, 255).astype(numpy.uint8))
        self.chroma = bytes([110]) * (WIDTH * HEIGHT // 4), bytes([140]) * (WIDTH * HEIGHT // 4)

    def planes(self, number):
        return (self.pictures[number % len(self.pictures)].tobytes(), *self.chroma)

    def number_of(self, decoder, newest):
        """Which picture is shown, and its PSNR in dB: the nearest of the last ones."""
        numpy = self.numpy
        stride = decoder.strides[0]
        luma = numpy.frombuffer(decoder.planes()[0], numpy.uint8)[: stride * HEIGHT]
        luma = luma.reshape(HEIGHT, stride)[:, :WIDTH].astype(numpy.int16)
        coarse, best = luma[::8, ::8], None
        for number in range(max(newest - 25, 0), newest + 1):
            difference = coarse - self.pictures[number % len(self.pictures)][::8, ::8]
            error = float((difference * difference.astype(numpy.int32)).mean())
            if best is None or error < best[0]:
                best = error, number
        difference = luma - self.pictures[best[1] % len(self.pictures)].astype(numpy.int16)
        error = float((difference.astype(numpy.int32) ** 2).mean())
        return best[1], 99.0 if error == 0 else 10 * math.log10(255 * 255 / error)


#: Lines by name.
LINES = {
    "clean": {},
    "5 % loss": {"loss": 0.05},
    "20 % loss": {"loss": 0.2},
    "1 Mbit/s": {"capacity": 1000},
    "1 Mbit/s, 5 %": {"capacity": 1000, "loss": 0.05},
    "100 ms jitter": {"jitter_ms": 100},
    "20 %, 200 ms": {"loss": 0.2, "delay_ms": 100},
}


def figures(call, seconds, settle):
    """What was heard and seen after the first seconds."""
    seen = [row for row in call.shown if row[0] >= settle * 1000]
    levels = [psnr for _, (_, psnr) in seen]
    late = [at_ms - number * 1000 // PICTURES_PER_SECOND for at_ms, (number, _) in seen]
    told = call.sides[1].told
    frames = 50 * seconds
    return {
        "fps": len(seen) / (seconds - settle),
        "dB": sum(levels) / max(len(levels), 1),
        "below 25": 100 * sum(level < 25 for level in levels) / max(len(levels), 1),
        "delay": sorted(late)[len(late) // 2] if late else -1,
        "p95": sorted(late)[len(late) * 19 // 20] if late else -1,
        "right": 50 * (told.get("decoded", 0) + told.get("recovered", 0)) / frames,
        "kbit": call.kbit[-1],
        "mean kbit": sum(call.kbit[settle:]) / len(call.kbit[settle:]),
        "sent kbit": call.lines[0].bytes_sent * 8 / 1000 / seconds,
    }


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    only = sys.argv[2:]
    codecs = load()
    for hard in (True, False):
        clip = Clip(jump=16, noise=0) if hard else Clip()
        for name, line in LINES.items():
            if only and name not in only:
                continue
            for ours in (True, False):
                call = LinkedCall(codecs, clip, ours=ours, bit_rate=1000, **line)
                call.run(seconds)
                row = figures(call, seconds, 2)
                text = "  ".join(f"{key} {value:.1f}" for key, value in row.items())
                which = "hard" if hard else "camera"
                print(f"{which} clip, {name}, {'ours' if ours else 'as to others'}: {text}", flush=True)


if __name__ == "__main__":
    main()
