"""`group create`, `list`, `invite`, `join` and `leave`, and what `group chat` shares with them."""

from __future__ import annotations

import argparse
import asyncio
from typing import NamedTuple

from toxpy.aio import Friend
from toxpy.cli import settings
from toxpy.cli.messages import FRIEND_HELP, accept_or_tell, add_friend_options, tell_messages
from toxpy.cli.rooms import LINGER_S, LOOK_S, bring_in_all, find_room, tell_invitation, within
from toxpy.cli.session import CliSession, guarded, run
from toxpy.cli.terminal import OK, PROGRAM, TIMED_OUT, Failure, Output, visible
from toxpy.errors import ToxError
from toxpy.generated.typed_enums import GroupPrivacy, GroupRole
from toxpy.generated.typed_events import GroupInvite, to_text
from toxpy.group.aio import JOIN_S, AsyncGroup
from toxpy.group.saved import read_groups
from toxpy.group.tox import GroupSearch
from toxpy.ids import PublicKey, from_hex
from toxpy.runtime import Counters
from toxpy.save import savedata as save
from toxpy.wire.sections import GROUPS

KIND = "group"
GROUP_HELP = "first digits of the chat ID, or the name"
#: Bytes of a chat ID.
CHAT_ID_SIZE = 32
#: What to do about a member that does not let us in.
_ADVICE = {
    "TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD": "give --password",
    "TOX_GROUP_JOIN_FAIL_PEER_LIMIT": "try again when somebody has left, or have the founder raise the limit",
}


# words


class _Shown(NamedTuple):
    """A group as it is told, now or from a save."""

    chat_id: str
    title: str
    topic: str
    role: GroupRole
    privacy: GroupPrivacy
    peers: list[str]
    offline_peers: list[str]


def tell_group(out: Output, group: AsyncGroup) -> None:
    """The result of a command."""
    keys = [str(peer.public_key) for peer in group.peers]
    role, privacy = group.me.role, group.settings.privacy
    _tell(out, _Shown(group.id.hex().upper(), group.name, group.topic, role, privacy, keys, []))


def _tell(out: Output, group: _Shown) -> None:
    others = len({*group.peers[1:], *group.offline_peers})
    known = f"{others} other member{'' if others == 1 else 's'} known"
    about = f"({group.role.name.lower()}, {group.privacy.name.lower()}, {known})"
    if not group.title:
        # every group has a name, and the first member that is met tells it
        about = "(not joined yet: no member was reached)"
    topic = visible(group.topic).strip()
    out.result(
        "group",
        " ".join(filter(None, [group.chat_id, visible(group.title), about]))
        + (f": {topic}" if topic else ""),
        group=group.chat_id,
        title=group.title,
        topic=group.topic,
        role=group.role.name.lower(),
        privacy=group.privacy.name.lower(),
        peers=group.peers,
        offline_peers=group.offline_peers,
    )


def tell_group_invitation(session: CliSession, event: GroupInvite, *, accepted: bool = False) -> None:
    """A friend invites us."""
    fields = {"group": event.invite_data[:CHAT_ID_SIZE].hex().upper(), "title": event.group_name}
    tell_invitation(session, KIND, event.friend_number, fields, accepted=accepted)


# commands


def create_main(words: list[str]) -> int:
    """`group create`."""
    parser = settings.make_parser(
        "group create",
        "Found a group and print its chat ID. The profile is in it from now on, as its founder.",
        "A group is found while a member is there: group chat. The chat ID lets everybody into a public\n"
        "group; into a private one friends are invited.",
    )
    parser.add_argument("name", metavar="NAME", type=settings.spoken, help="its name, which never changes")
    parser.add_argument("--private", action="store_true", help="for invited friends only")
    parser.add_argument("--topic", metavar="TEXT", type=settings.spoken, help="its topic")
    parser.add_argument("--limit", metavar="COUNT", type=_limit, help="members at most (default: 100)")
    _add_own_options(parser, "a password without which nobody comes in")
    settings.add_network_options(parser, needs_others=False)
    arguments = parser.parse_args(words)

    async def create(session: CliSession) -> None:
        privacy = GroupPrivacy.PRIVATE if arguments.private else GroupPrivacy.PUBLIC
        try:
            group = await session.tox.group_new(
                arguments.name,
                own_name(session),
                privacy=privacy,
                topic=arguments.topic or "",
                password=arguments.password or "",
                peer_limit=arguments.limit,
            )
        except ToxError as error:
            raise Failure(f"the group cannot be founded: {error}") from error
        tell_group(session.out, group)

    return run(arguments, create)


def _add_own_options(parser: argparse.ArgumentParser, password_help: str) -> None:
    parser.add_argument(
        "--nick", metavar="NAME", type=settings.spoken, help="your name in it (default: that of the profile)"
    )
    parser.add_argument("--password", metavar="TEXT", type=settings.spoken, help=password_help)


def own_name(session: CliSession) -> str:
    """Our name in a group; Failure without one."""
    name: str = session.arguments.nick or session.tox.name
    if not name:
        raise Failure("a name in the group is needed, and the profile has none: give --nick")
    return name


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of members, 1 to 65535")
    return int(text)


def _chat_id(text: str) -> bytes:
    try:
        return from_hex(text, CHAT_ID_SIZE, "chat ID")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def list_main(words: list[str]) -> int:
    """`group list`."""
    parser = settings.make_parser(
        "group list",
        "Print the groups of the profile: chat ID, name, role and topic. It may be in use by a program.",
        "With --json also the keys of the members that are remembered.",
    )
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        with settings.open_profile(arguments, out, read_only=True) as profile:
            counters = Counters()
            for content in save.parse(profile.savedata).contents.get(GROUPS, []):
                for one in read_groups(content, counters):
                    keys = [str(PublicKey(peer.enc_pk)) for peer in one.peers]
                    role, privacy = GroupRole(one.role), GroupPrivacy(one.shared.privacy)
                    words = one.chat.sig.hex().upper(), to_text(one.shared.name), to_text(one.topic.text)
                    _tell(out, _Shown(*words, role, privacy, [], keys))
        return OK

    return guarded(arguments, work)


def invite_main(words: list[str]) -> int:
    """`group invite`."""
    parser = settings.make_parser("group invite", "Invite friends to a group, and wait until they are in.")
    parser.add_argument("group", metavar="GROUP", type=settings.named, help=GROUP_HELP)
    parser.add_argument("friend", metavar="FRIEND", nargs="+", help=FRIEND_HELP)
    add_friend_options(parser.add_argument)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def invite(session: CliSession) -> None:
        group = find_room(session.tox.groups, KIND, arguments.group)
        tell_messages(session)

        def is_in(friend: Friend) -> bool:
            return group.peer_of_friend(friend) is not None

        await bring_in_all(session, group, arguments.friend, is_in)
        tell_group(session.out, group)
        # who is in has to hear of the others too
        await asyncio.sleep(LINGER_S)

    return run(arguments, invite)


def leave_main(words: list[str]) -> int:
    """`group leave`."""
    parser = settings.make_parser(
        "group leave",
        "Leave a group for good, and print which it was. A farewell is said in group chat: /close.",
    )
    parser.add_argument("group", metavar="GROUP", type=settings.named, help=GROUP_HELP)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def leave(session: CliSession) -> None:
        group = find_room(session.tox.groups, KIND, arguments.group)
        tell_group(session.out, group)
        group.leave()

    return run(arguments, leave)


def join_main(words: list[str]) -> int:
    """`group join`."""
    parser = settings.make_parser(
        "group join",
        "Look for a public group and join it; or wait for a friend's invitation to any group, and accept it.",
        "A group can be found while one of its members is there.",
    )
    parser.add_argument(
        "chat_id", metavar="CHAT_ID", nargs="?", type=_chat_id, help="64 digits; without it: an invitation"
    )
    parser.add_argument(
        "--from",
        dest="friend",
        metavar="FRIEND",
        type=settings.spoken,
        help="whose invitation, else anybody's: " + FRIEND_HELP,
    )
    parser.add_argument("--accept", action="store_true", help="accept all friend requests")
    _add_own_options(parser, "the password of the group")
    add_friend_options(parser.add_argument, None, f"{JOIN_S:g} with CHAT_ID, otherwise for ever, as with 0")
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)
    if arguments.chat_id is not None and arguments.friend is not None:
        parser.error("CHAT_ID and --from are two ways: give one")
    if arguments.timeout is None:
        arguments.timeout = 0 if arguments.chat_id is None else JOIN_S

    async def join(session: CliSession) -> None:
        only = None
        if arguments.friend is not None:
            only = session.find_friend(arguments.friend, request=arguments.request).number
        name, limit = own_name(session), arguments.timeout or None
        accept_or_tell(session, arguments.accept)
        tell_messages(session)
        if arguments.chat_id is None:
            group = await within(_first_joined(session, only, name), KIND, limit)
        else:
            group = await within(_join(session, arguments.chat_id, name, limit), KIND, None)
        tell_group(session.out, group)
        await asyncio.sleep(LINGER_S)

    return run(arguments, join)


async def _join(
    session: CliSession, where: bytes | GroupInvite, name: str, limit: float | None
) -> AsyncGroup:
    """Join and say how it goes; Failure says what to do."""
    joining = asyncio.ensure_future(
        session.tox.group_join(where, name, session.arguments.password or "", timeout_s=limit)
    )
    chat_id = where.invite_data[:CHAT_ID_SIZE] if isinstance(where, GroupInvite) else where
    told: GroupSearch | None = None
    try:
        while not joining.done():
            told = _tell_search(session, chat_id, told)
            await asyncio.wait([joining], timeout=LOOK_S)
    finally:
        # who gives up leaves the group, and that is to be done before all ends
        joining.cancel()
        await asyncio.wait([joining])
    try:
        return joining.result()
    except TimeoutError as error:
        advice = (
            f"the other way is a member who is a friend: {PROGRAM} group invite there, group join --from here"
        )
        raise Failure(f"{error}. Is the chat ID right, and is a member there? {advice}", TIMED_OUT) from error
    except ToxError as error:
        advice = f": {_ADVICE[error.name]}" if error.name in _ADVICE else ""
        raise Failure(f"{error}{advice}") from error


def _tell_search(session: CliSession, chat_id: bytes, told: GroupSearch | None) -> GroupSearch | None:
    """Say how far the search is, if it is further than what was told last."""
    try:
        search = session.tox.group_by_id(chat_id).search
    except ToxError:
        # not begun yet, or given up
        return told
    if told is None or (search.found, search.answered) > (told.found, told.answered):
        text = (
            "looking for members of the group"
            if told is None
            else (f"members of the group: {search.found} heard of, {search.answered} answered")
        )
        fields = {"group": chat_id.hex().upper(), "found": search.found, "answered": search.answered}
        session.out.status("group_searching", text, **fields)
        return search
    return told


async def _first_joined(session: CliSession, only: int | None, name: str) -> AsyncGroup:
    """Accept invitations until one leads into a group."""
    async for event in session.tox:
        if not isinstance(event, GroupInvite):
            continue
        wanted = only in (None, event.friend_number)
        tell_group_invitation(session, event, accepted=wanted)
        if wanted:
            try:
                return await _join(session, event, name, JOIN_S)
            except Failure as failure:
                session.out.warning(f"the invitation led nowhere: {failure}")
    raise Failure("the instance ended")
