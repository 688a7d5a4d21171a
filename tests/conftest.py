"""Fixtures shared by all tests."""

import pytest
from hypothesis import settings

# how long an example takes says more about the machine than about the code
settings.register_profile("project", deadline=None)
settings.load_profile("project")


@pytest.fixture(params=["universe", "ours-real", "real-ours"])
def world(request):
    """The stage of a scenario: simulated, or loopback with Debian's library on one side."""
    from tests.support.worlds import BACKENDS

    stage = BACKENDS[request.param]()
    yield stage
    stage.close()
