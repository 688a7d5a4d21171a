"""Debian's toxic and files that are paused, or broken off because the friend was away.

toxic 0.11.1 has no command to pause a transfer, and obeys when the friend pauses. So the friend
here is no toxic but an instance that this test drives: ours, or Debian's.
"""

import hashlib
import os
import time

import pytest

from tests.support.bootstrapd import until
from tests.support.files import CANCEL, PAUSE, RESUME
from tests.support.private_network import HOST
from tests.support.real_tox import RealTox
from tests.support.toxic import ONLINE_TIMEOUT_S, TIMEOUT_S, Network, Toxic, debians_library, our_library
from toxpy import events as ev
from toxpy.core import Core
from toxpy.options import Options

SIZE = 8_000_001
#: What is on its way when the friend pauses is there after so long.
SETTLED_S = 1
KIND_DATA = 0


def our_instance(savedata):
    options = Options(local_discovery_enabled=False)
    if savedata:
        options.savedata_type, options.savedata_data = 1, savedata
    return Core(options)


def debians_instance(savedata):
    return RealTox(savedata=savedata)


class Peer:
    """A friend of toxic: it takes the first transfer that is not an avatar, and sends what `outgoing` has."""

    def __init__(self, node, make):
        self.node, self.make = node, make
        self.savedata = b""
        self.outgoing = b""
        self.core = None
        self.start()

    def start(self):
        """Up again with what was saved."""
        self.core = self.make(self.savedata)
        self.core.bootstrap(HOST, self.node.port, self.node.public_key)
        self.core.add_tcp_relay(HOST, self.node.relay_port, self.node.public_key)
        self.requests, self.offers, self.controls = [], [], []
        self.received = bytearray()
        self.positions = []
        self.online = False

    def stop(self):
        """Gone; the friend is told."""
        self.savedata = self.core.get_savedata()
        self.core.kill()

    def step(self):
        """One pass."""
        self.core.iterate()
        for event in self.core.drain_events():
            handler = HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)

    def until(self, condition, timeout_s=ONLINE_TIMEOUT_S, what=lambda: "too late"):
        """Run until it is so."""

        def stepped():
            self.step()
            return condition()

        until(stepped, timeout_s, what)

    def settle(self):
        """Run for a while."""
        end = time.monotonic() + SETTLED_S
        self.until(lambda: time.monotonic() > end)

    # events

    def on_request(self, event):
        self.requests.append(event.public_key)

    def on_connection(self, event):
        self.online = event.connection_status != 0

    def on_offer(self, event):
        if event.kind == KIND_DATA:
            self.offers.append(event)
        else:
            self.core.file_control(event.friend_number, event.file_number, CANCEL)

    def on_control(self, event):
        self.controls.append(event.control)

    def on_received(self, event):
        # a position says where the friend is after a seek
        self.positions.append(event.position)
        self.received += event.data

    def on_request_chunk(self, event):
        self.positions.append(event.position)
        chunk = self.outgoing[event.position : event.position + event.length]
        if chunk:
            self.core.file_send_chunk(event.friend_number, event.file_number, event.position, chunk)


HANDLERS = {
    ev.FriendRequest: Peer.on_request,
    ev.FriendConnectionStatus: Peer.on_connection,
    ev.FileRecv: Peer.on_offer,
    ev.FileRecvControl: Peer.on_control,
    ev.FileRecvChunk: Peer.on_received,
    ev.FileChunkRequest: Peer.on_request_chunk,
}


@pytest.fixture
def network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.close()


MIXED = [(our_library, our_instance), (our_library, debians_instance), (debians_library, our_instance)]


@pytest.fixture(params=MIXED, ids=["ours-ours", "ours-real", "real-ours"])
def pair(request, network, tmp_path):
    """toxic and its friend, in a chat."""
    library, make = request.param
    toxic = Toxic(tmp_path / "toxic", network.node, library)
    try:
        peer = Peer(network.node, make)
        try:
            peer.until(toxic.is_online, what=toxic.text)
            toxic.says(f'/add {peer.core.self_get_address().hex().upper()} "hello"', "Friend request sent.")
            peer.until(lambda: peer.requests)
            peer.core.friend_add_norequest(peer.requests[0])
            peer.until(lambda: peer.online)
            toxic.chat()
            yield toxic, peer
        finally:
            peer.core.kill()
    finally:
        toxic.close()


def offered(toxic, peer, path):
    """toxic offers the file; the number of the transfer."""
    toxic.enter(f"/sendfile {path}")
    peer.until(lambda: peer.offers, TIMEOUT_S, toxic.text)
    return peer.offers.pop().file_number


def accepted(toxic, peer, data, name, file_id=None):
    """The friend offers a file, and toxic's user accepts it."""
    peer.outgoing = data
    number = peer.core.file_send(0, KIND_DATA, len(data), file_id, name.encode())
    peer.until(lambda: f"File transfer request for '{name}'" in toxic.text(), TIMEOUT_S, toxic.text)
    toxic.enter("/savefile 0")
    return number


def saved(toxic, name):
    """How much of it is on the disk."""
    path = toxic.downloads / name
    return path.stat().st_size if path.exists() else 0


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_paused_by_the_friend(pair, tmp_path):
    """Both directions: nothing moves until the friend resumes, and then the file is whole."""
    toxic, peer = pair
    data = os.urandom(SIZE)
    path = tmp_path / "out.bin"
    path.write_bytes(data)
    number = offered(toxic, peer, path)
    peer.core.file_control(0, number, RESUME)
    peer.until(lambda: len(peer.received) > 100_000)
    peer.core.file_control(0, number, PAUSE)
    peer.settle()
    there = len(peer.received)
    peer.settle()
    assert 100_000 < len(peer.received) == there < SIZE
    assert "successfully sent" not in toxic.text()
    peer.core.file_control(0, number, RESUME)
    peer.until(lambda: "File 'out.bin' successfully sent." in toxic.text(), what=toxic.text)
    assert digest(peer.received) == digest(data)

    peer.positions.clear()
    number = accepted(toxic, peer, data, "in.bin")
    peer.until(lambda: peer.positions and peer.positions[-1] > 100_000)
    peer.core.file_control(0, number, PAUSE)
    peer.settle()
    there = saved(toxic, "in.bin")
    peer.settle()
    assert 0 < saved(toxic, "in.bin") == there < SIZE
    peer.core.file_control(0, number, RESUME)
    peer.until(lambda: "File 'in.bin' successfully received." in toxic.text(), what=toxic.text)
    assert digest((toxic.downloads / "in.bin").read_bytes()) == digest(data)


def test_the_friend_goes_away_in_the_middle(pair, tmp_path):
    """toxic offers its file again by its ID, and goes on with one that it received."""
    toxic, peer = pair
    data, file_id = os.urandom(SIZE), bytes(range(32))
    path = tmp_path / "out.bin"
    path.write_bytes(data)
    number = offered(toxic, peer, path)
    sent_id = peer.core.file_get_file_id(0, number)
    peer.core.file_control(0, number, RESUME)
    peer.until(lambda: len(peer.received) > 100_000)
    # it would be over before the other one has begun
    peer.core.file_control(0, number, PAUSE)
    accepted(toxic, peer, data, "in.bin", file_id)
    peer.until(lambda: saved(toxic, "in.bin") > 100_000)
    half = bytes(peer.received)
    assert len(half) < SIZE
    peer.stop()
    toxic.shows("has gone offline", TIMEOUT_S)
    assert saved(toxic, "in.bin") < SIZE

    peer.start()
    peer.until(lambda: peer.online)
    peer.until(lambda: peer.offers, TIMEOUT_S, toxic.text)
    number = peer.offers.pop().file_number
    assert peer.core.file_get_file_id(0, number) == sent_id
    peer.core.file_seek(0, number, len(half))
    peer.core.file_control(0, number, RESUME)
    peer.until(lambda: "File 'out.bin' successfully sent." in toxic.text(), what=toxic.text)
    assert peer.positions[0] == len(half)
    assert digest(half + peer.received) == digest(data)

    peer.positions.clear()
    peer.outgoing = data
    peer.core.file_send(0, KIND_DATA, SIZE, file_id, b"in.bin")
    peer.until(lambda: "File 'in.bin' successfully received." in toxic.text(), what=toxic.text)
    assert peer.positions[0] > 100_000
    assert digest((toxic.downloads / "in.bin").read_bytes()) == digest(data)
