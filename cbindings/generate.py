"""Writes what follows from include/toxcore.h.

python cbindings/generate.py                 the committed modules in toxpy/generated, and docs/events.md
python cbindings/generate.py --build DIR     the C sources of the library, into DIR
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import generate_c
import generate_events
import generate_glue
import generate_typed
from classify import plan
from describe import Api, describe_header
from generate_python import enums_source, events_source

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "toxpy" / "__init__.py"


def committed(api: Api) -> dict[Path, str]:
    """The generated files that live in the repository, with their text."""
    return {
        ROOT / "toxpy" / "generated" / "enums.py": enums_source(api),
        ROOT / "toxpy" / "generated" / "events.py": events_source(api),
        ROOT / "toxpy" / "generated" / "typed_enums.py": generate_typed.enums_source(api),
        ROOT / "toxpy" / "generated" / "typed_events.py": generate_typed.events_source(api),
        ROOT / "toxpy" / "generated" / "error_words.py": generate_typed.error_words_source(api),
        ROOT / "toxpy" / "generated" / "public_names.py": generate_typed.names_source(api, PACKAGE),
        ROOT / "docs" / "events.md": generate_typed.page_source(api),
    }


def built(api: Api) -> dict[str, str]:
    """The generated files of one build, by name, with their text."""
    planned = plan(api)
    return {
        "api_generated.h": generate_c.header_source(api, planned),
        "api_generated.c": generate_c.source(api, planned),
        "event_structs.h": generate_events.structs_source(api),
        "events_generated.c": generate_events.source(api),
        "exports.map": generate_c.exports_map(api),
        "_toxcore_glue.py": generate_glue.source(api, planned),
    }


#: cffi_start_python is static in the module that cffi writes: this passes it on
CFFI_SOURCE = """
#include "api_generated.h"
#include "library.h"

int toxpy_start_module(void)
{
    return cffi_start_python();
}
"""


def emit_cffi_module(api: Api, path: Path) -> None:
    """_toxcore.c: the module through which C and Python reach each other; `start_modules` goes on."""
    from cffi import FFI

    c, python = generate_c.cdef(api, plan(api))
    ffi = FFI()
    ffi.cdef(c)
    ffi.embedding_api(python)
    ffi.set_source("_toxcore", CFFI_SOURCE)
    ffi.embedding_init_code("from _toxcore_start import start\nstart()")
    ffi.emit_c_code(str(path))


def write(path: Path, text: str) -> None:
    """Write only when the text differs, so that nothing is rebuilt for nothing."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--header", type=Path, default=ROOT / "include" / "toxcore.h")
    parser.add_argument("--build", type=Path)
    arguments = parser.parse_args()
    api = describe_header(arguments.header)
    if arguments.build is not None:
        arguments.build.mkdir(parents=True, exist_ok=True)
        for name, text in built(api).items():
            write(arguments.build / name, text)
        emit_cffi_module(api, arguments.build / "_toxcore.c")
        return 0
    for path, text in committed(api).items():
        write(path, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
