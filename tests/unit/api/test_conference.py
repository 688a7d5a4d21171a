"""Conferences in Python, three members in the simulated network."""

import pytest

import toxpy
from tests.support.worlds import SimulatedWorld
from toxpy.errors import ToxError
from toxpy.save.profile import Profile
from toxpy.tox import Tox

NAMES = ["Alice", "Bob", "Carol"]


class Meeting:
    """Alice has two friends; each is a `Tox`, whose events are kept by name."""

    def __init__(self, profile=None):
        self.world = SimulatedWorld()
        self.nodes = self.world.network()
        self.toxes, self.seen = {}, {}
        for name in NAMES:
            self.start(name, profile if name == "Carol" else None)
        alice = self.toxes["Alice"]
        for name in NAMES[1:]:
            other = self.toxes[name]
            alice.friend_add_norequest(other.self_get_public_key())
            other.friend_add_norequest(alice.self_get_public_key())
        self.until(
            lambda: (
                all(alice.friend_get_connection_status(n) for n in (0, 1))
                and all(self.toxes[name].friend_get_connection_status(0) for name in NAMES[1:])
            )
        )

    def start(self, name, profile=None):
        """One more, from the profile or anew."""
        actor = self.world.actor(name, savedata=b"" if profile is None else profile.savedata)
        actor.bootstrap_to(self.nodes[0])
        # what happens is for the Tox, not for the actor
        self.world.actors.remove(actor)
        self.toxes[name] = Tox(core=actor.tox, profile=profile)
        self.toxes[name].self_set_name(name)
        self.seen[name] = []

    def stop(self, name):
        tox = self.toxes.pop(name)
        self.world.universe.remove(tox.core)
        tox.close()

    def collect(self):
        for name, tox in self.toxes.items():
            self.seen[name] += tox.iterate()

    def until(self, condition, timeout_s=90):
        def checked():
            self.collect()
            return condition()

        assert self.world.universe.run_until(checked, timeout_s * 1000), self.seen

    def wait(self, name, kind):
        """The next such event of one of them; it is taken."""
        self.until(lambda: any(isinstance(event, kind) for event in self.seen[name]))
        event = next(event for event in self.seen[name] if isinstance(event, kind))
        self.seen[name].remove(event)
        return event

    def come_together(self):
        """All are in conference 0, and know each other's names."""
        assert self.toxes["Alice"].conference_new() == 0
        for friend, name in enumerate(NAMES[1:]):
            self.toxes["Alice"].conference_invite(friend, 0)
            invite = self.wait(name, toxpy.ConferenceInvite)
            assert invite.type is toxpy.ConferenceType.TEXT
            assert self.toxes[name].conference_join(invite.friend_number, invite.cookie) == 0
        self.until(lambda: all(peers(tox) == NAMES for tox in self.toxes.values()))

    def close(self):
        for name in list(self.toxes):
            self.stop(name)
        self.world.close()


def peers(tox):
    """The names of those who are there."""
    return sorted(tox.conference_peer_get_name(0, n) for n in range(tox.conference_peer_count(0)))


@pytest.fixture
def meeting():
    made = Meeting()
    yield made
    made.close()


def test_three_talk(meeting):
    meeting.come_together()
    keys = {name: tox.self_get_public_key() for name, tox in meeting.toxes.items()}
    bob = meeting.toxes["Bob"]
    bob.conference_send_message(0, "żółw")
    bob.conference_send_message(0, b"waves", toxpy.MessageType.ACTION)
    for name, tox in meeting.toxes.items():
        for kind, text in ((toxpy.MessageType.NORMAL, "żółw"), (toxpy.MessageType.ACTION, "waves")):
            said = meeting.wait(name, toxpy.ConferenceMessage)
            assert (said.type, said.message) == (kind, text)
            assert tox.conference_peer_get_public_key(0, said.peer_number) == keys["Bob"]
            assert tox.conference_peer_number_is_ours(0, said.peer_number) is (name == "Bob")
    with pytest.raises(ToxError) as caught:
        bob.conference_get_title(0)
    assert caught.value.name == "TOX_ERR_CONFERENCE_TITLE_INVALID_LENGTH"
    with pytest.raises(ToxError, match="more than 1363 bytes"):
        bob.conference_send_message(0, "x" * 1364)
    bob.conference_send_message(0, "x" * 1363)
    bob.conference_set_title(0, "Größe")
    assert meeting.wait("Carol", toxpy.ConferenceTitle).title == "Größe"
    assert meeting.toxes["Carol"].conference_get_title(0) == "Größe"


def test_they_agree_which_conference_it_is(meeting):
    meeting.come_together()
    ids = {tox.conference_get_id(0) for tox in meeting.toxes.values()}
    for find in (meeting.toxes["Bob"].conference_by_id, meeting.toxes["Bob"].conference_by_uid):
        assert [find(key) for key in ids] == [find(key.hex()) for key in ids] == [0]
        with pytest.raises(ValueError, match="a conference ID has 64 hex digits, not 4"):
            find("ABCD")
    (common,) = ids
    assert len(common) == 32
    for tox in meeting.toxes.values():
        assert tox.conference_get_uid(0) == common
        assert tox.conference_by_id(common) == tox.conference_by_uid(bytearray(common)) == 0
        assert tox.conference_get_type(0) is toxpy.ConferenceType.TEXT
        assert tox.conference_get_chatlist() == [0]


def test_who_leaves_for_good_is_gone_and_who_ends_is_away(meeting):
    meeting.come_together()
    alice, carol_key = meeting.toxes["Alice"], meeting.toxes["Carol"].self_get_public_key()
    meeting.toxes["Bob"].conference_delete(0)
    assert meeting.toxes["Bob"].conference_get_chatlist() == []
    meeting.until(lambda: peers(alice) == ["Alice", "Carol"])
    assert alice.conference_offline_peer_count(0) == 0
    meeting.stop("Carol")
    meeting.until(lambda: peers(alice) == ["Alice"])
    assert alice.conference_offline_peer_count(0) == 1
    assert alice.conference_offline_peer_get_name(0, 0) == "Carol"
    assert alice.conference_offline_peer_get_public_key(0, 0) == carol_key
    assert alice.conference_offline_peer_get_last_active(0, 0) > 1_000_000_000
    alice.conference_set_max_offline(0, 0)
    assert alice.conference_offline_peer_count(0) == 0


def test_a_profile_keeps_a_conference(tmp_path):
    path = tmp_path / "carol.tox"
    with Profile.create(path, name="Carol") as profile:
        meeting = Meeting(profile)
        meeting.come_together()
        meeting.toxes["Bob"].conference_set_title(0, "lasting")
        meeting.wait("Carol", toxpy.ConferenceTitle)
        meeting.stop("Carol")
    with Profile.open(path) as profile:
        meeting.start("Carol", profile)
        carol = meeting.toxes["Carol"]
        assert carol.conference_get_title(0) == "lasting" and carol.conference_peer_count(0) == 1
        meeting.until(lambda: all(peers(tox) == NAMES for tox in meeting.toxes.values()))
        meeting.toxes["Bob"].conference_send_message(0, "you are back")
        assert meeting.wait("Carol", toxpy.ConferenceMessage).message == "you are back"
        meeting.close()
