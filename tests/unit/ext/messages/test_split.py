"""Long texts in pieces."""

import pytest

from toxpy.ext.messages.split import split


@pytest.mark.parametrize("size", range(4, 15))
@pytest.mark.parametrize("text", ["€" * 50, "🐢" * 50, "aä€🐢" * 20, "ab cd " * 20, "x" * 100])
def test_pieces_are_text(text, size):
    pieces = split(text.encode(), size)
    assert all(0 < len(piece) <= size for piece in pieces)
    assert "".join(piece.decode() for piece in pieces) == text


def test_a_space_in_the_second_half_ends_a_piece():
    assert split(b"one two three", 9) == [b"one two ", b"three"]
    assert split(b"a bcdefghijk", 9) == [b"a bcdefgh", b"ijk"]
    assert split(b"12345678 ", 9) == [b"12345678 "]
    assert split(b"12345678 x", 9) == [b"12345678 ", b"x"]


def test_what_is_no_text_is_cut_anywhere():
    assert split(b"\x80" * 10, 4) == [b"\x80" * 4, b"\x80" * 4, b"\x80" * 2]
    assert split(b"", 4) == []
