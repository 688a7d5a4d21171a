"""The session with one peer of a group: set-up, keys, packets both ways, and whether the peer is still there.

A session lives until its peer is silent: for 12 s while the group does not know who it is (`confirmed`),
then for 58 s. Any packet of the peer counts; c-toxcore counts lossy ones only, so a ping goes every 12 s.

A peer that comes again, because it was restarted or has given us up, makes a new set-up, and the session
goes on with the old keys until the new ones are proven. When nothing but what we cannot open comes we ask
for a new set-up ourselves. c-toxcore: group_chats.c, group_connection.c.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.group.channel import REQUEST_ID, RESPONSE_ID, Channel
from toxpy.group.guard import HandshakeGuard
from toxpy.group.packets import (
    ACK,
    HANDSHAKE_DONE,
    KEY_ROTATION,
    PING,
    pack_key_rotation,
    unpack_key_rotation,
)
from toxpy.group.sealed import Sealed
from toxpy.group.session_keys import SessionKeys
from toxpy.group.setup import GroupSetup
from toxpy.group.transport import GroupTransport
from toxpy.group.wire import INVITE, PEER_INFO
from toxpy.net_crypto.alarm import Alarm
from toxpy.wire.group_packets import LOSSY_ID, unpad
from toxpy.wire.packets import GROUP_LOSSLESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.group.send_array import SentPacket
    from toxpy.group.setup import Candidate, OwnMember
    from toxpy.group.transport import PeerWays
    from toxpy.group.wire import GroupHandshake
    from toxpy.wire.address import Address
    from toxpy.wire.data_packets import Record

    class PeerOwner(PeerWays, Protocol):
        """The peer as the group knows it."""

        def attach(self, session: PeerSession) -> None:
            """This is the peer's session."""

        def on_established(
            self, asked: bool, request_type: int, undelivered: list[tuple[int, bytes]]
        ) -> None:
            """There is a session, the first one or another: who asked, we or the peer, and for what.

            And what of an earlier session the peer has not acknowledged, by kind and data.
            """

        def on_lossless(self, kind: int, data: bytes) -> None:
            """The next lossless packet; PacketError when it is malformed."""

        def on_lossy(self, kind: int, data: bytes) -> None:
            """A lossy packet; PacketError when it is malformed."""

        def make_ping(self) -> bytes:
            """What a ping says."""

        def on_timed_out(self) -> None:
            """The peer is gone; the session is closed."""


#: Silence after which a peer is gone, in ms: one that is confirmed, any other one. As in c-toxcore.
CONFIRMED_TIMEOUT_MS, UNCONFIRMED_TIMEOUT_MS = 58_000, 12_000
#: Time between two handshakes of a kind, in ms. As in c-toxcore.
HANDSHAKE_INTERVAL_MS = 3000
#: Time between pings, and the first one's earliest moment, in ms. As in c-toxcore.
PING_INTERVAL_MS, FIRST_PING_MS = 12_000, 6000
#: Age of a key at which it is renewed, in ms. As in c-toxcore.
ROTATION_INTERVAL_MS = 300_000
#: Time until the peer is asked again, in ms: c-toxcore reads over requests for 150 s after a rotation.
ROTATION_RETRY_MS = 160_000
#: Time for which a set-up may stay without proof beside a session, in ms.
SETUP_TIMEOUT_MS = 15_000
#: Silence after which a packet that we cannot open makes us ask for a new set-up, in ms.
DEAF_MS = 15_000


class PeerSession:
    """One peer, by its permanent encryption key."""

    __slots__ = (
        "_alarm",
        "_confirmed",
        "_doubted_ms",
        "_guard",
        "_heard_ms",
        "_keys",
        "_own",
        "_owner",
        "_ping_ms",
        "_proven",
        "_renews_key",
        "_rotation_ms",
        "_rt",
        "_sealed",
        "_session_pk",
        "_setup",
        "channel",
        "is_closed",
        "peer_pk",
        "sig_pk",
        "transport",
    )

    def __init__(self, peer_pk: bytes, permanent_key: bytes, owner: PeerOwner, own: OwnMember) -> None:
        """`permanent_key` is the shared key of the peer's permanent key and ours."""
        rt = self._rt = own.rt
        now_ms = rt.clock.now_ms
        self.peer_pk = peer_pk
        #: the peer's signature key, b"" before its first handshake
        self.sig_pk = b""
        self._guard = HandshakeGuard(permanent_key, rt=rt)
        self._owner = owner
        self._own = own
        self.transport = GroupTransport(owner, rt.clock)
        self._sealed = Sealed(peer_pk, self.transport, own)
        self._setup: GroupSetup | None = None
        self._keys: SessionKeys | None = None
        #: until there is a session
        self.channel: Channel | None = None
        #: the peer's public key of the set-up
        self._session_pk = b""
        #: True if the peer has shown that it has the session's key
        self._proven = False
        self._confirmed = False
        #: of two peers one renews the session's key
        self._renews_key = own.is_closer(peer_pk)
        self._heard_ms = now_ms
        #: when the peer last behaved as if it had no session; 0 for never
        self._doubted_ms = 0
        self._ping_ms = self._rotation_ms = now_ms
        self.is_closed = False
        self._alarm = Alarm(rt.timers, self._on_alarm)
        self._arm()

    @property
    def is_established(self) -> bool:
        """True if packets can be sent."""
        return self.channel is not None and not self.is_closed

    def confirm(self) -> None:
        """The group knows who the peer is."""
        self._confirmed = True

    # set-up

    def connect(self, request_type: int) -> None:
        """Ask the peer for a session, unless we do so already."""
        if self.is_closed:
            return
        setup = self._setup = self._setup or self._new_setup()
        if not setup.is_asking:
            setup.is_asking = True
            setup.request_type = request_type
            self._send_request(setup)
            self._arm()

    def _new_setup(self) -> GroupSetup:
        return GroupSetup(self.peer_pk, self._guard.permanent_key, self._own)

    def _send_request(self, setup: GroupSetup) -> None:
        setup.is_held_up = not self.transport.send_handshake(setup.make_request(self._owner.own_relay()))

    def on_way(self, address: Address | None = None) -> None:
        """There may be a way to the peer now, by a relay or at that address: send what was held up."""
        moved = address is not None and self.transport.set_address(address)
        setup = self._setup
        if setup is None:
            return
        if setup.is_asking and setup.is_held_up:
            self._send_request(setup)
        elif setup.is_asking and moved and address is not None:
            self._owner.send_udp(address, setup.make_copy(self._owner.own_relay()))
        if setup.is_answer_held_up and setup.response_type is not None:
            self._answer(setup, setup.response_type, None)

    def _answer(self, setup: GroupSetup, request_type: int, address: Address | None) -> None:
        response = setup.make_response(request_type, self._owner.own_relay())
        setup.is_answer_held_up = not self.transport.answer(response, address)

    def on_handshake(self, packet: bytes, address: Address | None) -> None:
        """A handshake packet of that peer, or of somebody who says so; None for one over a relay."""
        handshake = None if self.is_closed else self._guard.open(packet)
        if handshake is None:
            return
        if handshake.is_response:
            self._on_response(handshake, address)
        else:
            self._on_request(handshake, address)
        self._arm()

    def _on_request(self, handshake: GroupHandshake, address: Address | None) -> None:
        if self._own.refuses(handshake):
            self._rt.counters.drop("group_join_type")
            return
        if self.channel is not None and handshake.session_pk == self._session_pk:
            # it has our response already, or has sent its own
            self._rt.counters.drop("group_handshake_late")
            return
        setup = self._setup = self._setup or self._new_setup()
        if setup.on_handshake(handshake) is None:
            self._rt.counters.drop("low_order_key")
            return
        if self.channel is None:
            self.transport.heard_from(address, moves=True)
        if handshake.relay is not None:
            self._owner.add_relay(handshake.relay)
        self._answer(setup, handshake.request_type, address)

    def _on_response(self, handshake: GroupHandshake, address: Address | None) -> None:
        setup = self._setup
        if self.channel is not None and handshake.session_pk == self._session_pk:
            if not self._proven:
                # it lacks our first packet, which is repeated anyway
                return
            # c-toxcore may answer a new request with the session key that it had
            if setup is None or not setup.is_asking:
                self._on_response_again(handshake)
                return
        if setup is None or not setup.requests:
            self._rt.counters.drop("group_handshake_late")
            return
        candidate = setup.on_handshake(handshake)
        if candidate is None:
            self._rt.counters.drop("low_order_key")
            return
        self.transport.heard_from(address, moves=True)
        if handshake.relay is not None:
            self._owner.add_relay(handshake.relay)
        since_ms = setup.requested_ms if setup.requests == 1 else None
        # ask on until there is proof: c-toxcore 0.2.20 that has a session with us already answers the first
        # request, but takes the key of the second one
        setup.requested_ms = self._rt.clock.now_ms
        self._establish(candidate, since_ms, asked=True)

    def _on_response_again(self, handshake: GroupHandshake) -> None:
        """The peer answered a second request of ours and began anew.

        c-toxcore does so, and then takes nothing but a first packet. It says so every 3 s.
        """
        if self._doubted_ms <= self._heard_ms:
            self._doubted_ms = self._rt.clock.now_ms
        elif self._keys is not None:
            self._doubted_ms = 0
            self._open_channel(REQUEST_ID, RESPONSE_ID, handshake.request_type, None, asked=True)

    def _establish(self, candidate: Candidate, since_ms: int | None, *, asked: bool) -> None:
        self._keys = SessionKeys(candidate.key, rt=self._rt)
        self._sealed.close()
        self._session_pk = candidate.session_pk
        self.sig_pk = candidate.sig_pk
        self._proven = False
        now_ms = self._heard_ms = self._rt.clock.now_ms
        self._ping_ms = now_ms + FIRST_PING_MS + self._rt.rng.below(FIRST_PING_MS)
        self._rotation_ms = now_ms + ROTATION_INTERVAL_MS
        ids = candidate.sent_id, candidate.received_id
        self._open_channel(*ids, candidate.request_type, since_ms, asked=asked)

    def _open_channel(
        self, sent_id: int, received_id: int, request_type: int, since_ms: int | None, *, asked: bool
    ) -> None:
        """Begin to count; `since_ms` is when the handshake left that was answered, if it was the only one."""
        left = [] if self.channel is None else self.channel.close()
        undelivered = [packet for packet in left if packet[0] not in (HANDSHAKE_DONE, KEY_ROTATION)]
        channel = self.channel = Channel(sent_id, received_id, self, rt=self._rt)
        if since_ms is not None:
            now_ms = self._rt.clock.now_ms
            channel.round_trip.on_sample(now_ms, now_ms - since_ms)
        if asked:
            channel.write(HANDSHAKE_DONE, b"")
        self._owner.on_established(asked, request_type, undelivered)

    # packets of the session

    def receive(self, packet: bytes, address: Address | None) -> None:
        """A lossless or lossy packet of that peer, or of somebody who says so; None for one over a relay."""
        plain = self._open(packet)
        if plain is None:
            self._rt.counters.drop("group_sealed")
            return
        try:
            record = unpad(packet[0] == GROUP_LOSSLESS.kind, plain)
        except PacketError:
            # it is from the peer all the same
            self._rt.counters.drop("group_packet")
            self._take(address, [])
            return
        self._take(address, [record])

    def receive_run(self, address: Address | None, records: list[Record]) -> None:
        """What was in packets of the peer that came one after the other and opened with the newest key."""
        if self.is_closed or self._keys is None:
            self._rt.counters.drop("group_sealed")
            return
        if self._sealed.is_open:
            self._keys.opened()
        self._take(address, records)

    def _take(self, address: Address | None, records: list[Record]) -> None:
        self._heard_ms = self._rt.clock.now_ms
        self.transport.heard_from(address, moves=False)
        first = self.channel
        if first is not None and len(records) > 1:
            first.begin_run()
        for message_id, kind, data in records:
            channel = self.channel
            if channel is None or self.is_closed:
                break
            try:
                if message_id != LOSSY_ID:
                    if channel.receive(message_id, kind, data):
                        self.transport.heard_from(address, moves=True)
                elif kind == ACK:
                    channel.on_ack(data)
                else:
                    self._owner.on_lossy(kind, data)
            except PacketError:
                self._rt.counters.drop("group_packet")
        if first is not None:
            first.end_run()

    def _open(self, packet: bytes) -> bytes | None:
        """The plain text; it may be the proof that a set-up waits for."""
        if self.is_closed:
            return None
        keys = self._keys
        plain = keys.open(packet) if keys is not None else None
        if keys is not None and plain is not None:
            self._sealed.open_with(keys.newest, self)
            if not self._proven:
                self._proven = True
                self._setup = None
            return plain
        setup = self._setup
        opened = setup.open(packet) if setup is not None else None
        if setup is None or opened is None:
            self._on_sealed()
            return None
        candidate, plain = opened
        self._establish(candidate, setup.responded_ms if setup.responses == 1 else None, asked=False)
        self._proven = True
        self._setup = None
        return plain if self.is_established else None

    def _on_sealed(self) -> None:
        """A packet is sealed with no key of ours."""
        silent_ms = self._rt.clock.now_ms - self._heard_ms
        if self.channel is not None and self._setup is None and silent_ms >= DEAF_MS:
            self.connect(PEER_INFO if self._confirmed else INVITE)

    def send_lossless(self, kind: int, data: bytes) -> bool:
        """Send a packet that arrives; False without a session, or while too many are not acknowledged."""
        return self.channel is not None and not self.is_closed and self.channel.write(kind, data)

    def send_lossy(self, kind: int, data: bytes) -> bool:
        """Send a packet that may be lost; False without a session or a way."""
        keys = self._keys
        if keys is None or self.is_closed:
            return False
        return self._sealed.send(keys.for_lossy(), LOSSY_ID, kind, data)

    # what the channel wants

    def transmit(self, packet: SentPacket) -> None:
        """Send a lossless packet, maybe not for the first time."""
        keys = self._keys
        if keys is not None:
            message_id = packet.message_id
            self._sealed.send(keys.for_lossless(message_id), message_id, packet.kind, packet.data)

    def deliver(self, kind: int, data: bytes) -> None:
        """The next lossless packet."""
        if kind == HANDSHAKE_DONE:
            return
        try:
            if kind == KEY_ROTATION:
                self._on_key_rotation(data)
            else:
                self._owner.on_lossless(kind, data)
        except PacketError:
            self._rt.counters.drop("group_packet")

    # keys

    def _on_key_rotation(self, data: bytes) -> None:
        is_answer, session_pk = unpack_key_rotation(data)
        keys, channel = self._keys, self.channel
        if keys is None or channel is None:
            return
        if is_answer:
            if keys.on_answer(session_pk):
                self._sealed.close()
                self._rotation_ms = self._rt.clock.now_ms + ROTATION_INTERVAL_MS
            return
        answer = keys.prepare_answer(session_pk) if keys.may_answer() else None
        if answer is None:
            self._rt.counters.drop("group_key_rotation")
            return
        answer_id = channel.next_id
        if channel.write(KEY_ROTATION, pack_key_rotation(True, answer[0])):
            keys.begin(answer[1], answer_id)
            self._sealed.close()

    # time

    def _on_alarm(self) -> None:
        now_ms = self._rt.clock.now_ms
        if now_ms >= self._timeout_ms():
            self.time_out()
            return
        if self._setup is not None:
            self._repeat_handshakes(self._setup, now_ms)
        if self.channel is not None and now_ms >= self._ping_ms:
            self._ping_ms = now_ms + PING_INTERVAL_MS
            if self._confirmed:
                self.send_lossy(PING, self._owner.make_ping())
        if self._keys is not None and self._renews_key and now_ms >= self._rotation_ms:
            self._rotation_ms = now_ms + ROTATION_RETRY_MS
            self.send_lossless(KEY_ROTATION, pack_key_rotation(False, self._keys.make_request()))
        self._arm()

    def _repeat_handshakes(self, setup: GroupSetup, now_ms: int) -> None:
        if self.channel is not None and now_ms - setup.since_ms >= SETUP_TIMEOUT_MS:
            self._setup = None
            return
        if setup.is_asking and now_ms - setup.requested_ms >= HANDSHAKE_INTERVAL_MS:
            self._send_request(setup)
        request_type = setup.response_type
        if request_type is not None and now_ms - setup.responded_ms >= HANDSHAKE_INTERVAL_MS:
            self.transport.send_handshake(setup.make_response(request_type, self._owner.own_relay()))

    def _timeout_ms(self) -> int:
        return self._heard_ms + (CONFIRMED_TIMEOUT_MS if self._confirmed else UNCONFIRMED_TIMEOUT_MS)

    def _arm(self) -> None:
        if self.is_closed:
            return
        moments_ms = [self._timeout_ms()]
        setup = self._setup
        if setup is not None:
            if self.channel is not None:
                moments_ms.append(setup.since_ms + SETUP_TIMEOUT_MS)
            if setup.is_asking:
                moments_ms.append(setup.requested_ms + HANDSHAKE_INTERVAL_MS)
            if setup.response_type is not None:
                moments_ms.append(setup.responded_ms + HANDSHAKE_INTERVAL_MS)
        if self.channel is not None:
            moments_ms.append(self._ping_ms)
            if self._renews_key:
                moments_ms.append(self._rotation_ms)
        self._alarm.wake(min(moments_ms))

    def time_out(self) -> None:
        """The peer is silent, or acknowledges nothing any more."""
        self.close()
        self._owner.on_timed_out()

    def close(self) -> None:
        """Say and take nothing more; repeating it is harmless."""
        if self.channel is not None:
            # a farewell cannot be repeated later
            self.channel.repeat_last()
            self.channel.close()
        self.is_closed = True
        self._alarm.cancel()
        self._setup = None
        self._sealed.close()
