"""Which friend is which member: a table with a section of the save."""

import pytest

from tests.support.worlds import SimulatedWorld
from tests.unit.group.test_saved_groups import Instance
from toxpy.group.friend_members import FriendMembers

CHAT, FRIEND, MEMBER = (bytes((i,)) * 32 for i in range(1, 4))


def members(instance):
    return instance.core.groups.capability.members


def test_it_comes_back_from_a_save():
    world = SimulatedWorld()
    one = Instance(world, "one")
    members(one).note(CHAT, FRIEND, MEMBER)
    saved = one.stop()
    assert members(Instance(world, "again", savedata=saved)).get(CHAT, FRIEND) == MEMBER
    # without the option the section is kept, like that of groups
    without = Instance(world, "without", keeps=False, savedata=saved)
    assert members(without).get(CHAT, FRIEND) is None
    assert members(Instance(world, "third", savedata=without.stop())).get(CHAT, FRIEND) == MEMBER


def test_an_empty_one_adds_nothing_to_a_save():
    world = SimulatedWorld()
    one = Instance(world, "one")
    size = len(one.core.get_savedata())
    members(one).note(CHAT, FRIEND, MEMBER)
    assert len(one.core.get_savedata()) == size + 8 + 96
    members(one).forget(CHAT)
    assert len(one.core.get_savedata()) == size


@pytest.mark.parametrize("cut", [1, 95])
def test_a_damaged_section_gives_what_is_whole(cut):
    table = FriendMembers(saved=True)
    table.note(CHAT, FRIEND, MEMBER)
    table.note(CHAT, MEMBER, FRIEND)
    again = FriendMembers(saved=True)
    again.load([table.collect()[:-cut], b""])
    assert again.get(CHAT, FRIEND) == MEMBER
    assert again.get(CHAT, MEMBER) is None


def test_the_last_pairs_are_kept():
    table = FriendMembers(saved=True)
    for i in range(3000):
        table.note(CHAT, i.to_bytes(32, "big"), MEMBER)
    assert len(table.collect()) == 1024 * 96
    assert table.get(CHAT, (2999).to_bytes(32, "big")) == MEMBER
    assert table.get(CHAT, bytes(32)) is None


def test_a_deleted_friend_is_forgotten():
    world = SimulatedWorld()
    one = Instance(world, "one")
    number = one.core.friends.friend_add_norequest(b"\x09" + bytes(31))
    members(one).note(CHAT, b"\x09" + bytes(31), MEMBER)
    assert members(one).of_friend(b"\x09" + bytes(31)) == [(CHAT, MEMBER)]
    one.core.friends.friend_delete(number)
    assert members(one).of_friend(b"\x09" + bytes(31)) == []
