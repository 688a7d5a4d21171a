"""The network's part of `Tox`: joining, relays, ports, and the questions to DHT nodes of tox_private.h."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toxpy.arguments import as_flag, as_host, as_port
from toxpy.errors import ToxError
from toxpy.generated.typed_enums import Connection
from toxpy.handlers import check_function
from toxpy.ids import PublicKey
from toxpy.network.nodes import first_asked
from toxpy.tox_part import ToxPart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from toxpy.network.nodes import NodeAddress


class NetworkTox(ToxPart):
    """Part of `Tox`."""

    def bootstrap(self, host: str, port: int, public_key: str | bytes | PublicKey) -> None:
        """Join the network through a node; looks host names up and may block while it does."""
        self.core.network.bootstrap(as_host(host), as_port(port), PublicKey(public_key).raw)

    def add_tcp_relay(self, host: str, port: int, public_key: str | bytes | PublicKey) -> None:
        """Know a TCP relay."""
        self.core.network.add_tcp_relay(as_host(host), as_port(port), PublicKey(public_key).raw)

    def bootstrap_from(
        self,
        nodes: Iterable[NodeAddress],
        on_error: Callable[[NodeAddress, ToxError], object] | None = None,
    ) -> None:
        """Ask the first 16 nodes and 6 relays of a list, as `load_nodes` makes it; looks host names up.

        One that cannot be used, as its name is unknown, is left out, and told to `on_error(node, error)`. Ask
        again while `self_get_connection_status` stays NONE.
        """
        check_function(on_error)
        asked, relays = first_asked(nodes)
        for ask, chosen in ((self.bootstrap, asked), (self.add_tcp_relay, relays)):
            for node in chosen:
                port = node.port if chosen is asked else node.tcp_port
                try:
                    ask(node.host, port, node.public_key)
                except ToxError as error:
                    if self.closed:
                        raise
                    if on_error is not None:
                        on_error(node, error)

    def self_get_connection_status(self) -> Connection:
        """How we are connected to the network.

        TCP until a node beyond this machine and its LAN answers over UDP, even if those nearby do so.
        """
        return Connection(self.core.network.self_get_connection_status())

    def self_get_dht_id(self) -> PublicKey:
        """The key others bootstrap with; a new one at each start."""
        return PublicKey(self.core.network.self_get_dht_id())

    def self_get_udp_port(self) -> int:
        """The UDP port we are bound to."""
        return self.core.network.self_get_udp_port()

    def self_get_tcp_port(self) -> int:
        """The port of our own TCP relay."""
        return self.core.network.self_get_tcp_port()

    # as in tox_private.h

    def dht_get_num_closelist(self) -> int:
        """How many DHT nodes near to us we know."""
        return self.core.network.dht_get_num_closelist()

    def dht_get_num_closelist_announce_capable(self) -> int:
        """Those of them that can store announcements."""
        return self.core.network.dht_get_num_closelist_announce_capable()

    def dht_send_nodes_request(
        self,
        public_key: str | bytes | PublicKey,
        ip: str,
        port: int,
        target_public_key: str | bytes | PublicKey,
    ) -> None:
        """Ask a DHT node for those it knows nearest to a key; `report_dht_nodes` shows the answers.

        A host name is looked up as well, which may block.
        """
        target = PublicKey(target_public_key).raw
        key = PublicKey(public_key).raw
        self.core.network.dht_send_nodes_request(key, as_host(ip), as_port(port), target)

    def report_dht_nodes(self, wanted: bool = True) -> None:
        """Choose whether every node that any DHT node names to us is a DhtNodesResponse; at first none."""
        self.core.network.report_dht_nodes(as_flag(wanted, "wanted"))
