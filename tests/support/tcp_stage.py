"""A TCP client, its owner, and the relay's end in the test's hands."""

from tests.support.fake_relay import FakeRelay
from tests.support.fake_streams import FakeConnector, pump_all
from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.runtime import Runtime
from toxpy.system.traffic import Traffic
from toxpy.tcp import client as tcp
from toxpy.tcp.client import TcpClient
from toxpy.tcp.proxy import Proxy
from toxpy.wire.address import Node

RELAY_ADDRESS = (bytes((192, 0, 2, 7)), 33445)
PROXY_ADDRESS = (bytes((198, 51, 100, 1)), 8080)
FRIEND = bytes(range(32))
FIRST_ID = b"\x10"


class Owner:
    """What the client told."""

    def __init__(self):
        self.calls = []
        self.react = {}

    def __getattr__(self, name):
        if not name.startswith("on_"):
            raise AttributeError(name)

        def record(client, *values):
            self.calls.append((name.removeprefix("on_"), *values))
            self.react.get(name, lambda *_: None)(client, *values)

        return record

    def take(self):
        """What came since the last time."""
        calls, self.calls = self.calls, []
        return calls


class Stage:
    """A client, its owner and the means to be its relay."""

    def __init__(self, kind=None, host=None, relay_pk=None):
        self.logs = []
        self.rt = Runtime(SimClock(), SeededRng(3), lambda level, text: self.logs.append((level, text)))
        self.rt.clock.now_ms = 1000
        self.connector = FakeConnector()
        self.owner = Owner()
        self.keys = KeyPair.generate(self.rt.rng)
        self.relay_keys = KeyPair.generate(self.rt.rng)
        self.proxy = None if kind is None else Proxy(kind, PROXY_ADDRESS)
        self.host = host
        self.node = Node(relay_pk or self.relay_keys.public, RELAY_ADDRESS, tcp=True)
        self.relay = None
        self.traffic = Traffic()

    def start(self):
        self.client = TcpClient(
            self.node,
            self.keys,
            SharedKeys(self.keys, rt=self.rt),
            self.owner,
            rt=self.rt,
            connect=self.connector,
            proxy=self.proxy,
            host=self.host,
            traffic=self.traffic,
        )
        return self

    def accept(self, **options):
        """The far end of the stream, with nobody behind it."""
        return self.connector.accept(**options)

    def serve(self, far=None, pongs=True, **options):
        """A relay at the far end."""
        self.relay = FakeRelay(self.relay_keys, far or self.accept(**options), self.rt.rng, pongs=pongs)
        pump_all(self.relay.stream)
        return self.relay

    def wait(self, ms):
        """Time passes, in steps; both ends read what there is."""
        end_ms = self.rt.clock.now_ms + ms
        while True:
            next_ms = self.rt.timers.next_deadline_ms()
            self.rt.clock.now_ms = end_ms if next_ms is None else min(next_ms, end_ms)
            self.rt.timers.run_due()
            if self.relay is not None:
                pump_all(self.relay.stream)
            if self.rt.clock.now_ms == end_ms and (self.rt.timers.next_deadline_ms() or end_ms + 1) > end_ms:
                return

    def stream(self):
        return self.connector.streams[-1]

    def closed_reason(self):
        """The only thing that happened, and everything is let go."""
        ((name, reason),) = self.owner.take()
        assert name == "closed"
        assert self.client.state == tcp.CLOSED and self.stream().closed
        assert self.rt.timers.next_deadline_ms() is None
        return reason


def confirmed():
    """A stage whose relay has confirmed the client."""
    made = Stage().start()
    made.serve()
    assert made.owner.take() == [("connected",)]
    return made


def routed(stage, online=True):
    """FRIEND has connection id 0."""
    assert stage.client.send_routing_request(FRIEND)
    stage.relay.say(b"\x01" + FIRST_ID + FRIEND)
    assert stage.owner.take() == [("routing_response", 0, FRIEND)]
    if online:
        stage.relay.say(b"\x02" + FIRST_ID)
        assert stage.owner.take() == [("peer_status", 0, True)]
    return stage
