"""A long text for those who take only short messages."""

from __future__ import annotations


def split(text: bytes, most: int) -> list[bytes]:
    """Pieces of at most `most` bytes: cut behind a space in the second half, or between characters.

    What is no UTF-8 is cut anywhere. `most` is at least 4.
    """
    pieces, at = [], 0
    while len(text) - at > most:
        end = text.rfind(b" ", at + most // 2, at + most) + 1
        if end == 0:
            end = _character_border(text, at + most)
        pieces.append(text[at:end])
        at = end
    if at < len(text):
        pieces.append(text[at:])
    return pieces


def _character_border(text: bytes, at: int) -> int:
    """The last place up to `at` where a character begins; `at` itself where there is none near."""
    for border in range(at, at - 4, -1):
        if text[border] & 0xC0 != 0x80:
            return border
    return at
