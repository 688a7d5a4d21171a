"""What the C library's start loads: the same code, without what no run needs."""

import marshal
import sys

import pytest

from tests.support.prefix import ROOT

sys.path.insert(0, str(ROOT / "cbindings"))

from lean_code import lean_code

SOURCE = '''"""The module."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nowhere import Nothing


class Empty:
    """Only words."""


class Part:
    """Words."""

    size: Unknown

    async def wait(self, *some: Nothing, **more: Nothing) -> Nothing:
        """Words."""


def only_words():
    """Words."""


def fails(number: Nothing, /, *, other: Nothing = 2) -> Nothing:
    """Words
    over three
    lines."""

    def inside() -> Nothing:
        "Words."
        return "kept"

    if not TYPE_CHECKING:
        return number / 0 if inside() == "kept" and other == 2 else None
'''


def test_words_and_types_are_left_out_and_the_rest_works():
    module = {"__name__": "sample"}
    exec(lean_code(SOURCE, "sample.py"), module)
    empty, part, fails = module["Empty"], module["Part"], module["fails"]
    for each in (empty, part, part.wait, module["only_words"], fails):
        assert each.__doc__ is None
    assert module.get("__doc__") is None
    assert fails.__annotations__ == part.wait.__annotations__ == {}
    # lists are made of them
    assert part.__annotations__ == {"size": "Unknown"}
    assert module["only_words"]() is None
    with pytest.raises(ZeroDivisionError) as caught:
        fails(1)
    line = caught.tb.tb_next.tb_lineno
    assert "number / 0" in SOURCE.splitlines()[line - 1]


def test_every_module_compiles_and_all_are_a_tenth_smaller():
    whole = lean = 0
    for path in sorted((ROOT / "toxpy").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        lean += len(marshal.dumps(lean_code(source, "name.py")))
        whole += len(marshal.dumps(compile(source, "name.py", "exec", dont_inherit=True)))
    assert lean < 0.9 * whole
