"""Modes, policies and pins between two instances, and what an attacker on the way reaches."""

import pytest

from tests.support.handshakes import LEGACY, NOISE_IK, NONE, SOON_S, Pair
from toxpy import HandshakePolicy, OfflineReason, Tox, ToxError
from toxpy.generated import enums, events
from toxpy.wire.packets import NOISE_HANDSHAKE

HOUR_S = 3600


def why(actor):
    return Tox(core=actor.tox).friend_why_offline(0).reason


def downgrades(actor):
    return len([event for event in actor.seen if isinstance(event, events.FriendHandshakeDowngrade)])


@pytest.mark.parametrize("relayed", [False, True])
@pytest.mark.parametrize(
    ("alice", "bob", "version"),
    [
        ("prefer", "prefer", NOISE_IK),
        ("prefer", "only", NOISE_IK),
        ("only", "only", NOISE_IK),
        ("prefer", "legacy", LEGACY),
        ("legacy", "prefer", LEGACY),
        ("legacy", "legacy", LEGACY),
    ],
)
def test_both_have_the_best_that_both_allow(alice, bob, version, relayed):
    pair = Pair(alice, bob, relayed).befriend().together()
    assert pair.versions() == (version, version)
    assert pair.pins() == ((version, version) if version == NOISE_IK else (NONE, NONE))


@pytest.mark.parametrize("other", ["alice", "bob"])
def test_only_noise_and_only_the_old_one_do_not_meet(other):
    modes = {"alice": "only", "bob": "only", other: "legacy"}
    pair = Pair(**modes).befriend().never_online()
    assert why(pair.bob if other == "alice" else pair.alice) == OfflineReason.FRIEND_LACKS_NOISE


def test_a_pinned_friend_is_not_talked_down():
    pair = Pair().befriend().together()
    bob = pair.comes_back(pair.bob, "legacy")
    pair.until(lambda: not pair.alice.is_online(), "alice to see bob leave")
    pair.never_online()
    assert why(pair.alice) == OfflineReason.FRIEND_LACKS_NOISE
    assert "older client" in str(Tox(core=pair.alice.tox).friend_why_offline(0))
    assert downgrades(pair.alice) == 1 and downgrades(bob) == 0
    # the friend says by another way that it is right
    Tox(core=pair.alice.tox).friend_set_handshake(0, unpin=True)
    pair.together()
    assert pair.versions() == (LEGACY, LEGACY)
    save = pair.bob.tox.get_savedata()
    assert pair.pins() == (NONE, NONE)
    # what was refused before is no news
    pair.stop(pair.bob)
    pair.run_for(40)
    assert why(pair.alice) == OfflineReason.WENT_AWAY
    pair.bob = pair.actor("bob", save)
    pair.bob.bootstrap_to(pair.nodes[0])
    pair.together()
    # and has Noise again one day
    pair.comes_back(pair.bob, "prefer")
    pair.together()
    assert pair.versions() == (NOISE_IK, NOISE_IK)


def test_a_downgrade_is_told_once_an_hour():
    pair = Pair().befriend().together()
    clock, alice, bob = pair.universe.clock, pair.alice, pair.bob.self_get_public_key()
    for passed_s, told in ((0, 1), (1, 0), (HOUR_S - 2, 0), (1, 1), (HOUR_S - 1, 0)):
        clock.now_ms += passed_s * 1000
        alice.tox.net_crypto.keys.policy.on_refused(bob, LEGACY)
        alice.collect()
        assert downgrades(alice) == told
        alice.seen.clear()


def test_a_pin_is_kept_in_the_save_and_may_get_lost_there():
    pair = Pair().befriend().together()
    alice = pair.comes_back(pair.alice, "prefer")
    assert alice.friend_get_handshake_pin(0) == NOISE_IK
    # without Noise the section of extensions stays as it is
    alice = pair.comes_back(alice, "legacy")
    assert alice.friend_get_handshake_pin(0) == NONE
    alice = pair.comes_back(alice, "prefer")
    assert alice.friend_get_handshake_pin(0) == NOISE_IK


@pytest.mark.parametrize("unset", [{}, {"handshake_default_policy": enums.TOX_HANDSHAKE_POLICY_REQUIRE}])
def test_who_requires_noise_meets_nobody_without(unset):
    pair = Pair("prefer", "legacy")
    pair.options["alice"].update(unset)
    pair.alice = pair.comes_back(pair.alice, "prefer") if not unset else pair.restart(pair.alice)
    pair.alice.bootstrap_to(pair.nodes[0])
    pair.befriend()
    if not unset:
        Tox(core=pair.alice.tox).friend_set_handshake(0, "require")
    assert pair.alice.friend_get_handshake_policy(0) == HandshakePolicy.REQUIRE
    pair.never_online()
    assert why(pair.alice) == OfflineReason.FRIEND_LACKS_NOISE
    # that it is required and not there is no news
    assert downgrades(pair.alice) == 0
    Tox(core=pair.alice.tox).friend_set_handshake(0, "auto")
    pair.together()


def test_a_session_that_a_new_policy_forbids_ends():
    pair = Pair("prefer", "legacy").befriend().together()
    tox = Tox(core=pair.alice.tox)
    tox.friend_set_handshake(0, HandshakePolicy.REQUIRE)
    assert not pair.alice.is_online()
    pair.run_for(1)
    pair.never_online()
    tox.friend_set_handshake(0, "legacy")
    pair.together()
    assert pair.versions() == (LEGACY, LEGACY)


def test_with_a_friend_there_may_be_no_noise():
    pair = Pair().befriend()
    tox = Tox(core=pair.alice.tox)
    tox.friend_set_handshake(0, "legacy")
    pair.together()
    pair.run_for(40)
    assert pair.versions() == (LEGACY, LEGACY)
    # bob was not told that alice has it: she would not answer
    assert pair.pins() == (NONE, NONE)
    pair.reconnect()
    pair.together()
    assert pair.versions() == (LEGACY, LEGACY)
    tox.friend_set_handshake(0)
    pair.reconnect()
    pair.together()
    assert pair.versions() == (NOISE_IK, NOISE_IK)
    with pytest.raises(ToxError) as pinned:
        tox.friend_set_handshake(0, "legacy")
    assert pinned.value.code == enums.TOX_ERR_FRIEND_SET_HANDSHAKE_PINNED
    assert "unpin" in str(pinned.value)
    assert tox.friend_get_handshake_policy(0) == HandshakePolicy.AUTO
    # bob keeps his pin, and his user sees why alice is away
    tox.friend_set_handshake(0, "legacy", unpin=True)
    pair.until(lambda: not pair.bob.is_online(), "the session to end")
    pair.never_online()
    assert why(pair.alice) == OfflineReason.SELF_LACKS_NOISE
    assert why(pair.bob) == OfflineReason.FRIEND_LACKS_NOISE


def test_where_there_is_only_noise_no_friend_is_an_exception():
    pair = Pair("only", "only").befriend()
    tox = Tox(core=pair.alice.tox)
    with pytest.raises(ToxError) as mode:
        tox.friend_set_handshake(0, "legacy")
    assert mode.value.code == enums.TOX_ERR_FRIEND_SET_HANDSHAKE_MODE
    assert '"prefer"' in str(mode.value)
    tox.friend_set_handshake(0, "require")
    pair.together()
    # unpinning does not open the door
    tox.friend_set_handshake(0, unpin=True)
    pair.comes_back(pair.bob, "legacy")
    pair.run_for(1)
    pair.never_online()


def test_who_drops_noise_wins_one_session_at_most():
    pair = Pair()
    pair.blocks_noise = True
    pair.befriend().together(SOON_S * 2)
    assert pair.versions() == (LEGACY, LEGACY)
    pair.until(lambda: pair.pins() == (NOISE_IK, NOISE_IK), "both to tell of Noise", 10)
    # from now on it is an outage, and said to be one
    pair.reconnect()
    pair.never_online(2 * SOON_S)
    assert why(pair.alice) == OfflineReason.HANDSHAKE_REJECTED
    pair.blocks_noise = False
    pair.together(2 * SOON_S)
    assert pair.versions() == (NOISE_IK, NOISE_IK)


def test_without_the_fallback_nobody_begins_an_old_handshake():
    pair = Pair()
    pair.blocks_noise = True
    for name in ("alice", "bob"):
        pair.options[name]["handshake_fallback"] = False
    for name in ("alice", "bob"):
        actor = pair.restart(getattr(pair, name))
        setattr(pair, name, actor)
        actor.bootstrap_to(pair.nodes[0])
    pair.befriend().never_online(2 * SOON_S)
    pair.blocks_noise = False
    pair.together(2 * SOON_S)
    assert pair.versions() == (NOISE_IK, NOISE_IK)


def test_what_a_friend_has_is_remembered():
    """Who had a long session without telling of Noise gets the old handshake at once."""
    pair = Pair("prefer", "legacy").befriend().together()
    pair.run_for(40)
    sent = pair.alice.socket.traffic.packets_sent
    pair.reconnect()
    before = sent[NOISE_HANDSHAKE.kind]
    pair.together()
    assert sent[NOISE_HANDSHAKE.kind] == before
    # and Noise as soon as the friend begins with it
    pair.comes_back(pair.bob, "prefer")
    pair.together()
    pair.until(lambda: pair.pins() == (NOISE_IK, NOISE_IK), "both to be pinned")


def test_a_deleted_friend_leaves_nothing():
    pair = Pair().befriend().together()
    pair.alice.friend_delete(0)
    pair.alice.friend_add_norequest(pair.bob.self_get_public_key())
    assert pair.alice.friend_get_handshake_pin(0) == NONE
    assert pair.alice.friend_get_handshake_policy(0) == HandshakePolicy.AUTO


def test_a_policy_that_is_set_while_noise_is_under_way_counts():
    pair = Pair().befriend()
    crypto = lambda: pair.alice.tox.messenger.friend(0).connection.crypto  # noqa: E731
    noise_is_out = lambda: pair.alice.socket.traffic.packets_sent[NOISE_HANDSHAKE.kind]  # noqa: E731
    pair.until(noise_is_out, "alice to begin")
    assert crypto() is not None and not crypto().is_established
    Tox(core=pair.alice.tox).friend_set_handshake(0, "legacy")
    pair.run_for(20)
    assert pair.alice.friend_get_handshake(0) != NOISE_IK
    assert pair.alice.friend_get_handshake_pin(0) == NONE


@pytest.mark.parametrize("bob", ["legacy", "prefer"])
def test_the_session_of_a_stranger_who_becomes_a_friend_is_looked_at(bob):
    """They met in a conference, where there is no policy."""
    pair = Pair("prefer", bob)
    pair.options["alice"]["handshake_default_policy"] = enums.TOX_HANDSHAKE_POLICY_REQUIRE
    pair.alice = pair.restart(pair.alice)
    pair.alice.bootstrap_to(pair.nodes[0])
    users = object(), object()
    met = [
        actor.tox.messenger.connections.hold(other.self_get_public_key(), user)
        for actor, other, user in zip((pair.alice, pair.bob), (pair.bob, pair.alice), users, strict=True)
    ]
    pair.until(lambda: all(connection.is_online for connection in met), "them to meet")
    pair.befriend()
    if bob == "legacy":
        pair.never_online()
        assert why(pair.alice) == OfflineReason.FRIEND_LACKS_NOISE
    else:
        assert pair.alice.friend_get_handshake_pin(0) == NOISE_IK
        pair.together()
