"""Calls through real sockets while the way to the friend changes.

A relay in place of UDP and back, and nothing for some seconds: sound goes on by itself, and nobody is told of
anything but the way.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.bench.calls import AUDIO_KBIT, compile_caller
from tests.netns.network import Client, befriend, bootstrap_nodes
from tests.support.made_once import made_once

#: What c-toxcore's timers allow, and then some for a slow machine, seconds.
CONNECT_S = 150
CUT_S = 5
#: Frames of sound in a second that are a voice, of 50; and until it is heard again, seconds.
VOICE, AGAIN_S = 40, 30


@pytest.fixture(scope="session")
def caller_program(tmp_path_factory):
    return made_once(tmp_path_factory, "caller", lambda folder: compile_caller(folder / "call")) / "call"


class Talk:
    """Two friends in a call with sound only."""

    def __init__(self, lab, program, pair):
        self.lab = lab
        hosts = (lab.host(f"alice-{pair}"), lab.host(f"bob-{pair}"))
        self.both = self.alice, self.bob = [
            Client(program, host, library, nodes=lab.nodes, relays=lab.nodes[:2])
            for host, library in zip(hosts, pair.split("-"), strict=True)
        ]
        befriend(self.alice, self.bob)
        for client in self.both:
            client.wait("FRIEND", CONNECT_S, "udp")
        self.alice.command("call", AUDIO_KBIT, 0)
        self.alice.wait("STATE", CONNECT_S)
        self.goes_on("the call")

    def goes_on(self, what):
        """Wait until both hear each other for a second."""
        for client in self.both:
            mark = client.mark()
            client.lines.wait(lambda client=client, mark=mark: _hears(client, mark), AGAIN_S, what)

    def changes(self, change, way):
        """Alice's link changes, and so does the way to the friend."""
        marks = [client.mark() for client in self.both]
        change(self.alice.host)
        for client, mark in zip(self.both, marks, strict=True):
            client.wait("FRIEND", CONNECT_S, way, after=mark)
        self.goes_on(f"sound over {way}")

    def states(self):
        """What they were told of the call."""
        return [[text for _, name, text in client.events if name == "STATE"] for client in self.both]


def _hears(client, mark):
    """A whole second with a voice since the mark."""
    seconds = [text for _, name, text in client.events[mark:] if name == "SECOND"]
    return any(int(text.split()[0]) >= VOICE for text in seconds[1:])


def talk_through_it_all(lab, program, pair):
    talk = Talk(lab, program, pair)
    lab, told = talk.lab, talk.states()
    talk.changes(lab.block_udp, "tcp")
    talk.changes(lab.allow_udp, "udp")
    mark = talk.bob.mark()
    lab.cut(talk.alice.host)
    time.sleep(CUT_S)
    lab.restore(talk.alice.host)
    # it was silent, or there was no cut
    seconds = [int(text.split()[0]) for _, name, text in talk.bob.events[mark:] if name == "SECOND"]
    assert min(seconds) == 0
    talk.goes_on("sound after the cut")
    assert talk.states() == told, pair
    for client in talk.both:
        assert "none" not in [text for _, name, text in client.events if name == "FRIEND"][1:]


@pytest.mark.timeout(5 * CONNECT_S)
def test_a_call_lives_through_what_happens_to_the_way(lab, caller_program):
    bootstrap_nodes(lab)
    pairs = ("ours-ours", "ours-real", "real-ours")
    with ThreadPoolExecutor(len(pairs)) as pool:
        for run in [pool.submit(talk_through_it_all, lab, caller_program, pair) for pair in pairs]:
            run.result()
