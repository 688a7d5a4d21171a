"""Disks with troubles: one that hangs (FUSE whose server never answers), one that is small or read-only."""

import ctypes
import os

MS_RDONLY, MS_REMOUNT, MS_BIND = 1, 32, 4096
MNT_DETACH = 2


class HungDisk:
    """Mounted by `hang`; whatever touches it from then on waits until `close`."""

    def __init__(self, folder):
        self.folder = str(folder)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = -1

    def hang(self):
        """From now on nobody gets an answer below the folder."""
        self._fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        data = f"fd={self._fd},rootmode=40000,user_id=0,group_id=0".encode()
        if self._libc.mount(b"toxpy-test", os.fsencode(self.folder), b"fuse", 0, data):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), self.folder)

    def close(self):
        """Those who wait get an error, and the folder is what it was before."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._libc.umount2(os.fsencode(self.folder), MNT_DETACH)


class SmallDisk:
    """A tmpfs of a given size. Needs root."""

    def __init__(self, folder, size):
        self.folder = str(folder)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._mounted = 0
        self._mount(b"tmpfs", b"tmpfs", 0, f"size={size}".encode())
        self._mounted = 1

    def _mount(self, source, kind, flags, data=None):
        if self._libc.mount(source, os.fsencode(self.folder), kind, flags, data):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), self.folder)

    def resize(self, size):
        """More room, or less: not less than what is there."""
        self._mount(None, None, MS_REMOUNT, f"size={size}".encode())

    def make_read_only(self):
        """Nothing below the folder can be written from now on, whoever has files open there."""
        self._mount(os.fsencode(self.folder), None, MS_BIND)
        self._mounted = 2
        self._mount(None, None, MS_REMOUNT | MS_BIND | MS_RDONLY)

    def close(self):
        """Unmount."""
        for _ in range(self._mounted):
            self._libc.umount2(os.fsencode(self.folder), MNT_DETACH)
