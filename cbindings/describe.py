"""The C header as data: enums, constants, typedefs, functions, callbacks.

`include/toxcore.h` is the single source of the C API; everything generated (enums.py,
events.py, the C glue) starts from the `Api` this module returns. The header is
reduced to plain declarations by a small preprocessor of our own, so that describing it
needs neither a compiler nor system headers, and is then parsed by pycparser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from pycparser import c_ast, c_parser

#: What the real <stdint.h>, <stdbool.h> and <stddef.h> would declare; the names are all that matters.
BASE_TYPES = (
    "bool", "int8_t", "int16_t", "int32_t", "int64_t",
    "uint8_t", "uint16_t", "uint32_t", "uint64_t", "size_t",
)  # fmt: skip
PRELUDE = "".join(f"typedef int {name};\n" for name in BASE_TYPES)


@dataclass(frozen=True)
class Type:
    """A C type: the name it is written with, how many pointers, and what it resolves to."""

    name: str  #: as written, for example Tox_Friend_Number
    base: str  #: without typedefs: uint32_t, "enum Tox_Connection", "struct Tox", void, char
    pointers: int = 0
    const: bool = False  #: the pointed-to (or plain) base is const
    array: int = 0  #: elements when the type is an array typedef (Tox_Public_Key has 32)
    callback: str = ""  #: name of the function typedef behind a function pointer

    @property
    def is_enum(self) -> bool:
        """True for an enum by value."""
        return self.base.startswith("enum ") and not self.pointers

    @property
    def c(self) -> str:
        """C text of the type as a parameter or a result (arrays decay)."""
        const = "const " if self.const else ""
        if self.array:
            return f"{const}{self.base} *"
        return f"{const}{self.name} {'*' * self.pointers}".strip()


@dataclass(frozen=True)
class Param:
    """One parameter of a function or callback."""

    name: str
    type: Type


@dataclass(frozen=True)
class Function:
    """A function, or the type of a callback."""

    name: str
    result: Type
    params: tuple[Param, ...]

    @property
    def error(self) -> Param | None:
        """The trailing `Tox_Err_... *error` parameter, if there is one."""
        for param in self.params:
            kind = param.type
            if kind.pointers == 1 and kind.base.startswith("enum ") and "Err_" in kind.base + kind.name:
                return param
        return None


@dataclass
class Api:
    """Everything the header declares, in its order."""

    macros: dict[str, int] = field(default_factory=dict)
    enums: dict[str, dict[str, int]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    callbacks: dict[str, Function] = field(default_factory=dict)
    structs: dict[str, list[Param]] = field(default_factory=dict)
    typedefs: dict[str, Type] = field(default_factory=dict)
    docs: dict[str, str] = field(default_factory=dict)  #: comments of callbacks, enums and enumerators


_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DOCUMENTED = re.compile(
    r"/\*\*(?P<text>(?:(?!\*/).)*)\*/\s*"
    r"(?:typedef void (?P<callback>\w+)\(|(?:typedef )?enum (?P<enum>\w+) \{|(?P<enumerator>TOX\w+)\s*[=,])",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"\s*#\s*(\w+)\s*(.*)")
_DEFINE = re.compile(r"(\w+)(\([^)]*\))?\s*(.*)")


def preprocess(text: str) -> tuple[str, dict[str, str]]:
    """Plain declarations, and the object-like macros, of one header text."""
    text = _COMMENT.sub(" ", text.replace("\\\n", " "))
    macros: dict[str, str] = {}
    keep = [True]
    lines: list[str] = []
    for line in text.split("\n"):
        directive = _DIRECTIVE.match(line)
        if directive is None:
            if all(keep):
                lines.append(line)
            continue
        word, rest = directive.groups()
        if word in ("if", "ifdef", "ifndef"):
            # nothing is defined as far as an API description goes: not __cplusplus, no TOX_HIDE_DEPRECATED
            keep.append(word == "ifndef" or (word == "if" and rest.startswith("!")))
        elif word in ("else", "elif"):
            keep[-1] = not keep[-1]
        elif word == "endif":
            keep.pop()
        elif word == "define" and all(keep):
            define = _DEFINE.match(rest)
            if define and not define[2] and define[3].strip():
                macros[define[1]] = define[3].strip()
    text = "\n".join(lines)
    if macros:
        names = re.compile(r"\b(" + "|".join(macros) + r")\b")
        for _ in range(4):
            text = names.sub(lambda match: macros[match[1]], text)
    return text, macros


def _macro_values(macros: dict[str, str]) -> dict[str, int]:
    """The macros that are integers (sums and references to other macros included)."""
    values: dict[str, int] = {}
    for name, text in macros.items():
        expanded = re.sub(r"\b[A-Z_][A-Z0-9_]*\b", lambda match: str(values.get(match[0], match[0])), text)
        if re.fullmatch(r"[\d\sxXa-fA-FuU()+*/-]+", expanded):
            values[name] = int(eval(re.sub(r"(\d)[uU]\b", r"\1", expanded), {"__builtins__": {}}))
    return values


def _docs(text: str) -> dict[str, str]:
    """The comments before callbacks, enums and enumerators, without their stars."""
    docs = {}
    for match in _DOCUMENTED.finditer(text):
        lines = [re.sub(r"^\s*\*? ?", "", line) for line in match["text"].strip().split("\n")]
        docs[match["callback"] or match["enum"] or match["enumerator"]] = "\n".join(lines).strip()
    return docs


class _Reader:
    """Walks pycparser's tree once, top to bottom."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def read(self, tree: c_ast.FileAST) -> None:
        """Collect every declaration; typedefs first seen are usable by what follows."""
        for node in tree.ext:
            if isinstance(node, c_ast.Typedef):
                self._typedef(node)
            elif isinstance(node, c_ast.Decl):
                self._declaration(node)

    def _typedef(self, node: c_ast.Typedef) -> None:
        if node.name in BASE_TYPES:
            return
        if isinstance(node.type, c_ast.FuncDecl):
            self.api.callbacks[node.name] = self._function(node.name, node.type)
        elif isinstance(node.type, c_ast.ArrayDecl):
            element = self._type(node.type.type)
            size = self._constant(node.type.dim)
            self.api.typedefs[node.name] = Type(node.name, element.base, array=size)
        else:
            self._tagged(node.type.type)
            self.api.typedefs[node.name] = self._type(node.type)

    def _declaration(self, node: c_ast.Decl) -> None:
        if isinstance(node.type, c_ast.FuncDecl):
            self.api.functions.setdefault(node.name, self._function(node.name, node.type))
        else:
            self._tagged(node.type)

    def _tagged(self, node: c_ast.Node) -> None:
        if isinstance(node, c_ast.Enum) and node.values is not None:
            values: dict[str, int] = {}
            following = 0
            for item in node.values.enumerators:
                following = following if item.value is None else self._constant(item.value, values)
                values[item.name] = following
                following += 1
            self.api.enums[node.name] = values
        elif isinstance(node, c_ast.Struct) and node.decls is not None:
            self.api.structs[node.name] = [Param(decl.name, self._type(decl.type)) for decl in node.decls]

    def _constant(self, node: c_ast.Node, names: dict[str, int] | None = None) -> int:
        if isinstance(node, c_ast.Constant):
            return int(node.value.rstrip("uUlL"), 0)
        if isinstance(node, c_ast.ID) and names is not None:
            return names[node.name]
        if isinstance(node, c_ast.UnaryOp) and node.op == "-":
            return -self._constant(node.expr, names)
        if isinstance(node, c_ast.BinaryOp):
            left, right = self._constant(node.left, names), self._constant(node.right, names)
            return {"+": left + right, "-": left - right, "*": left * right, "<<": left << right}[node.op]
        raise ValueError(f"not a constant: {node}")

    def _function(self, name: str, node: c_ast.FuncDecl) -> Function:
        params = []
        for decl in node.args.params if node.args else ():
            kind = self._type(decl.type)
            if kind.base == "void" and not kind.pointers and not kind.callback:
                continue
            params.append(Param(decl.name, kind))
        return Function(name, self._type(node.type), tuple(params))

    def _type(self, node: c_ast.Node) -> Type:
        pointers = 0
        while isinstance(node, c_ast.PtrDecl | c_ast.ArrayDecl):
            if isinstance(node, c_ast.ArrayDecl) and node.dim is not None:
                return Type(
                    self._type(node.type).name, self._type(node.type).base, 1, "const" in _quals(node.type)
                )
            pointers += 1
            node = node.type
        const = "const" in _quals(node)
        inner = node.type
        if isinstance(inner, c_ast.Enum | c_ast.Struct):
            self._tagged(inner)
            word = "enum" if isinstance(inner, c_ast.Enum) else "struct"
            return Type(f"{word} {inner.name}", f"{word} {inner.name}", pointers, const)
        name = " ".join(inner.names)
        if name in self.api.callbacks:
            return Type(name, "void", pointers, const, callback=name)
        known = self.api.typedefs.get(name)
        if known is None:
            return Type(name, name, pointers, const)
        return Type(name, known.base, known.pointers + pointers, const, known.array, known.callback)


def _quals(node: c_ast.Node) -> list[str]:
    return getattr(node, "quals", None) or []


def describe(text: str) -> Api:
    """Parse the text of a header."""
    plain, macros = preprocess(text)
    api = Api(macros=_macro_values(macros), docs=_docs(text))
    _Reader(api).read(c_parser.CParser().parse(PRELUDE + plain, "toxcore.h"))
    return api


def describe_header(path: Path) -> Api:
    """Parse a header file."""
    return describe(path.read_text(encoding="utf-8"))
