"""A private I2P network in a network namespace, made of Debian's i2pd: nobody is asked for routers.

    with I2pNet(folder) as net:                   # returns when every SAM bridge answers
        net.routers[0].sam                        # port of its SAM bridge on 127.0.0.1
        net.routers[1].socks                      # port of the SOCKS5 proxy that reaches destinations

i2pd takes no connection from an address of a reserved range, loopback included, whatever `reservedrange`
says, but does not know of 198.18.0.0/15 (benchmarks, RFC 2544). So each router has an address in there, on a
loopback that must be the only interface of its namespace: nothing can leave it. The network id keeps the
routers apart from the real network, and their infos are exchanged as files. Each is a child process that is
ended by its pid.
"""

import base64
import hashlib
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from tests.support.programs import STOP_TIMEOUT_S, free_port
from tests.support.tornet import program

START_TIMEOUT_S = 60
#: Routers in each tunnel: enough to be none of the two ends.
HOPS = 1

CONFIG = """
log = file
logfile = {folder}/log
loglevel = warn
ipv4 = true
ipv6 = false
nat = false
host = {ip}
address4 = {ip}
port = 12000
netid = 99
reservedrange = false
floodfill = {floodfill}
bandwidth = X
notransit = false
[ntcp2]
enabled = true
published = true
[ssu2]
enabled = false
published = false
[reseed]
verify = false
threshold = 0
urls =
[http]
enabled = false
[httpproxy]
enabled = false
[socksproxy]
enabled = true
address = 127.0.0.1
port = {socks}
inbound.length = {hops}
outbound.length = {hops}
inbound.quantity = 2
outbound.quantity = 2
[sam]
enabled = true
address = 127.0.0.1
port = {sam}
# without an address book its bridge crashes
[addressbook]
enabled = true
defaulturl = http://none.i2p/
subscriptions =
[exploratory]
inbound.length = {hops}
outbound.length = {hops}
inbound.quantity = 2
outbound.quantity = 2
[nettime]
enabled = false
[persist]
profiles = false
"""


class Router:
    """One i2pd; `floodfill`: it keeps the addresses of others, and nobody uses it."""

    def __init__(self, net, number, floodfill):
        self.folder = net.folder / f"router{number}"
        self.folder.mkdir(mode=0o700, parents=True)
        self.ip = f"198.18.{number + 1}.1"
        self.sam, self.socks = free_port(), free_port()
        self.process = None
        values = {**vars(self), "hops": HOPS, "floodfill": str(floodfill).lower()}
        (self.folder / "i2pd.conf").write_text(CONFIG.format(**values))
        (self.folder / "tunnels.conf").touch()

    def start(self):
        """Run it."""
        folder = self.folder
        words = [program("i2pd"), f"--datadir={folder}", f"--conf={folder}/i2pd.conf"]
        words += [f"--tunconf={folder}/tunnels.conf", f"--tunnelsdir={folder}/none"]
        words += ["--certsdir=/usr/share/i2pd/certificates"]
        self.process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def close(self):
        """End it; asked politely it takes ten seconds for it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_TIMEOUT_S)
            self.process = None

    def info(self):
        """What others have to know of it; b"" before it has written that."""
        path = self.folder / "router.info"
        return path.read_bytes() if path.exists() else b""

    def has_info(self):
        """True when its info is whole: the identity, and some addresses."""
        return len(self.info()) > 391

    def learn(self, info):
        """Put another router's info where this one looks at its start."""
        identity = info[: 387 + int.from_bytes(info[385:387], "big")]
        name = base64.b64encode(hashlib.sha256(identity).digest(), b"-~").decode()
        folder = self.folder / "netDb" / f"r{name[0]}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"routerInfo-{name}.dat").write_bytes(info)

    def answers(self):
        """True when its SAM bridge does."""
        try:
            with socket.create_connection(("127.0.0.1", self.sam), 2) as sock:
                sock.sendall(b"HELLO VERSION MIN=3.0 MAX=3.1\n")
                return sock.recv(100).startswith(b"HELLO REPLY RESULT=OK")
        except OSError:
            return False


class I2pNet:
    """Two routers for users and the floodfills. `usable_s`: seconds until all was up.

    `at_end` is closed before they end.
    """

    def __init__(self, folder, users=2, floodfills=5):
        self.folder = folder
        self.routers = [Router(self, n, n >= users) for n in range(users + floodfills)]
        self.usable_s = 0.0
        self.at_end = ExitStack()

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_error):
        self.close()

    def start(self):
        """Run all; AssertionError when a bridge does not answer in time."""
        rows = Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]
        interfaces = [row.partition(":")[0].strip() for row in rows]
        assert interfaces == ["lo"], "in a network namespace with nothing but loopback"
        begin = time.monotonic()
        for router in self.routers:
            words = ["ip", "addr", "replace", f"{router.ip}/32", "dev", "lo"]
            subprocess.run(words, check=True, capture_output=True)
            router.start()
        # the first start makes keys and infos, the second finds those of all others
        self._until(Router.has_info, begin)
        self.close()
        for router in self.routers:
            for other in self.routers:
                if other is not router:
                    router.learn(other.info())
            router.start()
        self._until(Router.answers, begin)
        self.usable_s = time.monotonic() - begin

    def _until(self, ready, begin):
        while not all(ready(router) for router in self.routers):
            assert time.monotonic() - begin < START_TIMEOUT_S, [router.folder for router in self.routers]
            time.sleep(0.2)

    def close(self):
        """End all of them."""
        self.at_end.close()
        for router in self.routers:
            router.close()
