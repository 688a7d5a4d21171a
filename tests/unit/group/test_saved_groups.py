"""Groups come back from the save of an instance, if its options ask for it."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.core import Core
from toxpy.errors import ToxError
from toxpy.generated import enums
from toxpy.group.keys import ExtendedKeyPair
from toxpy.group.sanctions import Sanctions, make_sanction
from toxpy.options import Options
from toxpy.wire.sections import GROUP_SANCTIONS, GROUPS

OBSERVER, USER = enums.TOX_GROUP_ROLE_OBSERVER, enums.TOX_GROUP_ROLE_USER
PUBLIC, PRIVATE = enums.TOX_GROUP_PRIVACY_STATE_PUBLIC, enums.TOX_GROUP_PRIVACY_STATE_PRIVATE


class Instance:
    """One instance on the simulated network that saves its groups."""

    def __init__(self, world, name, *, keeps=True, savedata=b""):
        world.started += 1
        self.world = world
        self.socket = world.universe.socket()
        options = Options()
        options.local_discovery_enabled = False
        options.experimental_groups_persistence = keeps
        if savedata:
            options.savedata_type = enums.TOX_SAVEDATA_TYPE_TOX_SAVE
            options.savedata_data = savedata
        rt = world.universe.runtime(f"{name} {world.started}")
        self.core = Core(options, rt=rt, udp=self.socket)
        self.groups = self.core.groups.capability.get()
        world.universe.add(self.core, self.socket)

    def stop(self):
        """Stop; what it saved."""
        saved = self.core.get_savedata()
        self.core.kill()
        self.world.universe.remove(self.core)
        return saved


def until(world, condition, seconds):
    return world.run_until(condition, seconds)


def member_count(group):
    return group.peers.count_confirmed() + 1


@pytest.mark.parametrize("privacy", [PUBLIC, PRIVATE])
def test_a_member_comes_back(privacy):
    world = SimulatedWorld()
    a, b = Instance(world, "a"), Instance(world, "b")
    founded = a.groups.new(b"Group", privacy, b"a").group
    joined = b.groups._join(founded.state.chat, 1, b"b", b"").group
    joined.connect(founded.state.keys.public.enc, 0, a.socket.address)
    assert until(world, lambda: member_count(founded) == member_count(joined) == 2, 5)
    enc_pk = joined.state.keys.public.enc
    saved = b.stop()
    world.run_for(1)
    again = Instance(world, "b", savedata=saved)
    (entry,) = again.groups.all()
    assert entry.group.state.keys.public.enc == enc_pk
    assert (entry.group.name, entry.group.state.shared.name) == (b"b", b"Group")
    assert until(world, lambda: entry.group.is_connected and member_count(founded) == 2, 8)


def test_a_founder_keeps_its_group():
    world = SimulatedWorld()
    a = Instance(world, "a")
    founded = a.groups.new(b"Group", PRIVATE, b"a")
    founded.talk.set_password(b"secret")
    founded.talk.set_topic(b"topic")
    again = Instance(world, "a", savedata=a.stop())
    (entry,) = again.groups.all()
    assert entry.group.is_connected and entry.group.state.is_founder
    assert entry.group.state.shared.password == b"secret"
    assert entry.group.state.topics.topic.text == b"topic"
    entry.talk.set_peer_limit(5)


def test_a_group_that_was_left_for_a_while_stays_so():
    world = SimulatedWorld()
    a = Instance(world, "a")
    a.groups.new(b"Group", PUBLIC, b"a").group.stop()
    again = Instance(world, "a", savedata=a.stop())
    assert not again.groups.all()[0].group.is_connected


def test_a_group_that_was_not_reached_yet_is_kept():
    world = SimulatedWorld()
    a = Instance(world, "a")
    chat_id = ExtendedKeyPair(b"\5" * 32).public.sig
    a.groups.join(chat_id, b"a", b"secret")
    a.groups.new(b"Group", PUBLIC, b"a")
    again = Instance(world, "a", savedata=a.stop())
    founded, joined = again.groups.all()
    assert founded.group.state.is_synced and not joined.group.state.is_synced
    assert joined.group.state.chat.sig == chat_id
    assert joined.group.state.shared.password == b"secret"


def test_without_the_option_the_section_is_kept_as_it_is():
    world = SimulatedWorld()
    a = Instance(world, "a")
    a.groups.new(b"Group", PUBLIC, b"a")
    saved = a.stop()
    plain = Instance(world, "a", keeps=False, savedata=saved)
    assert plain.groups.all() == []
    kept = plain.core.saved().contents[GROUPS]
    again = Instance(world, "a", savedata=plain.stop())
    assert kept == [again.groups.collect()]


def test_a_damaged_section_keeps_nobody_from_starting():
    world = SimulatedWorld()
    a = Instance(world, "a")
    for i in range(3):
        a.groups.new(b"Group %d" % i, PUBLIC, b"a")
    content = a.groups.collect()
    for cut in range(0, len(content), 97):
        b = Instance(world, "b")
        b.groups.load([content[:cut] + b"\xff" + content[cut + 1 :], content[:cut]])
        assert len(b.groups.all()) <= 3
        b.stop()


def test_a_password_that_was_given_and_did_not_serve_yet_is_kept():
    world = SimulatedWorld()
    a, b = Instance(world, "a"), Instance(world, "b")
    founded = a.groups.new(b"Group", PUBLIC, b"a")
    joined = b.groups._join(founded.group.state.chat, 1, b"b", b"").group
    joined.connect(founded.group.state.keys.public.enc, 0, a.socket.address)
    assert until(world, lambda: member_count(founded.group) == member_count(joined) == 2, 5)
    joined.disconnect()
    world.run_for(1)
    founded.talk.set_password(b"new")
    joined.come_in(b"new")
    (again,) = Instance(world, "b", savedata=b.stop()).groups.all()
    assert again.group.state.entry_password == b"new"
    assert until(world, lambda: again.group.is_connected and member_count(founded.group) == 2, 8)


@pytest.mark.parametrize("role", [OBSERVER, USER])
def test_an_observer_stays_one_until_it_hears_otherwise(role):
    world = SimulatedWorld()
    a, b = Instance(world, "a"), Instance(world, "b")
    founded = a.groups.new(b"Group", PUBLIC, b"a")
    joined = b.groups._join(founded.group.state.chat, 1, b"b", b"").group
    joined.connect(founded.group.state.keys.public.enc, 0, a.socket.address)
    assert until(world, lambda: member_count(founded.group) == member_count(joined) == 2, 5)
    key = joined.state.keys.public
    founded.talk.set_role(founded.group.number_of(key), OBSERVER)
    assert until(world, lambda: joined.state.own_role == OBSERVER, 5)
    saved = b.stop()
    world.run_for(1)
    sent = founded.group.changes.set_role(key, USER) if role == USER else []
    founded.group.send_list(sent)
    # what is saved before anybody is reached says so, too
    saved = Instance(world, "b", savedata=saved).stop()
    again = Instance(world, "b", savedata=saved)
    (entry,) = again.groups.all()
    assert again.core.groups.group_self_get_role(0) == OBSERVER
    with pytest.raises(ToxError, match="PERMISSIONS"):
        entry.talk.send_message(0, b"hush")
    assert until(world, lambda: entry.group.is_connected and member_count(founded.group) == 2, 8)
    assert entry.group.state.own_role == founded.group.state.role(key) == role


def test_all_restart_and_an_observer_stays_one():
    """c-toxcore saves no sanctions: whoever is still there has them, or nobody."""
    world = SimulatedWorld()
    a, b, c = (Instance(world, name) for name in "abc")
    founded = a.groups.new(b"Group", PUBLIC, b"a")
    joined = [i.groups._join(founded.group.state.chat, 1, b"x", b"").group for i in (b, c)]
    for group in joined:
        group.connect(founded.group.state.keys.public.enc, 0, a.socket.address)
    everybody = [founded.group, *joined]
    assert until(world, lambda: {member_count(group) for group in everybody} == {3}, 10)
    key = joined[0].state.keys.public
    founded.talk.set_role(founded.group.number_of(key), OBSERVER)
    assert until(world, lambda: all(group.state.role(key) == OBSERVER for group in everybody), 5)
    packed = founded.group.state.sanctions.pack()
    saved = [instance.stop() for instance in (a, b, c)]
    world.run_for(1)
    back = [Instance(world, "abc"[i], savedata=saved[i]) for i in (0, 2)]
    groups = [instance.groups.all()[0].group for instance in back]
    assert [group.state.sanctions.pack() for group in groups] == [packed] * 2
    assert [group.state.role(key) for group in groups] == [OBSERVER] * 2
    groups[1].connect(groups[0].state.keys.public.enc, 0, back[0].socket.address)
    assert until(world, lambda: {member_count(group) for group in groups} == {2}, 30)
    assert [group.state.role(key) for group in groups] == [OBSERVER] * 2


def test_saved_sanctions_are_checked_like_those_of_a_member():
    world = SimulatedWorld()
    a = Instance(world, "a")
    founded = a.groups.new(b"Group", PUBLIC, b"a")
    state = founded.group.state
    target = ExtendedKeyPair(b"\5" * 32).public.enc
    state.sanctions.set(state.keys, [make_sanction(state.keys, target)])
    (section,) = [one for one in a.core.groups.capability.companions if one.section == GROUP_SANCTIONS]
    content, packed = section.collect(), state.sanctions.pack()
    assert section.collect() == state.chat.sig + len(packed).to_bytes(2, "big") + packed

    def loaded(*contents):
        state.sanctions = Sanctions()
        section.load(contents)
        return state.sanctions.pack()

    assert loaded(bytes(32) + b"\0\1x" + content) == packed
    for cut in range(0, len(content), 7):
        assert loaded(content[:cut]) == b""
    for place in range(35, len(content)):
        assert loaded(content[:place] + bytes((content[place] ^ 1,)) + content[place + 1 :]) in (b"", packed)
