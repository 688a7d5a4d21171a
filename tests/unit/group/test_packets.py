"""Each kind of packet as a real peer packs it; cut ones are errors, and nothing else is raised."""

import pytest

from tests.unit.group.vectors import CHAT_ID, KEYS, PACKETS, data_of
from toxpy.errors import PacketError
from toxpy.generated import enums
from toxpy.group import checksums, packets
from toxpy.onion.group_announce import Member
from toxpy.wire.address import Node, pack_node

A, B, C = (KEYS[name].public for name in "ABC")
RELAY = Node(b"\x09" * 32, (bytes([40, 1, 2, 3]), 443), tcp=True)
RELAY6 = Node(b"\x08" * 32, (b"\x20\x01" + bytes(14), 443), tcp=True)
HOME = (bytes([30, 1, 2, 3]), 33445)


@pytest.mark.parametrize("recorded", PACKETS.values(), ids=PACKETS)
def test_padding_as_on_the_wire(recorded):
    if recorded.wire[0] == 0x5B:
        kind, message_id, data = packets.unpad_lossless(recorded.plain)
        assert packets.pad_lossless(kind, message_id, data) == recorded.plain
    elif recorded.wire[0] == 0x5C:
        kind, data = packets.unpad_lossy(recorded.plain)
        assert packets.pad_lossy(kind, data) == recorded.plain


def test_padding_of_any_size():
    for size in range(packets.MAX_DATA_SIZE + 1):
        data = bytes(size)
        assert packets.unpad_lossless(packets.pad_lossless(0xF3, 7, data)) == (0xF3, 7, data)
        assert packets.unpad_lossy(packets.pad_lossy(1, data)) == (1, data)
    assert packets.unpad_lossless(bytes(300) + b"\xf3" + bytes(8)) == (0xF3, 0, b"")


@pytest.mark.parametrize("plain", [b"", bytes(8), bytes(2000), b"\xf3", b"\0\xf3" + bytes(7)])
def test_padding_around_nothing(plain):
    with pytest.raises(PacketError):
        packets.unpad_lossless(plain)
    if not plain.strip(b"\0"):
        with pytest.raises(PacketError):
            packets.unpad_lossy(plain)


def body(name, kind):
    """The body of a recorded broadcast."""
    found, rest = packets.unpack_broadcast(data_of(name))
    assert found == kind
    return rest


def test_kinds_as_on_the_wire():
    kinds = {name: recorded.body()[0] for name, recorded in PACKETS.items() if recorded.wire[0] != 0x5A}
    names = {"MOD_LIST": "MODERATORS", "SANCTIONS_LIST": "SANCTIONS", "HS_RESPONSE_ACK": "HANDSHAKE_DONE"}
    names |= {"MESSAGE_ACK": "ACK", "PEER_INFO_RESPONSE": "PEER_INFO", "SYNC_RESPONSE_full": "SYNC_RESPONSE"}
    for name, kind in kinds.items():
        short = name.split("_")[0]
        ours = names.get(name, short if short in ("BROADCAST", "FRAGMENT") else name)
        assert getattr(packets, ours) == kind, name


def test_ping_of_a_real_peer():
    data = data_of("PING")
    ping = packets.unpack_ping(data)
    assert packets.pack_ping(ping) == data
    assert (ping.peer_count, ping.state_version, ping.sanctions_version) == (3, 1, 1)
    assert ping.peers_checksum == (A.checksum + B.checksum + C.checksum) & 0xFFFF
    # all are users but the founder, and nobody is sanctioned: the credentials' checksum is 0
    assert ping.roles_checksum == A.enc[0] + 0 + B.enc[0] + 2 + C.enc[0] + 2
    assert (ping.topic_version, ping.topic_checksum) == (2, checksums.data_checksum(b"a topic"))
    assert ping.address is None


def test_ping_with_an_address():
    ping = packets.unpack_ping(data_of("PING"))
    for address in HOME, (b"\x20\x01" + bytes(14), 33445):
        ping.address = address
        assert packets.unpack_ping(packets.pack_ping(ping)).address == address
    for junk in b"\x82" + bytes(6), b"\x02" + bytes(3), b"\xff" * 30, pack_node(RELAY):
        assert packets.unpack_ping(data_of("PING") + junk).address is None


def test_checksums():
    assert checksums.data_checksum(b"") == 0 and checksums.data_checksum(b"\x01\x02\x04") == 0x0205
    assert checksums.key_checksum(b"") == 0 and checksums.key_checksum(b"a") == 0xCA2E9442
    assert A.checksum == A.checksum == checksums.key_checksum(A.enc)


ROUND_TRIPS = {
    "ack": (packets.pack_ack(1, 2**63)[:9], packets.unpack_ack, (1, 2**63, packets.NO_RUN)),
    "reject": (packets.pack_reject(1), packets.unpack_reject, 1),
    "key rotation": (
        packets.pack_key_rotation(True, A.enc),
        packets.unpack_key_rotation,
        (True, A.enc),
    ),
    "relays": (packets.pack_relays([RELAY, RELAY6, RELAY, RELAY6]), packets.unpack_relays, None),
    "info": (packets.pack_info(b"", b"Bob", 2), packets.unpack_info, (b"", b"Bob", 2)),
    "member": (
        packets.pack_sync_response(Member(A.enc, HOME, [RELAY])),
        packets.unpack_sync_response,
        Member(A.enc, HOME, [RELAY]),
    ),
    "status": (packets.pack_status(1)[1:], packets.unpack_status, 1),
    "name": (packets.pack_name(b"N")[1:], packets.unpack_name, b"N"),
    "message": (packets.pack_message(packets.ACTION, 7, b"t")[1:], packets.unpack_message, (7, b"t")),
    "private": (packets.pack_private_message(1, 7, b"t")[1:], packets.unpack_private_message, (1, 7, b"t")),
    "kick": (packets.pack_kick(A.enc)[1:], packets.unpack_kick, A.enc),
    "moderator": (packets.pack_set_moderator(True, A.sig)[1:], packets.unpack_set_moderator, (True, A.sig)),
    "observer": (
        packets.pack_set_observer(False, A.enc, A.sig, b"c")[1:],
        packets.unpack_set_observer,
        (False, A.enc, A.sig, b"c"),
    ),
    "invitation": (
        packets.pack_invitation(0, CHAT_ID, A.enc, b"n"),
        packets.unpack_invitation,
        (0, CHAT_ID, A.enc, b"n"),
    ),
}


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_what_is_packed_is_unpacked_and_cut_ones_are_errors(name):
    packed, unpack, value = ROUND_TRIPS[name]
    if value is not None:
        assert unpack(packed) == value
    for size in range(len(packed)):
        if name == "member" and size == 0:
            continue  # nobody else is there
        if name == "relays" and size >= 39:
            continue  # a list of fewer
        with pytest.raises(PacketError):
            unpack(packed[:size])


def test_relays():
    packed = packets.pack_relays([RELAY, RELAY6, RELAY, RELAY6])
    assert packets.unpack_relays(packed) == [RELAY, RELAY6, RELAY]
    for wrong in b"", pack_node(Node(A.enc, HOME)), pack_node(RELAY) + pack_node(Node(A.enc, HOME)), b"\xff":
        with pytest.raises(PacketError):
            packets.unpack_relays(wrong)


def test_sync_packets_of_real_peers():
    assert packets.unpack_sync_request(data_of("SYNC_REQUEST")) == (7, b"")
    assert packets.pack_sync_request(7, b"") == data_of("SYNC_REQUEST")
    assert packets.unpack_sync_request(packets.pack_sync_request(4, b"pw")) == (4, b"pw")
    assert packets.unpack_sync_response(data_of("SYNC_RESPONSE")) is None
    member = packets.unpack_sync_response(data_of("SYNC_RESPONSE_full"))
    assert member.public_key == B.enc and member.address == (bytes([127, 0, 0, 1]), 0x84D4)
    assert packets.pack_sync_response(member) == data_of("SYNC_RESPONSE_full")
    for size in range(2):
        with pytest.raises(PacketError):
            packets.unpack_sync_request(bytes(size))


def test_passwords():
    assert packets.pack_password(b"") == b"" == packets.unpack_password(b"")
    for size in range(1, 33):
        packed = packets.pack_password(b"p" * size)
        assert len(packed) == 34 and packets.unpack_password(packed) == b"p" * size
        assert packets.unpack_password(packed[:-1]) == b""
    with pytest.raises(PacketError):
        packets.unpack_password(b"\x00\x21" + bytes(32))


def test_peer_info_of_a_real_peer():
    data = data_of("PEER_INFO_RESPONSE")
    assert packets.unpack_info(data) == (b"", b"Bob", 0)
    assert packets.pack_info(b"", b"Bob", 0) == data


def test_a_password_is_never_taken_for_a_name():
    """c-toxcore showed a peer named "secret" to those who had not heard yet that the group has a password."""
    with_password = packets.pack_info(b"secret", b"Bob", 1)
    assert (len(with_password), len(packets.pack_info(b"", b"Bob", 1))) == (165, 131)
    assert packets.unpack_info(with_password) == (b"secret", b"Bob", 1)
    # and one without is none whose password is wrong to read: the caller sees that it is missing
    assert packets.unpack_info(packets.pack_info(b"", b"Bob", 1))[0] == b""


@pytest.mark.parametrize(
    "data",
    [
        packets.pack_info(b"", b"", 0),
        packets.pack_info(b"", b"Bob", 3),
        packets.pack_info(b"pw", b"", 0),
        b"\x00\x40" + packets.pack_info(b"pw", b"Bob", 0)[2:],
    ],
)
def test_peer_info_without_a_name_or_with_an_unknown_status(data):
    with pytest.raises(PacketError):
        packets.unpack_info(data)


def test_a_long_name_is_cut():
    data = b"\xff\xff" + b"n" * 128 + b"\0"
    assert packets.unpack_info(data) == (b"", b"n" * 128, 0)


def test_broadcasts_of_real_peers():
    assert packets.unpack_status(body("BROADCAST_00", packets.STATUS)) == 1
    assert packets.unpack_name(body("BROADCAST_01", packets.NAME)) == b"Bobby"
    assert packets.unpack_message(body("BROADCAST_02", packets.MESSAGE)) == (0x118FEC5B, b"hello")
    assert packets.unpack_exit(body("BROADCAST_05", packets.EXIT)) == b"part"
    assert packets.unpack_kick(body("BROADCAST_06", packets.KICK)) == C.enc
    assert packets.unpack_set_moderator(body("BROADCAST_07", packets.SET_MODERATOR)) == (True, B.sig)
    add, enc_pk, sig_pk, lists = packets.unpack_set_observer(body("BROADCAST_08", packets.SET_OBSERVER))
    assert (add, enc_pk, sig_pk, len(lists)) == (True, C.enc, C.sig, 137 + 134)
    made = {
        "BROADCAST_00": packets.pack_status(1),
        "BROADCAST_01": packets.pack_name(b"Bobby"),
        "BROADCAST_02": packets.pack_message(packets.MESSAGE, 0x118FEC5B, b"hello"),
        "BROADCAST_05": packets.pack_exit(b"part"),
        "BROADCAST_06": packets.pack_kick(C.enc),
        "BROADCAST_07": packets.pack_set_moderator(True, B.sig),
        "BROADCAST_08": packets.pack_set_observer(True, C.enc, C.sig, lists),
    }
    for name, packed in made.items():
        assert data_of(name) == packed


def test_limits_of_broadcasts():
    longest = enums.TOX_GROUP_MAX_MESSAGE_LENGTH
    assert len(packets.unpack_message(bytes(4) + b"t" * longest)[1]) == longest
    # c-toxcore sends these, and chokes on them
    assert len(packets.unpack_private_message(bytes(5) + b"t" * longest)[2]) == longest
    assert packets.unpack_exit(b"x" * 200) == b"x" * 128
    assert packets.unpack_name(b"n" * 128) == b"n" * 128
    for call in (
        lambda: packets.unpack_message(bytes(4) + b"t" * (longest + 1)),
        lambda: packets.unpack_private_message(bytes(5) + b"t" * (longest + 1)),
        lambda: packets.unpack_private_message(b"\x02" + bytes(9)),
        lambda: packets.unpack_name(b"n" * 129),
        lambda: packets.unpack_status(b"\x03"),
        lambda: packets.unpack_broadcast(b""),
    ):
        with pytest.raises(PacketError):
            call()


def test_reasons_that_are_not_known():
    assert [packets.unpack_reject(bytes((n,))) for n in (0, 1, 2, 3, 255)] == [0, 1, 2, 2, 2]


def test_invitations():
    for kind in packets.INVITATION_ACCEPTED, packets.INVITATION_CONFIRMED:
        packed = packets.pack_invitation(kind, CHAT_ID, A.enc)
        assert packed[0] == 0xFE and packets.unpack_invitation(packed) == (kind, CHAT_ID, A.enc, b"")
        # the first byte is not checked
        assert packets.unpack_invitation(b"\0" + packed[1:])[0] == kind
    for wrong in (
        packets.pack_invitation(0, CHAT_ID, A.enc, b""),
        packets.pack_invitation(0, CHAT_ID, A.enc, b"n" * 49),
        packets.pack_invitation(3, CHAT_ID, A.enc),
    ):
        with pytest.raises(PacketError):
            packets.unpack_invitation(wrong)


@pytest.mark.parametrize(
    "unpack",
    [
        value
        for name, value in vars(packets).items()
        if name.startswith("unpack_") and value.__module__ == packets.__name__
    ],
)
def test_nothing_but_packet_errors(unpack):
    for filler in 0, 1, 2, 10, 0x82, 0xFF:
        for size in range(200):
            try:
                unpack(bytes((filler,)) * size)
            except PacketError:
                continue
