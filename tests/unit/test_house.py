"""No class of toxpy grows into one that does everything."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "toxpy"
MAX_LINES, MAX_METHODS, MAX_ATTRIBUTES = 400, 30, 25


def attributes(node):
    """What the class sets on `self`, its slots, and the fields it declares; nothing that it inherits."""
    found = set()
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            found.add(item.target.id)
        elif isinstance(item, ast.Assign) and getattr(item.targets[0], "id", "") == "__slots__":
            found |= set(ast.literal_eval(item.value))
    for item in ast.walk(node):
        if (
            isinstance(item, ast.Attribute)
            and isinstance(item.ctx, ast.Store)
            and ast.unparse(item.value) == "self"
        ):
            found.add(item.attr)
    return found


def measure(node):
    """Lines, methods and attributes of a class."""
    methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)}
    return node.end_lineno - node.lineno + 1, len(methods), len(attributes(node) - methods)


def too_big(source):
    """Name and measures of each class above one of the limits."""
    limits = MAX_LINES, MAX_METHODS, MAX_ATTRIBUTES
    classes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef))
    measured = ((node.name, measure(node)) for node in classes)
    return [(name, sizes) for name, sizes in measured if any(map(int.__gt__, sizes, limits))]


def test_no_class_is_too_big():
    found = {
        f"{path.relative_to(ROOT)}: {name}": dict(zip(("lines", "methods", "attributes"), sizes, strict=True))
        for path in sorted(ROOT.rglob("*.py"))
        for name, sizes in too_big(path.read_text())
    }
    assert found == {}


@pytest.mark.parametrize(
    "body",
    [
        "    def f(self):\n" + "        pass\n" * (MAX_LINES - 1),
        "".join(f"    def f{n}(self): pass\n" for n in range(MAX_METHODS + 1)),
        "    def __init__(self):\n" + "".join(f"        self.a{n} = 0\n" for n in range(MAX_ATTRIBUTES + 1)),
    ],
    ids=["lines", "methods", "attributes"],
)
def test_a_big_class_is_found(body):
    ((name, _),) = too_big("class Big:\n" + body)
    assert name == "Big"
    assert too_big("class Small:\n" + "\n".join(body.split("\n")[:20])) == []
