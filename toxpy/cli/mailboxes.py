"""Messages for friends who are away, on the command line: its options, and what a profile remembers of them.

A profile that was used with `--later` or `--mailbox` goes on keeping messages, and asking its mailboxes, with
every command that talks to friends. As a record of the save, beside those of extensions:

    version 1, then for each mailbox: length u16, its text in UTF-8
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from toxpy.ext.offline.options import MAX_MAILBOXES, Offline
from toxpy.ext.offline.records import Mailbox
from toxpy.friend.records import Records
from toxpy.save import savedata as save
from toxpy.wire.sections import EXTENSIONS

if TYPE_CHECKING:
    from toxpy.aio import AsyncTox
    from toxpy.save.profile import Profile

#: Type of the record in the section of extensions.
RECORD = 8
_VERSION = b"\x01"
#: Given instead of a mailbox: none of them any more.
NONE = "none"
#: Time that a friend has to come online before mailboxes get a message, s: a command does not run for long.
DIRECT_WAIT_S = 10


def add_options(add: Callable[..., object]) -> None:
    """For commands that talk to friends."""
    add(
        "--mailbox",
        metavar="TEXT",
        action="append",
        default=[],
        type=mailbox_or_none,
        help="friends leave messages for us at this mailbox while we are away: TEXT is what `toxpy mailbox` "
        f"printed for its owner. May be repeated. Remembered instead of those before; {NONE}: forgotten",
    )


def mailbox_or_none(text: str) -> Mailbox | None:
    """A mailbox that friends can be told of; None for `NONE`."""
    if text == NONE:
        return None
    try:
        return Offline([text]).mailboxes[0]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def pack(mailboxes: tuple[Mailbox, ...]) -> bytes:
    """The record."""
    texts = [str(mailbox).encode() for mailbox in mailboxes]
    return _VERSION + b"".join(len(text).to_bytes(2, "little") + text for text in texts)


def unpack(record: bytes) -> tuple[Mailbox, ...]:
    """What a record has, up to where it is damaged."""
    found: list[Mailbox] = []
    at = len(_VERSION) if record.startswith(_VERSION) else len(record)
    while at + 2 <= len(record) and len(found) < MAX_MAILBOXES:
        begin = at + 2
        at = begin + int.from_bytes(record[at:begin], "little")
        if at > len(record):
            break
        try:
            found += Offline([record[begin:at].decode()]).mailboxes
        except ValueError:
            break
    return tuple(found)


def remembered(profile: Profile) -> tuple[Mailbox, ...] | None:
    """The mailboxes that a profile was used with; None for one that keeps no messages."""
    found: list[bytes] = []
    records = Records()
    records.load(save.parse(profile.savedata).take(EXTENSIONS))
    records.claim(RECORD, found.append, lambda: None)
    return unpack(found[-1]) if found else None


def option(arguments: argparse.Namespace, profile: Profile) -> Offline | bool:
    """The field `offline_messages` of Options: on if it is asked for, or was."""
    if not getattr(arguments, "extended", False):
        return False
    given: list[Mailbox | None] = arguments.mailbox
    is_on = getattr(arguments, "later", False)
    mailboxes = [mailbox for mailbox in given if mailbox is not None]
    if not given:
        known = remembered(profile)
        is_on |= known is not None
        mailboxes = list(known or ())
    return Offline(mailboxes, direct_wait_s=DIRECT_WAIT_S) if is_on or mailboxes else False


def remember(arguments: argparse.Namespace, tox: AsyncTox) -> None:
    """Have the profile keep the mailboxes for the next command, or forget them."""
    core = tox.sync.core
    offline: Offline | bool = core.options.offline_messages
    record = pack(offline.mailboxes) if isinstance(offline, Offline) else None
    if record is not None or getattr(arguments, "mailbox", []):
        core.messenger.records().claim(RECORD, lambda _before: None, lambda: record)
