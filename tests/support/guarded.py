"""Memory that ends where nobody may read: one byte further is a fault, not a quiet mistake."""

import ctypes
import mmap

_LIBC = ctypes.CDLL(None, use_errno=True)
PROT_NONE = 0


class Guarded:
    """Data at the end of a page, with a page behind it that cannot be read."""

    def __init__(self, data):
        pages = -(-max(len(data), 1) // mmap.PAGESIZE)
        self._map = mmap.mmap(-1, (pages + 1) * mmap.PAGESIZE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        end = start + pages * mmap.PAGESIZE
        if _LIBC.mprotect(ctypes.c_void_p(end), ctypes.c_size_t(mmap.PAGESIZE), PROT_NONE) != 0:
            raise OSError(ctypes.get_errno(), "mprotect")
        self.address = end - len(data)
        ctypes.memmove(self.address, bytes(data), len(data))
