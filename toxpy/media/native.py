"""What Opus and VP8 have in common: memory of callers, as the compiled module takes it."""

from __future__ import annotations

from toxpy.media._avcodecs import ffi, lib  # type: ignore[import-not-found]
from toxpy.media.formats import CodecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toxpy.media.formats import Memory

#: AVCODECS_INTERFACE of cbindings/avcodecs.h.
INTERFACE = 1
if getattr(lib, "AVCODECS_INTERFACE", 0) != INTERFACE:
    raise ImportError("the compiled codecs are those of another version of toxpy: build it again")

_cast = ffi.cast
_from_buffer = ffi.from_buffer


def pointer(memory: Memory, size: int) -> Any:
    """A pointer to so many bytes; CodecError for a buffer that has fewer."""
    if isinstance(memory, int):
        return _cast("void *", memory)
    data = _from_buffer(memory)
    if len(data) < size:
        raise CodecError(f"{len(data)} bytes where {size} are needed")
    return data
