"""Every callback of conferences, to either side: each founds a conference and the other joins."""

import re

from tests.support.prefix import ROOT
from toxpy.generated import events

TITLE_ON_JOINING = 0xFFFFFFFF


class Meeting:
    """A conference of two, and its number on either side."""

    def __init__(self, founder, joiner):
        self.founder, self.joiner = founder, joiner
        self.number = {}

    def found(self):
        self.number[self.founder] = self.founder.conference_new()
        self.title(self.founder, b"before")
        self.founder.conference_invite(0, self.number[self.founder])

    def join(self):
        invite = self.joiner.wait(events.ConferenceInvite, friend_number=0, type=0)
        assert len(invite.cookie) == 35
        self.number[self.joiner] = self.joiner.conference_join(0, invite.cookie)

    def title(self, actor, title):
        actor.conference_set_title(self.number[actor], title)

    def say(self, kind, text):
        self.founder.conference_send_message(self.number[self.founder], kind, text)

    def leave(self):
        self.joiner.conference_delete(self.number[self.joiner])

    def hears(self, actor, kind, fields):
        """The actor gets that event; `peer` is who is named in it."""
        wanted = dict(fields)
        peer = wanted.pop("peer", None)
        number = self.number[actor]
        event = actor.wait(kind, conference_number=number, **wanted)
        if peer is not None:
            assert actor.conference_peer_get_name(number, event.peer_number) == peer


def said(kind, text):
    return [(events.ConferenceMessage, {"type": kind, "message": text, "peer": b"founder"})]


#: What is done, and what the founder and the joiner hear of it: events, with fields of them.
STEPS = [
    (Meeting.found, [], []),
    (
        Meeting.join,
        [(events.ConferencePeerListChanged, {}), (events.ConferencePeerName, {"name": b"joiner"})],
        [
            (events.ConferenceConnected, {}),
            (events.ConferencePeerListChanged, {}),
            (events.ConferencePeerName, {"name": b"founder"}),
            (events.ConferenceTitle, {"title": b"before", "peer_number": TITLE_ON_JOINING}),
        ],
    ),
    (
        lambda meeting: meeting.title(meeting.founder, b"after"),
        [],
        [(events.ConferenceTitle, {"title": b"after", "peer": b"founder"})],
    ),
    (
        lambda meeting: meeting.title(meeting.joiner, b"last"),
        [(events.ConferenceTitle, {"title": b"last", "peer": b"joiner"})],
        [],
    ),
    (lambda meeting: meeting.say(0, b"says"), said(0, b"says"), said(0, b"says")),
    (lambda meeting: meeting.say(1, b"does"), said(1, b"does"), said(1, b"does")),
    (
        lambda meeting: meeting.founder.self_set_name(b"renamed"),
        [],
        [(events.ConferencePeerName, {"name": b"renamed"})],
    ),
    (Meeting.leave, [(events.ConferencePeerListChanged, {})], []),
]


def test_conference_callbacks(conference_world):
    alice, bob = conference_world.friends()
    for meeting in (Meeting(alice, bob), Meeting(bob, alice)):
        sides = meeting.founder, meeting.joiner
        for actor, name in zip(sides, (b"founder", b"joiner"), strict=True):
            actor.self_set_name(name)
        conference_world.run_for(1)
        for actor in sides:
            actor.seen.clear()
        for act, *heard in STEPS:
            act(meeting)
            for actor, rows in zip(sides, heard, strict=True):
                for kind, fields in rows:
                    meeting.hears(actor, kind, fields)


def test_these_are_all():
    header = (ROOT / "include" / "toxcore.h").read_text()
    named = {
        "".join(word.capitalize() for word in name.split("_"))
        for name in re.findall(r"^void tox_callback_(conference_\w+)\(", header, re.MULTILINE)
    }
    waited = {kind.__name__ for _, *heard in STEPS for rows in heard for kind, _ in rows}
    assert waited | {events.ConferenceInvite.__name__} == named
