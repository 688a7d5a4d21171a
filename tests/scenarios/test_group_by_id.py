"""Groups by number and by chat id: both lead to the same one, and a number is free again after the leave."""

from tests.support.groups import PRIVATE, by_id, fails, found, groups, guests


def test_group_by_id(group_world):
    group_world.network()
    (alice,) = guests(group_world, "alice")
    assert (groups(alice), alice.group_get_number_groups()) == ([], 0)
    assert found(alice, name=b"First") == 0
    assert found(alice, PRIVATE, b"Second") == 1
    assert (groups(alice), alice.group_get_number_groups()) == ([0, 1], 2)
    first, second = alice.group_get_chat_id(0), alice.group_get_chat_id(1)
    assert first != second
    assert [by_id(alice, chat_id) for chat_id in (first, second, b"\xaa" * 32)] == [0, 1, None]

    alice.group_leave(0, b"")
    group_world.run_for(1)
    assert groups(alice) == [1]
    assert by_id(alice, first) is None
    fails("STATE_QUERY_GROUP_NOT_FOUND", alice.group_get_name, 0)
    assert by_id(alice, second) == 1
    assert found(alice, name=b"Third") == 0
    assert groups(alice) == [0, 1]
    assert alice.group_get_name(0) == b"Third"
