"""NATs of the simulated universe. Hosts behind one have private addresses and share a public IP.

Kinds, by what a mapping depends on and whom it lets in (RFC 3489):

    full          one outside port per inside port, open to everybody
    restricted    the same, open to IPs that were sent to
    port          the same, open to IPs and ports that were sent to
    symmetric     one outside port per inside port and destination, open to that destination

Cone kinds keep the inside port as long as it is free. `ports` is how a symmetric NAT picks its
outside ports: "counting" up from a start, or "random".
"""

from __future__ import annotations

KINDS = ("full", "restricted", "port", "symmetric")
MAPPING_TIMEOUT_MS = 60_000
FIRST_MAPPED_PORT = 40_000


class Mapping:
    """An outside port and to whom it was used."""

    def __init__(self, inside, port):
        self.inside, self.port = inside, port
        #: destination -> when it was last sent to
        self.sent_to = {}
        self.used_ms = 0


class SimNat:
    """One NAT box; made by `Universe.nat`."""

    def __init__(self, universe, ip, kind, ports):
        assert kind in KINDS and ports in ("counting", "random")
        self.universe, self.ip, self.kind, self.ports = universe, ip, kind, ports
        self.hosts = {}
        #: inside address, and destination when symmetric -> Mapping
        self.mappings = {}
        self.by_port = {}
        self.next_port = FIRST_MAPPED_PORT

    def host(self, socket_type, port):
        """A new host behind this NAT."""
        address = (bytes((192, 168, 0, len(self.hosts) + 2)), port)
        self.hosts[address] = socket = socket_type(self.universe, address, self)
        return socket

    def _pick_port(self, inside):
        if self.kind != "symmetric" and inside[1] not in self.by_port:
            return inside[1]
        while True:
            if self.ports == "random":
                port = self.universe.random.randrange(1024, 65536)
            else:
                port, self.next_port = self.next_port, self.next_port + 1
            if port not in self.by_port:
                return port

    def outbound(self, inside, destination):
        """The outside address from which a packet to `destination` leaves."""
        now_ms = self.universe.clock.now_ms
        key = (inside, destination) if self.kind == "symmetric" else inside
        mapping = self.mappings.get(key)
        if mapping is not None and now_ms - mapping.used_ms > MAPPING_TIMEOUT_MS:
            del self.by_port[mapping.port]
            mapping = None
        if mapping is None:
            mapping = self.mappings[key] = Mapping(inside, self._pick_port(inside))
            self.by_port[mapping.port] = mapping
        mapping.used_ms = mapping.sent_to[destination] = now_ms
        return self.ip, mapping.port

    def inbound(self, source, port):
        """The host that a packet from outside reaches, or None; from inside there is no way back in."""
        if source[0] == self.ip:
            return None
        now_ms = self.universe.clock.now_ms
        mapping = self.by_port.get(port)
        if mapping is None or now_ms - mapping.used_ms > MAPPING_TIMEOUT_MS:
            return None
        let_in = {to for to, sent_ms in mapping.sent_to.items() if now_ms - sent_ms <= MAPPING_TIMEOUT_MS}
        if self.kind == "restricted":
            open_to = source[0] in {ip for ip, _ in let_in}
        else:
            open_to = self.kind == "full" or source in let_in
        return self.hosts.get(mapping.inside) if open_to else None
