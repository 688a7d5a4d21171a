"""The command `doctor`: each check against services that work, are absent, are something else, or hang."""

import json

import pytest

from tests.support.fake_relay import FakeRelay
from toxpy.cli import checks, doctor
from toxpy.cli.checks import FAILS, UNUSED, WORKS, Check, ClockCheck, Datagrams, RelayCheck, UdpCheck, World
from toxpy.cli.main import main
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import shared_key
from toxpy.dht.packets import open_packet, seal_packet, sender_of
from toxpy.runtime import Runtime
from toxpy.system.sockets import UdpSocket
from toxpy.tcp.proxy import HTTP, SOCKS5, Proxy
from toxpy.wire.address import Node
from toxpy.wire.packets import PING_RESPONSE

LOOPBACK = bytes((127, 0, 0, 1))
#: Time for what is to hang, s, and for what is to answer.
SHORT_S, LONG_S = 0.15, 10
KEY = "AB" * 32
TOR = (
    b'250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor="0.4.9"\r\n250 OK\r\n',
    b"250 OK\r\n",
    b'250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=%d TAG=x SUMMARY="Loading"\r\n250 OK\r\n',
)
SAM = b"HELLO REPLY RESULT=OK VERSION=3.1\n"


@pytest.fixture
def world():
    made = World(Runtime())
    yield made
    made.close()


def serve(world, *answers, ends=False):
    """A service that gives one answer after the other, each when something was said; its address.

    None of them is a service that hangs; with `ends` it closes the connection behind the last one.
    """
    waiting = list(answers)

    def accept(stream):
        def ready():
            if not stream.read():
                return
            if waiting:
                stream.write(waiting.pop(0))
            if ends and not waiting:
                stream.close()

        stream.on_ready = ready

    listener = world.streams.listen(0, "127.0.0.1")
    listener.on_accept = accept
    return LOOPBACK, listener.port


def nobody(world):
    """An address at which nobody listens."""
    listener = world.streams.listen(0, "127.0.0.1")
    listener.close()
    return LOOPBACK, listener.port


def result(world, check, limit_s=LONG_S):
    checks.run(world, [check], limit_s)
    return check.state, check.message


class Arguments:
    """The options for tor and I2P."""

    tor = i2p = False
    tor_control = tor_password_file = sam = None


def arguments(**fields):
    made = Arguments()
    for name, (_, port) in fields.items():
        setattr(made, name, f"127.0.0.1:{port}")
    return made


def test_tor(world):
    phase = TOR[2] % 100
    check = doctor._tor_check(arguments(tor_control=serve(world, *TOR[:2], phase)), world)
    assert result(world, check) == (WORKS, "tor is connected, and lets us make onion services")


def test_tor_that_is_still_starting(world):
    check = doctor._tor_check(arguments(tor_control=serve(world, *TOR[:2], TOR[2] % 45)), world)
    state, message = result(world, check)
    assert state == FAILS and "45 %" in message and "Loading" in message and "wait" in message


def test_sam(world):
    check = doctor._sam_check(arguments(sam=serve(world, SAM)), world)
    assert result(world, check) == (WORKS, "I2P's SAM bridge answers")


@pytest.mark.parametrize("make", [doctor._tor_check, doctor._sam_check])
def test_a_service_that_is_not_there(make, world, monkeypatch):
    place = nobody(world)
    monkeypatch.setattr(doctor, "TOR_CONTROL", f"127.0.0.1:{place[1]}")
    monkeypatch.setattr(doctor, "SAM", f"127.0.0.1:{place[1]}")
    state, message = result(world, make(arguments(), world))
    assert state == UNUSED and "nobody listens" in message and "install" in message
    state, _ = result(world, make(arguments(tor_control=place, sam=place), world))
    assert state == FAILS


@pytest.mark.parametrize("make", [doctor._tor_check, doctor._sam_check])
def test_a_service_that_hangs(make, world):
    place = serve(world)
    state, message = result(world, make(arguments(tor_control=place, sam=place), world), SHORT_S)
    assert state == FAILS and "says nothing" in message and "restart" in message


@pytest.mark.parametrize("make", [doctor._tor_check, doctor._sam_check])
def test_something_else_that_listens(make, world):
    place = serve(world, b"HTTP/1.0 400 Bad Request\r\n\r\n")
    state, message = result(world, make(arguments(tor_control=place, sam=place), world))
    assert state == FAILS and "does not answer as" in message


@pytest.mark.parametrize(
    ("make", "answer"), [(doctor._tor_check, TOR[0]), (doctor._sam_check, SAM)], ids=["tor", "sam"]
)
def test_every_beginning_of_an_answer(make, answer, world):
    """The service goes away in the middle of it."""
    todo = []
    for size in range(1, len(answer)):
        place = serve(world, answer[:size], ends=True)
        todo.append(make(arguments(tor_control=place, sam=place), world))
    checks.run(world, todo, LONG_S)
    assert {check.state for check in todo} == {FAILS}
    assert all("without an answer" in check.message for check in todo)


@pytest.mark.parametrize(
    ("kind", "answers", "state", "words"),
    [
        (SOCKS5, [b"\x05\x00"], WORKS, "speaks SOCKS5"),
        (SOCKS5, [b"\x05\xff"], FAILS, "demands authentication"),
        (SOCKS5, [b"HTTP/1.1 400 no\r\n"], FAILS, "is it an HTTP proxy?"),
        (HTTP, [], WORKS, "takes connections"),
    ],
)
def test_proxies(kind, answers, state, words, world):
    proxy = Proxy(kind, serve(world, *answers))
    found, message = result(world, checks.proxy_check(world, proxy))
    assert found == state and words in message


def relay_check(world, key, address, **way):
    return RelayCheck(world, Node(key, address, tcp=True), way.get("proxy"), way.get("host"))


def test_a_relay(world):
    keys, ends = KeyPair.generate(world.rt.rng), []
    listener = world.streams.listen(0, "127.0.0.1")
    listener.on_accept = lambda stream: ends.append(FakeRelay(keys, stream, world.rt.rng))
    address = LOOPBACK, listener.port
    state, message = result(world, relay_check(world, keys.public, address))
    assert state == WORKS and message.startswith(f"127.0.0.1:{listener.port} answered after ")


def test_relays_that_do_not_answer(world):
    key = KeyPair.generate(world.rt.rng).public
    state, message = result(world, relay_check(world, key, nobody(world)))
    assert state == FAILS and "cannot connect" in message
    state, message = result(world, relay_check(world, key, serve(world)), SHORT_S)
    assert state == FAILS and "did not answer" in message
    gone = serve(world, b"x", ends=True)
    state, message = result(world, relay_check(world, key, gone))
    assert state == FAILS and "its port or key is another one" in message
    through = relay_check(world, key, (bytes(4), 1), proxy=Proxy(SOCKS5, nobody(world)), host="example.org")
    state, message = result(world, through)
    assert state == FAILS and "example.org:1" in message and "SOCKS5 proxy" in message


class PingedNode(Check):
    """A node that answers pings with what `change` makes of the answer."""

    def __init__(self, change):
        super().__init__("")
        self.state = UNUSED
        self.keys = KeyPair.generate(Runtime().rng)
        self.udp = UdpSocket.bind(False)
        self.address = LOOPBACK, self.udp.port
        self._change = change

    def step(self):
        for data, address in self.udp.receive():
            shared = shared_key(sender_of(data), self.keys.secret)
            payload = self._change(PING_RESPONSE.prefix + open_packet(shared, data)[1:])
            self.udp.send(address, seal_packet(PING_RESPONSE, self.keys.public, shared, bytes(24), payload))
        self.udp.path.flush()

    def close(self):
        self.udp.close()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda payload: payload, WORKS),
        (lambda payload: payload[:-1] + bytes((payload[-1] ^ 1,)), FAILS),
        (lambda payload: b"\x00" + payload[1:], FAILS),
    ],
    ids=["right", "another ping", "a question"],
)
def test_a_node(change, expected, world):
    node = PingedNode(change)
    udp = world.bind(False, 0)
    check = UdpCheck(world, [(node.address, node.keys.public)], 4)
    checks.run(world, [node, check, Datagrams(udp, [check])], LONG_S if expected == WORKS else SHORT_S)
    assert check.state == expected
    words = "answered after" if expected == WORKS else "a firewall drops UDP"
    assert words in check.message


def test_only_the_nodes_that_were_asked_count(world):
    udp = world.bind(False, 0)
    node, other = PingedNode(lambda payload: payload), PingedNode(lambda payload: payload)
    check = UdpCheck(world, [(node.address, other.keys.public)], 4)
    checks.run(world, [check, Datagrams(udp, [check])], SHORT_S)
    assert check.state == FAILS
    node.close()
    other.close()


def test_ipv6_without_nodes(world):
    world.bind(False, 0)
    assert UdpCheck(world, [], 16).state == UNUSED
    check = UdpCheck(world, [], 16, "2001:db8::1")
    assert check.state == WORKS and "2001:db8::1" in check.message
    nodes = [((bytes(15) + b"\x01", 1), bytes(32))]
    late = UdpCheck(world, nodes, 16)
    late.on_late(3)
    assert late.state == FAILS and "no IPv6" in late.message


@pytest.mark.parametrize(
    ("now_s", "is_kept", "state", "words"),
    [
        (999, True, FAILS, "before this program was installed"),
        (1001, True, WORKS, "Thu, 01 Jan 1970 00:16:41 UTC, kept right"),
        (1001, False, WORKS, "compare it"),
    ],
)
def test_the_clock(now_s, is_kept, state, words):
    check = ClockCheck(now_s, 1000, is_kept)
    assert check.state == state and words in check.message


def test_addresses_of_the_ipv6_internet():
    line = "{} 02 40 {} 80     eth0\n"
    local = line.format("fe80" + "0" * 28, "20") + line.format("fd00" + "0" * 28, "00")
    assert checks.global_ipv6(local) == "" == checks.global_ipv6("") == checks.global_ipv6("2001")
    found = checks.global_ipv6(local + line.format("20010db8" + "0" * 23 + "1", "00"))
    assert found == "2001:0db8:0000:0000:0000:0000:0000:0001"


def run(capsys, *words):
    status = main(["doctor", *words, "--json"])
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return status, {row["check"]: row for row in told}


def test_the_command(world, capsys):
    sam, gone = serve(world, SAM), nobody(world)
    words = ["--no-ipv6", "--tor-control", f"127.0.0.1:{gone[1]}", "--timeout", "5"]
    status, found = run(capsys, *words)
    assert status == 1 and found["tor"]["state"] == FAILS and "ipv6" not in found
    assert {*found} >= {"clock", "udp", "tor", "i2p"}
    assert sam


def test_behind_a_proxy_nothing_is_looked_up_or_sent(world, capsys, monkeypatch):
    monkeypatch.setattr(doctor.sockets, "resolve", only_numbers(doctor.sockets.parse_ip))
    monkeypatch.setattr(UdpSocket, "bind", None)
    proxy = f"socks5://127.0.0.1:{nobody(world)[1]}"
    status, found = run(capsys, "--proxy", proxy, "--relay", f"example.org:1:{KEY}", "--node", f"a.b:2:{KEY}")
    assert status == 1 and found["udp"]["state"] == UNUSED
    assert "nobody listens" in found["proxy"]["message"] and "example.org:1" in found["relay"]["message"]


def only_numbers(parse):
    def resolve(host, **_how):
        ip = parse(host)
        assert ip is not None, f"{host} is looked up"
        return [ip]

    return resolve


def test_a_name_that_nobody_has(capsys, monkeypatch):
    monkeypatch.setattr(doctor.sockets, "resolve", lambda host, **_how: [] if host == "a.b" else [LOOPBACK])
    status, found = run(capsys, "--relay", f"a.b:1:{KEY}", "--no-udp")
    assert status == 1 and "a.b" in found["names"]["message"] and "relay" not in found


@pytest.mark.parametrize("words", [["--sam", "x"], ["--tor-control", "127.0.0.1:99999"], ["--sam", ""]])
def test_wrong_addresses(words, capsys):
    assert main(["doctor", *words]) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        ("[network]\nudp = false", "works", "which sets udp_enabled"),
        ("[network]\nupd = false", "fails", "[network] has no 'upd'"),
        (None, "fails", "it cannot be read: No such file or directory"),
    ],
)
def test_the_file_that_c_programs_follow(text, state, words, tmp_path):
    path = tmp_path / "toxpy.toml"
    if text is not None:
        path.write_text(text)
    (check,) = doctor._checks_of_config(str(path))
    assert check.state == state and words in check.message and doctor._checks_of_config("") == []
