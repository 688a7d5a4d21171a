"""What is in the file of a profile: a savedata, in clear or under a passphrase, told by the first bytes.

    in clear      as in `toxpy.save.savedata`
    "toxEsave"    scrypt, which every Tox client reads: `toxpy.save.passkey`
    "TOXKEYS1"    Argon2id, which only toxpy reads: `toxpy.save.keystore`

All of it runs in the thread of the `DiskFile`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar

from toxpy.errors import PacketError
from toxpy.ids import bytes_of
from toxpy.runtime import Rng
from toxpy.save import keystore, passkey
from toxpy.save import savedata as save
from toxpy.save.diskfile import DiskFile, Job
from toxpy.save.keystore import KeystoreKey
from toxpy.save.passkey import PassKey

Key = PassKey | KeystoreKey
#: How a key is made of a passphrase.
Kdf = Literal["scrypt", "argon2id"]
KDFS: tuple[Kdf, ...] = ("scrypt", "argon2id")
K = TypeVar("K", bound=Key)


class ProfileError(Exception):
    """A profile that cannot be used as asked; `path` is its file."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        super().__init__(f"{path}: {message}")


class ProfileLocked(ProfileError):
    """Somebody else has the profile open; `holder` says who."""

    def __init__(self, path: str, holder: str) -> None:
        self.holder = holder
        super().__init__(path, f"the profile is in use by {holder}")


class ProfileCorrupt(ProfileError):
    """The file is no whole profile. It was left alone; `backup_path` is its last good copy, or None."""

    def __init__(self, path: str, problem: str, backup_path: str | None) -> None:
        self.backup_path = backup_path
        self.problem = problem
        offer = f"; its last good copy is {backup_path}" if backup_path else "; there is no good copy of it"
        super().__init__(path, f"the profile is damaged ({problem}){offer}")


class PassphraseNeeded(ProfileError):
    """The profile is encrypted and no passphrase was given."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "the profile is encrypted: it needs its passphrase")


class WrongPassphrase(ProfileError):
    """The passphrase does not open the profile; of a damaged one without a good copy nobody can tell."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "the passphrase is wrong, or the file is damaged")


class ProfileNotEncrypted(ProfileError):
    """A passphrase was given for a profile that has none."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "the profile is not encrypted: open it without a passphrase")


# keys


def passphrase_bytes(passphrase: str | bytes) -> bytes:
    """As it is hashed; ValueError for an empty one."""
    raw = passphrase.encode("utf-8") if isinstance(passphrase, str) else bytes_of(passphrase)
    if not raw:
        raise ValueError("an empty passphrase protects nothing: give none instead")
    return raw


def new_key(path: str, passphrase: str | bytes, kdf: Kdf) -> Key:
    """A key of its own for the profile with that path."""
    raw, rng = passphrase_bytes(passphrase), Rng()
    if kdf == "argon2id":
        salt = rng.bytes(keystore.SALT_SIZE)
        return _derived(path, lambda: KeystoreKey.derive(raw, keystore.DEFAULT_COST, salt))
    if kdf == "scrypt":
        return _derived(path, lambda: PassKey.derive(raw, rng.bytes(passkey.SALT_SIZE)))
    raise ValueError(f"a key is derived by one of {', '.join(KDFS)}, not by {kdf!r}")


def kdf_of(key: Key) -> Kdf:
    """How the key was made."""
    return "argon2id" if isinstance(key, KeystoreKey) else "scrypt"


def _derived(path: str, derive: Callable[[], K]) -> K:
    """A key; ProfileError where this machine cannot derive it."""
    try:
        return derive()
    except (ModuleNotFoundError, MemoryError) as error:
        raise ProfileError(path, str(error)) from error


# reading


class Loaded(NamedTuple):
    """What was found in a file, or in its last good copy."""

    key: Key | None
    savedata: bytes
    restored: str | None = None
    replaced_path: str | None = None


def restore(file: DiskFile, secret: bytes | None, job: Job, also_whole: bool) -> Loaded:
    """The file if it is whole; else its last good copy, which takes its place."""
    try:
        whole = load(file, secret)
    except ProfileCorrupt as error:
        if error.backup_path is None:
            raise
        name, why = "damaged", f"the profile was damaged ({error.problem})"
    except FileNotFoundError:
        if not os.path.exists(file.backup_path):
            raise
        name, why = "damaged", "there was no such file"
    else:
        if not also_whole:
            return whole
        name, why = "replaced", "the state before the last save was wanted"
    # what goes wrong from here on is the copy's
    job.path = file.backup_path
    try:
        copy = _decoded(file.backup_path, file.read(file.backup_path), secret)
    except PacketError as error:
        raise ProfileCorrupt(file.backup_path, str(error), None) from error
    job.path = file.path
    return copy._replace(restored=why, replaced_path=file.restore(job, name))


def load(file: DiskFile, secret: bytes | None) -> Loaded:
    """Key and savedata; the errors of `Profile.open`."""
    try:
        content = file.read(file.path)
    except FileNotFoundError as error:
        good = _good_copy(file, secret)
        raise FileNotFoundError(
            error.errno, f"there is no such file, but a copy: {good}" if good else "there is no such file"
        ) from error
    try:
        return _decoded(file.path, content, secret)
    except PacketError as error:
        problem = str(error) if content else "it is empty"
        raise ProfileCorrupt(file.path, problem, _good_copy(file, secret)) from error
    except WrongPassphrase as error:
        good = _good_copy(file, secret)
        if good is None:
            raise
        problem = "the passphrase opens the last good copy but not it"
        raise ProfileCorrupt(file.path, problem, good) from error


def _decoded(path: str, content: bytes, secret: bytes | None) -> Loaded:
    """Key and savedata of a content; PacketError when it is damaged."""
    is_keystore = keystore.is_keystore(content)
    if not is_keystore and not passkey.is_encrypted(content):
        save.parse(content)
        if secret is not None:
            raise ProfileNotEncrypted(path)
        return Loaded(None, content)
    (keystore if is_keystore else passkey).check_format(content)
    if secret is None:
        raise PassphraseNeeded(path)
    key = _derived(path, lambda: _key_of(content, secret))
    savedata = key.decrypt(content)
    if savedata is None:
        raise WrongPassphrase(path)
    save.parse(savedata)
    return Loaded(key, savedata)


def _key_of(content: bytes, secret: bytes) -> Key:
    """The key of an encrypted content."""
    if keystore.is_keystore(content):
        return KeystoreKey.of_file(secret, content)
    return PassKey.derive(secret, passkey.salt_of(content))


def _good_copy(file: DiskFile, secret: bytes | None) -> str | None:
    """The path of the last good copy if there is one and it can be opened."""
    path = file.backup_path
    try:
        _decoded(path, file.read(path), secret)
    except (PacketError, WrongPassphrase, OSError):
        return None
    except (PassphraseNeeded, ProfileNotEncrypted):
        # as far as can be seen without the passphrase it is whole
        return path
    return path
