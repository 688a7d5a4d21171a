"""The network's part of `AsyncTox`: joining it, with host names looked up in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NoReturn

from toxpy.aio_part import AioPart, finish_all
from toxpy.arguments import as_host, as_port
from toxpy.errors import ToxError, api_error
from toxpy.generated.typed_enums import Connection
from toxpy.generated.typed_events import Event, SelfConnectionStatus
from toxpy.handlers import check_function
from toxpy.ids import PublicKey
from toxpy.network.nodes import MAX_NODES, as_nodes, first_asked
from toxpy.system.sockets import host_text, ip_text, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from toxpy.network.nodes import NodeAddress

#: Seconds until nodes are asked again when none answered: a node has some seconds for its answer.
ASK_AGAIN_S = 15


class NetworkAio(AioPart):
    """Part of `AsyncTox`."""

    def __init__(self) -> None:
        super().__init__()
        #: those for whom the connection to the network is to come, and to go
        self._connection_waiters: list[asyncio.Future[None]] = []
        self._loss_waiters: list[asyncio.Future[None]] = []

    def _on_event(self, event: Event) -> None:
        if isinstance(event, SelfConnectionStatus):
            lost = event.connection_status == Connection.NONE
            finish_all(self._loss_waiters if lost else self._connection_waiters)
        super()._on_event(event)

    def _all_waiting(self) -> list[asyncio.Future[Any]]:
        return [*self._connection_waiters, *self._loss_waiters, *super()._all_waiting()]

    async def bootstrap(self, host: str, port: int, public_key: str | bytes | PublicKey) -> None:
        """Join the network through a node; a host name is looked up in a thread."""
        core, key = self.sync.core, PublicKey(public_key).raw
        host, port = host_text(as_host(host)), as_port(port)
        ips = await asyncio.to_thread(resolve, host, **core.network.resolve_options())
        self.sync.core.network.bootstrap_addresses(ips, port, key)
        self._schedule()

    async def add_tcp_relay(self, host: str, port: int, public_key: str | bytes | PublicKey) -> None:
        """Use a TCP relay; a host name is looked up in a thread."""
        core, key = self.sync.core, PublicKey(public_key).raw
        host, port = host_text(as_host(host)), as_port(port)
        ips = await asyncio.to_thread(resolve, host, **core.network.resolve_options())
        if not ips and core.network.name_goes_to_proxy(host):
            self.sync.core.network.add_tcp_relay_by_name(host, port, key)
        else:
            self.sync.core.network.add_tcp_relay_addresses(ips, port, key)
        self._schedule()

    async def bootstrap_from(
        self,
        nodes: Iterable[NodeAddress],
        on_error: Callable[[NodeAddress, ToxError], object] | None = None,
    ) -> None:
        """`Tox.bootstrap_from`; host names are looked up in a thread. `on_error` may be async."""
        check_function(on_error, may_be_async=True)
        asked, relays = first_asked(nodes)
        for ask, chosen in ((self.bootstrap, asked), (self.add_tcp_relay, relays)):
            for node in chosen:
                port = node.port if chosen is asked else node.tcp_port
                try:
                    await ask(node.host, port, node.public_key)
                except ToxError as error:
                    if self.closed:
                        raise
                    if on_error is not None:
                        told = on_error(node, error)
                        if isinstance(told, Coroutine):
                            await told

    async def stay_connected(
        self,
        nodes: Iterable[NodeAddress],
        on_error: Callable[[NodeAddress, ToxError], object] | None = None,
    ) -> NoReturn:
        """Ask these nodes now, and again whenever we are not connected to the network; never returns.

        For a task beside the program's own work: `asyncio.create_task(tox.stay_connected(nodes))`. Each time
        that no node answers for 15 s the next ones of the list are asked.
        """
        known = as_nodes(nodes)
        while True:
            await self.bootstrap_from(known, on_error)
            try:
                async with asyncio.timeout(ASK_AGAIN_S):
                    await self.wait_connected()
            except TimeoutError:
                known = known[MAX_NODES:] + known[:MAX_NODES]
                continue
            if self.sync.self_get_connection_status() != Connection.NONE:
                await self._wait(self._loss_waiters)

    async def dht_send_nodes_request(
        self,
        public_key: str | bytes | PublicKey,
        ip: str,
        port: int,
        target_public_key: str | bytes | PublicKey,
    ) -> None:
        """`Tox.dht_send_nodes_request`; a host name is looked up in a thread."""
        port = as_port(port)
        found = await asyncio.to_thread(
            resolve, host_text(as_host(ip)), **self.sync.core.network.resolve_options()
        )
        if not found:
            raise api_error("TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_IP", "unknown host")
        for address in found:
            self.call("dht_send_nodes_request", public_key, ip_text(address), port, target_public_key)

    async def wait_connected(self) -> None:
        """Return once we are connected to the network."""
        if self.sync.self_get_connection_status() == Connection.NONE:
            await self._wait(self._connection_waiters)
