"""The measures notice what they are for."""

from tests.unit.media.measures import in_other_thread


def test_work_that_keeps_the_lock_is_noticed():
    assert not in_other_thread(lambda: [sum(range(200_000)) for _ in range(50)])
