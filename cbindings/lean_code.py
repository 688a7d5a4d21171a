"""Compiles a module without what no run of it needs: docstrings, annotations of functions, imports for types.

That is a fifth of the compiled code, and loading code is most of what a start of the library costs. Lines
keep their numbers. Annotations in classes stay: lists are made of them (`toxpy/capabilities.py`).
"""

from __future__ import annotations

import ast
from types import CodeType

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class _Lean(ast.NodeTransformer):
    """Takes it out."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, Documented) and ast.get_docstring(node, clean=False) is not None:
            first = node.body.pop(0)
            if not node.body and not isinstance(node, ast.Module):
                node.body.append(ast.copy_location(ast.Pass(), first))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """`if TYPE_CHECKING:` is for those who read the source."""
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)


def lean_code(source: str, file: str) -> CodeType:
    """The code of a module."""
    tree = ast.fix_missing_locations(_Lean().visit(ast.parse(source, file)))
    code: CodeType = compile(tree, file, "exec", dont_inherit=True, optimize=0)
    return code
