"""LAN discovery: nodes of the same network find each other without any bootstrap node.

    0x21 LAN discovery   kind 1 | sender's DHT key 32

Spec: LAN Discovery; c-toxcore: LAN_discovery.c, friend_connection.c lan_discovery. It goes out
every ten seconds to every destination of `toxpy.system.interfaces`, on the default port, on ten more
ports of the default range (the next ten the next time), and on our own port, where others who
left the default range are likely to be too. The packet proves nothing: whoever is named by
one from the LAN is asked as a bootstrap node, and only its answer counts.
"""

from __future__ import annotations

from toxpy.dht.budget import TokenBucket
from toxpy.ids import PUBLIC_KEY_SIZE
from toxpy.system.sockets import FIRST_PORT, LAST_PORT
from toxpy.wire.address import Node, is_lan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.dht.dht import DHT
    from toxpy.runtime import Dispatch, Runtime, Timer
    from toxpy.system.interfaces import Destination
    from toxpy.wire.address import Address

LAN_DISCOVERY = 0x21
LAN_DISCOVERY_SIZE = 1 + PUBLIC_KEY_SIZE
INTERVAL_MS = 10_000
#: Ports tried in one round beside the default one. c-toxcore: PORTS_PER_DISCOVERY.
PORTS_PER_ROUND = 10
#: Neighbours asked: more would push our other questions out of the table of open ones.
NEWCOMERS_PER_S, NEWCOMERS_BURST = 20, 100


class Lan:
    """Sends and hears LAN discovery; make none when it is off. Claims 0x21 of `udp`."""

    __slots__ = ("_broadcast", "_destinations", "_dht", "_newcomers", "_next_port", "_port", "_rt", "_timer")

    def __init__(
        self,
        dht: DHT,
        *,
        rt: Runtime,
        udp: Dispatch,
        port: int,
        broadcast: Callable[[bytes, int, list[Destination]], None],
        destinations: Callable[[], list[Destination]],
    ) -> None:
        """`port` is our own; `broadcast(data, port, destinations)` is that of the UDP socket."""
        self._dht = dht
        self._rt = rt
        self._port = port
        self._broadcast = broadcast
        self._destinations = destinations
        self._next_port = FIRST_PORT + 1
        self._newcomers = TokenBucket(NEWCOMERS_PER_S, NEWCOMERS_BURST, rt.clock.now_ms)
        udp.claim(LAN_DISCOVERY, self.on_packet)
        self._timer: Timer | None = rt.timers.call_later(0, self._round_due)

    def on_packet(self, address: Address, data: bytes) -> None:
        """0x21: ask the sender for nodes, if it is of the LAN."""
        drop = self._rt.counters.drop
        if len(data) != LAN_DISCOVERY_SIZE:
            drop("lan_size")
            return
        if not is_lan(address):
            drop("lan_stranger")
            return
        public_key, dht = data[1:], self._dht
        if public_key == dht.public_key:
            return
        now_ms = self._rt.clock.now_ms
        client = dht.nodes.close_list.by_address.get(address)
        if client is not None and client.public_key == public_key and client.is_good_at(address, now_ms):
            return
        if dht.sendbacks.is_asked(public_key, address, dht.public_key):
            # a neighbour sends a copy for every destination that reaches us
            return
        if not self._newcomers.take(now_ms):
            drop("lan_budget")
            return
        dht.add_node(Node(public_key, address), dht.public_key)

    def _round_due(self) -> None:
        self._timer = self._rt.timers.call_later(INTERVAL_MS, self._round_due)
        destinations = self._destinations()
        packet = bytes((LAN_DISCOVERY,)) + self._dht.public_key
        for port in self._ports():
            self._broadcast(packet, port, destinations)

    def _ports(self) -> list[int]:
        """The ports of this round."""
        first = self._next_port
        end = min(first + PORTS_PER_ROUND, LAST_PORT + 1)
        self._next_port = end if end <= LAST_PORT else FIRST_PORT + 1
        ports = [FIRST_PORT, *range(first, end)]
        if self._port not in ports:
            ports.append(self._port)
        return ports

    def close(self) -> None:
        """Send no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
