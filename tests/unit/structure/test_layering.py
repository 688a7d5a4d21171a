"""The direction of imports (docs/architecture.md), and what the start path must not import."""

import ast
import re
import subprocess
import sys

import pytest

from tests.support.prefix import ROOT

TOXPY = ROOT / "toxpy"

#: Files from a path to a path, which only Python programs have.
WHOLE_FILES = [f"files.{name}" for name in ("safe_name", "whole_file", "outgoing", "incoming", "whole_files")]
#: Parts of Tox and AsyncTox.
PARTS = ("friend", "files", "conference", "group", "network", "av")
PARTS += ("ext.handshake", "ext.messages", "ext.offline")
#: What Python programs see and hear in calls.
FRAMES = ["av.frames", "av.wav"]
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
    # codecs: they know nothing of the network
    ["media"],
    ["friend", "network"],
    # storeys: none of them imports another
    ["files", "conference", "group", "av", "ext"],
    ["save.savedata", "save.passkey"],
    ["start", "capabilities", "config_file"],
    ["core", "network.bootstrap_node"],
    ["generated", "friend.why_offline", "ext.offline.typed"],
    ["arguments", "save", "handlers", *WHOLE_FILES, *FRAMES, "network.nodes"],
    ["tox_part"],
    [*(f"{part}.tox" for part in PARTS), "ext.networks.tox"],
    ["tox"],
    ["aio_part", "aio_events"],
    ["friend.aio_sent"],
    [*(f"{part}.aio" for part in PARTS), "group.aio_state", "av.aio_call"],
    ["capi_instances"],
    ["capi_av"],
    ["aio", "capi", "cli", "__main__", "toxpy"],
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
    "friend.aio_sent",
    "group.aio_state",
    "av.aio_call",
    "ext.offline.message_state",
    "ext.offline.typed",
    *WHOLE_FILES,
    *FRAMES,
    "network.nodes",
    "network.network_address",
    "system.http_server",
}
PYTHON_ONLY |= {"ext.networks.tox", "ext.mailbox.sqlite_shelf", "ext.mailbox.sqlite_store"}
PYTHON_ONLY |= {f"{part}.{kind}" for part in PARTS for kind in ("tox", "aio")}
PYTHON_ONLY |= {
    "save.diskfile",
    "save.profile",
    "save.profile_file",
    "save.keystore",
    "save.autosave",
    "handlers",
}
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
#: Modules that load others by name, each for a reason; nobody else does.
LOADERS = {
    # public names when they are first used
    "toxpy": {"__import__"},
    # says what is not installed
    "__main__": {"__import__"},
    # a command's module
    "cli.main": {"importlib", "import_module"},
    # the version, from the package's metadata
    "cli.about": {"importlib.metadata"},
}
LOADING = {"importlib", "runpy", "pkgutil", "imp", "zipimport"}
LOADING_NAMES = {"__import__", "exec", "eval", "import_module", "__loader__", "__spec__"}

#: Modules that give the clock or randomness, and the names of functions that do.
WORLD = {
    "time",
    "datetime",
    "random",
    "_random",
    "secrets",
    "uuid",
    "_uuid",
    "ssl",
    "_ssl",
    "timeit",
    "sched",
}
WORLD |= {"nacl.utils", "zoneinfo", "_datetime"}
WORLD_NAMES = {
    "urandom",
    "getrandom",
    "SystemRandom",
    "clock_gettime",
    "monotonic",
    "perf_counter",
    "time_ns",
}
WORLD_NAMES |= {"monotonic_ns", "perf_counter_ns", "gmtime", "localtime"}
#: Modules that ask the event loop for its time: how long a program has been at something.
LOOP_TIME = {"cli.progress", "cli.files"}

#: Modules that make sockets, and the names of functions that do.
SOCKETS = {
    "socket",
    "_socket",
    "socketserver",
    "http",
    "wsgiref",
    "urllib.request",
    "ftplib",
    "smtplib",
    "xmlrpc",
}
SOCKET_NAMES = {"open_connection", "open_unix_connection", "start_server", "start_unix_server"}
SOCKET_NAMES |= {"create_connection", "create_server", "create_datagram_endpoint", "create_unix_connection"}
SOCKET_NAMES |= {"create_unix_server", "socketpair"}


def name_of(path, root=TOXPY):
    """A module's name below toxpy, a folder's for its `__init__`; the package itself is "toxpy"."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "toxpy"


def modules_in(root):
    """Path of each module by its name."""
    return {
        name_of(path, root): path for path in sorted(root.rglob("*.py")) if "__pycache__" not in path.parts
    }


MODULES = modules_in(TOXPY)
FOLDERS = {name for name, path in MODULES.items() if path.name == "__init__.py"} - {"toxpy"}


def nodes(tree, type_checking=True):
    """All nodes of a module, those under `if TYPE_CHECKING` only when asked for."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            todo += node.orelse + (node.body if type_checking else [])
        else:
            todo += ast.iter_child_nodes(node)


def imports(source, type_checking=True):
    """Names of what a module imports; of `from a import b` both `a` and `a.b`, whichever is the module."""
    found = set()
    for node in nodes(ast.parse(source), type_checking):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def names(source):
    """Every name, attribute and imported name that a module uses, and strings that could be one."""
    for node in nodes(ast.parse(source)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def touched(found, modules):
    """Those of the imported names that are one of the modules or in one."""
    return {name for name in found if any((name + ".").startswith(module + ".") for module in modules)}


def group_of(name):
    """What LAYERS calls the module: itself, or the nearest folder around it."""
    while name not in RANK and "." in name:
        name = name.rpartition(".")[0]
    return name


def ours(source):
    """Names of the modules of toxpy that a module imports, also where it is only for types."""
    meant = set()
    for node in nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            meant.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            below = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            meant.update(
                name if name.removeprefix("toxpy.") in MODULES else node.module for name in below.values()
            )
    return {name.removeprefix("toxpy.") for name in meant if (name + ".").startswith("toxpy.")} & {*MODULES}


def faults(name, source):
    """What a module of that name does against the rules."""
    rules = layer_faults, loading_faults, world_faults, start_faults
    return [fault for rule in rules for fault in rule(name, source)]


def layer_faults(name, source):
    if name in FOLDERS:
        # every module of the folder loads it
        return [] if len(ast.parse(source).body) == 1 else ["a folder has a docstring and nothing else"]
    own, storey = RANK[group_of(name)], name.partition(".")[0]
    above = [f"imports {other}, which is above it" for other in ours(source) if RANK[group_of(other)] > own]
    beside = {other.partition(".")[0] for other in ours(source)} & {*STOREYS} - {storey}
    return above + [f"imports the storey {other}" for other in beside if storey in STOREYS]


def loading_faults(name, source):
    used = touched(imports(source), LOADING) | {*names(source)} & LOADING_NAMES
    allowed = LOADERS.get(name, set())
    return [f"loads with {way}" for way in used if not touched({way}, allowed)]


def world_faults(name, source):
    found, used = imports(source, type_checking=False), {*names(source)}
    world = touched(found, WORLD) | used & WORLD_NAMES
    if name not in LOOP_TIME:
        # a clock's, whatever it is called; a field of that name is none
        calls = (node.func for node in nodes(ast.parse(source)) if isinstance(node, ast.Call))
        world |= {"time()" for call in calls if isinstance(call, ast.Attribute) and call.attr == "time"}
    world |= {text for text in used if text.startswith(("/dev/random", "/dev/urandom", "randombytes"))}
    sockets = touched(found, SOCKETS) | used & SOCKET_NAMES
    return [f"reaches for the clock or randomness: {way}" for way in world if name != "runtime"] + [
        f"makes sockets: {way}" for way in sockets if not name.startswith("system.")
    ]


def start_faults(name, source):
    if touched({name}, PYTHON_ONLY):
        return []
    slow = touched(imports(source, type_checking=False), SLOW_TO_IMPORT)
    return [f"is loaded by the C library and imports {other}" for other in slow]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_keeps_the_rules(name):
    assert faults(name, MODULES[name].read_text()) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("dht.dht", "from toxpy.onion import client"),
        ("dht.dht", "from toxpy.onion import client as lower"),
        ("dht.dht", "import toxpy.onion.client as lower"),
        ("dht.dht", "from toxpy.onion.client import OnionClient as Lower"),
        ("dht.dht", "def f():\n    from toxpy import core"),
        ("dht.dht", "if TYPE_CHECKING:\n    from toxpy.core import Core"),
        ("dht.dht", "from toxpy import Tox"),
        ("dht.dht", "import toxpy"),
        ("files.core", "from toxpy.conference import saved as other"),
        ("files", "'''Files.'''\nfrom toxpy.files.core import FilesCore"),
        ("dht.dht", "__import__('toxpy.core')"),
        ("dht.dht", "import builtins\nbuiltins.__import__('toxpy.core')"),
        ("dht.dht", "getattr(builtins, '__import__')('toxpy.core')"),
        ("dht.dht", "import importlib"),
        ("dht.dht", "from importlib import import_module as load"),
        ("dht.dht", "import importlib.util as util"),
        ("dht.dht", "exec('import toxpy.core')"),
        ("cli.main", "__import__('toxpy.core')"),
        ("cli.about", "import importlib"),
        ("dht.dht", "import time"),
        ("dht.dht", "from time import monotonic_ns as now"),
        ("dht.dht", "from datetime import datetime"),
        ("dht.dht", "from os import urandom as noise"),
        ("dht.dht", "import os\nos.getrandom(8)"),
        ("dht.dht", "getattr(os, 'urandom')(8)"),
        ("dht.dht", "open('/dev/urandom')"),
        ("dht.dht", "from nacl import utils"),
        ("dht.dht", "lib.randombytes_buf(data, 8)"),
        ("aio", "asyncio.get_running_loop().time()"),
        ("toxpy", "from random import random"),
        ("dht.dht", "from _socket import socket"),
        ("aio", "import http.client"),
        ("aio", "asyncio.open_connection('localhost', 80)"),
        ("dht.dht", "from collections import abc"),
        ("dht.dht", "from collections.abc import Callable"),
        ("dht.dht", "import typing as t"),
        ("toxpy", "import re"),
    ],
)
def test_what_is_against_the_rules_is_found(name, source):
    assert len(faults(name, source)) >= 1
    assert (
        faults(name, "from toxpy.errors import ToxError" if name not in FOLDERS else "'''A folder.'''") == []
    )


def test_all_modules_are_looked_at(tmp_path):
    for path in ("__init__.py", "one.py", "folder/__init__.py", "folder/two.py", "folder/below/__init__.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert {*modules_in(tmp_path)} == {"toxpy", "one", "folder", "folder.two", "folder.below"}
    assert {"toxpy", "files", "files.core", "cli.bootstrapd"} <= {*MODULES} and len(FOLDERS) > 10


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
    assert circles({name: ours(path.read_text()) for name, path in MODULES.items()}) == []


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c", "b"]]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    ("module", "slow"),
    [
        (
            "toxpy.core",
            # nothing of calls before there is one: their libraries have some megabytes
            SLOW_TO_IMPORT
            | {"toxpy.media", "selectors", "toxpy.tox", "toxpy.aio", "toxpy.generated.typed_enums"}
            # and of conferences and groups
            | {"toxpy.conference.conferences", "toxpy.conference.conference", "toxpy.group.groups"},
        ),
        # half of what a bootstrap node needed was for other commands
        ("toxpy.cli.bootstrapd.main", {"asyncio", "concurrent.futures", "selectors", "ssl", "tempfile"}),
    ],
)
def test_what_starts_often_or_stays_is_light(module, slow):
    """What is really loaded, by whatever way."""
    code = f"import sys; import {module}; print([m for m in {sorted(slow)!r} if m in sys.modules])"
    path = ":".join([str(ROOT), *(p for p in sys.path if p.endswith("-packages"))])
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
    trees = (ast.parse(path.read_text()) for name, path in MODULES.items() if not name.startswith("cli."))
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
    page = (ROOT / "docs" / "architecture.md").read_text()
    rows = page.partition("## Call-backs")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+\.\w+)`", rows))
    # a timer's function is its content, a link's the way it sends
    assert settable_call_backs() - {"Timer.callback", "Link.send"} == named
