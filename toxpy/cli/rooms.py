"""What the commands for conferences and for groups share: which one is meant, and bringing friends in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from toxpy.aio import Friend
from toxpy.cli.session import CliSession
from toxpy.cli.terminal import PROGRAM, TIMED_OUT, Failure, visible
from toxpy.conference.aio import AsyncConference
from toxpy.errors import ToxError
from toxpy.group.aio import AsyncGroup

R = TypeVar("R", bound=AsyncConference | AsyncGroup)
T = TypeVar("T")

#: Seconds between two looks whether somebody is there, and in which what was said last has left.
LOOK_S, LINGER_S = 0.1, 1.0
#: Seconds that what was said last may take at most.
DELIVERY_S = 10.0
#: Digits of a key or ID that nobody takes for a name: as many as lists show.
SURE_DIGITS = 8


def title_of(room: AsyncConference | AsyncGroup) -> str:
    """What it calls itself."""
    return room.name if isinstance(room, AsyncGroup) else room.title


def kind_of(room: AsyncConference | AsyncGroup) -> str:
    """What it is: the word in commands, and in the events of `--json`."""
    return "group" if isinstance(room, AsyncGroup) else "conference"


def room_name(room: AsyncConference | AsyncGroup) -> str:
    """The title for people, on one line; the first digits of the ID while there is none."""
    return visible(title_of(room)).strip() or f"{kind_of(room)} {room.id.hex().upper()[:8]}…"


def fields_of(room: AsyncConference | AsyncGroup) -> dict[str, Any]:
    """For scripts."""
    return {kind_of(room): room.id.hex().upper(), "title": title_of(room)}


def fitting(
    known: Iterable[T], text: str, key_of: Callable[[T], str], name_of: Callable[[T], str]
) -> list[T]:
    """Those that `text` may mean, by the first digits of the key or by name.

    Others choose names, also one that is the digits of somebody's key: then the key counts. Few digits may
    well be a name ("Ed"), so they mean both.
    """
    known, wanted = [*known], text.strip().lower()
    if not wanted:
        return []
    by_key = [one for one in known if key_of(one).lower().startswith(wanted)]
    if len(wanted) >= SURE_DIGITS and by_key:
        return by_key
    return [one for one in known if one in by_key or name_of(one).strip().lower() == wanted]


def find_room(known: Sequence[R], kind: str, text: str | None) -> R:
    """By the first digits of the ID or by title, or the only one; Failure otherwise."""
    found = [*known] if text is None else fitting(known, text, lambda one: one.id.hex(), title_of)
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{room_name(one)} ({one.id.hex().upper()[:8]})" for one in found or known)
    if not known:
        raise Failure(f"the profile is in no {kind}: {PROGRAM} {kind} create, or join")
    if found:
        raise Failure(f"which {kind}? {names}: give the first digits of the ID, or the title")
    raise Failure(f"no {kind} is called {text!r}. {kind.capitalize()}s: {names}")


async def delivered(room: AsyncConference | AsyncGroup) -> None:
    """Wait a while until the others have what was said: a member that does not answer holds up nobody."""
    with contextlib.suppress(TimeoutError):
        await room.delivered(DELIVERY_S)


def send_invitation(session: CliSession, room: AsyncConference | AsyncGroup, friend: Friend) -> None:
    """Invite a friend; Failure when they are offline."""
    try:
        room.invite(friend)
    except ToxError as error:
        raise Failure(f"{session.name_of(friend)} cannot be invited: {error}") from error
    session.out.status(
        f"{kind_of(room)}_invited",
        f"{session.name_of(friend)} is invited to {room_name(room)}",
        **fields_of(room),
        friend=str(friend.public_key),
        name=friend.name,
    )


def tell_invitation(
    session: CliSession, kind: str, number: int, fields: dict[str, Any], *, accepted: bool
) -> None:
    """The friend of that number invites us."""
    friend = session.tox.friend(number)
    advice = "accepted" if accepted else f"not accepted: {PROGRAM} {kind} join"
    session.out.status(
        f"{kind}_invitation",
        f"{session.name_of(friend)} invites to a {kind} ({advice})",
        **session.fields_of(friend),
        **fields,
        accepted=accepted,
    )


async def bring_in_all(
    session: CliSession,
    room: AsyncConference | AsyncGroup,
    texts: list[str],
    is_in: Callable[[Friend], bool],
) -> None:
    """Invite friends, so that who is away keeps nobody waiting; Failure says who is not in."""
    friends = [session.find_friend(text, request=session.arguments.request) for text in texts]
    failures: list[Failure] = []

    async def bring_in(friend: Friend) -> None:
        try:
            await _bring_in(session, room, friend, is_in)
        except Failure as failure:
            failures.append(failure)

    await asyncio.gather(*[bring_in(friend) for friend in dict.fromkeys(friends)])
    if failures:
        raise Failure("; ".join(map(str, failures)), failures[0].status)


async def _bring_in(
    session: CliSession,
    room: AsyncConference | AsyncGroup,
    friend: Friend,
    is_in: Callable[[Friend], bool],
) -> None:
    """Invite one friend and wait until they are in; Failure when `--timeout` is over."""
    limit = session.arguments.timeout or None
    await session.online(friend)
    if is_in(friend):
        return
    try:
        send_invitation(session, room, friend)
        async with asyncio.timeout(limit):
            while not is_in(friend):
                await asyncio.sleep(LOOK_S)
    except TimeoutError as error:
        problem = f"{session.name_of(friend)} did not accept the invitation within {limit:g} s"
        raise Failure(problem, TIMED_OUT) from error


async def within(joining: Coroutine[Any, Any, R], kind: str, limit: float | None) -> R:
    """The room that is joined; Failure when the time is over."""
    try:
        async with asyncio.timeout(limit):
            return await joining
    except TimeoutError as error:
        raise Failure(f"in no {kind} after {limit:g} s", TIMED_OUT) from error
