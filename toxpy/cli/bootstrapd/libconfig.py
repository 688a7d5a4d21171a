"""Reader of libconfig files, the format of tox-bootstrapd's configuration.

    file     setting*                          setting   name ("=" | ":") value [";" | ","]
    value    scalar | array | list | group     group     "{" setting* "}"
    array    "[" scalars of one type "]"       list      "(" values ")"

Comments are `#`, `//` and `/* */`; strings next to each other are one; `@include "file"` reads
another file in its place. The grammar is that of libconfig 1.5 to 1.8, and so are the errors: a name
given twice and an array of mixed types are refused.

A group becomes a `Group` (a dict), a list a tuple, an array a list. The libraries on PyPI for
this format accept both errors above, fail on numbers with leading zeros and tell no lines.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str
Value: TypeAlias = "Scalar | list[Scalar] | tuple[Value, ...] | Group"

MAX_FILE_SIZE = 1024 * 1024
#: As in libconfig.
MAX_INCLUDE_DEPTH = 10
MAX_NESTING = 64

_TOKENS = re.compile(
    r"""
      (?P<skip>     [ \t\r\n\f\v]+ | \#[^\n]* | //[^\n]* | /\*(?:[^*]|\*(?!/))*\*/ )
    | (?P<include>  @include[ \t]+"(?P<file>(?:[^"\\]|\\.)*)" )
    | (?P<float>    [-+]?(?:[0-9]*\.[0-9]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+) )
    | (?P<hex>      0[xX][0-9A-Fa-f]+L?L? )
    | (?P<binary>   0[bB][01]+L?L? )
    | (?P<octal>    0[oOqQ][0-7]+L?L? )
    | (?P<integer>  [-+]?[0-9]+L?L? )
    | (?P<string>   "(?:[^"\\]|\\[\s\S])*" )
    | (?P<boolean>  (?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])(?![-A-Za-z0-9_*]) )
    | (?P<name>     [A-Za-z*][-A-Za-z0-9_*]* )
    | (?P<mark>     [=:;,\[\](){}] )
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([abfnrtv\\\"]))")
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BASES = {"hex": 16, "binary": 2, "octal": 8, "integer": 10}
_END = {"[": "]", "(": ")", "{": "}"}


class LibconfigError(Exception):
    """The file cannot be read; the text names file and line."""


class Group(dict[str, "Value"]):
    """Settings by name, in the file's order; `lines` tells where each one is."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


class _Token:
    __slots__ = ("file", "kind", "line", "text")

    def __init__(self, kind: str, text: str, file: str, line: int) -> None:
        self.kind = kind
        self.text = text
        self.file = file
        self.line = line

    def error(self, message: str) -> LibconfigError:
        return LibconfigError(f"{self.file}:{self.line} - {message}")


def load(path: str | os.PathLike[str]) -> Group:
    """Read a file; OSError when it cannot be opened, LibconfigError when it makes no sense."""
    name = os.fspath(path)
    return parse(_read(name), name)


def parse(text: bytes, file: str = "<text>") -> Group:
    """Settings of a file's content; `file` is for error messages only."""
    return _Parser(list(_tokens(text, file, 0))).settings("end")


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        text = file.read(MAX_FILE_SIZE + 1)
    if len(text) > MAX_FILE_SIZE:
        raise LibconfigError(f"{path}:1 - file is larger than {MAX_FILE_SIZE} bytes")
    return text


def _tokens(data: bytes, file: str, depth: int) -> Iterator[_Token]:
    # one character per byte: what a string means is decided when it is complete
    text = data.decode("latin-1")
    at, line = 0, 1
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None or match.group() in (".", "+.", "-."):
            raise LibconfigError(f"{file}:{line} - syntax error at {text[at : at + 20].splitlines()[0]!r}")
        kind = match.lastgroup or ""
        if kind in ("include", "file"):
            yield from _included(_text(match["file"]), file, line, depth)
        elif kind != "skip":
            yield _Token(kind, match.group(), file, line)
        line += match.group().count("\n")
        at = match.end()
    if depth == 0:
        yield _Token("end", "end of file", file, line)


def _included(name: str, file: str, line: int, depth: int) -> Iterator[_Token]:
    if depth >= MAX_INCLUDE_DEPTH:
        raise LibconfigError(f"{file}:{line} - include file nesting too deep")
    try:
        text = _read(name)
    except OSError as error:
        raise LibconfigError(f"{file}:{line} - cannot open include file {name}: {error.strerror}") from error
    yield from _tokens(text, name, depth + 1)


def _text(raw: str) -> str:
    """The content of a string: escapes replaced, then as a file name or a UTF-8 text."""
    text = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPED.get(m[2], m[2]), raw)
    # as in C, a string ends at its first NUL
    return os.fsdecode(text.partition("\0")[0].encode("latin-1"))


class _Parser:
    __slots__ = ("_at", "_depth", "_tokens")

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        # the end may be looked at again
        self._at += token.kind != "end"
        return token

    def _take(self, *texts: str) -> bool:
        token = self._tokens[self._at]
        if token.kind != "mark" or token.text not in texts:
            return False
        self._at += 1
        return True

    def settings(self, end: str) -> Group:
        """Everything up to the closing `end`, which is taken."""
        group = Group()
        while True:
            name = self._next()
            if end in (name.text, name.kind):
                return group
            if name.kind != "name":
                raise name.error(f"syntax error at {name.text!r}: a setting's name is expected")
            if not self._take("=", ":"):
                raise self._next().error(f"syntax error: '=' is expected behind {name.text!r}")
            if name.text in group:
                raise name.error(f"duplicate setting name: {name.text!r}")
            group[name.text] = self._value()
            group.lines[name.text] = name.line
            self._take(";", ",")

    def _value(self) -> Value:
        token = self._next()
        if token.text not in _END or token.kind != "mark":
            return self._scalar(token)
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise token.error("nesting too deep")
        end = _END[token.text]
        value: Value
        if token.text == "{":
            value = self.settings(end)
        elif token.text == "(":
            value = tuple(self._elements(end))
        else:
            value = self._array(token, end)
        self._depth -= 1
        return value

    def _elements(self, end: str) -> Iterator[Value]:
        """Values between commas, one comma behind the last one allowed, up to `end`."""
        while not self._take(end):
            yield self._value()
            if not self._take(","):
                token = self._next()
                if token.text != end:
                    raise token.error(f"syntax error at {token.text!r}: ',' or {end!r} is expected")
                return

    def _array(self, start: _Token, end: str) -> list[Scalar]:
        elements: list[Scalar] = []
        for element in self._elements(end):
            if isinstance(element, list | tuple | dict):
                raise start.error("an array holds single values only")
            elements.append(element)
        if len(set(map(type, elements))) > 1:
            raise start.error("mismatched element type in array")
        return elements

    def _scalar(self, token: _Token) -> Scalar:
        text, kind = token.text, token.kind
        if kind in _BASES:
            digits = text.rstrip("L")
            return int(digits if kind == "integer" else digits[2:], _BASES[kind])
        if kind == "float":
            return float(text)
        if kind == "string":
            parts = [text[1:-1]]
            while self._tokens[self._at].kind == "string":
                parts.append(self._next().text[1:-1])
            return _text("".join(parts))
        if kind == "boolean":
            return text.lower() == "true"
        raise token.error(f"syntax error at {text!r}: a value is expected")
