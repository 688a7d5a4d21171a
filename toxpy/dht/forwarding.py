"""Forwarding: packets for nodes that only another node can reach, and their answers. c-toxcore: forwarding.c.

    request     90 | key 32 | data                      please forward `data` to the node of that key
    forwarding  91 | size 1 | sendback | data           forwarded; without sendback it is an answer
    reply       92 | size 1 | sendback | data           give `data` back where the sendback came from

`data` of a request may be a request again: a chain of keys, each node forwarding to the next. A sendback
is at most 254 bytes (255 is reserved), data at most 1792. Whoever forwards keeps nothing: the sendback
says where the packet came from. Others can read it, but only the one who made it can make it:

    sendback    tag 32 | kind 1 | from where            the tag is good for one to two hours
      0 asked by    packed address
      1 chained by  packed address | sendback           a reply goes to the node that made the inner one
      2 our relay's client    token 8

A client of a TCP relay asks with the packed address of any node in front, without key:

    from the client   packed address | data
    to the client     data

A node is forwarded to only if it is in our close list; only a relay's client names an address.
"""

from __future__ import annotations

from toxpy.crypto.timed_auth import TIMED_AUTH_SIZE, TimedAuth
from toxpy.dht.budget import REPLIES_BURST, REPLIES_PER_S, Budget
from toxpy.errors import PacketError
from toxpy.wire.address import is_usable, pack_ip_port, unpack_ip_port
from toxpy.wire.packets import (
    FORWARD_REPLY,
    FORWARD_REQUEST,
    FORWARDING,
    MAX_FORWARD_DATA_SIZE,
    MAX_SENDBACK_SIZE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from toxpy.dht.dht import DHT
    from toxpy.runtime import Dispatch, Runtime
    from toxpy.wire.address import Address
    from toxpy.wire.packets import Layout

MAX_CHAIN_LENGTH = 4
SENDBACK_LIFETIME_MS = 3_600_000

SENDBACK_ADDRESS, SENDBACK_CHAIN, SENDBACK_RELAY_CLIENT = 0, 1, 2
TOKEN_SIZE = 8


def pack_chain(keys: Sequence[bytes], data: bytes) -> bytes:
    """`data` inside one request per key, the last key being its destination; no key leaves it as it is."""
    if len(keys) > MAX_CHAIN_LENGTH or len(data) > MAX_FORWARD_DATA_SIZE:
        raise ValueError(f"at most {MAX_CHAIN_LENGTH} keys and {MAX_FORWARD_DATA_SIZE} bytes")
    return b"".join(FORWARD_REQUEST.make(key) for key in keys) + data


def pack_with_sendback(layout: Layout, sendback: bytes, data: bytes) -> bytes:
    """A forwarding or a reply."""
    return layout.make(len(sendback)) + sendback + data


def unpack_with_sendback(packet: bytes) -> tuple[bytes, bytes]:
    """Sendback and data of a forwarding or a reply; PacketError when a size is impossible."""
    begin = FORWARDING.size
    if len(packet) < begin:
        raise PacketError("forwarding: no size byte")
    _, size = FORWARDING.unpack_from(packet)
    end = begin + size
    if size > MAX_SENDBACK_SIZE or end > len(packet):
        raise PacketError("forwarding: impossible size of the sendback")
    if len(packet) - end > MAX_FORWARD_DATA_SIZE:
        raise PacketError("forwarding: too much data")
    return packet[begin:end], packet[end:]


class Forwarding:
    """Forwards for others and for clients of our relay. Claims 0x90 to 0x92 of `udp`."""

    __slots__ = ("_auth", "_budget", "_dht", "_rt", "_send", "on_request", "on_response", "to_relay_client")

    def __init__(
        self, dht: DHT, *, rt: Runtime, send: Callable[[Address, bytes], None], udp: Dispatch
    ) -> None:
        self._dht = dht
        self._rt = rt
        self._send = send
        self._auth = TimedAuth(SENDBACK_LIFETIME_MS, rt=rt)
        self._budget = Budget(REPLIES_PER_S, REPLIES_BURST, rt=rt)
        #: takes what was forwarded to us: (forwarder, sendback for `send_reply`, data)
        self.on_request: Callable[[Address, bytes, bytes], None] = self._no_request
        #: takes answers to what we had forwarded, over UDP or through a relay
        self.on_response: Callable[[bytes], None] = self._no_response
        #: takes answers for a client of our TCP relay: (token, data)
        self.to_relay_client: Callable[[int, bytes], None] = self._no_relay
        udp.claim(FORWARD_REQUEST.kind, self._on_forward_request)
        udp.claim(FORWARDING.kind, self._on_forwarding)
        udp.claim(FORWARD_REPLY.kind, self._on_forward_reply)

    # for ourselves

    def send_request(self, forwarder: Address, keys: Sequence[bytes], data: bytes) -> None:
        """Have `data` forwarded along 1 to 4 keys, the first of which `forwarder` knows.

        The answer comes to `on_response`.
        """
        if not keys:
            raise ValueError("whom to forward to")
        self._send(forwarder, pack_chain(keys, data))

    def send_reply(self, forwarder: Address, sendback: bytes, data: bytes) -> None:
        """Answer what was forwarded to us."""
        if len(sendback) > MAX_SENDBACK_SIZE or len(data) > MAX_FORWARD_DATA_SIZE:
            raise ValueError(f"at most {MAX_SENDBACK_SIZE} and {MAX_FORWARD_DATA_SIZE} bytes")
        self._send(forwarder, pack_with_sendback(FORWARD_REPLY, sendback, data))

    # for others

    def on_relay_request(self, token: int, data: bytes) -> None:
        """A client of our TCP relay asks; the token leads an answer back to it."""
        try:
            address, end = unpack_ip_port(data)
        except PacketError:
            return self._rt.counters.drop("forward_malformed")
        if not is_usable(address):
            return self._rt.counters.drop("forward_address")
        if len(data) - end > MAX_FORWARD_DATA_SIZE:
            return self._rt.counters.drop("forward_size")
        origin = bytes((SENDBACK_RELAY_CLIENT,)) + token.to_bytes(TOKEN_SIZE, "big")
        packet = pack_with_sendback(FORWARDING, self._seal(origin), data[end:])
        self._rt.counters.count("forwarded")
        return self._send(address, packet)

    def _on_forward_request(self, address: Address, data: bytes) -> None:
        """0x90: somebody asks us directly."""
        self._forward(address, bytes((SENDBACK_ADDRESS,)) + pack_ip_port(address), data)

    def _on_forwarding(self, address: Address, data: bytes) -> None:
        """0x91: the next step of a chain, a request for us, or an answer."""
        try:
            sendback, inner = unpack_with_sendback(data)
        except PacketError:
            return self._rt.counters.drop("forward_malformed")
        if inner and inner[0] == FORWARD_REQUEST.kind:
            origin = bytes((SENDBACK_CHAIN,)) + pack_ip_port(address) + sendback
            return self._forward(address, origin, inner)
        if sendback:
            return self.on_request(address, sendback, inner)
        return self.on_response(inner)

    def _forward(self, source: Address, origin: bytes, request: bytes) -> None:
        """Do what a request that came from `source` asks for."""
        if not FORWARD_REQUEST.fits(request) or TIMED_AUTH_SIZE + len(origin) > MAX_SENDBACK_SIZE:
            return self._rt.counters.drop("forward_size")
        client = self._dht.nodes.close_list.get(FORWARD_REQUEST.unpack_from(request)[1])
        address = client.address(self._rt.clock.now_ms) if client is not None else None
        if address is None:
            return self._rt.counters.drop("forward_unroutable")
        if not self._budget.allows(source):
            return self._rt.counters.drop("forward_budget")
        packet = pack_with_sendback(FORWARDING, self._seal(origin), request[FORWARD_REQUEST.size :])
        self._rt.counters.count("forwarded")
        return self._send(address, packet)

    def _seal(self, origin: bytes) -> bytes:
        return self._auth.create(origin) + origin

    def _on_forward_reply(self, address: Address, data: bytes) -> None:
        """0x92: an answer to something we forwarded."""
        try:
            sendback, reply = unpack_with_sendback(data)
        except PacketError:
            return self._rt.counters.drop("forward_malformed")
        tag, origin = sendback[:TIMED_AUTH_SIZE], sendback[TIMED_AUTH_SIZE:]
        if not origin:
            return self._rt.counters.drop("forward_malformed")
        if not self._budget.allows(address):
            return self._rt.counters.drop("forward_budget")
        if not self._auth.check(tag, origin):
            return self._rt.counters.drop("forward_sendback")
        self._rt.counters.count("forwarded")
        if origin[0] == SENDBACK_RELAY_CLIENT:
            return self.to_relay_client(int.from_bytes(origin[1:], "big"), reply)
        # we made it ourselves, so it is well-formed
        back_to, end = unpack_ip_port(origin, 1)
        if origin[0] == SENDBACK_CHAIN:
            return self._send(back_to, pack_with_sendback(FORWARD_REPLY, origin[end:], reply))
        return self._send(back_to, pack_with_sendback(FORWARDING, b"", reply))

    def _no_request(self, _forwarder: Address, _sendback: bytes, _data: bytes) -> None:
        self._rt.counters.drop("forward_request_unwanted")

    def _no_response(self, _data: bytes) -> None:
        self._rt.counters.drop("forward_response_unasked")

    def _no_relay(self, _token: int, _data: bytes) -> None:
        self._rt.counters.drop("forward_relay_client")
