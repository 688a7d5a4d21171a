"""The laboratory as fixtures. It needs root; without, these tests fail and say so."""

import pytest

from tests.netns.lab import Lab
from tests.netns.network import compile_client
from tests.support.made_once import made_once


@pytest.fixture
def lab():
    """Network namespaces that are gone after the test, whatever happens in it."""
    with Lab() as made:
        yield made


@pytest.fixture(scope="session")
def client_program(tmp_path_factory):
    return made_once(tmp_path_factory, "client", lambda folder: compile_client(folder / "client")) / "client"
