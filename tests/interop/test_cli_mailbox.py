"""`toxpy mailbox` and `bootstrapd --mailbox` as processes, and clients over real sockets."""

import os
import select
import signal
import subprocess
import time
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.bootstrapd import Bootstrapd, run_ours, until
from tests.support.cli import OURS, Command, environment, objects, run
from tests.support.mailboxes import ACCESS, Talk, links_of
from tests.support.programs import free_port
from toxpy.core import Core
from toxpy.ext.mailbox.store import token_hash
from toxpy.ext.offline import ops
from toxpy.ext.offline.records import NO_TOKEN, Mailbox
from toxpy.options import Options

BLOB = bytes(range(256)) * 4


class Client:
    """An instance that talks to mailboxes; it is the world of its talks too."""

    def __init__(self, **options):
        fields = {"ipv6_enabled": False, "local_discovery_enabled": False, **options}
        self.tox = Core(Options(**fields))
        self.world = self
        self.links = links_of(self.tox)

    def until(self, condition, what, timeout_s=30):
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, what
            self.tox.iterate()
            select.select([self.tox.fileno()], [], [], 0.01)

    def talk(self, mailbox):
        return Talk(self, mailbox).wait()

    def close(self):
        self.tox.kill()


@pytest.fixture
def client():
    made = Client()
    yield made
    made.close()


@pytest.fixture
def start(tmp_path):
    """Start `toxpy mailbox` in a folder; all are ended with the test."""
    running = []

    def starter(*words, data=tmp_path / "box", host="127.0.0.1"):
        where = ["--host", host] if host else []
        running.append(Command("mailbox", "--data", data, *where, "--no-lan", "--no-ipv6", *words))
        return running[-1]

    yield starter
    for command in running:
        command.close()


def told(command):
    """The mailbox that a command told of."""
    return Mailbox.parse(command.wait_for("mailbox")["mailbox"])


def leave(client, mailbox, access=ACCESS, blob=BLOB):
    """Put something; the code."""
    talk = client.talk(mailbox)
    assert talk.greet(mailbox.token)
    talk.ask(ops.PUT, *ops.put(access, blob))
    answer = talk.wait_for(2)
    talk.link.close()
    return answer.code


def fetch(client, mailbox, access=ACCESS):
    """What is in a queue."""
    talk = client.talk(mailbox)
    talk.greet(mailbox.token)
    talk.ask(ops.GET, ops.get(access))
    client.until(lambda: isinstance(talk.heard[-1], ops.End), "the end of a queue")
    talk.link.close()
    return [answer.data for answer in talk.heard[1:-1]]


def test_from_the_first_start_to_the_next(start, client, tmp_path):
    """Keys, store and invitation are made once; what was put outlives the process, and invitations do."""
    port = free_port()
    first = start("--port", str(port))
    mine = told(first)
    assert (mine.host, mine.port) == ("127.0.0.1", port) and mine.token != NO_TOKEN
    invited = run("mailbox", "invite", "--data", tmp_path / "box", "--json")
    friends = Mailbox.parse(objects(invited)[0]["mailbox"])
    assert invited.returncode == 0 and friends.token not in (NO_TOKEN, mine.token)
    stranger = Mailbox(mine.host, mine.port, mine.dht_pk, mine.real_pk)
    assert leave(client, stranger) == ops.REFUSED
    assert leave(client, friends) == ops.OK
    # a window that is closed leaves it to its friends
    first.process.send_signal(signal.SIGHUP)
    assert fetch(client, mine) == [BLOB]
    assert first.stop(signal.SIGTERM)[0] == 0
    second = start()
    again = second.wait_for("mailbox")
    assert Mailbox.parse(again["mailbox"]) == stranger and not again["invitation"] and not again["open"]
    assert fetch(client, friends) == [BLOB]
    assert second.stop(signal.SIGINT)[0] == 0
    box = tmp_path / "box"
    assert {path.name for path in box.iterdir()} >= {
        "node.keys",
        "identity.keys",
        "mailbox.sqlite",
        "address",
    }
    assert box.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in box.iterdir()} == {0o600}
    content = (box / "mailbox.sqlite").read_bytes()
    assert friends.token not in content and token_hash(friends.token) in content


def test_it_goes_on_when_nobody_reads_its_warnings(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    where = ["--data", tmp_path / "box", "--host", "127.0.0.1", "--port", free_port(), "--no-lan"]
    # a node without a usable address is warned of before anything else is said
    words = ["mailbox", *where, "--quiet", "--no-ipv6", "--node", f"[::1]:1:{'12' * 32}"]
    process = subprocess.Popen(
        [*OURS, *map(str, words)], stdout=subprocess.PIPE, stderr=writer, text=True, env=environment()
    )
    os.close(writer)
    try:
        assert Mailbox.parse(process.stdout.readline()).host == "127.0.0.1"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


def test_an_open_one_with_metrics_and_clients_by_tcp(start, tmp_path):
    port, metrics_port = free_port(), free_port()
    command = start("--open", "--port", str(port), "--metrics", f"127.0.0.1:{metrics_port}")
    said = command.wait_for("mailbox")
    mailbox = Mailbox.parse(said["mailbox"])
    assert said["open"] and said["invitation"] and mailbox.token == NO_TOKEN
    client = Client(udp_enabled=False)
    try:
        assert leave(client, mailbox) == ops.OK
        assert leave(client, mailbox, blob=bytes(256)) == ops.OK
        assert fetch(client, mailbox) == [BLOB, bytes(256)]
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            samples = {(each.name, *each.labels.values()): each.value for f in families for each in f.samples}
    finally:
        client.close()
    assert samples["tox_mailbox_puts_total", "ok"] == 2 and samples["tox_mailbox_puts_total", "refused"] == 0
    assert samples["tox_mailbox_blobs",] == 2 and samples["tox_mailbox_bytes",] == len(BLOB) + 256
    assert samples["tox_mailbox_gets_total",] == 2 and samples["tox_mailbox_capacity_bytes",] >= 1 << 20
    assert samples["tox_events_total", "mailbox_sessions"] == 3


def test_the_address_that_other_nodes_see(start, tmp_path):
    node = Bootstrapd(tmp_path / "node")
    try:
        key = node.public_key.hex()
        command = start("--port", str(free_port()), "--node", f"127.0.0.1:{node.port}:{key}", host=None)
        assert told(command).host == "127.0.0.1"
    finally:
        node.close()


def test_behind_a_tunnel(start, tmp_path):
    name = "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd.onion"
    command = start("--port", str(free_port()), "--behind", f"{name}:4711", host=None)
    mailbox = told(command)
    assert (mailbox.host, mailbox.port) == (name, 4711)
    ran = run("mailbox", "invite", "--data", tmp_path / "box", "--qr")
    text, _, code = ran.stdout.partition("\n")
    assert Mailbox.parse(text).host == name and code.count("\n") > 20


def test_what_stands_in_the_way_is_said(start, tmp_path):
    port = free_port()
    command = start("--port", str(port))
    told(command)
    other = tmp_path / "other"
    for words, said in (
        (["--data", tmp_path / "box", "--port", free_port()], "is in use: another mailbox runs with it"),
        (["--data", other, "--port", port], f"Couldn't listen on UDP port {port}: Address already in use."),
        (["--data", tmp_path / "box" / "address"], "File exists"),
    ):
        ran = run("mailbox", "--no-lan", "--no-ipv6", *words)
        assert (ran.returncode, ran.stdout) == (1, "") and said in ran.stderr
        assert ran.stderr.count("\n") == 1
    ran = run("mailbox", "invite", "--data", tmp_path / "nothing")
    assert ran.returncode == 1 and "start it first" in ran.stderr
    assert not (tmp_path / "nothing").exists()
    command.stop(signal.SIGTERM)
    path = tmp_path / "box" / "mailbox.sqlite"
    path.write_bytes(os.urandom(8192))
    ran = run("mailbox", "--no-lan", "--no-ipv6", "--data", tmp_path / "box")
    assert ran.returncode == 1 and "is damaged" in ran.stderr and "move it away" in ran.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--host", "example.org"],
        ["--host", "1.2.3.4", "--behind", "1.2.3.4:5"],
        ["--behind", "nowhere"],
        ["--port", "0"],
        ["--tcp-port", "70000"],
        ["--metrics", "localhost:1"],
        ["--data", ""],
    ],
)
def test_wrong_command_lines(words):
    ran = run("mailbox", *words)
    assert ran.returncode == 2 and ran.stderr.startswith("usage: ") and "Traceback" not in ran.stderr


def test_a_bootstrap_node_with_a_mailbox(tmp_path, client):
    folder, port = tmp_path / "box", free_port("::")
    node = Bootstrapd(
        tmp_path / "node",
        arguments=[f"--mailbox={folder}"],
        port=port,
        tcp_relay_ports=f"[{port}]",
        enable_ipv6="false",
    )
    try:
        assert "Mailbox: " in node.text() and "UDP only" not in node.text()
        ran = run("mailbox", "invite", "--data", folder, "--host", "127.0.0.1", "--json")
        mailbox = Mailbox.parse(objects(ran)[0]["mailbox"])
        assert mailbox.dht_pk == node.public_key
        assert leave(client, mailbox) == ops.OK and fetch(client, mailbox) == [BLOB]
        assert node.stop()[0] == 0
    finally:
        node.close()
    daemon = run_ours(f"--config={node.config}", f"--mailbox={folder}")
    try:
        assert daemon.returncode == 0 and "Forked successfully" in daemon.stdout
        # what was put before is still there
        assert fetch(client, mailbox) == [BLOB]
    finally:
        pid = int((tmp_path / "node" / "pid").read_text())
        os.kill(pid, signal.SIGTERM)
        until(lambda: not (tmp_path / "node" / "pid").exists(), 20, lambda: "the daemon does not end")
    ran = run_ours(f"--config={node.config}", "--mailbox-open", "--foreground", "--log-backend=stdout")
    assert ran.returncode == 1 and "--mailbox-open needs --mailbox" in ran.stderr
    (folder / "mailbox.sqlite").write_bytes(os.urandom(8192))
    ran = run_ours(f"--config={node.config}", "--log-backend=stdout", f"--mailbox={folder}")
    assert ran.returncode == 1 and "Couldn't open the mailbox" in ran.stderr and "damaged" in ran.stderr
