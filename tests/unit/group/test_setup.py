"""The keys that may become a session's, while none is proven."""

from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import shared_key
from toxpy.group.setup import MAX_CANDIDATES, GroupSetup, OwnMember
from toxpy.group.wire import GroupHandshake, open_handshake, seal_lossy, unpack_handshake
from toxpy.runtime import Runtime


def test_the_newest_candidates_are_kept():
    rt = Runtime(SimClock(), SeededRng(1))
    own, peer = (KeyPair.generate(rt.rng) for _ in range(2))
    permanent_key = shared_key(peer.public, own.secret)
    setup = GroupSetup(peer.public, permanent_key, OwnMember(own, bytes(32), bytes(32), 0, rt=rt))
    ours = unpack_handshake(open_handshake(permanent_key, setup.make_request(None))).session_pk
    pairs = [KeyPair.generate(rt.rng) for _ in range(MAX_CANDIDATES + 2)]
    for pair in pairs:
        assert setup.on_handshake(GroupHandshake(False, pair.public, bytes(32), 0, 0))
        # again, which makes it no newer than it is
        assert setup.on_handshake(GroupHandshake(False, pair.public, bytes(32), 0, 0))
    sealed = [seal_lossy(shared_key(ours, pair.secret), bytes(24), peer.public, b"\1x") for pair in pairs]
    opened = [setup.open(packet) for packet in sealed]
    assert [found is not None for found in opened] == [False] * 2 + [True] * MAX_CANDIDATES
    assert [found[0].session_pk for found in opened[2:]] == [pair.public for pair in pairs[2:]]
