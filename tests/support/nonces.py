"""Nonces as numbers, for what tests expect of the next packet."""

from toxpy.crypto.sodium import NONCE_SIZE


def add_to_nonce(nonce, amount=1):
    """A nonce is one big-endian number of 24 bytes that wraps around."""
    number = (int.from_bytes(nonce, "big") + amount) % (1 << (8 * NONCE_SIZE))
    return number.to_bytes(NONCE_SIZE, "big")
