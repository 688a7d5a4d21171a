"""The file that TOXPY_CONFIG names: what it sets, and that nothing in it is overlooked."""

import re

import pytest

from tests.support.prefix import ROOT
from toxpy.config_file import MAX_FILE_SIZE, apply_config, parse_proxy, read_config
from toxpy.core import Core
from toxpy.generated import enums
from toxpy.network.network_address import AddressType
from toxpy.options import Options


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "config.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def test_every_key(write):
    path = write('[network]\nudp = false\nipv6 = false\nlan = false\nhandshake = "prefer"\n')
    options = Options()
    apply_config(path, options)
    assert not options.udp_enabled and not options.ipv6_enabled and not options.local_discovery_enabled
    assert options.handshake == enums.TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY
    assert options.proxy_type == enums.TOX_PROXY_TYPE_NONE


def test_the_file_of_the_page(write):
    """It has all keys."""
    (block,) = re.findall(r"(?s)```toml\n(.*?)```", (ROOT / "docs" / "networks.md").read_text())
    fields = read_config(write(block))
    every = {
        "udp_enabled",
        "ipv6_enabled",
        "local_discovery_enabled",
        "handshake",
        "only_networks",
        "endpoint",
        "offline_messages",
    }
    assert {*fields} == every | {"proxy_type", "proxy_host", "proxy_port"}


@pytest.mark.parametrize(
    ("lines", "kind", "listen"),
    [
        ("type = 'tor'\npassword = 'secret'", AddressType.ONION, 0),
        ("type = 'i2p'", AddressType.I2P, 0),
        ("type = 'onion_folder'\nfolder = '/x'\nport = 1\nlisten = 2", AddressType.ONION, 2),
        ("type = 'name'\naddress = '192.0.2.1:1'\nlisten = 2", AddressType.IPV4, 2),
    ],
)
def test_endpoints(lines, kind, listen, write):
    endpoint = read_config(write(f"[endpoint]\n{lines}\n"))["endpoint"]
    assert (endpoint.kind, endpoint.listen, endpoint.tell_to) == (kind, listen, "friends")
    assert "secret" not in repr(endpoint)


def test_who_is_told(write):
    keys = ["AB" * 32, "cd" * 38]
    endpoint = read_config(write(f"[endpoint]\ntype = 'tor'\ntell_to = {keys}\n"))["endpoint"]
    assert endpoint.tell_to == {b"\xab" * 32, b"\xcd" * 32}


MAILBOX = "192.0.2.1:33445:" + ":".join(["AB" * 32] * 3)


def test_messages_for_friends_who_are_away(write):
    read = read_config(write(f"[offline]\nmailboxes = ['{MAILBOX}']\nlend = ['{MAILBOX}']\nfind = true\n"))
    offline = read["offline_messages"]
    assert [str(mailbox) for mailbox in (*offline.mailboxes, *offline.lend)] == [MAILBOX, MAILBOX]
    assert offline.find and offline.cover
    options = Options(offline_messages=True)
    apply_config(write("[offline]\nenabled = false\ncover = false\n"), options)
    assert options.offline_messages is False


def test_what_the_file_does_not_say_is_the_programs(write):
    options = Options(udp_enabled=False, tcp_port=3389, proxy_may_leak=True)
    apply_config(write("[network]\nlan = false\n"), options)
    assert not options.udp_enabled and options.ipv6_enabled and options.tcp_port == 3389
    assert options.proxy_may_leak
    apply_config(write(""), options)
    assert options.ipv6_enabled


def test_with_a_proxy_nothing_goes_around_it(write):
    """Whatever the program wanted."""
    options = Options(
        tcp_port=3389, proxy_may_leak=True, proxy_type=1, proxy_host=b"example.org", proxy_port=1
    )
    apply_config(write('[network]\nproxy = "socks5://[::1]:9050"\nudp = true\nlan = true\n'), options)
    assert (options.proxy_type, options.proxy_host, options.proxy_port) == (2, "::1", 9050)
    assert not options.udp_enabled and not options.local_discovery_enabled
    assert options.experimental_disable_dns and not options.proxy_may_leak and options.tcp_port == 0


def test_names_of_relays_go_to_the_proxy(write):
    options = Options(proxy_may_leak=True)
    apply_config(write('[network]\nproxy = "socks5://127.0.0.1:9"\n'), options)
    core = Core(options)
    assert core.network.name_goes_to_proxy("example.org") and core.socket.port == 0
    core.kill()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[network]\nonly = 'tor'", "only is a list of tor, i2p"),
        ("[network]\nonly = []", "only is a list of tor, i2p"),
        ("[network]\nonly = ['nym']", "only is a list of tor, i2p"),
        ("[endpoint]", "one of tor, i2p, onion_folder, name"),
        ("[endpoint]\ntype = 'friends'", "one of tor, i2p, onion_folder, name"),
        ("[endpoint]\ntype = 'tor'\nsam = '127.0.0.1:1'", "of type tor has no 'sam'"),
        ("[endpoint]\ntype = 'tor'\nport = true", "port is a whole number"),
        ("[endpoint]\ntype = 'tor'\ncontrol = 9051", "control is a text"),
        ("[endpoint]\ntype = 'tor'\ncontrol = 'example.org:1'", "neither an IP nor a name"),
        ("[endpoint]\ntype = 'name'\nlisten = 1", "lacks a key of address, listen"),
        ("[endpoint]\ntype = 'tor'\ntell_to = 'friends'", "tell_to is a list of public keys"),
        ("[endpoint]\ntype = 'tor'\ntell_to = ['ab']", "public keys or Tox IDs, and 'ab' is none"),
        ("[endpoint]\ntype = 'tor'\ntell_to = ['" + "AB" * 33 + "']", "public keys or Tox IDs"),
        ("[endpoint]\ntype = 'tor'\ntell_to = [7]", "public keys or Tox IDs, and 7 is none"),
        ("[offline]\nmailbox = []", "has no 'mailbox': enabled, mailboxes"),
        ("[offline]\nenabled = 1", "enabled is true or false"),
        ("[offline]\nmailboxes = 'x'", "mailboxes is a list of mailboxes"),
        ("[offline]\nmailboxes = [3]", "mailboxes has Mailbox objects or their texts"),
        ("[offline]\nlend = ['192.0.2.1:33445']", "a mailbox is HOST:PORT"),
        ("[offline]\nenabled = false\nlend = ['x']", "a mailbox is HOST:PORT"),
        ("[offline]\nfind = 'yes'", "find is true or false"),
        ("udp = false", "no table 'udp'"),
        ("[netwrok]", "no table 'netwrok'"),
        ("network = 3", "no table 'network'"),
        ("[network]\nporxy = 'socks5://127.0.0.1:9050'", "has no 'porxy'"),
        ("[network]\nudp = 0", "true or false"),
        ("[network]\nudp = 'no'", "true or false"),
        ("[network]\nproxy = 9050", "is a text"),
        ("[network]\nproxy = '127.0.0.1:9050'", "socks5://HOST:PORT"),
        ("[network]\nproxy = 'socks5://a:b@127.0.0.1:9050'", "user name"),
        ("[network]\nhandshake = 1", "one of only, prefer, legacy"),
        ("[network]\nhandshake = 'noise'", "one of only, prefer, legacy"),
        ("[network", "no TOML"),
        (b"\xff", "no TOML"),
        ("[network]\nudp = " + "[" * 30_000, "no TOML"),
        ("#" * (MAX_FILE_SIZE + 1), "more than"),
    ],
)
def test_what_cannot_be_followed_is_an_error(text, words, write):
    options = Options()
    before = repr(options)
    with pytest.raises(ValueError, match=words):
        apply_config(write(text), options)
    assert repr(options) == before


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_config(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="cannot be read"):
        read_config(str(tmp_path))


@pytest.mark.parametrize(
    "text", ["", "socks4://a:1", "socks5://a", "socks5://:1", "http://a:99999", "http://[a:1"]
)
def test_what_is_no_proxy(text):
    with pytest.raises(ValueError, match="neither"):
        parse_proxy(text)
