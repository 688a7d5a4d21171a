"""One Tox instance at the bytes level: the layers, and the parts and capabilities on top of them.

    UDP  -> Dispatch by first byte -> DHT | onion | net_crypto -> friend connections -> messenger
    TCP  -> relays (`tcp`) -----------------> onion | net_crypto -^
    messenger -> events -> `drain_events`

Methods of the parts are named as in C without `tox_`, take and return bytes and integers, and raise
`ToxError` with the value of that C function's error enum. `Tox`, `AsyncTox` and the C library
are three thin layers over this class. A None where C knows NULL raises the NULL error.

The DHT key pair is a new one for each instance, as in c-toxcore: the address of a node
must not tell who its user is.
"""

from __future__ import annotations

from toxpy.capabilities import CAPABILITIES, Capabilities
from toxpy.crypto import sodium
from toxpy.crypto.keys import KeyPair
from toxpy.friend import saved as friends_saved
from toxpy.friend.capability import Capability
from toxpy.friend.connection import FriendConnections
from toxpy.friend.core import FriendCore, UserCore
from toxpy.friend.messenger import Messenger
from toxpy.friend.requests import FriendRequests
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.net_crypto.net_crypto import NetCrypto
from toxpy.network import saved as network_saved
from toxpy.network.core import NetworkCore
from toxpy.network.node import NetworkNode
from toxpy.onion.client import OnionClient
from toxpy.options import Options
from toxpy.runtime import FORKS, LOG_DEBUG, LOG_INFO, Runtime
from toxpy.save import savedata as save
from toxpy.start import (
    bind_socket,
    find_ways,
    load_identity,
    log_sink,
    start_relay,
)
from toxpy.system.streams import Streams as RealStreams
from toxpy.tcp.pool import TcpPool
from toxpy.wire.address import Node
from toxpy.wire.sections import END, EXTENSIONS, MAX_SECTION, OF_CORE, TCP_RELAYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol, TypeVar

    from toxpy.dht.dht import DHT
    from toxpy.friend.layers import Layers
    from toxpy.network.node import Socket, Streams
    from toxpy.network.only_networks import OnlyNetworks
    from toxpy.tcp.proxy import Proxy
    from toxpy.wire.sections import Records

    C = TypeVar("C", bound=Capability)

    class Rest(Protocol):
        """`struct toxpy_rest` of the C library."""

        #: the moment before which `iterate` has nothing to do unless something arrives; 0 when it has now
        deadline_ms: int
        #: how long a client should sleep at most
        interval_ms: int


#: What tox_iteration_interval answers at least; clients sleep that long.
MIN_INTERVAL_MS = 1
#: Longest time without a pass, in ms, also without timers.
MAX_REST_MS = 1000
LOOPBACK = bytes((127, 0, 0, 1))

#: The parts of a Core by attribute: the functions of the C API are their methods.
PARTS = {"user": UserCore, "friends": FriendCore, "network": NetworkCore, **CAPABILITIES}


class Core(Capabilities):
    """Build with `Core(options)`; then call `iterate` and take `drain_events` until `kill`."""

    __slots__ = (
        "_connection_status",
        "_forks",
        "_loaded",
        "friends",
        "killed",
        "messenger",
        "net_crypto",
        "network",
        "node",
        "onion",
        "options",
        "rt",
        "socket",
        "tcp",
        "user",
        *CAPABILITIES,
    )

    def __init__(
        self,
        options: Options | None = None,
        *,
        rt: Runtime | None = None,
        udp: Socket | None = None,
        streams: Streams | None = None,
    ) -> None:
        self.options = options = options.copy() if options is not None else Options()
        identity, self._loaded = load_identity(options)
        proxy, only = find_ways(options)
        if rt is None:
            log = log_sink(options)
            rt = Runtime(log=log) if log is not None else Runtime()
        self.rt = rt
        ipv4 = only is None or only.allows((LOOPBACK, 0))
        if udp is None or not (only is None or only.has_ip):
            udp = bind_socket(options, rt.log, ipv4=ipv4)
        self.socket: Socket = udp
        ipv6 = options.ipv6_enabled
        if streams is None:
            streams = RealStreams(rt=rt, ipv6=ipv6)
        identity = identity or KeyPair.generate(rt.rng)
        self.killed = False
        self._forks = FORKS.count
        self._connection_status = enums.TOX_CONNECTION_NONE
        try:
            self._build(identity, proxy, only, streams)
        except BaseException:
            streams.close()
            self.socket.close()
            raise
        # the savedata is with the messenger now: keep no second copy of the secret key
        options.savedata_data = b""
        port = self.socket.port
        rt.log(LOG_INFO, f"started on UDP port {port}" if port else "started without UDP: TCP relays only")

    def _build(
        self, identity: KeyPair, proxy: Proxy | None, only: OnlyNetworks | None, streams: Streams
    ) -> None:
        """The layers, from the bottom up."""
        rt, options, socket = self.rt, self.options, self.socket
        node = self.node = NetworkNode(
            KeyPair.generate(rt.rng),
            rt=rt,
            udp=socket,
            streams=streams,
            lan_discovery=options.local_discovery_enabled and socket.port != 0,
            hole_punching=options.hole_punching_enabled,
            announcements=options.dht_announcements_enabled,
        )
        dht, udp, send = node.dht, node.dispatch, socket.send
        connect = streams.connect
        tcp = self.tcp = TcpPool(dht.keys, dht.shared_keys, rt=rt, connect=connect, proxy=proxy, only=only)
        forwarding = node.forwarding
        if forwarding is not None:
            tcp.on_forwarding = lambda _relay_pk, data: forwarding.on_response(data)
        start_relay(node, options.tcp_port)
        if node.relay is not None and proxy is None:
            # friends learn of our own relay like of any other
            tcp.add_relay(Node(dht.public_key, (LOOPBACK, options.tcp_port), tcp=True))
        onion = self.onion = OnionClient(identity, dht, rt=rt, send=send, udp=udp, tcp=tcp)
        node.announce.deliver(identity.public, onion.on_data)
        net_crypto = self.net_crypto = NetCrypto(
            identity, dht, rt=rt, send=send, udp=udp, tcp=tcp, path=socket.path
        )
        connections = FriendConnections(identity, dht, onion, net_crypto, rt=rt, tcp=tcp)
        requests = FriendRequests(onion, connections, rt=rt)
        events: list[Any] = []
        messenger = self.messenger = Messenger(connections, requests, events, rt=rt, saved=self._loaded)
        self.user = UserCore(messenger)
        self.network = NetworkCore(node, tcp, onion, options, events, rt=rt)
        self.friends = FriendCore(messenger, onion, rt=rt)
        loaded = self._loaded
        if loaded is not None:
            messenger.requests.nospam = loaded.nospam
            friends_saved.restore(messenger, loaded.contents)
            dht.load_nodes(network_saved.read_dht_nodes(loaded.contents))
            onion.path_nodes.load(network_saved.read_path_nodes(loaded.contents))
            for relay in network_saved.read_relays(loaded.contents):
                tcp.add_relay(relay)
            loaded.drop(self._sections())
        self._add_capabilities()

    @property
    def identity(self) -> KeyPair:
        """Our long-term keys."""
        return self.messenger.identity

    @property
    def dht(self) -> DHT:
        """Whom we know in the network."""
        return self.node.dht

    # capabilities

    def _add_capabilities(self) -> None:
        """Ours with their parts, then those of the program."""
        layers: Layers = self
        for name, kind in CAPABILITIES.items():
            part = kind(layers)
            setattr(self, name, part)
            if part.capability is not None and part.capability not in self.messenger.capabilities:
                self._take_in(part.capability)
        # for the next core as well, also when it was an iterator
        self.options.capabilities = makers = tuple(self.options.capabilities)
        for make in makers:
            self._take_in(make(self))

    def add(self, make: Callable[[Core], C]) -> C:
        """Have the capability that `make(core)` builds take part in passes, events and saves.

        It gets what a save has for it. It takes part from now on; the same in
        `Options.capabilities` takes part from the start. A core that takes the place of this one, as after
        `Tox.load`, makes its own in the same way. ValueError for a kind of packet or a section of the save
        that has an owner already.
        """
        capability = make(self)
        self._take_in(capability)
        self.options.capabilities = (*self.options.capabilities, make)
        return capability

    def capability(self, kind: type[C]) -> C:
        """The capability of that class; LookupError when there is none."""
        for capability in self.messenger.capabilities:
            if isinstance(capability, kind):
                return capability
        raise LookupError(f"no {kind.__name__} was added")

    def _take_in(self, capability: object) -> None:
        if not isinstance(capability, Capability):
            raise TypeError(f"{capability!r} is no Capability")
        section = capability.section
        if section:
            self._check_section(section)
        self.messenger.capabilities.append(capability)
        if section and self._loaded is not None:
            contents = self._loaded.take(section)
            if contents:
                capability.load(contents)
        for companion in capability.companions:
            self._take_in(companion)

    def _check_section(self, section: int) -> None:
        """ValueError for a section of the save that a capability cannot own."""
        if not 0 < section <= MAX_SECTION or section == END:
            raise ValueError(f"a save has no section {section}: from 1 to {MAX_SECTION}, without {END}")
        owned = (*OF_CORE, EXTENSIONS, *(other.section for other in self.messenger.capabilities))
        if section in owned:
            raise ValueError(f"section {section} is already claimed")

    # running

    def iterate(self) -> None:
        """One pass over one moment: receive, run what is due. Events wait in `drain_events`."""
        if self.killed:
            return
        if self._forks != FORKS.count:
            self._begin_anew()
        # what falls due during the pass is told at its end
        self.rt.timers.told_ms = 0
        self.node.iterate()
        self.messenger.check_receipts()
        for capability in self.messenger.capabilities:
            capability.begin_pass()
        status = self.onion.connection_state()
        if status != self._connection_status:
            self._connection_status = status
            self.rt.log(LOG_DEBUG, f"own connection status is now {status}")
            self.messenger.events.append(ev.SelfConnectionStatus(status))

    def _begin_anew(self) -> None:
        """We are the child of a fork, for example a daemon: our parent may go on with the connections.

        The peers answer us once it has been silent for some seconds. What both receive over UDP
        either of them gets: only one of the two should go on.
        """
        self._forks = FORKS.count
        self.rt.log(LOG_INFO, "in the child of a fork: connections begin anew")
        self.rt.clock.update()
        self.node.streams.leave_to_parent()
        self.net_crypto.leave_to_parent()

    def drain_events(self) -> Iterator[Any]:
        """What happened, oldest first, also what happens meanwhile.

        Events of friends who were deleted meanwhile are left out. Events not taken stay.
        """
        waiting, capabilities, path = self.messenger.events, self.messenger.capabilities, self.socket.path
        held = False
        batch: list[Any] = []
        try:
            while not self.killed:
                if not waiting:
                    for capability in capabilities:
                        event = capability.next_event()
                        if event is not None:
                            break
                    else:
                        return
                    if not held and path is not None:
                        # chunks of files go out in batches
                        held = True
                        path.hold()
                    yield event
                    continue
                if held and path is not None:
                    # what a callback sends should not wait for its end
                    held = False
                    path.release()
                batch = waiting[::-1]
                waiting.clear()
                while batch:
                    event = batch.pop()
                    if event.owner is None or not event.owner.deleted:
                        yield event
        finally:
            waiting[:0] = batch[::-1]
            if held and path is not None:
                path.release()

    def has_events(self) -> bool:
        """True if `drain_events` would have something to look at."""
        if self.messenger.events:
            return True
        for capability in self.messenger.capabilities:  # noqa: SIM110 -- for every pass: any() costs twice as much
            if capability.has_event():
                return True
        return False

    def now_ms(self) -> int:
        """The runtime's clock, read now."""
        self.rt.clock.update()
        return self.rt.clock.now_ms

    def deadline_in_ms(self) -> int | None:
        """Milliseconds until a timer is due, 0 when one is; None when only the network can wake us."""
        return self.node.timeout_ms()

    def iteration_interval(self) -> int:
        """Milliseconds that a client should sleep before the next `iterate`, 1 to 50; see `Pace`."""
        if self.has_events():
            return MIN_INTERVAL_MS
        delay_ms = self.deadline_in_ms()
        return self.rt.pace.interval_ms(self.now_ms(), delay_ms)

    def tell_rest(self, rest: Rest) -> None:
        """Tell the C library what holds from now on: see `Rest`."""
        if self.killed or self.has_events():
            rest.deadline_ms = 0
            return
        rt = self.rt
        # no look at the clock: a moment that has passed meanwhile is none to rest until
        now_ms, deadline_ms = rt.clock.now_ms, self.node.next_deadline_ms()
        rest.interval_ms, until_ms = rt.pace.step(now_ms)
        if until_ms > now_ms + MAX_REST_MS:
            until_ms = now_ms + MAX_REST_MS
        if deadline_ms is None or deadline_ms > until_ms:
            deadline_ms = until_ms
        rest.deadline_ms = rt.timers.told_ms = deadline_ms

    def tell_sooner(self, on_sooner: Callable[[int], None]) -> None:
        """Call `on_sooner` with each moment between two passes that is before the one told in `tell_rest`."""
        self.rt.timers.on_sooner = on_sooner

    def fileno(self) -> int:
        """A descriptor that becomes readable when anything arrives, -1 in a simulated network."""
        return self.node.fileno()

    def kill(self) -> None:
        """Close all connections, telling the other sides, and the socket. Repeating it is harmless."""
        if self.killed:
            return
        self.killed = True
        self.rt.clock.update()
        if self._forks != FORKS.count:
            self._begin_anew()
        written = self.node.streams.written()
        try:
            for capability in self.messenger.capabilities:
                capability.on_end()
        finally:
            self.messenger.connections.close()
            self.net_crypto.close()
            if self.node.streams.written() > written:
                # somebody is told over relays
                self.node.streams.linger()
            self.onion.close()
            self.tcp.close()
            self.node.close()
            self.messenger.events.clear()

    def get_savedata(self) -> bytes:
        """The whole state in c-toxcore's format; sections of other versions come back as they were."""
        return save.build(self.saved())

    def saved(self) -> save.SaveData:
        """The same before it is written."""
        saved = save.SaveData(self.messenger.requests.nospam, self.identity.public, self.identity.secret)
        if self._loaded is not None:
            saved.contents, saved.kept = self._loaded.contents, self._loaded.kept
        saved.put(self._sections())
        saved.put(self._capability_sections())
        return saved

    def get_savedata_size(self) -> int:
        """How long that is, without building it."""
        return save.size(self.saved())

    def _sections(self) -> dict[int, bytes | Records]:
        """The sections that we write ourselves; others stay as they were loaded."""
        nodes = self.dht.saved_nodes(), self.onion.path_nodes.all()
        relays = self.tcp.relays_to_save(network_saved.MAX_RELAYS)
        sections = {**friends_saved.collect(self.messenger), **network_saved.write_nodes(*nodes, relays)}
        if not relays:
            # none of them could be reached yet
            del sections[TCP_RELAYS]
        return sections

    def _capability_sections(self) -> dict[int, bytes]:
        """The sections of capabilities."""
        made = ((capability.section, capability.collect()) for capability in self.messenger.capabilities)
        return {section: content for section, content in made if section and content is not None}

    @staticmethod
    def hash(data: bytes) -> bytes:
        """SHA-256, 32 bytes."""
        return sodium.sha256(data)
