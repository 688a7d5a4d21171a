"""Every transition of a call's signalling is taken, by packets, by our user and by time."""

import pytest

from tests.support.walks import Taken, walk, walks
from toxpy.av import msi
from toxpy.av import msi as machine

TRANSITIONS = machine.TRANSITIONS
WALKS = walks(TRANSITIONS)


class Walker:
    """A call from its beginning, and for each event what makes it happen."""

    def __init__(self):
        self.sent = []
        self.call = msi.Signalling(lambda packet: self.sent.append(packet) or 0, lambda _number: True)

    def happen(self, event):
        call, receive = self.call, self.call.receive
        {
            msi.CALL: lambda: call.call(60),
            msi.ANSWER: lambda: call.answer(60),
            msi.HANG_UP: call.hang_up,
            msi.THEY_CALL: lambda: receive(msi.pack(msi.INIT, capabilities=60)),
            msi.THEY_PUSH: lambda: receive(msi.pack(msi.PUSH, capabilities=60)),
            msi.THEY_END: lambda: receive(msi.pack(msi.POP)),
            msi.LEFT: lambda: call.happened(msi.LEFT),
            msi.BACK: call.ring_again,
            msi.TOO_LATE: call.give_up,
            msi.ANEW: lambda: call.happened(msi.ANEW),
            msi.FORGOTTEN: call.refuse,
        }[event]()


@pytest.mark.parametrize("way", WALKS.values(), ids=str)
def test_a_transition_is_taken(way, monkeypatch):
    taken = Taken(TRANSITIONS)
    monkeypatch.setattr(msi, "TRANSITIONS", taken)
    walker = Walker()
    walk(way, taken, walker.happen, lambda: walker.call.state)


def test_all_transitions_are_taken():
    assert {*WALKS} == {*TRANSITIONS}
