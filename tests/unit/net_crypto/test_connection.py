"""Sessions between two peers on the simulated network."""

import pytest

from tests.support.nonces import add_to_nonce
from tests.unit.net_crypto.pair import Peer, both_established, client_and_server, established
from toxpy.net_crypto.connection import KILL_COPIES, OVERTAKEN_MS, SILENT_MS
from toxpy.net_crypto.sender import LAST_PACKETS
from toxpy.net_crypto.transport import MAX_ADDRESSES
from toxpy.net_crypto.window import BUFFER_SIZE
from toxpy.wire.packets import COOKIE_REQUEST, COOKIE_RESPONSE, DATA, HANDSHAKE


def message(number, size=20):
    return bytes([64]) + number.to_bytes(4, "big") + bytes(size - 5)


def test_connect_and_talk_both_ways():
    universe, client, server = established()
    assert client.owner.calls == ["established"]
    assert server.owner.calls == ["attach", "established"]
    assert server.incoming == [(client.identity.public, client.dht.public_key, client.address)]
    numbers = [client.connection.write_lossless(message(i)) for i in range(3)]
    server.connection.write_lossless(b"\xa0answer")
    assert client.connection.send_lossy(b"\xc8lossy")
    assert numbers == [0, 1, 2]
    assert not client.connection.acknowledged(2)
    universe.run_for(150)
    assert server.owner.lossless == [message(i) for i in range(3)]
    assert server.owner.lossy == [b"\xc8lossy"]
    assert client.owner.lossless == [b"\xa0answer"]
    assert all(client.connection.acknowledged(n) for n in numbers)


def test_sizes_of_all_packets():
    universe, client, server = established()
    client.connection.write_lossless(b"\x40" + bytes(1372))
    universe.run_for(100)
    sizes = {
        kind: {len(data) for data in client.sent + server.sent if data[0] == kind}
        for kind in range(0x18, 0x1B)
    }
    assert sizes == {0x18: {145}, 0x19: {161}, 0x1A: {385}}
    data_sizes = {len(data) for data in client.kinds_sent(DATA.kind)}
    assert max(data_sizes) == 1400
    # padding makes every size 1400 minus a multiple of 8
    assert {(1400 - size) % 8 for size in data_sizes} == {0}


def test_established_in_two_round_trips_and_a_half():
    universe, client, server = client_and_server(jitter_ms=0, latency_ms=20)
    began = universe.clock.now_ms
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 5000)
    assert universe.clock.now_ms - began <= 110


def test_simultaneous_open_gives_one_session():
    for seed in range(8):
        universe, client, server = client_and_server(seed, latency_ms=5 * seed, jitter_ms=40)
        client.connect(server)
        universe.run_for(seed * 7)
        server.connect(client)
        assert universe.run_until(lambda c=client, s=server: both_established(c, s), 10_000)
        for peer in (client, server):
            assert len(peer.net) == 1
            assert peer.owner.calls.count("established") == 1
            assert "closed" not in peer.owner.calls
        client.connection.write_lossless(message(1))
        server.connection.write_lossless(message(2))
        universe.run_for(500)
        assert (server.owner.lossless, client.owner.lossless) == ([message(1)], [message(2)])


@pytest.mark.parametrize("both", [False, True])
def test_connects_and_delivers_under_heavy_loss(both):
    for seed in range(6):
        universe, client, server = client_and_server(seed, loss=0.3, duplicate=0.1, jitter_ms=60)
        client.connect(server)
        if both:
            server.connect(client)
        assert universe.run_until(lambda c=client, s=server: both_established(c, s), 30_000)
        sent = [message(i, 30) for i in range(60)]
        for data in sent:
            assert client.connection.write_lossless(data) >= 0
            universe.run_for(20)
        assert universe.run_until(lambda s=server: len(s.owner.lossless) >= 60, 60_000)
        assert server.owner.lossless == sent
        assert universe.run_until(lambda c=client: c.connection.acknowledged(59), 20_000)


def test_one_lost_packet_is_repaired_quickly():
    universe, client, server = established(jitter_ms=0)
    for i in range(5):
        client.connection.write_lossless(message(i))
        universe.run_for(60)
    client.socket.online = False
    client.connection.write_lossless(message(5))
    client.socket.online = True
    began = universe.clock.now_ms
    assert universe.run_until(lambda: len(server.owner.lossless) == 6, 5000)
    assert universe.clock.now_ms - began < 500


def test_bulk_is_complete_and_fast():
    universe, client, server = established(jitter_ms=5, loss=0.01)
    sent = [message(i, 1373) for i in range(3000)]
    began, written = universe.clock.now_ms, 0
    while written < len(sent):
        for _ in range(min(client.connection.free_slots(), len(sent) - written)):
            assert client.connection.write_lossless(sent[written]) == written
            written += 1
        universe.step()
    assert universe.run_until(lambda: len(server.owner.lossless) == len(sent), 60_000)
    assert server.owner.lossless == sent
    assert universe.clock.now_ms - began < 20_000
    resent = len(client.kinds_sent(DATA.kind)) - len(sent)
    assert resent < 0.1 * len(sent)


def test_random_loss_does_not_starve_a_stream():
    """300 messages a second are offered for 20 s, and nearly all arrive."""
    universe, client, server = established(loss=0.05)
    began, written = universe.clock.now_ms, 0
    while (elapsed_ms := universe.clock.now_ms - began) < 20_000:
        for _ in range(min(client.connection.free_slots(), elapsed_ms * 3 // 10 - written)):
            client.connection.write_lossless(message(written))
            written += 1
        universe.step()
    assert len(server.owner.lossless) > 5500
    assert server.owner.lossless == [message(i) for i in range(len(server.owner.lossless))]


def test_numbers_and_nonces_wrap():
    universe, client, server = client_and_server(latency_ms=1, jitter_ms=0)
    connection = client.connect(server)
    # the handshake announces this base nonce, and the 16 bits overflow at once
    connection.setup.base_nonce = b"\xff" * 23 + b"\xf0"
    assert universe.run_until(lambda: both_established(client, server), 5000)
    first = 0xFFFFFFFE
    connection.sender.window.start = connection.sender.window.next = connection.sender.window.end = first
    server.connection.receiving.start = server.connection.receiving.end = first
    for i in range(70):
        client.connection.write_lossless(message(i))
        universe.run_for(10)
    assert server.owner.lossless == [message(i) for i in range(70)]
    assert client.connection.acknowledged(first)
    assert client.connection.acknowledged(60)


def test_the_nonce_base_follows_far_ahead():
    universe, client, server = established()
    for _ in range(12):
        # packets that never arrived still used up nonces; past two thirds of the range the base moves
        session = client.connection.session
        session.send_nonce = add_to_nonce(session.send_nonce, 21_500)
        client.connection.send_lossy(b"\xc8" + bytes(4))
        universe.run_for(100)
    assert len(server.owner.lossy) == 12


def test_full_send_buffer_refuses():
    _universe, client, server = established()
    server.stop()
    connection = client.connection
    numbers = [connection.write_lossless(b"\x40") for _ in range(BUFFER_SIZE)]
    assert numbers[-1] == BUFFER_SIZE - 1
    assert connection.write_lossless(b"\x40") == -1
    assert connection.free_slots() == 0
    # only a window full of them is on the wire
    assert len(client.kinds_sent(DATA.kind)) < 200


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"\x0f", b"\x02", b"\xc0", b"\xff", b"\x40" + bytes(1373)],
    ids=lambda d: d[:1].hex(),
)
def test_write_lossless_refuses(data):
    _, client, _ = established()
    assert client.connection.write_lossless(data) == -1


@pytest.mark.parametrize(
    "data", [b"", b"\x10", b"\xbf", b"\xff", b"\xc0" + bytes(1373)], ids=lambda d: d[:1].hex()
)
def test_send_lossy_refuses(data):
    _, client, _ = established()
    assert client.connection.send_lossy(data) is False


def test_nothing_is_written_before_establishment():
    _, client, server = client_and_server()
    connection = client.connect(server)
    assert connection.write_lossless(b"\x40hi") == -1
    assert connection.send_lossy(b"\xc8") is False
    assert connection.free_slots() == 0
    assert not connection.is_direct


def test_kill_reaches_the_peer():
    universe, client, server = established()
    connection = client.connection
    connection.kill()
    universe.run_for(100)
    assert server.owner.calls == ["attach", "established", "closed"]
    assert client.owner.calls == ["established"]
    assert (len(client.net), len(server.net)) == (0, 0)
    assert connection.write_lossless(b"\x40") == -1
    universe.run_for(60_000)
    assert client.rt.timers.next_deadline_ms() is None
    assert server.rt.timers.next_deadline_ms() is None


def test_what_was_said_last_comes_before_the_kill():
    """Also what the window had no room for; c-toxcore ends a session at its kill packet."""
    universe, client, server = established(jitter_ms=0)
    connection = client.connection
    connection.sender.congestion.limit = 1
    # one is lost
    universe.loss = 1
    connection.write_lossless(message(0))
    universe.loss = 0
    for i in range(1, LAST_PACKETS):
        connection.write_lossless(message(i))
    connection.kill()
    universe.run_for(100)
    assert server.owner.lossless == [message(i) for i in range(LAST_PACKETS)]
    assert server.owner.calls[-1] == "closed"


def test_a_peer_that_is_silent_is_told_only_that_it_is_over():
    universe, client, server = established()
    server.stop()
    for i in range(5):
        client.connection.write_lossless(message(i))
    universe.run_for(SILENT_MS)
    sent = len(client.sent)
    client.connection.kill()
    assert len(client.sent) - sent == KILL_COPIES


def test_a_kill_packet_that_overtook_others_waits_for_them():
    universe, client, server = established(jitter_ms=0)
    connection = client.connection
    latency_ms, universe.latency_ms = universe.latency_ms, universe.latency_ms + OVERTAKEN_MS // 2
    for i in range(3):
        connection.write_lossless(message(i))
    universe.latency_ms = latency_ms
    connection.sender.window.packets.clear()
    connection.kill()
    universe.run_for(latency_ms)
    assert server.owner.lossless == [] and server.connection.is_established
    universe.run_for(OVERTAKEN_MS)
    assert server.owner.lossless == [message(0), message(1), message(2)]
    assert server.owner.calls == ["attach", "established", "closed"]


def test_a_kill_packet_does_not_wait_long():
    universe, client, server = established(jitter_ms=0)
    connection = client.connection
    universe.loss = 1
    connection.write_lossless(message(0))
    universe.loss = 0
    connection.sender.window.packets.clear()
    connection.kill()
    universe.run_for(universe.latency_ms + OVERTAKEN_MS + 5)
    assert server.owner.lossless == [] and server.owner.calls[-1] == "closed"
    universe.run_for(60_000)
    assert server.rt.timers.next_deadline_ms() is None


def test_owner_may_kill_while_it_gets_packets():
    universe, client, server = established()
    server.owner.then = lambda data: server.connection.kill()
    for i in range(3):
        client.connection.write_lossless(message(i))
    universe.run_for(200)
    assert server.owner.lossless == [message(0)]
    assert "closed" in client.owner.calls


def test_silent_peer_exhausts_eight_tries():
    universe, client, server = client_and_server()
    server.stop()
    client.connect(server)
    began = universe.clock.now_ms
    assert universe.run_until(lambda: "closed" in client.owner.calls, 20_000)
    assert 7900 <= universe.clock.now_ms - began <= 8200
    assert len(client.kinds_sent(COOKIE_REQUEST.kind)) == 8
    assert len(client.net) == 0
    assert client.rt.timers.next_deadline_ms() is None


def test_no_address_means_no_timer():
    universe, client, server = client_and_server()
    client.net.connect(server.identity.public, server.dht.public_key, client.owner)
    assert client.rt.timers.next_deadline_ms() is None
    universe.run_for(30_000)
    assert (client.sent, client.owner.calls) == ([], [])


def test_idle_connection_stays_direct_with_few_packets():
    universe, client, server = established()
    universe.run_for(500)
    before = len(client.sent)
    universe.run_for(60_000)
    assert client.connection.is_direct
    assert client.connection.address == server.address
    assert len(client.sent) - before <= 31
    server.stop()
    universe.run_for(9_000)
    assert not client.connection.is_direct
    assert client.connection.address is None
    assert client.connection.is_established


def test_restarted_peer_replaces_its_session():
    universe, client, server = established()
    client.stop()
    reborn = Peer(universe, "reborn", identity=client.identity)
    reborn.connect(server)
    assert universe.run_until(lambda: reborn.connection.is_established, 5000)
    universe.run_for(200)
    assert server.owner.calls == ["attach", "established", "closed", "attach", "established"]
    assert len(server.net) == 1
    server.connection.write_lossless(b"\x40again")
    universe.run_for(100)
    assert reborn.owner.lossless == [b"\x40again"]


def test_restarted_peer_at_the_same_address():
    universe, client, server = established()
    client.stop()
    client.socket.online = True
    reborn = Peer(universe, "reborn", identity=client.identity, socket=client.socket)
    reborn.connect(server)
    assert universe.run_until(lambda: reborn.connection.is_established, 5000)
    assert len(server.net) == 1


def test_peer_that_lost_its_session_gets_a_new_one_when_we_heard_nothing():
    universe, client, server = established()
    client.connection.close(notify=False)
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 8000)
    assert server.owner.calls == ["attach", "established", "closed", "attach", "established"]


def test_another_peer_at_the_address_of_an_old_session():
    universe, client, server = established()
    client.stop()
    client.socket.online = True
    other = Peer(universe, "other", socket=client.socket)
    other.connect(server)
    assert universe.run_until(lambda: other.connection.is_established, 5000)
    server.connection.write_lossless(b"\x40hello")
    universe.run_for(100)
    assert other.owner.lossless == [b"\x40hello"]


def test_owner_that_reconnects_in_on_closed():
    universe, client, server = established()

    def reconnect():
        server.owner.calls.append("closed")
        begun = server.net.connect(client.identity.public, client.dht.public_key, server.owner)
        begun.set_address((b"\x09\x09\x09\x09", 9))

    server.owner.on_closed = reconnect
    client.stop()
    reborn = Peer(universe, "reborn", identity=client.identity)
    reborn.connect(server)
    assert universe.run_until(lambda: reborn.connection.is_established, 5000)
    assert len(server.net) == 1
    assert server.net.connection(client.identity.public) is server.connection
    universe.run_for(12_000)
    # the attempt that was begun in between is gone without a word
    assert server.owner.calls.count("closed") == 1
    assert len(server.net.routes.by_address) == 1


def test_peer_that_begins_anew_during_the_handshake():
    universe, client, server = client_and_server(jitter_ms=0)
    client.connect(server)
    assert universe.run_until(lambda: server.connection is not None, 1000)
    # our answer gets lost, and the peer starts over with another session key
    universe.in_flight.clear()
    client.connection.close(notify=False)
    client.connect(server)
    began = universe.clock.now_ms
    assert universe.run_until(lambda: both_established(client, server), 5000)
    assert universe.clock.now_ms - began <= 110
    assert server.owner.calls == ["attach", "established"]


def test_moved_peer_is_followed_once_its_address_is_known():
    universe, client, server = established()
    moved = universe.socket()
    client.stop()
    universe.add(client, moved)
    client.socket = moved
    server.connection.set_address(moved.address)
    client.connection.write_lossless(b"\x40moved")
    universe.run_for(100)
    assert server.owner.lossless == [b"\x40moved"]
    assert server.connection.address == moved.address
    server.connection.write_lossless(b"\x40followed")
    universe.run_for(100)
    assert client.owner.lossless == [b"\x40followed"]


def test_stranger_address_is_not_taken_from_a_live_session():
    universe, client, server = established()
    third = Peer(universe, "third")
    connection = server.net.connect(third.identity.public, third.dht.public_key, third.owner)
    connection.set_address(client.address)
    client.connection.write_lossless(b"\x40still here")
    universe.run_for(100)
    assert server.owner.lossless == [b"\x40still here"]


def test_addresses_of_a_connection_are_bounded():
    _universe, client, server = established()
    for i in range(50):
        client.connection.set_address((bytes([9, 9, 9, i]), 1))
    assert len(client.connection.transport.addresses) == MAX_ADDRESSES
    assert len(client.net.routes.by_address) == MAX_ADDRESSES
    assert client.connection.address == server.address


def test_connect_twice_returns_the_connection():
    _, client, server = client_and_server()
    first = client.connect(server)
    assert client.connect(server) is first
    assert len(client.net) == 1


def test_request_interval_grows_while_a_hole_stays():
    universe, client, server = established()
    universe.run_for(300)
    # the client announces packets that it will never send
    client.connection.sender.window.next += 5
    client.connection.send_lossy(b"\xc8")
    client.connection.sender.window.next -= 5
    universe.run_for(100)
    client.stop()
    before = len(server.sent)
    universe.run_for(10_000)
    assert 10 <= len(server.sent) - before <= 20


def test_no_packet_kind_sent_beyond_need():
    universe, client, server = established(jitter_ms=0)
    universe.run_for(200)
    everything = client.sent + server.sent
    counts = {kind: sum(d[0] == kind for d in everything) for kind in range(0x18, 0x1C)}
    assert counts[COOKIE_REQUEST.kind] == counts[COOKIE_RESPONSE.kind] == 1
    assert counts[HANDSHAKE.kind] == 2
    # two on each side to confirm the session, one of them perhaps already to show that we live
    assert counts[DATA.kind] <= 5
