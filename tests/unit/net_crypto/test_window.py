"""Known answers for gap lists, and the edges of the windows."""

import pytest

from toxpy.net_crypto.congestion import MAX_TIMEOUT_MS, MIN_TIMEOUT_MS, MIN_WINDOW, Congestion
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


def test_slow_start_ends_at_the_first_loss():
    congestion = Congestion()
    congestion.on_sample(100)
    congestion.on_news(0, 64, 0, 64)
    assert congestion.window == 128
    congestion.on_news(50, 10, 1, 128)
    assert congestion.window == 138
    congestion.on_news(60, 100, 0, 138)
    assert congestion.window == pytest.approx(138 + 100 / 138 + 100 / 32)


def test_window_shrinks_once_per_round_trip_and_only_for_many_losses():
    congestion = Congestion()
    congestion.on_sample(100)
    congestion.on_news(0, 0, 0, 0)
    congestion.on_news(1000, 40, 10, 30)
    assert congestion.window == pytest.approx(64 * 0.7)
    congestion.on_news(1050, 40, 10, 20)
    assert congestion.window == pytest.approx(64 * 0.7)
    congestion.on_news(1101, 0, 60, 20)
    assert congestion.window == pytest.approx(64 * 0.35)
    for i in range(100):
        congestion.on_news(2000 + 200 * i, 1, 50, 1)
    assert congestion.window == MIN_WINDOW
    for i in range(100):
        congestion.on_news(50_000 + 200 * i, 95, 5, 100)
    assert congestion.window > 64


def test_loss_that_a_smaller_window_does_not_cure_is_noise():
    congestion = Congestion()
    congestion.on_sample(100)
    for i in range(200):
        sent = int(congestion.window)
        congestion.on_news(200 * i, sent * 7 // 10, sent * 3 // 10, sent)
    assert congestion.window > 1000


def test_loss_by_a_full_path_never_becomes_noise():
    """A path for 100 packets: what is beyond is lost, and the window stays about there."""
    congestion = Congestion()
    congestion.on_sample(100)
    windows = []
    for i in range(500):
        sent = int(congestion.window)
        congestion.on_news(200 * i, min(sent, 100), max(0, sent - 100), sent)
        windows.append(congestion.window)
    assert max(windows[100:]) < 170
    assert min(windows[100:]) > 60


def test_unused_window_does_not_change():
    congestion = Congestion()
    congestion.on_news(0, 3, 0, 3)
    congestion.on_timeout(1)
    assert congestion.window == 64


def test_timeout_backs_off_and_recovers():
    congestion = Congestion()
    for _ in range(50):
        congestion.on_sample(20)
    assert congestion.timeout_ms == MIN_TIMEOUT_MS
    congestion.on_timeout(64)
    assert congestion.window == 64
    assert congestion.timeout_ms == 2 * MIN_TIMEOUT_MS
    congestion.on_timeout(64)
    assert congestion.window == pytest.approx(64 * 0.7)
    for _ in range(10):
        congestion.on_timeout(64)
    assert congestion.timeout_ms == MAX_TIMEOUT_MS
    congestion.on_news(0, 1, 0, 1)
    assert congestion.timeout_ms == MIN_TIMEOUT_MS
