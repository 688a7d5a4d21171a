"""Commands on a profile alone: `id`, `new`, `passphrase`, `export`, `restore`."""

from __future__ import annotations

import argparse
import os

from toxpy.cli import settings
from toxpy.cli.qr import qr_lines
from toxpy.cli.session import guarded
from toxpy.cli.terminal import OK, Failure, Output
from toxpy.friend.saved import read_friends
from toxpy.ids import URI_PREFIX
from toxpy.save import savedata as save
from toxpy.save.profile import PassphraseNeeded, Profile
from toxpy.save.profile_file import KDFS


def _tell(out: Output, profile: Profile, *, qr: bool = False) -> None:
    saved = read_friends(save.parse(profile.savedata).contents)
    friends = [friend.public_key.hex().upper() for friend in saved]
    out.result(
        "id",
        f"{profile.address}\n{qr_lines(f'{URI_PREFIX}{profile.address}')}" if qr else str(profile.address),
        tox_id=str(profile.address),
        public_key=str(profile.address.public_key),
        name=profile.name,
        profile=profile.path,
        encrypted=profile.encrypted,
        kdf=profile.kdf,
        friends=friends,
    )


def _taken(error: FileExistsError) -> Failure:
    return Failure(f"{error.filename}: {error.strerror}; move it away or take another name")


def _add_kdf(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kdf",
        choices=KDFS,
        help="how the key is made of the passphrase: scrypt, as in every Tox client, or argon2id, which "
        "withstands guessing better and which only toxpy reads",
    )


def _add_new_passphrase(group: argparse._MutuallyExclusiveGroup, otherwise: str) -> None:
    group.add_argument(
        "--new-passphrase-file",
        metavar="FILE",
        type=settings.file_name,
        help=f"read the new one; else {otherwise}",
    )


def _new_passphrase(arguments: argparse.Namespace) -> bytes | None:
    """That of the file; None without one."""
    path = arguments.new_passphrase_file
    if path is None:
        return None
    return settings.given_passphrase(argparse.Namespace(passphrase_file=path))


def id_main(words: list[str]) -> int:
    """`id`."""
    parser = settings.make_parser(
        "id",
        "Print the Tox ID of a profile. It may be in use by a program.",
        "With --json also name, public keys of the friends, and whether it is encrypted.",
    )
    parser.add_argument("--qr", action="store_true", help="also as a QR code, for a phone to scan")
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        with settings.open_profile(arguments, out, read_only=True) as profile:
            _tell(out, profile, qr=arguments.qr)
        return OK

    return guarded(arguments, work)


def new_main(words: list[str]) -> int:
    """`new`."""
    parser = settings.make_parser(
        "new",
        "Make a profile with a new identity and print its Tox ID. An existing one is never overwritten.",
        f"It is encrypted with the passphrase of --passphrase-file or ${settings.PASSPHRASE_VARIABLE}, or\n"
        "with one that --encrypt asks for; without any of them it is not encrypted.",
    )
    parser.add_argument(
        "--name", type=settings.text, default="", help="the name that friends see, at most 128 bytes"
    )
    parser.add_argument("--encrypt", action="store_true", help="ask for a passphrase")
    _add_kdf(parser)
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        passphrase = settings.given_passphrase(arguments)
        if passphrase is None and (arguments.encrypt or arguments.kdf is not None):
            passphrase = settings.ask_new_passphrase()
        path = settings.profile_path(arguments)
        try:
            profile = Profile.create(path, passphrase, name=arguments.name, kdf=arguments.kdf)
        except FileExistsError as error:
            raise _taken(error) from error
        except ValueError as error:
            raise Failure(str(error), 2) from error
        with profile:
            _tell(out, profile)
        return OK

    return guarded(arguments, work)


def passphrase_main(words: list[str]) -> int:
    """`passphrase`."""
    parser = settings.make_parser(
        "passphrase",
        "Set, change or (--remove) take away the passphrase of a profile. The last good copy of the profile\n"
        "is replaced too.",
        f"--passphrase-file and ${settings.PASSPHRASE_VARIABLE} mean the present one.",
    )
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--remove", action="store_true", help="do not encrypt the profile any more")
    change.add_argument("--keep", action="store_true", help="keep the passphrase, to change only --kdf")
    _add_new_passphrase(change, "it is asked for")
    _add_kdf(parser)
    arguments = parser.parse_args(words)
    if arguments.remove and arguments.kdf is not None:
        parser.error("--remove leaves nothing that --kdf could be for")

    def work(out: Output) -> int:
        profile, present = settings.open_with_passphrase(arguments, out)
        with profile:
            if arguments.remove:
                passphrase = None
            elif arguments.keep:
                passphrase = present
                if present is None:
                    raise Failure(f"{profile.path} has no passphrase that could be kept")
            else:
                passphrase = _new_passphrase(arguments) or settings.ask_new_passphrase()
            profile.set_passphrase(passphrase, kdf=arguments.kdf)
            _tell(out, profile)
        return OK

    return guarded(arguments, work)


def export_main(words: list[str]) -> int:
    """`export`."""
    parser = settings.make_parser(
        "export",
        "Write a copy of a profile, which may be in use by a program, into a new file. --for-other-clients\n"
        "writes it so that every Tox client can open it, also when the profile is in toxpy's own format.",
        "The copy has the same identity: never run both at the same time.",
    )
    parser.add_argument("target", metavar="FILE", type=settings.file_name, help="the new file")
    parser.add_argument(
        "--for-other-clients", action="store_true", help="in the format of c-toxcore (scrypt, toxEsave)"
    )
    change = parser.add_mutually_exclusive_group()
    change.add_argument(
        "--not-encrypted", action="store_true", help="without a passphrase: whoever reads the file can be you"
    )
    _add_new_passphrase(change, "the copy has the passphrase of the profile")
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        profile, passphrase = settings.open_with_passphrase(arguments, out, read_only=True)
        with profile:
            kdf = "scrypt" if arguments.for_other_clients else profile.kdf
            passphrase = None if arguments.not_encrypted else _new_passphrase(arguments) or passphrase
            kdf = None if passphrase is None else kdf
            try:
                copy = Profile.create(arguments.target, passphrase, savedata=profile.savedata, kdf=kdf)
            except FileExistsError as error:
                raise _taken(error) from error
        with copy:
            if not copy.encrypted:
                out.warning(f"{copy.path} is not encrypted: whoever reads it can be you")
            _tell(out, copy)
        return OK

    return guarded(arguments, work)


def _tell_restored(out: Output, profile: Profile) -> None:
    """Say what was found and done; Failure when that is nothing."""
    if profile.restored is None:
        copy = profile.backup_path
        back = (
            f". To go back to {copy}, the state before the last save: --force" if os.path.exists(copy) else ""
        )
        raise Failure(f"{profile.path} is whole, so it was left as it is{back}")
    kept = f"; the file before is kept as {profile.replaced_path}" if profile.replaced_path else ""
    out.status(
        "restored",
        f"{profile.path}: {profile.restored}. {profile.backup_path} took its place{kept}",
        profile=profile.path,
        message=profile.restored,
        backup=profile.backup_path,
        replaced=profile.replaced_path,
    )


def restore_main(words: list[str]) -> int:
    """`restore`."""
    parser = settings.make_parser(
        "restore",
        "Put the last good copy of a profile in the place of a damaged one, which is kept as FILE.damaged.\n"
        "A profile that is whole stays as it is.",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="go back to the state before the last save also when the profile is whole; it is kept as "
        "FILE.replaced",
    )
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        path, passphrase = settings.profile_path(arguments), settings.given_passphrase(arguments)
        wanted = {"restore_backup": True, "restore_whole": arguments.force}
        try:
            profile = Profile.open(path, passphrase, **wanted)
        except PassphraseNeeded:
            passphrase = settings.ask_passphrase(f"Passphrase of {path}: ")
            profile = Profile.open(path, passphrase, **wanted)
        with profile:
            _tell_restored(out, profile)
            _tell(out, profile)
        return OK

    return guarded(arguments, work)
