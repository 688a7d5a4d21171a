"""Our bootstrap node as a process, among Debian's programs."""

import errno
import os
import pty
import select
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.bootstrapd import (
    DEBIANS,
    OURS,
    Bootstrapd,
    environment,
    info,
    run_ours,
    until,
    write_config,
)
from tests.support.programs import free_port
from tests.support.real_tox import RealTox, installed_version
from toxpy.crypto.keys import KeyPair
from toxpy.generated.enums import TOX_CONNECTION_TCP
from toxpy.network.bootstrap_node import BootstrapNode
from toxpy.runtime import Runtime
from toxpy.system.sockets import UdpSocket
from toxpy.system.streams import Streams

LOOPBACK = b"\x7f\x00\x00\x01"


@pytest.fixture
def start(tmp_path):
    """Start nodes, each in a directory of its own; all are ended with the test."""
    running = []

    def starter(name, *args, **settings):
        node = Bootstrapd(tmp_path / name, *args, **settings)
        running.append(node)
        return node

    yield starter
    for node in running:
        node.close()


class Clients:
    """Debian's instances, iterated together."""

    def __init__(self, count, **options):
        self.all = [RealTox(**options) for _ in range(count)]

    def until(self, condition, timeout_s=90):
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, [client.self_get_connection_status() for client in self.all]
            for client in self.all:
                client.iterate()
            time.sleep(0.01)

    def close(self):
        for client in self.all:
            client.kill()


@pytest.fixture
def clients():
    made = []

    def make(count, **options):
        made.append(Clients(count, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def are_friends(alice, bob):
    """Both see friend 0 online."""
    return all(each.friend_get_connection_status(0) != 0 for each in (alice, bob))


def befriend(alice, bob):
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())


# the network


def test_debians_clients_find_each_other_through_our_node(start, clients):
    node = start("node", enable_tcp_relay="false")
    group = clients(4)
    for client in group.all:
        client.bootstrap(*node.address)
    # not UDP: to c-toxcore nodes of the LAN do not count for that
    group.until(lambda: all(client.self_get_connection_status() for client in group.all))
    alice, bob = group.all[0], group.all[-1]
    befriend(alice, bob)
    group.until(lambda: are_friends(alice, bob))


def test_debians_clients_without_udp_meet_at_our_relay(start, clients):
    node = start("node")
    group = clients(2, udp=False)
    for client in group.all:
        client.bootstrap(*node.address)
        client.add_tcp_relay("127.0.0.1", node.relay_port, node.public_key)
    # the onion needs nodes behind the relay
    others = clients(3)
    for other in others.all:
        other.bootstrap(*node.address)
    everybody = Clients(0)
    everybody.all = group.all + others.all
    everybody.until(lambda: all(c.self_get_connection_status() == TOX_CONNECTION_TCP for c in group.all))
    befriend(*group.all)
    everybody.until(lambda: are_friends(*group.all))
    assert all(client.friend_get_connection_status(0) == TOX_CONNECTION_TCP for client in group.all)


class Probe:
    """A node of ours in this process, to see who knows whom."""

    def __init__(self):
        rt = Runtime()
        self.node = BootstrapNode(
            KeyPair.generate(rt.rng), rt=rt, udp=UdpSocket.bind(False, 33500, 33999), streams=Streams(rt=rt)
        )

    def known(self):
        return {node.public_key for node in self.node.dht.nodes.closest_nodes(self.node.dht.public_key, 100)}

    def learn(self, known, wanted):
        """Ask one node; it tells of the other."""
        self.node.bootstrap((LOOPBACK, known.port), known.public_key)

        def done():
            self.node.iterate()
            return {known.public_key, wanted.public_key} <= self.known()

        until(done, 60, lambda: self.known())

    def close(self):
        self.node.close()


@pytest.mark.parametrize("first", ["ours", "debians"])
def test_debians_node_and_ours_know_each_other(start, first):
    """One names the other in its configuration; soon each tells strangers about the other."""
    kinds = {"ours": OURS, "debians": DEBIANS}
    second = "debians" if first == "ours" else "ours"
    named = start("named", kinds[first])
    other = start("other", kinds[second], [named.address])
    for known, wanted in ((named, other), (other, named)):
        probe = Probe()
        try:
            probe.learn(known, wanted)
        finally:
            probe.close()
    ours = named if first == "ours" else other
    until(lambda: "Connected to another" in ours.text(), 10, ours.text)


def test_bootstrap_info_is_that_of_debians_node(start):
    motd = '"Grüße vom Knoten"'
    ours, debians = start("ours", motd=motd), start("debians", DEBIANS, motd=motd)
    answer, wanted = info(ours.port), info(debians.port)
    assert answer[0] == wanted[0] == 0xF0
    assert wanted[5:] == answer[5:] == "Grüße vom Knoten".encode() + b"\0"
    for said, (major, minor, patch) in ((wanted, installed_version()), (answer, (0, 2, 23))):
        assert int.from_bytes(said[1:5], "big") == 1_000_000_000 + major * 1_000_000 + minor * 1000 + patch


def test_a_long_motd_is_cut_where_debians_node_cuts_it(start):
    motd = f'"{"é" * 200}"'
    ours, debians = start("ours", motd=motd), start("debians", DEBIANS, motd=motd)
    assert info(ours.port)[5:] == info(debians.port)[5:]
    for size in (1, 77, 79):
        assert info(ours.port, b"\xf0" * size) is None


def test_one_configuration_file_for_both(start, tmp_path):
    """Debian's node, then ours, from the very same file and with the same keys."""
    debians = start("node", DEBIANS)
    assert debians.stop()[0] == 0
    process = subprocess.Popen(
        [*OURS, f"--config={debians.config}", "--foreground", "--log-backend=stdout"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )
    try:
        until(lambda: info(debians.port) is not None, 20, lambda: "no answer")
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=10)
    assert process.returncode == 0, said
    assert f"Public Key: {debians.public_key.hex().upper()}\n" in said
    assert f"'port': {debians.port}" in said
    assert "Using default" not in said


# keys


def test_keys_are_kept(start, tmp_path):
    ours = start("node")
    keys = ours.directory / "keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    content = keys.read_bytes()
    assert len(content) == 64
    assert content[32:].hex() not in ours.text().lower()
    assert ours.stop()[0] == 0
    again = start("node")
    assert again.public_key == content[:32]
    assert again.stop()[0] == 0
    debians = start("node", DEBIANS)
    assert f"Public Key: {content[:32].hex().upper()}" in debians.text()
    assert keys.read_bytes() == content


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [(b"k" * 63, 0o600, "not 64"), (bytes(64), 0o600, "no secret key"), (b"k" * 64, 0o644, "chmod 600")],
)
def test_a_bad_keys_file_ends_the_start(tmp_path, content, mode, problem):
    config = write_config(tmp_path)
    (tmp_path / "keys").write_bytes(content)
    (tmp_path / "keys").chmod(mode)
    for more in (["--foreground"], ["--foreground", "--log-backend=stdout"], []):
        ran = run_ours(f"--config={config}", *more)
        assert ran.returncode == 1
        assert problem in ran.stderr
        assert "Traceback" not in ran.stderr
    assert (tmp_path / "keys").read_bytes() == content


# the end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_without_traffic(start, number):
    node = start("node")
    time.sleep(1)
    status, seconds = node.stop(number)
    assert status == 0
    assert seconds < 5
    assert f"Received {number.name} ({number.value}) signal. Exiting." in node.text()


def test_a_signal_during_the_look_up_of_names(start):
    """The resolver may hang as long as it likes."""
    key = bytes(range(32))
    node = start("node", OURS, [("no-such-host.invalid", 33445, key), ("::1/128", 33445, key)])
    status, seconds = node.stop()
    assert status == 0
    assert seconds < 5


# a daemon


def is_alive(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def session_of(number):
    """Session and terminal of a process: fields 6 and 7 of its stat."""
    with open(f"/proc/{number}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[3]), int(fields[4])


def test_a_daemon_leaves_its_terminal(tmp_path):
    config = write_config(tmp_path)
    port = int(config.read_text().partition("port = ")[2].split()[0])
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(OURS[0], [*OURS, f"--config={config}"], environment())
    said = b""
    while select.select([terminal], [], [], 20)[0]:
        try:
            said += os.read(terminal, 4096)
        except OSError as error:
            # what a terminal says when nobody has it open any more
            assert error.errno == errno.EIO
            break
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, said
    number = int((tmp_path / "pid").read_text())
    try:
        assert f"PID: {number}" in said.decode()
        # ready when the command ended, not some time later
        assert info(port) is not None
        assert session_of(number) == (number, 0)
        assert os.readlink(f"/proc/{number}/cwd") == "/"
        assert [os.readlink(f"/proc/{number}/fd/{fd}") for fd in (0, 1, 2)] == [os.devnull] * 3
        second = run_ours(f"--config={config}")
        assert second.returncode == 1
        assert f"process id {number}" in second.stderr
    finally:
        os.kill(number, signal.SIGTERM)
        until(lambda: not is_alive(number), 5, lambda: "still there")
    assert not (tmp_path / "pid").exists()


def test_a_stale_pid_file_is_in_nobodys_way(tmp_path):
    config = write_config(tmp_path)
    (tmp_path / "pid").write_text("123456789 and more")
    ran = run_ours(f"--config={config}", "--log-backend=syslog")
    assert ran.returncode == 0, ran.stderr
    number = int((tmp_path / "pid").read_text())
    os.kill(number, signal.SIGTERM)
    until(lambda: not is_alive(number), 5, lambda: "still there")


def test_a_pid_file_that_cannot_be_written(tmp_path):
    config = write_config(tmp_path, pid_file_path=f'"{tmp_path}/nowhere/pid"')
    ran = run_ours(f"--config={config}")
    assert ran.returncode == 1
    assert "PID file" in ran.stderr and "nowhere/pid" in ran.stderr
    # in the foreground there is none
    node = Bootstrapd(tmp_path / "node", pid_file_path=f'"{tmp_path}/nowhere/pid"')
    node.close()


# ports


@pytest.mark.parametrize("more", [["--foreground"], ["--foreground", "--log-backend=stdout"], []])
def test_an_occupied_udp_port_is_a_clear_error(tmp_path, more):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
        taken.bind(("::", 0))
        port = taken.getsockname()[1]
        ran = run_ours(f"--config={write_config(tmp_path, port=port)}", *more)
    assert ran.returncode == 1
    assert f"Couldn't listen on UDP port {port}: Address already in use." in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "pid").exists()


def test_occupied_relay_ports(start, tmp_path):
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as taken:
        taken.bind(("::", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = run_ours(f"--config={write_config(tmp_path, tcp_relay_ports=f'[{port}]')}", "--foreground")
        assert ran.returncode == 1
        assert f"none of the ports {port} can be used" in ran.stderr
        # one of two is enough
        free = free_port("::")
        node = start("node", tcp_relay_ports=f"[{free}, {port}]")
    assert f"Couldn't listen on TCP port {port}: Address already in use." in node.text()
    with socket.create_connection(("127.0.0.1", free), 5):
        pass


def test_ipv4_only(start):
    node = start("node", enable_ipv6="false")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.5)
        asking.connect(("::1", node.port))
        asking.send(b"\xf0" + bytes(77))
        with pytest.raises(ConnectionRefusedError):
            asking.recv(100)


# metrics


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name, *sorted(sample.labels.values())] = sample.value
    return text, samples


def test_metrics(start):
    port = free_port()
    node = start("node", arguments=[f"--metrics=127.0.0.1:{port}"])
    info(node.port)
    with socket.create_connection(("127.0.0.1", node.relay_port), 5):
        until(lambda: scrape(port)[1]["tox_relay_half_open_connections",] == 1, 10, lambda: scrape(port)[0])
    text, samples = scrape(port)
    asking = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", method="HEAD")
    with urllib.request.urlopen(asking, timeout=10) as answer:
        assert answer.status == 200 and answer.read() == b""
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert abs(int(answer.headers["Content-Length"]) - len(text)) < 1000
    assert samples["tox_packets_total", "bootstrap_info", "received", "udp"] >= 2
    assert samples["tox_packets_total", "bootstrap_info", "sent", "udp"] >= 2
    assert samples["tox_bytes_total", "bootstrap_info", "received", "udp"] >= 156
    assert samples["tox_events_total", "tcp_accepted"] >= 1
    for part in (node.public_key.hex(), (node.directory / "keys").read_bytes()[32:].hex(), "127.0.0.1"):
        assert part not in text.lower()
    status, seconds = node.stop()
    assert status == 0 and seconds < 5


def test_an_occupied_metrics_port_is_a_clear_error(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = run_ours(f"--config={write_config(tmp_path)}", "--foreground", f"--metrics=127.0.0.1:{port}")
    assert ran.returncode == 1
    assert f"metrics on 127.0.0.1 port {port}: Address already in use" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_metrics_without_their_library(tmp_path):
    code = (
        "import sys; sys.modules['prometheus_client'] = None; from toxpy.cli.main import main; "
        f"sys.exit(main(['bootstrapd', '--config={write_config(tmp_path)}', '--foreground', "
        "'--metrics=127.0.0.1:9']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), timeout=30
    )
    assert ran.returncode == 1
    assert "pip install prometheus_client" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_metrics_over_ipv6(start):
    port = free_port("::1")
    start("node", arguments=[f"--metrics=[::1]:{port}"])
    with urllib.request.urlopen(f"http://[::1]:{port}/metrics", timeout=10) as answer:
        assert b"tox_node_info" in answer.read()


def test_by_hand_in_the_foreground_it_says_its_public_key(tmp_path):
    """Messages go to syslog by default; whoever starts it must not look at nothing."""
    process = subprocess.Popen(
        [*OURS, f"--config={write_config(tmp_path)}", "--foreground"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=tmp_path,
    )
    try:
        line = process.stdout.readline()
        key = (tmp_path / "keys").read_bytes()[:32].hex().upper()
        assert line == f"Public Key: {key}\n"
        process.terminate()
        assert process.wait(20) == 0 and process.stdout.read() == ""
    finally:
        process.kill()
        process.stdout.close()


# the command line


def test_help_and_version():
    ran = run_ours("--help")
    assert ran.returncode == 0
    for flag in (
        "--config=",
        "--foreground",
        "--help",
        "--log-backend=",
        "--metrics=",
        "--trace",
        "--version",
    ):
        assert flag in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
    ran = run_ours("--version")
    assert (ran.returncode, ran.stdout) == (0, "Version: 1000002023\n")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "No arguments provided"),
        (["--foreground"], "--config option wasn't specified"),
        (["--config"], "expected one argument"),
        (["--bad"], "--bad"),
        (["--config=x", "--log-backend=file"], "'file'"),
        (["--config=x", "--metrics=9100"], "not ADDR:PORT"),
        (["--config=x", "--metrics=localhost:9100"], "not ADDR:PORT"),
        (["--config=x", "--metrics=127.0.0.1:0"], "no port 0"),
        (["--config=x", "--metrics=127.0.0.1:65536"], "no port 65536"),
    ],
)
def test_bad_flags(arguments, problem):
    ran = run_ours(*arguments)
    assert ran.returncode == 1
    assert problem in ran.stderr and "Usage:" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_bad_configuration_ends_the_start(tmp_path):
    bad = tmp_path / "bad.conf"
    for text, problem in (
        ("port = 0", "Invalid port: 0"),
        ("port = ", "bad.conf:1"),
        ("tcp_relay_ports = []", "No TCP relay ports"),
    ):
        bad.write_text(text)
        ran = run_ours(f"--config={bad}", "--foreground")
        assert ran.returncode == 1
        assert problem in ran.stderr
    ran = run_ours(f"--config={tmp_path / 'none'}", "--foreground")
    assert ran.returncode == 1
    assert "No such file" in ran.stderr


def test_commands():
    for arguments, status in (([], 2), (["--help"], 0), (["nothing"], 2)):
        ran = subprocess.run(
            [sys.executable, "-m", "toxpy", *arguments], capture_output=True, text=True, env=environment()
        )
        assert ran.returncode == status
        assert "bootstrapd" in ran.stdout + ran.stderr
