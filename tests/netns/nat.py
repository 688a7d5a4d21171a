"""Routers of the four classic kinds in nftables.

All of them keep the source port, except the symmetric one, which takes a random port for
every destination. They differ in whom they let in, after the host inside has sent
something from that port:

    full_cone         anybody
    restricted        every port of the addresses it sent to
    port_restricted   the addresses and ports it sent to
    symmetric         the same, and each of those has a port of its own to send to

Conntrack by itself is port_restricted. What is not let in is dropped before conntrack
confirms it: an unasked packet would otherwise take the port of the mapping that it came
for, and the router would turn symmetric for this peer.
"""

from __future__ import annotations

import socket

KINDS = ("full_cone", "restricted", "port_restricted", "symmetric")

RULES = """
table ip nat {{
  set opened {{ type inet_service; flags dynamic,timeout; timeout 5m; size 65535; }}
  set asked {{ type inet_service . ipv4_addr; flags dynamic,timeout; timeout 5m; size 65535; }}
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
    {let_in}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname "eth0" masquerade {ports}
  }}
  chain forward {{
    type filter hook forward priority 0; policy drop;
    iifname "inside" udp sport 1-65535 update @opened {{ udp sport }}
    iifname "inside" udp sport 1-65535 update @asked {{ udp sport . ip daddr }}
    iifname "inside" accept
    ct state established,related accept
    ct status dnat accept
  }}
  chain input {{
    type filter hook input priority 0; policy drop;
    iifname "inside" accept
    ct state established,related accept
  }}
}}
"""
LET_IN = {
    "full_cone": 'iifname "eth0" udp dport @opened dnat to {inside}',
    "restricted": 'iifname "eth0" udp dport . ip saddr @asked dnat to {inside}',
    "port_restricted": "",
    "symmetric": "",
}


def rules(kind, inside_address):
    """The nft script of a router with the interfaces eth0 and inside."""
    let_in = LET_IN[kind].format(inside=inside_address)
    return RULES.format(let_in=let_in, ports="fully-random" if kind == "symmetric" else "")


def classify(host, first, second):
    """Which kind of NAT the host is behind, found by sending datagrams to two public hosts."""
    with (
        host.socket() as client,
        first.socket() as first_a,
        first.socket() as first_b,
        second.socket() as second_a,
    ):
        seen = []
        for server in (first_a, first_b, second_a):
            client.sendto(b"where am I", server.getsockname())
            seen.append(server.recvfrom(100)[1])
    if len(set(seen)) > 1:
        return "symmetric"
    with (
        host.socket() as client,
        first.socket() as first_a,
        first.socket() as first_b,
        second.socket() as second_a,
    ):
        client.sendto(b"open", first_a.getsockname())
        mapped = first_a.recvfrom(100)[1]
        # the answer comes last: what was to arrive has arrived then
        for server, data in ((second_a, b"stranger"), (first_b, b"port"), (first_a, b"answer")):
            server.sendto(data, mapped)
        arrived = _receive_until(client, b"answer")
    if b"stranger" in arrived:
        return "full_cone"
    return "restricted" if b"port" in arrived else "port_restricted"


def _receive_until(client, last):
    arrived = set()
    while last not in arrived:
        arrived.add(client.recvfrom(100)[0])
    client.settimeout(0.3)
    try:
        while True:
            arrived.add(client.recvfrom(100)[0])
    except socket.timeout:  # noqa: UP041 - the name says what is meant
        return arrived
