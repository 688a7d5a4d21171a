"""tox-bootstrapd's configuration file and keys file, good and bad."""

import logging
import os
import re
import stat
from pathlib import Path

import pytest

from tests.support.universe import SeededRng
from toxpy.cli.bootstrapd import libconfig
from toxpy.cli.bootstrapd.bootstrapd_config import Config, ConfigError, load_config, load_keys, write_keys
from toxpy.cli.bootstrapd.libconfig import LibconfigError, parse
from toxpy.crypto.keys import KeyPair
from toxpy.runtime import Rng

KEY = "728925473812C7AAC482BE7250BCCAD0B8CB9F737BF3D42ABD34459C1768F854"

#: every setting that tox-bootstrapd's own file has, in its syntax
FULL = """\
// Listening port (UDP).
port = 33445

keys_file_path = "/var/lib/tox-bootstrapd/keys"
pid_file_path = "/var/run/tox-bootstrapd/tox-bootstrapd.pid"
enable_ipv6 = true
enable_ipv4_fallback = true
enable_lan_discovery = true

enable_tcp_relay = true
tcp_relay_ports = [443, 3389, 33445]

enable_motd = true
motd = "tox-bootstrapd"

bootstrap_nodes = (
  { // Example Node 1 (IPv4)
    address = "127.0.0.1"
    port = 33445
    public_key = "728925473812C7AAC482BE7250BCCAD0B8CB9F737BF3D42ABD34459C1768F854"
  },
  { // Example Node 2 (IPv6)
    address = "::1/128"
    port = 33445
    public_key = "3E78BACF0F84235B30054B54898F56793E1DEF8BD46B1038B9D822E8460FAB67"
  },
  { // Example Node 3 (US-ASCII domain name)
    address = "example.org"
    port = 33445
    public_key = "8CD5A9BF0A6CE358BA36F7A653F99FA6B258FF756E490F52C1F98CC420F78858"
  }
)"""


class Log(logging.Logger):
    """Keeps what was said."""

    def __init__(self):
        super().__init__("test")
        self.said = []

    def handle(self, record):
        self.said.append((record.levelname, record.getMessage()))

    def warnings(self):
        return [text for level, text in self.said if level == "WARNING"]


@pytest.fixture
def log():
    return Log()


def config(text, log):
    return Config(parse(text.encode()), log)


def test_the_usual_file(log):
    read = config(FULL, log)
    assert (read.port, read.tcp_relay_ports) == (33445, [443, 3389, 33445])
    assert read.keys_file_path == "/var/lib/tox-bootstrapd/keys"
    assert read.pid_file_path == "/var/run/tox-bootstrapd/tox-bootstrapd.pid"
    assert read.enable_ipv6 and read.enable_ipv4_fallback and read.enable_lan_discovery
    assert read.enable_tcp_relay and read.enable_motd
    assert read.motd == b"tox-bootstrapd"
    assert [node.host for node in read.bootstrap_nodes] == ["127.0.0.1", "::1/128", "example.org"]
    assert read.bootstrap_nodes[0].public_key == bytes.fromhex(KEY)
    assert log.said == []


def test_an_empty_file_means_the_defaults(log):
    read = config("", log)
    assert (read.port, read.tcp_relay_ports) == (33445, [443, 3389, 33445])
    assert (read.keys_file_path, read.pid_file_path) == ("tox-bootstrapd.keys", "tox-bootstrapd.pid")
    assert read.enable_ipv6 and read.enable_ipv4_fallback and read.enable_lan_discovery
    assert read.enable_tcp_relay and read.enable_motd
    assert (read.motd, read.bootstrap_nodes) == (b"tox-bootstrapd", [])
    for name in ("port", "keys_file_path", "pid_file_path", "enable_ipv6", "motd", "bootstrap_nodes"):
        assert any(f"No '{name}'" in text for text in log.warnings())


def test_everything_off(log):
    switches = [f"enable_{name}" for name in ("ipv6", "ipv4_fallback", "lan_discovery", "tcp_relay", "motd")]
    read = config("\n".join(f"{name} = false" for name in switches), log)
    assert not any(getattr(read, name) for name in switches)
    assert (read.tcp_relay_ports, read.motd) == ([], b"")


@pytest.mark.parametrize(
    ("name", "bad", "default"),
    [
        ("port", '"33445"', 33445),
        ("port", "33.5", 33445),
        ("port", "true", 33445),
        ("port", "3000000000", 33445),
        ("enable_ipv6", "1", True),
        ("enable_ipv6", '"false"', True),
        ("enable_ipv4_fallback", "0", True),
        ("enable_lan_discovery", "[false]", True),
        ("enable_tcp_relay", "{}", True),
        ("enable_motd", "()", True),
        ("motd", "5", b"tox-bootstrapd"),
        ("keys_file_path", "true", "tox-bootstrapd.keys"),
        ("pid_file_path", '("a")', "tox-bootstrapd.pid"),
    ],
)
def test_a_value_of_the_wrong_type_means_the_default(log, name, bad, default):
    read = config(f"\n\n{name} = {bad}", log)
    assert getattr(read, name) == default
    assert any(f"Line 3: '{name}' is not" in text for text in log.warnings())


@pytest.mark.parametrize("port", [0, -1, 65536, 2147483647, -2147483648])
def test_a_port_out_of_range_is_an_error(log, port):
    with pytest.raises(ConfigError, match=rf"Invalid port: {port}, should be in \[1, 65535\]"):
        config(f"port = {port}", log)


@pytest.mark.parametrize("port", [1, 65535])
def test_the_last_ports_of_the_range(log, port):
    assert config(f"port = {port}", log).port == port


@pytest.mark.parametrize(
    ("ports", "usable"),
    [
        ("[443]", [443]),
        ("[0, 1, 65535, 65536, -5, 65979]", [1, 65535]),
        ("[443, 443, 80]", [443, 80]),
        ("[0x1BB]", [443]),
    ],
)
def test_relay_ports(log, ports, usable):
    assert config(f"tcp_relay_ports = {ports}", log).tcp_relay_ports == usable


@pytest.mark.parametrize("ports", ["[]", "443", "(443)", '"443"', '["443"]', "[0]", "[1.5]", "[true]"])
def test_a_relay_without_ports_is_an_error(log, ports):
    with pytest.raises(ConfigError, match="No TCP relay ports"):
        config(f"tcp_relay_ports = {ports}", log)
    assert config(f"tcp_relay_ports = {ports}; enable_tcp_relay = false", log).tcp_relay_ports == []


def test_the_motd_is_cut_to_what_fits_with_its_nul(log):
    assert config(f'motd = "{"x" * 300}"', log).motd == b"x" * 255
    assert config('motd = "Grüße \\x41\\n"', log).motd == "Grüße A\n".encode()
    assert config('motd = "before\\x00behind"', log).motd == b"before"
    assert config('motd = ""', log).motd == b""


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        (f'{{ port = 1; public_key = "{KEY}" }}', "'address'"),
        (f'{{ address = ""; port = 1; public_key = "{KEY}" }}', "'address'"),
        (f'{{ address = 5; port = 1; public_key = "{KEY}" }}', "'address'"),
        (f'{{ address = "a"; public_key = "{KEY}" }}', "'port'"),
        (f'{{ address = "a"; port = "1"; public_key = "{KEY}" }}', "'port'"),
        (f'{{ address = "a"; port = 0; public_key = "{KEY}" }}', "Invalid 'port': 0"),
        (f'{{ address = "a"; port = 65536; public_key = "{KEY}" }}', "Invalid 'port': 65536"),
        ('{ address = "a"; port = 1 }', "'public_key'"),
        (f'{{ address = "a"; port = 1; public_key = "{KEY[:-1]}" }}', "Invalid 'public_key'"),
        (f'{{ address = "a"; port = 1; public_key = "{KEY}00" }}', "Invalid 'public_key'"),
        (f'{{ address = "a"; port = 1; public_key = "{KEY[:-1]}g" }}', "Invalid 'public_key'"),
        (f'{{ address = "a"; port = 1; public_key = "{KEY[:-2]}  " }}', "Invalid 'public_key'"),
        ('"a"', "'public_key'"),
    ],
)
def test_a_bad_bootstrap_node_is_left_out(log, node, problem):
    good = f'{{ address = "10.0.0.1"; port = 5; public_key = "{KEY.lower()}" }}'
    read = config(f"bootstrap_nodes = ({node}, {good})", log)
    assert [(node.host, node.port) for node in read.bootstrap_nodes] == [("10.0.0.1", 5)]
    assert read.bootstrap_nodes[0].public_key == bytes.fromhex(KEY)
    (warning,) = [text for text in log.warnings() if "Bootstrap node #0" in text]
    assert problem in warning


@pytest.mark.parametrize("nodes", ["()", "{}", "[]", "5"])
def test_no_bootstrap_nodes(log, nodes):
    assert config(f"bootstrap_nodes = {nodes}", log).bootstrap_nodes == []
    assert any("No bootstrap nodes found" in text for text in log.warnings())


def test_a_file_that_cannot_be_read_is_an_error(tmp_path, log):
    with pytest.raises(ConfigError, match=r"missing\.conf: No such file"):
        load_config(str(tmp_path / "missing.conf"), log)
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config(str(tmp_path), log)
    bad = tmp_path / "bad.conf"
    bad.write_text("port = 1\n\nmotd = yes\n")
    with pytest.raises(ConfigError, match=r"bad\.conf:3 - "):
        load_config(str(bad), log)


# the format


def test_values():
    text = rb"""
    # a comment
    i = 5; h : 0xFF, b = 0b101; o = 0o17; l = 5000000000L; leading = 007; minus = -3; plus = +3
    f = 1.5; e = 1e3; t = TRUE; F = False
    s = "a" /* two
    lines */ "b"; x = "\x41\t\"\\\q";
    array = [1, 2, 3,]; list = (1, "two", (3), { four = 4; }, []); group = { a = 1; b = { c = 2 } }
    """
    read = parse(text)
    numbers = [read[name] for name in ("i", "h", "b", "o", "l", "leading", "minus", "plus", "f", "e")]
    assert numbers == [5, 255, 5, 15, 5_000_000_000, 7, -3, 3, 1.5, 1000.0]
    assert (read["t"], read["F"], read["s"], read["x"]) == (True, False, "ab", 'A\t"\\\\q')
    assert read["array"] == [1, 2, 3]
    assert read["list"] == (1, "two", (3,), {"four": 4}, [])
    assert read["group"] == {"a": 1, "b": {"c": 2}}
    assert read.lines["f"] == 4 and read.lines["x"] == 6


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a", 1),
        ("a =", 1),
        ("a = ;", 1),
        ("= 1", 1),
        ("a = 1\na = 2", 2),
        ("a = [1, true]", 1),
        ("a = [(1)]", 1),
        ("a = [1 2]", 1),
        ("a = (1\n2)", 2),
        ("a = { b = 1", 1),
        ("a = { b = 1 )", 1),
        ("a = (1, 2", 1),
        ("a = (1,,2)", 1),
        ('a = "open', 1),
        ("\n\na = yes", 3),
        ("a = 'x'", 1),
        ("a = .", 1),
        ("/* open", 1),
        ("a = 1 }", 1),
        ("a = " + "(" * 100, 1),
        ("a = " + "{a=" * 5000, 1),
        ("\xff = 1", 1),
        ('\n@include "/nowhere/at/all"', 2),
    ],
)
def test_errors_tell_the_line(text, line):
    with pytest.raises(LibconfigError, match=rf"^here\.conf:{line} - "):
        parse(text.encode("latin-1"), "here.conf")


def test_random_bytes_are_an_error_or_settings():
    rng = SeededRng(1)
    for size in range(1, 300):
        data = rng.bytes(size)
        try:
            parse(data)
        except LibconfigError as error:
            assert str(error).startswith("<text>:")


def test_include(tmp_path):
    (tmp_path / "inner").write_text("port = 5\n")
    outer = tmp_path / "outer"
    outer.write_text(f'@include "{tmp_path}/inner"\nmotd = "x"\n')
    read = libconfig.load(outer)
    assert read == {"port": 5, "motd": "x"}
    (tmp_path / "inner").write_text(f'@include "{tmp_path}/inner"\n')
    with pytest.raises(LibconfigError, match="nesting too deep"):
        libconfig.load(outer)


def test_a_huge_file_is_refused(tmp_path):
    big = tmp_path / "big"
    with open(big, "wb") as file:
        file.truncate(libconfig.MAX_FILE_SIZE + 1)
    with pytest.raises(LibconfigError, match="larger than"):
        libconfig.load(big)


# the keys file


def test_keys_are_made_once(tmp_path, log):
    path = tmp_path / "keys"
    old = os.umask(0)
    try:
        keys = load_keys(str(path), Rng(), log)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == keys.public + keys.secret
    assert os.listdir(tmp_path) == ["keys"]
    again = load_keys(str(path), Rng(), log)
    assert (again.public, again.secret) == (keys.public, keys.secret)
    assert not any(keys.secret.hex() in text.lower() for _, text in log.said)


@pytest.mark.parametrize("size", [0, 1, 32, 63, 65, 1000])
def test_a_keys_file_of_the_wrong_size_is_left_alone(tmp_path, log, size):
    path = tmp_path / "keys"
    path.write_bytes(b"k" * size)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="not 64"):
        load_keys(str(path), Rng(), log)
    assert path.read_bytes() == b"k" * size


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_keys_file_open_to_others_is_refused(tmp_path, log, mode):
    path = tmp_path / "keys"
    write_keys(str(path), KeyPair.generate(Rng()))
    path.chmod(mode)
    with pytest.raises(ConfigError, match=rf"mode 0{mode:o}.*chmod 600 {path}` if .*\.$"):
        load_keys(str(path), Rng(), log)


def test_keys_that_do_not_belong_together_are_refused(tmp_path, log):
    path = tmp_path / "keys"
    ours, others = KeyPair.generate(Rng()), KeyPair.generate(Rng())
    for content in (ours.public + others.secret, ours.public + bytes(32)):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(ConfigError, match=r"damaged|no secret key"):
            load_keys(str(path), Rng(), log)


def test_what_is_no_keys_file(tmp_path, log):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="folder is not a file"):
        load_keys(str(tmp_path / "folder"), Rng(), log)
    # must not wait for somebody to write into it
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="pipe is not a file"):
        load_keys(str(tmp_path / "pipe"), Rng(), log)
    with pytest.raises(ConfigError, match="Couldn't write the keys file"):
        load_keys(str(tmp_path / "nowhere" / "keys"), Rng(), log)


def test_a_keys_file_that_cannot_be_completed_leaves_nothing(tmp_path, monkeypatch, log):
    def full(_fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        load_keys(str(tmp_path / "keys"), Rng(), log)
    assert os.listdir(tmp_path) == []


SAMPLE = Path(__file__).parents[3] / "packaging" / "tox-bootstrapd.conf"


def test_the_sample_configuration_has_every_setting_with_its_default():
    """But for the two paths, and it brings no warning."""
    log = Log()
    sample, default = load_config(str(SAMPLE), log), Config(parse(b""), Log())
    other = {name for name in Config.__slots__ if getattr(sample, name) != getattr(default, name)}
    assert other == {"keys_file_path", "pid_file_path"}
    assert all(os.path.isabs(getattr(sample, name)) for name in other)
    assert log.warnings() == ["No bootstrap nodes found. Skipping bootstrapping."]


def test_the_sample_configuration_explains_how_to_add_nodes():
    """Its example becomes two nodes when it is no comment any more."""
    text = SAMPLE.read_text()
    head, opened, rest = text.partition("bootstrap_nodes = (")
    nodes = "\n".join(re.sub(r"^  // ?", "", line) for line in rest.splitlines())
    log = Log()
    text = head + opened + nodes.replace("64 hex digits", KEY)
    config = Config(parse(text.encode()), log)
    assert [(node.host, node.port) for node in config.bootstrap_nodes] == [
        ("203.0.113.7", 33445),
        ("tox.example.org", 33445),
    ]
