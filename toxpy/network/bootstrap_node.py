"""The node of the network that a bootstrap node runs.

A `NetworkNode` around the keys of a keys file: everybody who bootstraps from a node knows it by its
key, so it must not change. Besides, it tells its version and message of the day.
c-toxcore: other/bootstrap_daemon.
"""

from __future__ import annotations

from toxpy.generated.enums import TOX_VERSION_MAJOR, TOX_VERSION_MINOR, TOX_VERSION_PATCH
from toxpy.network.bootstrap_info import BootstrapInfo, version_number
from toxpy.network.node import DEFAULT_MAX_FILES, NetworkNode
from toxpy.runtime import LOG_INFO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import KeyPair
    from toxpy.network.node import Socket, Streams
    from toxpy.runtime import Runtime
    from toxpy.system.streams import Listener
    from toxpy.wire.address import Address

#: What we say in answers to bootstrap-info requests: c-toxcore's version that we are compatible with.
VERSION = version_number(TOX_VERSION_MAJOR, TOX_VERSION_MINOR, TOX_VERSION_PATCH)


class BootstrapNode(NetworkNode):
    """Takes over the socket, the streams and their listeners; `close` closes them."""

    #: Its passes follow each other without a pause, so they can be shorter than a client's: some 4 ms, which
    #: is what whoever we know waits even when the machine has other work.
    x25519_per_pass = 32

    __slots__ = ("_was_connected", "info")

    def __init__(
        self,
        keys: KeyPair,
        *,
        rt: Runtime,
        udp: Socket,
        streams: Streams,
        listeners: list[Listener] | None = None,
        max_files: int = DEFAULT_MAX_FILES,
        lan_discovery: bool = False,
        motd: bytes | None = None,
    ) -> None:
        """A TCP relay on the listeners, if any, for which there are `max_files`.

        `motd` None leaves bootstrap-info requests unanswered.
        """
        super().__init__(keys, rt=rt, udp=udp, streams=streams, lan_discovery=lan_discovery)
        self._was_connected = False
        self.info: BootstrapInfo | None = None
        if motd is not None:
            self.info = BootstrapInfo(VERSION, motd + b"\0", rt=rt, send=udp.send, udp=self.dispatch)
        if listeners:
            self.start_relay(listeners, max_files)

    @property
    def port(self) -> int:
        """The UDP port."""
        return self.udp.port

    def iterate(self) -> None:
        """One pass over one moment: receive, run what is due, send."""
        super().iterate()
        if not self._was_connected and self.dht.nodes.is_connected():
            self._was_connected = True
            self.rt.log(LOG_INFO, "Connected to another node of the DHT.")

    def bootstrap(self, address: Address, public_key: bytes) -> None:
        """Ask another node into the DHT, again and again while nobody answers us."""
        self.rt.clock.update()
        self.dht.bootstrap(address, public_key)
