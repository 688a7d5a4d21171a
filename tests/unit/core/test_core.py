"""Core: starting from options and saves, the documented errors, events, ending."""

from pathlib import Path

import pytest

from tests.support.sim_streams import SimStreams, TcpFabric
from tests.support.universe import Universe
from toxpy import core as core_module
from toxpy.core import PARTS, Core
from toxpy.errors import PacketError, ToxError
from toxpy.generated import enums, events
from toxpy.ids import ToxId
from toxpy.options import Options
from toxpy.start import source_name
from toxpy.system.sockets import NoSocket

KEY = bytes(range(1, 33))


class Place:
    """A universe and cores in it."""

    def __init__(self):
        self.universe = Universe(7)
        self.fabric = TcpFabric(self.universe)
        self.logged = []

    def core(self, name="node", **fields):
        socket = self.universe.socket()
        log = lambda level, message: self.logged.append((level, message))  # noqa: E731
        rt = self.universe.runtime(name, log)
        streams = SimStreams(self.fabric, socket, rt)
        core = Core(Options(**fields), rt=rt, udp=socket, streams=streams)
        self.universe.add(core, socket)
        return core


@pytest.fixture
def place():
    return Place()


def error_of(call, *args, **kwargs):
    with pytest.raises(ToxError) as caught:
        call(*args, **kwargs)
    assert getattr(enums, caught.value.name) == caught.value.code
    return caught.value.name


# starting


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"proxy_type": 9}, "PROXY_BAD_TYPE"),
        ({"proxy_type": 1, "proxy_host": "127.0.0.1"}, "PROXY_BAD_PORT"),
        ({"proxy_type": 2, "proxy_host": "127.0.0.1", "proxy_port": 65536}, "PROXY_BAD_PORT"),
        ({"proxy_type": 1, "proxy_port": 8080}, "PROXY_BAD_HOST"),
        ({"proxy_type": 1, "proxy_host": "", "proxy_port": 8080}, "PROXY_BAD_HOST"),
        (
            {
                "proxy_type": 2,
                "proxy_host": b"proxy.invalid",
                "proxy_port": 1,
                "experimental_disable_dns": True,
            },
            "PROXY_BAD_HOST",
        ),
        ({"savedata_type": 1}, "LOAD_BAD_FORMAT"),
        ({"savedata_type": 1, "savedata_data": b"toxEsave" + bytes(72)}, "LOAD_ENCRYPTED"),
        ({"savedata_type": 1, "savedata_data": b"garbage"}, "LOAD_BAD_FORMAT"),
        ({"savedata_type": 1, "savedata_data": bytes(200)}, "LOAD_BAD_FORMAT"),
        ({"savedata_type": 2}, "LOAD_BAD_FORMAT"),
        ({"savedata_type": 2, "savedata_data": KEY[:31]}, "LOAD_BAD_FORMAT"),
        ({"savedata_type": 2, "savedata_data": KEY + b"\0"}, "LOAD_BAD_FORMAT"),
        ({"savedata_type": 2, "savedata_data": bytes(32)}, "LOAD_BAD_FORMAT"),
        ({"savedata_type": 3, "savedata_data": KEY}, "LOAD_BAD_FORMAT"),
    ],
)
def test_refused_options(place, fields, name):
    assert error_of(place.core, **fields) == "TOX_ERR_NEW_" + name


def test_proxy_that_can_be_used_later_is_accepted(place):
    place.core(proxy_type=1, proxy_host=b"127.0.0.1", proxy_port=8080).kill()


def test_a_taken_tcp_port_is_an_error():
    first = Core(Options(udp_enabled=False, tcp_port=34101))
    assert first.network.self_get_tcp_port() == 34101
    with pytest.raises(ToxError) as caught:
        Core(Options(udp_enabled=False, tcp_port=34101))
    assert caught.value.name == "TOX_ERR_NEW_PORT_ALLOC" and caught.value.retryable
    first.kill()
    Core(Options(udp_enabled=False, tcp_port=34101)).kill()


def test_a_taken_udp_port_is_an_error():
    first = Core(Options(ipv6_enabled=False, start_port=34000, end_port=34100))
    port = first.network.self_get_udp_port()
    options = Options(ipv6_enabled=False, start_port=port, end_port=port)
    with pytest.raises(ToxError) as caught:
        Core(options)
    assert caught.value.name == "TOX_ERR_NEW_PORT_ALLOC" and caught.value.retryable
    first.kill()
    Core(options).kill()


def test_without_udp():
    core = Core(Options(udp_enabled=False))
    assert isinstance(core.socket, NoSocket)
    assert error_of(core.network.self_get_udp_port) == "TOX_ERR_GET_PORT_NOT_BOUND"
    assert error_of(core.network.self_get_tcp_port) == "TOX_ERR_GET_PORT_NOT_BOUND"
    assert core.network.bootstrap("127.0.0.1", 33445, KEY)
    core.iterate()
    core.kill()


def test_secret_key_gives_the_identity_and_leaves_no_copy(place):
    core = place.core(savedata_type=2, savedata_data=KEY)
    assert core.user.self_get_secret_key() == KEY
    assert ToxId(core.user.self_get_address()).public_key.raw == core.user.self_get_public_key()
    assert core.options.savedata_data == b""
    assert KEY.hex() not in repr(core.identity).lower()
    assert not any(KEY.hex() in message.lower() for _, message in place.logged)
    assert place.logged


def test_dht_key_is_new_at_each_start(place):
    first, second = (place.core(name, savedata_type=2, savedata_data=KEY) for name in "ab")
    assert first.user.self_get_public_key() == second.user.self_get_public_key()
    assert (
        len(
            {
                first.network.self_get_dht_id(),
                second.network.self_get_dht_id(),
                first.user.self_get_public_key(),
            }
        )
        == 3
    )


def test_log_callback_gets_the_c_fields():
    lines = []
    Core(Options(udp_enabled=False, log_callback=lambda *fields: lines.append(fields))).kill()
    level, file, line, func, message = lines[0]
    assert (level, file, func) == (enums.TOX_LOG_LEVEL_INFO, "core.py", "Core.__init__") and message
    source = Path(core_module.__file__).read_text(encoding="utf-8").splitlines()
    assert "rt.log(" in source[line - 1]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/lib/toxpy-site/toxpy/dht/ping.py", "dht/ping.py"),
        ("/home/toxpy/x/toxpy/core.py", "core.py"),
        ("/secret/_toxcore_glue.py", "_toxcore_glue.py"),
        ("<frozen>", "<frozen>"),
    ],
)
def test_the_log_names_no_folder_of_the_machine(path, name):
    assert source_name(path) == name


def test_traffic_is_counted(place):
    alice, bob = place.core("alice"), place.core("bob")
    alice.network.bootstrap(
        ".".join(map(str, bob.socket.address[0])), bob.socket.port, bob.network.self_get_dht_id()
    )
    place.universe.run_for(3_000)
    udp, tcp = enums.TOX_NETPROF_PACKET_TYPE_UDP, enums.TOX_NETPROF_PACKET_TYPE_TCP
    sent, received = enums.TOX_NETPROF_DIRECTION_SENT, enums.TOX_NETPROF_DIRECTION_RECV
    nodes_request = enums.TOX_NETPROF_PACKET_ID_TWO
    count = alice.network.netprof_get_packet_id_count(udp, nodes_request, sent)
    assert count > 0
    assert alice.network.netprof_get_packet_id_bytes(udp, nodes_request, sent) == count * 113
    assert bob.network.netprof_get_packet_id_count(udp, nodes_request, received) > 0
    assert alice.network.netprof_get_packet_total_count(udp, received) > 0
    assert alice.network.netprof_get_packet_total_bytes(udp, sent) > count * 113
    assert alice.network.netprof_get_packet_total_count(tcp, sent) == 0
    assert alice.network.netprof_get_packet_total_count(99, sent) == 0


def test_going_online_and_offline_is_told_once_each(place):
    cores = [place.core(f"node{i}") for i in range(5)]
    alice, others = cores[0], cores[1:]
    told = []

    def alice_is(status):
        told.extend(e.connection_status for e in alice.drain_events())
        return alice.network.self_get_connection_status() == status

    for core in cores[:1] + others[1:]:
        ip = ".".join(map(str, others[0].socket.address[0]))
        core.network.bootstrap(ip, others[0].socket.port, others[0].network.self_get_dht_id())
    assert place.universe.run_until(lambda: alice_is(enums.TOX_CONNECTION_UDP), 60_000)
    for other in others:
        other.socket.online = False
    assert place.universe.run_until(lambda: alice_is(enums.TOX_CONNECTION_NONE), 300_000)
    for other in others:
        other.socket.online = True
    assert place.universe.run_until(lambda: alice_is(enums.TOX_CONNECTION_UDP), 300_000)
    place.universe.run_for(1_000)
    assert alice_is(enums.TOX_CONNECTION_UDP)
    assert told == [enums.TOX_CONNECTION_UDP, enums.TOX_CONNECTION_NONE, enums.TOX_CONNECTION_UDP]


# asking the DHT


def test_what_a_dht_node_answers_is_reported_when_wanted(place):
    cores = [place.core(name) for name in ("alice", "bob", "carol")]
    alice, bob, carol = cores
    ip_of = {core: ".".join(map(str, core.socket.address[0])) for core in cores}
    for core in (alice, carol):
        core.network.bootstrap(ip_of[bob], bob.socket.port, bob.network.self_get_dht_id())
    target = carol.network.self_get_dht_id()
    place.universe.run_for(3_000)
    nodes = lambda: [event for event in alice.drain_events() if isinstance(event, events.DhtNodesResponse)]  # noqa: E731
    assert nodes() == []
    alice.network.report_dht_nodes(True)
    assert alice.network.dht_send_nodes_request(
        bob.network.self_get_dht_id(), ip_of[bob], bob.socket.port, target
    )
    place.universe.run_for(100)
    assert events.DhtNodesResponse(target, ip_of[carol].encode(), carol.socket.port) in nodes()
    alice.network.report_dht_nodes(False)
    alice.network.dht_send_nodes_request(
        bob.network.self_get_dht_id(), ip_of[bob].encode(), bob.socket.port, target
    )
    place.universe.run_for(100)
    assert nodes() == []


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((None, "127.0.0.1", 1, KEY), "NULL"),
        ((KEY, None, 1, KEY), "NULL"),
        ((KEY, "127.0.0.1", 1, None), "NULL"),
        ((KEY, "127.0.0.1", 0, KEY), "BAD_PORT"),
        ((KEY, "no.such.host.invalid", 1, KEY), "BAD_IP"),
        ((KEY, "::1", 1, KEY), "BAD_IP"),
        ((bytes(32), "127.0.0.1", 1, KEY), "FAIL"),
    ],
)
def test_errors_of_asking_the_dht(place, arguments, name):
    core = place.core(ipv6_enabled=False)
    assert (
        error_of(core.network.dht_send_nodes_request, *arguments) == "TOX_ERR_DHT_SEND_NODES_REQUEST_" + name
    )
    us = core.network.self_get_dht_id(), "127.0.0.1", 1, KEY
    assert error_of(core.network.dht_send_nodes_request, *us) == "TOX_ERR_DHT_SEND_NODES_REQUEST_FAIL"


def test_without_udp_the_dht_is_not_asked():
    core = Core(Options(udp_enabled=False))
    failed = error_of(core.network.dht_send_nodes_request, None, None, 0, None)
    assert failed == "TOX_ERR_DHT_SEND_NODES_REQUEST_UDP_DISABLED"
    core.kill()


# savedata


def test_save_and_load(place):
    core = place.core("first")
    core.user.self_set_name(b"Alice")
    core.user.self_set_status_message(b"here")
    core.user.self_set_status(enums.TOX_USER_STATUS_BUSY)
    core.user.self_set_nospam(0x01020304)
    key = place.core("friend").user.self_get_public_key()
    core.friends.friend_add_norequest(key)
    again = place.core("second", savedata_type=1, savedata_data=core.get_savedata())
    assert again.user.self_get_address() == core.user.self_get_address()
    assert again.user.self_get_nospam() == 0x01020304
    assert again.user.self_get_name() == b"Alice"
    assert again.user.self_get_status_message() == b"here"
    assert again.user.self_get_status() == enums.TOX_USER_STATUS_BUSY
    assert again.friends.self_get_friend_list() == [0]
    assert again.friends.friend_get_public_key(0) == key


def test_every_truncation_of_a_save_is_refused_or_whole(place):
    core = place.core()
    core.user.self_set_name(b"Alice")
    data = core.get_savedata()
    address = core.user.self_get_address()
    for size in range(1, len(data)):
        try:
            loaded = place.core(f"cut {size}", savedata_type=1, savedata_data=data[:size])
        except ToxError as error:
            assert error.name == "TOX_ERR_NEW_LOAD_BAD_FORMAT"
        else:
            # never somebody else than before
            assert loaded.user.self_get_address() == address


def test_sections_of_other_versions_survive(place):
    data = place.core().get_savedata()
    end = data.rindex((0).to_bytes(4, "little") + b"\xff\x00\xce\x01")
    strange = (5).to_bytes(4, "little") + b"\x77\x00\xce\x01" + b"hello"
    groups = (3).to_bytes(4, "little") + b"\x07\x00\xce\x01" + b"\x91\xa0\x01"
    loaded = place.core("next", savedata_type=1, savedata_data=data[:end] + groups + strange + data[end:])
    saved = loaded.get_savedata()
    assert strange in saved and groups in saved


# network arguments


def test_bootstrap_errors(place):
    core = place.core(experimental_disable_dns=True)
    for call in (core.network.bootstrap, core.network.add_tcp_relay):
        assert error_of(call, None, 33445, KEY) == "TOX_ERR_BOOTSTRAP_NULL"
        assert error_of(call, "127.0.0.1", 33445, None) == "TOX_ERR_BOOTSTRAP_NULL"
        assert error_of(call, "127.0.0.1", 0, KEY) == "TOX_ERR_BOOTSTRAP_BAD_PORT"
        assert error_of(call, "127.0.0.1", 65536, KEY) == "TOX_ERR_BOOTSTRAP_BAD_PORT"
        assert error_of(call, "localhost", 33445, KEY) == "TOX_ERR_BOOTSTRAP_BAD_HOST"
        assert error_of(call, b"\xff\xfe", 33445, KEY) == "TOX_ERR_BOOTSTRAP_BAD_HOST"
        assert error_of(call, "", 33445, KEY) == "TOX_ERR_BOOTSTRAP_BAD_HOST"
        with pytest.raises(ValueError, match="32 bytes"):
            call("127.0.0.1", 33445, KEY[:31])
        assert call(b"127.0.0.1", 33445, KEY) is True
        assert call("::1", 33445, KEY) is True
    assert error_of(core.network.bootstrap_addresses, [], 33445, KEY) == "TOX_ERR_BOOTSTRAP_BAD_HOST"
    assert error_of(core.network.bootstrap_addresses, [bytes(4)], 0, KEY) == "TOX_ERR_BOOTSTRAP_BAD_PORT"


def test_ipv6_hosts_are_refused_where_ipv6_is_off(place):
    core = place.core(ipv6_enabled=False)
    assert error_of(core.network.bootstrap, "::1", 33445, KEY) == "TOX_ERR_BOOTSTRAP_BAD_HOST"


def test_host_names_are_looked_up(place):
    assert place.core(ipv6_enabled=False).network.bootstrap("localhost", 33445, KEY) is True


# friends and texts


def test_friend_add_errors(place):
    core = place.core()
    other = place.core("other").user.self_get_address()
    prefix = "TOX_ERR_FRIEND_ADD_"
    assert error_of(core.friends.friend_add, None, b"hi") == prefix + "NULL"
    assert error_of(core.friends.friend_add, other, None) == prefix + "NULL"
    assert error_of(core.friends.friend_add, other, b"") == prefix + "NO_MESSAGE"
    assert error_of(core.friends.friend_add, other, bytes(922)) == prefix + "TOO_LONG"
    assert (
        error_of(core.friends.friend_add, other[:-1] + bytes([other[-1] ^ 1]), b"hi")
        == prefix + "BAD_CHECKSUM"
    )
    assert error_of(core.friends.friend_add, b"short", b"hi") == prefix + "BAD_CHECKSUM"
    assert error_of(core.friends.friend_add, core.user.self_get_address(), b"hi") == prefix + "OWN_KEY"
    assert core.friends.friend_add(other, b"hi") == 0
    assert error_of(core.friends.friend_add, other, b"hi") == prefix + "ALREADY_SENT"
    changed = ToxId.build(other[:32], 99).raw
    assert error_of(core.friends.friend_add, changed, b"hi") == prefix + "SET_NEW_NOSPAM"
    assert error_of(core.friends.friend_add_norequest, None) == prefix + "NULL"
    assert error_of(core.friends.friend_add_norequest, other[:32]) == prefix + "ALREADY_SENT"
    with pytest.raises(ValueError, match="32 bytes"):
        core.friends.friend_add_norequest(b"short")


def test_the_parts_are_where_the_glue_looks_for_them(place):
    core = place.core()
    assert {name: type(getattr(core, name)) for name in PARTS} == PARTS


def test_unknown_friends(place):
    core = place.core()
    for number in (0, 7, 2**32 - 1):
        assert not core.friends.friend_exists(number)
        for name in ("name", "status_message", "status", "connection_status", "typing"):
            call = getattr(core.friends, "friend_get_" + name)
            assert error_of(call, number) == "TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND"
        assert (
            error_of(core.friends.friend_get_public_key, number)
            == "TOX_ERR_FRIEND_GET_PUBLIC_KEY_FRIEND_NOT_FOUND"
        )
        assert (
            error_of(core.friends.friend_get_last_online, number)
            == "TOX_ERR_FRIEND_GET_LAST_ONLINE_FRIEND_NOT_FOUND"
        )
        assert error_of(core.friends.friend_delete, number) == "TOX_ERR_FRIEND_DELETE_FRIEND_NOT_FOUND"
        assert error_of(core.friends.self_set_typing, number, True) == "TOX_ERR_SET_TYPING_FRIEND_NOT_FOUND"
        send = core.friends.friend_send_message
        assert error_of(send, number, 0, b"x") == "TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_FOUND"
        for call, first in (
            (core.friends.friend_send_lossy_packet, 200),
            (core.friends.friend_send_lossless_packet, 160),
        ):
            assert error_of(call, number, bytes([first])) == "TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_FOUND"
    assert error_of(core.friends.friend_by_public_key, KEY) == "TOX_ERR_FRIEND_BY_PUBLIC_KEY_NOT_FOUND"
    assert error_of(core.friends.friend_by_public_key, None) == "TOX_ERR_FRIEND_BY_PUBLIC_KEY_NULL"


def test_sending_errors_for_a_friend_who_is_offline(place):
    core = place.core()
    number = core.friends.friend_add_norequest(place.core("other").user.self_get_public_key())
    prefix = "TOX_ERR_FRIEND_SEND_MESSAGE_"
    assert error_of(core.friends.friend_send_message, number, 0, None) == prefix + "NULL"
    assert error_of(core.friends.friend_send_message, number, 0, b"") == prefix + "EMPTY"
    assert error_of(core.friends.friend_send_message, number, 0, bytes(1373)) == prefix + "TOO_LONG"
    with pytest.raises(ToxError) as caught:
        core.friends.friend_send_message(number, 0, bytes(1372))
    assert caught.value.name == prefix + "FRIEND_NOT_CONNECTED" and caught.value.retryable
    prefix = "TOX_ERR_FRIEND_CUSTOM_PACKET_"
    for call, first in (
        (core.friends.friend_send_lossy_packet, 200),
        (core.friends.friend_send_lossless_packet, 160),
    ):
        assert error_of(call, number, None) == prefix + "NULL"
        assert error_of(call, number, b"") == prefix + "EMPTY"
        assert error_of(call, number, b"\x01x") == prefix + "INVALID"
        assert error_of(call, number, bytes([first]) * 1374) == prefix + "TOO_LONG"
        assert error_of(call, number, bytes([first])) == prefix + "FRIEND_NOT_CONNECTED"


def test_texts(place):
    core = place.core()
    assert core.user.self_get_name() == core.user.self_get_status_message() == b""
    assert core.user.self_set_name(bytes(128)) and core.user.self_set_status_message(bytes(1007))
    assert error_of(core.user.self_set_name, bytes(129)) == "TOX_ERR_SET_INFO_TOO_LONG"
    assert error_of(core.user.self_set_status_message, bytes(1008)) == "TOX_ERR_SET_INFO_TOO_LONG"
    assert error_of(core.user.self_set_name, None) == "TOX_ERR_SET_INFO_NULL"
    assert error_of(core.user.self_set_status_message, None) == "TOX_ERR_SET_INFO_NULL"
    assert (core.user.self_get_name(), core.user.self_get_status_message()) == (bytes(128), bytes(1007))


def test_friend_numbers_are_the_smallest_free(place):
    core = place.core()
    keys = [place.core(f"other {i}").user.self_get_public_key() for i in range(3)]
    assert [core.friends.friend_add_norequest(key) for key in keys] == [0, 1, 2]
    core.friends.friend_delete(1)
    assert core.friends.self_get_friend_list() == [0, 2]
    assert core.friends.friend_add_norequest(keys[1]) == 1
    assert core.friends.friend_by_public_key(keys[2]) == 2
    assert core.friends.friend_get_last_online(0) == 0


# running


def test_unknown_and_malformed_datagrams_are_counted(place):
    core = place.core()

    def malformed(address, data):
        raise PacketError("cut short")

    core.node.dispatch.claim(0x77, malformed)
    source = (bytes([20, 9, 9, 9]), 33445)
    core.socket.inbox += [(b"", source), (b"\x78", source), (b"\x77", source), (b"\x77x", source)]
    core.iterate()
    counts = core.rt.counters.values
    assert counts["drop.udp_kind"] == 2 and counts["drop.udp_malformed"] == 2
    assert core.socket.inbox == []


def test_a_flood_does_not_stop_the_timers(place):
    core = place.core()
    ran = []
    core.rt.timers.call_later(0, lambda: ran.append(1))
    core.socket.inbox += [(b"\x78", (bytes([20, 9, 9, 9]), 1))] * 5000
    core.iterate()
    assert ran and core.socket.inbox


def test_events_come_in_order_and_not_of_deleted_friends(place):
    core = place.core()
    numbers = [
        core.friends.friend_add_norequest(place.core(f"o{i}").user.self_get_public_key()) for i in range(2)
    ]
    friends = [core.messenger.friend(number) for number in numbers]
    for text in (b"one", b"two"):
        for friend in friends:
            core.messenger.events.append(events.FriendMessage(friend.number, 0, text, owner=friend))
    assert core.has_events() and core.iteration_interval() == 1
    seen = []
    for event in core.drain_events():
        seen.append((event.friend_number, event.message))
        if len(seen) == 1:
            core.friends.friend_delete(0)
            core.messenger.events.append(events.SelfConnectionStatus(0))
            core.messenger.events.append(events.FriendName(1, b"late", owner=friends[1]))
            break
    rest = list(core.drain_events())
    assert seen == [(0, b"one")]
    assert [(type(e).__name__, getattr(e, "friend_number", None)) for e in rest] == [
        ("FriendMessage", 1),
        ("FriendMessage", 1),
        ("SelfConnectionStatus", None),
        ("FriendName", 1),
    ]
    assert not core.has_events()


def test_iteration_interval(place):
    core = place.core()
    assert 1 <= core.iteration_interval() <= 50
    core.iterate()
    core.rt.timers.call_later(3, lambda: None)
    # timers of an idle client wait for its next pass
    assert core.deadline_in_ms() <= 3 and core.iteration_interval() == 50
    core.rt.pace.note()
    assert core.iteration_interval() == 1


def test_kill_may_be_repeated_and_closes_the_socket(place):
    core = place.core()
    core.kill()
    core.kill()
    assert core.socket.closed
    core.iterate()
    assert list(core.drain_events()) == []


def test_hash():
    assert Core.hash(b"") == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


def test_a_quiet_instance_stays_connected(place):
    """Nodes long known are asked every two minutes, but one of them sooner, to see that we are online."""
    cores = [place.core(f"node{number}") for number in range(5)]
    for core in cores[1:]:
        core.dht.bootstrap(cores[0].socket.address, cores[0].network.self_get_dht_id())
    seen = []
    for _ in range(600):
        place.universe.run_for(1000)
        seen += cores[1].drain_events()
    assert [event.connection_status for event in seen] == [enums.TOX_CONNECTION_UDP]
