"""After a fork: no nonce is used twice, the parent's connections go on, the child makes its own."""

import os
import select
import socket
import time
import traceback

import pytest

from tests.support import compiled_datapath
from tests.support.fake_streams import pair, pump_all
from tests.support.nonces import add_to_nonce
from tests.support.private_network import HOST, PrivateNetwork
from toxpy.core import Core
from toxpy.generated import enums, events
from toxpy.options import Options
from toxpy.runtime import Runtime
from toxpy.system import datapath_twin
from toxpy.system.streams import Streams
from toxpy.tcp.secure import SecureStream

KEY = bytes(range(32))
DEADLINE_S = 90


def begin_child(function):
    """Run a function in a child, which does nothing after it: its process ID."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        function()
        status = 0
    finally:
        if status:
            os.write(2, traceback.format_exc().encode())
        os._exit(status)


def in_child(function):
    _, status = os.waitpid(begin_child(function), 0)
    assert os.waitstatus_to_exitcode(status) == 0


# keys


@pytest.fixture(scope="module", params=["twin", "compiled"])
def make_session(request, tmp_path_factory):
    if request.param == "twin":
        return datapath_twin.Session
    return compiled_datapath.built_once(tmp_path_factory).Session


@pytest.mark.parametrize("keys", [(KEY,), (KEY, KEY)], ids=["one key", "two keys"])
def test_only_the_process_that_made_a_session_uses_its_key(make_session, keys):
    def make():
        return make_session(KEY, bytes(24), bytes(24), *keys[1:])

    session, peer = make(), make()
    packet = session.seal(1, 2, b"\x40hello")
    assert peer.open(packet) == (1, 2, b"\x40hello")

    def child():
        before = session.send_nonce
        empty = session.seal(3, 4, b"\x40hello")
        assert len(empty) == len(packet)
        assert not any(empty[3:])
        assert session.send_nonce == add_to_nonce(before)
        assert peer.open(packet) is None
        # what is made here works here, and not one process further
        own = make()
        assert make().open(own.seal(1, 2, b"\x40")) == (1, 2, b"\x40")

        def grandchild():
            assert not any(own.seal(1, 2, b"\x40")[3:])

        in_child(grandchild)

    in_child(child)
    assert peer.open(session.seal(5, 6, b"\x40again")) == (5, 6, b"\x40again")


def test_frames_to_a_relay_are_sent_by_the_parent_only():
    near, far = pair((bytes(4), 1), (bytes(4), 2))
    secure, other = SecureStream(near, KEY, 1, 2), SecureStream(far, KEY, 2, 1)

    def child():
        assert not secure.send(b"from the child", priority=True)
        assert near.pending() == 0

    in_child(child)
    assert secure.send(b"from the parent")
    pump_all(near, far)
    assert other.receive() == [b"from the parent"]


# streams


def test_the_child_leaves_the_parents_streams_alone():
    streams = Streams(rt=Runtime(), ipv6=False)
    listener = streams.listen(0, "127.0.0.1")
    watched = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    watched.bind(("127.0.0.1", 0))
    streams.watch(watched.fileno())
    accepted = []
    listener.on_accept = accepted.append
    stream = streams.connect((b"\x7f\x00\x00\x01", listener.port))
    for _ in range(1000):
        streams.poll()
        streams.flush()
        if accepted and stream.is_connected():
            break
        time.sleep(0.005)
    # in the middle of a pass: this is the parent's to send
    streams.poll()
    stream.write(b"from the parent")
    number = streams.fileno()

    def child():
        heard = []
        stream.on_ready = lambda: heard.append(stream.read())
        streams.leave_to_parent()
        stream.write(b"from the child")
        streams.poll()
        streams.flush()
        assert heard == [None]
        stream.close()
        accepted[0].close()
        assert streams.fileno() == number
        # ours are watched, and ours alone
        watched.sendto(b"x", watched.getsockname())
        assert select.select([number], [], [], 10)[0]
        watched.recv(1)
        assert not select.select([number], [], [], 0)[0]
        stranger = socket.create_connection(("127.0.0.1", listener.port))
        assert select.select([number], [], [], 10)[0]
        streams.poll()
        assert len(accepted) == 2
        stranger.close()
        listener.close()
        streams.close()

    in_child(child)
    streams.flush()
    # what arrives wakes the parent up, and is what the parent sent
    assert select.select([number], [], [], 10)[0]
    got = b""
    for _ in range(1000):
        got += accepted[0].read() or b""
        if len(got) >= 15:
            break
        time.sleep(0.005)
    assert got == b"from the parent"
    assert stream.is_connected() and accepted[0].is_connected()
    watched.sendto(b"x", watched.getsockname())
    assert select.select([number], [], [], 10)[0]
    streams.close()
    watched.close()


# instances


def run_until(cores, done):
    """Iterate until `done` says so of everything that happened."""
    happened = []
    deadline = time.monotonic() + DEADLINE_S
    while not done(happened):
        assert time.monotonic() < deadline, happened
        for core in cores:
            core.iterate()
            happened += core.drain_events()
        time.sleep(0.01)


def is_online(core):
    return core.friends.friend_get_connection_status(0) != 0


def message_came(text):
    return lambda happened: any(
        isinstance(event, events.FriendMessage) and event.message == text for event in happened
    )


def start_pair():
    a, b = (Core(Options(local_discovery_enabled=False, tcp_port=port)) for port in (0, 33700))
    a.friends.friend_add_norequest(b.user.self_get_public_key())
    b.friends.friend_add_norequest(a.user.self_get_public_key())
    a.network.bootstrap(HOST, b.network.self_get_udp_port(), b.network.self_get_dht_id())
    a.network.add_tcp_relay(HOST, 33700, b.network.self_get_dht_id())
    run_until([a, b], lambda _: is_online(a) and is_online(b) and a.tcp.relays_to_save(8))
    return a, b


@pytest.mark.namespaces
def test_a_daemons_child_goes_on_with_its_instance():
    with PrivateNetwork():
        a, b = start_pair()

        def child():
            a.friends.friend_send_message(0, 0, b"sealed by nobody")
            a.iterate()
            assert not is_online(a)
            run_until([a], lambda _: is_online(a))
            a.friends.friend_send_message(0, 0, b"from the child")
            run_until([a], message_came(b"stop"))
            a.kill()

        pid = begin_child(child)
        run_until([b], message_came(b"from the child"))
        b.friends.friend_send_message(0, 0, b"stop")
        ended = []

        def child_ended(_happened):
            ended[:] = os.waitpid(pid, os.WNOHANG)
            return ended[0] == pid

        run_until([b], child_ended)
        assert os.waitstatus_to_exitcode(ended[1]) == 0
        b.kill()
        a.kill()


@pytest.mark.namespaces
def test_a_parent_goes_on_when_its_child_ends():
    with PrivateNetwork():
        a, b = start_pair()
        session = a.net_crypto.connection(b.user.self_get_public_key()).session

        def child():
            a.kill()
            b.kill()

        in_child(child)
        a.friends.friend_send_message(0, 0, b"still there")
        run_until([a, b], message_came(b"still there"))
        assert a.net_crypto.connection(b.user.self_get_public_key()).session is session
        a.kill()
        b.kill()


def group_message_came(text):
    return lambda happened: any(
        isinstance(event, events.GroupMessage) and event.message == text for event in happened
    )


@pytest.mark.namespaces
def test_a_daemons_child_goes_on_in_a_group():
    """Also when the parent has said something meanwhile, with the message ids that the child would use."""
    with PrivateNetwork():
        a, b = start_pair()
        a.groups.group_new(enums.TOX_GROUP_PRIVACY_STATE_PRIVATE, b"Group", b"a")
        a.groups.group_invite_friend(0, 0)

        def accepted(happened):
            for event in happened:
                if isinstance(event, events.GroupInvite):
                    b.groups.group_invite_accept(0, event.invite_data, b"b", b"")
                    return True
            return False

        run_until([a, b], accepted)
        a_sees, b_sees = (core.groups.capability.get().get(0).group.peers for core in (a, b))
        run_until([a, b], lambda _: a_sees.count_confirmed() and b_sees.count_confirmed())
        go_on, tell = os.pipe()

        def child():
            os.read(go_on, 1)
            a.iterate()
            a.groups.group_send_message(0, 0, b"from the child")
            run_until([a], group_message_came(b"stop"))

        pid = begin_child(child)
        a.groups.group_send_message(0, 0, b"from the parent")
        run_until([b], group_message_came(b"from the parent"))
        os.write(tell, b"x")
        run_until([b], group_message_came(b"from the child"))
        b.groups.group_send_message(0, 0, b"stop")
        run_until([b], lambda _: os.waitpid(pid, os.WNOHANG)[0] == pid)
        assert b_sees.count_confirmed() == 1
        os.close(go_on)
        os.close(tell)
        b.kill()
        a.kill()
