"""MessagePack as far as saves need it: byte for byte what other encoders write, and nothing else is read."""

import pytest

from toxpy.errors import PacketError
from toxpy.wire.msgpack import pack, unpack

#: From the specification's table of formats.
KNOWN = [
    (None, "c0"),
    (False, "c2"),
    (True, "c3"),
    (0, "00"),
    (127, "7f"),
    (128, "cc80"),
    (255, "ccff"),
    (256, "cd0100"),
    (65535, "cdffff"),
    (65536, "ce00010000"),
    (2**32 - 1, "ceffffffff"),
    (2**32, "cf0000000100000000"),
    (2**64 - 1, "cfffffffffffffffff"),
    (b"", "c400"),
    (b"ab", "c4026162"),
    ([], "90"),
    ([1, [True, b"x"], None], "930192c3c40178c0"),
]


@pytest.mark.parametrize("value, packed", KNOWN)
def test_known_values(value, packed):
    data = bytes.fromhex(packed)
    assert pack(value) == data
    assert unpack(data) == (value, len(data))
    assert unpack(b"xx" + data + b"yy", 2) == (value, 2 + len(data))
    for size in range(len(data)):
        with pytest.raises(PacketError):
            unpack(data[:size])


@pytest.mark.parametrize(
    "value, head",
    [
        (b"x" * 255, "c4ff"),
        (b"x" * 256, "c50100"),
        (b"x" * 65536, "c600010000"),
        ([0] * 15, "9f"),
    ],
)
def test_heads_of_long_values(value, head):
    packed = pack(value)
    assert packed.startswith(bytes.fromhex(head)) and unpack(packed) == (value, len(packed))


@pytest.mark.parametrize("count, head", [(16, "dc0010"), (65536, "dd00010000")])
def test_long_arrays_are_written_but_not_read(count, head):
    packed = pack([0] * count)
    assert packed.startswith(bytes.fromhex(head))
    with pytest.raises(PacketError):
        unpack(packed)


@pytest.mark.parametrize(
    "data",
    [
        "ff",  # a negative number
        "d000",
        "a161",  # text
        "80",  # a map
        "ca00000000",  # a float
        "c70000",  # an extension
        "c1",
        "c6ffffffff",
        "ddffffffff",
        "dc0001",
        "919191919100",
    ],
)
def test_what_is_not_read(data):
    with pytest.raises(PacketError):
        unpack(bytes.fromhex(data))


@pytest.mark.parametrize("value", [-1, 2**64])
def test_numbers_that_do_not_fit(value):
    with pytest.raises((ValueError, OverflowError)):
        pack(value)


def test_any_bytes():
    for first in range(256):
        for rest in b"", b"\0" * 9, b"\xff" * 9, b"\x91" * 9:
            try:
                value, end = unpack(bytes((first,)) + rest)
            except PacketError:
                continue
            assert unpack(pack(value))[0] == value and end <= 1 + len(rest)
