"""No class of toxpy grows into one that does everything, also not by what it inherits."""

import ast

import pytest

from tests.support.prefix import ROOT

TOXPY = ROOT / "toxpy"
MAX_LINES, MAX_METHODS, MAX_ATTRIBUTES = 400, 30, 25
#: With what they inherit these have the flat names of the whole API, each of which is in a part of its own.
FLAT = {"toxpy.tox.Tox", "toxpy.aio.AsyncTox", "toxpy.aio.Friend", "toxpy.options.Options"}
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def assigned(node):
    """The targets of an assignment, those in tuples one by one, and the value."""
    if isinstance(node, ast.Assign):
        todo = list(node.targets)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        todo = [node.target]
    else:
        return [], None
    found = []
    while todo:
        target = todo.pop()
        if isinstance(target, ast.Tuple | ast.List):
            todo += target.elts
        else:
            found.append(target.value if isinstance(target, ast.Starred) else target)
    return found, node.value


def strings(node):
    return {
        item.value
        for item in ast.walk(node)
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    }


def selves(function):
    """What the function calls the instance, if it is a method."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    return {arguments[0].arg} if arguments else set()


def set_by(function):
    """The attributes of the instance that a method sets."""
    own, found = selves(function) | {"self"}, set()
    for item in ast.walk(function):
        if (
            isinstance(item, ast.Attribute)
            and isinstance(item.ctx, ast.Store)
            and ast.unparse(item.value) in own
        ):
            found.add(item.attr)
        elif isinstance(item, ast.Call) and ast.unparse(item.func).endswith(("setattr", "__setattr__")):
            named = [argument.value for argument in item.args[1:2] if isinstance(argument, ast.Constant)]
            if item.args and ast.unparse(item.args[0]) in own:
                found |= {*named}
    return found


def members(node):
    """Names of the methods and of the attributes that a class has of its own: slots, fields, what it sets."""
    methods, attributes = set(), set()
    for item in node.body:
        targets, value = assigned(item)
        for target in targets:
            name = ast.unparse(target)
            if name == "__slots__":
                attributes |= strings(value)
            elif isinstance(value, ast.Lambda):
                methods.add(name)
            else:
                attributes.add(name)
        if isinstance(item, FUNCTIONS):
            methods.add(item.name)
    for item in ast.walk(node):
        if isinstance(item, FUNCTIONS | ast.Lambda):
            attributes |= set_by(item)
    return methods, attributes - methods


class Classes:
    """All classes of some modules, by module and name; and what they inherit from each other."""

    def __init__(self, sources):
        self.nodes, self.imported = {}, {}
        for module, source in sources.items():
            tree = ast.parse(source)
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    self.nodes[f"{module}.{node.name}"] = node
                elif isinstance(node, ast.ImportFrom):
                    for alias in node.names:
                        self.imported[module, alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def bases(self, name):
        """The full names of the bases that are here."""
        module = name.rpartition(".")[0]
        for base in self.nodes[name].bases:
            # of `Base[T]` the base, of `module.Base` the module's
            text = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
            first, _, rest = text.partition(".")
            found = self.imported.get((module, first), f"{module}.{first}") + ("." + rest if rest else "")
            if found in self.nodes:
                yield found

    def measure(self, name):
        """Lines of a class, its methods and attributes with those that it inherits."""
        node = self.nodes[name]
        methods, attributes = members(node)
        todo = [] if name in FLAT else [*self.bases(name)]
        while todo:
            base = todo.pop()
            more_methods, more_attributes = members(self.nodes[base])
            methods, attributes = methods | more_methods, attributes | more_attributes
            todo += self.bases(base)
        return node.end_lineno - node.lineno + 1, len(methods), len(attributes - methods)

    def too_big(self):
        """The measures of each class above one of the limits."""
        limits = MAX_LINES, MAX_METHODS, MAX_ATTRIBUTES
        measured = {name: self.measure(name) for name in self.nodes}
        return {name: sizes for name, sizes in measured.items() if any(map(int.__gt__, sizes, limits))}


def sources():
    for path in sorted(TOXPY.rglob("*.py")):
        if "__pycache__" not in path.parts:
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path.read_text()


def test_no_class_is_too_big():
    assert Classes(dict(sources())).too_big() == {}


def test_what_is_inherited_is_found():
    """The walk along the bases works on toxpy itself: by name, by module, and with type parameters."""
    classes = Classes(dict(sources()))
    assert "toxpy.friend.capability.Capability" in classes.bases("toxpy.files.transfers.Files")
    assert {*classes.nodes} >= FLAT
    assert "toxpy.friend.aio.FriendAio" in classes.bases("toxpy.aio.AsyncTox")


def lines(pattern, count):
    return "".join("    " + pattern.format(n=n) + "\n" for n in range(count))


def names(count):
    return ", ".join(f"'a{n}'" for n in range(count))


#: A limit, and the body of a class with so many.
KINDS = {
    "lines": (MAX_LINES, lambda count: "    def f(self):\n" + "        pass\n" * (count - 2)),
    "methods": (MAX_METHODS, lambda count: lines("def f{n}(self): pass", count)),
    "lambdas": (MAX_METHODS, lambda count: lines("f{n} = lambda self: 0", count)),
    "set": (MAX_ATTRIBUTES, lambda count: "    def f(self):\n" + lines("    self.a{n} = 0", count)),
    "set on me": (MAX_ATTRIBUTES, lambda count: "    def f(me):\n" + lines("    me.a{n} = 0", count)),
    "set in a lambda": (
        MAX_ATTRIBUTES,
        lambda count: lines("f = lambda self: setattr(self, 'a{n}', 0)", count),
    ),
    "set in a row": (
        MAX_ATTRIBUTES,
        lambda count: "    def f(me):\n" + lines("    x, me.a{n} = 0, 0", count),
    ),
    "fields": (MAX_ATTRIBUTES, lambda count: lines("a{n}: int", count)),
    "class attributes": (MAX_ATTRIBUTES, lambda count: lines("a{n} = 0", count)),
    "slots": (MAX_ATTRIBUTES, lambda count: f"    __slots__ = ({names(count)})\n"),
    "annotated slots": (MAX_ATTRIBUTES, lambda count: f"    __slots__: Names = ({names(count)})\n"),
    "slots and more": (MAX_ATTRIBUTES, lambda count: f"    __slots__ = ({names(count)}, *MORE)\n"),
}


@pytest.mark.parametrize(("limit", "body"), KINDS.values(), ids=KINDS.keys())
def test_a_big_class_is_found(limit, body):
    assert Classes({"m": "class Fits:\n" + body(limit)}).too_big() == {}
    assert {*Classes({"m": "class Big:\n" + body(limit + 1)}).too_big()} == {"m.Big"}


@pytest.mark.parametrize(
    "head",
    [
        "from b import Base\nclass Big(Base):\n",
        "from b import Base as Other\nclass Big(Other[int]):\n",
        "from package import b\nclass Big(b.Base):\n",
        "from b import Base\nclass Between(Base): pass\nclass Big(Between):\n",
    ],
)
def test_what_a_class_inherits_counts(head):
    module = "package.b" if "package" in head else "b"
    base = "class Base:\n" + lines("def f{n}(self): pass", MAX_METHODS)
    assert Classes({module: base, "a": head + "    def own(self): pass\n"}).too_big() == {"a.Big": (2, 31, 0)}
    assert Classes({module: base, "a": head + "    def f3(self): pass\n"}).too_big() == {}
