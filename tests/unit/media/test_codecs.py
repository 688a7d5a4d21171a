"""Which codecs there are."""

import sys
from types import ModuleType

import pytest

from toxpy import media
from toxpy.media import codecs

MODULE = "toxpy.media._avcodecs"


@pytest.fixture
def compiled(monkeypatch):
    """Puts something in the place of the compiled module, and has all that need it loaded anew."""

    def put(module):
        monkeypatch.setitem(sys.modules, MODULE, module)
        for name in ("native", "opus", "vp8"):
            monkeypatch.delitem(sys.modules, f"toxpy.media.{name}", raising=False)
            monkeypatch.delattr(media, name, raising=False)

    return put


def test_real_ones_and_stand_ins(real):
    made = codecs.load(standin=True)
    assert codecs.missing() == ""
    for name in codecs.Codecs.__slots__:
        assert getattr(real, name) is not getattr(made, name)
        assert getattr(real, name).__name__ == getattr(made, name).__name__ == name


def test_what_lacks_is_said(compiled):
    """The module itself, or what the dynamic linker says; stand-ins need neither."""
    compiled(None)
    remedy = "install libopus-dev and libvpx-dev, then build it again"
    assert codecs.missing() == f"toxpy was built without codecs: {remedy}"
    compiled(ModuleType(MODULE))
    assert "cannot import name 'ffi'" in codecs.missing()
    with pytest.raises(codecs.CodecError, match="cannot import name"):
        codecs.load()
    codecs.load(standin=True)
