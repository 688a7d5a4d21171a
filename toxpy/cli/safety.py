"""The command `safety`: the number that two friends compare."""

from __future__ import annotations

import argparse

from toxpy.cli import settings
from toxpy.cli.qr import qr_lines
from toxpy.cli.session import find_among, guarded, shown_name
from toxpy.cli.terminal import OK, Failure, Output
from toxpy.friend import safety
from toxpy.friend.saved import SavedFriend, read_friends
from toxpy.ids import PublicKey
from toxpy.save import savedata as save
from toxpy.save.profile import Profile

#: What is wrong when the numbers are not the same; `{}` is the friend's name.
_DIFFERENCES = {
    safety.DIFFERENT: "the numbers are different",
    safety.WE_DIFFER: "{} has another key for us than ours",
    safety.THEY_DIFFER: "{} has another key than the one that we have",
}


class _Saved:
    """A friend of a profile that is not running."""

    def __init__(self, saved: SavedFriend) -> None:
        self.public_key = PublicKey(saved.public_key)
        self.name = saved.name.decode("utf-8", "replace")


def main(words: list[str]) -> int:
    """Run it; the exit status."""
    parser = settings.make_parser(
        "safety",
        "Print the safety number of a friend. The friend has the same one if nobody is between you: compare\n"
        "them in a call or when you meet, not by messages. The profile may be in use by a program.",
        "FRIEND is a friend's name, public key or Tox ID.",
    )
    parser.add_argument("friend", metavar="FRIEND", type=settings.named)
    parser.add_argument("--qr", action="store_true", help="also as a QR code, for the friend to scan")
    parser.add_argument(
        "--compare",
        metavar="TEXT",
        type=settings.named,
        help="say whether TEXT, the friend's number or what their QR code says, is the same",
    )
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        with settings.open_profile(arguments, out, read_only=True) as profile:
            return _tell(arguments, profile, out)

    return guarded(arguments, work)


def _tell(arguments: argparse.Namespace, profile: Profile, out: Output) -> int:
    saved = read_friends(save.parse(profile.savedata).contents)
    friend = find_among([_Saved(each) for each in saved], arguments.friend, advice="")
    ours, theirs, name = profile.public_key, friend.public_key.raw, shown_name(friend)
    compared = None
    if arguments.compare is not None:
        try:
            compared = safety.compare(ours, theirs, arguments.compare)
        except ValueError as error:
            raise Failure(str(error), 2) from error
    number, qr = safety.safety_number(ours, theirs), safety.scan_text(ours, theirs)
    lines = [number]
    if arguments.qr:
        lines.append(qr_lines(qr))
    if compared == safety.SAME:
        lines.append(f"It is the same: you and {name} have each other's true keys")
    out.result(
        "safety_number",
        "\n".join(lines),
        friend=str(friend.public_key),
        name=friend.name,
        safety_number=number,
        qr=qr,
        compared=compared,
    )
    if compared not in (None, safety.SAME):
        problem = _DIFFERENCES[compared].format(name)
        raise Failure(f"{problem}: somebody may be between you, or one of you has another profile now")
    return OK
