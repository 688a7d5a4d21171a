"""Which codecs there are."""

import re
import sys
from hashlib import sha256
from types import ModuleType, SimpleNamespace

import pytest
from cffi import FFI

from tests.support.compiled_avcodecs import BINDINGS
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


def test_codecs_of_another_version_are_not_used(compiled):
    """In a checkout that went on without `make build`; an attribute that lacks would break calls later."""
    for interface in ({}, {"AVCODECS_INTERFACE": -1}):
        stale = ModuleType(MODULE)
        stale.ffi, stale.lib = FFI(), SimpleNamespace(**interface)
        compiled(stale)
        assert codecs.missing() == "the compiled codecs are those of another version of toxpy: build it again"
        with pytest.raises(codecs.CodecError, match="build it again"):
            codecs.load()


def test_each_interface_has_its_number(real):
    """After a change of the header: another number there and in native.py, and its digest here."""
    from toxpy.media import native

    text = re.sub(r"/\*.*?\*/|\s", "", (BINDINGS / "avcodecs.h").read_text(), flags=re.DOTALL)
    assert (native.INTERFACE, sha256(text.encode()).hexdigest()[:16]) == (1, "3ec3c67d7c43881b")
    assert f"AVCODECS_INTERFACE={native.INTERFACE}}}" in text
