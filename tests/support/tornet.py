"""A private Tor network on loopback, made of Debian's tor: authorities that vote soon, relays, clients.

    with TorNet(folder) as net:                  # returns when all clients can build circuits
        net.clients[0].control                   # port of its control port on 127.0.0.1, whose cookie is in
        net.clients[0].cookie
        net.clients[1].socks                     # port of the SOCKS5 proxy that reaches onion services

No tor in it knows any other authority, and every address is on 127.0.0.1, so nothing leaves the machine. Each
is a child process that is ended by its pid.
"""

import re
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.support.programs import STOP_TIMEOUT_S, free_port

VOTING_S, DELAY_S, FIRST_VOTING_S = 10, 2, 5
START_TIMEOUT_S = 100
ANSWER_TIMEOUT_S = 10
#: Time in which a client that knows all relays builds its first circuit, s. It is not pushed sooner: the
#: circuits that it makes by itself are the better ones.
STUCK_S = 15
#: What a client is asked for.
STATES = ("enough-dir-info", "circuit-established", "bootstrap-phase")

COMMON = """
TestingTorNetwork 1
DataDirectory {folder}
Log notice file {folder}/log
Nickname {name}
Address 127.0.0.1
ControlPort 127.0.0.1:{control}
CookieAuthentication 1
ShutdownWaitLength 0
PathsNeededToBuildCircuits 0.67
GeoIPFile /dev/null
GeoIPv6File /dev/null
# a second hop is one of four relays: of six relays it happens that none of the four is left for a path
VanguardsLiteEnabled 0
{authorities}
"""
RELAY = """
SocksPort 0
ORPort 127.0.0.1:{or_port} IPv4Only
DirPort 127.0.0.1:{dir_port}
AssumeReachable 1
ExitRelay 0
ContactInfo none
"""
AUTHORITY = f"""
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
V3AuthVotingInterval {VOTING_S}
V3AuthVoteDelay {DELAY_S}
V3AuthDistDelay {DELAY_S}
TestingV3AuthInitialVotingInterval {FIRST_VOTING_S}
TestingV3AuthInitialVoteDelay {DELAY_S}
TestingV3AuthInitialDistDelay {DELAY_S}
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
TestingMinExitFlagThreshold 0
ConsensusParams cbtdisabled=1 cbtmintimeout=10000 cbtinitialtimeout=10000
"""
CLIENT = """
SocksPort 127.0.0.1:{socks}
"""


def program(name):
    """Where it is, also for users whose PATH lacks what is for root."""
    return shutil.which(name) or f"/usr/sbin/{name}"


class Tor:
    """One tor. `kind`: what its configuration has beside COMMON."""

    def __init__(self, net, name, kind):
        self.net, self.name, self.kind = net, name, kind
        self.folder = net.folder / name
        self.folder.mkdir(mode=0o700, parents=True)
        self.control, self.or_port, self.dir_port, self.socks = (free_port() for _ in range(4))
        self.cookie = self.folder / "control_auth_cookie"
        self.authority_line = ""
        self.process = None
        #: when it had a consensus with all relays first, monotonic seconds
        self.known_since = 0.0

    def make_keys(self):
        """Of an authority: seconds of work."""
        keys = self.folder / "keys"
        keys.mkdir(mode=0o700)
        words = [program("tor-gencert"), "--create-identity-key", "--passphrase-fd", "0", "-m", "12"]
        words += ["-a", f"127.0.0.1:{self.dir_port}", "-i", keys / "authority_identity_key"]
        words += ["-s", keys / "authority_signing_key", "-c", keys / "authority_certificate"]
        subprocess.run(words, input=b"test\n", check=True, capture_output=True)
        certificate = (keys / "authority_certificate").read_text()
        identity = re.search(r"^fingerprint ([0-9A-F]{40})$", certificate, re.MULTILINE)[1]
        words = [
            program("tor"),
            "--ignore-missing-torrc",
            "-f",
            "/nonexistent",
            "--quiet",
            "--list-fingerprint",
        ]
        words += ["--orport", "1", "--dirserver", "x 127.0.0.1:1 " + "F" * 40]
        words += ["--datadirectory", self.folder, "--nickname", self.name]
        listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        fingerprint = "".join(listed.split()[1:])
        self.authority_line = (
            f"DirAuthority {self.name} orport={self.or_port} no-v2 v3ident={identity} "
            f"127.0.0.1:{self.dir_port} {fingerprint}"
        )

    def start(self):
        """Run it."""
        authorities = "\n".join(tor.authority_line for tor in self.net.authorities)
        config = self.folder / "torrc"
        config.write_text((COMMON + self.kind).format(**vars(self), authorities=authorities))
        words = [
            program("tor"),
            "-f",
            config,
            "--defaults-torrc",
            "/nonexistent",
            "--ignore-missing-torrc",
            "--quiet",
        ]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL)

    def kill(self):
        """End it as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_TIMEOUT_S)
            self.process = None

    def ask(self, question):
        """The answer of its control port; OSError while it has none."""
        with (
            socket.create_connection(("127.0.0.1", self.control), ANSWER_TIMEOUT_S) as sock,
            sock.makefile("rb") as file,
        ):
            cookie = self.cookie.read_bytes()
            sock.sendall(
                b"AUTHENTICATE " + cookie.hex().encode() + b"\r\n" + question.encode() + b"\r\nQUIT\r\n"
            )
            return file.read().decode()

    def is_ready(self):
        """True when it has built a circuit with all relays known, as directories of onion services too.

        With a consensus of only some, services and clients look for each other in different places for
        minutes. When a consensus names new relays, a tor counts as without circuits until their descriptions
        are there and the next circuit is built. Until then it begins no onion service, and a tor that nobody
        uses builds none for minutes, so it is told to.
        """
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            flags = re.findall(r"^s (.*)$", self.ask("GETINFO ns/all"), re.MULTILINE)
            known = sum("HSDir" in row and "Running" in row for row in flags)
            all_known = known == len(self.net.authorities + self.net.relays)
            if not all_known:
                self.known_since = 0.0
                return False
            self.known_since = self.known_since or time.monotonic()
            state = self.ask("GETINFO " + " ".join(f"status/{name}" for name in STATES))
            is_done = "PROGRESS=100" in state
            is_stuck = is_done or time.monotonic() - self.known_since > STUCK_S
            if is_stuck and "circuit-established=0" in state:
                # a path of its own choice would need an exit
                self.ask("EXTENDCIRCUIT 0 " + ",".join(tor.name for tor in self.net.relays))
            return is_done and "enough-dir-info=1" in state and "circuit-established=1" in state
        except OSError:
            return False


class TorNet:
    """Three authorities, which relay too, three relays, the clients. `usable_s`: seconds until all was up.

    `at_end` is closed before they end.
    """

    def __init__(self, folder, clients=2):
        self.folder = folder
        self.authorities = []
        self.authorities = [Tor(self, f"authority{n}", RELAY + AUTHORITY) for n in range(3)]
        self.relays = [Tor(self, f"relay{n}", RELAY) for n in range(3)]
        self.clients = [Tor(self, f"client{n}", CLIENT) for n in range(clients)]
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
        """Run all; AssertionError with their logs when there are no circuits in time."""
        begin = time.monotonic()
        with ThreadPoolExecutor() as pool:
            list(pool.map(Tor.make_keys, self.authorities))
        for tor in self.authorities + self.relays + self.clients:
            tor.start()
        self.until_ready(self.clients, begin)
        self.usable_s = time.monotonic() - begin

    def until_ready(self, clients, begin):
        """Wait for these."""
        while not all(tor.is_ready() for tor in clients):
            logs = [tor.folder / "log" for tor in clients]
            assert time.monotonic() - begin < START_TIMEOUT_S, [log.read_text() for log in logs]
            time.sleep(0.25)

    def close(self):
        """End all of them."""
        self.at_end.close()
        for tor in self.clients + self.relays + self.authorities:
            tor.kill()
