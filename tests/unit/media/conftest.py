"""The real codecs."""

import pytest

from tests.support import compiled_avcodecs


@pytest.fixture(scope="session")
def real(tmp_path_factory):
    compiled_avcodecs.use(tmp_path_factory)
    from toxpy.media import codecs

    return codecs.load()
