"""`conference create`, `list`, `invite`, `join` and `leave`, and what `conference chat` shares with them."""

from __future__ import annotations

import asyncio

from toxpy.aio import Friend
from toxpy.cli import settings
from toxpy.cli.messages import FRIEND_HELP, accept_or_tell, add_friend_options, tell_messages
from toxpy.cli.rooms import LINGER_S, bring_in_all, find_room, tell_invitation, within
from toxpy.cli.session import CliSession, guarded, run
from toxpy.cli.terminal import OK, Failure, Output, visible
from toxpy.conference.aio import AsyncConference
from toxpy.conference.saved import read_conferences
from toxpy.errors import ToxError
from toxpy.generated.typed_enums import ConferenceType
from toxpy.generated.typed_events import ConferenceInvite, to_text
from toxpy.ids import PublicKey
from toxpy.runtime import Counters
from toxpy.save import savedata as save
from toxpy.wire.sections import CONFERENCES

#: Where in the cookie of an invitation the ID of the conference is.
COOKIE_ID = slice(3, 35)
CONFERENCE_HELP = "first digits of the ID, or the title"
KIND = "conference"


# words


def tell_conference(out: Output, conference: AsyncConference) -> None:
    """The result of a command."""
    _tell(
        out,
        conference.id.hex().upper(),
        conference.title,
        conference.type,
        [str(peer.public_key) for peer in conference.peers],
        [str(peer.public_key) for peer in conference.offline_peers],
    )


def _tell(
    out: Output, conference_id: str, title: str, kind: ConferenceType, peers: list[str], away: list[str]
) -> None:
    out.result(
        "conference",
        f"{conference_id} {visible(title)}".rstrip(),
        conference=conference_id,
        title=title,
        type=kind.name.lower(),
        peers=peers,
        offline_peers=away,
    )


def tell_conference_invitation(
    session: CliSession, event: ConferenceInvite, *, accepted: bool = False
) -> None:
    """A friend invites us."""
    fields = {"conference": event.cookie[COOKIE_ID].hex().upper(), "type": event.type.name.lower()}
    tell_invitation(session, KIND, event.friend_number, fields, accepted=accepted)


# commands


def create_main(words: list[str]) -> int:
    """`conference create`."""
    parser = settings.make_parser(
        "conference create", "Found a conference and print its ID. The profile is in it from now on."
    )
    parser.add_argument("title", metavar="TITLE", nargs="?", type=settings.spoken, help="its title")
    settings.add_network_options(parser, needs_others=False)
    arguments = parser.parse_args(words)

    async def create(session: CliSession) -> None:
        try:
            conference = session.tox.conference_new(arguments.title)
        except ToxError as error:
            raise Failure(f"the title {arguments.title!r}: {error}") from error
        tell_conference(session.out, conference)

    return run(arguments, create)


def list_main(words: list[str]) -> int:
    """`conference list`."""
    parser = settings.make_parser(
        "conference list",
        "Print the conferences that the profile is in: ID and title. It may be in use by a program.",
        "With --json also public keys of the peers as far as they are remembered.",
    )
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        with settings.open_profile(arguments, out, read_only=True) as profile:
            counters = Counters()
            for content in save.parse(profile.savedata).contents.get(CONFERENCES, []):
                for one in read_conferences(content, counters):
                    peers = [str(PublicKey(peer[1])) for peer in one.peers]
                    kind = ConferenceType(one.type)
                    _tell(out, one.id.hex().upper(), to_text(one.title), kind, [], peers)
        return OK

    return guarded(arguments, work)


def invite_main(words: list[str]) -> int:
    """`conference invite`."""
    parser = settings.make_parser(
        "conference invite", "Invite friends to a conference, and wait until they are in."
    )
    parser.add_argument("conference", metavar="CONFERENCE", type=settings.named, help=CONFERENCE_HELP)
    parser.add_argument("friend", metavar="FRIEND", nargs="+", help=FRIEND_HELP)
    add_friend_options(parser.add_argument)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def invite(session: CliSession) -> None:
        conference = find_room(session.tox.conferences, KIND, arguments.conference)
        tell_messages(session)

        def is_in(friend: Friend) -> bool:
            return friend.public_key in (peer.public_key for peer in conference.peers)

        await bring_in_all(session, conference, arguments.friend, is_in)
        # who is in has to hear of the others too
        await asyncio.sleep(LINGER_S)
        tell_conference(session.out, conference)

    return run(arguments, invite)


def leave_main(words: list[str]) -> int:
    """`conference leave`."""
    parser = settings.make_parser("conference leave", "Leave a conference for good, and print which it was.")
    parser.add_argument("conference", metavar="CONFERENCE", type=settings.named, help=CONFERENCE_HELP)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def leave(session: CliSession) -> None:
        conference = find_room(session.tox.conferences, KIND, arguments.conference)
        tell_conference(session.out, conference)
        conference.leave()

    return run(arguments, leave)


def join_main(words: list[str]) -> int:
    """`conference join`."""
    parser = settings.make_parser(
        "conference join",
        "Wait for a friend's invitation to a conference, accept it, and print the ID of the conference.",
    )
    parser.add_argument(
        "friend", metavar="FRIEND", nargs="?", help="whose invitation, else anybody's: " + FRIEND_HELP
    )
    parser.add_argument("--accept", action="store_true", help="accept all friend requests")
    add_friend_options(parser.add_argument, timeout_s=0)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def join(session: CliSession) -> None:
        only = None
        if arguments.friend is not None:
            only = session.find_friend(arguments.friend, request=arguments.request).number
        accept_or_tell(session, arguments.accept)
        tell_messages(session)
        conference = await within(_first_joined(session, only), KIND, arguments.timeout or None)
        await asyncio.sleep(LINGER_S)
        tell_conference(session.out, conference)

    return run(arguments, join)


async def _first_joined(session: CliSession, only: int | None) -> AsyncConference:
    """Accept invitations until one leads into a conference."""
    async for event in session.tox:
        if not isinstance(event, ConferenceInvite):
            continue
        wanted = only in (None, event.friend_number)
        tell_conference_invitation(session, event, accepted=wanted)
        if wanted:
            try:
                return await session.tox.conference_join(event)
            except ToxError as error:
                session.out.warning(f"the invitation cannot be accepted: {error}")
    raise Failure("the instance ended")
