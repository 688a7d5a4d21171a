"""Every transition of a session's set-up is taken, by the packets between two peers and by time."""

import pytest

from tests.support.universe import Universe
from tests.support.walks import Taken, states_on, walk, walks
from tests.unit.net_crypto.noise_pair import use
from tests.unit.net_crypto.pair import Peer
from toxpy.net_crypto import connection as connection_module
from toxpy.net_crypto import setup as machine
from toxpy.net_crypto.noise_setup import FALL_BACK_MS
from toxpy.wire.packets import COOKIE_REQUEST, COOKIE_RESPONSE, DATA, HANDSHAKE

TRANSITIONS = machine.TRANSITIONS
WALKS = walks(TRANSITIONS)


class HeldPeer(Peer):
    """What it sends leaves when the test hands it over."""

    def send(self, address, data):
        self.sent.append(data)


class Walker:
    """A connection of ours from its beginning, and for each event what makes it happen."""

    def __init__(self, with_noise):
        self.universe = Universe()
        self.us, self.peer = HeldPeer(self.universe, "us"), HeldPeer(self.universe, "peer")
        if with_noise:
            use(self.us, falls_back=True)
        self.connection = self.us.connect(self.peer)

    def hand_over(self, source, target, kind):
        """What `source` sent of that kind; the rest gets lost."""
        packets, source.sent = source.kinds_sent(kind), []
        assert packets, f"nothing of kind {kind:#x} was sent"
        for packet in packets:
            target.inject(packet, source.address)

    def happen(self, event):
        {
            machine.COOKIE: self.cookie,
            machine.FALL_BACK: self.other_handshake,
            machine.HANDSHAKE: self.handshake,
            machine.DATA: self.data,
            machine.KILL: self.kill,
            machine.UNANSWERED: self.silence,
            machine.CLOSE: self.connection.kill,
        }[event]()

    def cookie(self):
        self.hand_over(self.us, self.peer, COOKIE_REQUEST.kind)
        self.hand_over(self.peer, self.us, COOKIE_RESPONSE.kind)

    def other_handshake(self):
        assert not self.us.kinds_sent(HANDSHAKE.kind)
        self.universe.run_for(FALL_BACK_MS)
        assert self.us.kinds_sent(HANDSHAKE.kind)

    def handshake(self):
        """The peer begins, or begins anew."""
        before = self.connection.peer_session_pk
        if self.peer.connection is not None:
            self.peer.connection.kill()
        # of two handshakes the newer counts
        self.universe.run_for(5)
        self.peer.connect(self.us)
        self.hand_over(self.peer, self.us, COOKIE_REQUEST.kind)
        self.hand_over(self.us, self.peer, COOKIE_RESPONSE.kind)
        self.hand_over(self.peer, self.us, HANDSHAKE.kind)
        assert self.connection.peer_session_pk != before

    def data(self):
        self.hand_over(self.us, self.peer, HANDSHAKE.kind)
        self.hand_over(self.peer, self.us, DATA.kind)

    def kill(self):
        if not self.connection.is_established:
            # now the peer has the key
            self.hand_over(self.us, self.peer, HANDSHAKE.kind)
        self.peer.sent = []
        self.peer.connection.kill()
        self.hand_over(self.peer, self.us, DATA.kind)
        assert self.us.owner.calls[-1] == "closed"

    def silence(self):
        self.universe.run_for((machine.MAX_TRIES + 1) * machine.TRY_INTERVAL_MS)
        assert self.us.owner.calls[-1] == "closed"


@pytest.mark.parametrize("way", WALKS.values(), ids=str)
def test_a_transition_is_taken(way, monkeypatch):
    taken = Taken(TRANSITIONS)
    monkeypatch.setattr(connection_module, "TRANSITIONS", taken)
    walker = Walker(machine.FALL_BACK in way[-1])
    connection = walker.connection
    assert connection.state == machine.COOKIE_REQUESTING
    walk(way, taken, walker.happen, lambda: connection.state)
    if connection.state == machine.CLOSED:
        *_, reached = [machine.COOKIE_REQUESTING, *(state for _, state in states_on(TRANSITIONS, way[:-1]))]
        assert connection.reached == reached
        assert connection.setup is None and connection.session is None


def test_all_transitions_are_taken():
    assert {*WALKS} == {*TRANSITIONS}
