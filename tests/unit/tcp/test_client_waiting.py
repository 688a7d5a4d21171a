"""One TCP client whose relay does not read, or reads late."""

import pytest

from tests.support.fake_streams import pump_all
from tests.support.tcp_stage import FRIEND, confirmed, routed


@pytest.fixture
def stage():
    return confirmed()


def stuck(stage):
    """Nothing leaves any more, and data is refused."""
    routed(stage)
    stage.stream().limit = 0
    count = 0
    while stage.client.send_data(0, bytes(1000)):
        count += 1
        assert count < 100
    assert stage.stream().pending() > 65_536
    return count


def test_data_is_refused_while_much_waits(stage):
    count = stuck(stage)
    assert not stage.client.send_onion(b"x") and not stage.client.send_oob(FRIEND, b"x")
    assert stage.client.send_routing_request(bytes(32))
    stage.stream().limit = None
    pump_all(stage.relay.stream)
    assert len(stage.relay.heard(16)) == count
    assert stage.client.send_data(0, b"x")


def test_important_frames_wait_in_order_and_within_bounds(stage):
    stuck(stage)
    asked = []
    while len(asked) < 10_000:
        key = len(asked).to_bytes(32, "big")
        if not stage.client.send_routing_request(key):
            break
        asked.append(key)
    assert len(asked) < 5000
    assert stage.rt.counters.values["drop.tcp_unsent_control_full"] == 1
    assert not stage.client.send_disconnect(0)
    most = stage.stream().pending()
    # a relay that asks and never reads costs nothing more
    for _ in range(1000):
        stage.relay.say(b"\x04" + b"12345678")
    assert stage.stream().pending() == most < 2**18
    stage.stream().limit = None
    pump_all(stage.relay.stream)
    assert stage.relay.heard(0) == [FRIEND, *asked]
    assert stage.client.is_connected()


def test_nothing_overtakes_what_waits(stage):
    stuck(stage)
    keys = [n.to_bytes(32, "big") for n in range(4000)]
    asked = [key for key in keys if stage.client.send_routing_request(key)]
    assert len(asked) < 4000
    # there is room again, but nobody was told yet
    stage.stream().limit = 100_000
    stage.relay.stream.pump()
    assert 0 < stage.stream().pending() < 131_072
    assert not stage.client.send_disconnect(0)
    pump_all(stage.relay.stream)
    assert stage.client.send_disconnect(0)
    pump_all(stage.relay.stream)
    assert stage.relay.heard(0) == [FRIEND, *asked]


def test_a_ping_that_has_to_wait_arrives(stage):
    stuck(stage)
    while stage.client.send_routing_request(bytes(32)) and stage.stream().pending() < 196_000:
        pass
    stage.wait(30_000)
    stage.wait(9000)
    stage.stream().limit = None
    stage.wait(0)
    stage.wait(100_000)
    assert stage.client.is_connected()


def test_a_relay_that_does_not_read_gets_no_more_data(stage):
    routed(stage)
    client, relay = stage.client, stage.relay
    relay.pongs = False
    sent = 0
    while client.has_room():
        assert client.send_data(0, bytes(1000))
        sent += 1
        assert sent < 100
    assert 48 <= sent <= 50
    pump_all(relay.stream)
    pings = [frame[1:] for frame in relay.frames if frame[0] == 4]
    # one when it was confirmed, and one behind every 12 KiB
    assert len(pings) == 4 and stage.owner.take() == []
    relay.pongs = True
    relay.say(b"\x05" + pings[-1])
    # that much was read; more pings tell of the rest
    assert client.has_room() and stage.owner.take() == [("room",)]
    stage.wait(0)
    assert stage.owner.take() == []
    more = 0
    while client.has_room():
        assert client.send_data(0, bytes(1000))
        more += 1
        assert more < 100
    assert more >= 30
    # nothing comes for forty seconds: that relay is of no use
    relay.pongs = False
    stage.wait(39_000)
    assert client.is_connected()
    stage.wait(2_000)
    name, *reason = stage.owner.take()[-1]
    assert (name, reason) == ("closed", ["relay did not answer a ping within 40 s"])


def test_no_room_is_no_end_without_a_ping(stage):
    # less than asks for a ping was sent, and the relay has no more room: only a ping can tell when it has
    routed(stage)
    stage.relay.pongs = False
    assert stage.client.send_data(0, bytes(1000))
    stage.stream().window_size = 0
    stage.client._backlog._allowed = 0
    before = sum(frame[0] == 4 for frame in stage.relay.frames)
    assert not stage.client.has_room() and not stage.client.has_room()
    pump_all(stage.relay.stream)
    assert sum(frame[0] == 4 for frame in stage.relay.frames) == before + 1


def test_a_relay_that_stopped_in_a_long_backlog_is_filled(stage):
    routed(stage)
    client, relay, stream = stage.client, stage.relay, stage.stream()
    stream.window_size = 1 << 20
    relay.pongs = False
    backlog = client._backlog
    backlog.limit = 1 << 20
    for _ in range(70):
        assert client.has_room() and client.send_data(0, bytes(1000))
        pump_all(relay.stream)
    assert backlog.is_long() and not [frame for frame in relay.frames if frame[0] == 6]
    stage.wait(1000)
    # room for the data there is, and when there is none two packets to nobody, more than any frame together
    fillers = [frame for frame in relay.frames if frame[0] == 6]
    assert ("room",) in stage.owner.take()
    assert 2 * 2 <= len(fillers) <= 2 * 6
    assert all(len(frame) == 33 + 1024 for frame in fillers)
    assert len({frame[1:33] for frame in fillers}) == len(fillers)
    # its kernel has no room for a fill: it would only wait in ours
    stream.window_size = 1000
    stage.wait(5000)
    assert len([frame for frame in relay.frames if frame[0] == 6]) == len(fillers)
    # it goes on, and everything was read
    relay.pongs = True
    relay.say(b"\x05" + list(backlog.pings)[-1])
    assert not backlog.is_long() and client.is_connected()


def test_a_ping_read_in_a_long_backlog_is_answered(stage):
    routed(stage)
    client, relay = stage.client, stage.relay
    stage.stream().window_size = 1 << 20
    relay.pongs = False
    client._backlog.limit = 1 << 20
    for _ in range(90):
        assert client.has_room() and client.send_data(0, bytes(1000))
        pump_all(relay.stream)
    relay.say(b"\x05" + next(iter(client._backlog.pings)))
    assert client._backlog.is_long()
    assert len([frame for frame in relay.frames if frame[0] == 6]) == 2
