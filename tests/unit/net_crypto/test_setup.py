"""The set-up's transitions, and its secrets, which die with it."""

import pytest

from tests.support.secrets import reachable, record_keys
from tests.unit.net_crypto.pair import both_established, client_and_server, established
from toxpy.net_crypto.setup import (
    CLOSED,
    COOKIE_REQUESTING,
    ESTABLISHED,
    HANDSHAKE_SENT,
    NOT_CONFIRMED,
    STATE_NAMES,
    TRANSITIONS,
)


def secrets_in(connection, secrets):
    return [found for found in reachable(connection) if isinstance(found, bytes) and found in secrets]


@pytest.mark.parametrize("simultaneous", [False, True])
def test_no_secret_of_the_setup_outlives_it(monkeypatch, simultaneous):
    universe, client, server = client_and_server()
    made = record_keys(monkeypatch)
    connection = client.connect(server)
    if simultaneous:
        server.connect(client)
    # the walk finds it while it is needed
    assert secrets_in(connection, made)
    assert universe.run_until(lambda: both_established(client, server), 5000)
    universe.run_for(300)
    assert len(made) == 2
    for peer in (client, server):
        assert secrets_in(peer.connection, made) == []


def test_no_secret_of_the_setup_outlives_a_closed_connection(monkeypatch):
    universe, client, server = client_and_server()
    made = record_keys(monkeypatch)
    server.stop()
    connection = client.connect(server)
    assert universe.run_until(lambda: "closed" in client.owner.calls, 20_000)
    assert len(made) == 1
    assert secrets_in(connection, made) == []


def test_connections_go_through_the_states_of_the_table():
    """Every state but the first is reached by a transition, and nothing leaves the last one."""
    assert set(TRANSITIONS.values()) == set(range(1, len(STATE_NAMES)))
    assert CLOSED not in {start for start, _ in TRANSITIONS}
    universe, client, server = client_and_server(jitter_ms=0, latency_ms=20)
    connection = client.connect(server)
    seen = {client: [], server: []}
    for _ in range(150):
        for peer, states in seen.items():
            if peer.connection is not None and [peer.connection.state] != states[-1:]:
                states.append(peer.connection.state)
        universe.run_for(1)
    # handshake and data come in one pass
    assert seen[client] == [COOKIE_REQUESTING, HANDSHAKE_SENT, ESTABLISHED]
    assert seen[server] == [NOT_CONFIRMED, ESTABLISHED]
    server.connection.kill()
    universe.run_for(50)
    assert (connection.state, connection.reached) == (CLOSED, ESTABLISHED)


def test_what_is_late_changes_no_state():
    """A cookie response and a handshake that come again when the connection is established."""
    universe, client, server = established()
    universe.run_for(300)
    late = [data for data in client.received if data[0] in (0x19, 0x1A)]
    assert len(late) >= 2
    for data in late:
        client.inject(data, server.address)
    assert client.connection.state == ESTABLISHED
    assert client.drops("cookie_response") == 1


def test_an_owner_that_kills_when_the_way_changes_leaves_no_timer():
    """The way is looked at in the connection's own moments."""
    universe, client, _server = established()
    universe.run_for(300)
    client.owner.on_transport = client.connection.kill
    client.connection.transport.connection_type = 1
    universe.run_for(60_000)
    assert client.connection.state == CLOSED
    assert client.rt.timers.next_deadline_ms() is None
