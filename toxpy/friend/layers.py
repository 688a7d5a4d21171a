"""What is below a capability. `Core` is one; a capability takes from it what it needs when it is built."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.friend.messenger import Messenger
    from toxpy.net_crypto.net_crypto import NetCrypto
    from toxpy.network.node import NetworkNode
    from toxpy.onion.client import OnionClient
    from toxpy.options import Options
    from toxpy.runtime import Runtime
    from toxpy.tcp.pool import TcpPool

    class Layers(Protocol):
        """From the bottom up: node, relays, onion, sessions, friends."""

        options: Options
        rt: Runtime
        node: NetworkNode
        tcp: TcpPool
        onion: OnionClient
        net_crypto: NetCrypto
        messenger: Messenger
