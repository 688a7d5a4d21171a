"""What tests of clients share."""

import pytest

from tests.support.toxic import Network


@pytest.fixture
def toxic_network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.close()


@pytest.fixture
def users(tmp_path, toxic_network):
    running = []
    yield running
    for user in running:
        user.close()
