"""docs/wire.md says what the modules say."""

import importlib.util

from tests.support.prefix import ROOT


def test_wire_page_is_current():
    spec = importlib.util.spec_from_file_location("make_wire", ROOT / "docs" / "make_wire.py")
    make_wire = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_wire)
    assert make_wire.PAGE.read_text() == make_wire.page(), "run: python docs/make_wire.py"
