"""Endpoints in the simulated universe: a network with names, and the service that gives them out."""

from tests.support.sim_proxy import SimProxy
from toxpy.network.network_address import AddressType, NetworkAddress

PORT = 33445
#: Time of the network to make a service known, ms.
READY_MS = 1500


def onion(number):
    """The name of an onion service, with its checksum."""
    from base64 import b32encode
    from hashlib import sha3_256

    key = bytes([number]) * 32
    checksum = sha3_256(b".onion checksum" + key + b"\x03").digest()[:2]
    return b32encode(key + checksum + b"\x03").decode().lower() + ".onion"


class FakeService:
    """A service whose key is the number of its name."""

    def __init__(self, network, rt, streams, key, ip):
        self.ip = ip
        self.network, self.rt, self.streams = network, rt, streams
        self.key = key or bytes([network.next_name()])
        self.stopped = False
        self.name = onion(self.key[0])

    def start(self, local_port, on_ready, on_failed):
        self.on_failed = on_failed
        self.target = (self.streams.host.address[0], local_port)
        self.rt.timers.call_later(READY_MS, lambda: self._ready(on_ready))

    def _ready(self, on_ready):
        self.network.names[self.name] = self.target
        if self.ip:
            return on_ready(NetworkAddress.from_ip(self.target))
        return on_ready(NetworkAddress(AddressType.ONION, self.name.encode(), PORT))

    def stop(self):
        self.stopped = True


class FakeEndpoint:
    """`Options.endpoint` for a network of names."""

    kind, listen = AddressType.ONION, 0

    def __init__(self, network, tell_to="friends", serves=True, socks=None, lasts=True, ip=False):
        """`socks`: its proxy, for who uses no other; without `lasts` each start has another name.

        `ip`: the address is the IP of the machine.
        """
        self.network, self.tell_to, self.serves = network, tell_to, serves
        self.socks, self.lasts, self.ip = socks, lasts, ip

    def make(self, *, rt, streams, key):
        if not self.serves:
            return None
        return FakeService(self.network, rt, streams, key if self.lasts else b"", self.ip)


class Onions(SimProxy):
    """A network of names behind a SOCKS5 proxy."""

    def __init__(self, world):
        super().__init__(world)
        self.count = 0

    def next_name(self):
        self.count += 1
        return self.count

    def user(self, **more):
        """Options of somebody who has an endpoint there, and uses nothing else."""
        return {**self.options(), "endpoint": FakeEndpoint(self, **more), "local_discovery_enabled": False}
