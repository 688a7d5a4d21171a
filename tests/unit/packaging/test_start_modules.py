"""The one file from which the C library imports what every start needs."""

import importlib
import importlib.util
import inspect
import marshal
import sys

import pytest

from tests.support.prefix import ROOT

sys.path.insert(0, str(ROOT / "cbindings"))

from start_modules import SIZE_SIZE, StartModules

SOURCES = {"startpack": (True, "NAME = __name__\n"), "startpack.inner": (False, "def f():\n    return 1\n")}


def packed(magic=importlib.util.MAGIC_NUMBER):
    table, codes = {}, b""
    for name, (is_package, source) in SOURCES.items():
        code = marshal.dumps(compile(source, "built/elsewhere.py", "exec"))
        table[name] = (is_package, len(codes), len(codes) + len(code))
        codes += code
    head = marshal.dumps((magic, table))
    return len(head).to_bytes(SIZE_SIZE, "little") + head + codes


@pytest.fixture
def folder(tmp_path):
    """Where the modules are as files, too."""
    (tmp_path / "startpack").mkdir()
    (tmp_path / "startpack" / "__init__.py").write_text(SOURCES["startpack"][1])
    (tmp_path / "startpack" / "inner.py").write_text(SOURCES["startpack.inner"][1])
    yield tmp_path
    for name in SOURCES:
        sys.modules.pop(name, None)


def test_modules_are_as_if_from_their_own_files(folder, monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [StartModules(str(folder), packed()), *sys.meta_path])
    package = importlib.import_module("startpack")
    inner = importlib.import_module("startpack.inner")
    assert package.__path__ == [str(folder / "startpack")] and package.NAME == "startpack"
    assert package.__file__ == str(folder / "startpack" / "__init__.py")
    assert inner.__file__ == inner.f.__code__.co_filename == str(folder / "startpack" / "inner.py")
    assert inner.f() == 1 and inner.__package__ == "startpack"
    assert inspect.getsource(inner.f) == SOURCES["startpack.inner"][1]
    assert inner.__loader__.get_code("startpack.inner").co_filename == inner.__file__


def test_the_files_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [StartModules(str(tmp_path), packed()), *sys.meta_path])
    assert importlib.import_module("startpack.inner").f() == 1
    for name in SOURCES:
        del sys.modules[name]


def test_nothing_is_found_for_another_python_or_another_name(folder):
    assert StartModules(str(folder), packed(b"old\n")).find_spec("startpack") is None
    assert StartModules(str(folder), packed()).find_spec("startpack.other") is None
