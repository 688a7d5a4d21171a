"""Conference packets as a real library (0.2.18) sent them, and the laws of the lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxpy.conference import packets
from toxpy.errors import PacketError

ID = bytes.fromhex("fdc8f310506ac23607355b0fc21cca6cc020a0cb84b092972944f33dccdfb74b")
A_REAL = bytes.fromhex("17eebf8f4c817acf29b701cd03e4550cb211c94c7665009c6e0cf3e2c8a8e129")
A_DHT = bytes.fromhex("965c4a7367115df0b807b3c1bdebfb32c7dc67d1df32449a5c6c77d1e90b833b")
B_REAL = bytes.fromhex("75c2e53d571f02eafcb8b1697d8bf7ac6c7f1e34474cbe03ccf8f4b1a0d04272")
B_DHT = bytes.fromhex("a040a494b72fef5cc7b07eca43ad2a0ab027fea68602cf7a906dc12dfca3d718")
B_NUMBER = 0x1208
COOKIE = b"\0\0\0" + ID


def message(author, number, kind, data=b""):
    return packets.HEAD.pack(packets.MESSAGE, 0) + packets.AUTHORED.pack(author, number, kind) + data


@pytest.mark.parametrize(
    ("made", "recorded"),
    [
        (packets.pack_invite(0, 0, ID), "60 00 0000 00" + ID.hex()),
        (packets.pack_answer(0, COOKIE), "60 01 0000 0000 00" + ID.hex()),
        (packets.pack_answer(0, COOKIE, B_NUMBER), "60 02 0000 0000 00" + ID.hex() + "1208"),
        (packets.pack_online(0, 0, ID), "61 0000 00" + ID.hex()),
        (packets.pack_rejoin(0, ID), "64 00" + ID.hex()),
        (packets.HEAD.pack(packets.DIRECT, 0) + bytes([packets.QUERY]), "62 0000 08"),
        (message(0, 1, packets.NEW_PEER, packets.NEW_PEER_DATA.pack(B_NUMBER, B_REAL, B_DHT)),
         "63 0000 0000 00000001 10 1208" + B_REAL.hex() + B_DHT.hex()),
        (message(0, 2, packets.PING), "63 0000 0000 00000002 00"),
        (message(B_NUMBER, 2, packets.NAME, b"B"), "63 0000 1208 00000002 30 42"),
        (message(0, 4, packets.TEXT, b"hello"), "63 0000 0000 00000004 40 68656c6c6f"),
        (message(B_NUMBER, 3, packets.ACTION, b"acts"), "63 0000 1208 00000003 41 61637473"),
        (message(B_NUMBER, 4, packets.TITLE, b"New"), "63 0000 1208 00000004 31 4e6577"),
        (message(0x6456, 4, packets.FREEZE_PEER, packets.PEER_NUMBER.pack(0x6456)),
         "63 0000 6456 00000004 12 6456"),
        (message(B_NUMBER, 7, packets.KILL_PEER, packets.PEER_NUMBER.pack(B_NUMBER)),
         "63 0000 1208 00000007 11 1208"),
    ],
)  # fmt: skip
def test_as_recorded(made, recorded):
    assert made == bytes.fromhex(recorded)


def test_a_recorded_list():
    recorded = bytes.fromhex(
        "62 0000 09 0000" + A_REAL.hex() + A_DHT.hex() + "01 41 1208" + B_REAL.hex() + B_DHT.hex() + "00"
    )
    peers = [(0, A_REAL, A_DHT, b"A"), (B_NUMBER, B_REAL, B_DHT, b"")]
    assert packets.unpack_peers(recorded, 4) == peers
    assert [packets.HEAD.pack(packets.DIRECT, 0) + body for body in packets.pack_peers(peers)] == [recorded]


def test_sizes():
    assert len(packets.pack_invite(1, 1, ID)) == packets.INVITE_SIZE
    assert len(packets.pack_answer(1, COOKIE)) == packets.ACCEPT_SIZE == packets.ANSWER.size
    assert len(packets.pack_answer(1, COOKIE, 1)) == packets.MEMBER_SIZE
    assert len(packets.pack_online(1, 1, ID)) == packets.ONLINE_SIZE
    assert len(packets.pack_rejoin(1, ID)) == packets.MIN_REJOIN_SIZE
    assert len(message(0, 0, 0)) == packets.MIN_MESSAGE_SIZE == packets.MESSAGE_HEADER.size
    assert packets.MAX_MESSAGE_LENGTH == 1363
    assert len(COOKIE) == packets.COOKIE_SIZE == packets.COOKIE.size


peers = st.lists(
    st.tuples(
        st.integers(0, 65535),
        st.binary(min_size=32, max_size=32),
        st.binary(min_size=32, max_size=32),
        st.binary(max_size=128),
    ),
    max_size=60,
)


@given(peers)
def test_lists_of_any_length_come_through(listed):
    bodies = packets.pack_peers(listed)
    assert bodies
    assert all(len(body) + 3 <= packets.MAX_PACKET_SIZE for body in bodies)
    assert [peer for body in bodies for peer in packets.unpack_peers(body, 1)] == listed


@given(peers, st.integers(0, 400))
def test_a_cut_list_gives_its_whole_entries(listed, cut):
    body = packets.pack_peers(listed)[0]
    short = body[: max(len(body) - cut, 1)]
    got = packets.unpack_peers(short, 1)
    assert got == listed[: len(got)]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_none(data):
    for _, real_pk, dht_pk, name in packets.unpack_peers(data, 0):
        assert len(real_pk) == len(dht_pk) == 32 and len(name) <= 128


@given(st.binary(max_size=100))
def test_a_new_peer_has_one_length(data):
    if len(data) == 66:
        assert packets.NEW_PEER_DATA.pack(*packets.unpack_new_peer(data)) == data
    else:
        with pytest.raises(PacketError):
            packets.unpack_new_peer(data)
