"""The command `handshake`: which handshakes the friends of a profile may have."""

from __future__ import annotations

import argparse

from toxpy.arguments import HANDSHAKE_POLICIES
from toxpy.cli import settings
from toxpy.cli.session import find_among, guarded, shown_name
from toxpy.cli.terminal import OK, Output
from toxpy.generated.typed_enums import HandshakePolicy, HandshakeVersion
from toxpy.ids import PublicKey
from toxpy.save.profile import Profile
from toxpy.tox import Tox


class _Known:
    """A friend of an instance."""

    def __init__(self, tox: Tox, number: int) -> None:
        self.number = number
        self.public_key: PublicKey = tox.friend_get_public_key(number)
        self.name = tox.friend_get_name(number)


def main(words: list[str]) -> int:
    """Run it; the exit status."""
    parser = settings.make_parser(
        "handshake",
        "Print which handshakes the friends of a profile may have, or set it for one of them.",
        "FRIEND is a friend's name or public key. A friend is pinned when there was a session with Noise:\n"
        "from then on nothing else is accepted from them.",
    )
    parser.add_argument("friend", metavar="FRIEND", nargs="?", type=settings.named)
    parser.add_argument(
        "policy",
        metavar="POLICY",
        nargs="?",
        choices=list(HANDSHAKE_POLICIES),
        help="auto, require (Noise and nothing else) or legacy (no Noise)",
    )
    parser.add_argument(
        "--unpin",
        action="store_true",
        help="forget that the friend had Noise; right if they say, by another way, that their client is old",
    )
    arguments = parser.parse_args(words)
    if arguments.unpin and arguments.friend is None:
        parser.error("--unpin needs a FRIEND")

    def work(out: Output) -> int:
        with settings.open_profile(arguments, out) as profile, _resting(profile) as tox:
            _work(arguments, tox, out)
        return OK

    return guarded(arguments, work)


def _resting(profile: Profile) -> Tox:
    """An instance of the profile that nobody hears of."""
    return Tox(profile=profile, udp_enabled=False, local_discovery_enabled=False, handshake="prefer")


def _work(arguments: argparse.Namespace, tox: Tox, out: Output) -> None:
    friends = [_Known(tox, number) for number in tox.self_get_friend_list()]
    if arguments.friend is not None:
        friends = [find_among(friends, arguments.friend, advice="")]
    if arguments.policy is not None or arguments.unpin:
        number = friends[0].number
        policy = arguments.policy or tox.friend_get_handshake_policy(number)
        tox.friend_set_handshake(number, policy, unpin=arguments.unpin)
    for friend in friends:
        _tell(tox, friend, out)


def _tell(tox: Tox, friend: _Known, out: Output) -> None:
    policy = tox.friend_get_handshake_policy(friend.number)
    pinned = tox.friend_get_handshake_pin(friend.number) != HandshakeVersion.NONE
    words = {
        HandshakePolicy.AUTO: "Noise if both have it",
        HandshakePolicy.REQUIRE: "Noise required",
        HandshakePolicy.LEGACY: "no Noise",
    }[policy]
    out.result(
        "handshake",
        f"{shown_name(friend)}: {'pinned to Noise' if pinned and not policy else words}",
        friend=str(friend.public_key),
        name=friend.name,
        policy=policy.name.lower(),
        pinned=pinned,
    )
