"""Friends who meet at endpoints of their own, through whatever network, with nobody in between.

    our endpoint      its address is told to friends, over the session and by the onion
    theirs            are kept in the save, and dialled while the friend is offline: see `Dial`
    both meet         the friend is expected at that relay, which only the two of us can use

An endpoint's address is a lasting name of its owner, known to friends and to nobody else.
"""

from __future__ import annotations

import hashlib

from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.errors import PacketError
from toxpy.ext.networks import told
from toxpy.ext.networks.dial import Dial
from toxpy.ext.networks.endpoint import Endpoint
from toxpy.ext.networks.hello import Hellos, once_key
from toxpy.ext.networks.told import ENDPOINTS_UUID, Told
from toxpy.friend.capability import Capability
from toxpy.friend.connection import expect_at
from toxpy.friend.envelope import Extension
from toxpy.net_crypto.routes import RELAYED
from toxpy.network.network_address import AddressType, ExtendedNode, NetworkAddress
from toxpy.tcp.proxy import SOCKS5, Proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.networks.endpoint import EndpointOption
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers
    from toxpy.onion.targets import AnnounceNode, OnionFriend
    from toxpy.wire.address import Node

#: Networks that are reached through a proxy by name. Nobody carries Nym and Lokinet.
BY_NAME = (AddressType.ONION, AddressType.I2P)
#: What a proxy calls us. A password for each endpoint keeps Tor's circuits apart.
USER = b"toxpy"
_SALT_SIZE = 16


class FriendEndpoints(Capability, Extension):
    """Ours, those of friends, and the ways to them."""

    __slots__ = (
        "_dials",
        "_layers",
        "_limit",
        "_messenger",
        "_own",
        "_salt",
        "_tell_to",
        "_told",
        "_wanted",
        "changed",
        "endpoint",
        "hellos",
        "rt",
        "tcp",
    )

    def __init__(self, layers: Layers, wanted: EndpointOption) -> None:
        rt, messenger = layers.rt, layers.messenger
        self._layers = layers
        self._messenger = messenger
        self.rt = rt
        self.tcp = layers.tcp
        self._wanted = wanted
        #: a save has something new: an endpoint of ours, or what a friend told
        self.changed = False
        self._limit = frozenset(int(kind) for kind in layers.options.only_networks)
        tell_to = wanted.tell_to
        #: real keys of those who may know our endpoint; None for all friends
        self._tell_to = None if isinstance(tell_to, str) else frozenset(bytes(key) for key in tell_to)
        #: what each friend told who has the extension, by real key
        self._told: dict[bytes, Told] = {}
        #: ways to friends' endpoints that are in use, by the endpoint's key
        self._dials: dict[bytes, Dial] = {}
        self._salt = rt.rng.bytes(_SALT_SIZE)
        self._own = told.Own(int(wanted.kind))
        dht = layers.node.dht
        identity = messenger.identity
        self.hellos = Hellos(identity, SharedKeys(identity, rt=rt), dht.public_key, rt=rt)
        records = messenger.records()
        records.claim(told.RECORD_FRIENDS, self._load_friends, self._collect_friends)
        records.claim(told.RECORD_OWN, self._own.load, self._own.collect)
        messenger.envelope().add(ENDPOINTS_UUID, self)
        layers.onion.data.claim(told.DATA_ENDPOINTS, self._on_onion_list)
        self.endpoint = self._make_endpoint()
        # those found last first: there may be more of them than private relays
        for real_pk, _ in sorted(self._told.items(), key=lambda item: item[1].good_s, reverse=True):
            friend = messenger.friend_by_key(real_pk)
            if friend is not None:
                self._look_for(friend)

    def _make_endpoint(self) -> Endpoint | None:
        layers, own, wanted = self._layers, self._own, self._wanted
        service = wanted.make(rt=self.rt, streams=layers.node.streams, key=own.service_key())
        if service is None:
            return None
        own.service = service
        if own.keys is None:
            own.keys = KeyPair.generate(self.rt.rng)
            self.changed = True
        return Endpoint(self, service, own.keys, layers, listen=wanted.listen)

    def on_end(self) -> None:
        """Friends hear that we leave before the connections end; new ones do not come."""
        if self.endpoint is not None:
            self.endpoint.stop()

    # what is kept

    def _load_friends(self, content: bytes) -> None:
        for real_pk, of in told.unpack_friends(content):
            if self._messenger.friend_by_key(real_pk) is not None:
                self._told[real_pk] = of

    def _collect_friends(self) -> bytes | None:
        return told.pack_friends(self._told.items()) or None

    # telling friends

    def _may_use(self, kind: int) -> bool:
        """True if the user lets us have to do with that network."""
        return not self._limit or int(kind) in self._limit

    def own_node(self) -> ExtendedNode | None:
        """Our endpoint, once it can be reached."""
        endpoint = self.endpoint
        if endpoint is None or endpoint.address is None:
            return None
        return ExtendedNode(endpoint.keys.public, endpoint.address)

    def _nodes_for(self, real_pk: bytes) -> list[ExtendedNode]:
        """What a friend is told: our endpoint, and relays that others know by name only."""
        own = self.own_node() if self._tell_to is None or real_pk in self._tell_to else None
        nodes = [own] if own is not None else []
        for node, host in self.tcp.relays_by_name():
            try:
                address = NetworkAddress.parse(f"{host}:{node.address[1]}")
            except ValueError:
                # a name of the ordinary kind: whoever looks it up shows what it looks for
                continue
            nodes.append(ExtendedNode(node.public_key, address))
        return [node for node in nodes if self._may_use(node.address.type)][: told.MAX_TOLD]

    def on_ready(self, friend: FriendState) -> None:
        """The friend has the extension too: tell what there is, and that there is nothing."""
        content = told.pack_list(self._nodes_for(friend.real_pk))
        self._messenger.envelope().send_soon(friend, ENDPOINTS_UUID, bytes((told.SEGMENT_LIST,)) + content)

    def on_own_address(self) -> None:
        """Our endpoint can be reached now, or elsewhere: tell all, and dial what its service leads to."""
        # its service may have made a key for it
        self.changed = True
        envelope = self._messenger.envelope()
        for friend in self._messenger.friends():
            if envelope.is_on(friend, ENDPOINTS_UUID):
                self.on_ready(friend)
            self._look_for(friend)

    def _tell_by_onion(self, friend: OnionFriend, nodes: list[AnnounceNode]) -> None:
        """Our DHT key was sent to these nodes: so are our endpoints."""
        listed = self._nodes_for(friend.public_key)
        if listed:
            no_replay = self.rt.clock.unix_s().to_bytes(told.NO_REPLAY_SIZE, "big")
            data = bytes((told.DATA_ENDPOINTS,)) + no_replay + told.pack_list(listed)
            self._layers.onion.send_data(friend, data, nodes)

    # what friends tell

    def on_segment(self, friend: FriendState, data: bytes) -> None:
        """A list in place of the one before."""
        if data[0] != told.SEGMENT_LIST:
            self.rt.counters.drop("endpoints_segment")
            return
        try:
            nodes = told.read_list(data[1:])
        except PacketError:
            self.rt.counters.drop("endpoints_list")
            return
        self.learn(friend, nodes)

    def _on_onion_list(self, sender: bytes, payload: bytes) -> None:
        friend = self._messenger.friend_by_key(sender)
        if friend is None or len(payload) <= told.NO_REPLAY_SIZE:
            return self.rt.counters.drop("endpoints_stranger")
        no_replay = int.from_bytes(payload[: told.NO_REPLAY_SIZE], "big")
        known = self._told.get(sender)
        if known is not None and no_replay <= known.no_replay:
            return self.rt.counters.drop("endpoints_replay")
        nodes, now_ms = told.read_list(payload[told.NO_REPLAY_SIZE :]), self.rt.clock.now_ms
        changed = known is None or known.nodes != nodes
        if changed and known is not None and now_ms - known.changed_ms < told.MIN_CHANGE_MS:
            return self.rt.counters.drop("endpoints_budget")
        self.learn(friend, nodes)
        kept = self._told[sender]
        kept.no_replay = no_replay
        if changed:
            kept.changed_ms = now_ms
        return None

    def learn(self, friend: FriendState, nodes: list[ExtendedNode]) -> None:
        """These, at most 4, are the friend's now. ValueError for more."""
        if len(nodes) > told.MAX_TOLD:
            raise ValueError(f"a friend has at most {told.MAX_TOLD} endpoints")
        known = self._told.get(friend.real_pk)
        if known is not None and known.nodes == nodes:
            return
        self.changed = True
        self._leave(friend)
        if known is None:
            self._told[friend.real_pk] = Told(nodes)
        else:
            known.nodes = nodes
        self._look_for(friend)

    # dialling

    def _may_dial(self, address: NetworkAddress) -> bool:
        named = address.type in BY_NAME
        return self._may_use(address.type) and address.is_routable and (named or address.ip is not None)

    def proxy_to(self, key: bytes, address: NetworkAddress) -> Proxy | None:
        """What leads to an address: the user's proxy, or that of our service's network."""
        proxy, wanted = self.tcp.proxy, self._wanted
        if proxy is None and wanted.socks is not None and wanted.kind == address.type:
            proxy = Proxy(SOCKS5, wanted.socks)
        if proxy is None:
            return None
        return proxy.as_user((USER, hashlib.sha256(self._salt + key).hexdigest()[:32].encode()))

    def _look_for(self, friend: FriendState) -> None:
        """Have a friend with the extension told by the onion, and dial its endpoints while it is offline."""
        known = self._told.get(friend.real_pk)
        if known is None:
            return
        self._layers.onion.friends[friend.real_pk].on_told = self._tell_by_onion
        if friend.connection.is_online:
            return
        for node in known.nodes:
            if not self._may_dial(node.address):
                continue
            dial = self._dials.get(node.public_key)
            if dial is None:
                dial = self._dials[node.public_key] = Dial(self, node.public_key)
            dial.tell(friend, node.address)
            dial.begin()

    def _leave(self, friend: FriendState) -> None:
        """The friend is not to be found at the endpoints that it told of so far."""
        for key, dial in list(self._dials.items()):
            if friend in dial.friends:
                dial.friends.discard(friend)
                friend.connection.private_relays.pop(key, None)
                if not dial.friends:
                    del self._dials[key]
                    dial.end()

    def on_friend_online(self, friend: FriendState) -> None:
        """Stay where we met; do not try any longer where we did not."""
        for key, dial in list(self._dials.items()):
            if friend in dial.friends and not dial.is_needed() and self.tcp.private.is_waiting(key):
                del self._dials[key]
                dial.end()

    def on_friend_gone(self, friend: FriendState) -> None:
        """Look for the friend, or forget what it told."""
        if not friend.deleted:
            self._look_for(friend)
            return
        self._leave(friend)
        self._told.pop(friend.real_pk, None)
        if self.endpoint is not None:
            self.endpoint.forget(friend.real_pk)

    # meeting

    def welcome(self, real_pk: bytes) -> FriendState | None:
        """The friend of that key, if it may use our endpoint."""
        if self._tell_to is not None and real_pk not in self._tell_to:
            return None
        return self._messenger.friend_by_key(real_pk)

    def on_answer(self, dial: Dial, data: bytes) -> None:
        """An endpoint says whose it is."""
        once = once_key(data)
        dht = self._layers.node.dht
        outer = dht.budget.shared_key(dht.shared_keys, once, RELAYED) if once else None
        speaker, box = self.hellos.speaker(data, outer) if outer is not None else (b"", b"")
        friend = self._messenger.friend_by_key(speaker)
        dht_pk = self.hellos.dht_pk(speaker, box) if friend in dial.friends else b""
        if friend is None or not dht_pk:
            return self.rt.counters.drop("endpoint_answer")
        self._told[speaker].good_s = self.rt.clock.unix_s()
        return self.on_met(friend, dht_pk, dial.node)

    def on_met(self, friend: FriendState, dht_pk: bytes, node: Node) -> None:
        """The friend is at that relay and has that DHT key."""
        expect_at(friend.connection, node)
        friend.connection.on_dht_pk(dht_pk)
