"""Our reader of libconfig files beside the library that tox-bootstrapd uses.

What the library learned after 1.5 (more commas in a list, binary and octal numbers, more escapes) is
left out.
"""

import ctypes as c
import os
from ctypes.util import find_library

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.cli.test_bootstrapd_config import FULL
from toxpy.cli.bootstrapd.libconfig import Group, LibconfigError, parse

#: larger than config_t of any version
CONFIG_SIZE = 1024
GROUP, INT, INT64, FLOAT, STRING, BOOL, ARRAY, LIST = range(1, 9)


@pytest.fixture(scope="module")
def library():
    lib = c.CDLL(find_library("config"))
    lib.config_setting_get_elem.restype = c.c_void_p
    lib.config_setting_get_int64.restype = c.c_longlong
    lib.config_setting_get_float.restype = c.c_double
    lib.config_setting_get_string.restype = c.c_char_p
    return lib


class Setting(c.Structure):
    """The beginning of config_setting_t, which C programs read through macros."""

    _fields_ = (("name", c.c_char_p), ("type", c.c_short))


def about(setting):
    return c.cast(setting, c.POINTER(Setting)).contents


class Real:
    """One text as the library reads it."""

    def __init__(self, library, text):
        self.lib = library
        config = c.create_string_buffer(CONFIG_SIZE)
        library.config_init(config)
        try:
            self.settings = None
            if library.config_read_string(config, text):
                root = c.cast(config, c.POINTER(c.c_void_p))[0]
                self.settings = self.value(c.c_void_p(root), GROUP)
        finally:
            library.config_destroy(config)

    def value(self, setting, kind):
        lib = self.lib
        if kind in (GROUP, ARRAY, LIST):
            count = lib.config_setting_length(setting)
            elements = [c.c_void_p(lib.config_setting_get_elem(setting, c.c_uint(i))) for i in range(count)]
            values = [self.value(each, about(each).type) for each in elements]
            if kind == GROUP:
                names = [about(each).name.decode() for each in elements]
                return dict(zip(names, values, strict=True))
            return values if kind == ARRAY else tuple(values)
        if kind == BOOL:
            return bool(lib.config_setting_get_bool(setting))
        if kind == INT:
            return lib.config_setting_get_int(setting)
        if kind == INT64:
            return lib.config_setting_get_int64(setting)
        if kind == FLOAT:
            return lib.config_setting_get_float(setting)
        assert kind == STRING
        return os.fsdecode(lib.config_setting_get_string(setting))


def ours(text):
    try:
        return parse(text)
    except LibconfigError:
        return None


def plain(value):
    """With the types in it: True is not 1."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value))
    return type(value).__name__, value


TEXTS = [
    FULL,
    "",
    "  \n",
    "# only a comment\n",
    "a = 1 // two\n\n",
    "a = 1 /* two\n lines * / ** */ b = 2",
    "a : 1; b = 2, c = 3",
    "a = TRUE b = fAlSe c = true;",
    "a = 007; b = -12; c = +5; d = 0xfF; e = 5000000000L; f = 12L; g = 12LL; h = 0x1FFFFFFFFL",
    "a = 1.5; b = -.5; c = 1e3; d = 1.e-2; e = 5.",
    r'a = "x" "y" /* z */ "w"; b = "\n\t\r\f\\\"\x41"; c = "";',
    'a = "two\nlines"',
    'a = []; b = (); c = {}; d = (1, "x", [2], { e = 1.5; })',
    "a-b_c* = 1; *x = 2",
    "a = { b = { c = { d = (((1))) } } }",
    'a = [1, 2]\nb = [true, false]; c = ["x", "y" "z"]; d = [1.5, 2.5]',
    # errors
    "a",
    "a =",
    "a = ;",
    "= 1",
    "1 = 1",
    "a = 1; a = 2",
    "a = { b = 1; b = 2 }",
    "a = [1, true]",
    "a = [1, 1.5]",
    "a = [(1)]",
    "a = [{}]",
    "a = [1 2]",
    "a = (1 2)",
    "a = {1}",
    "a = (b = 1)",
    "a = { b = 1",
    "a = (1",
    'a = "open',
    "a = yes",
    "a = 'x'",
    "a = 1 }",
    "a = = 1",
    "a == 1",
    "a = 1;; b = 2",
    ";",
    "a b = 1",
    "a.b = 1",
    "a = truely",
    "a = 1x",
    "_a = 1",
    "a = -",
]


@pytest.mark.parametrize("text", TEXTS)
def test_texts(library, text):
    real = Real(library, text.encode()).settings
    assert plain(ours(text.encode())) == plain(real)
    assert real is None or isinstance(ours(text.encode()), Group)


PIECES = st.sampled_from(
    [
        *"=:;,[](){}",
        *("a", "b", "c-d", "e_f", "true", "False", "TRUE", "truth"),
        *("1", "-5", "007", "0x1F", "0xF", "3L", "1.5", "-.5", "2e3", "1."),
        *('"x"', '"\\x41\\n"', '""', '"//"', "/* c */", "# d\n", "// e\n", "\n"),
        *("a = 1", "b = (", "c = [", "d = {", 'x = "y"', "f = 1.5;"),
    ]
)


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=12), st.sampled_from([" ", " ", ""]))
def test_pieces_in_any_order(library, pieces, between):
    text = between.join(pieces)
    # since 1.7
    for late in (",]", ",)"):
        if late in "".join(piece for piece in pieces if not piece.isspace() and piece[0] not in "/#"):
            return
    assert plain(ours(text.encode())) == plain(Real(library, text.encode()).settings)
