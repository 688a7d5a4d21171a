"""The network's part of `Core`: bootstrapping, relays, our own state in the network, traffic counts."""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.ids import checked_key
from toxpy.system import sockets
from toxpy.system.sockets import host_text
from toxpy.wire.address import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toxpy.errors import ToxError
    from toxpy.network.node import NetworkNode
    from toxpy.onion.client import OnionClient
    from toxpy.options import Options
    from toxpy.runtime import Runtime
    from toxpy.system.traffic import Traffic
    from toxpy.tcp.pool import TcpPool


def _left_out() -> ToxError:
    return api_error("TOX_ERR_BOOTSTRAP_BAD_HOST", "it is in a network that only_networks leaves out")


class NetworkCore:
    """The functions about joining, relays, our own connection, the DHT and traffic."""

    __slots__ = ("_dht", "_events", "_node", "_onion", "_options", "_rt", "_socket", "_tcp")

    def __init__(
        self,
        node: NetworkNode,
        tcp: TcpPool,
        onion: OnionClient,
        options: Options,
        events: list[Any],
        *,
        rt: Runtime,
    ) -> None:
        self._node = node
        self._dht = node.dht
        self._socket = node.udp
        self._tcp = tcp
        self._onion = onion
        self._options = options
        self._events = events
        self._rt = rt

    def resolve_options(self) -> dict[str, bool]:
        """Keyword arguments for `sockets.resolve`: what this instance may ask for and can reach."""
        options = self._options
        return {"ipv6": options.ipv6_enabled, "dns": not options.experimental_disable_dns}

    def _resolve(self, host: bytes | str | None, port: int) -> list[bytes]:
        if host is None:
            raise api_error("TOX_ERR_BOOTSTRAP_NULL")
        if not 0 < port < 65536:
            raise api_error("TOX_ERR_BOOTSTRAP_BAD_PORT")
        return sockets.resolve(host_text(host), **self.resolve_options())

    def _unknown_host(self) -> ToxError:
        if self._options.experimental_disable_dns:
            return api_error("TOX_ERR_BOOTSTRAP_BAD_HOST", "names are not looked up: give an IP address")
        return api_error("TOX_ERR_BOOTSTRAP_BAD_HOST", "unknown host", retryable=True)

    def bootstrap(self, host: bytes | str | None, port: int, public_key: bytes | None) -> bool:
        """Ask a node into the DHT. Looks host names up, which may block: see `bootstrap_addresses`."""
        key = checked_key(public_key, "TOX_ERR_BOOTSTRAP_NULL")
        self.bootstrap_addresses(self._resolve(host, port), port, key)
        return True

    def bootstrap_addresses(self, ips: list[bytes], port: int, public_key: bytes) -> None:
        """`bootstrap` for a host that was looked up already; no IP means that this failed."""
        key = checked_key(public_key, "TOX_ERR_BOOTSTRAP_NULL")
        if not 0 < port < 65536:
            raise api_error("TOX_ERR_BOOTSTRAP_BAD_PORT")
        ips = self._allowed(ips, port)
        self._rt.clock.update()
        self._rt.pace.join()
        for ip in ips:
            self._onion.add_bootstrap(Node(key, (ip, port)))
            self._dht.bootstrap((ip, port), key)

    def add_tcp_relay(self, host: bytes | str | None, port: int, public_key: bytes | None) -> bool:
        """Use a TCP relay. Looks host names up, which may block: see `add_tcp_relay_addresses`."""
        key = checked_key(public_key, "TOX_ERR_BOOTSTRAP_NULL")
        ips = self._resolve(host, port)
        if not ips and host and self.name_goes_to_proxy(host_text(host)):
            self.add_tcp_relay_by_name(host_text(host), port, key)
        else:
            self.add_tcp_relay_addresses(ips, port, key)
        return True

    def name_goes_to_proxy(self, host: str) -> bool:
        """True if it is for the proxy to look a relay's name up: here that would show what we look for."""
        options = self._options
        if not options.proxy_type:
            return False
        return (options.experimental_disable_dns and not options.proxy_may_leak) or sockets.is_hidden(host)

    def _allowed(self, ips: list[bytes], port: int) -> list[bytes]:
        """Those that we may ask; ToxError when there is none."""
        only = self._tcp.only
        if not ips and (only is None or only.has_ip):
            raise self._unknown_host()
        allowed = ips if only is None else [ip for ip in ips if only.allows((ip, port))]
        if not allowed:
            raise _left_out()
        return allowed

    def add_tcp_relay_by_name(self, host: str, port: int, public_key: bytes) -> None:
        """`add_tcp_relay` for a host that the proxy looks up."""
        only = self._tcp.only
        if only is not None and not only.allows((bytes(4), port), host):
            raise _left_out()
        self._rt.clock.update()
        try:
            self._tcp.add_relay(Node(public_key, (bytes(4), port), tcp=True), host)
        except ValueError as error:
            raise api_error("TOX_ERR_BOOTSTRAP_BAD_HOST", str(error)) from error

    def add_tcp_relay_addresses(self, ips: list[bytes], port: int, public_key: bytes) -> None:
        """`add_tcp_relay` for a host that was looked up already; no IP means that this failed."""
        key = checked_key(public_key, "TOX_ERR_BOOTSTRAP_NULL")
        if not 0 < port < 65536:
            raise api_error("TOX_ERR_BOOTSTRAP_BAD_PORT")
        ips = self._allowed(ips, port)
        self._rt.clock.update()
        self._rt.pace.join()
        for ip in ips:
            self._tcp.add_relay(Node(key, (ip, port), tcp=True))

    def self_get_connection_status(self) -> int:
        """TOX_CONNECTION_UDP or _TCP once the onion works, which is when friends can find us.

        UDP needs a DHT node beyond the LAN, as in c-toxcore: instances of one machine or one LAN use
        UDP, and this says TCP.
        """
        return self._onion.connection_state()

    def self_get_dht_id(self) -> bytes:
        """The key to bootstrap from us with."""
        return self._dht.public_key

    def self_get_udp_port(self) -> int:
        """The bound UDP port."""
        if self._socket.port == 0:
            raise api_error("TOX_ERR_GET_PORT_NOT_BOUND")
        return self._socket.port

    def self_get_tcp_port(self) -> int:
        """The port of our TCP relay."""
        if not self._options.tcp_port:
            raise api_error("TOX_ERR_GET_PORT_NOT_BOUND")
        return self._options.tcp_port

    def dht_get_num_closelist(self) -> int:
        """Nodes in our close list."""
        return self._dht.nodes.close_count()

    def dht_get_num_closelist_announce_capable(self) -> int:
        """Those of them that can store announcements."""
        return self._dht.nodes.close_count(announce_only=True)

    def dht_send_nodes_request(
        self, public_key: bytes | None, ip: bytes | str | None, port: int, target_public_key: bytes | None
    ) -> bool:
        """Ask a DHT node for the nodes it knows nearest to a key; see `report_dht_nodes` for the answer.

        As in c-toxcore a host name is looked up as well, which may block.
        """
        if self._socket.port == 0:
            raise api_error("TOX_ERR_DHT_SEND_NODES_REQUEST_UDP_DISABLED")
        key = checked_key(public_key, "TOX_ERR_DHT_SEND_NODES_REQUEST_NULL")
        target = checked_key(target_public_key, "TOX_ERR_DHT_SEND_NODES_REQUEST_NULL")
        if ip is None:
            raise api_error("TOX_ERR_DHT_SEND_NODES_REQUEST_NULL")
        if not 0 < port < 65536:
            raise api_error("TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_PORT")
        addresses = [(each, port) for each in sockets.resolve(host_text(ip), **self.resolve_options())]
        if not addresses:
            raise api_error("TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_IP")
        self._rt.clock.update()
        if not sum(self._dht.send_nodes_request(address, key, target) for address in addresses):
            raise api_error("TOX_ERR_DHT_SEND_NODES_REQUEST_FAIL")
        return True

    def report_dht_nodes(self, wanted: bool) -> None:
        """Choose whether every node that a DHT node names to us is a `DhtNodesResponse`; at first none."""
        self._dht.on_returned = self._on_returned if wanted else None

    def reports_dht_nodes(self) -> bool:
        """What was chosen with `report_dht_nodes`."""
        return self._dht.on_returned is not None

    def _on_returned(self, node: Node) -> None:
        ip, port = node.address
        self._events.append(ev.DhtNodesResponse(node.public_key, sockets.ip_text(ip).encode(), port))

    # traffic: `type` is a TOX_NETPROF_PACKET_TYPE, `direction` 0 for sent and 1 for received

    def _traffic(self, type: int) -> list[Traffic]:
        """The traffic counters that a type stands for."""
        server = [self._node.relay.traffic] if self._node.relay is not None else []
        return {
            enums.TOX_NETPROF_PACKET_TYPE_TCP_CLIENT: [self._tcp.traffic],
            enums.TOX_NETPROF_PACKET_TYPE_TCP_SERVER: server,
            enums.TOX_NETPROF_PACKET_TYPE_TCP: [self._tcp.traffic, *server],
            enums.TOX_NETPROF_PACKET_TYPE_UDP: [self._socket.traffic],
        }.get(type, [])

    def netprof_get_packet_id_count(self, type: int, id: int, direction: int) -> int:
        """Packets of one id."""
        return sum(p.of_id(id, bool(direction), in_bytes=False) for p in self._traffic(type))

    def netprof_get_packet_total_count(self, type: int, direction: int) -> int:
        """Packets of all ids."""
        return sum(p.total(bool(direction), in_bytes=False) for p in self._traffic(type))

    def netprof_get_packet_id_bytes(self, type: int, id: int, direction: int) -> int:
        """Bytes of the packets of one id."""
        return sum(p.of_id(id, bool(direction), in_bytes=True) for p in self._traffic(type))

    def netprof_get_packet_total_bytes(self, type: int, direction: int) -> int:
        """Bytes of all packets."""
        return sum(p.total(bool(direction), in_bytes=True) for p in self._traffic(type))
