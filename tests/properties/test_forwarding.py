"""Laws of forwarding, announcements and group announcements: codecs, and bytes from anyone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.announcing import Client
from tests.support.forwarding import pack_relay_request
from tests.support.universe import SeededRng, SimClock, Universe
from tests.unit.dht.net import Peer
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.timed_auth import TimedAuth
from toxpy.dht.announcement_store import BUCKET_SIZE, AnnouncementStore, bucket_of, shared_bits
from toxpy.dht.announcements import ANSWERS
from toxpy.dht.forwarding import pack_with_sendback, unpack_with_sendback
from toxpy.errors import PacketError
from toxpy.onion.announce import AnnounceServer
from toxpy.onion.group_announce import Member, pack_member, unpack_member
from toxpy.runtime import Runtime
from toxpy.wire.address import Node, normalise_ip, pack_ip_port, unpack_ip_port
from toxpy.wire.packets import FORWARDING, MAX_FORWARD_DATA_SIZE, MAX_SENDBACK_SIZE

keys = st.binary(min_size=32, max_size=32)
ips = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16).map(normalise_ip))
addresses = st.tuples(ips, st.integers(0, 65535))
relays = st.builds(Node, keys, addresses, st.booleans())
members = st.builds(Member, keys, st.none() | addresses, st.lists(relays, max_size=1))
#: near our key and far from it, so that buckets fill and overflow
near_keys = st.builds(
    lambda at, bit, tail: (1 << (255 - at) | 1 << max(250 - at, 0) * bit | tail).to_bytes(32, "big"),
    st.integers(0, 40),
    st.integers(0, 1),
    st.integers(0, 3),
)


@given(addresses, st.binary(max_size=20))
def test_packed_addresses_come_back(address, more):
    packed = pack_ip_port(address)
    assert len(packed) in (7, 19)
    assert unpack_ip_port(more + packed + more, len(more)) == (address, len(more) + len(packed))


@given(st.binary(max_size=24))
def test_any_bytes_are_no_address_or_come_back(data):
    try:
        address, end = unpack_ip_port(data)
    except PacketError:
        return
    # only IPv4-mapped IPv6 addresses have two forms
    assert pack_ip_port(address) == data[:end] or len(address[0]) == 4


@given(st.binary(max_size=MAX_SENDBACK_SIZE), st.binary(max_size=300))
def test_sendback_and_data_come_back(sendback, data):
    packet = pack_with_sendback(FORWARDING, sendback, data)
    assert unpack_with_sendback(packet) == (sendback, data)
    for size in range(2 + len(sendback)):
        try:
            unpack_with_sendback(packet[:size])
        except PacketError:
            continue
        raise AssertionError(f"{size} bytes were enough")


@given(st.binary(max_size=400))
def test_any_bytes_are_no_forwarding_or_come_back(data):
    try:
        sendback, inner = unpack_with_sendback(data)
    except PacketError:
        return
    assert pack_with_sendback(FORWARDING, sendback, inner)[1:] == data[1:]


@given(members, st.binary(max_size=9))
def test_members_come_back(member, more):
    packed = pack_member(member)
    assert len(packed) <= 104
    assert unpack_member(more + packed + more, len(more)) == (member, len(more) + len(packed))
    for size in range(len(packed)):
        try:
            unpack_member(packed[:size])
        except PacketError:
            continue
        raise AssertionError(f"{size} bytes were enough")


@given(st.binary(max_size=140))
def test_any_bytes_are_no_member_or_come_back(data):
    try:
        member, end = unpack_member(data)
    except PacketError:
        return
    assert unpack_member(pack_member(member)) == (member, len(pack_member(member)))
    assert len(pack_member(member)) <= end


@given(st.integers(0, 10**7), st.integers(1, 10**5), st.integers(0, 10**5), st.binary(max_size=40))
def test_a_tag_lasts_one_to_two_lifetimes(start_ms, lifetime_ms, later_ms, data):
    clock = SimClock()
    clock.now_ms = start_ms
    tags = TimedAuth(lifetime_ms, rt=Runtime(clock, SeededRng(1)))
    tag = tags.create(data)
    clock.now_ms += later_ms
    if later_ms <= lifetime_ms:
        assert tags.check(tag, data)
    if later_ms >= 2 * lifetime_ms:
        assert not tags.check(tag, data)
    assert not tags.check(tag, data + b"x")
    assert not tags.check(tag[:-1], data)


@given(st.lists(st.tuples(near_keys, st.sampled_from([0, 1000, 5000]), st.sampled_from([0, 999, 1000]))))
def test_the_store_keeps_its_promises(steps):
    clock = SimClock()
    store = AnnouncementStore(bytes(32), rt=Runtime(clock, SeededRng(1)))
    model = {}
    for key, timeout_ms, pause_ms in steps:
        clock.now_ms += pause_ms
        model = {k: until_ms for k, until_ms in model.items() if until_ms > clock.now_ms}
        distance = int.from_bytes(key, "big")
        same = [k for k in model if bucket_of(int.from_bytes(k, "big")) == bucket_of(distance)]
        farther = [k for k in same if shared_bits(int.from_bytes(k, "big")) < shared_bits(distance)]
        expected = key in model or len(same) < BUCKET_SIZE or bool(farther)
        assert store.would_accept(key) == expected
        assert store.store(key, key, timeout_ms) == expected
        gone = [k for k in model if store.get(k) is None]
        if expected:
            model[key] = clock.now_ms + timeout_ms
        for k in gone:
            if k != key:
                fewest = min(shared_bits(int.from_bytes(s, "big")) for s in same)
                assert len(same) == BUCKET_SIZE and shared_bits(int.from_bytes(k, "big")) == fewest
            model.pop(k, None)
        assert all(store.get(k).data == k for k, until_ms in model.items() if until_ms > clock.now_ms)


class Target:
    """A node with everything of this kind claimed, in a network of two."""

    def __init__(self):
        self.universe = Universe(9)
        self.peer = Peer(self.universe, "target")
        other = Peer(self.universe, "other")
        AnnounceServer(self.peer.dht, rt=self.peer.rt, send=self.peer.send, udp=self.peer.udp)
        other.dht.bootstrap(self.peer.address, self.peer.key)
        self.universe.run_for(5000)
        self.other = other
        self.client = Client(KeyPair(b"\x07" * 32), self.peer.key, lambda: bytes(24))


KINDS = (0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x97, 0x87)
target = Target()


@settings(max_examples=300)
@given(st.sampled_from(KINDS), addresses, st.binary(max_size=300))
def test_any_bytes_from_anyone_are_survived(kind, address, data):
    target.peer.deliver(address, bytes((kind,)) + data)


@settings(max_examples=300)
@given(st.sampled_from(list(ANSWERS.values())), st.binary(max_size=200), st.booleans())
def test_any_payload_of_somebody_with_a_key_is_survived(layouts, payload, forwarded):
    """The box is genuine, its contents are anything; an answer, if any, is for who asked."""
    peer, client = target.peer, target.client
    request, response = layouts
    packet = client.request(request, payload)
    peer.sent.clear()
    peer.deliver(
        target.other.address, pack_with_sendback(FORWARDING, b"back", packet) if forwarded else packet
    )
    for _, answer in peer.sent:
        assert client.response(response, answer[6:] if forwarded else answer)[:32] == payload[:32]


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=136))
def test_any_group_announcement_is_survived(extra):
    peer, client = target.peer, target.client
    peer.sent.clear()
    peer.deliver(target.other.address, client.group_request(bytes(32), extra=extra))
    assert len(peer.sent) <= 1
    for _, answer in peer.sent:
        client.group_response(answer)


@given(st.lists(keys, max_size=4), st.binary(max_size=100))
def test_relay_requests_hold_their_chain(chain, data):
    packed = pack_relay_request((bytes([1, 2, 3, 4]), 5), chain, data)
    _, at = unpack_ip_port(packed)
    for key in chain:
        assert packed[at] == 0x90 and packed[at + 1 : at + 33] == key
        at += 33
    assert packed[at:] == data
    assert len(packed) <= 7 + MAX_FORWARD_DATA_SIZE
