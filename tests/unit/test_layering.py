"""The direction of imports (docs/architecture.md), and what the start path must not import."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "toxpy"

#: Files from a path to a path, which only Python programs have.
WHOLE_FILES = [f"files.{name}" for name in ("safe_name", "whole_file", "outgoing", "incoming", "whole_files")]
#: Lowest first: a folder or module and its rank. A module may import from its own rank and lower ones, also
#: where it is only for types.
LAYERS = [
    ["errors", "generated.enums", "generated.error_words", "ids"],
    ["runtime", "system.traffic", "system.socket_errors"],
    ["crypto", "wire"],
    ["system", "generated.events", "options"],
    ["dht"],
    ["tcp"],
    ["onion"],
    ["net_crypto"],
    ["friend", "network"],
    # storeys: none of them imports another
    ["files", "conference", "group", "av", "ext"],
    ["save.savedata", "save.passkey"],
    ["start", "capabilities"],
    ["core", "network.bootstrap_node"],
    ["generated", "friend.why_offline"],
    ["arguments", "save", "handlers", *WHOLE_FILES, "network.nodes"],
    ["tox_part"],
    ["friend.tox", "files.tox", "network.tox"],
    ["tox"],
    ["aio_part", "aio_events"],
    ["friend.aio", "files.aio", "network.aio"],
    ["aio", "capi", "cli", "__main__"],
]
STOREYS = ("files", "conference", "group", "av", "ext")
RANK = {name: rank for rank, group in enumerate(LAYERS) for name in group}
#: for Python users only; the C library never loads these
PYTHON_ONLY = {"generated.typed_enums", "generated.typed_events", "friend.why_offline", "tox", "aio", "cli"}
PYTHON_ONLY |= {
    "arguments",
    "tox_part",
    "aio_part",
    "aio_events",
    *WHOLE_FILES,
    "network.nodes",
    "system.http_server",
}
PYTHON_ONLY |= {f"{part}.{kind}" for part in ("friend", "files", "network") for kind in ("tox", "aio")}
PYTHON_ONLY |= {"save.diskfile", "save.profile", "save.autosave", "handlers"}
SLOW_TO_IMPORT = {
    "typing",
    "dataclasses",
    "enum",
    "logging",
    "asyncio",
    "random",
    "socket",
    "secrets",
    "inspect",
    "contextlib",
    "functools",
    "re",
    "json",
    "threading",
    "collections.abc",
    "nacl.bindings",
    "nacl.public",
}
MODULES = sorted(p for p in ROOT.rglob("*.py") if "__pycache__" not in p.parts and p.name != "__init__.py")


def imports(path, type_checking):
    """Names of imported modules, those under `if TYPE_CHECKING` only when asked for."""
    found = set()

    def walk(node):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for child in node.orelse + (node.body if type_checking else []):
                walk(child)
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            # `from toxpy import enums` names the module itself
            whole = (
                node.module in ("toxpy", "time", "nacl")
                or (ROOT.parent / node.module.replace(".", "/")).is_dir()
            )
            found.update(f"{node.module}.{alias.name}" for alias in node.names if whole)
            found.add(node.module)
        for child in ast.iter_child_nodes(node):
            walk(child)

    walk(ast.parse(path.read_text()))
    return found


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def group_of(name):
    """What LAYERS calls the module: itself, or the nearest folder around it."""
    while name not in RANK and "." in name:
        name = name.rpartition(".")[0]
    return name


MODULES_BY_NAME = {name_of(path): path for path in MODULES}


def ours(path, type_checking=True):
    """Names of the modules of toxpy that a module imports."""
    return {name.removeprefix("toxpy.") for name in imports(path, type_checking)} & set(MODULES_BY_NAME)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    own = RANK[group_of(name_of(path))]
    for name in ours(path):
        assert RANK[group_of(name)] <= own, f"{path.name} imports {name}, which is above it"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_storeys_do_not_know_each_other(path):
    own = name_of(path).partition(".")[0]
    if own in STOREYS:
        assert not {name.partition(".")[0] for name in ours(path)} & {*STOREYS} - {own}


def circles(edges):
    """Circles among modules: for each found one, its modules in a row."""
    left, found = dict(edges), []
    while left:
        free = [name for name, targets in left.items() if not targets & set(left)]
        for name in free:
            del left[name]
        if not free:
            row = [next(iter(left))]
            while row[-1] not in row[:-1]:
                row.append(sorted(left[row[-1]] & set(left))[0])
            found.append(row[row.index(row[-1]) :])
            del left[row[-1]]
    return found


def test_no_circles_of_files_not_even_for_types():
    assert circles({name_of(path): ours(path) for path in MODULES}) == []


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c", "b"]]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_world_is_reached_in_one_place(path):
    group, found = name_of(path), imports(path, type_checking=False)
    if not group.startswith("system."):
        assert not found & {"socket", "_socket"}
    if group != "runtime":
        assert not found & {"time", "datetime", "random", "secrets", "posix.urandom", "uuid"}
        assert "urandom" not in path.read_text()


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_start_path_is_light(path):
    name = name_of(path)
    if name not in PYTHON_ONLY and name.partition(".")[0] not in PYTHON_ONLY:
        assert not imports(path, type_checking=False) & SLOW_TO_IMPORT


def test_the_core_starts_without_slow_modules():
    """What is really loaded, by whatever way."""
    slow = sorted(SLOW_TO_IMPORT | {"selectors", "toxpy.tox", "toxpy.aio", "toxpy.generated.typed_enums"})
    code = f"import sys; import toxpy.core; print([m for m in {slow!r} if m in sys.modules])"
    path = ":".join([str(ROOT.parent), *(p for p in sys.path if p.endswith("-packages"))])
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {path.split(':')!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"


def test_every_public_name_can_be_loaded():
    import toxpy

    for name in toxpy.__all__:
        assert getattr(toxpy, name) is not None
    with pytest.raises(AttributeError):
        _ = toxpy.nothing


def settable_call_backs():
    """Public attributes that hold a function which somebody else sets."""
    trees = (ast.parse(path.read_text()) for path in MODULES if not name_of(path).startswith("cli."))
    kinds = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    found = {
        f"{kind.name}.{item.target.attr}"
        for kind in kinds
        for item in ast.walk(kind)
        if isinstance(item, ast.AnnAssign)
        and isinstance(item.target, ast.Attribute)
        and ast.unparse(item.annotation).startswith("Callable[")
    }
    return {name for name in found if "._" not in name}


def test_call_backs_are_those_that_the_architecture_names():
    page = (ROOT.parent / "docs" / "architecture.md").read_text()
    rows = page.partition("## Call-backs")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+\.\w+)`", rows))
    # a timer's function is its content, a link's the way it sends
    assert settable_call_backs() - {"Timer.callback", "Link.send"} == named
