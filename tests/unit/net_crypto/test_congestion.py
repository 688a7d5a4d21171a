"""Congestion control: the machine by itself, and real connections over simulated slow links."""

import pytest

from tests.unit.net_crypto.slow_link import DATA, HEADERS, Sender, SlowLink
from toxpy.net_crypto import connection as connection_module
from toxpy.net_crypto.congestion import (
    INITIAL_WINDOW,
    MAX_TIMEOUT_MS,
    MAX_WINDOW,
    MIN_TIMEOUT_MS,
    REMEASURE_MS,
    Congestion,
)

M = 1_000_000
PACKET_SIZE = 1500


def round_trips(congestion, count, *, rtt_ms=100, start_ms=0, lost=0.0, capacity=MAX_WINDOW):
    """So many round trips in which the whole window is sent and answered at once."""
    for number in range(1, count + 1):
        now_ms = start_ms + number * (rtt_ms + 1)
        sent = int(congestion.window)
        missing = max(int(sent * lost), sent - capacity)
        congestion.on_sample(now_ms, rtt_ms)
        congestion.on_news(now_ms, sent - missing, missing, sent)
    return start_ms + count * (rtt_ms + 1)


def test_the_window_doubles_until_losses_show_that_the_path_is_full():
    congestion = Congestion()
    round_trips(congestion, 3)
    assert congestion.window == 8 * INITIAL_WINDOW
    round_trips(congestion, 1, start_ms=1000, lost=0.5)
    # what arrived had still made it larger
    assert congestion.window == 12 * INITIAL_WINDOW * 0.5
    before = congestion.window
    round_trips(congestion, 1, start_ms=2000)
    assert congestion.window < 1.5 * before


def test_the_window_settles_where_it_makes_a_short_queue():
    """A path that takes one packet a millisecond and 100 ms: what is in flight beyond 100 packets waits."""
    congestion = Congestion()
    now_ms, windows = 0, []
    for _ in range(200):
        now_ms = round_trips(congestion, 1, rtt_ms=max(100, int(congestion.window)), start_ms=now_ms)
        windows.append(congestion.window)
    settled = sorted(windows[50:])
    assert 100 < settled[75] < 150
    assert settled[-1] < 200


def test_loss_that_a_smaller_window_does_not_cure_is_noise():
    congestion = Congestion()
    round_trips(congestion, 300, lost=0.3)
    assert congestion.window > 300


def test_loss_by_a_full_path_never_becomes_noise():
    """A path for 100 packets: what is beyond is lost, and the window stays about there."""
    congestion = Congestion()
    windows = []
    now_ms = 0
    for _ in range(500):
        now_ms = round_trips(congestion, 1, start_ms=now_ms, capacity=100)
        windows.append(congestion.window)
    assert max(windows[100:]) < 220
    assert sum(windows[100:]) / 400 > 60


def settled():
    """Alone on a path that takes one packet a millisecond and 100 ms: (machine, now)."""
    congestion, now_ms = Congestion(), 0
    for _ in range(60):
        now_ms = round_trips(congestion, 1, rtt_ms=max(100, int(congestion.window)), start_ms=now_ms)
    return congestion, now_ms


def test_others_who_keep_the_queue_full_do_not_push_us_aside():
    """A queue that stays although the window shrinks; once it is gone the old target is back."""
    congestion, now_ms = settled()
    alone = congestion.window
    now_ms = round_trips(congestion, 13, rtt_ms=300, start_ms=now_ms)
    assert congestion.window > alone / 3
    now_ms = round_trips(congestion, 5, start_ms=now_ms)
    before = congestion.window
    round_trips(congestion, 2, rtt_ms=250, start_ms=now_ms)
    assert congestion.window < 0.8 * before


def test_the_shortest_round_trip_is_measured_again():
    """The path became longer: for a moment little is sent, and then the longer one is the measure."""
    congestion = Congestion()
    now_ms = round_trips(congestion, 8)
    windows = []
    for _ in range(REMEASURE_MS * 2 // 150):
        now_ms = round_trips(congestion, 1, rtt_ms=150, start_ms=now_ms)
        windows.append(congestion.window)
    assert any(later < earlier / 3 for earlier, later in zip(windows, windows[1:], strict=False))
    assert congestion.window > 2 * min(windows)


def test_an_unused_window_does_not_change():
    congestion = Congestion()
    for number in range(50):
        congestion.on_sample(0, 20)
        congestion.on_news(100 * number, 3, 0, 3)
    congestion.on_timeout(1)
    assert congestion.window == INITIAL_WINDOW


def test_time_raises_the_limit_to_the_window():
    congestion = Congestion()
    assert congestion.pace(0, 0) == INITIAL_WINDOW
    now_ms = round_trips(congestion, 3)
    window = congestion.window
    congestion.pace(now_ms, 0)
    congestion.blocked = True
    in_flight, limits = 0, []
    for number in range(1, 40):
        limits.append(congestion.pace(now_ms + 3 * number, in_flight))
        in_flight = int(limits[-1])
    assert limits == sorted(limits)
    assert limits[3] < window / 2
    assert limits[-1] == window
    assert not congestion.is_pacing()


def test_a_rare_pass_makes_up_for_the_time_and_a_rest_does_not():
    congestion = Congestion()
    now_ms = round_trips(congestion, 3)
    congestion.pace(now_ms, 0)
    congestion.limit, congestion.blocked = 0.0, True
    late = congestion.pace(now_ms + 40, 0)
    congestion.limit, congestion.blocked = 0.0, False
    rested = congestion.pace(now_ms + 10_000, 0)
    assert late > 3 * rested


def test_timeout_backs_off_and_recovers():
    congestion = Congestion()
    for _ in range(50):
        congestion.on_sample(0, 20)
    assert congestion.timeout_ms == MIN_TIMEOUT_MS
    congestion.on_timeout(64)
    assert congestion.window == INITIAL_WINDOW
    assert congestion.timeout_ms == 2 * MIN_TIMEOUT_MS
    congestion.on_timeout(64)
    assert congestion.window == pytest.approx(INITIAL_WINDOW * 0.7)
    for _ in range(10):
        congestion.on_timeout(64)
    assert congestion.timeout_ms == MAX_TIMEOUT_MS
    congestion.on_news(0, 1, 0, 1)
    assert congestion.timeout_ms == MIN_TIMEOUT_MS


# Over a link


def percentile(values, share):
    return sorted(values)[int(len(values) * share)]


def goodputs(link, senders, seconds):
    """What each delivered, as a share of the link's rate."""
    before = [sender.received for sender in senders]
    link.queue_ms.clear()
    link.run_for(seconds * 1000)
    bytes_ = [(sender.received - was) * len(DATA) for sender, was in zip(senders, before, strict=True)]
    return [count / seconds / 1000 / link.bytes_per_ms for count in bytes_]


@pytest.mark.parametrize("bdp", [1, 10])
@pytest.mark.parametrize(("rate", "rtt_ms", "loss", "seconds"),
                         [(10 * M, 50, 0.01, 10), (100 * M, 20, 0.0, 2), (1 * M, 200, 0.0, 20)])
def test_a_link_is_filled_and_its_queue_is_short(rate, rtt_ms, loss, seconds, bdp):
    link = SlowLink(1, rate, rtt_ms, loss=loss, buffer_bdp=bdp)
    sender = Sender(link, "alice")
    sender.begin()
    link.run_for(3000)
    (goodput,) = goodputs(link, [sender], seconds)
    assert goodput > 0.8
    assert percentile(link.queue_ms, 0.5) < 20 + 0.8 * rtt_ms


@pytest.mark.parametrize(("rate", "rtt_ms"), [(10 * M, 50), (1 * M, 200)])
def test_a_peer_that_acknowledges_rarely(rate, rtt_ms, monkeypatch):
    """As c-toxcore does."""
    monkeypatch.setattr(connection_module, "ACK_DELAY_MS", 60)
    monkeypatch.setattr(connection_module, "ACK_EVERY", 100_000)
    link = SlowLink(1, rate, rtt_ms, buffer_bdp=2)
    sender = Sender(link, "alice")
    sender.begin()
    link.run_for(3000)
    (goodput,) = goodputs(link, [sender], 10)
    assert goodput > 0.7
    assert percentile(link.queue_ms, 0.5) < 20 + 1.2 * rtt_ms


@pytest.mark.parametrize(("rate", "rtt_ms", "bdp"), [(10 * M, 50, 10), (1 * M, 200, 1), (1 * M, 200, 10)])
def test_two_flows_share_a_link(rate, rtt_ms, bdp):
    """The second begins three seconds later."""
    link = SlowLink(1, rate, rtt_ms, buffer_bdp=bdp)
    senders = [Sender(link, name) for name in ("alice", "carol")]
    for number, sender in enumerate(senders):
        sender.begin(3000 * number)
    link.run_for(10_000)
    shares = goodputs(link, senders, 15)
    assert sum(shares) > 0.75
    assert sum(shares) ** 2 / 2 / sum(share * share for share in shares) > 0.85


def test_a_message_does_not_wait_behind_a_file():
    """Between the same two friends: it waits for the path, not for chunks that are not under way yet."""
    link = SlowLink(1, 1 * M, 200, buffer_bdp=10)
    sender = Sender(link, "alice")
    sender.begin()
    link.run_for(8000)
    latencies = []
    for _ in range(20):
        link.run_for(300)
        begin_ms, arrived = link.clock.now_ms, []
        sender.server.owner.lossless.on_other = arrived.append
        sender.client.connection.write_lossless(b"\x40message")
        assert link.run_until(lambda arrived=arrived: arrived, 5000)
        latencies.append(link.clock.now_ms - begin_ms)
    assert percentile(latencies, 0.5) < 500


def test_the_simulated_link_has_the_rate_it_says():
    """The measure itself: packets leave a queue one after the other, and a full one drops."""
    link = SlowLink(1, 1 * M, 100, buffer_bdp=1)
    sender = Sender(link, "alice")
    source = sender.client.address
    link.queue_ms.clear()
    for _ in range(30):
        link.carry(sender.client.socket, sender.server.address, bytes(PACKET_SIZE - HEADERS))
    assert [round(queue) for queue in link.queue_ms[:4]] == [0, 12, 24, 36]
    assert link.dropped == 30 - link.site[source] // PACKET_SIZE
    assert 8 <= link.site[source] // PACKET_SIZE <= 10
