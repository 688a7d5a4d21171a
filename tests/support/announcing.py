"""The asking side of DHT announcements and of group announcements, which no Tox library uses yet.

Packets in, packets out: the same client asks our nodes, Debian's and those of the recordings.
"""

from __future__ import annotations

from toxpy.crypto.sodium import decrypt, encrypt, shared_key
from toxpy.dht.packets import open_packet, seal_packet
from toxpy.onion.group_announce import CHAT_ID_SIZE, pack_member, unpack_member
from toxpy.wire.address import unpack_nodes
from toxpy.wire.packets import (
    ANNOUNCE_QUESTION,
    ANNOUNCE_REQUEST,
    ANNOUNCE_RESPONSE,
    ONION_RECV_3,
    RETRIEVE_REQUEST,
    RETRIEVE_RESPONSE,
    RETURN_3_SIZE,
    SEARCH_REQUEST,
    SEARCH_RESPONSE,
    SENDBACK_SIZE,
    STORE_REQUEST,
    STORE_RESPONSE,
)

SENDBACK = b"sendback"
RETURN = bytes(range(RETURN_3_SIZE))


class Found:
    """What a search response says."""

    def __init__(self, payload):
        self.payload = payload
        self.data_pk, rest = payload[:32], payload[32:]
        self.unchanged = not rest
        if rest:
            assert rest[0] in (0, 1)
            self.digest, rest = (rest[1:33], rest[33:]) if rest[0] else (None, rest[1:])
            self.tag, self.accepts, count = rest[:32], rest[32], rest[33]
            self.nodes, end = unpack_nodes(rest, count, 34)
            assert (len(self.nodes), end) == (count, len(rest))


class Client:
    """Makes requests to one server and opens its responses. `nonce()` gives 24 bytes."""

    def __init__(self, keys, server_pk, nonce):
        self.keys = keys
        self.server_pk = server_pk
        self.nonce = nonce
        self.key = shared_key(server_pk, keys.secret)

    def request(self, layout, payload):
        nonce = self.nonce()
        return seal_packet(layout, self.keys.public, self.key, nonce, payload + SENDBACK)

    def response(self, layout, packet):
        assert layout.fits(packet)
        assert packet.startswith(layout.prefix + self.server_pk)
        plain = open_packet(self.key, packet)
        assert plain[-SENDBACK_SIZE:] == SENDBACK
        return plain[:-SENDBACK_SIZE]

    def search(self, data_pk, known=b""):
        return self.request(SEARCH_REQUEST, data_pk + known)

    def found(self, packet):
        return Found(self.response(SEARCH_RESPONSE, packet))

    def retrieve(self, data_pk, tag):
        return self.request(RETRIEVE_REQUEST, data_pk + b"\0" + tag)

    def retrieved(self, packet):
        payload = self.response(RETRIEVE_RESPONSE, packet)
        assert payload[32] == 1
        return payload[33:]

    def store(self, data_keys, tag, seconds, kind, data):
        nonce = self.nonce()
        plain = tag + seconds.to_bytes(4, "big") + bytes((kind,)) + data
        box = encrypt(shared_key(self.server_pk, data_keys.secret), nonce, plain)
        return self.request(STORE_REQUEST, data_keys.public + nonce + box)

    def stored(self, packet):
        """(seconds granted, the server's Unix time)"""
        payload = self.response(STORE_RESPONSE, packet)
        assert len(payload) == 44
        return int.from_bytes(payload[32:36], "big"), int.from_bytes(payload[36:], "big")

    def group_request(self, chat_id, member=None, *, layout=ANNOUNCE_REQUEST, extra=None):
        """As it leaves the onion."""
        if extra is None:
            extra = chat_id + pack_member(member)
        nonce = self.nonce()
        plain = ANNOUNCE_QUESTION.pack(b"", chat_id, b"", SENDBACK) + extra
        return layout.make(nonce, self.keys.public) + encrypt(self.key, nonce, plain) + RETURN

    def group_response(self, packet):
        """(stored, nodes, members)"""
        assert packet.startswith(ONION_RECV_3.make(RETURN))
        answer = packet[ONION_RECV_3.size :]
        assert ANNOUNCE_RESPONSE.fits(answer)
        kind, sendback, nonce = ANNOUNCE_RESPONSE.unpack_from(answer)
        assert (kind, sendback) == (ANNOUNCE_RESPONSE.kind, SENDBACK)
        plain = decrypt(self.key, nonce, answer[ANNOUNCE_RESPONSE.size :])
        nodes, end = unpack_nodes(plain, plain[33], 34)
        assert len(nodes) == plain[33]
        members = []
        while end < len(plain):
            member, end = unpack_member(plain, end)
            members.append(member)
        return plain[0], nodes, members


def chat_id(number):
    """One of many."""
    return number.to_bytes(2, "big").ljust(CHAT_ID_SIZE, b"\x55")
