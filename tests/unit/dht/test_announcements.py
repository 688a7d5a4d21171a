"""The announcements server: search, store, retrieve, prolong; storage rules, tags, refusals."""

import random

import pytest

from tests.support.announcing import Client
from tests.unit.dht.net import Peer, settled
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import decrypt, encrypt, sha256, shared_key
from toxpy.dht.announcement_store import BUCKET_SIZE, BUCKETS, AnnouncementStore, bucket_of
from toxpy.dht.announcements import MAX_TIMEOUT_MS, MIN_TIMEOUT_MS, TAG_LIFETIME_MS
from toxpy.dht.budget import X25519_BURST
from toxpy.dht.forwarding import pack_with_sendback, unpack_with_sendback
from toxpy.wire.packets import (
    FORWARD_REPLY,
    FORWARDING,
    RETRIEVE_REQUEST,
    RETRIEVE_RESPONSE,
    SEARCH_REQUEST,
    SEARCH_RESPONSE,
    STORE_REQUEST,
)

ASKER = (bytes([20, 7, 7, 7]), 777)
DATA = b"here I am"


class Asked:
    """A server in a small network, and one who asks it."""

    def __init__(self):
        self.universe, self.peers = settled(4)
        self.server = self.peers[0]
        self.random = random.Random(5)
        self.client = self.new_client()
        self.data_keys = self.new_keys()
        self.data_pk = self.data_keys.public

    def new_keys(self):
        return KeyPair(self.random.randbytes(32))

    def new_client(self):
        return Client(self.new_keys(), self.server.key, lambda: self.random.randbytes(24))

    def ask(self, packet, address=ASKER):
        """The answer, None when there is none."""
        self.server.sent.clear()
        self.server.deliver(address, packet)
        if not self.server.sent:
            return None
        ((to, answer),) = self.server.sent
        assert to == address
        return answer

    def search(self, known=b"", address=ASKER):
        return self.client.found(self.ask(self.client.search(self.data_pk, known), address))

    def store(self, data=DATA, seconds=10, kind=0, tag=None):
        """(seconds, time) as answered, or None."""
        tag = self.search().tag if tag is None else tag
        answer = self.ask(self.client.store(self.data_keys, tag, seconds, kind, data))
        return None if answer is None else self.client.stored(answer)

    def retrieve(self, tag=None):
        tag = self.search().tag if tag is None else tag
        answer = self.ask(self.client.retrieve(self.data_pk, tag))
        return None if answer is None else self.client.retrieved(answer)

    def wait(self, duration_ms):
        self.universe.clock.now_ms += duration_ms


def test_search_store_retrieve():
    asked = Asked()
    found = asked.search()
    assert (found.data_pk, found.digest, found.accepts) == (asked.data_pk, None, 1)
    assert asked.retrieve() is None
    assert asked.store() == (10, asked.universe.clock.unix_s())
    assert asked.search().digest == sha256(DATA)
    assert asked.retrieve() == DATA
    asked.wait(9999)
    assert asked.retrieve() == DATA
    asked.wait(1)
    assert asked.retrieve() is None
    assert asked.search().digest is None


@pytest.mark.parametrize("size", [0, 1, 512])
def test_sizes_stored(size):
    asked = Asked()
    assert asked.store(bytes(size))
    assert asked.retrieve() == bytes(size)


def test_more_than_512_bytes_are_refused():
    asked = Asked()
    assert asked.store(bytes(513)) is None
    assert asked.server.dropped("announcement_size") == 1
    assert asked.retrieve() is None


def test_the_later_data_replaces_the_earlier():
    asked = Asked()
    asked.store(b"first")
    asked.store(b"second")
    assert asked.retrieve() == b"second"
    assert len(asked.server.announcements.store) == 1


def test_time_granted_grows_with_uptime():
    asked = Asked()
    assert asked.store(seconds=10**9)[0] == MIN_TIMEOUT_MS // 1000
    assert asked.store(seconds=3)[0] == 3
    assert asked.store(seconds=0)[0] == 0
    assert asked.retrieve() is None, "and is over at once"
    up_ms = asked.universe.clock.now_ms - 1_000_000
    asked.wait(400_000 - up_ms)
    assert asked.store(seconds=10**9)[0] == 100
    asked.wait(10 * MAX_TIMEOUT_MS)
    assert asked.store(seconds=2**32 - 1)[0] == MAX_TIMEOUT_MS // 1000


def test_prolonging():
    asked = Asked()
    asked.store(seconds=10)
    asked.wait(9000)
    assert asked.store(sha256(DATA), kind=1)[0] == 10
    asked.wait(9000)
    assert asked.retrieve() == DATA
    asked.wait(1000)
    assert asked.retrieve() is None
    assert asked.store(sha256(DATA), kind=1) is None, "nothing left to prolong"


def test_prolonging_with_another_hash_ends_it():
    asked = Asked()
    asked.store()
    assert asked.store(sha256(DATA)[:31], kind=1) is None
    assert asked.retrieve() == DATA
    assert asked.store(sha256(b"other"), kind=1) is None
    assert asked.retrieve() is None


def test_an_unknown_kind_of_announcement():
    asked = Asked()
    assert asked.store(kind=2) is None
    assert asked.server.dropped("announcement_prolong") == 1
    assert asked.search().digest is None


def test_an_unchanged_answer_is_only_the_key():
    asked = Asked()
    found = asked.search()
    again = asked.search(sha256(found.payload))
    assert again.unchanged and again.data_pk == asked.data_pk
    assert not asked.search(bytes(32)).unchanged
    asked.store()
    assert not asked.search(sha256(found.payload)).unchanged


def test_a_tag_is_good_for_one_to_two_minutes():
    asked = Asked()
    asked.wait(-asked.universe.clock.now_ms % TAG_LIFETIME_MS)
    tag = asked.search().tag
    asked.wait(2 * TAG_LIFETIME_MS - 1)
    assert asked.store(tag=tag)
    assert asked.retrieve(tag) == DATA
    asked.wait(1)
    assert asked.retrieve(tag) is None
    assert asked.store(tag=tag) is None
    assert asked.server.dropped("announcement_tag") == 2


def test_a_tag_is_good_only_for_whom_it_was_made():
    asked = Asked()
    asked.store()
    tag = asked.search().tag
    assert asked.ask(asked.client.retrieve(asked.data_pk, tag), (ASKER[0], 778)) is None
    assert asked.ask(asked.client.retrieve(asked.new_keys().public, tag)) is None
    other = asked.new_client()
    assert asked.ask(other.retrieve(asked.data_pk, tag)) is None
    assert asked.server.dropped("announcement_tag") == 3
    forwarded = pack_with_sendback(FORWARDING, b"by another way", asked.client.retrieve(asked.data_pk, tag))
    assert asked.ask(forwarded) is None
    assert asked.server.dropped("announcement_tag") == 4
    assert asked.retrieve(tag) == DATA


def test_only_the_owner_of_a_data_key_stores_under_it():
    asked = Asked()
    thief = asked.new_keys()
    tag = asked.search().tag
    assert asked.ask(asked.client.store(thief, tag, 10, 0, b"stolen")) is None
    assert asked.server.dropped("announcement_tag") == 1
    # the thief's inner box under the key of the victim
    nonce = bytes(24)
    box = encrypt(shared_key(asked.server.key, thief.secret), nonce, tag + bytes(5) + b"stolen")
    assert asked.ask(asked.client.request(STORE_REQUEST, asked.data_pk + nonce + box)) is None
    assert asked.server.dropped("announcement_decrypt") == 1
    assert asked.search().digest is None


def test_forwarded_requests_are_answered_the_same_way():
    asked = Asked()
    sendback = b"sendback of some forwarder"

    def ask(packet):
        answer = asked.ask(pack_with_sendback(FORWARDING, sendback, packet))
        assert answer[0] == FORWARD_REPLY.kind
        back, data = unpack_with_sendback(answer)
        assert back == sendback
        return data

    client = asked.client
    found = client.found(ask(client.search(asked.data_pk)))
    client.stored(ask(client.store(asked.data_keys, found.tag, 10, 0, DATA)))
    assert client.retrieved(ask(client.retrieve(asked.data_pk, found.tag))) == DATA


def test_through_a_chain_of_nodes():
    asked = Asked()
    one, two = asked.peers[1], asked.peers[2]
    answers = []
    one.forwarding.on_response = answers.append
    one.forwarding.send_request(two.address, [asked.server.key], asked.client.search(asked.data_pk))
    asked.universe.run_for(500)
    assert asked.client.found(answers[0]).accepts == 1


def test_searches_name_nodes_that_speak_the_protocol():
    asked = Asked()
    others = {peer.key for peer in asked.peers[1:]}
    assert {node.public_key for node in asked.search().nodes} == others
    assert asked.server.dht.nodes.close_count() == asked.server.dht.nodes.close_count(announce_only=True) == 3


def test_nodes_that_do_not_answer_searches_are_not_named():
    universe, peers = settled(2)
    mute = Peer(universe, "mute")
    for layout in (SEARCH_REQUEST, RETRIEVE_REQUEST, STORE_REQUEST):
        mute.udp.handlers[layout.kind] = lambda *_: None
    mute.dht.bootstrap(peers[0].address, peers[0].key)
    universe.run_for(20_000)
    dht = peers[0].dht
    assert dht.nodes.close_count() == 2
    assert dht.nodes.close_count(announce_only=True) == 1
    named = dht.nodes.closest_nodes(mute.key, 4, announce_only=True)
    assert [node.public_key for node in named] == [peers[1].key]
    assert mute.key in [node.public_key for node in dht.nodes.closest_nodes(mute.key, 4)]
    draw = random.Random(1).randbytes
    client = Client(KeyPair(draw(32)), peers[0].key, lambda: draw(24))
    peers[0].sent.clear()
    peers[0].deliver(ASKER, client.search(mute.key))
    found = client.found(peers[0].sent[-1][1])
    assert [node.public_key for node in found.nodes] == [peers[1].key]


def test_an_answer_counts_once_and_only_from_who_was_asked():
    asked = Asked()
    server, node = asked.server, asked.new_keys()
    server.sent.clear()
    server.dht.answered(ASKER, node.public)
    server.dht.answered(ASKER, node.public)
    ((to, question),) = [(to, data) for to, data in server.sent if data[0] == SEARCH_REQUEST.kind]
    assert to == ASKER, "asked once, when it entered the close list"
    key = shared_key(server.key, node.secret)
    plain = decrypt(key, question[33:57], question[57:])
    assert len(plain) == 40
    answer = SEARCH_RESPONSE.prefix + node.public + bytes(24) + encrypt(key, bytes(24), plain)
    for size in range(1, len(answer)):
        server.deliver(ASKER, answer[:size])
    server.deliver((ASKER[0], 1), answer)
    assert server.dropped("announcement_unasked") == 1
    wrong = SEARCH_RESPONSE.prefix + node.public + bytes(24) + encrypt(key, bytes(24), plain[:-1] + b"\0")
    server.deliver(ASKER, wrong)
    assert server.dropped("announcement_replay") == 1
    before = server.dht.nodes.close_count(announce_only=True)
    server.deliver(ASKER, answer)
    assert server.dht.nodes.close_count(announce_only=True) == before + 1
    server.deliver(ASKER, answer)
    assert server.dropped("announcement_unasked") == 2


def test_lan_nodes_are_named_to_the_lan_only():
    asked = Asked()
    universe = asked.universe
    neighbour = Peer(universe, "neighbour", ip=bytes([192, 168, 1, 5]))
    asked.server.dht.answered(neighbour.address, neighbour.key)
    universe.run_for(1000)
    at_home = (bytes([192, 168, 1, 9]), 1)
    assert neighbour.key in [node.public_key for node in asked.search(address=at_home).nodes]
    assert neighbour.key not in [node.public_key for node in asked.search().nodes]


# refusals


def captured(asked):
    """A request of every kind that would be answered."""
    asked.store()
    tag = asked.search().tag
    return [
        asked.client.search(asked.data_pk),
        asked.client.retrieve(asked.data_pk, tag),
        asked.client.store(asked.data_keys, tag, 10, 0, b"more"),
    ]


def test_every_truncation_and_every_flipped_bit_is_dropped():
    asked = Asked()
    for packet in captured(asked):
        assert asked.ask(packet) is not None
        for size in range(1, len(packet)):
            assert asked.ask(packet[:size]) is None
        for i in range(1, len(packet)):
            assert asked.ask(packet[:i] + bytes((packet[i] ^ 1,)) + packet[i + 1 :]) is None
        assert asked.ask(packet + b"\0") is None


def test_bytes_inside_the_box():
    asked = Asked()
    asked.store()
    tag = asked.search().tag
    for layout, payload in (
        (SEARCH_REQUEST, b""),
        (SEARCH_REQUEST, bytes(31)),
        (SEARCH_REQUEST, bytes(63)),
        (SEARCH_REQUEST, bytes(65)),
        (RETRIEVE_REQUEST, asked.data_pk + b"\x01" + tag),
        (RETRIEVE_REQUEST, asked.data_pk + tag),
        (STORE_REQUEST, asked.data_pk),
        (STORE_REQUEST, asked.data_pk + bytes(24 + 16 + 37)),
        (STORE_REQUEST, bytes(32 + 24 + 16 + 37)),
        (RETRIEVE_RESPONSE, asked.data_pk),
    ):
        assert asked.ask(pack_with_sendback(FORWARDING, b"x", asked.client.request(layout, payload))) is None
    assert asked.retrieve() == DATA


def test_fresh_keys_are_paid_from_the_budget():
    asked = Asked()
    values = asked.server.rt.counters.values
    before = values["x25519"]
    packet = asked.client.search(asked.data_pk)
    for i in range(4 * X25519_BURST):
        asked.server.deliver(ASKER, packet[:1] + i.to_bytes(32, "big") + packet[33:])
    assert values["x25519"] - before <= X25519_BURST
    assert asked.server.dropped("x25519_budget") + asked.server.dropped("dht_budget") > 0


def test_wrong_sizes_cost_no_cryptography():
    asked = Asked()
    values = asked.server.rt.counters.values
    before = values["x25519"]
    for i in range(200):
        for layout in (SEARCH_REQUEST, RETRIEVE_REQUEST, STORE_REQUEST, SEARCH_RESPONSE):
            asked.server.deliver(ASKER, layout.prefix + i.to_bytes(32, "big") + bytes(60))
    assert values["x25519"] == before


# the store


def test_bucket_numbers():
    """Known answers of c-toxcore: auto_tests/announce_test.c, test_bucketnum."""
    difference = bytearray(32)
    assert bucket_of(0) == 0
    difference[4:6] = 0x09, 0xC5
    assert bucket_of(int.from_bytes(difference, "big")) == 7
    difference[4:6] = 0, 0xC5
    assert bucket_of(int.from_bytes(difference, "big")) == 17
    difference[4:6] = 0, 0
    difference[31] = 0x09
    assert bucket_of(int.from_bytes(difference, "big")) == 4


def flipped(key, byte):
    return key[:byte] + bytes((key[byte] ^ 1,)) + key[byte + 1 :]


def test_the_farthest_of_a_bucket_leaves():
    """As c-toxcore: auto_tests/announce_test.c, test_store_data."""
    universe, _ = settled(1)
    rt = universe.runtime("store")
    base = rt.rng.bytes(32)
    store = AnnouncementStore(base, rt=rt)
    assert store.get(base) is None
    assert store.store(base, bytes(512), 1000)
    assert not store.store(flipped(base, 3), bytes(513), 1000)
    keys = [flipped(base, i) for i in range(BUCKET_SIZE + 1)]
    for key in keys:
        assert store.store(key, DATA, 1000)
    assert store.get(base) is not None, "we are nearest to ourselves"
    assert store.get(keys[0]) is None, "the farthest was evicted"
    assert not store.would_accept(keys[0])
    assert not store.store(keys[0], b"", 1000), "the farthest evicts nobody"
    assert store.store(keys[2], b"again", 1000), "a key that is there always may"
    universe.clock.now_ms += 1000
    assert len(store) == BUCKET_SIZE
    assert store.would_accept(keys[0]) and store.get(base) is None
    assert store.store(keys[0], DATA, 1000)
    assert len(store) == 1


def test_a_key_as_far_as_all_others_evicts_nobody():
    store = AnnouncementStore(bytes(32), rt=settled(1)[0].runtime("store"))
    keys = [b"\x80" + bytes((number,)) + bytes(30) for number in range(BUCKET_SIZE + 1)]
    for key in keys[:-1]:
        assert store.store(key, DATA, 1000)
    assert not store.store(keys[-1], DATA, 1000)
    assert all(store.get(key) for key in keys[:-1])


def test_the_store_is_capped_when_filled_tenfold():
    universe, _ = settled(1)
    rt = universe.runtime("store")
    store = AnnouncementStore(bytes(32), rt=rt)
    taken = sum(store.store(rt.rng.bytes(32), bytes(512), 900_000) for _ in range(10 * BUCKETS * BUCKET_SIZE))
    assert len(store) == BUCKETS * BUCKET_SIZE
    assert taken > len(store)
