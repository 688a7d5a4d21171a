"""Tox: types at the edge, closing, secrets, typed events."""

import pytest

import toxpy
from tests.support.sim_streams import SimStreams, TcpFabric
from tests.support.universe import Universe
from toxpy.core import Core
from toxpy.generated import enums, events
from toxpy.generated.typed_events import from_core
from toxpy.options import Options
from toxpy.tox import Tox, build_options


@pytest.fixture
def universe():
    return Universe(3)


def make(universe, name="alice", **fields):
    rt, socket = universe.runtime(name), universe.socket()
    streams = SimStreams(TcpFabric(universe), socket, rt)
    return Tox(core=Core(Options(**fields), rt=rt, udp=socket, streams=streams))


def test_text_keys_and_enums(universe):
    tox = make(universe)
    tox.self_set_name("Älice 🦆")
    assert tox.self_get_name() == "Älice 🦆"
    assert tox.core.user.self_get_name() == "Älice 🦆".encode()
    tox.self_set_name(b"raw \xff")
    assert tox.self_get_name() == "raw �"
    tox.self_set_status_message("hi")
    assert tox.self_get_status_message() == "hi"
    tox.self_set_status(toxpy.UserStatus.AWAY)
    assert tox.self_get_status() is toxpy.UserStatus.AWAY
    with pytest.raises(ValueError, match="9"):
        tox.self_set_status(9)
    assert tox.self_get_connection_status() is toxpy.Connection.NONE
    assert tox.self_get_address().public_key == tox.self_get_public_key()
    tox.self_set_nospam(5)
    assert tox.self_get_nospam() == tox.self_get_address().nospam == 5
    assert tox.self_get_udp_port() == 33445
    assert isinstance(tox.self_get_dht_id(), toxpy.PublicKey)
    assert Tox.hash(b"x") == Core.hash(b"x")
    with pytest.raises(toxpy.ToxError):
        tox.self_get_tcp_port()


def test_friends(universe):
    alice, bob = make(universe), make(universe, "bob")
    number = alice.friend_add(str(bob.self_get_address()), "Hello")
    assert alice.self_get_friend_list() == [number] == [0]
    assert alice.friend_exists(0) and not alice.friend_exists(1)
    assert alice.friend_get_public_key(0) == bob.self_get_public_key()
    assert alice.friend_by_public_key(str(bob.self_get_public_key())) == 0
    assert alice.friend_get_name(0) == alice.friend_get_status_message(0) == ""
    assert alice.friend_get_status(0) is toxpy.UserStatus.NONE
    assert alice.friend_get_connection_status(0) is toxpy.Connection.NONE
    assert alice.friend_get_typing(0) is False
    assert alice.friend_get_last_online(0) == 0
    alice.self_set_typing(0, True)
    alice.friend_delete(0)
    assert bob.friend_add_norequest(alice.self_get_public_key()) == 0
    with pytest.raises(ValueError, match="checksum"):
        alice.friend_add("00" * 37 + "01", "Hello")
    alice.bootstrap("127.0.0.1", 33445, bob.self_get_dht_id())
    alice.add_tcp_relay("127.0.0.1", 33445, bob.self_get_dht_id())


def test_errors_carry_the_c_error(universe):
    tox = make(universe)
    with pytest.raises(toxpy.ToxError) as caught:
        tox.friend_add(tox.self_get_address(), "Hello")
    assert caught.value.code == enums.TOX_ERR_FRIEND_ADD_OWN_KEY
    assert caught.value.name == "TOX_ERR_FRIEND_ADD_OWN_KEY" and not caught.value.retryable
    assert str(caught.value) == "the address or key is our own (TOX_ERR_FRIEND_ADD_OWN_KEY)"
    assert str(toxpy.ToxError(7)) == "Tox error 7" and str(toxpy.ToxError(7, "NAME", "words")) == "words"
    assert str(toxpy.ToxError(7, "NAME")) == "NAME"
    tox.friend_add_norequest(make(universe, "bob").self_get_public_key())
    for call in (
        lambda: tox.friend_send_message(0, "hi"),
        lambda: tox.friend_send_lossy_packet(0, b"\xc8"),
        lambda: tox.friend_send_lossless_packet(0, b"\xa0"),
    ):
        with pytest.raises(toxpy.ToxError) as caught:
            call()
        assert caught.value.retryable


def test_closing(universe):
    with make(universe) as tox:
        assert not tox.closed
        assert tox.iterate() == []
        assert 1 <= tox.iteration_interval() <= 50
    assert tox.closed and repr(tox) == "<Tox closed>"
    tox.close()
    tox.kill()
    for call in (
        tox.iterate,
        tox.self_get_address,
        tox.get_savedata,
        lambda: tox.friend_send_message(0, "x"),
    ):
        with pytest.raises(toxpy.ToxClosed, match="closed") as caught:
            call()
        assert isinstance(caught.value, toxpy.ToxError)


def test_no_secret_shows(universe):
    tox = make(universe, savedata_type=2, savedata_data=bytes(range(1, 33)))
    secret = tox.self_get_secret_key()
    assert bytes(secret) == bytes(range(1, 33))
    shown = repr(secret) + str(secret) + repr(tox) + repr(tox.core.options) + repr(tox.core.identity)
    assert "0102030405" not in shown and "\\x01\\x02" not in shown
    assert secret == toxpy.SecretKey(bytes(range(1, 33))) and hash(secret)
    with pytest.raises(ValueError, match="32"):
        toxpy.SecretKey(b"short")


def test_events_over_a_real_socket_end_in_time():
    with Tox(ipv6_enabled=False, local_discovery_enabled=False, start_port=34200, end_port=34300) as tox:
        assert list(tox.events(timeout_s=0.05)) == []


def test_options():
    built = build_options(Options(start_port=5), {"end_port": 6, "savedata": b"data"})
    assert (built.start_port, built.end_port, built.savedata_type, built.savedata_data) == (5, 6, 1, b"data")
    assert build_options(None, {"savedata": b""}).savedata_type == 0
    with pytest.raises(TypeError, match="nonsense"):
        build_options(None, {"nonsense": 1})
    with pytest.raises(TypeError, match="nonsense"):
        build_options(Options(), {"nonsense": 1})


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        (events.SelfConnectionStatus(2), "connection_status", toxpy.Connection.UDP),
        (events.FriendRequest(bytes(31) + b"\x01", b"hi"), "message", "hi"),
        (events.FriendMessage(1, 1, "grüß".encode()), "message", "grüß"),
        (events.FriendMessage(1, 1, b"\xff"), "raw", b"\xff"),
        (events.FriendMessage(1, 1, b"\xff"), "type", toxpy.MessageType.ACTION),
        (events.FriendName(1, b"Bob"), "name", "Bob"),
        (events.FriendStatusMessage(1, b"here"), "message", "here"),
        (events.FriendStatus(1, 1), "status", toxpy.UserStatus.AWAY),
        (events.FriendTyping(1, True), "typing", True),
        (events.FriendReadReceipt(1, 9), "message_id", 9),
        (events.FriendConnectionStatus(1, 1), "connection_status", toxpy.Connection.TCP),
        (events.FriendLossyPacket(1, b"\xc8x"), "data", b"\xc8x"),
        (events.FriendLosslessPacket(1, b"\xa0x"), "data", b"\xa0x"),
    ],
)
def test_typed_events(event, field, value):
    typed = from_core(event)
    assert isinstance(typed, toxpy.Event) and type(typed) is getattr(toxpy, type(event).__name__)
    assert getattr(typed, field) == value and type(getattr(typed, field)) is type(value)
    assert getattr(typed, "friend_number", 1) == 1
