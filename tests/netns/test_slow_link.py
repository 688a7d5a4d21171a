"""A file and messages over a slow link. Bounds are generous; `tests.bench.links` measures."""

import time
from pathlib import Path

import pytest

from tests.bench.links import Bench, ToxFlow

pytestmark = pytest.mark.device(path="/dev/net/tun")

#: bits a second, round trip, loss, buffer in bandwidth-delay products
LINK = (4_000_000, 60, 0.0, 4)
SECONDS = 6


def resident_mib(client):
    """Memory of a client's process."""
    status = Path(f"/proc/{client.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@pytest.mark.timeout(200)
@pytest.mark.parametrize("messages", [0, 1], ids=["custom", "messages"])
def test_a_program_that_writes_until_it_is_refused(lab, client_program, messages):
    """It is refused early, what is taken is what the line carries, and a message behind it arrives soon."""
    rate, seconds = 2_000_000, 10
    bench = Bench(lab, (rate, 2, 0.0, 50), client_program, flows=1)
    flow = ToxFlow(bench, 0, "ours-ours")
    try:
        flow.connect()
        time.sleep(2)
        before = resident_mib(flow.alice)
        mark = flow.mark()
        flow.alice.command("flood", seconds, messages)
        refused = int(flow.alice.wait("REFUSED", 10))
        taken = int(flow.alice.wait("TAKEN", seconds + 20))
        latency_ms = int(flow.bob.wait("LATENCY", 60, after=mark)) / 1000
        grown = resident_mib(flow.alice) - before
    finally:
        flow.stop()
    carried = rate / 8 * seconds / 1428
    shown = (refused, taken, latency_ms, grown)
    # messages may fill the first window, which is large where the way is short
    assert refused < (800 if messages else 80), shown
    assert 0.6 * carried < taken < 1.1 * carried + 250, shown
    assert latency_ms < (2000 if messages else 500), shown
    assert grown < 5, shown


@pytest.mark.timeout(200)
def test_a_file_fills_a_slow_link_and_leaves_room(lab, client_program):
    """Most of the link, a queue that is bounded, and messages between the same friends get through."""
    result = Bench(lab, LINK, client_program, flows=1).run("ours-ours", SECONDS)
    assert result["goodput"] > 0.7, result
    assert result["queue_p50_ms"] < 120, result
    assert result["latency_p50_ms"] < 500, result


def test_the_bottleneck_has_the_rate_and_the_queue_it_says(lab):
    """One host sends more than fits: the rate is that of the link, and what does not fit is dropped."""
    rate, rtt_ms = 4_000_000, 100
    bench = Bench(lab, (rate, rtt_ms, 0.0, 1), None, flows=1, nodes=0)
    (sender,), (receiver,) = bench.senders, bench.receivers
    begin_ms = int(time.monotonic() * 1000)
    with sender.socket() as out, receiver.socket() as into:
        for _ in range(300):
            out.sendto(bytes(1000), into.getsockname())
        into.settimeout(1)
        arrived = []
        try:
            while True:
                into.recv(2000)
                arrived.append(time.monotonic())
        except TimeoutError:
            pass
    # 50 kB are 48 packets, and some more leave while the burst comes in
    assert 48 <= len(arrived) < 200
    # the buffer takes 100 ms to empty
    assert arrived[-1] - arrived[0] > 0.07
    bench.link.lines.wait(lambda: bench.link.samples[-1]["at_ms"] > begin_ms + 1000, 10, "samples")
    samples = bench.link.between(begin_ms, begin_ms + 1000)
    flows = [sample["flows"].get(sender.address, (0, 0, 0)) for sample in samples]
    assert sum(dropped for _, dropped, _ in flows) == 300 - len(arrived)
    assert 80 < max(max(sample["queue_ms"]) for sample in samples) <= 110
