"""A second invitation to a conference that bob is in is answered without asking him, and changes nothing."""

import pytest

from tests.support.conferences import count, join
from toxpy.errors import ToxError
from toxpy.generated import events
from toxpy.generated.enums import TOX_ERR_CONFERENCE_JOIN_DUPLICATE, TOX_ERR_CONFERENCE_JOIN_INVALID_LENGTH


def test_conference_double_invite(conference_world):
    alice, bob = conference_world.friends()
    alice.conference_new()
    join(alice, bob)
    conference_world.until(lambda: count(alice) == count(bob) == 2, "both to see two peers")
    assert all(actor.got(events.ConferencePeerListChanged) for actor in (alice, bob))
    cookie = b"\0\0\0" + alice.conference_get_id(0)
    for given, code in (
        (cookie, TOX_ERR_CONFERENCE_JOIN_DUPLICATE),
        (cookie[1:], TOX_ERR_CONFERENCE_JOIN_INVALID_LENGTH),
    ):
        with pytest.raises(ToxError) as error:
            bob.conference_join(0, given)
        assert error.value.code == code
    alice.conference_invite(0, 0)
    conference_world.run_for(3)
    assert bob.got(events.ConferenceInvite) is None
    assert count(alice) == count(bob) == 2
    alice.conference_send_message(0, 0, b"once")
    for actor in (alice, bob):
        actor.wait(events.ConferenceMessage)
    conference_world.run_for(1)
    for actor in (alice, bob):
        assert actor.got(events.ConferenceMessage) is None
