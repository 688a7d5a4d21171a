"""`Endpoint`: what it takes, and the services that it makes."""

import argparse

import pytest

from toxpy import Endpoint, Options
from toxpy.arguments import check_options
from toxpy.cli import networks, settings
from toxpy.cli.main import main
from toxpy.ext.networks import from_c
from toxpy.ext.networks.service import FolderService, NamedService, OnionService, SamService
from toxpy.generated import enums
from toxpy.network.network_address import AddressType
from toxpy.network.only_networks import OnlyNetworks
from toxpy.runtime import Runtime
from toxpy.system.streams import Streams

KEY = bytes(64)


@pytest.fixture
def make():
    rt = Runtime()
    return lambda endpoint: endpoint.make(rt=rt, streams=Streams(rt=rt), key=KEY)


@pytest.mark.parametrize(
    ("endpoint", "service", "port"),
    [
        (Endpoint.tor(password="x", port=7), OnionService, 7),
        (Endpoint.i2p(), SamService, 33445),
        (Endpoint.onion_folder("/x", 5, 6), FolderService, 5),
        (Endpoint.name("192.0.2.1:9", 6), NamedService, 9),
    ],
)
def test_services(endpoint, service, port, make):
    made = make(endpoint)
    assert type(made) is service and made.port == port
    assert made.key == (KEY if service in (OnionService, SamService) else b"")


def test_who_only_goes_to_friends(make):
    assert make(Endpoint.friends()) is None


def test_the_network_of_friends():
    assert Endpoint.friends().socks == (bytes((127, 0, 0, 1)), 9050)
    assert Endpoint.friends(AddressType.I2P).socks == (bytes((127, 0, 0, 1)), 4447)
    assert Endpoint.friends(AddressType.IPV4).socks is None
    node = networks.friends_place("192.0.2.1:9:" + "AB" * 32)
    assert str(node.address) == "IPv4://192.0.2.1:9" and node.public_key == b"\xab" * 32
    for wrong in ("", "192.0.2.1:9", "x:9:" + "AB" * 32, "192.0.2.1:9:AB"):
        with pytest.raises(argparse.ArgumentTypeError):
            networks.friends_place(wrong)


def test_what_the_instance_reads():
    tor = Endpoint.tor(socks="[::1]:9050", tell_to=[bytes(32)])
    assert (tor.kind, tor.listen, tor.tell_to) == (AddressType.ONION, 0, {bytes(32)})
    assert tor.socks == (bytes(15) + b"\x01", 9050)
    assert Endpoint.onion_folder(b"/x", 5, 6, socks=None).socks is None
    assert Endpoint.i2p().tell_to == "friends" and Endpoint.i2p().kind == AddressType.I2P
    assert "secret" not in repr(Endpoint.tor(password="secret"))


@pytest.mark.parametrize(
    "call",
    [
        lambda: Endpoint.tor("localhost:9051"),
        lambda: Endpoint.tor("127.0.0.1:0"),
        lambda: Endpoint.tor(port=0),
        lambda: Endpoint.tor(port=65536),
        lambda: Endpoint.i2p(tell_to="everybody"),
        lambda: Endpoint.i2p(tell_to=[b"short"]),
        lambda: Endpoint.name("nobody", 1),
        lambda: Endpoint.name("192.0.2.1:9", 0),
    ],
)
def test_what_is_wrong(call):
    with pytest.raises(ValueError):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: Endpoint.tor(port=True),
        lambda: Endpoint.tor(None),
        lambda: Endpoint.name(5, 6),
        lambda: Endpoint.tor(password=12345),
        lambda: Endpoint.tor(cookie_file=5),
    ],
)
def test_what_is_of_another_type(call):
    with pytest.raises(TypeError) as caught:
        call()
    assert "12345" not in str(caught.value)


def test_an_endpoint_is_in_one_of_the_networks_that_may_be_used():
    only = OnlyNetworks({AddressType.I2P})
    assert only.check_endpoint(Endpoint.i2p().kind) is None
    with pytest.raises(ValueError, match="Onion"):
        check_options(Options(endpoint=Endpoint.tor(), only_networks=only.types))


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        ([], AddressType.ONION),
        ([AddressType.ONION, AddressType.I2P], AddressType.ONION),
        ([AddressType.I2P], AddressType.I2P),
        ([AddressType.IPV4], AddressType.IPV4),
    ],
)
def test_the_network_of_a_c_program_that_only_goes_to_friends(types, kind):
    options = Options()
    number = sum(1 << of for of in types)
    from_c.apply_networks(options, number, enums.TOX_ENDPOINT_TYPE_FRIENDS, b"", 0, b"")
    assert options.endpoint.kind == kind


def test_friends_of_who_has_a_name_are_reached_through_its_network():
    name = "a" * 52 + ".b32.i2p:9"
    assert Endpoint.name(name, 6).socks == (bytes((127, 0, 0, 1)), 4447)
    assert Endpoint.name("192.0.2.1:9", 6).socks is None


def fields(*words):
    parser = settings.make_parser("x", "")
    settings.add_network_options(parser)
    return settings.networks.option_fields(parser.parse_args(list(words)), settings.first_line)


def test_the_command_line(tmp_path, make):
    assert fields() == {}
    assert fields("--only", "tor", "--only", "i2p") == {"only_networks": {AddressType.ONION, AddressType.I2P}}
    secret = tmp_path / "secret"
    secret.write_text("x\n")
    tor = fields("--tor", "--tor-control", "127.0.0.1:1", "--tor-password-file", str(secret))["endpoint"]
    assert type(make(tor)) is OnionService and "127.0.0.1:1" in repr(tor)
    assert type(make(fields("--i2p", "--sam", "127.0.0.1:2")["endpoint"])) is SamService
    told = fields("--endpoint", "192.0.2.1:9=33446")["endpoint"]
    assert type(make(told)) is NamedService and told.listen == 33446


@pytest.mark.parametrize(
    "words",
    [
        ["--tor", "--i2p"],
        ["--endpoint", "192.0.2.1:9"],
        ["--tor", "--tor-control", "x"],
        ["--only", "nym"],
        ["--tor", "--only", "i2p"],
        ["--tor-control", "127.0.0.1:9051"],
        ["--tor", "--sam", "127.0.0.1:7656"],
    ],
)
def test_wrong_command_lines(words, tmp_path, capsys):
    assert main(["new", "-p", str(tmp_path / "a.tox")]) == 0
    assert main(["echo", "-p", str(tmp_path / "a.tox"), *words]) == 2
    assert capsys.readouterr().err
