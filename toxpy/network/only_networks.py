"""The networks that an instance keeps to, when it may not use all.

What follows from `Options.only_networks` is decided here, and each layer asks:

- neither IPv4 nor IPv6: no UDP, no packets into the LAN, no relay of our own, no name looked up, no node of
  the DHT asked, and nothing of us in the onion, whose nodes all have IPs. What is left are friends'
  endpoints, and relays by their names, where friends are found once an endpoint told of their DHT key.
- IPv4 or IPv6: the sockets are of that family. Nodes and relays of the other one are neither asked nor told.

Only who was reached is told to others, so what is not dialled is not told either.
"""

from __future__ import annotations

from toxpy.network.network_address import AddressType, type_of_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from toxpy.options import Options
    from toxpy.wire.address import Address

#: What a relay may be in when the proxy looks its name up: the name does not tell.
_IP_TYPES = frozenset((AddressType.IPV4, AddressType.IPV6))


class OnlyNetworks:
    """Some of the networks; it does not change. ValueError for none, and for what is no network."""

    __slots__ = ("types",)

    def __init__(self, types: Iterable[int]) -> None:
        try:
            self.types = frozenset(map(AddressType, types))
        except ValueError as error:
            raise ValueError(f"only_networks: {error}") from None
        if not self.types or AddressType.UNKNOWN in self.types:
            raise ValueError("only_networks: at least one network, and none that is unknown")

    @property
    def has_ip(self) -> bool:
        """True if addresses with IPs are among them, which all nodes of the DHT have."""
        return bool(self.types & _IP_TYPES)

    def allows(self, address: Address, host: str | None = None) -> bool:
        """True if an IP, or the host that a proxy looks up, may be dialled."""
        if host is None:
            return (AddressType.IPV4 if len(address[0]) == 4 else AddressType.IPV6) in self.types
        kind = type_of_name(host)
        return kind in self.types if kind is not None else self.has_ip

    def check_endpoint(self, kind: int) -> None:
        """ValueError for an endpoint in a network left out: it would be announced there, and lead nowhere."""
        if kind not in self.types:
            raise ValueError(f"the endpoint is in {AddressType(kind)}, which only_networks leaves out")

    def limit(self, options: Options) -> None:
        """Turn off what the networks left out would be needed for."""
        options.ipv6_enabled = options.ipv6_enabled and AddressType.IPV6 in self.types
        if not self.has_ip:
            options.udp_enabled = options.local_discovery_enabled = options.hole_punching_enabled = False
            options.dht_announcements_enabled = False
        if AddressType.IPV4 not in self.types:
            # a relay listens in both families
            options.tcp_port = 0
