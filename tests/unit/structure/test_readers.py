"""Every name that toxpy defines has a reader: a value that nobody reads is a promise that nobody keeps.

By name only: a name counts as read when anything of that name is read anywhere in toxpy, or when it stands in
the generator or the C code (cbindings), in the C header or in the list of the Python API (docs/python.md).
"""

import ast
import re

from tests.support.prefix import ROOT

TOXPY = ROOT / "toxpy"
#: What is read in a way that no name shows, each with its reason.
READ_OTHERWISE = {
    # the header's values, for programs to use
    "generated",
}
#: Methods and attributes that Python, logging, argparse, socketserver or noiseprotocol reads.
READ_BY_LIBRARIES = re.compile(
    r"__\w+__|emit|format_help|_print_message|readinto"
    "|log_message|daemon_threads|address_family|block_on_close|server_name|server_port|service_actions|handle_error|rfile"
    "|from_public_bytes|dh|dhlen|hashlen|fn"
)
#: What only Python programs read.
FOR_PROGRAMS = {
    # of a Profile: a program that shows a lasting failure asks for it, besides the callback
    "save_error",
    # of a Core's pool: why there is no relay
    "relay_states",
    # of addresses of all networks
    "is_routable",
    "from_node",
    "to_relay",
    # of a Picture: from Pillow's and NumPy's
    "from_image",
    "from_array",
    # a mailbox's store without a disk, see docs/offline.md
    "MemoryStore",
}


def modules():
    for path in sorted(TOXPY.rglob("*.py")):
        if "__pycache__" not in path.parts and path.parent.name not in READ_OTHERWISE:
            yield path, ast.parse(path.read_text())


def targets(node):
    """The names and attributes that an assignment sets."""
    if isinstance(node, ast.Assign):
        todo = list(node.targets)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        todo = [node.target]
    else:
        return
    while todo:
        target = todo.pop()
        if isinstance(target, ast.Tuple | ast.List):
            todo += target.elts
        elif isinstance(target, ast.Name | ast.Attribute):
            yield target


def defined(tree):
    """(name, line) of what a module defines at its own level, in its classes, and on `self`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            for child in node.body:
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    yield child.name, child.lineno
                for target in targets(child):
                    if isinstance(target, ast.Name) and target.id != "__slots__":
                        yield target.id, target.lineno
        for target in targets(node):
            if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                yield target.attr, target.lineno


def read(tree):
    """Every name that a module reads, by whatever owner."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            # re-exported by a package; elsewhere ruff refuses an import without a use
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            # getattr, tables of names; not the slots, which name what there is
            yield node.value


def without_slots(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            node.body = [
                child
                for child in node.body
                if not (isinstance(child, ast.Assign) and ast.unparse(child.targets[0]) == "__slots__")
            ] or [ast.Pass()]
    return tree


def words_outside():
    """Every word of the generator, the C code, the header and the page of the Python API."""
    paths = [*(ROOT / "cbindings").glob("*.*"), ROOT / "include" / "toxcore.h", ROOT / "docs" / "python.md"]
    paths += (ROOT / "docs").glob("*.py")
    words = {word for path in paths for word in re.findall(r"\w+", path.read_text())}
    # tox_file_send is FilesCore.file_send
    return words | {word.removeprefix("tox_") for word in words}


def test_every_name_has_a_reader():
    trees = list(modules())
    readers = words_outside() | FOR_PROGRAMS
    # a parameter or a Protocol may be all that reads an attribute; only loads count
    for _, tree in trees:
        readers.update(read(without_slots(tree)))
    unread = {
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path, tree in trees
        for name, line in defined(tree)
        if name not in readers and not READ_BY_LIBRARIES.fullmatch(name)
    }
    assert not unread, "\n".join(sorted(unread))


def test_a_name_without_a_reader_is_found():
    tree = ast.parse("class A:\n    limit = 3\n    def f(self):\n        self.x = self.limit\n")
    assert {name for name, _ in defined(tree)} - set(read(tree)) == {"A", "f", "x"}
