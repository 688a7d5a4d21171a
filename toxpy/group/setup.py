"""How a session between two members of a group comes to be: a request, a response, and proof.

    who asks       sends a request every 3 s; with the response it has the session's key, and sends
                   HANDSHAKE_DONE
    who answers    sends a response at once and every 3 s; a packet sealed with the session's key is the
                   proof that the request was no old one that somebody recorded, and begins the session

When both ask at once both answer. Each side's key pair is of this set-up only and dies with it, so both
come to the same key. While there is no proof there may be several candidates: a peer that began anew
meanwhile, or what somebody repeated. c-toxcore begins anew with each request that it can open. c-toxcore:
group_chats.c.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.crypto.sodium import NONCE_SIZE, shared_key
from toxpy.group.channel import REQUEST_ID, RESPONSE_ID
from toxpy.group.wire import (
    JOIN_PUBLIC,
    GroupHandshake,
    open_session_packet,
    pack_handshake,
    seal_handshake,
)
from toxpy.wire.group_packets import LOSSY_ID, packet_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime
    from toxpy.system.datapath import Datapath
    from toxpy.wire.address import Node

#: Candidates for the session's key, the newest ones.
MAX_CANDIDATES = 3


class OwnMember:
    """Ourselves in a group: what the sessions with all its peers have in common."""

    __slots__ = (
        "chat_id",
        "is_private",
        "join_type",
        "keys",
        "lossless_head",
        "lossy_head",
        "path",
        "rt",
        "shared_keys",
        "sig_pk",
    )

    def __init__(
        self,
        keys: KeyPair,
        sig_pk: bytes,
        chat_id: bytes,
        join_type: int,
        *,
        rt: Runtime,
        path: Datapath | None = None,
    ) -> None:
        """`keys` are our permanent encryption keys in the group; `path` is that of the UDP socket."""
        self.keys = keys
        #: what our packets begin with
        self.lossless_head = packet_head(0, keys.public)
        self.lossy_head = packet_head(LOSSY_ID, keys.public)
        self.path = path
        self.sig_pk = sig_pk
        self.chat_id = chat_id
        #: how we came to the group
        self.join_type = join_type
        #: True if only invited ones may come
        self.is_private = False
        self.rt = rt
        self.shared_keys = SharedKeys(keys, rt=rt)

    def refuses(self, handshake: GroupHandshake) -> bool:
        """True for a request of somebody who was not invited, though that is needed."""
        return self.is_private and not handshake.is_response and handshake.join_type == JOIN_PUBLIC

    def is_closer(self, peer_pk: bytes) -> bool:
        """True if we are closer to the chat id than the peer: then we renew the session's key."""
        chat_id = int.from_bytes(self.chat_id, "big")
        ours, theirs = (int.from_bytes(key, "big") for key in (self.keys.public, peer_pk))
        return ours ^ chat_id < theirs ^ chat_id


class Candidate:
    """A key that may become the session's, and which handshakes went to and fro with it."""

    __slots__ = ("key", "received_id", "request_type", "sent_id", "session_pk", "sig_pk")

    def __init__(self, key: bytes, handshake: GroupHandshake) -> None:
        self.key = key
        self.session_pk = handshake.session_pk
        self.sig_pk = handshake.sig_pk
        self.request_type = handshake.request_type
        #: message ids of the last handshakes
        self.sent_id = self.received_id = REQUEST_ID


class GroupSetup:
    """One set-up with one peer; see the module."""

    __slots__ = (
        "_candidates",
        "_own",
        "_pair",
        "_peer_pk",
        "_permanent_key",
        "is_answer_held_up",
        "is_asking",
        "is_held_up",
        "request_type",
        "requested_ms",
        "requests",
        "responded_ms",
        "response_type",
        "responses",
        "since_ms",
    )

    def __init__(self, peer_pk: bytes, permanent_key: bytes, own: OwnMember) -> None:
        own.rt.counters.count("x25519")
        self._own = own
        self._peer_pk = peer_pk
        self._permanent_key = permanent_key
        self._pair = KeyPair.generate(own.rt.rng)
        self._candidates: dict[bytes, Candidate] = {}
        self.since_ms = own.rt.clock.now_ms
        #: True while we send requests
        self.is_asking = False
        #: True if there was no way for the last request, or response
        self.is_held_up = self.is_answer_held_up = False
        self.request_type = 0
        self.requests = self.requested_ms = 0
        #: request type of what we answer, None while there is nothing to answer
        self.response_type: int | None = None
        self.responses = self.responded_ms = 0

    def make_request(self, relay: Node | None) -> bytes:
        """The next request."""
        self.requests += 1
        self.requested_ms = self._own.rt.clock.now_ms
        return self._seal(False, self.request_type, relay)

    def make_copy(self, relay: Node | None) -> bytes:
        """The same request for another place."""
        self.requests += 1
        return self._seal(False, self.request_type, relay)

    def make_response(self, request_type: int, relay: Node | None) -> bytes:
        """The next response; what the peer asked for comes back."""
        self.response_type = request_type
        self.responses += 1
        self.responded_ms = self._own.rt.clock.now_ms
        for candidate in self._candidates.values():
            candidate.sent_id = RESPONSE_ID
        return self._seal(True, request_type, relay)

    def _seal(self, is_response: bool, request_type: int, relay: Node | None) -> bytes:
        own = self._own
        join_type = 0 if is_response else own.join_type
        handshake = GroupHandshake(is_response, self._pair.public, own.sig_pk, request_type, join_type, relay)
        nonce = own.rt.rng.bytes(NONCE_SIZE)
        plain = pack_handshake(handshake)
        return seal_handshake(self._permanent_key, nonce, own.keys.public, self._peer_pk, plain)

    def on_handshake(self, handshake: GroupHandshake) -> Candidate | None:
        """The peer's request or response; None when its session key is of low order."""
        candidates, session_pk = self._candidates, handshake.session_pk
        candidate = candidates.pop(session_pk, None)
        if candidate is None:
            self._own.rt.counters.count("x25519")
            key = shared_key(session_pk, self._pair.secret)
            if key is None:
                return None
            candidate = Candidate(key, handshake)
            if len(candidates) >= MAX_CANDIDATES:
                del candidates[next(iter(candidates))]
        candidates[session_pk] = candidate
        if handshake.is_response:
            candidate.received_id = RESPONSE_ID
        return candidate

    def open(self, packet: bytes) -> tuple[Candidate, bytes] | None:
        """Whose packet of a session it is, and the plain text; None when it is nobody's."""
        for candidate in reversed(self._candidates.values()):
            plain = open_session_packet(candidate.key, packet)
            if plain is not None:
                return candidate, plain
        return None
