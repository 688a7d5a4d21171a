"""How a mailbox may be reached, by what the instance has and may use.

    UDP        the mailbox has an IP, and the instance a UDP socket, which it has not behind a proxy
    its relay  the mailbox is a client of the relay at the same address and port; the instance's proxy leads
               there, also to names, or that of our endpoint's network

Each session is another user of the proxy: Tor keeps what different users do apart, so that not even the
circuits tie two sessions together.
"""

from __future__ import annotations

from toxpy.network.network_address import AddressType, type_of_name
from toxpy.system.sockets import parse_ip
from toxpy.tcp.proxy import SOCKS5, Proxy
from toxpy.wire.address import is_usable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.offline.records import Mailbox
    from toxpy.friend.layers import Layers
    from toxpy.wire.address import Address

#: In the place of an IP that a proxy looks up.
_NO_IP = bytes(4)
#: Name of each of our sessions at a proxy, and the size of the password, which is another one each time.
_USER, _PASSWORD_SIZE = b"toxpy", 16
#: Networks that are reached by a proxy alone.
_BY_NAME = (AddressType.ONION, AddressType.I2P)


class Ways:
    """Where one mailbox is, and what may lead there. ValueError, in words, when nothing does."""

    __slots__ = ("address", "host", "proxy", "udp")

    def __init__(self, mailbox: Mailbox, layers: Layers) -> None:
        ip, port = parse_ip(mailbox.host), mailbox.port
        #: IP and port; of a name only the port counts
        self.address: Address = (ip if ip is not None else _NO_IP, port)
        #: a name that the proxy looks up
        self.host = mailbox.host if ip is None else None
        self.proxy = _proxy_to(self.host, layers)
        only = layers.tcp.only
        if only is not None and not only.allows(self.address, self.host):
            raise ValueError("it is in a network that we do not use")
        if ip is None:
            if self.proxy is None:
                raise ValueError("only a proxy leads to its name")
            # what is no name of a host is said before anything is sent
            self.proxy.handshake(self.address, self.host)
        elif not is_usable(self.address):
            raise ValueError("nobody can be at its address")
        elif self.proxy is None and len(ip) != 4 and not layers.node.streams.ipv6:
            raise ValueError("it has an IPv6 address, and IPv6 is off")
        #: UDP leads there
        self.udp = ip is not None and self.proxy is None and layers.node.udp.port != 0


def _proxy_to(host: str | None, layers: Layers) -> Proxy | None:
    """The user's proxy, or that of our endpoint's network for a name in it."""
    proxy, endpoint = layers.tcp.proxy, layers.options.endpoint
    if proxy is None and host is not None and endpoint is not None and endpoint.socks is not None:
        kind = type_of_name(host)
        if kind in _BY_NAME and kind == endpoint.kind:
            proxy = Proxy(SOCKS5, endpoint.socks)
    if proxy is None:
        return None
    return proxy.as_user((_USER, layers.rt.rng.bytes(_PASSWORD_SIZE).hex().encode()))
