"""Groups by number and by chat id: both lead to the same one, and a number is free again after the leave."""

from tests.support.groups import PRIVATE, fails, found, groups, guests


def test_group_by_id(group_world):
    group_world.network()
    (alice,) = guests(group_world, "alice")
    assert (groups(alice), alice.group_get_number_groups()) == ([], 0)
    assert found(alice, name=b"First") == 0
    assert found(alice, PRIVATE, b"Second") == 1
    assert (groups(alice), alice.group_get_number_groups()) == ([0, 1], 2)
    first, second = alice.group_get_chat_id(0), alice.group_get_chat_id(1)
    assert first != second
    assert (alice.group_by_id(first), alice.group_by_id(second)) == (0, 1)
    fails("BY_ID_NOT_FOUND", alice.group_by_id, b"\xaa" * 32)
    fails("BY_ID_NULL", alice.group_by_id, None)

    alice.group_leave(0, b"")
    group_world.run_for(1)
    assert groups(alice) == [1]
    fails("BY_ID_NOT_FOUND", alice.group_by_id, first)
    fails("STATE_QUERY_GROUP_NOT_FOUND", alice.group_get_name, 0)
    assert alice.group_by_id(second) == 1
    assert found(alice, name=b"Third") == 0
    assert groups(alice) == [0, 1]
    assert alice.group_get_name(0) == b"Third"
