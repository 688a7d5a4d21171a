"""Every transition of a file transfer is taken, by what our user and the friend do."""

import pytest

from tests.support.files import CANCEL, PAUSE, RESUME
from tests.support.walks import Taken, states_on, walk, walks
from tests.unit.files.test_transfers import Pair, control, offer
from toxpy.files import transfer as machine

TRANSITIONS = machine.TRANSITIONS
SIZE = 10
#: Each with the direction in which it occurs.
WALKS = [
    *((False, way) for way in walks(TRANSITIONS, {machine.FRIEND_OFFERS, machine.ALL_RECEIVED}).values()),
    *(
        (True, way)
        for way in walks(TRANSITIONS, {machine.WE_OFFER, machine.ALL_SENT, machine.ACKNOWLEDGED}).values()
    ),
]


class Walker:
    """One transfer, and for each event what makes it happen."""

    def __init__(self, incoming):
        self.pair = Pair()
        self.incoming = incoming
        self.transfer = None

    def happen(self, event):
        ours = {machine.WE_RESUME: RESUME, machine.WE_PAUSE: PAUSE, machine.WE_CANCEL: CANCEL}
        theirs = {
            machine.FRIEND_RESUMES: RESUME,
            machine.FRIEND_PAUSES: PAUSE,
            machine.FRIEND_CANCELS: CANCEL,
        }
        pair, transfer = self.pair, self.transfer
        if event in ours:
            pair.files.control(0, transfer.shown_number, ours[event])
        elif event in theirs:
            pair.receive(control(not self.incoming, transfer.number, theirs[event]))
        else:
            getattr(self, event.replace(" ", "_"))()
        if self.transfer.state == machine.RUNNING and not self.incoming:
            # the piece is asked for
            pair.pass_()
            pair.taken()

    def we_offer_it(self):
        number = self.pair.offer(SIZE)
        self.transfer = self.pair.files.of_friend(self.pair.friend).sending[number]

    def the_friend_offers_it(self):
        self.pair.receive(offer(size=SIZE))
        self.transfer = self.pair.files.of_friend(self.pair.friend).receiving[0]

    def the_last_piece_is_sent(self):
        self.pair.files.send_chunk(0, self.transfer.shown_number, 0, bytes(SIZE))

    def the_last_piece_is_acknowledged(self):
        self.pair.crypto.acknowledged_below = 100
        self.pair.pass_()
        self.pair.taken()

    def the_last_piece_comes(self):
        self.pair.receive(b"\x52\x00" + bytes(SIZE))

    def the_friend_goes_offline(self):
        self.pair.receive(b"\x19")


@pytest.mark.parametrize(("incoming", "way"), WALKS, ids=lambda value: str(value))
def test_a_transition_is_taken(incoming, way, monkeypatch):
    taken = Taken(TRANSITIONS)
    monkeypatch.setattr(machine, "TRANSITIONS", taken)
    walker = Walker(incoming)
    walk(way, taken, walker.happen, lambda: walker.transfer.state)


def test_all_transitions_are_taken():
    def last(way):
        *_, (_, before) = [(None, 0), *states_on(TRANSITIONS, way[:-1])]
        return before, way[-1]

    assert {last(way) for _, way in WALKS} == {*TRANSITIONS}
