"""What tests of the datapath share."""

import pytest

from tests.support import compiled_datapath


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """The compiled datapath's module."""
    return compiled_datapath.built_once(tmp_path_factory)
