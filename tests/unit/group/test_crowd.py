"""The crowd of `crowd.py`, small; two hundred are run by hand."""

import pytest

from tests.unit.group.crowd import run


@pytest.mark.parametrize("seed", range(2))
def test_everybody_sees_the_same(seed):
    crowd = run(14, loss=0.1, seed=seed, report=lambda _: None)
    assert len(crowd.members) == 15
