"""What can be asked about a conference and its peers, and how it is refused for those that do not exist."""

import pytest

from tests.support.conferences import share
from toxpy.errors import ToxError
from toxpy.generated import enums


def refuses(code, call, *args):
    with pytest.raises(ToxError) as error:
        call(*args)
    assert error.value.code == getattr(enums, "TOX_ERR_CONFERENCE_" + code)


def test_conference_query(conference_world):
    alice, bob = conference_world.friends()
    share(conference_world, alice, bob)
    for actor, other in ((alice, bob), (bob, alice)):
        ours = [actor.conference_peer_number_is_ours(0, peer) for peer in range(2)]
        assert sorted(ours) == [False, True]
        for peer in range(2):
            owner = actor if ours[peer] else other
            assert actor.conference_peer_get_public_key(0, peer) == owner.self_get_public_key()
        assert actor.conference_offline_peer_count(0) == 0
        assert actor.conference_get_type(0) == 0
        shared_id = other.conference_get_id(0)
        assert actor.conference_get_id(0) == actor.conference_get_uid(0) == shared_id
        assert actor.conference_by_id(shared_id) == actor.conference_by_uid(shared_id) == 0
        refuses("PEER_QUERY_PEER_NOT_FOUND", actor.conference_peer_get_public_key, 0, 2)
        refuses("PEER_QUERY_PEER_NOT_FOUND", actor.conference_peer_number_is_ours, 0, 2)
        refuses("PEER_QUERY_PEER_NOT_FOUND", actor.conference_offline_peer_get_public_key, 0, 0)
        refuses("PEER_QUERY_CONFERENCE_NOT_FOUND", actor.conference_peer_count, 1)
        refuses("GET_TYPE_CONFERENCE_NOT_FOUND", actor.conference_get_type, 1)
        refuses("BY_ID_NOT_FOUND", actor.conference_by_id, bytes([7]) * 32)
