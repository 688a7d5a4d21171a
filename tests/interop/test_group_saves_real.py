"""Groups in saves that go from c-toxcore 0.2.22 to us and back, and the other way round."""

import pytest

from tests.interop.test_groups_real import MixedWorld
from tests.support import newer_tox
from tests.support.groups import (
    FOUNDER,
    MODERATOR,
    UNLOCKED,
    USER,
    VOICE_MODERATOR,
    agree,
    found,
    gather,
    id_of,
    join,
    own_name,
    role,
    share,
)
from tests.support.real_tox import RealTox
from tests.support.worlds import events, loopback_options
from toxpy.core import Core
from toxpy.generated import enums
from toxpy.group.saved import SavedPeer, read_groups, write_groups
from toxpy.runtime import Counters
from toxpy.save import savedata
from toxpy.wire.msgpack import unpack
from toxpy.wire.sections import GROUPS

BUSY = enums.TOX_USER_STATUS_BUSY


def decide(world, founder, moderator, other, number):
    """A group that is not as new ones are."""
    founder.group_set_topic_lock(number, UNLOCKED)
    founder.group_set_peer_limit(number, 23)
    founder.group_set_voice_state(number, VOICE_MODERATOR)
    founder.group_set_password(number, b"secret %d" % number)
    founder.group_set_role(number, id_of(founder, moderator, number, number), MODERATOR)
    everybody = [founder, moderator, other]
    for actor in everybody:
        actor.group_self_set_status(number, BUSY)
        actor.group_self_set_name(number, own_name(actor) + b" in %d" % number)

    def told():
        roles = [actor.group_self_get_role(number) for actor in everybody]
        passwords = {actor.group_get_password(number) for actor in everybody}
        return roles == [FOUNDER, MODERATOR, USER] and passwords == {b"secret %d" % number}

    world.until(told, "everybody to be told")
    founder.group_set_topic(number, b"Topic %d" % number)
    for actor in (moderator, other):
        actor.wait(events.GroupTopic, group_number=number)


def described(tox):
    """What an instance says of its two groups."""
    groups, state = tox.groups, tox.group_state
    return [
        (
            state.group_get_chat_id(number),
            state.group_get_name(number),
            state.group_get_topic(number),
            state.group_get_password(number),
            state.group_get_privacy_state(number),
            state.group_get_voice_state(number),
            state.group_get_topic_lock(number),
            state.group_get_peer_limit(number),
            groups.group_self_get_public_key(number),
            groups.group_self_get_name(number),
            groups.group_self_get_status(number),
            groups.group_self_get_role(number),
        )
        for number in (0, 1)
    ]


def section(data):
    """Section 7 of a save as plain values, with keys, signatures and moderators; peers in any order."""
    (content,) = savedata.parse(data).take(GROUPS)
    groups, end = unpack(content)
    assert end == len(content)
    for values, group in zip(groups, read_groups(content, Counters()), strict=True):
        assert len(group.peers) == 2
        values[-1] = {(peer.enc_pk, peer.address, peer.relay) for peer in group.peers}
    return groups


def load(kind, release, data):
    """What an instance says that loads a save, and what it saves again."""
    if kind == "real":
        tox = RealTox(savedata=data, groups_persistence=True, release=release)
    else:
        tox = Core(loopback_options(data))
    try:
        return described(tox), tox.get_savedata()
    finally:
        tox.kill()


@pytest.mark.parametrize("release", [newer_tox.of_release("sid", "sid")])
def test_groups_go_to_the_other_and_back_without_loss(request, release):
    world = MixedWorld(release)
    request.addfinalizer(world.close)
    real, python, clib = everybody = share(world, "real", "python", "clib")
    assert found(python, name=b"Another") == 1
    for actor in (clib, real):
        assert join(python, actor, 1) == 1
    gather(world, everybody, number=1)
    decide(world, real, clib, python, 0)
    decide(world, python, clib, real, 1)
    said = {actor.name: described(actor.tox) for actor in everybody}
    saved = {actor.name: actor.tox.get_savedata() for actor in everybody}
    for actor in everybody:
        world.stop(actor)

    for name, way in (("real", ["python", "real"]), ("python", ["real", "python"])):
        data = saved[name]
        for kind in way:
            spoken, data = load(kind, release, data)
            assert spoken == said[name], kind
        assert section(data) == section(saved[name])
        saved[name] = data

    # and they are what they were
    real, python, clib = everybody = [world.actor(name, savedata=data) for name, data in saved.items()]
    for actor in everybody:
        actor.bootstrap_to(world.actors[0])
    for number in (0, 1):
        gather(world, everybody, 90, number)
    world.until(lambda: agree(everybody), "everybody to agree")
    assert role(real, clib) == role(python, clib) == MODERATOR
    assert [described(actor.tox) for actor in everybody] == list(said.values())


@pytest.mark.parametrize("first", [2, 10, 130, 138])
@pytest.mark.parametrize("release", [newer_tox.of_release("sid", "sid")])
def test_a_key_that_begins_like_a_relay_costs_nothing(release, first):
    """0.2.22 takes such a key for a relay, and saves both again."""
    core = Core(loopback_options())
    core.groups.group_new(1, b"Group", b"Founder")
    saved = savedata.parse(core.get_savedata())
    core.kill()
    (content,) = saved.take(GROUPS)
    groups = read_groups(content, Counters())
    keys = [bytes((start,)) + b"\x05" * 31 for start in (first, 5, 6)]
    groups[0].peers = [SavedPeer(key, (bytes((127, 0, 0, 1)), 33445 + key[0]), None) for key in keys]
    saved.put({GROUPS: write_groups(groups)})
    tox = RealTox(savedata=savedata.build(saved), groups_persistence=True, release=release)
    try:
        (content,) = savedata.parse(tox.get_savedata()).take(GROUPS)
    finally:
        tox.kill()
    peers = read_groups(content, Counters())[0].peers
    assert [(peer.enc_pk, peer.address[1] - 33445, peer.relay) for peer in peers] == [
        (key, key[0], None) for key in (keys[1], keys[2], keys[0])
    ]
