"""Debian's toxic and files that are paused, or broken off because the friend was away.

toxic 0.11.1 has no command to pause a transfer, and obeys when the friend pauses. So the friend
here is no toxic but an instance that this test drives: ours, or Debian's.
"""

import hashlib
import os

import pytest

from tests.support.client_peer import Peer, debians_instance, our_instance
from tests.support.files import DATA, PAUSE, RESUME
from tests.support.toxic import OFFLINE_TIMEOUT_S, TIMEOUT_S, Toxic, debians_library, our_library

SIZE = 8_000_001


MIXED = [(our_library, our_instance), (our_library, debians_instance), (debians_library, our_instance)]


@pytest.fixture(params=MIXED, ids=["ours-ours", "ours-real", "real-ours"])
def pair(request, toxic_network, tmp_path):
    """toxic and its friend, in a chat."""
    library, make = request.param
    toxic = Toxic(tmp_path / "toxic", toxic_network.node, library)
    try:
        peer = Peer(toxic_network.node, make)
        try:
            peer.until(toxic.is_online, what=toxic.text)
            toxic.says(
                f'/add {peer.core.user.self_get_address().hex().upper()} "hello"', "Friend request sent."
            )
            peer.until(lambda: peer.requests)
            peer.core.friends.friend_add_norequest(peer.requests[0])
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
    number = peer.core.files.file_send(0, DATA, len(data), file_id, name.encode())
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
    peer.core.files.file_control(0, number, RESUME)
    peer.until(lambda: len(peer.received) > 100_000)
    peer.core.files.file_control(0, number, PAUSE)
    assert 100_000 < peer.until_still(lambda: len(peer.received)) < SIZE
    assert "successfully sent" not in toxic.text()
    peer.core.files.file_control(0, number, RESUME)
    peer.until(lambda: "File 'out.bin' successfully sent." in toxic.text(), what=toxic.text)
    assert digest(peer.received) == digest(data)

    peer.positions.clear()
    number = accepted(toxic, peer, data, "in.bin")
    peer.until(lambda: peer.positions and peer.positions[-1] > 100_000)
    peer.core.files.file_control(0, number, PAUSE)
    assert 0 < peer.until_still(lambda: saved(toxic, "in.bin")) < SIZE
    peer.core.files.file_control(0, number, RESUME)
    peer.until(lambda: "File 'in.bin' successfully received." in toxic.text(), what=toxic.text)
    assert digest((toxic.downloads / "in.bin").read_bytes()) == digest(data)


def test_the_friend_goes_away_in_the_middle(pair, tmp_path):
    """toxic offers its file again by its ID, and goes on with one that it received."""
    toxic, peer = pair
    data, file_id = os.urandom(SIZE), bytes(range(32))
    path = tmp_path / "out.bin"
    path.write_bytes(data)
    number = offered(toxic, peer, path)
    sent_id = peer.core.files.file_get_file_id(0, number)
    peer.core.files.file_control(0, number, RESUME)
    peer.until(lambda: len(peer.received) > 100_000)
    # it would be over before the other one has begun
    peer.core.files.file_control(0, number, PAUSE)
    accepted(toxic, peer, data, "in.bin", file_id)
    peer.until(lambda: saved(toxic, "in.bin") > 100_000)
    half = bytes(peer.received)
    assert len(half) < SIZE
    peer.stop()
    toxic.shows("has gone offline", OFFLINE_TIMEOUT_S)
    assert saved(toxic, "in.bin") < SIZE

    peer.start()
    peer.until(lambda: peer.online)
    peer.until(lambda: peer.offers, TIMEOUT_S, toxic.text)
    number = peer.offers.pop().file_number
    assert peer.core.files.file_get_file_id(0, number) == sent_id
    peer.core.files.file_seek(0, number, len(half))
    peer.core.files.file_control(0, number, RESUME)
    peer.until(lambda: "File 'out.bin' successfully sent." in toxic.text(), what=toxic.text)
    assert peer.positions[0] == len(half)
    assert digest(half + peer.received) == digest(data)

    peer.positions.clear()
    peer.outgoing = data
    peer.core.files.file_send(0, DATA, SIZE, file_id, b"in.bin")
    peer.until(lambda: "File 'in.bin' successfully received." in toxic.text(), what=toxic.text)
    assert peer.positions[0] > 100_000
    assert digest((toxic.downloads / "in.bin").read_bytes()) == digest(data)
