"""Both ends of a real service: who offers a port by it, and somebody who comes through a SOCKS5 proxy."""

import select
import time

from toxpy.network.network_address import NetworkAddress
from toxpy.runtime import Runtime
from toxpy.system.streams import Streams
from toxpy.tcp.proxy import SOCKS5, Proxy

LOOPBACK = bytes((127, 0, 0, 1))
#: Time of one try in s, as our relay client has it: a proxy may hold on to a way that is gone.
TRY_S = 10


class ServiceEnds:
    """A listener that echoes, and the service that `make(rt=, connect=)` gives; `said` is all it said."""

    def __init__(self, make):
        self.rt = Runtime()
        self.streams = Streams(rt=self.rt)
        self.listener = self.streams.listen(0, "127.0.0.1")
        self.listener.on_accept = self._accepted
        self.said = []
        self.service = make(rt=self.rt, connect=self.streams.connect)
        self.service.start(self.listener.port, self.said.append, self.said.append)

    def _accepted(self, stream):
        stream.on_ready = lambda: self._echo(stream)

    def _echo(self, stream):
        data = stream.read()
        if data is None:
            stream.close()
        elif data:
            stream.write(data)

    def until(self, condition, timeout_s=30):
        """Iterate until it holds; seconds that took."""
        begin = time.monotonic()
        while not condition():
            assert time.monotonic() - begin < timeout_s, self.said
            select.select([self.streams.fileno()], [], [], 0.02)
            self.rt.clock.update()
            self.streams.poll()
            self.rt.timers.run_due()
            self.streams.flush()
        return time.monotonic() - begin

    def ready(self, count=1, timeout_s=30):
        """Wait for the so-manyth address; the address and the seconds that took."""
        took_s = self.until(lambda: len(self.addresses) >= count, timeout_s)
        return self.addresses[-1], took_s

    @property
    def addresses(self):
        """Those that the service told."""
        return [said for said in self.said if isinstance(said, NetworkAddress)]

    def come(self, socks, address, data, timeout_s=150, between=lambda: None):
        """Send data to the address through a proxy until it comes back; seconds that took.

        `between` two tries the proxy may be helped.
        """
        begin = time.monotonic()
        while not self._come_once(socks, address, data):
            assert time.monotonic() - begin < timeout_s, f"nobody reaches {address}"
            between()
        return time.monotonic() - begin

    def _come_once(self, socks, address, data):
        stream = self.streams.connect((LOOPBACK, socks))
        handshake = Proxy(SOCKS5, (LOOPBACK, socks)).handshake((LOOPBACK, address.port), address.host)
        stream.write(handshake.first)
        came, over = bytearray(), []

        def ready():
            said = stream.read()
            if said is None:
                over.append(True)
            elif handshake.done:
                came.extend(said)
            elif said:
                stream.write(handshake.feed(said) + (data if handshake.done else b""))

        stream.on_ready = ready
        end = time.monotonic() + TRY_S
        self.until(
            lambda: over or handshake.failure or len(came) >= len(data) or time.monotonic() > end, 2 * TRY_S
        )
        stream.close()
        return bytes(came) == data

    def close(self):
        """The end of both."""
        self.service.stop()
        self.streams.close()
