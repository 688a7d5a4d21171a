"""The network's part of `AsyncTox`: joining it, with host names looked up in a thread."""

from __future__ import annotations

import asyncio
from typing import Any

from toxpy.aio_part import AioPart, finish_all
from toxpy.errors import api_error
from toxpy.generated.typed_enums import Connection
from toxpy.generated.typed_events import Event, SelfConnectionStatus
from toxpy.ids import PublicKey
from toxpy.system.sockets import ip_text, resolve


class NetworkAio(AioPart):
    """Part of `AsyncTox`."""

    def __init__(self) -> None:
        super().__init__()
        self._connection_waiters: list[asyncio.Future[None]] = []

    def _on_event(self, event: Event) -> None:
        if isinstance(event, SelfConnectionStatus) and event.connection_status != Connection.NONE:
            finish_all(self._connection_waiters)
        super()._on_event(event)

    def _all_waiting(self) -> list[asyncio.Future[Any]]:
        return [*self._connection_waiters, *super()._all_waiting()]

    async def bootstrap(self, host: str, port: int, public_key: str | bytes | PublicKey) -> None:
        """Join the network through a node; a host name is looked up in a thread."""
        core, key = self.sync.core, PublicKey(public_key).raw
        ips = await asyncio.to_thread(resolve, host, **core.network.resolve_options())
        self.sync.core.network.bootstrap_addresses(ips, port, key)
        self._schedule()

    async def add_tcp_relay(self, host: str, port: int, public_key: str | bytes | PublicKey) -> None:
        """Use a TCP relay; a host name is looked up in a thread."""
        core, key = self.sync.core, PublicKey(public_key).raw
        ips = await asyncio.to_thread(resolve, host, **core.network.resolve_options())
        if not ips and core.network.names_go_to_proxy():
            self.sync.core.network.add_tcp_relay_by_name(host, port, key)
        else:
            self.sync.core.network.add_tcp_relay_addresses(ips, port, key)
        self._schedule()

    async def dht_send_nodes_request(
        self,
        public_key: str | bytes | PublicKey,
        ip: str,
        port: int,
        target_public_key: str | bytes | PublicKey,
    ) -> None:
        """`Tox.dht_send_nodes_request`; a host name is looked up in a thread."""
        found = await asyncio.to_thread(resolve, ip, **self.sync.core.network.resolve_options())
        if not found:
            raise api_error("TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_IP", "unknown host")
        for address in found:
            self.call("dht_send_nodes_request", public_key, ip_text(address), port, target_public_key)

    async def wait_connected(self) -> None:
        """Return once we are connected to the network."""
        if self.sync.self_get_connection_status() == Connection.NONE:
            await self._wait(self._connection_waiters)
