"""A profile: the savedata in a file, as Tox clients keep it, with or without a passphrase.

    with Profile.open("alice.tox", passphrase="...") as profile, Tox(profile=profile) as tox:
        ...

The instance starts from the profile, and saves into it as soon as something worth keeping changed,
every ten minutes, and when it is closed. A save never leaves half a file (see `toxpy.save.diskfile`),
and encrypts before anything reaches the disk. Nothing here ever makes a new identity where there was
one: a damaged file is an error, the file stays as it is, and its last good copy is named.

Every operation gives up after `timeout_s`: TimeoutError. OSError says what the disk said, with the path.
In asyncio, open a profile with `await asyncio.to_thread(Profile.open, path)`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from toxpy.arguments import as_text
from toxpy.crypto import sodium
from toxpy.crypto.keys import KeyPair
from toxpy.errors import PacketError
from toxpy.generated.enums import TOX_MAX_NAME_LENGTH
from toxpy.handlers import check_function
from toxpy.ids import NOSPAM_SIZE, ToxId, address_checksum, bytes_of
from toxpy.network.saved import write_nodes
from toxpy.runtime import Rng
from toxpy.save import savedata as save
from toxpy.save.diskfile import DiskFile, FileLocked, Job
from toxpy.save.profile_file import (
    Kdf,
    Key,
    Loaded,
    PassphraseNeeded,
    ProfileCorrupt,
    ProfileError,
    ProfileLocked,
    ProfileNotEncrypted,
    WrongPassphrase,
    kdf_of,
    load,
    new_key,
    passphrase_bytes,
    restore,
)
from toxpy.wire.sections import NAME, STATUS, last_text

__all__ = [
    "PassphraseNeeded",
    "Profile",
    "ProfileCorrupt",
    "ProfileError",
    "ProfileLocked",
    "ProfileNotEncrypted",
    "WrongPassphrase",
]

#: Seconds that an operation waits for the disk.
DEFAULT_TIMEOUT_S = 8.0


def new_savedata(name: str = "") -> bytes:
    """The savedata of a new identity."""
    rng = Rng()
    keys = KeyPair.generate(rng)
    made = save.SaveData(rng.bytes(NOSPAM_SIZE), keys.public, keys.secret)
    text = as_text(name, "a name")
    if len(text) > TOX_MAX_NAME_LENGTH:
        raise ValueError(f"a name has at most {TOX_MAX_NAME_LENGTH} bytes")
    made.put({NAME: text, STATUS: bytes(1), **write_nodes((), (), ())})
    return save.build(made)


class Profile:
    """One open profile; made by `open` or `create`, and to be closed (or used with `with`)."""

    def __init__(self, file: DiskFile, key: Key | None, savedata: bytes, timeout_s: float) -> None:
        """For `open` and `create`."""
        self._file = file
        self._key = key
        self._timeout_s = timeout_s
        self._savedata = savedata
        self._public_key = _public_key(savedata)
        self._read_only = False
        #: why the last good copy took the file's place when it was opened; None when it did not
        self.restored: str | None = None
        #: where the file before is then; None when there was none
        self.replaced_path: str | None = None
        self.closed = False
        #: an instance saves into it
        self.in_use = False
        #: why the last save of an instance failed, None when it did not; it is tried again
        self.save_error: Exception | None = None
        self._on_save_error: Callable[[Exception], object] | None = None

    # life

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        passphrase: str | bytes | None = None,
        *,
        read_only: bool = False,
        restore_backup: bool = False,
        restore_whole: bool = False,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Profile:
        """Open a profile that exists.

        ProfileLocked, ProfileCorrupt, PassphraseNeeded, WrongPassphrase, ProfileNotEncrypted; OSError, also
        for a file that nobody may write (mode 0444).
        `read_only` neither locks nor saves. `restore_backup` puts the last good copy in the place of a file
        that is damaged or missing, and says why in `restored`; the file is kept as `replaced_path`. A whole
        file stays, unless `restore_whole` says that the state before the last save is wanted.
        """
        if read_only and (restore_backup or restore_whole):
            raise ValueError("a profile that is opened read-only cannot be restored")
        secret = None if passphrase is None else passphrase_bytes(passphrase)
        file = DiskFile(path)

        def read(job: Job) -> Loaded:
            file.follow_links()
            if not read_only and os.path.isdir(file.folder) and job.is_wanted():
                file.check_writable()
                file.lock()
            return restore(file, secret, job, restore_whole) if wants_copy else load(file, secret)

        wants_copy = restore_backup or restore_whole
        loaded: Loaded = _run(file, read, "cannot open the profile", timeout_s)
        profile = cls(file, loaded.key, loaded.savedata, timeout_s)
        profile.restored, profile.replaced_path = loaded.restored, loaded.replaced_path
        profile._read_only = read_only
        return profile

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        passphrase: str | bytes | None = None,
        *,
        name: str = "",
        savedata: bytes | None = None,
        kdf: Kdf | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Profile:
        """Make a profile with a new identity, or with that of `savedata`; FileExistsError when there is one.

        With a passphrase it is in the format of all Tox clients, whose key is made by scrypt. `kdf`
        "argon2id" withstands guessing better, and only toxpy reads it. Missing folders are made, mode
        0700. The file is there when this returns.
        """
        content = new_savedata(name) if savedata is None else bytes_of(savedata)
        _public_key(content)
        key = _key(os.path.abspath(path), passphrase, kdf)
        file = DiskFile(path)
        profile = cls(file, key, content, timeout_s)

        def make(job: Job) -> None:
            file.follow_links()
            file.make_folder()
            file.lock()
            for taken in (file.path, file.backup_path):
                if os.path.lexists(taken):
                    raise FileExistsError(errno.EEXIST, f"there is already {taken}")
            file.write(profile._encoded(content), job)

        _run(file, make, "cannot create the profile", timeout_s)
        return profile

    def close(self) -> None:
        """Give the lock back; saves nothing. An instance on this profile is to be closed before."""
        if not self.closed:
            self.closed = True
            self._file.close(self._timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Profile {self.path}{' closed' if self.closed else ''}>"

    # content

    @property
    def path(self) -> str:
        """The file; where the given path was a link, what it leads to."""
        return self._file.path

    @property
    def backup_path(self) -> str:
        """The last good copy: what was in the file before the last save."""
        return self._file.backup_path

    @property
    def encrypted(self) -> bool:
        """True if the profile has a passphrase."""
        return self._key is not None

    @property
    def kdf(self) -> Kdf | None:
        """How the key is made of the passphrase, "scrypt" or "argon2id"; None without one."""
        return None if self._key is None else kdf_of(self._key)

    @property
    def read_only(self) -> bool:
        """True if it was opened without the right to save."""
        return self._read_only

    @property
    def savedata(self) -> bytes:
        """What was loaded or saved last, not encrypted."""
        return self._savedata

    @property
    def public_key(self) -> bytes:
        """Whose profile it is, 32 bytes."""
        return self._public_key

    @property
    def address(self) -> ToxId:
        """The Tox ID in it."""
        parsed = save.parse(self._savedata)
        body = parsed.public_key + parsed.nospam
        return ToxId(body + address_checksum(body))

    @property
    def name(self) -> str:
        """The name in it."""
        names = save.parse(self._savedata).contents.get(NAME, ())
        return last_text(names, TOX_MAX_NAME_LENGTH).decode("utf-8", "replace")

    @property
    def on_save_error(self) -> Callable[[Exception], object] | None:
        """Called with `save_error` by the thread that iterates; it cannot be async."""
        return self._on_save_error

    @on_save_error.setter
    def on_save_error(self, function: Callable[[Exception], object] | None) -> None:
        check_function(function)
        self._on_save_error = function

    def save(self, savedata: bytes) -> None:
        """Write a state of the same identity; when this returns it is on the disk."""
        self.save_soon(savedata).wait(self._timeout_s)
        self._savedata = savedata

    def save_soon(self, savedata: bytes) -> Job:
        """`save` without waiting: `done` of the job is set at the end, its `check` raises what went wrong."""
        if self.closed:
            raise ValueError("the profile is closed")
        if self._read_only:
            raise ValueError("the profile was opened read-only")
        if _public_key(savedata) != self.public_key:
            raise ValueError("this savedata is of another identity than the profile")
        return self._write(savedata)

    def saved(self, savedata: bytes) -> None:
        """That state is on the disk."""
        self._savedata = savedata

    def _encoded(self, savedata: bytes) -> bytes:
        """As it goes to the disk."""
        key = self._key
        return savedata if key is None else key.encrypt(savedata, Rng().bytes(sodium.NONCE_SIZE))

    def _write(self, savedata: bytes, *, keep_old: bool = True) -> Job:
        content, file = self._encoded(savedata), self._file
        return file.post(lambda job: file.write(content, job, keep_old=keep_old), "cannot save the profile")

    def set_passphrase(self, passphrase: str | bytes | None, *, kdf: Kdf | None = None) -> None:
        """Encrypt with another passphrase from now on, or (None) no more; `kdf` as in `create`.

        By default `kdf` stays. With the same passphrase and another `kdf` only the format changes.

        The last good copy is replaced too: nothing that the old passphrase opens, and nothing that none
        protects, is left in the folder. (What a disk keeps of deleted files is beyond us.)
        """
        if self._read_only or self.closed:
            raise ValueError("the profile is closed or was opened read-only")
        key = _key(self.path, passphrase, kdf, self.kdf or "scrypt")
        old, self._key = self._key, key
        try:
            self._write(self._savedata, keep_old=False).wait(self._timeout_s)
        except BaseException:
            self._key = old
            raise

    @property
    def timeout_s(self) -> float:
        """How long an operation waits for the disk."""
        return self._timeout_s


def _public_key(savedata: bytes) -> bytes:
    """Whose state that is; ValueError when it is none."""
    try:
        return save.owner(savedata)
    except PacketError as error:
        raise ValueError(str(error)) from error


def _key(path: str, passphrase: str | bytes | None, kdf: Kdf | None, default: Kdf = "scrypt") -> Key | None:
    """A new key, None without a passphrase."""
    if passphrase is None:
        if kdf is not None:
            raise ValueError("a kdf makes a key of a passphrase, and none was given")
        return None
    return new_key(path, passphrase, kdf or default)


def _run(file: DiskFile, function: Callable[[Job], Any], what: str, timeout_s: float) -> Any:
    """Do the first thing with a file; the file is closed when that fails."""
    try:
        return file.post(function, what).wait(timeout_s)
    except TimeoutError:
        file.close()
        raise
    except BaseException as error:
        file.close(timeout_s)
        if isinstance(error, FileLocked):
            raise ProfileLocked(error.path, error.holder) from error
        raise
