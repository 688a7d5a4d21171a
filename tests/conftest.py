"""Fixtures shared by all tests."""

import pytest
from hypothesis import settings

# how long an example takes says more about the machine than about the code
settings.register_profile("project", deadline=None)
settings.load_profile("project")


DIRECT = ["universe", "ours-real", "real-ours"]
RELAYED = [
    "tcp-universe",
    "tcp-ours-real-over-real",
    "tcp-real-ours-over-ours",
    "tcp-ours-ours-over-real",
    "tcp-real-real-over-ours",
]


@pytest.fixture(params=DIRECT + RELAYED)
def world(request):
    """The stage of a scenario: simulated, or loopback with the real library on one side; UDP or relays."""
    from tests.support.worlds import BACKENDS, RELAYED_BACKENDS

    stage = (BACKENDS | RELAYED_BACKENDS)[request.param]()
    yield stage
    stage.close()


@pytest.fixture(params=DIRECT)
def udp_world(request):
    """A stage for what only UDP can do."""
    from tests.support.worlds import BACKENDS

    stage = BACKENDS[request.param]()
    yield stage
    stage.close()
