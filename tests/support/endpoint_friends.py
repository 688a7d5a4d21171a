"""Two friends, one of whom has an endpoint in a real network, and nobody else: no DHT, no relay, no LAN."""

import io
import os
import signal
import statistics
import time

from tests.support.cli import Command, run
from tests.support.service_ends import LOOPBACK
from toxpy import FileRecv, FriendMessage, FriendReadReceipt, Tox
from toxpy.core import Core

TOX_SAVE = 1
SOCKS5 = 2


class RealEndpoint:
    """`Options.endpoint`: what `make_service(key, rt=, connect=)` gives, None for friends' only."""

    listen, tell_to = 0, "friends"

    def __init__(self, kind, socks, make_service=None):
        self.kind, self.socks, self.make_service = kind, (LOOPBACK, socks), make_service

    def make(self, *, rt, streams, key):
        if self.make_service is None:
            return None
        return self.make_service(key, rt=rt, connect=streams.connect)


class Person:
    """A Tox that reaches others by that SOCKS5 proxy, and nothing else; `restart` keeps what a save keeps."""

    def __init__(self, endpoint, save=b""):
        self.endpoint = endpoint
        saved = {"savedata_type": TOX_SAVE, "savedata_data": save} if save else {}
        self.tox = Tox(
            udp_enabled=False,
            local_discovery_enabled=False,
            experimental_disable_dns=True,
            proxy_type=SOCKS5,
            proxy_host="127.0.0.1",
            proxy_port=endpoint.socks[1],
            endpoint=endpoint,
            **saved,
        )
        self.events = []

    @property
    def core(self) -> Core:
        return self.tox.core

    def restarted(self):
        """The same user in a new instance, whose DHT key is another."""
        save = bytes(self.tox.get_savedata())
        self.tox.close()
        return Person(self.endpoint, save)

    def is_online(self):
        """True if the friend is."""
        return bool(self.tox.friend_get_connection_status(0))

    def take(self, kind):
        """The first event of a kind that nobody has taken yet, or None."""
        for event in self.events:
            if isinstance(event, kind):
                self.events.remove(event)
                return event
        return None


class EndpointFriends:
    """Alice uses endpoints of friends, bob has one. `seconds`: how long things took."""

    def __init__(self, alice, bob):
        self.alice, self.bob = Person(alice), Person(bob)
        self.seconds = {}
        self.alice.tox.friend_add_norequest(self.bob.tox.self_get_public_key())
        self.bob.tox.friend_add_norequest(self.alice.tox.self_get_public_key())

    def until(self, what, condition, timeout_s=120):
        """Iterate until it holds, and note how long that took."""
        begin = time.monotonic()
        while not condition():
            state = self.bob.core.networks.endpoint_state()
            assert time.monotonic() - begin < timeout_s, (what, state, self.alice.tox.friend_why_offline(0))
            for person in (self.alice, self.bob):
                person.events += person.tox.iterate()
            time.sleep(0.002)
        self.seconds[what] = time.monotonic() - begin

    def both_online(self):
        return self.alice.is_online() and self.bob.is_online()

    def meet(self, timeout_s):
        """Bob's endpoint comes up, alice hears of it from somewhere, both come online."""
        networks = self.bob.core.networks
        self.until("endpoint", lambda: networks.endpoint_node() is not None, timeout_s)
        self.alice.core.networks.friend_set_endpoints(0, [networks.endpoint_node()])
        self.until("friends", self.both_online)

    def talk(self, count=20):
        """Messages, each after the receipt for the last one."""
        took_s = []
        for number in range(count):
            begin = time.monotonic()
            self.alice.tox.friend_send_message(0, f"message {number}")
            self.until("receipt", lambda: self.alice.take(FriendReadReceipt))
            took_s.append(time.monotonic() - begin)
            assert self.bob.take(FriendMessage).message == f"message {number}"
        self.seconds["receipt"] = statistics.median(took_s)

    def send_file(self, size):
        """A file from alice to bob."""
        content, got = os.urandom(size), io.BytesIO()
        self.alice.tox.send_file(0, io.BytesIO(content), name="file")
        self.until("offer", lambda: any(isinstance(event, FileRecv) for event in self.bob.events))
        incoming = self.bob.tox.accept_file(self.bob.take(FileRecv), got)
        self.until("file", lambda: incoming.done)
        assert got.getvalue() == content

    def restart_alice(self):
        """She finds bob again by what her profile keeps."""
        self.alice = self.alice.restarted()
        self.until("alice again", self.both_online)

    def restart_bob(self, timeout_s):
        """His endpoint has the same address again."""
        self.bob = self.bob.restarted()
        self.until("bob's endpoint", lambda: self.bob.core.networks.endpoint_node() is not None, timeout_s)
        self.until("bob again", self.both_online)

    def close(self):
        for person in (self.alice, self.bob):
            person.tox.close()


class People:
    """Two people at the command line, who keep to one network: `ids` are their Tox IDs."""

    def __init__(self, folder, network, socks):
        """`socks`: the port of each one's proxy on this machine."""
        self.network, self.socks = network, socks
        self.profiles = [folder / f"person{number}.tox" for number in range(2)]
        made = [run("new", "-p", profile) for profile in self.profiles]
        self.ids = [ran.stdout.strip() for ran in made]
        assert all(self.ids), made

    def chat(self, number, tox_id, *words):
        """`toxpy chat` of one of them with somebody."""
        proxy = f"socks5://127.0.0.1:{self.socks[number]}"
        words = [
            "-p",
            self.profiles[number],
            "--only",
            self.network,
            "--proxy",
            proxy,
            "--linger",
            "30",
            *words,
        ]
        return Command("chat", tox_id, *words)

    def meet(self, *words, timeout_s=90):
        """The first one has an endpoint by those options, the second one comes to it and writes."""
        bob = self.chat(0, self.ids[1], *words)
        place = bob.wait_for("endpoint", timeout_s)["address"]
        alice = self.chat(1, self.ids[0], "--at", place)
        for person in (alice, bob):
            person.wait_for("friend_connection", status="tcp")
        alice.say("nobody is in between")
        bob.wait_for("message", text="nobody is in between")
        for person in (alice, bob):
            assert person.stop(signal.SIGINT)[0] in (0, 130)
            person.close()
