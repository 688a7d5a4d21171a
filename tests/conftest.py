"""Fixtures shared by all tests."""

import pytest


@pytest.fixture(params=["universe", "ours-real", "real-ours"])
def world(request):
    """The stage of a scenario: simulated, or loopback with Debian's library on one side."""
    from tests.support.worlds import BACKENDS

    stage = BACKENDS[request.param]()
    yield stage
    stage.close()
