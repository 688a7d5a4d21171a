"""Commands on a profile alone: `id`, `new`, `passphrase`, `restore`."""

from __future__ import annotations

import argparse
import os

from toxpy.cli import settings
from toxpy.cli.session import guarded
from toxpy.cli.terminal import OK, Failure, Output
from toxpy.friend.saved import read_friends
from toxpy.save import savedata as save
from toxpy.save.profile import PassphraseNeeded, Profile


def _tell(out: Output, profile: Profile) -> None:
    saved = read_friends(save.parse(profile.savedata).contents)
    friends = [friend.public_key.hex().upper() for friend in saved]
    out.result(
        "id",
        str(profile.address),
        tox_id=str(profile.address),
        public_key=str(profile.address.public_key),
        name=profile.name,
        profile=profile.path,
        encrypted=profile.encrypted,
        friends=friends,
    )


def id_main(words: list[str]) -> int:
    """`id`."""
    parser = settings.make_parser(
        "id",
        "Print the Tox ID of a profile. It may be in use by a program.",
        "With --json also name, public keys of the friends, and whether it is encrypted.",
    )
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        with settings.open_profile(arguments, out, read_only=True) as profile:
            _tell(out, profile)
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
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        passphrase = settings.given_passphrase(arguments)
        if passphrase is None and arguments.encrypt:
            passphrase = settings.ask_new_passphrase()
        path = settings.profile_path(arguments)
        try:
            profile = Profile.create(path, passphrase, name=arguments.name)
        except FileExistsError as error:
            raise Failure(f"{error.filename}: {error.strerror}; move it away or take another name") from error
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
    change.add_argument(
        "--new-passphrase-file",
        metavar="FILE",
        type=settings.file_name,
        help="read the new one; else it is asked for",
    )
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        with settings.open_profile(arguments, out) as profile:
            if arguments.remove:
                passphrase = None
            elif arguments.new_passphrase_file is not None:
                passphrase = settings.given_passphrase(
                    argparse.Namespace(passphrase_file=arguments.new_passphrase_file)
                )
            else:
                passphrase = settings.ask_new_passphrase()
            profile.set_passphrase(passphrase)
            _tell(out, profile)
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
