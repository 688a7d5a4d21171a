"""Hole punching: reaching a searched node behind a NAT. Spec: NAT punching; c-toxcore: DHT.c do_nat.

A NAT lets packets in only from where it saw packets go out. So both sides must send to each
other's outside address at about the same time, and neither knows that address for sure:
what is known is where other nodes see the friend.

    NAT ping   DHT request 254: 0x00 request or 0x01 response | ping id 8

While at least 4 of the 8 nodes around a searched key tell an address of it and it does not
answer there, it is sent a NAT ping through all of them every 3 s. The response (through one
of them) shows that it is online and searches us too. When it has also sent us a request of its own within
6 s, we send DHT pings to guesses of its outside port, at the IP on which 4 of the tellers agree:

    all tell the same port            that port: a cone NAT
    they tell different ports         48 ports around those told, farther away each time: a
                                      symmetric NAT that counts its ports
    after the sixth time              also 48 ports upwards from 1024, each tried twice

An answer to any of these pings, or a ping of the friend that comes through the opened hole,
puts the friend into its search list, which ends all this. After 40 s of silence the guessing
starts anew.
"""

from __future__ import annotations

from toxpy.dht.budget import TokenBucket
from toxpy.dht.kbucket import MAX_CLIENTS, NEVER_MS
from toxpy.dht.packets import PING_ID_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxpy.dht.kbucket import SearchList
    from toxpy.dht.nodes import Nodes
    from toxpy.dht.ping import Pings
    from toxpy.dht.requests import Requests
    from toxpy.runtime import Runtime, Timer
    from toxpy.wire.address import Address

NAT_PING = 254
NAT_PING_REQUEST, NAT_PING_RESPONSE = 0, 1
NAT_PING_SIZE = 1 + PING_ID_SIZE

#: Tellers that are needed and agree on the IP: one liar cannot aim us at anybody.
MIN_TELLERS = MAX_CLIENTS // 2
PUNCH_INTERVAL_MS = 3000
PUNCH_RESET_MS = 40_000
#: Ports guessed in one round.
MAX_PUNCHING_PORTS = 48
MAX_NORMAL_TRIES = 5
FIRST_LOW_PORT = 1024

# What follows is ours: c-toxcore sends without a limit for all friends together.
#: Pings to guessed ports: within 5 s (PING_TIMEOUT_MS) fewer than the open pings remembered (512).
PUNCHES_PER_S, PUNCHES_BURST = 64, 96
#: NAT pings sent: one goes out in up to 8 copies.
PINGS_PER_S, PINGS_BURST = 128, 512
#: NAT pings of one friend that are answered.
ANSWERS_PER_S, ANSWERS_BURST = 8, 16


class Nat:
    """What is going on with one searched key."""

    __slots__ = (
        "answered",
        "answers",
        "heard_ms",
        "low",
        "near",
        "ping_id",
        "pinged_ms",
        "punched_ms",
        "timer",
        "tries",
    )

    def __init__(self, ping_id: bytes, now_ms: int) -> None:
        self.ping_id = ping_id
        self.timer: Timer | None = None
        self.answers = TokenBucket(ANSWERS_PER_S, ANSWERS_BURST, now_ms)
        #: it answered our NAT ping since the last punches
        self.answered = False
        self.pinged_ms = NEVER_MS
        #: when a NAT ping request of it came
        self.heard_ms = NEVER_MS
        self.punched_ms = NEVER_MS
        self.tries = 0
        #: how many guesses near told ports, and upwards from 1024, have been made
        self.near = self.low = 0


class HolePunching:
    """Claims DHT request 254. When not `enabled` NAT pings still are exchanged: the other side may punch."""

    __slots__ = ("_dht_pings", "_enabled", "_nats", "_nodes", "_pings", "_punches", "_requests", "_rt")

    def __init__(self, nodes: Nodes, requests: Requests, pings: Pings, *, rt: Runtime, enabled: bool) -> None:
        self._nodes = nodes
        self._requests = requests
        self._dht_pings = pings
        self._rt = rt
        self._enabled = enabled
        self._pings = TokenBucket(PINGS_PER_S, PINGS_BURST, rt.clock.now_ms)
        self._punches = TokenBucket(PUNCHES_PER_S, PUNCHES_BURST, rt.clock.now_ms)
        #: by the searched key, once somebody told an address of it; keys of `nodes.searches` only
        self._nats: dict[bytes, Nat] = {}
        requests.dispatch.claim(NAT_PING, self.on_nat_ping)

    def told(self, search: SearchList) -> None:
        """A node of the list has just told an address of the searched key."""
        now_ms = self._rt.clock.now_ms
        if not search.callbacks or search.address(now_ms) is not None:
            # nobody is behind a random key; a node that is reached needs nothing
            return
        nat = self._nat(search)
        if nat.timer is None:
            self._ping_at(search, nat, max(nat.pinged_ms + PUNCH_INTERVAL_MS, now_ms))

    def forget(self, public_key: bytes) -> None:
        """The key is not searched any more."""
        nat = self._nats.pop(public_key, None)
        if nat is not None and nat.timer is not None:
            nat.timer.cancel()

    def close(self) -> None:
        """No timers any more."""
        for public_key in list(self._nats):
            self.forget(public_key)

    def _nat(self, search: SearchList) -> Nat:
        nat = self._nats.get(search.public_key)
        if nat is None:
            nat = Nat(self._rt.rng.bytes(PING_ID_SIZE), self._rt.clock.now_ms)
            self._nats[search.public_key] = nat
        return nat

    # NAT pings

    def _ping_at(self, search: SearchList, nat: Nat, due_ms: int) -> None:
        nat.timer = self._rt.timers.call_at(due_ms, lambda: self._ping_due(search, nat))

    def _ping_due(self, search: SearchList, nat: Nat) -> None:
        nat.timer = None
        now_ms = self._rt.clock.now_ms
        if len(self._wanted(search)) < MIN_TELLERS:
            # `told` goes on with it
            return
        nat.pinged_ms = now_ms
        self._ping_at(search, nat, now_ms + PUNCH_INTERVAL_MS)
        self._send(NAT_PING_REQUEST, search.public_key, nat.ping_id, search.tellers(now_ms))
        self._punch(search, nat)

    def _wanted(self, search: SearchList) -> list[Address]:
        """Where others see the searched node; nothing once it is reached."""
        now_ms = self._rt.clock.now_ms
        return [] if search.address(now_ms) is not None else search.returned(now_ms)

    def _send(self, kind: int, public_key: bytes, ping_id: bytes, through: Sequence[Address]) -> None:
        packet = self._requests.create(public_key, NAT_PING, bytes((kind,)) + ping_id)
        for address in through if packet else ():
            if not self._pings.take(self._rt.clock.now_ms):
                self._rt.counters.count("nat_ping_budget")
                return
            self._nodes.send(address, packet)

    def on_nat_ping(self, _address: Address, sender: bytes, data: bytes) -> None:
        """254: answer a request, take note of a response; both may be what the next punches wait for."""
        drop = self._rt.counters.drop
        search = self._nodes.searches.get(sender)
        if len(data) != NAT_PING_SIZE:
            drop("nat_ping_size")
            return
        if search is None or not search.callbacks:
            drop("nat_ping_stranger")
            return
        nat, kind, ping_id = self._nat(search), data[0], data[1:]
        now_ms = self._rt.clock.now_ms
        if kind == NAT_PING_REQUEST:
            if not nat.answers.take(now_ms):
                drop("nat_ping_budget")
                return
            nat.heard_ms = now_ms
            self._answer(search, ping_id)
        elif kind == NAT_PING_RESPONSE and ping_id == nat.ping_id:
            nat.ping_id = self._rt.rng.bytes(PING_ID_SIZE)
            nat.answered = True
        else:
            # usually one more copy of a response that is used up
            drop("nat_ping_replay" if kind == NAT_PING_RESPONSE else "nat_ping_kind")
            return
        self._punch(search, nat)

    def _answer(self, search: SearchList, ping_id: bytes) -> None:
        """Through one teller, whichever; the request came through all that know us."""
        now_ms = self._rt.clock.now_ms
        ways = search.tellers(now_ms)
        direct = search.address(now_ms)
        if direct is not None:
            ways = [direct]
        if ways:
            self._send(NAT_PING_RESPONSE, search.public_key, ping_id, [self._rt.rng.choice(ways)])

    # punching

    def _punch(self, search: SearchList, nat: Nat) -> None:
        """Ping guessed ports, if both sides are known to be at it and the last time is long enough ago."""
        now_ms = self._rt.clock.now_ms
        quiet_ms = now_ms - nat.punched_ms
        if not self._enabled or not nat.answered or quiet_ms < PUNCH_INTERVAL_MS:
            return
        if now_ms - nat.heard_ms > 2 * PUNCH_INTERVAL_MS:
            return
        returned = self._wanted(search)
        ip = common_ip(returned)
        if ip is None:
            return
        if quiet_ms > PUNCH_RESET_MS:
            nat.tries = nat.near = nat.low = 0
        nat.punched_ms = now_ms
        nat.answered = False
        ports = [address[1] for address in returned if address[0] == ip]
        if len(set(ports)) == 1:
            self._ping_ports(search, ip, ports[:1])
        else:
            nat.near += self._ping_ports(search, ip, near_ports(ports, nat.near))
        if nat.tries > MAX_NORMAL_TRIES:
            tried = self._ping_ports(search, ip, low_ports(nat.low))
            # half of them again the next time, since a ping may have come too early
            nat.low += max(tried - MAX_PUNCHING_PORTS // 2, 0)
        nat.tries += 1

    def _ping_ports(self, search: SearchList, ip: bytes, ports: Sequence[int]) -> int:
        """Ping the searched node at these ports, each once; how many of them are dealt with."""
        tried: set[int] = set()
        for done, port in enumerate(ports):
            if port == 0 or port in tried:
                continue
            if not self._punches.take(self._rt.clock.now_ms):
                self._rt.counters.count("nat_punch_budget")
                return done
            tried.add(port)
            self._dht_pings.send_request((ip, port), search.public_key)
        return len(ports)


def common_ip(addresses: Sequence[Address]) -> bytes | None:
    """The first IP that MIN_TELLERS of the addresses have."""
    ips = [address[0] for address in addresses]
    for ip in ips:
        if ips.count(ip) >= MIN_TELLERS:
            return ip
    return None


def near_ports(ports: Sequence[int], start: int) -> list[int]:
    """48 guesses from number `start` on: around each port in turn, above and below, ever farther."""
    guesses = []
    for number in range(start, start + MAX_PUNCHING_PORTS):
        turn, below = divmod(number, 2)
        distance, which = divmod(turn, len(ports))
        guesses.append((ports[which] + (-distance if below else distance)) % 65536)
    return guesses


def low_ports(start: int) -> list[int]:
    """48 ports upwards from 1024 + `start`."""
    first = FIRST_LOW_PORT + start
    return [port % 65536 for port in range(first, first + MAX_PUNCHING_PORTS)]
