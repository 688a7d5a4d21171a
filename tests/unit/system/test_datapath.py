"""The two datapaths, compiled and in Python, do the same: each test runs both and compares."""

import errno
import gc
import os
import random
import socket as std_socket
import struct
import subprocess
import sys
import time
import weakref
from pathlib import Path

import pytest

from tests.support.private_network import PrivateNetwork
from toxpy.crypto.sodium import encrypt
from toxpy.system import datapath_twin
from toxpy.system.datapath_twin import Datapath as PyDatapath
from toxpy.system.datapath_twin import Session as PySession
from toxpy.system.traffic import Traffic
from toxpy.wire import group_packets

LOOPBACK = b"\x7f\x00\x00\x01"
KEY = bytes(range(32))
ONES = b"\xff" * 24
SOL_UDP, UDP_GRO, UDP_SEGMENT = 17, 104, 103


def both(compiled):
    return [(PySession, PyDatapath), (compiled.Session, compiled.Datapath)]


class End:
    """A bound socket with a datapath."""

    def __init__(self, make, ipv6=False):
        family = std_socket.AF_INET6 if ipv6 else std_socket.AF_INET
        self.socket = std_socket.socket(family, std_socket.SOCK_DGRAM)
        if ipv6:
            self.socket.setsockopt(std_socket.IPPROTO_IPV6, std_socket.IPV6_V6ONLY, 0)
        self.socket.setblocking(False)
        self.socket.bind(("::" if ipv6 else "127.0.0.1", 0))
        self.address = (LOOPBACK, self.socket.getsockname()[1])
        self.traffic, self.errors, self.scopes = Traffic(), {}, {}
        self.path = make(self.socket, ipv6, self.traffic, self.errors, self.scopes)

    def take(self, count):
        """All that comes until so many datagrams were there: (runs, raw)."""
        runs, raw, seen = [], [], 0
        for _ in range(400):
            more_runs, more_raw, _more = self.path.receive(512)
            runs += more_runs
            raw += more_raw
            seen += sum(len(run[2]) for run in more_runs) + len(more_raw)
            if seen >= count:
                break
            time.sleep(0.005)
        return runs, raw

    def counts(self):
        p = self.traffic
        lists = (p.packets_received, p.bytes_received, p.packets_sent, p.bytes_sent)
        return [{kind: n for kind, n in enumerate(each) if n} for each in lists]

    def close(self):
        self.path.close()
        self.socket.close()


@pytest.fixture
def ends():
    made = []

    def make(*arguments, **options):
        made.append(End(*arguments, **options))
        return made[-1]

    yield make
    for end in made:
        end.close()


def records_of(runs):
    """Runs with the receivers, and neighbours joined: how they were cut is not part of the interface."""
    return [(receiver, address, record) for receiver, address, records in runs for record in records]


# receiving


def garbage(rng, count):
    """Datagrams of all kinds, with many data packets that are none."""
    for _ in range(count):
        size = rng.choice([0, 1, 27, 28, 29, 300, 1400, 1401, 2047, 2048, 2049, 5000])
        data = rng.randbytes(size)
        yield b"\x1b" + data[1:] if data and rng.random() < 0.5 else data


def test_a_mixed_stream_comes_out_alike(compiled, ends):
    """Three senders, two of them routed; data, replays, damaged packets, other kinds, oversized ones."""
    sources = [ends(PyDatapath) for _ in range(3)]
    results = []
    for make_session, make_path in both(compiled):
        rng = random.Random(3)
        target = ends(make_path)
        senders = [PySession(bytes((i,)) * 32, bytes(24), ONES) for i in range(3)]
        for i in (0, 1):
            session = make_session(bytes((i,)) * 32, ONES, bytes(24))
            target.path.route(sources[i].address, session, f"peer {i}")
        seen, old = [], []
        for step in range(300):
            i = rng.randrange(3)
            packet = senders[i].seal(step, step, b"\x40" + rng.randbytes(rng.randrange(1300)))
            old.append(packet)
            damaged = packet[:-1] + bytes((packet[-1] ^ 1,))
            for data in rng.choice([[packet], [packet, rng.choice(old)], [damaged], [*garbage(rng, 2)]]):
                sources[i].path.send(target.address, data)
            if step % 20 == 0:
                seen.append(target.take(1))
        sources[2].path.send(target.address, b"the last one")
        while not (seen and seen[-1][1] and seen[-1][1][-1][0] == b"the last one"):
            seen.append(target.take(1))
        records = records_of(run for runs, _ in seen for run in runs)
        raw = [entry for _, entries in seen for entry in entries]
        assert len(records) > 100 and len(raw) > 100
        results.append((records, raw, target.path.oversized, target.counts(), target.errors))
    assert results[0] == results[1]
    assert results[0][2] > 0


def test_routes_change_hands_and_end(compiled, ends):
    source = ends(PyDatapath)
    for make_session, make_path in both(compiled):
        target = ends(make_path)
        sender = PySession(KEY, bytes(24), bytes(24))
        for receiver in ("one", "two", None):
            session = make_session(KEY, bytes(24), bytes(24)) if receiver else None
            target.path.route(source.address, session, receiver)
            packet = sender.seal(0, 0, b"\x40")
            source.path.send(target.address, packet)
            runs, raw = target.take(1)
            assert runs == ([(receiver, source.address, [(0, 0, b"\x40")])] if receiver else [])
            assert raw == ([] if receiver else [(packet, source.address)])
        target.path.route(source.address, None, None)


def test_the_same_peer_over_ipv4_on_both_kinds_of_socket(compiled, ends):
    """A dual-stack socket sees ::ffff:127.0.0.1, which must never be seen above."""
    source = ends(PyDatapath)
    for make_session, make_path in both(compiled):
        for ipv6 in (False, True):
            target = ends(make_path, ipv6=ipv6)
            target.path.route(source.address, make_session(KEY, bytes(24), bytes(24)), "peer")
            source.path.send(target.address, PySession(KEY, bytes(24), bytes(24)).seal(0, 0, b"\x40"))
            source.path.send(target.address, b"\x00raw")
            runs, raw = target.take(2)
            assert records_of(runs) == [("peer", source.address, (0, 0, b"\x40"))]
            assert raw == [(b"\x00raw", source.address)]
            target.path.send(source.address, b"back")
            assert source.take(1)[1] == [(b"back", target.address)]


def test_limits_and_what_is_left(compiled, ends):
    source = ends(PyDatapath)
    for _, make_path in both(compiled):
        target = ends(make_path)
        for i in range(40):
            source.path.send(target.address, bytes((i,)))
        time.sleep(0.01)
        got = [target.path.receive(limit) for limit in (0, 3, 16, 100, 100)]
        assert [len(raw) for _, raw, _ in got] == [0, 3, 16, 21, 0]
        assert [more for *_, more in got] == [False, True, True, False, False]
        assert [raw[0] for _, entry, _ in got for raw in entry] == [bytes((i,)) for i in range(40)]


def test_a_row_that_the_kernel_joined_is_cut_again(compiled, ends):
    target = ends(compiled.Datapath)
    if not target.socket.getsockopt(SOL_UDP, UDP_GRO):
        # an old kernel: then nothing is joined, and the other tests are all there is to see
        return
    source = std_socket.socket(std_socket.AF_INET, std_socket.SOCK_DGRAM)
    sender, packets = PySession(KEY, bytes(24), bytes(24)), []
    for i in range(9):
        packets.append(sender.seal(0, i, b"\x40" + bytes(200)))
    packets.append(b"\x00short")
    segment = struct.pack("H", len(packets[0]))
    name = ("127.0.0.1", target.address[1])
    source.sendmsg([b"".join(packets)], [(SOL_UDP, UDP_SEGMENT, segment)], 0, name)
    address = (LOOPBACK, source.getsockname()[1])
    target.path.route(address, compiled.Session(KEY, bytes(24), bytes(24)), "peer")
    runs, raw = target.take(10)
    assert [record[1] for *_, record in records_of(runs)] == list(range(9))
    assert raw == [(b"\x00short", address)]
    assert target.counts()[0] == {0x1B: 9, 0: 1}
    source.close()


# sending


def test_data_packets_are_sealed_and_sent_alike(compiled, ends):
    sent = []
    for make_session, make_path in both(compiled):
        target, source = ends(PyDatapath), ends(make_path, ipv6=True)
        session = make_session(KEY, bytes(24), b"\xff" * 22 + b"\xff\xfd")
        raw = []
        for held in (False, True) * 5:
            if held:
                source.path.hold()
            rng = random.Random(4)
            for i in range(40):
                # equal sizes in a row, and others
                size = 1371 if i % 40 < 30 else 1 + rng.randrange(1373)
                source.path.send_data(target.address, session, i, i, b"\x40" * size)
                if i % 10 == 0:
                    source.path.send(target.address, b"\x00" + bytes(i))
            if held:
                source.path.release()
            # before the kernel's buffer is full
            raw += target.take(44)[1]
        sent.append(([data for data, _ in raw], source.counts(), source.errors, session.send_nonce))
    assert sent[0] == sent[1]
    assert len(sent[0][0]) == 440


def test_held_packets_wait_for_the_release(compiled, ends):
    for _, make_path in both(compiled):
        target, source = ends(PyDatapath), ends(make_path)
        source.path.hold()
        source.path.hold()
        source.path.send(target.address, b"one")
        assert target.path.receive(9)[1] == []
        assert source.counts()[2] == {}
        source.path.release()
        assert [data for data, _ in target.take(1)[1]] == [b"one"]
        source.path.send(target.address, b"two")
        assert target.path.receive(9)[1] == []
        for _ in range(200):
            source.path.send(target.address, b"more")
        # the queue has an end
        assert len(target.take(64)[1]) >= 64
        source.path.close()
        assert target.take(1)[1]
        source.path.send(target.address, b"late")
        source.path.release()
        assert b"late" not in [data for data, _ in target.path.receive(500)[1]]


def test_errors_are_counted_alike(compiled, ends):
    counted = []
    for make_session, make_path in both(compiled):
        source = ends(make_path)
        session = make_session(KEY, bytes(24), bytes(24))
        for hold in (False, True):
            if hold:
                source.path.hold()
            source.path.send((bytes(15) + b"\x01", 1), b"x")
            source.path.send_data((bytes(15) + b"\x01", 1), session, 0, 0, b"\x40")
            source.path.send((LOOPBACK, 0), b"x")
            source.path.send((LOOPBACK, 9), bytes(66_000))
            source.path.send((LOOPBACK, 9), bytes(80_000))
            for _ in range(20):
                # broadcasts are not allowed on this socket
                source.path.send_data((b"\xff" * 4, 9), session, 0, 0, b"\x40" * 500)
            if hold:
                source.path.release()
        with pytest.raises(ValueError, match="4 or 16"):
            source.path.send((b"\x7f", 1), b"x")
        with pytest.raises(ValueError, match="0 to 65535"):
            source.path.send((LOOPBACK, 65536), b"x")
        assert source.counts()[2] == {}
        counted.append((source.errors, session.send_nonce))
    assert counted[0] == counted[1]
    assert counted[0][0] == {
        errno.EAFNOSUPPORT: 4, errno.EINVAL: 2, errno.EMSGSIZE: 4, errno.EACCES: 40,
    }  # fmt: skip


@pytest.mark.namespaces
def test_rows_that_the_path_does_not_take_go_out_one_by_one(compiled, ends):
    """Packets over the MTU: the kernel refuses to cut a row into them, and takes each as fragments."""
    with PrivateNetwork():
        subprocess.run(["ip", "link", "set", "lo", "mtu", "600"], check=True)
        for make_session, make_path in both(compiled):
            target, source = ends(PyDatapath), ends(make_path)
            session = make_session(KEY, bytes(24), bytes(24))
            sent = []
            # more rows than the kernel is asked for in vain
            for step in range(12):
                source.path.hold()
                for i in range(6):
                    source.path.send_data(target.address, session, step, i, b"\x40" * 1300)
                source.path.send(target.address, bytes((step,)) * 500)
                source.path.release()
                sent += target.take(7)[1]
            opener = PySession(KEY, bytes(24), bytes(24))
            packets = [data for data, _ in sent]
            assert packets[6::7] == [bytes((i,)) * 500 for i in range(12)]
            opened = [opener.open(data)[:2] for i, data in enumerate(packets) if i % 7 != 6]
            assert opened == [(step, i) for step in range(12) for i in range(6)]
            assert source.errors == {}
            assert source.counts()[2] == {0x1B: 72, **dict.fromkeys(range(12), 1)}


def test_a_full_kernel_buffer_loses_packets_and_counts_them(compiled, ends):
    """A UNIX socket stands in: its other end does not read, so that sending says EAGAIN."""
    for _, make_path in both(compiled):
        source = ends(make_path)
        near, far = std_socket.socketpair(std_socket.AF_UNIX, std_socket.SOCK_DGRAM)
        near.setblocking(False)
        with near, far:
            try:
                while True:
                    near.send(b"x")
            except BlockingIOError:
                pass
            # under the datapath's feet the descriptor becomes the full one
            os.dup2(near.fileno(), source.socket.fileno())
            source.path.hold()
            for _ in range(5):
                source.path.send((LOOPBACK, 9), b"x" * 30)
            source.path.release()
        assert sum(source.errors.values()) == 5
        assert source.counts()[2] == {}


def test_refused_ports_are_counted_and_what_is_behind_them_comes(compiled, ends):
    """With IP_RECVERR the kernel reports ICMP errors at the next receive."""
    for _, make_path in both(compiled):
        target, source = ends(make_path), ends(PyDatapath)
        closed = ends(PyDatapath)
        nobody = closed.address
        closed.close()
        target.socket.setsockopt(std_socket.IPPROTO_IP, 11, 1)
        for data in (b"first", b"second"):
            target.path.send(nobody, b"?")
            source.path.send(target.address, data)
        assert [data for data, _ in target.take(2)[1]] == [b"first", b"second"]
        assert target.errors.get(errno.ECONNREFUSED, 0) >= 1


def test_a_broken_socket_gives_up(compiled, ends):
    for _, make_path in both(compiled):
        end = ends(make_path)
        read, write = os.pipe()
        os.dup2(read, end.socket.fileno())
        os.close(read)
        os.close(write)
        assert end.path.receive(100) == ([], [], False)
        assert end.errors == {errno.ENOTSOCK: datapath_twin.MAX_FAILURES}


@pytest.mark.parametrize("ipv6", [False, True])
def test_what_comes_from_somebody_elses_socket_is_left_out(compiled, ends, ipv6):
    """The program closed our descriptor, and its own next socket got the number."""
    for _, make_path in both(compiled):
        end = ends(make_path, ipv6=ipv6)
        near, far = std_socket.socketpair(std_socket.AF_UNIX, std_socket.SOCK_DGRAM)
        other, sender = ends(PyDatapath, ipv6=not ipv6), ends(PyDatapath)
        with near, far:
            far.send(b"for somebody else")
            sender.path.send(other.address, b"as well")
            for sock in (near, other.socket):
                sock.setblocking(False)
                os.dup2(sock.fileno(), end.socket.fileno())
                assert end.path.receive(9) == ([], [], False)
        assert end.errors == {errno.EAFNOSUPPORT: 2}
        assert end.counts() == [{}, {}, {}, {}]


def test_link_local_answers_leave_where_they_were_heard(compiled):
    # only the Python one can be given a kernel that has two interfaces; the compiled one shares its dict
    ip = b"\xfe\x80" + bytes(13) + b"\x01"
    kernel = LinkLocal()
    errors, scopes = {}, {}
    path = PyDatapath(kernel, True, Traffic(), errors, scopes)
    for scope, name in ((2, "fe80::1%eth0"), (3, "fe80::1%eth1"), (2, "fe80::1%eth0")):
        kernel.arrived = [(name, 5, 0, scope)]
        assert path.receive(9)[1] == [(b"x", (ip, 5))]
        path.send((ip, 5), b"y")
        assert kernel.sent.pop() == ("fe80::1", 5, 0, scope)
    kernel.arrived = [("2001:db8::1", 5, 0, 0)]
    assert path.receive(9)[1] == [(b"x", (b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01", 5))]
    for i in range(2 * datapath_twin.MAX_CACHED_ADDRESSES):
        kernel.arrived = [(f"fe80::{i:x}%eth0", 5, 0, 2)]
        path.receive(9)
    assert len(scopes) <= datapath_twin.MAX_CACHED_ADDRESSES


def test_a_link_local_peer_of_this_machine(compiled, ends):
    """Where the machine has a link-local address of its own, both datapaths talk to it."""
    lines = Path("/proc/net/if_inet6").read_text().split("\n") if Path("/proc/net/if_inet6").exists() else []
    local = next((line.split() for line in lines if line.startswith("fe80")), None)
    if local is None:
        # nothing to talk to; tests/netns has machines with one
        return
    ip, scope = bytes.fromhex(local[0]), int(local[1], 16)
    for _, make_path in both(compiled):
        a, b = ends(make_path, ipv6=True), ends(make_path, ipv6=True)
        a.scopes[ip] = scope
        a.path.send((ip, b.address[1]), b"hello")
        assert b.take(1)[1] == [(b"hello", (ip, a.address[1]))]
        assert b.scopes == {ip: scope}
        b.path.send((ip, a.address[1]), b"back")
        assert a.take(1)[1] == [(b"back", (ip, b.address[1]))]


class LinkLocal:
    """Stands for a socket on a machine with two interfaces."""

    def __init__(self):
        self.arrived, self.sent = [], []

    def recvfrom(self, _size):
        if not self.arrived:
            raise BlockingIOError(errno.EAGAIN, "nothing")
        return b"x", self.arrived.pop(0)

    def sendto(self, _data, name):
        self.sent.append(name)


def test_caches_of_addresses_are_bounded(monkeypatch, ends):
    monkeypatch.setattr(datapath_twin, "MAX_CACHED_ADDRESSES", 4)
    target, others = ends(PyDatapath), [ends(PyDatapath) for _ in range(20)]
    for other in others:
        other.path.send(target.address, b"in")
        target.path.send(other.address, b"out")
    assert len(target.take(20)[1]) == 20
    for other in others:
        assert other.take(1)[1] == [(b"out", target.address)]
    assert 1 <= len(target.path._names) <= 4
    assert 1 <= len(target.path._peers) <= 4


# life


def test_connections_and_their_datapath_are_collected(compiled, ends):
    class Connection:
        pass

    for make_session, make_path in both(compiled):
        end = ends(make_path)
        connection = Connection()
        connection.path = end.path
        end.path.route((LOOPBACK, 1), make_session(KEY, bytes(24), bytes(24)), connection)
        end.path.member(bytes(32), KEY, connection)
        gone = weakref.ref(connection)
        del connection, end.path
        gc.collect()
        assert gone() is None
        end.path = make_path(end.socket, False, Traffic(), {}, {})


# members of groups

MEMBER, OWN = b"m" * 32, b"o" * 32


def group_packet(message_id, kind, data, key=KEY, sender=MEMBER, nonce=bytes(24)):
    """What a member sends."""
    return (
        group_packets.packet_head(message_id, sender)
        + nonce
        + encrypt(key, nonce, group_packets.pad(message_id, kind, data))
    )


def test_packets_to_members_are_sealed_and_sent_alike(compiled, ends):
    sizes = [0, 1, 7, 8, 40, 496, 500, 501, 1360, 1373, 1377]
    ids = [group_packets.LOSSY_ID, 0, 1, 2**40, 2**64 - 1]
    target = ends(PyDatapath)
    for _, make_path in both(compiled):
        end = ends(make_path)
        for size in sizes:
            for message_id in ids:
                nonce = bytes((size % 251,)) * 24
                head = group_packets.packet_head(message_id, OWN)
                end.path.send_group(target.address, head, nonce, KEY, message_id, 0xF3, b"\0" * size)
                raw = target.take(1)[1]
                assert raw == [(group_packet(message_id, 0xF3, bytes(size), KEY, OWN, nonce), end.address)]
        assert end.counts()[2] == {0x5B: 4 * len(sizes), 0x5C: len(sizes)}


def test_packets_of_members_come_out_alike(compiled, ends):
    """Two members known, one unknown; forged, damaged, empty and cut ones, other keys, no members at all."""
    rng = random.Random(4)
    packets = [group_packet(i, 0xF3, rng.randbytes(i), sender=rng.choice([MEMBER, OWN])) for i in range(40)]
    packets += [group_packet(-1, 2, rng.randbytes(i)) for i in range(9)]
    packets += [group_packet(2**64 - 1, 1, b"\0\0")]
    packets += [group_packet(5, 1, b"x", key=bytes(32)), group_packet(5, 1, b"x", sender=bytes(32))]
    for kind in (b"\x5b", b"\x5c"):
        for plain in (b"", b"\0" * 30, b"\0\1" + bytes(7), b"\1" + bytes(8), b"\1"):
            packets.append(kind + MEMBER + bytes(24) + encrypt(KEY, bytes(24), plain))
        packets += [kind, *(kind + MEMBER + bytes(size) for size in (0, 24, 41, 1500))]
    whole = group_packet(77, 0xF3, bytes(1377))
    packets += [whole, whole + b"x", group_packet(1, 1, b"x")[:-1]]
    results = []
    for _, make_path in both(compiled):
        source, target = ends(PyDatapath), ends(make_path)
        for packet in packets[:3]:
            source.path.send(target.address, packet)
        before = target.take(3)
        target.path.member(MEMBER, KEY, "one")
        target.path.member(OWN, KEY, "two")
        for packet in packets:
            source.path.send(target.address, packet)
        runs, raw = target.take(len(packets))
        target.path.member(MEMBER, None, None)
        target.path.member(MEMBER, None, None)
        target.path.member(OWN, bytes(32), "three")
        for packet in packets:
            source.path.send(target.address, packet)
        after = target.take(len(packets))
        seen = [
            [(who, record) for who, _, record in records_of(part)] + [data for data, _ in rest]
            for part, rest in (before, (runs, raw), after)
        ]
        assert {address for _, address, _ in runs} == {source.address}
        results.append((seen, target.counts()))
    assert results[0] == results[1]
    assert sum(isinstance(each, tuple) for each in results[0][0][1]) == 54
    assert results[0][0][0] == packets[:3] and results[0][0][2] == packets


def test_one_members_packets_in_a_row_are_one_run(compiled, ends):
    for _, make_path in both(compiled):
        source, target = ends(PyDatapath), ends(make_path)
        target.path.member(MEMBER, KEY, "one")
        for i in range(5):
            source.path.send(target.address, group_packet(i, 1, b"x"))
        time.sleep(0.05)
        runs, raw, _ = target.path.receive(512)
        assert raw == [] and runs == [("one", source.address, [(i, 1, b"x") for i in range(5)])]


def test_wrong_arguments_about_members_raise_alike(compiled, ends):
    to, head = (LOOPBACK, 9), b"\x5b" + OWN
    good = (to, head, bytes(24), KEY, 1, 1, b"x")
    bad = [
        (*good[:1], b"\x5b", *good[2:]),
        (*good[:2], bytes(23), *good[3:]),
        (*good[:3], bytes(31), *good[4:]),
        (*good[:5], 0, b"x"),
        (*good[:5], 256, b"x"),
        (*good[:6], bytes(1378)),
    ]
    for _, make_path in both(compiled):
        end = ends(make_path)
        for arguments in bad:
            with pytest.raises(ValueError):
                end.path.send_group(*arguments)
        for arguments in ((b"short", KEY, "x"), (MEMBER, b"short", "x")):
            with pytest.raises(ValueError):
                end.path.member(*arguments)
        assert end.counts()[2] == {}


VALGRIND_SCRIPT = """
import random, socket, sys
sys.path[:0] = {path!r}
from pathlib import Path
from tests.support import compiled_datapath
from toxpy.system.traffic import Traffic
module = compiled_datapath.load(Path({library!r}))
ends = []
for _ in range(2):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind(("127.0.0.1", 0))
    address = (bytes((127, 0, 0, 1)), sock.getsockname()[1])
    ends.append((sock, module.Datapath(sock, False, Traffic(), {{}}, {{}}), address))
(_, a, to_a), (_, b, to_b) = ends
sender, receiver = (module.Session(bytes(32), bytes(24), bytes(24)) for _ in range(2))
noise, other = (module.Session(bytes(32), bytes(24), bytes(24), bytes(32)) for _ in range(2))
b.route(to_a, receiver, "peer")
b.member(bytes(32), bytes(32), "member")
rng, records = random.Random(5), 0
for step in range(20):
    a.hold()
    for i in range(30):
        a.send_data(to_b, sender, i, i, b"@" * (1371 if step % 2 else 1 + rng.randrange(1373)))
    a.send(to_b, rng.randbytes(rng.randrange(3000)))
    a.send(to_b, b"\\x1b" + rng.randbytes(rng.randrange(1400)))
    a.release()
    for i in range(5):
        head, data = b"\\x5b" + bytes(32), bytes(rng.randrange(1378))
        a.send_group(to_b, head, rng.randbytes(24), bytes(32), i, 7, data)
    a.send(to_b, b"\\x5c" + bytes(32) + rng.randbytes(rng.randrange(1450)))
    runs, raw, more = b.receive(512)
    records += sum(len(run[2]) for run in runs)
    assert sender.open(b"\\x1b" * 100) is None
    sender.open(sender.seal(1, 2, b"@x"))
    for packet in noise.seal(1, 2, b"@x"), noise.seal(1, 2, bytes(1373)), rng.randbytes(100):
        other.open(packet)
b.route(to_a, None, None)
b.member(bytes(32), None, None)
a.close(), b.close()
assert records == 700, records
print("done")
"""


def test_valgrind_finds_nothing(compiled):
    library = compiled.__file__
    root = str(Path(__file__).parents[3])
    script = VALGRIND_SCRIPT.format(path=[root, *sys.path], library=str(library))
    ran = subprocess.run(
        ["valgrind", "--error-exitcode=0", "--num-callers=12", sys.executable, "-c", script],
        env={**os.environ, "PYTHONMALLOC": "malloc"}, capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    assert ran.stdout == "done\n", ran.stderr[-4000:]
    # the interpreter has reports of its own, which are not about us
    assert "(datapath" not in ran.stderr, ran.stderr[-8000:]
