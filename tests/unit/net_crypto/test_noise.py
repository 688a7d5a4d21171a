"""Sessions with Noise between two peers on the simulated network."""

import pytest

from tests.support.secrets import record_keys
from tests.unit.net_crypto.noise_pair import established_with_noise, speaking, use
from tests.unit.net_crypto.pair import Peer, both_established, client_and_server
from tests.unit.net_crypto.test_connection import message
from tests.unit.net_crypto.test_setup import secrets_in
from toxpy.net_crypto.connection import SILENT_MS
from toxpy.net_crypto.handshake import LEGACY, NOISE_IK
from toxpy.net_crypto.setup import MAX_TRIES, TRY_INTERVAL_MS
from toxpy.wire.packets import DATA, HANDSHAKE, NOISE_HANDSHAKE

NOISE = NOISE_HANDSHAKE.kind
ELSEWHERE = b"\x09\x09\x09\x09", 9


def versions(*peers):
    return [peer.connection.version for peer in peers]


def talk(universe, client, server):
    """One message each way arrives, and nothing else."""
    client.connection.write_lossless(message(1))
    server.connection.write_lossless(message(2))
    universe.run_for(5000)
    assert (server.owner.lossless, client.owner.lossless) == ([message(1)], [message(2)])


def test_connect_and_talk_both_ways():
    universe, client, server = established_with_noise()
    assert versions(client, server) == [NOISE_IK, NOISE_IK]
    assert client.owner.calls == ["established"]
    assert server.owner.calls == ["attach", "established"]
    assert client.rules.established == [(server.identity.public, NOISE_IK)]
    assert server.rules.established == [(client.identity.public, NOISE_IK)]
    talk(universe, client, server)
    assert not client.rules.refused and not server.rules.refused


def test_sizes_of_all_packets():
    _, client, server = established_with_noise(jitter_ms=0)
    sizes = [
        (kind, {len(data) for data in peer.kinds_sent(kind)})
        for peer in (client, server)
        for kind in (0x18, 0x19, 0x1A, 0x1C)
    ]
    assert sizes == [
        (0x18, {145}), (0x19, set()), (0x1A, set()), (0x1C, {322}),
        (0x18, set()), (0x19, {161}), (0x1A, set()), (0x1C, {162}),
    ]  # fmt: skip


def test_established_in_two_round_trips_and_a_half():
    universe, client, server = speaking(jitter_ms=0, latency_ms=20)
    began = universe.clock.now_ms
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 5000)
    assert universe.clock.now_ms - began <= 110


def test_off_is_off():
    """Without a policy the kind belongs to nobody."""
    universe, client, server = client_and_server()
    assert client.udp.handlers[NOISE] is None
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 5000)
    assert versions(client, server) == [LEGACY, LEGACY]
    assert not client.kinds_sent(NOISE) and not server.kinds_sent(NOISE)


def test_the_peer_is_known_before_the_owner_hears():
    universe, client, server = speaking()
    client.owner.on_established = lambda: client.owner.calls.append([*client.rules.established])
    client.connect(server)
    assert universe.run_until(lambda: client.owner.calls, 5000)
    assert client.owner.calls == [[(server.identity.public, NOISE_IK)]]


def test_message_1_alone_makes_nobody_known():
    """Who has our secret can make one for everybody."""
    universe, client, server = speaking()
    client.connect(server)
    assert universe.run_until(lambda: server.connection is not None, 5000)
    client.stop()
    universe.run_for(20_000)
    assert server.owner.calls == ["attach", "closed"]
    assert server.rules.established == []


@pytest.mark.parametrize("seed", range(12))
def test_both_begin_at_once(seed):
    universe, client, server = speaking(seed, latency_ms=5 * seed, jitter_ms=40)
    client.connect(server)
    universe.run_for(seed * 9)
    server.connect(client)
    assert universe.run_until(lambda: both_established(client, server), 10_000)
    assert versions(client, server) == [NOISE_IK, NOISE_IK]
    for peer in (client, server):
        assert len(peer.net) == 1
        assert peer.owner.calls.count("established") == 1 and "closed" not in peer.owner.calls
    talk(universe, client, server)


@pytest.mark.parametrize("greater", [True, False])
def test_the_greater_real_key_stays_the_initiator(greater):
    universe, client, server = speaking(jitter_ms=0)
    if (client.identity.public > server.identity.public) != greater:
        client, server = server, client
    client.connect(server)
    server.connect(client)
    assert universe.run_until(lambda: both_established(client, server), 5000)
    sent = [{len(data) for data in peer.kinds_sent(NOISE)} for peer in (client, server)]
    assert sent == ([{322}, {322, 162}] if greater else [{322, 162}, {322}])


def test_message_1_is_made_once_and_answered_by_the_same_message_2():
    universe, client, server = speaking(jitter_ms=0)
    client.connect(server)
    assert universe.run_until(lambda: client.kinds_sent(NOISE), 5000)
    server.socket.online = False
    universe.run_for(3 * TRY_INTERVAL_MS)
    ours = client.kinds_sent(NOISE)
    assert len(ours) >= 3 and len({*ours}) == 1
    x25519 = server.rt.counters.values.get("x25519", 0)
    for _ in range(5):
        server.inject(ours[0], client.address)
        universe.run_for(300)
    theirs = server.kinds_sent(NOISE)
    assert len(theirs) >= 5 and len({*theirs}) == 1
    assert server.rt.counters.values["x25519"] == x25519 + 4
    assert server.owner.calls == ["attach"]


def test_a_greater_peer_that_waits_for_a_cookie_answers():
    """It may have no way to the other one but that on which message 1 came."""
    universe, client, server = speaking()
    if client.identity.public > server.identity.public:
        client, server = server, client
    server.owner.connection = server.net.connect(client.identity.public, client.dht.public_key, server.owner)
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 5000)
    assert versions(client, server) == [NOISE_IK, NOISE_IK]


def test_a_greater_peer_that_ignores_a_message_1_answers_where_it_came_from():
    universe, client, server = speaking()
    if client.identity.public > server.identity.public:
        client, server = server, client
    wrong = server.net.connect(client.identity.public, client.dht.public_key, server.owner)
    server.owner.connection = wrong
    wrong.set_address(ELSEWHERE)
    cookie = client.net.keys.cookies.make(server.identity.public, server.dht.public_key)
    assert wrong.setup.begin_handshake(cookie, ELSEWHERE)
    wrong._happened("the peer's cookie comes")
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 5000)
    assert versions(client, server) == [NOISE_IK, NOISE_IK]
    assert server.connection.address == client.address


def test_a_message_1_that_crossed_ours_is_too_late_once_there_are_keys():
    universe, client, server = speaking(jitter_ms=0)
    if client.identity.public < server.identity.public:
        client, server = server, client
    carry, held = universe.carry, []

    def hold(source, address, data):
        late = source is server.socket and (data[0] == DATA.kind or (data[0], len(data)) == (NOISE, 322))
        held.append(data) if late else carry(source, address, data)

    universe.carry = hold
    client.connect(server)
    server.connect(client)
    assert universe.run_until(lambda: client.connection.session is not None, 5000)
    session = client.connection.session
    client.inject(next(data for data in held if data[0] == NOISE), server.address)
    assert client.connection.session is session and client.drops("handshake_replayed") == 1
    universe.carry = carry
    assert universe.run_until(lambda: both_established(client, server), 3000)


def test_a_message_1_that_crossed_an_old_handshake_is_too_late_once_that_gave_keys():
    universe, client, server = speaking(server={"begins": False}, jitter_ms=0)
    carry, held = universe.carry, []

    def hold(source, address, data):
        held.append(data) if data[0] in (NOISE, DATA.kind) else carry(source, address, data)

    universe.carry = hold
    client.connect(server)
    server.connect(client)
    assert universe.run_until(lambda: server.connection.session is not None, 5000)
    session = server.connection.session
    server.inject(next(data for data in held if data[0] == NOISE), client.address)
    assert server.connection.session is session and server.drops("handshake_replayed") == 1
    universe.carry = carry
    assert universe.run_until(lambda: both_established(client, server), 3000)
    assert versions(client, server) == [LEGACY, LEGACY]


def test_out_of_band_over_a_relay():
    """Each message comes from somebody who is not connected over that relay yet."""
    universe, client, server = speaking(jitter_ms=0)
    client.connect(server)
    carry, held = universe.carry, []
    universe.carry = lambda source, address, data: (
        held.append(data) if data[0] == NOISE else carry(source, address, data)
    )
    assert universe.run_until(lambda: held, 5000)
    server.net._on_oob(client.dht.public_key, bytes(32), held[0][:-1])
    server.net._on_oob(client.dht.public_key, bytes(32), held.pop(0))
    assert server.drops("noise_size_or_version") == 1
    server.connection.set_address(client.address)
    assert universe.run_until(lambda: any(len(data) == 162 for data in held), 5000)
    answer = next(data for data in held if len(data) == 162)
    client.net._on_oob(bytes(32), bytes(32), answer)
    assert client.drops("noise_answer") == 1 and client.connection.session is None
    client.net._on_oob(server.dht.public_key, bytes(32), answer)
    assert universe.run_until(lambda: both_established(client, server), 5000)
    assert versions(client, server) == [NOISE_IK, NOISE_IK]
    talk(universe, client, server)


# peers of the old kind


@pytest.mark.parametrize("both", [False, True])
def test_a_peer_of_the_old_kind_that_begins(both):
    universe, old, new = client_and_server()
    use(new)
    old.connect(new)
    if both:
        new.connect(old)
    assert universe.run_until(lambda: both_established(old, new), 10_000)
    assert versions(old, new) == [LEGACY, LEGACY]
    assert new.rules.established == [(old.identity.public, LEGACY)]
    assert "closed" not in new.owner.calls
    talk(universe, old, new)


def test_a_peer_of_the_old_kind_that_begins_late():
    """Our message 1 has been under way for some time."""
    universe, old, new = client_and_server()
    use(new)
    new.connect(old)
    universe.run_for(4000)
    assert new.kinds_sent(NOISE)
    old.connect(new)
    assert universe.run_until(lambda: both_established(old, new), 3000)
    assert versions(old, new) == [LEGACY, LEGACY]
    talk(universe, old, new)


def test_the_old_handshake_is_tried_after_five_seconds():
    universe, new, old = client_and_server()
    use(new, falls_back=True)
    new.connect(old)
    universe.run_for(4000)
    assert not new.kinds_sent(HANDSHAKE.kind) and len(new.kinds_sent(NOISE)) >= 4
    universe.run_for(1500)
    assert both_established(new, old)
    assert versions(new, old) == [LEGACY, LEGACY]
    talk(universe, new, old)


def test_the_old_handshake_is_not_tried_when_the_policy_says_no():
    universe, new, old = client_and_server()
    use(new, falls_back=False)
    new.connect(old)
    assert universe.run_until(lambda: "closed" in new.owner.calls, 20_000)
    assert not new.kinds_sent(HANDSHAKE.kind)
    assert len(new.kinds_sent(NOISE)) == MAX_TRIES


def test_no_fall_back_when_the_way_of_the_cookie_is_gone():
    """Then nothing is known about what the peer speaks."""
    universe, new, old = client_and_server()
    use(new, falls_back=True)
    connection = new.connect(old)
    assert universe.run_until(lambda: new.kinds_sent(NOISE), 5000)
    for i in range(3):
        connection.set_address((bytes([9, 9, 9, i]), 1))
    # the newest three are tried, and the one in use
    connection.transport.address = None
    connection.set_address(ELSEWHERE)
    assert old.address not in connection.transport.addresses
    assert universe.run_until(lambda: "closed" in new.owner.calls, 20_000)
    assert not new.kinds_sent(HANDSHAKE.kind)


def test_no_fall_back_once_a_message_1_of_the_peer_opened():
    """Also in a later set-up, and when the message was ignored."""
    universe, client, server = speaking(client={"falls_back": True}, jitter_ms=0)
    if client.identity.public < server.identity.public:
        client, server = server, client
        client.rules.falls_back, server.rules.falls_back = True, False
    client.connect(server)
    server.connect(client)
    assert universe.run_until(lambda: client.rt.counters.values.get("noise_simultaneous"), 5000)
    server.stop()
    universe.in_flight.clear()
    assert universe.run_until(lambda: "closed" in client.owner.calls, 20_000)
    # what answers now is somebody who cannot have Noise
    old = Peer(universe, "old", identity=server.identity)
    client.connect(old)
    assert universe.run_until(lambda: client.owner.calls.count("closed") == 2, 20_000)
    assert not client.kinds_sent(HANDSHAKE.kind) and len(old.net) == 0


@pytest.mark.parametrize("late", ["message 1", "message 2"])
def test_a_noise_packet_that_comes_after_we_fell_back_wins(late):
    universe, client, server = speaking(client={"falls_back": True}, jitter_ms=0)
    client.connect(server)
    carry = universe.carry
    universe.carry = lambda source, address, data: (
        None if data[0] in (NOISE, HANDSHAKE.kind) else carry(source, address, data)
    )
    assert universe.run_until(lambda: client.kinds_sent(NOISE), 5000)
    if late == "message 2":
        server.inject(client.kinds_sent(NOISE)[0], client.address)
    assert universe.run_until(lambda: client.kinds_sent(HANDSHAKE.kind), 8000)
    universe.carry = carry
    if late == "message 1":
        server.inject(client.kinds_sent(NOISE)[0], client.address)
    else:
        # with the cookie of the message 1 that it has
        server.inject(client.kinds_sent(HANDSHAKE.kind)[0], client.address)
        assert server.drops("handshake_replayed") == 1
    assert universe.run_until(lambda: both_established(client, server), 3000)
    assert versions(client, server) == [NOISE_IK, NOISE_IK]
    talk(universe, client, server)


def test_a_session_key_serves_no_second_time():
    """A Noise session takes the place of an old one that was not confirmed."""
    universe, client, server = speaking(client={"begins": False}, jitter_ms=0)
    connection = client.connect(server)
    universe.run_until(lambda: client.kinds_sent(HANDSHAKE.kind), 5000)
    keys, nonce = connection.setup._session_keys, connection.setup.base_nonce
    connection.setup._version, connection.setup._crossed = LEGACY, 1
    connection.setup.answer(b"")
    assert connection.setup._session_keys is not keys and connection.setup.base_nonce != nonce


# policies


def test_the_old_handshake_is_refused_before_any_cryptography():
    universe, old, new = client_and_server()
    use(new, legacy=False)
    old.connect(new)
    assert universe.run_until(lambda: old.kinds_sent(HANDSHAKE.kind), 5000)
    x25519 = new.rt.counters.values["x25519"]
    assert universe.run_until(lambda: "closed" in old.owner.calls, 20_000)
    assert new.rt.counters.values["x25519"] == x25519
    assert {*new.rules.refused} == {(old.identity.public, LEGACY)}
    assert (len(new.net), new.incoming, new.net.newest) == (0, [], {})
    assert new.drops("handshake_version") == len(new.rules.refused) == MAX_TRIES


def test_noise_is_refused_when_it_opened():
    universe, client, server = speaking(server={"noise": False})
    client.connect(server)
    assert universe.run_until(lambda: "closed" in client.owner.calls, 20_000)
    assert {*server.rules.refused} == {(client.identity.public, NOISE_IK)}
    assert (len(server.net), server.incoming, server.net.newest) == (0, [], {})


def test_message_2_is_refused_when_the_policy_changed_meanwhile():
    universe, client, server = speaking()
    client.connect(server)
    assert universe.run_until(lambda: client.kinds_sent(NOISE), 5000)
    client.rules.noise = False
    assert universe.run_until(lambda: "closed" in client.owner.calls, 20_000)
    assert client.rules.established == [] and (server.identity.public, NOISE_IK) in client.rules.refused


def test_the_old_handshake_with_a_peer_that_could_speak_noise():
    universe, client, server = speaking(client={"begins": False})
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 5000)
    assert versions(client, server) == [LEGACY, LEGACY]


@pytest.mark.parametrize("seed", range(16))
def test_one_begins_with_noise_and_the_other_with_the_old_handshake(seed):
    universe, client, server = speaking(seed, server={"begins": False}, latency_ms=5 * seed, jitter_ms=50)
    client.connect(server)
    universe.run_for(seed * 7)
    server.connect(client)
    assert universe.run_until(lambda: both_established(client, server), 7000)
    assert versions(client, server) in ([LEGACY, LEGACY], [NOISE_IK, NOISE_IK])
    for peer in (client, server):
        assert peer.owner.calls.count("established") == 1 and "closed" not in peer.owner.calls
    talk(universe, client, server)


# begun anew


def test_a_restarted_peer_replaces_its_session():
    universe, client, server = established_with_noise()
    client.stop()
    reborn = use(Peer(universe, "reborn", identity=client.identity))
    reborn.connect(server)
    assert universe.run_until(lambda: reborn.connection.is_established, 5000)
    universe.run_for(200)
    assert server.owner.calls == ["attach", "established", "closed", "attach", "established"]
    assert versions(reborn, server) == [NOISE_IK, NOISE_IK] and len(server.net) == 1
    talk(universe, reborn, server)


def test_a_peer_that_lost_its_session_gets_another_after_five_seconds_of_silence():
    universe, client, server = established_with_noise()
    universe.run_for(1000)
    client.connection.close(notify=False)
    began = universe.clock.now_ms
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 8000)
    assert universe.clock.now_ms - began > SILENT_MS - 2200
    assert server.drops("handshake_established") >= 1
    assert server.owner.calls == ["attach", "established", "closed", "attach", "established"]
    talk(universe, client, server)


def test_a_peer_that_begins_anew_during_the_handshake():
    universe, client, server = speaking(jitter_ms=0)
    client.connect(server)
    assert universe.run_until(lambda: server.connection is not None, 1000)
    # message 2 gets lost
    universe.in_flight.clear()
    client.connection.close(notify=False)
    client.connect(server)
    began = universe.clock.now_ms
    assert universe.run_until(lambda: both_established(client, server), 5000)
    assert universe.clock.now_ms - began <= 110
    assert server.owner.calls == ["attach", "established"]
    talk(universe, client, server)


def test_silence_exhausts_the_tries():
    universe, client, server = speaking()
    server.net.on_incoming = lambda *_: None
    client.connect(server)
    began = universe.clock.now_ms
    assert universe.run_until(lambda: "closed" in client.owner.calls, 20_000)
    assert 7900 <= universe.clock.now_ms - began <= 8300
    assert len(client.net) == 0 and client.rt.timers.next_deadline_ms() is None


# secrets


@pytest.mark.parametrize("simultaneous", [False, True])
def test_no_secret_of_the_setup_outlives_it(monkeypatch, simultaneous):
    universe, client, server = speaking()
    made = record_keys(monkeypatch)
    connection = client.connect(server)
    if simultaneous:
        server.connect(client)
    assert universe.run_until(lambda: client.kinds_sent(NOISE), 5000)
    # the walk finds the one of message 1 while it is needed
    assert len(secrets_in(connection, made)) >= 2
    assert universe.run_until(lambda: both_established(client, server), 5000)
    universe.run_for(300)
    assert len(made) >= 4
    for peer in (client, server):
        assert secrets_in(peer.connection, made) == []


def test_no_secret_outlives_a_closed_connection(monkeypatch):
    universe, client, server = speaking()
    made = record_keys(monkeypatch)
    connection = client.connect(server)
    assert universe.run_until(lambda: client.kinds_sent(NOISE), 5000)
    server.stop()
    assert universe.run_until(lambda: "closed" in client.owner.calls, 20_000)
    assert secrets_in(connection, made) == []
