"""The laboratory as fixtures. It needs root; without, these tests fail and say so."""

import pytest

from tests.netns.lab import Lab
from tests.netns.network import compile_client


@pytest.fixture
def lab():
    """Network namespaces that are gone after the test, whatever happens in it."""
    with Lab() as made:
        yield made


@pytest.fixture(scope="session")
def client_program(tmp_path_factory):
    return compile_client(tmp_path_factory.mktemp("netns") / "client")
