"""Congestion control: the machine by itself, and real connections over simulated slow links."""

import pytest

from tests.support import universe
from tests.unit.net_crypto.slow_link import DATA, HEADERS, Sender, SlowLink
from toxpy.net_crypto import acknowledgements
from toxpy.net_crypto.congestion import (
    FAST,
    INITIAL_LIMIT,
    INITIAL_WINDOW,
    MAX_RELAYED_WINDOW,
    MAX_WINDOW,
    MIN_TALKING_WINDOW,
    MIN_WINDOW,
    Congestion,
)
from toxpy.runtime import Clock

M = 1_000_000
PACKET_SIZE = 1500


def round_trip(congestion, now_ms, *, rtt_ms=100, lost=0.0, capacity=MAX_WINDOW, wait_ms=None):
    """The whole window is sent and answered `rtt_ms` later, at the time that is returned.

    The first packet of the next one has been under way for `wait_ms` then.
    """
    now_ms += rtt_ms + 1
    sent = int(congestion.window)
    missing = max(int(sent * lost), sent - capacity)
    congestion.on_sample(now_ms, rtt_ms)
    congestion.on_wait(rtt_ms if wait_ms is None else wait_ms, now_ms - rtt_ms)
    congestion.on_news(now_ms, sent - missing, missing, 2 * sent)
    return now_ms


def round_trips(congestion, count, now_ms=0, **how):
    for _ in range(count):
        now_ms = round_trip(congestion, now_ms, **how)
    return now_ms


def test_the_window_doubles_until_losses_show_that_the_path_is_full():
    congestion = Congestion()
    now_ms = round_trips(congestion, 2)
    before = congestion.window
    now_ms = round_trip(congestion, now_ms)
    assert congestion.window == 2 * before
    now_ms = round_trips(congestion, 3, now_ms, lost=0.5)
    # what arrived had still made it larger
    assert congestion.window < 4 * before
    before = congestion.window
    round_trip(congestion, now_ms)
    assert congestion.window < 1.2 * before


def test_the_first_window_depends_on_the_round_trip():
    """As much per round trip, until the first acknowledgement of a peer that writes rarely can be there."""
    windows = []
    for rtt_ms in (1, 20, 200):
        congestion = Congestion()
        congestion.on_sample(100, rtt_ms)
        windows.append(congestion.window)
        # in any case not at once
        assert congestion.pace(100, 0) <= max(INITIAL_LIMIT, windows[-1] / 2)
    assert windows[0] > 10 * windows[1] > windows[2] > INITIAL_WINDOW


def test_the_first_window_is_that_of_the_shortest_way_seen():
    """The first acknowledgement may have waited for 50 ms before it was written."""
    windows = []
    for samples in [(1,), (45, 1), (1, 45), (45,)]:
        congestion = Congestion()
        for number, sample_ms in enumerate(samples):
            congestion.on_sample(1000 * number, sample_ms)
        windows.append(congestion.window)
    assert windows[0] == windows[1] == windows[2] > 10 * windows[3]


def test_the_window_settles_where_it_makes_a_short_queue():
    """A path that takes one packet a millisecond and 100 ms: what is in flight beyond 100 packets waits."""
    congestion = Congestion()
    now_ms, windows = 0, []
    for _ in range(300):
        now_ms = round_trip(congestion, now_ms, rtt_ms=max(100, int(congestion.window)))
        windows.append(congestion.window)
    settled = sorted(windows[100:])
    assert 90 < settled[100] < 150
    assert settled[-1] < 200


def test_acknowledgements_that_come_late_are_no_queue():
    """The peer had everything, and told so 60 ms later."""
    congestion = Congestion()
    now_ms = round_trip(congestion, 0, rtt_ms=1, wait_ms=0)
    for _ in range(40):
        now_ms = round_trip(congestion, now_ms, rtt_ms=60, wait_ms=0)
    assert congestion.window > 3000


def test_a_sudden_queue_is_drained_before_more_is_sent():
    congestion = Congestion()
    now_ms = round_trips(congestion, 3)
    before = congestion.window
    now_ms = round_trip(congestion, now_ms, rtt_ms=200)
    assert congestion.window < before
    assert congestion.pace(now_ms, 0) == 0
    assert congestion.pace(now_ms + 90, 0) == 0
    assert congestion.pace(now_ms + 120, 0) > 0


def test_near_hosts_are_soon_fast_again_after_one_had_to_wait_for_its_turn():
    """The peer acknowledges every 50 ms; once nothing moved for 300."""
    congestion = Congestion()
    now_ms = 0
    for round_number in range(40):
        now_ms += 51
        late_ms = 300 if round_number == 10 else 1
        congestion.on_sample(now_ms, late_ms)
        congestion.on_wait(late_ms, now_ms - late_ms)
        congestion.on_news(now_ms, int(congestion.window), 0, 2 * int(congestion.window))
        if round_number == 9:
            before = congestion.window
        if round_number == 12:
            assert congestion.window < before / 2
    assert congestion.window > 0.8 * before


def test_what_was_carried_grows_step_by_step():
    """A hole that is filled frees at once what came over a longer time."""
    congestion = Congestion()
    congestion.on_news(1000, 100, 0, 100)
    congestion.on_news(1400, 100, 0, 100)
    assert congestion.carried_in_cycles(1) <= congestion.trip.cycle_ms
    before = congestion.carried_in(250)
    congestion.on_news(1800, 10_000, 0, 10_000)
    assert before < congestion.carried_in(250) <= 2 * before + 250 * 1400


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
        now_ms = round_trip(congestion, now_ms, capacity=100)
        windows.append(congestion.window)
    assert max(windows[100:]) < 220
    assert sum(windows[100:]) / 400 > 60


def test_others_who_keep_the_queue_full_do_not_push_us_aside():
    """A queue that stays although the window shrinks; once it is gone the window follows the queue again."""
    congestion = Congestion()
    now_ms = round_trips(congestion, 30)
    alone = congestion.window
    windows = []
    for _ in range(40):
        now_ms = round_trip(congestion, now_ms, rtt_ms=300)
        windows.append(congestion.window)
    assert min(windows) < alone / 2
    assert windows[-1] > alone / 4
    now_ms = round_trips(congestion, 80, now_ms)
    before = congestion.window
    round_trips(congestion, 2, now_ms, rtt_ms=250)
    assert congestion.window < 0.8 * before


def test_a_peer_that_acknowledges_rarely_is_not_flooded():
    """It tells late of what did not fit into its socket."""
    congestion = Congestion()
    now_ms = 0
    for _ in range(20):
        now_ms += 51
        congestion.on_sample(now_ms, 1)
        congestion.on_wait(1, now_ms - 1)
        congestion.on_news(now_ms, int(congestion.window), 0, 2 * int(congestion.window))
    assert 0.8 * FAST < congestion.window / congestion.trip.cycle_ms < 1.5 * FAST


def test_through_a_relay_delay_means_nothing_and_the_window_has_a_limit():
    congestion = Congestion()
    congestion.on_new_way(relayed=True)
    now_ms = round_trips(congestion, 5)
    round_trips(congestion, 20, now_ms, rtt_ms=400)
    assert congestion.window == MAX_RELAYED_WINDOW
    assert congestion.pace(0, 0) == MAX_RELAYED_WINDOW
    assert not congestion.is_pacing()


def test_another_way_begins_with_a_small_window():
    congestion = Congestion()
    round_trips(congestion, 8)
    assert congestion.window > 1000
    congestion.on_new_way(relayed=False)
    assert congestion.window == INITIAL_WINDOW


def test_an_unused_window_does_not_change():
    congestion = Congestion()
    congestion.on_sample(0, 20)
    before = congestion.window
    for number in range(50):
        congestion.on_sample(100 * number, 20)
        congestion.on_news(100 * number, 3, 0, 3)
    congestion.on_timeout(1)
    congestion.on_timeout(1)
    assert congestion.window == before


def test_silence_shrinks_a_window_that_is_in_use():
    congestion = Congestion()
    round_trips(congestion, 3)
    before = congestion.window
    congestion.on_timeout(int(before))
    assert congestion.window == before
    congestion.on_timeout(int(before))
    assert congestion.window == pytest.approx(before * 0.7)
    for _ in range(30):
        congestion.on_timeout(int(before))
    assert congestion.window == MIN_WINDOW
    # somebody speaks
    congestion.least = MIN_TALKING_WINDOW
    for _ in range(5):
        congestion.on_timeout(int(before))
    assert congestion.window == MIN_TALKING_WINDOW


def test_time_raises_the_limit():
    congestion = Congestion()
    now_ms = round_trips(congestion, 3)
    congestion.pace(now_ms, 0)
    congestion.limit, congestion.blocked = 0.0, True
    in_flight, limits = 0, []
    for number in range(1, 60):
        limits.append(congestion.pace(now_ms + 3 * number, in_flight))
        in_flight = int(limits[-1])
    assert limits == sorted(limits)
    assert limits[3] < congestion.window / 2
    assert limits[-1] == congestion.window
    assert not congestion.is_pacing()


def test_the_pace_is_kept_however_often_it_is_asked():
    """A packet leaves as a whole when a part of it is due; the rest is owed."""
    congestion = Congestion()
    now_ms = round_trips(congestion, 30, capacity=20)
    congestion.pace(now_ms, 0)
    congestion.limit, sent = 0.0, 0
    rate = congestion.window / congestion.trip.cycle_ms
    assert rate < 1
    for moment in range(1, 101):
        while sent < congestion.pace(now_ms + moment, sent):
            sent += 1
        congestion.blocked = True
    assert sent <= min(100 * rate, 2 * congestion.window) + 2


def test_a_rare_pass_makes_up_for_the_time_and_a_rest_does_not():
    congestion = Congestion()
    now_ms = round_trips(congestion, 5)
    congestion.pace(now_ms, 0)
    congestion.limit, congestion.blocked = 0.0, True
    late = congestion.pace(now_ms + 40, 0)
    congestion.limit, congestion.blocked = 0.0, False
    rested = congestion.pace(now_ms + 10_000, 0)
    assert late > 3 * rested


# Over a link


@pytest.fixture(autouse=True)
def _fine_time(monkeypatch):
    """Clients that come by every millisecond, as `tox_iteration_interval` says during a transfer."""
    monkeypatch.setattr(universe, "TICK_MS", 1)


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
@pytest.mark.parametrize(
    ("rate", "rtt_ms", "loss", "seconds"),
    [(10 * M, 50, 0.01, 20), (100 * M, 20, 0.0, 4), (1 * M, 200, 0.0, 30)],
)
def test_a_link_is_filled_and_its_queue_is_short(rate, rtt_ms, loss, seconds, bdp):
    link = SlowLink(1, rate, rtt_ms, loss=loss, buffer_bdp=bdp)
    sender = Sender(link, "alice")
    sender.begin()
    link.run_for(3000)
    (goodput,) = goodputs(link, [sender], seconds)
    assert goodput > 0.88
    assert percentile(link.queue_ms, 0.5) < 10 + 0.3 * rtt_ms
    assert percentile(link.queue_ms, 0.95) < 20 + 0.9 * rtt_ms


@pytest.mark.parametrize(("rate", "rtt_ms"), [(10 * M, 50), (1 * M, 200)])
def test_a_peer_that_acknowledges_rarely(rate, rtt_ms, monkeypatch):
    """As c-toxcore does."""
    monkeypatch.setattr(acknowledgements, "ACK_DELAY_MS", 60)
    monkeypatch.setattr(acknowledgements, "ACK_EVERY", 100_000)
    link = SlowLink(1, rate, rtt_ms, buffer_bdp=2)
    sender = Sender(link, "alice")
    sender.begin()
    link.run_for(3000)
    (goodput,) = goodputs(link, [sender], 10)
    assert goodput > 0.85
    assert percentile(link.queue_ms, 0.5) < 10 + 0.4 * rtt_ms


class RarePasses(Sender):
    """Its program writes for 60 ms before it lets it iterate again."""

    def begin(self, after_ms=0):
        self.passed_ms = self.link.clock.now_ms
        self.windows = []
        super().begin(after_ms)

    def _pass(self):
        clock, passed_ms = self.link.clock, self.passed_ms
        if clock.now_ms - passed_ms >= 60:
            self.passed_ms = clock.now_ms
            clock.late_ms = clock.now_ms - 1 - passed_ms
            self.iterate()
            clock.late_ms = 0
            self.windows.append(self.client.connection.sender.congestion.window)
        self._fill()


def test_who_reads_an_acknowledgement_late_sees_no_queue_in_that():
    """Near hosts, a line with room for all of it."""
    link = SlowLink(1, 1000 * M, 2, buffer_bdp=100)
    sender = RarePasses(link, "alice")
    sender.begin()
    link.run_for(3000)
    assert sender.windows == sorted(sender.windows)
    assert sender.windows[-1] > 1000
    # nor is the way longer
    trip = sender.client.connection.sender.congestion.trip
    assert trip.recent_ms == trip.base_ms


def test_a_pass_tells_how_late_it_may_be():
    class Readings(Clock):
        moments = iter([100, 110, 155, 160, 161, 200])

        def update(self):
            self.now_ms = next(self.moments)

    clock = Readings()
    clock.begin_pass()
    assert (clock.now_ms, clock.late_ms) == (110, 0)
    # a call between two passes
    clock.update()
    clock.begin_pass()
    assert (clock.now_ms, clock.late_ms) == (160, 45)
    # the program did nothing but wait
    clock.begin_pass()
    assert (clock.now_ms, clock.late_ms) == (161, 0)
    clock.begin_pass()
    assert (clock.now_ms, clock.late_ms) == (200, 0)


@pytest.mark.parametrize("bdp", [1, 10])
@pytest.mark.parametrize(("rate", "rtt_ms"), [(10 * M, 50), (1 * M, 200)])
def test_two_flows_share_a_link(rate, rtt_ms, bdp):
    """The second begins three seconds later."""
    link = SlowLink(1, rate, rtt_ms, buffer_bdp=bdp)
    senders = [Sender(link, name) for name in ("alice", "carol")]
    for number, sender in enumerate(senders):
        sender.begin(3000 * number)
    link.run_for(10_000)
    shares = goodputs(link, senders, 20)
    assert sum(shares) > 0.85
    assert sum(shares) ** 2 / 2 / sum(share * share for share in shares) > 0.9


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
    assert percentile(latencies, 0.5) < 300


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
