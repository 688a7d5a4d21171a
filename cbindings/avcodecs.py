"""The compiled module `toxpy.media._avcodecs`: libopus and libvpx as cbindings/avcodecs.h has them.

    avcodecs.py FILE    write cffi's C source of the module; compile it together with SOURCES

The functions are declared once, in the header.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cffi import FFI

FOLDER = Path(__file__).resolve().parent
NAME = "toxpy.media._avcodecs"
HEADER = "avcodecs.h"
SOURCES = ("avcodecs_audio.c", "avcodecs_video.c")
LIBRARIES = ("opus", "vpx")
#: What the sources include of these libraries: without it the module is not built.
INCLUDES = ("opus/opus.h", "vpx/vp8cx.h", "vpx/vp8dx.h")


def bindings() -> FFI:
    """The module, as cffi makes it."""
    # only here: a build that lacks it says so in its own words
    from cffi import FFI

    ffi = FFI()
    header = (FOLDER / HEADER).read_text(encoding="utf-8")
    ffi.cdef(re.sub(r"(?m)^#.*$", "", header))
    ffi.set_source(NAME, f'#include "{HEADER}"')
    return ffi


def main() -> int:
    """Command line."""
    (target,) = sys.argv[1:]
    bindings().emit_c_code(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
