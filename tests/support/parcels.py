"""Damaged bytes for parsers: every cut, every flipped bit, what is too long, and noise."""

import random

from toxpy.errors import PacketError


def damaged(data, more=2):
    """Everything near those bytes that is not they."""
    for size in range(len(data)):
        yield data[:size]
    for extra in range(1, more + 1):
        yield data + bytes(extra)
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


def noise(seed, count, most):
    """Random bytes of random sizes."""
    rng = random.Random(seed)
    for _ in range(count):
        yield rng.randbytes(rng.randrange(most))


def tries(parser, inputs):
    """What the parser makes of each, without those that it refuses. No other exception is allowed."""
    taken = []
    for data in inputs:
        try:
            taken.append((data, parser(data)))
        except PacketError:
            continue
    return taken
