"""The attack of `groups.py`, short; the long one is run by hand with a million."""

import pytest

from tests.fuzz.groups import attack

#: Reasons for which something was refused, at least: each handler is reached.
MIN_DROPS = {"user": 20, "moderator": 20, "stranger": 16}


@pytest.mark.parametrize("role", MIN_DROPS)
def test_hostile_members_and_strangers(role):
    figures = attack(4000, role, seed=2, report=lambda _: None)
    drops = [name for name in figures["drops"] if name.startswith("drop.group")]
    assert len(drops) >= MIN_DROPS[role], drops
    assert figures["after_mb"] - figures["before_mb"] < 5
    assert figures["came_again"] >= 3 and figures["peers"] < 40
    believed = {"GroupTopic", "GroupModeration"} & set(figures["told"])
    assert ("GroupTopic" in believed) == (role == "moderator"), figures["told"]
