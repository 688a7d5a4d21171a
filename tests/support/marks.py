"""Numbers that come through a codec: a tone whose frequency says it, a picture with a bar code."""

from __future__ import annotations

import functools
import math
from array import array

#: Tones of different numbers are so far apart, Hz; a frame of 20 ms tells 50 Hz. The codecs of simulated
#: networks have nothing above 1400.
TONE_STEP_HZ = 100
TONES = range(8)
LOUDNESS = 9000
#: Samples a second that tell the tones.
ENOUGH_HZ = 8000
#: A frame is a tone if it has this share of its energy in it.
MIN_PURITY = 0.5
#: A picture's number has so many bits, each a vertical bar.
BARS = 8
DARK, BRIGHT = 50, 200


def frequency(number):
    """The tone of that number, Hz."""
    return TONE_STEP_HZ * (3 + number)


@functools.cache
def tone(number, samples=960, channels=1, rate=48000):
    """One frame of that tone: int16, the channels alternating. Frames of 20 ms join without a click."""
    step = 2 * math.pi * frequency(number) / rate
    wave = (int(LOUDNESS * math.sin(step * at)) for at in range(samples))
    return array("h", [value for value in wave for _ in range(channels)]).tobytes()


def tone_number(pcm, channels, rate):
    """Which number is heard in these bytes, or None: silence, or two at once."""
    # every some samples are enough for what is asked, and cost less
    step = max(1, rate // ENOUGH_HZ)
    wave, rate = array("h", pcm)[:: channels * step], rate / step
    energy = sum(value * value for value in wave)
    if energy < len(wave) * (LOUDNESS // 10) ** 2:
        return None
    shares = [_power(wave, frequency(number), rate) / (energy * len(wave) / 2) for number in TONES]
    best = max(TONES, key=shares.__getitem__)
    return best if shares[best] > MIN_PURITY else None


def _power(wave, hertz, rate):
    """Goertzel's: the squared amplitude at that frequency."""
    factor = 2 * math.cos(2 * math.pi * hertz / rate)
    last = before = 0.0
    for value in wave:
        last, before = value + factor * last - before, last
    return last * last + before * before - factor * last * before


@functools.cache
def picture(number, width, height):
    """The planes y, u and v of a picture with that number."""
    bits = [number >> bit & 1 for bit in range(BARS)]
    line = bytes(BRIGHT if bits[x * BARS // width] else DARK for x in range(width))
    half = (width // 2) * (height // 2)
    return line * height, bytes([110]) * half, bytes([140]) * half


def picture_number(line):
    """The number in one line of y, or None if a bar is neither dark nor bright."""
    number = 0
    for bit in range(BARS):
        level = line[len(line) * (2 * bit + 1) // (2 * BARS)]
        if abs(level - DARK) > 40 and abs(level - BRIGHT) > 40:
            return None
        number |= (level > (DARK + BRIGHT) // 2) << bit
    return number
