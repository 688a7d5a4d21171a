"""No C function is unavailable: what the generated glue passes on has its method in Core or a part."""

import inspect
import sys

import pytest

from tests.support.prefix import ROOT

sys.path.insert(0, str(ROOT / "cbindings"))

from classify import plan
from describe import describe_header

from toxpy.core import PARTS, Core

PASSED_ON = [item for item in plan(describe_header(ROOT / "include" / "toxcore.h")) if item.kind == "core"]


def test_there_are_some():
    assert len(PASSED_ON) > 140


@pytest.mark.parametrize("item", PASSED_ON, ids=lambda item: item.function.name)
def test_the_method_takes_what_the_glue_gives(item):
    method = getattr(PARTS[item.part] if item.part else Core, item.method)
    arguments = [None] * len(item.inputs)
    is_static = isinstance(inspect.getattr_static(PARTS.get(item.part, Core), item.method), staticmethod)
    inspect.signature(method).bind(*arguments if is_static else (None, *arguments))
