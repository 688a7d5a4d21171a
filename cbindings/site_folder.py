"""Assembles the folder beside the library: toxpy, the generated glue, and what they need of other packages.

Everything is precompiled with unchecked hashes: the start reads no source and compares no
times, so neither a copied prefix nor a read-only one costs anything. What every start imports is
in one file besides (`start_modules.py`).
"""

from __future__ import annotations

import argparse
import compileall
import importlib.metadata
import importlib.util
import marshal
import shutil
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

from lean_code import lean_code
from start_modules import NAME, SIZE_SIZE

IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.txt", "*.so")


def module_file(name: str) -> Path:
    """Where the running interpreter would import a compiled module from."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"no module {name} in {sys.executable}")
    return Path(spec.origin)


def licences(distribution: str, module: str) -> list[Path]:
    """The licence files of a package that we ship a part of; Debian has one in a place of its own."""
    try:
        listed = importlib.metadata.files(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        listed = []
    paths = [Path(str(file.locate())) for file in listed if "LICEN" in file.name.upper()]
    debian = Path("/usr/share/doc", f"python3-{module.lstrip('_').replace('_', '-')}", "copyright")
    return [path for path in paths if path.is_file()] or ([debian] if debian.is_file() else [])


#: What Noise handshakes need of noiseprotocol. The rest would import another library for cryptography.
NOISE = [
    "__init__.py",
    "backends/__init__.py",
    "backends/noise_backend.py",
    "constants.py",
    "exceptions.py",
    "functions/__init__.py",
    "functions/hash.py",
    "functions/patterns.py",
    "noise_protocol.py",
    "patterns.py",
    "state.py",
]
#: Prints what an import of the core imports of us.
LIST_MODULES = """
import sys
sys.path.insert(0, sys.argv[1])
import toxpy.core
print(*(name for name in sys.modules if name.partition(".")[0] in ("toxpy", "nacl")))
"""


def pack_start(into: Path) -> None:
    """Put the compiled modules of a start into one file, in the order in which they are imported."""
    command = [sys.executable, "-I", "-S", "-B", "-c", LIST_MODULES, str(into)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    table: dict[str, tuple[bool, int, int]] = {}
    codes = b""
    for name in [*listed, "toxpy.capi_instances", "toxpy.capi", "_toxcore_glue"]:
        path = into / Path(*name.split("."))
        is_package = path.is_dir()
        source = path / "__init__.py" if is_package else path.with_suffix(".py")
        if not source.is_file():
            # a compiled one
            continue
        name_inside = str(source.relative_to(into))
        code = marshal.dumps(lean_code(source.read_text(encoding="utf-8"), name_inside))
        table[name] = (is_package, len(codes), len(codes) + len(code))
        codes += code
    head = marshal.dumps((importlib.util.MAGIC_NUMBER, table))
    (into / NAME).write_bytes(len(head).to_bytes(SIZE_SIZE, "little") + head + codes)


def assemble(toxpy: Path, glue: Path, into: Path) -> None:
    """Build the folder anew."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(toxpy, into / "toxpy", ignore=IGNORED)
    shutil.copy(glue, into)
    shutil.copy(Path(__file__).with_name("start_modules.py"), into / "_toxcore_start.py")
    shutil.copy(module_file("_cffi_backend"), into)
    # only pynacl's binding to libsodium: the package around it costs 16 ms to import
    (into / "nacl").mkdir()
    (into / "nacl" / "__init__.py").write_text('"""Only the binding of libsodium."""\n')
    shutil.copy(module_file("nacl._sodium"), into / "nacl")
    shipped = [("cffi", "_cffi_backend"), ("pynacl", "nacl")]
    noise = importlib.util.find_spec("noise")
    if noise is not None and noise.origin is not None:
        for name in NOISE:
            (into / "noise" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(noise.origin).parent / name, into / "noise" / name)
        shipped.append(("noiseprotocol", "noise"))
    for distribution, module in shipped:
        folder = into / "licences" / distribution
        folder.mkdir(parents=True)
        for path in licences(distribution, module):
            shutil.copy(path, folder)
    done = compileall.compile_dir(
        into, quiet=1, stripdir=str(into), invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
    )
    if not done:
        raise SystemExit("toxpy does not compile")
    pack_start(into)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--toxpy", "--glue", "--into"):
        parser.add_argument(name, type=Path, required=True)
    arguments = parser.parse_args()
    assemble(arguments.toxpy, arguments.glue, arguments.into)
    return 0


if __name__ == "__main__":
    sys.exit(main())
