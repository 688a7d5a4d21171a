"""Known answers for gap lists, and the edges of the windows."""

import pytest

from toxpy.net_crypto.window import BUFFER_SIZE, ReceiveWindow, SendWindow


def receiving(present, end):
    window = ReceiveWindow()
    for number in present:
        window.accept(number, b"")
    window.exists_up_to(end)
    return window


@pytest.mark.parametrize(
    ("present", "end", "gaps"),
    [
        ([], 0, []),
        ([], 1, [1]),
        ([], 3, [1, 1, 1]),
        ([1, 2], 4, [1, 3]),
        ([0, 1, 3], 4, [1]),
        (range(1, 255), 256, [1, 255]),
        (range(1, 256), 257, [1, 0, 1]),
        (range(1, 511), 512, [1, 0, 0, 1]),
        (range(1, 300), 301, [1, 0, 45]),
    ],
)
def test_gap_list_known_answers(present, end, gaps):
    assert list(receiving(present, end).gaps(1372)) == gaps


def test_gap_list_is_cut():
    assert len(receiving([], 2000).gaps(1372)) == 1372


def test_young_packets_are_not_repeated():
    window = SendWindow()
    for _ in range(2):
        window.add(b"x")
    window.take(1000)
    window.take(1050)
    assert window.request(b"\x01\x01", 1110, 100) == (0, 1)
    assert list(window.pending) == [0]
    assert window.take(1110) == (0, b"x")
    # the copy is young now, and the other one still is
    assert window.request(b"\x01\x01", 1149, 100) == (0, 0)
    assert window.request(b"\x01\x01", 1150, 100) == (0, 1)


def test_samples_only_from_packets_sent_once():
    window = SendWindow()
    for _ in range(3):
        window.add(b"x")
        window.take(1000)
    assert window.repeat_oldest()
    window.take(1200)
    assert window.acknowledge(1) == 1
    assert window.sample_sent_ms == -1
    assert window.acknowledge(2) == 1
    assert window.sample_sent_ms == 1000
    assert window.request(b"", 2000, 0) == (0, 0)
    assert window.sample_sent_ms == -1


def test_full_window():
    window = SendWindow(7)
    for _ in range(BUFFER_SIZE):
        assert window.add(b"") >= 0
    assert (window.add(b""), window.free()) == (-1, 0)
    window.take(0)
    window.acknowledge(8)
    assert window.add(b"") == 7 + BUFFER_SIZE


def test_receive_window_bounds():
    window = ReceiveWindow()
    assert window.accept(BUFFER_SIZE, b"") is None
    assert window.accept(BUFFER_SIZE - 1, b"") == ()
    assert window.accept(BUFFER_SIZE - 1, b"") is None
    assert window.accept(0xFFFFFFFF, b"") is None
    window.exists_up_to(BUFFER_SIZE + 1)
    assert window.end == BUFFER_SIZE


def test_when_the_first_missing_packet_was_sent():
    window = SendWindow()
    assert window.missing_sent_ms() == -1
    window.add(b"1")
    assert window.missing_sent_ms() == -1
    window.take(5)
    window.add_sent(b"2", 7)
    assert window.missing_sent_ms() == 5
    assert window.acknowledge(1) == 1
    assert window.missing_sent_ms() == 7
    assert window.repeat_oldest()
    assert window.missing_sent_ms() == -1
    window.take(9)
    assert window.missing_sent_ms() == -1
