"""Half-open connections to our relay expire."""

import pytest

from tests.support.fake_streams import FakeListener
from tests.support.relay_client import RelayClient
from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht.budget import KeyBudget
from toxpy.runtime import Runtime
from toxpy.tcp.server import TcpServer


@pytest.mark.parametrize("says_hello", [False, True])
def test_a_thousand_half_open_relay_connections_are_gone_in_time(says_hello):
    rt, rng, listener = Runtime(SimClock(), SeededRng(4)), SeededRng(3), FakeListener()
    keys = KeyPair.generate(rng)
    server = TcpServer(keys, SharedKeys(keys, rt=rt), [listener], rt=rt, budget=KeyBudget(rt=rt))
    streams = []
    for i in range(1000):
        client = RelayClient(listener.connect((bytes((9, i >> 8, i & 255, 1)), 1)), keys.public, rng)
        if says_hello:
            client.send_hello()
        streams.append(client)
        rt.clock.now_ms += 1
    assert server.half_open == 1000
    # not later than this
    rt.clock.now_ms += 10_000
    rt.timers.run_due()
    assert server.half_open == 0 and all(client.is_closed for client in streams)
    assert rt.timers.next_deadline_ms() is None
