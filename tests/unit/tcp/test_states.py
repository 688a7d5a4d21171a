"""Every transition of a connection to a relay is taken, by what the proxy, the relay and its owner do."""

import pytest

from tests.support.fake_streams import pump_all
from tests.support.tcp_stage import Stage
from tests.support.walks import Taken, walk, walks
from toxpy.tcp import client as machine
from toxpy.tcp.proxy import HTTP

TRANSITIONS = machine.TRANSITIONS
WALKS = walks(TRANSITIONS)


class Walker:
    """A client, and for each event what makes it happen."""

    def __init__(self, proxied):
        self.stage = Stage(HTTP if proxied else None).start()
        self.far = None

    def happen(self, event):
        {
            machine.PROXY_ACCEPTED: self.accept,
            machine.HELLO_SENT: self.accept if self.far is None else self.grant,
            machine.HELLO_OPENED: lambda: self.stage.serve(self.far, pongs=False),
            machine.FRAME_OPENED: self.pong,
            machine.ENDED: self.stage.client.close,
        }[event]()

    def accept(self):
        self.far = self.stage.accept()

    def grant(self):
        pump_all(self.far)
        self.far.inbox.clear()
        self.far.write(b"HTTP/1.0 200 OK\r\n\r\n")
        pump_all(self.far)

    def pong(self):
        (ping,) = self.stage.relay.frames
        self.stage.relay.say(b"\x05" + ping[1:])


@pytest.mark.parametrize("way", WALKS.values(), ids=str)
def test_a_transition_is_taken(way, monkeypatch):
    taken = Taken(TRANSITIONS)
    monkeypatch.setattr(machine, "TRANSITIONS", taken)
    walker = Walker(machine.PROXY_ACCEPTED in way)
    assert walker.stage.client.state == machine.CONNECTING
    walk(way, taken, walker.happen, lambda: walker.stage.client.state)


def test_all_transitions_are_taken():
    assert {*WALKS} == {*TRANSITIONS}
