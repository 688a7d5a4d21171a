"""A SOCKS5 proxy in the simulated universe, which knows names as Tor and I2P do."""

from tests.support.sim_streams import SimStreams

PORT = 9050
_NAME = 3


class SimProxy:
    """Joins streams to whom their names say; `names` leads from a name to (host's IP, port)."""

    def __init__(self, world):
        self.world = world
        self.names = {}
        #: user and name of each stream that was asked for
        self.asked = []
        #: refuse everybody, as while the network behind the proxy is not there
        self.is_down = False
        socket = world.universe.socket()
        self.rt = world.universe.runtime("proxy")
        self.streams = SimStreams(world.fabric, socket, self.rt)
        self.host = ".".join(map(str, socket.address[0]))
        self.address = (socket.address[0], PORT)
        self.streams.listen(PORT).on_accept = self._accept
        world.universe.add(self, socket)

    def iterate(self):
        self.rt.timers.run_due()

    def options(self):
        """How an actor uses it, and nothing else."""
        return {
            "proxy_type": 2,
            "proxy_host": self.host,
            "proxy_port": PORT,
            "udp_enabled": False,
            "experimental_disable_dns": True,
        }

    def _accept(self, stream):
        _Client(self, stream)


class _Client:
    def __init__(self, proxy, stream):
        self.proxy, self.stream, self.user, self.buffer = proxy, stream, None, b""
        stream.on_ready = self.greeting

    def greeting(self):
        methods = (self.stream.read() or b"")[2:]
        if 2 in methods:
            self.stream.on_ready = self.login
            self.stream.write(b"\x05\x02")
        elif methods:
            self.stream.on_ready = self.request
            self.stream.write(b"\x05\x00")

    def login(self):
        data = self.stream.read() or b""
        if data:
            size = data[1]
            self.user = (data[2 : 2 + size], data[3 + size :])
            self.stream.on_ready = self.request
            self.stream.write(b"\x01\x00")

    def request(self):
        data = self.stream.read() or b""
        if not data:
            return
        proxy, port = self.proxy, int.from_bytes(data[-2:], "big")
        if data[3] == _NAME:
            name = data[5:-2].decode()
            target = proxy.names.get(name)
        else:
            name = target = (data[4:-2], port)
        proxy.asked.append((self.user, name))
        if target is None or proxy.is_down:
            self.stream.write(b"\x05\x04\x00\x01" + bytes(6))
            return
        self.other = proxy.streams.connect(target)
        self.other.on_ready = self.joined

    def joined(self):
        if not self.other.is_connected():
            self.stream.write(b"\x05\x05\x00\x01" + bytes(6))
            self.other.close()
            return
        self.stream.write(b"\x05\x00\x00\x01" + bytes(6))
        self.stream.on_ready = lambda: self.pass_on(self.stream, self.other)
        self.other.on_ready = lambda: self.pass_on(self.other, self.stream)

    def pass_on(self, source, target):
        data = source.read()
        if data is None:
            source.close()
            target.close()
        elif data:
            target.write(data)
