"""The asking side of DHT announcements and of group announcements, which no Tox library uses yet.

Packets in, packets out: the same client asks our nodes, Debian's and those of the recordings.
"""

from __future__ import annotations

from toxpy.crypto.sodium import decrypt, encrypt, shared_key
from toxpy.onion.group_announce import CHAT_ID_SIZE, pack_member, unpack_member
from toxpy.wire.address import unpack_nodes

SENDBACK = b"sendback"
RETURN = bytes(range(177))


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

    def request(self, kind, payload):
        nonce = self.nonce()
        return bytes((kind,)) + self.keys.public + nonce + encrypt(self.key, nonce, payload + SENDBACK)

    def response(self, kind, packet):
        assert packet[0] == kind
        assert packet[1:33] == self.server_pk
        plain = decrypt(self.key, packet[33:57], packet[57:])
        assert plain[-8:] == SENDBACK
        return plain[:-8]

    def search(self, data_pk, known=b""):
        return self.request(0x93, data_pk + known)

    def found(self, packet):
        return Found(self.response(0x94, packet))

    def retrieve(self, data_pk, tag):
        return self.request(0x95, data_pk + b"\0" + tag)

    def retrieved(self, packet):
        payload = self.response(0x96, packet)
        assert payload[32] == 1
        return payload[33:]

    def store(self, data_keys, tag, seconds, kind, data):
        nonce = self.nonce()
        plain = tag + seconds.to_bytes(4, "big") + bytes((kind,)) + data
        box = encrypt(shared_key(self.server_pk, data_keys.secret), nonce, plain)
        return self.request(0x97, data_keys.public + nonce + box)

    def stored(self, packet):
        """(seconds granted, the server's Unix time)"""
        payload = self.response(0x98, packet)
        assert len(payload) == 44
        return int.from_bytes(payload[32:36], "big"), int.from_bytes(payload[36:], "big")

    def group_request(self, chat_id, member=None, *, kind=0x87, extra=None):
        """As it leaves the onion."""
        if extra is None:
            extra = chat_id + pack_member(member)
        nonce = self.nonce()
        plain = bytes(32) + chat_id + bytes(32) + SENDBACK + extra
        return bytes((kind,)) + nonce + self.keys.public + encrypt(self.key, nonce, plain) + RETURN

    def group_response(self, packet):
        """(stored, nodes, members)"""
        assert packet[:178] == b"\x8c" + RETURN
        answer = packet[178:]
        assert answer[:9] == b"\x88" + SENDBACK
        plain = decrypt(self.key, answer[9:33], answer[33:])
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
