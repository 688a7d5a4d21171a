"""Loads what every start of the library needs from one file, `_toxcore_start.bin`.

The site folder has each module as a file of its own, for whoever reads or debugs. Searching and opening a
hundred of them takes longer than running them. So the build puts the compiled modules of a start behind
each other (`site_folder.py`), without docstrings and annotations, and an import finds them here first:

    size of the table 4, little-endian | table: name -> (is a package, begin, end) | code | code ...

Without that file, or in another version of Python, all are imported as usual. A host that is Python itself
imports as usual, too: its modules are its own business. Copied into the site folder as `_toxcore_start`.
"""

from __future__ import annotations

import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, SourceFileLoader
from _imp import _fix_co_filename  # type: ignore[attr-defined]
from gc import disable, enable
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

SIZE_SIZE = 4
NAME = "_toxcore_start.bin"


class StartModules:
    """A finder for the modules of that file."""

    def __init__(self, folder: str, data: bytes) -> None:
        self._folder = folder
        self._code = memoryview(data)
        self._begin = SIZE_SIZE + int.from_bytes(data[:SIZE_SIZE], "little")
        magic, self._table = loads(self._code[SIZE_SIZE : self._begin])
        if magic != MAGIC_NUMBER:
            self._table = {}

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """The module if it is in the file, else None: others are asked."""
        entry = self._table.get(name)
        if entry is None:
            return None
        is_package, begin, end = entry
        path = f"{self._folder}/{name.replace('.', '/')}{'/__init__' if is_package else ''}.py"
        code = self._code[self._begin + begin : self._begin + end]
        spec = ModuleSpec(name, StartLoader(name, path, code), origin=path, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [path[: -len("/__init__.py")]]
        return spec


class StartLoader(SourceFileLoader):
    """Loads one module; whoever asks for its code later gets it from its own file."""

    def __init__(self, name: str, path: str, code: memoryview) -> None:
        super().__init__(name, path)
        self._code: memoryview | None = code

    def get_code(self, fullname: str) -> CodeType | None:
        """The code of the module; what it says of files is where this folder is now."""
        if self._code is None:
            return super().get_code(fullname)
        code: CodeType = loads(self._code)
        self._code = None
        _fix_co_filename(code, self.path)
        return code


def start() -> None:
    """Import the Python side of the library."""
    from _toxcore import lib  # type: ignore[import-not-found]

    if not lib.toxpy_owns_python():
        __import__("toxpy.capi")
        return
    folder = __file__.rpartition("/")[0]
    try:
        with open(f"{folder}/{NAME}", "rb") as file:
            finders = [StartModules(folder, file.read())]
    except OSError:
        # as usual
        finders = []
    # nearly all that is made from here on stays: collections would search it in vain
    disable()
    sys.meta_path[:0] = finders
    try:
        __import__("toxpy.capi")
    finally:
        del sys.meta_path[: len(finders)]
        enable()
