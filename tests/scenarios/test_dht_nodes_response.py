"""A DHT node that is asked for a key answers with the nodes it knows nearest to it."""

from toxpy.generated import events


def test_dht_nodes_response(udp_world):
    """The real library of 0.2.18 cannot be told to ask: it answers."""
    nodes = udp_world.network()
    asked = [udp_world.actor("alice"), udp_world.actor("bob")]
    for actor in asked:
        actor.bootstrap_to(nodes[0])
    udp_world.run_for(5)
    ours = [actor for actor in [*nodes, *asked] if hasattr(actor, "dht_send_nodes_request")]
    assert len(ours) >= 3
    for asker in ours:
        asker.report_dht_nodes(True)
        for node in [*nodes, *asked]:
            if node is not asker:
                key, target = node.self_get_dht_id(), nodes[1].self_get_dht_id()
                asker.seen.clear()
                asker.dht_send_nodes_request(key, node.host, node.port, target)
                if node is not nodes[1] and asker is not nodes[1]:
                    found = asker.wait(events.DhtNodesResponse, public_key=target)
                    assert (found.ip, found.port) == (nodes[1].host.encode(), nodes[1].port)
        asker.report_dht_nodes(False)
