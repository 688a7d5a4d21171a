"""One Tox instance at the bytes level: the layers put together, and a method per C function.

    UDP  -> Dispatch by first byte -> DHT | onion | net_crypto -> friend connections -> messenger
    TCP  -> relays (`tcp`) -----------------> onion | net_crypto -^
    messenger -> events -> `drain_events`

Methods are named as in C without `tox_`, take and return bytes and integers, and raise
`ToxError` with the value of that C function's error enum. `Tox`, `AsyncTox` and the C library
are three thin layers over this class. A None where C knows NULL raises the NULL error.

The DHT key pair is a new one for each instance, as in c-toxcore: the address of a node
must not tell who its user is.
"""

from __future__ import annotations

from toxpy.crypto import sodium
from toxpy.crypto.keys import KeyPair
from toxpy.errors import api_error
from toxpy.files.core import CoreFiles
from toxpy.friend.connection import FriendConnections
from toxpy.friend.diagnosis import diagnose
from toxpy.friend.messenger import Messenger
from toxpy.friend.requests import FriendRequests
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.ids import NOSPAM_SIZE, address_checksum, checked_key
from toxpy.net_crypto.net_crypto import NetCrypto
from toxpy.network.core import CoreNetwork
from toxpy.network.node import NetworkNode
from toxpy.onion.client import OnionClient
from toxpy.options import Options
from toxpy.runtime import FORKS, LOG_DEBUG, LOG_INFO, Runtime
from toxpy.save import savedata as save
from toxpy.start import (
    bind_socket,
    find_proxy,
    load_identity,
    log_sink,
    start_relay,
)
from toxpy.system.streams import Streams as RealStreams
from toxpy.tcp.pool import TcpPool
from toxpy.wire.address import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Protocol

    from toxpy.friend.diagnosis import Diagnosis
    from toxpy.friend.friend import Friend
    from toxpy.network.node import Socket, Streams
    from toxpy.tcp.proxy import Proxy

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


class Core(CoreFiles, CoreNetwork):
    """Build with `Core(options)`; then call `iterate` and take `drain_events` until `kill`."""

    __slots__ = (
        "_connection_status",
        "_events",
        "_forks",
        "_loaded",
        "connections",
        "dht",
        "identity",
        "killed",
        "messenger",
        "net_crypto",
        "node",
        "onion",
        "options",
        "rt",
        "socket",
        "streams",
        "tcp",
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
        proxy = find_proxy(options)
        if rt is None:
            log = log_sink(options)
            rt = Runtime(log=log) if log is not None else Runtime()
        self.rt = rt
        self.socket: Socket = udp if udp is not None else bind_socket(options, rt.log)
        ipv6 = options.ipv6_enabled
        self.streams: Streams = streams if streams is not None else RealStreams(rt=rt, ipv6=ipv6)
        self.identity = identity or KeyPair.generate(rt.rng)
        self.killed = False
        self._forks = FORKS.count
        self._connection_status = enums.TOX_CONNECTION_NONE
        self._events: list[Any] = []
        try:
            self._build(proxy)
        except BaseException:
            self.streams.close()
            self.socket.close()
            raise
        # the savedata is with the messenger now: keep no second copy of the secret key
        options.savedata_data = b""
        port = self.socket.port
        rt.log(LOG_INFO, f"started on UDP port {port}" if port else "started without UDP: TCP relays only")

    def _build(self, proxy: Proxy | None) -> None:
        """The layers, from the bottom up."""
        rt, options, socket = self.rt, self.options, self.socket
        node = self.node = NetworkNode(
            KeyPair.generate(rt.rng),
            rt=rt,
            udp=socket,
            streams=self.streams,
            lan_discovery=options.local_discovery_enabled and socket.port != 0,
            hole_punching=options.hole_punching_enabled,
            announcements=options.dht_announcements_enabled,
        )
        dht, udp, send = node.dht, node.dispatch, socket.send
        self.dht = dht
        tcp = self.tcp = TcpPool(dht.keys, dht.shared_keys, rt=rt, connect=self.streams.connect, proxy=proxy)
        forwarding = node.forwarding
        if forwarding is not None:
            tcp.on_forwarding = lambda _relay_pk, data: forwarding.on_response(data)
        start_relay(node, options.tcp_port)
        if node.relay is not None and proxy is None:
            # friends learn of our own relay like of any other
            tcp.add_relay(Node(dht.public_key, (LOOPBACK, options.tcp_port), tcp=True))
        onion = self.onion = OnionClient(self.identity, dht, rt=rt, send=send, udp=udp, tcp=tcp)
        node.announce.deliver(self.identity.public, onion.on_data)
        net_crypto = self.net_crypto = NetCrypto(
            self.identity, dht, rt=rt, send=send, udp=udp, tcp=tcp, path=socket.path
        )
        connections = FriendConnections(self.identity, dht, onion, net_crypto, rt=rt, tcp=tcp)
        self.connections = connections
        requests = FriendRequests(onion, connections, rt=rt)
        self.messenger = Messenger(connections, requests, self._events, rt=rt)
        loaded = self._loaded
        if loaded is not None:
            save.restore(loaded, self.messenger)
            dht.load_nodes(loaded.dht_nodes)
            onion.load_path_nodes(loaded.path_nodes)
            for relay in loaded.relays():
                tcp.add_relay(relay)

    # running

    def iterate(self) -> None:
        """One pass over one moment: receive, run what is due. Events wait in `drain_events`."""
        if self.killed:
            return
        if self._forks != FORKS.count:
            self._begin_anew()
        self.node.iterate()
        self.messenger.check_receipts()
        self.messenger.files.begin_pass()
        status = self.self_get_connection_status()
        if status != self._connection_status:
            self._connection_status = status
            self.rt.log(LOG_DEBUG, f"own connection status is now {status}")
            self._events.append(ev.SelfConnectionStatus(status))

    def _begin_anew(self) -> None:
        """We are the child of a fork, for example a daemon: our parent may go on with the connections.

        The peers answer us once it has been silent for some seconds. What both receive over UDP
        either of them gets: only one of the two should go on.
        """
        self._forks = FORKS.count
        self.rt.log(LOG_INFO, "in the child of a fork: connections begin anew")
        self.rt.clock.update()
        self.streams.leave_to_parent()
        self.net_crypto.leave_to_parent()

    def drain_events(self) -> Iterator[Any]:
        """What happened, oldest first, also what happens meanwhile.

        Events of friends who were deleted meanwhile are left out. Events not taken stay.
        """
        waiting, files, path = self._events, self.messenger.files, self.socket.path
        held = False
        batch: list[Any] = []
        try:
            while not self.killed:
                if not waiting:
                    request = files.next_event()
                    if request is None:
                        return
                    if not held and path is not None:
                        # chunks go out in batches
                        held = True
                        path.hold()
                    yield request
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
        """Would `drain_events` have something to look at."""
        return bool(self._events) or self.messenger.files.has_event()

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
        if self.killed or self._events or self.messenger.files.has_event():
            rest.deadline_ms = 0
            return
        rt = self.rt
        # no look at the clock: a moment that has passed meanwhile is none to rest until
        now_ms, deadline_ms = rt.clock.now_ms, self.node.next_deadline_ms()
        rest.interval_ms, until_ms = rt.pace.step(now_ms)
        if until_ms > now_ms + MAX_REST_MS:
            until_ms = now_ms + MAX_REST_MS
        rest.deadline_ms = until_ms if deadline_ms is None or deadline_ms > until_ms else deadline_ms

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
        self.connections.close()
        self.net_crypto.close()
        self.onion.close()
        self.tcp.close()
        self.node.close()
        self._events.clear()

    def get_savedata(self) -> bytes:
        """The whole state in c-toxcore's format; sections of other versions come back as they were."""
        return save.build(self.saved())

    def saved(self) -> save.SaveData:
        """The same before it is written."""
        saved = self._collect()
        saved.friends = save.collect_friends(self.messenger)
        return saved

    def get_savedata_size(self) -> int:
        """How long that is, without building it."""
        return save.size(self._collect(), len(self.messenger.friends()))

    def _collect(self) -> save.SaveData:
        """All but the friends."""
        saved = save.collect(self.messenger)
        saved.dht_nodes = self.dht.saved_nodes()
        saved.path_nodes = self.onion.path_nodes()
        saved.set_relays(self.tcp.relays_to_save(save.MAX_RELAYS))
        loaded = self._loaded
        if loaded is not None:
            saved.groups_raw = loaded.groups_raw
            if not saved.relays_raw:
                # none of them could be reached yet
                saved.relays_raw = loaded.relays_raw
            saved.conferences_raw, saved.kept = loaded.conferences_raw, loaded.kept
        return saved

    # ourselves

    def self_get_address(self) -> bytes:
        """Our Tox ID, 38 bytes."""
        body = self.identity.public + self.messenger.requests.nospam
        return body + address_checksum(body)

    def self_get_public_key(self) -> bytes:
        """Our long-term public key."""
        return self.identity.public

    def self_get_secret_key(self) -> bytes:
        """Our long-term secret key."""
        return self.identity.secret

    def self_get_nospam(self) -> int:
        """The nospam as a number whose most significant byte comes first in the address."""
        return int.from_bytes(self.messenger.requests.nospam, "big")

    def self_set_nospam(self, nospam: int) -> None:
        """Requests with any other nospam are ignored from now on."""
        self.messenger.requests.nospam = nospam.to_bytes(NOSPAM_SIZE, "big")

    def self_get_name(self) -> bytes:
        """Our name."""
        return self.messenger.name

    def self_set_name(self, name: bytes | None) -> bool:
        """Set our name and tell friends."""
        if name is None:
            raise api_error("TOX_ERR_SET_INFO_NULL")
        self.messenger.set_name(name)
        return True

    def self_get_status_message(self) -> bytes:
        """Our status message."""
        return self.messenger.status_message

    def self_set_status_message(self, status_message: bytes | None) -> bool:
        """Set our status message and tell friends."""
        if status_message is None:
            raise api_error("TOX_ERR_SET_INFO_NULL")
        self.messenger.set_status_message(status_message)
        return True

    def self_get_status(self) -> int:
        """Our TOX_USER_STATUS."""
        return self.messenger.status

    def self_set_status(self, status: int) -> None:
        """Set our TOX_USER_STATUS and tell friends; another value changes nothing."""
        self.messenger.set_status(status)

    # friends

    def _friend(self, number: int, error: str = "TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND") -> Friend:
        friend = self.messenger.friend(number)
        if friend is None:
            raise api_error(error)
        return friend

    def self_get_friend_list(self) -> list[int]:
        """The numbers of all friends, ascending."""
        return [friend.number for friend in self.messenger.friends()]

    def friend_add(self, address: bytes | None, message: bytes | None) -> int:
        """Add the owner of a Tox ID and send them a request."""
        if address is None or message is None:
            raise api_error("TOX_ERR_FRIEND_ADD_NULL")
        self.rt.clock.update()
        return self.messenger.add(address, message).number

    def friend_add_norequest(self, public_key: bytes | None) -> int:
        """Add the owner of a public key without a request."""
        key = checked_key(public_key, "TOX_ERR_FRIEND_ADD_NULL")
        self.rt.clock.update()
        return self.messenger.add_norequest(key).number

    def friend_delete(self, friend_number: int) -> bool:
        """Remove a friend."""
        self.rt.clock.update()
        self.messenger.delete(friend_number)
        return True

    def friend_by_public_key(self, public_key: bytes | None) -> int:
        """The number of the friend with that public key."""
        friend = self.messenger.friend_by_key(checked_key(public_key, "TOX_ERR_FRIEND_BY_PUBLIC_KEY_NULL"))
        if friend is None:
            raise api_error("TOX_ERR_FRIEND_BY_PUBLIC_KEY_NOT_FOUND")
        return friend.number

    def friend_exists(self, friend_number: int) -> bool:
        """Is there a friend of that number."""
        return self.messenger.friend(friend_number) is not None

    def friend_get_public_key(self, friend_number: int) -> bytes:
        """A friend's long-term public key."""
        return self._friend(friend_number, "TOX_ERR_FRIEND_GET_PUBLIC_KEY_FRIEND_NOT_FOUND").real_pk

    def friend_get_last_online(self, friend_number: int) -> int:
        """Unix seconds when the friend was last seen, 0 for never."""
        return self.messenger.last_online(friend_number)

    def friend_get_name(self, friend_number: int) -> bytes:
        """A friend's name."""
        return self._friend(friend_number).name

    def friend_get_status_message(self, friend_number: int) -> bytes:
        """A friend's status message."""
        return self._friend(friend_number).status_message

    def friend_get_status(self, friend_number: int) -> int:
        """A friend's TOX_USER_STATUS."""
        return self._friend(friend_number).user_status

    def friend_get_connection_status(self, friend_number: int) -> int:
        """A friend's TOX_CONNECTION."""
        return self._friend(friend_number).connection_type

    def friend_get_typing(self, friend_number: int) -> bool:
        """Is the friend typing to us."""
        return self._friend(friend_number).is_typing

    def friend_diagnosis(self, friend_number: int) -> Diagnosis:
        """How far the connection to a friend came, and when."""
        friend = self._friend(friend_number)
        connected = self.self_get_connection_status() != enums.TOX_CONNECTION_NONE
        return diagnose(friend, friend.connection, connected, self.now_ms())

    def friend_get_offline_reason(self, friend_number: int) -> int:
        """The TOX_FRIEND_OFFLINE_REASON of `friend_diagnosis`."""
        return self.friend_diagnosis(friend_number).reason

    def friend_get_offline_reason_age(self, friend_number: int) -> int:
        """Milliseconds since that step was reached, 2**64 - 1 when there was no such moment."""
        since_ms = self.friend_diagnosis(friend_number).since_ms
        return since_ms if since_ms >= 0 else 2**64 - 1

    def self_set_typing(self, friend_number: int, typing: bool) -> bool:
        """Tell a friend whether we are typing."""
        self._converse()
        self.messenger.set_typing(friend_number, typing)
        return True

    # messages

    def _converse(self) -> None:
        """For calls that send something to a friend: an answer may come soon."""
        clock = self.rt.clock
        clock.update()
        self.rt.pace.active_ms = clock.now_ms

    def friend_send_message(self, friend_number: int, type: int, message: bytes | None) -> int:
        """Send a message; its id comes back in FriendReadReceipt."""
        if message is None:
            raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_NULL")
        self._converse()
        return self.messenger.send_message(friend_number, type, message)

    def friend_send_lossy_packet(self, friend_number: int, data: bytes | None) -> bool:
        """Send a custom packet that may get lost."""
        if data is None:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_NULL")
        self._converse()
        self.messenger.send_lossy_packet(friend_number, data)
        return True

    def friend_send_lossless_packet(self, friend_number: int, data: bytes | None) -> bool:
        """Send a custom packet in order."""
        if data is None:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_NULL")
        self._converse()
        self.messenger.send_lossless_packet(friend_number, data)
        return True

    @staticmethod
    def hash(data: bytes) -> bytes:
        """SHA-256, 32 bytes."""
        return sodium.sha256(data)
