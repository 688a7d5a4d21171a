"""Two of Debian's toxic, unmodified, do with each other what friends do: on our library, and one on Debian's.

What a user types goes in, what a user sees comes out. All they know of the network is our bootstrap node.
"""

import hashlib
import os
import re

import pytest

from tests.support.bootstrapd import until
from tests.support.private_network import HOST
from tests.support.programs import Microsocks
from tests.support.toxic import (
    OFFLINE_TIMEOUT_S,
    ONLINE_TIMEOUT_S,
    TIMEOUT_S,
    Toxic,
    befriend,
    debians_library,
    our_library,
)

PAIRS = {
    "ours-ours": (our_library, our_library),
    "ours-real": (our_library, debians_library),
    "real-ours": (debians_library, our_library),
}
#: toxic marks an own line with this when there is no receipt after five seconds.
UNREAD = " x\n"


@pytest.fixture(params=PAIRS)
def libraries(request):
    return PAIRS[request.param]


class Users:
    """The two, restarted now and then."""

    def __init__(self, tmp_path, node):
        self.tmp_path, self.node = tmp_path, node
        self.running = {}

    def start(self, name, library, *arguments, **more):
        """The first time with a new profile, then with what it has saved."""
        toxic = self.running[name] = Toxic(self.tmp_path / name, self.node, library, *arguments, **more)
        return toxic

    def close(self):
        for toxic in self.running.values():
            toxic.close()


@pytest.fixture
def users(tmp_path, toxic_network):
    made = Users(tmp_path, toxic_network.node)
    yield made
    made.close()


def say(speaker, listener, line):
    """A line of chat arrives."""
    speaker.enter(line)
    listener.shows(line.removeprefix("/me "), TIMEOUT_S)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def send_file(sender, receiver, name, size):
    """A file arrives as it was sent."""
    path = sender.directory / name
    path.write_bytes(os.urandom(size))
    sender.enter(f"/sendfile {path}")
    receiver.shows(f"File transfer request for '{name}'", TIMEOUT_S)
    receiver.enter("/savefile 0")
    receiver.shows(f"File '{name}' successfully received.", ONLINE_TIMEOUT_S)
    sender.shows(f"File '{name}' successfully sent.", TIMEOUT_S)
    assert digest(receiver.downloads / name) == digest(path)


def change_ourselves(alice, bob):
    """Nick, note, status and typing are seen by the friend."""
    bob.enter("/nick Bobby")
    bob.enter("/note gone fishing")
    bob.says("/status busy", "Your status has been changed to busy.")
    alice.shows("] Bobby | gone fishing", TIMEOUT_S)
    until(lambda: alice.friend() == ("Bobby", "busy", False), TIMEOUT_S, alice.friend)
    bob.says("/status away", "Your status has been changed to away.")
    until(lambda: alice.friend() == ("Bobby", "away", False), TIMEOUT_S, alice.friend)
    bob.says("/status online", "Your status has been changed to online.")
    bob.type("-l", "I am still ty")
    until(lambda: alice.friend() == ("Bobby", "online", True), TIMEOUT_S, alice.friend)
    bob.enter("ping")
    alice.shows("Bobby: I am still typing", TIMEOUT_S)
    until(lambda: alice.friend() == ("Bobby", "online", False), TIMEOUT_S, alice.friend)


def cancel_files(alice, bob):
    """By the sender before it was accepted, by the receiver in the middle."""
    path = alice.directory / "unwanted.bin"
    path.touch()
    os.truncate(path, 2 << 30)
    alice.enter(f"/sendfile {path}")
    bob.shows("File transfer request for 'unwanted.bin' (2.0 GiB)", TIMEOUT_S)
    alice.says("/cancel out 0", "File transfer for 'unwanted.bin' aborted.")
    bob.shows("File transfer for 'unwanted.bin' was aborted.", TIMEOUT_S)

    path = path.rename(alice.directory / "endless.bin")
    alice.enter(f"/sendfile {path}")
    bob.shows("File transfer request for 'endless.bin'", TIMEOUT_S)
    bob.enter("/savefile 0")
    saved = bob.downloads / "endless.bin"
    until(lambda: saved.exists() and saved.stat().st_size > 0, TIMEOUT_S, bob.text)
    bob.says("/cancel in 0", "File transfer for 'endless.bin' aborted.")
    alice.shows("File transfer for 'endless.bin' was aborted.", TIMEOUT_S)
    saved.unlink()


def test_what_friends_do(users, libraries):
    """Bob's profile is encrypted, Alice's is not."""
    passphrase = "correct horse"
    alice = users.start("alice", libraries[0])
    bob = users.start("bob", libraries[1], passphrases=[passphrase])
    alice.enter("/nick Alice")
    bob.enter("/nick Bob")
    alice.enter("/note hard at work")
    befriend(alice, bob)
    bob.shows("] Alice | hard at work", TIMEOUT_S)

    say(alice, bob, "a first line")
    say(bob, alice, "its answer")
    say(alice, bob, "/me waves with both hands")
    say(bob, alice, "grüß dich, 友")
    change_ourselves(alice, bob)
    send_file(alice, bob, "photo.bin", 1_000_001)
    send_file(bob, alice, "answer.bin", 300_000)
    cancel_files(alice, bob)
    assert UNREAD not in alice.text() + bob.text()

    # Bob goes and comes back; what was said in the meantime waits
    bob.quit()
    assert bob.profile.read_bytes().startswith(b"toxEsave")
    alice.shows("Bobby has gone offline", OFFLINE_TIMEOUT_S)
    alice.says("for later", "for later x")
    bob = users.start("bob", libraries[1], passphrases=["wrong staple", passphrase])
    assert re.search(r"\[\w+\] Bobby \| gone fishing", bob.top())
    bob.shows("Alice has come online", ONLINE_TIMEOUT_S)
    bob.chat()
    bob.shows("Alice: for later", ONLINE_TIMEOUT_S)
    until(lambda: UNREAD not in alice.text(), TIMEOUT_S, alice.text)
    say(bob, alice, "here again")
    # an answer carries the receipt, which may come too late when its sender leaves at once
    say(alice, bob, "so I see")

    alice.quit()
    bob.shows("Alice has gone offline", OFFLINE_TIMEOUT_S)
    alice = users.start("alice", libraries[0])
    assert re.search(r"\[\w+\] Alice \| hard at work", alice.top())
    alice.shows("Bobby has come online", ONLINE_TIMEOUT_S)
    alice.chat()
    say(alice, bob, "so am I")
    # what Bob says comes after the receipt for what Bob has read
    say(bob, alice, "well then")
    assert UNREAD not in alice.text() + bob.text()

    alice.quit()
    bob.quit()
    spoken = {
        alice: ["a first line", "* Alice waves with both hands", "for later", "so am I"],
        bob: ["its answer", "grüß dich, 友", "I am still typing", "here again"],
    }
    for toxic, lines in spoken.items():
        # an own line is logged when its receipt has come
        log = toxic.log()
        assert [line for line in lines if line not in log] == [], log


def test_tcp_only_and_through_a_proxy(users, libraries, tmp_path):
    """Alice has no UDP, Bob no way out but a SOCKS5 proxy."""
    proxy = Microsocks(tmp_path, HOST)
    try:
        alice = users.start("alice", libraries[0], "-t")
        bob = users.start("bob", libraries[1], "-t", "-p", proxy.host, str(proxy.port))
        befriend(alice, bob)
        say(alice, bob, "no datagrams")
        say(bob, alice, "none here either")
        send_file(alice, bob, "photo.bin", 300_001)
        send_file(bob, alice, "answer.bin", 200_000)
        assert alice.sockets("udp") == bob.sockets("udp") == set()
        assert {remote for _, remote in bob.sockets("tcp")} == {proxy.port}
        assert users.node.relay_port in {remote for _, remote in alice.sockets("tcp")}
        alice.quit()
        bob.shows("has gone offline", OFFLINE_TIMEOUT_S)
        bob.quit()
    finally:
        proxy.close()
