"""NAT pings with Debian's library: both sides understand each other's, and start punching.

Both friends are behind symmetric NATs and there is no relay, so nothing else can happen between them.
"""

import time

from tests.netns.lab import inside
from tests.support.real_tox import RealTox
from tests.support.worlds import loopback_options
from toxpy.core import Core
from toxpy.dht.kbucket import NEVER_MS
from toxpy.dht.nat import MIN_TELLERS, PUNCH_INTERVAL_MS


def test_the_real_library_answers_our_nat_pings_and_we_answer_its(lab):
    public = lab.host("public")
    alice, bob = lab.nat_host("alice", "symmetric"), lab.nat_host("bob", "symmetric")
    with inside(public.namespace):
        nodes = [RealTox(start_port=33445 + i, end_port=33445 + i, ipv6=False) for i in range(8)]
    with inside(bob.namespace):
        real = RealTox(ipv6=False)
    with inside(alice.namespace):
        core = Core(loopback_options())
    members = [*nodes, real, core]
    try:
        for tox in (*nodes[1:], real, core):
            tox.network.bootstrap(public.address, 33445, nodes[0].self_get_dht_id())
        core.friends.friend_add_norequest(real.self_get_public_key())
        real.friend_add_norequest(core.user.self_get_public_key())
        dht_pk = real.self_get_dht_id()

        def punching():
            search = core.dht.nodes.searches.get(dht_pk)
            nat = core.dht._punching._nats.get(dht_pk)
            return search is not None and nat is not None and nat.tries > 1

        end = time.monotonic() + 100
        while not punching():
            assert time.monotonic() < end, core.rt.counters.values
            for tox in members:
                tox.iterate()
            time.sleep(0.005)
        search, nat = core.dht.nodes.searches[dht_pk], core.dht._punching._nats[dht_pk]
        now_ms = core.rt.clock.now_ms
        assert now_ms - nat.heard_ms <= 3 * PUNCH_INTERVAL_MS
        assert nat.pinged_ms != NEVER_MS
        told = search.returned(now_ms)
        assert len(told) >= MIN_TELLERS
        assert len(set(told)) > 1, "a symmetric NAT looks different to everybody"
        assert {ip for ip, _ in told} == {bytes(map(int, bob.public.split(".")))}
    finally:
        for tox in members:
            tox.kill()
