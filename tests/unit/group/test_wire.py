"""Envelopes of a group's packets, against packets of real peers."""

import pytest

from tests.unit.group.vectors import KEYS, PACKETS
from toxpy.crypto.sodium import shared_key
from toxpy.errors import PacketError
from toxpy.group import wire
from toxpy.group.wire import GroupHandshake
from toxpy.wire.address import Node
from toxpy.wire.packets import GROUP_HANDSHAKE, GROUP_LOSSLESS, GROUP_LOSSY

HANDSHAKES = [packet for packet in PACKETS.values() if packet.wire[0] == GROUP_HANDSHAKE.kind]
OTHERS = [packet for packet in PACKETS.values() if packet.wire[0] != GROUP_HANDSHAKE.kind]
RELAY = Node(bytes(range(32)), (bytes([1, 2, 3, 4]), 443), tcp=True)


def name(packet):
    return packet.name


def permanent_key(packet):
    return shared_key(KEYS[packet.sender].public.enc, KEYS[packet.receiver].enc_secret)


@pytest.mark.parametrize("packet", HANDSHAKES, ids=name)
def test_handshakes_of_real_peers(packet):
    key = permanent_key(packet)
    _, sender, receiver, nonce = GROUP_HANDSHAKE.unpack_from(packet.wire)
    assert GROUP_HANDSHAKE.fits(packet.wire)
    assert (sender, receiver) == tuple(KEYS[who].public.enc for who in (packet.sender, packet.receiver))
    assert wire.open_handshake(key, packet.wire) == packet.plain
    assert wire.seal_handshake(key, nonce, sender, receiver, packet.plain) == packet.wire
    handshake = wire.unpack_handshake(packet.plain)
    assert wire.pack_handshake(handshake) == packet.plain
    assert handshake.is_response == ("RESPONSE" in packet.name)
    assert handshake.sig_pk == KEYS[packet.sender].public.sig
    assert handshake.request_type == (wire.PEER_INFO if "peer_info" in packet.name else wire.INVITE)


@pytest.mark.parametrize("packet", OTHERS, ids=name)
def test_packets_of_real_sessions(packet):
    layout, seal = (
        (GROUP_LOSSLESS, wire.seal_lossless)
        if packet.wire[0] == GROUP_LOSSLESS.kind
        else (GROUP_LOSSY, wire.seal_lossy)
    )
    _, sender, nonce = layout.unpack_from(packet.wire)
    assert layout.fits(packet.wire) and sender == KEYS[packet.sender].public.enc
    assert wire.open_session_packet(packet.shared_key, packet.wire) == packet.plain
    assert seal(packet.shared_key, nonce, sender, packet.plain) == packet.wire


@pytest.mark.parametrize("packet", [HANDSHAKES[0], OTHERS[0]], ids=name)
def test_a_changed_byte_behind_the_keys_opens_nothing(packet):
    is_handshake = packet.wire[0] == GROUP_HANDSHAKE.kind
    start = GROUP_HANDSHAKE.offset("nonce") if is_handshake else GROUP_LOSSLESS.offset("nonce")
    key = permanent_key(packet) if is_handshake else packet.shared_key
    opens = wire.open_handshake if is_handshake else wire.open_session_packet
    for at in range(start, len(packet.wire)):
        changed = bytearray(packet.wire)
        changed[at] ^= 1
        assert opens(key, bytes(changed)) is None


def test_a_relay_in_a_handshake():
    for relay in (RELAY, Node(RELAY.public_key, (bytes(15) + b"\1", 443), tcp=True)):
        packed = wire.pack_handshake(GroupHandshake(False, bytes(32), bytes(32), 1, 1, relay))
        assert wire.unpack_handshake(packed).relay == relay
        sealed = wire.seal_handshake(bytes(32), bytes(24), bytes(32), bytes(32), packed)
        assert GROUP_HANDSHAKE.fits(sealed)


def test_no_relay_is_read_over_but_an_unknown_type_is_not():
    packed = wire.pack_handshake(GroupHandshake(False, bytes(32), bytes(32), 0, 0, RELAY))
    for cut in range(68, len(packed)):
        assert wire.unpack_handshake(packed[:cut]).relay is None
    # an address over UDP is no relay
    assert wire.unpack_handshake(packed[:67] + b"\2" + packed[68:]).relay is None
    for cut in range(67):
        with pytest.raises(PacketError):
            wire.unpack_handshake(packed[:cut])
    for at in (0, 65, 66):
        with pytest.raises(PacketError):
            wire.unpack_handshake(packed[:at] + b"\2" + packed[at + 1 :])


def test_the_largest_packets_are_those_that_c_toxcore_takes():
    for layout in (GROUP_LOSSLESS, GROUP_LOSSY):
        assert layout.max_size == 1477
    assert (GROUP_LOSSY.min_size, GROUP_LOSSLESS.min_size) == (75, 82)
