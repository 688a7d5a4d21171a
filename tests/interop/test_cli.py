"""`python -m toxpy` as people and scripts use it: ours with ours, ours with Debian's library."""

import json
import signal
import time

import pytest

from tests.support.bootstrapd import Bootstrapd
from tests.support.cli import Command, objects, run
from tests.support.private_network import own_network
from tests.support.real_tox import RealTox
from toxpy.generated import events

NETWORK = ["--no-lan", "--no-ipv6"]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """The network: one bootstrap node of ours.

    On a loopback of its own: programs that look for friends in the LAN would find those of other tests, and
    join networks in which most nodes are gone.
    """
    with own_network():
        running = Bootstrapd(tmp_path_factory.mktemp("network") / "node")
        yield running
        running.close()


@pytest.fixture
def where(node):
    """Options that lead to the network."""
    host, port, key = node.address
    return [*NETWORK, "--node", f"{host}:{port}:{key.hex()}"]


@pytest.fixture
def start():
    running = []

    def starter(*words, **variables):
        running.append(Command(*words, **variables))
        return running[-1]

    yield starter
    for command in running:
        command.close()


def new(tmp_path, name, *words, **variables):
    """A profile; its path and Tox ID."""
    path = tmp_path / f"{name.lower()}.tox"
    ran = run("new", "-p", path, "--name", name, *words, **variables)
    assert ran.returncode == 0, ran.stderr
    return path, ran.stdout.strip()


class Debian:
    """The real library, of a newer release if one is named, on the network; iterated while we wait."""

    def __init__(self, node, release=""):
        self.tox = RealTox(release=release)
        self.tox.bootstrap(*node.address)
        self.seen = []

    def until(self, kind, timeout_s=90, **fields):
        """Its next such event."""
        end = time.monotonic() + timeout_s
        while True:
            for event in self.seen:
                if isinstance(event, kind) and all(getattr(event, k) == v for k, v in fields.items()):
                    self.seen.remove(event)
                    return event
            assert time.monotonic() < end, (kind, self.seen)
            self.tox.iterate()
            self.seen += self.tox.drain_events()
            time.sleep(0.01)

    def run_for(self, seconds):
        """Iterate for a while."""
        end = time.monotonic() + seconds
        self.run_until(lambda: time.monotonic() > end)

    def run_until(self, condition, timeout_s=90):
        """Iterate until something else happened."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end
            self.tox.iterate()
            self.seen += self.tox.drain_events()
            time.sleep(0.01)


@pytest.fixture
def debian(node):
    made = Debian(node)
    yield made
    made.tox.kill()


# ours with ours


def test_echo_and_chat(tmp_path, start, where):
    bot_path, bot_id = new(tmp_path, "Bot")
    guest_path, _ = new(tmp_path, "Guest")
    bot = start("echo", "-p", bot_path, *where)
    assert bot.wait_for("ready")["tox_id"] == bot_id
    chat = start("chat", bot_id, "-p", guest_path, "--linger", "30", "--request", "Let me in", *where)
    assert bot.wait_for("friend_request")["message"] == "Let me in"
    chat.wait_for("friend_connection", status="udp")
    chat.say("hello", "/me waves", "//quit is a word", "/help")
    chat.wait_for("help")
    chat.wait_for("message", name="Bot", type="normal", text="hello")
    chat.wait_for("message", name="Bot", type="action", text="waves")
    chat.wait_for("message", name="Bot", type="normal", text="/quit is a word")
    chat.say("/quit")
    assert chat.stop(signal.SIGINT)[0] in (130, 0)
    status, seconds = bot.stop(signal.SIGTERM)
    assert status == 0 and seconds < 10
    # both kept each other, and find each other again by name
    assert len(objects(run("id", "-p", bot_path, "--json"))[0]["friends"]) == 1
    start("echo", "-p", bot_path, *where)
    again = start("chat", "bot", "-p", guest_path, "--linger", "60", *where)
    again.say("again")
    again.wait_for("message", text="again")


def test_send_and_receive_with_encrypted_profiles(tmp_path, start, where):
    alice, alice_id = new(tmp_path, "Alice", TOXPY_PASSPHRASE="secret of Alice")
    bob, bob_id = new(tmp_path, "Bob", TOXPY_PASSPHRASE="secret of Bob")
    secret = tmp_path / "secret"
    secret.write_text("secret of Alice\n")
    receive = start(
        "receive", "--accept", "--count", "4", "-p", bob, *where, TOXPY_PASSPHRASE="secret of Bob"
    )
    receive.wait_for("ready", tox_id=bob_id)
    long = "word " * 400
    words = ["one", long, "--plain", "--passphrase-file", secret]
    ran = run("send", bob_id, *words, "-p", alice, "--json", *where)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    said = objects(ran)
    sent = [entry["text"] for entry in said if entry["event"] == "sent"]
    assert sent[0] == "one" and sent[1] + sent[2] == long and said[0]["event"] == "ready"
    # by name now, from stdin, and as actions
    ran = run("send", "bob", "--action", "--passphrase-file", secret, "-p", alice, *where, stdin="waves\n\n")
    assert ran.returncode == 0 and ran.stdout == "", ran.stderr
    status, said = receive.finish()
    assert status == 0
    messages = [entry for entry in said if entry["event"] == "message"]
    assert [entry["type"] for entry in messages] == ["normal"] * 3 + ["action"]
    assert messages[0]["text"] == "one" and messages[1]["text"] + messages[2]["text"] == long
    assert messages[3]["text"] == "waves" and messages[3]["friend"] == alice_id[:64]
    for path in (alice, bob):
        assert path.read_bytes().startswith(b"toxEsave")


def test_long_messages_answers_edits_and_deletions(tmp_path, start, where):
    (alice, _), (bob, bob_id) = new(tmp_path, "Alice"), new(tmp_path, "Bob")
    there = start("chat", bob_id, "-p", alice, *where)
    here = start("receive", "--accept", "--count", "1", "-p", bob, *where)
    there.wait_for("friend_connection", status="udp")
    there.say("/reply to nothing", "/edit nothing", "/delete", "x" * 5000)
    for words in ("nothing came", "no message of yours", "no message of yours"):
        assert words in there.wait_for("warning")["message"]
    first = here.wait_for("message", text="x" * 5000, reply_to=None)
    assert there.wait_for("sent")["id"] == first["id"]
    assert here.finish()[0] == 0
    there.wait_for("friend_connection", status="none")
    here = start("chat", "alice", "-p", bob, *where)
    here.say("hello", "/me waves")
    heard = [there.wait_for("message", name="Bob", type=kind) for kind in ("normal", "action")]
    there.say("/reply and hello", "/edit and good day")
    answer = here.wait_for("message", text="and hello")
    assert answer["reply_to"] == heard[-1]["id"] != heard[0]["id"]
    assert here.wait_for("message_edited", text="and good day")["id"] == answer["id"]
    there.say("/delete")
    assert here.wait_for("message_deleted")["id"] == answer["id"]
    there.end_input()
    status, said = there.finish()
    assert status == 1 and "3 messages" in said[-1]["message"]
    # all of stdin, to one who has it off
    here.stop(signal.SIGTERM)
    here = start("receive", "--plain", "--count", "4", "-p", bob, *where)
    text = "a line\n" * 600
    assert run("send", bob_id, "--whole", "-p", alice, *where, stdin=text).returncode == 0
    pieces = [entry["text"] for entry in here.finish()[1] if entry["event"] == "message"]
    assert "".join(pieces) == text[:-1] and len(pieces) == 4


def test_nobody_is_there(tmp_path, where):
    path, _ = new(tmp_path, "Alice")
    _, other = new(tmp_path, "Bob")
    ran = run("send", other, "hi", "--timeout", "2", "-p", path, *where)
    assert ran.returncode == 3 and "is not online after 2 s" in ran.stderr
    ran = run("receive", "--count", "1", "--timeout", "1", "-p", path, *where)
    assert ran.returncode == 3 and "0 of 1 messages or files" in ran.stderr
    assert run("receive", "--timeout", "0.5", "-p", path, *where).returncode == 0


def test_relays_introduce_nobody(tmp_path):
    """Not even to each other those who all use the same."""
    path, _ = new(tmp_path, "Alice")
    _, other = new(tmp_path, "Bob")
    relay = ["--no-udp", "--relay", f"127.0.0.1:9:{'AB' * 32}"]
    ran = run("send", other, "hi", "--timeout", "1", "-p", path, *NETWORK, *relay)
    assert ran.returncode == 3 and "no node to start from, only relays, which introduce nobody" in ran.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_cleanly(tmp_path, start, where, number):
    path, _ = new(tmp_path, "Alice")
    _, other = new(tmp_path, "Bob")
    for words, expected in ((["receive"], 0), (["send", other, "hi"], 128 + number)):
        command = start(*words, "-p", path, *where)
        command.wait_for("connection")
        status, seconds = command.stop(number)
        assert status == expected and seconds < 10
        assert command.process.stderr.read() == ""
    # what changed meanwhile is in the profile, and the lock is gone
    assert objects(run("id", "-p", path, "--json"))[0]["friends"] == [other[:64]]
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.name.startswith("alice")) == [
        "alice.tox",
        "alice.tox.bak",
    ]


def test_a_profile_in_use(tmp_path, start, where):
    path, tox_id = new(tmp_path, "Alice")
    running = start("echo", "-p", path, *where)
    running.wait_for("ready")
    ran = run("receive", "-p", path, *where)
    assert ran.returncode == 1 and f"in use by process {running.process.pid}" in ran.stderr
    assert run("id", "-p", path).stdout.strip() == tox_id


def test_through_a_relay_only(tmp_path, start, node):
    host, port, key = node.address
    relay = [*NETWORK, "--no-udp", "--node", f"{host}:{port}:{key.hex()}"]
    relay += ["--relay", f"{host}:{node.relay_port}:{key.hex()}"]
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    receive = start("receive", "--accept", "--count", "1", "-p", bob, *relay)
    receive.wait_for("ready")
    ran = run("send", bob_id, "over TCP", "-p", alice, "--json", *relay)
    assert ran.returncode == 0, ran.stderr
    online = [entry["status"] for entry in objects(ran) if entry["event"] == "friend_connection"]
    assert online[0] == "tcp"
    assert receive.finish()[0] == 0


# ours with Debian's library


def test_send_to_debian(tmp_path, start, where, debian):
    path, tox_id = new(tmp_path, "Alice")
    address = debian.tox.self_get_address().hex()
    send = start("send", f"tox:{address}", "hello Debian", "-p", path, "--request", "It is me", *where)
    request = debian.until(events.FriendRequest)
    assert request.message == b"It is me" and request.public_key.hex().upper() == tox_id[:64]
    debian.tox.friend_add_norequest(request.public_key)
    assert debian.until(events.FriendMessage).message == b"hello Debian"
    debian.run_until(lambda: send.process.poll() is not None)
    status, said = send.finish()
    assert status == 0 and any(entry["event"] == "sent" for entry in said)


def test_echo_to_debian(tmp_path, start, where, debian):
    path, tox_id = new(tmp_path, "Bot")
    bot = start("echo", "-p", path, *where)
    bot.wait_for("ready")
    debian.tox.self_set_name(b"Debian")
    number = debian.tox.friend_add(bytes.fromhex(tox_id), b"Let me in")
    debian.until(events.FriendConnectionStatus, connection_status=2)
    for kind, text in ((0, "Grüße".encode()), (1, b"waves"), (0, b"not UTF-8: \xff")):
        debian.tox.friend_send_message(number, kind, text)
        assert debian.until(events.FriendMessage, message=text).type == kind
    bot.wait_for("message", name="Debian", text="Grüße")
    assert bot.stop(signal.SIGTERM)[0] == 0


def test_receive_from_debian(tmp_path, start, where, debian):
    path, tox_id = new(tmp_path, "Alice")
    receive = start("receive", "--accept", "--count", "1", "-p", path, *where)
    receive.wait_for("ready")
    number = debian.tox.friend_add(bytes.fromhex(tox_id), b"Let me in")
    debian.until(events.FriendConnectionStatus, connection_status=2)
    debian.tox.friend_send_message(number, 0, b"hi\x1b[2J\nthere")
    debian.until(events.FriendReadReceipt)
    status, said = receive.finish()
    assert status == 0
    assert next(entry for entry in said if entry["event"] == "message")["text"] == "hi\x1b[2J\nthere"
    # a profile that our command made is one for the real library, friends included
    again = RealTox(savedata=path.read_bytes())
    assert again.self_get_address().hex().upper() == tox_id and again.self_get_name() == b"Alice"
    assert again.friend_get_public_key(0) == debian.tox.self_get_public_key()
    again.kill()


def test_json_is_one_object_per_line(tmp_path):
    ran = run("new", "-p", tmp_path / "x.tox", "--name", "Ä", "--json")
    (line,) = ran.stdout.splitlines()
    assert json.loads(line)["name"] == "Ä" and line.isascii()
