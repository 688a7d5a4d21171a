"""`group chat`: a talk in a group, typed in a terminal or piped through stdin and stdout."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from toxpy.aio_events import Heard
from toxpy.cli.group import GROUP_HELP, KIND, tell_group_invitation
from toxpy.cli.group_commands import HELP, GroupCommands, peer_name
from toxpy.cli.group_news import GroupNews
from toxpy.cli.room_chat import NotSaid, RoomChat, make_chat_parser, talk
from toxpy.cli.rooms import find_room, room_name
from toxpy.cli.session import MAX_MESSAGE_SIZE, CliSession, run
from toxpy.errors import ToxError
from toxpy.generated.typed_enums import MessageType
from toxpy.generated.typed_events import GroupEvent, GroupInvite
from toxpy.group.aio import MEET_S, AsyncGroup
from toxpy.group.aio_state import HeardGroupMessage


def chat_main(words: list[str]) -> int:
    """`group chat`."""
    arguments = make_chat_parser(KIND, HELP, GROUP_HELP).parse_args(words)

    async def chat(session: CliSession) -> None:
        group = find_room(session.tox.groups, KIND, arguments.group)
        session.tox.on(GroupInvite, lambda event: tell_group_invitation(session, event))
        await talk(session, GroupChat(session, group))

    return run(arguments, chat)


class GroupChat(RoomChat):
    """A talk in a group."""

    help_text = HELP
    max_message_size = MAX_MESSAGE_SIZE

    def __init__(self, session: CliSession, group: AsyncGroup) -> None:
        super().__init__(session, group)
        self._group = group
        self._commands = GroupCommands(session, group, self._status).all()
        self._news = GroupNews(group, self._status)
        self._messages = group.messages(private=True)
        self._events = group.events()
        #: runs since we met the first member: the others that we were told of have some time
        self._meeting: asyncio.Future[None] | None = None

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Send what is typed until there is no more, and show what comes."""
        out = ""
        if not self._group.connected:
            # to talk is to want to be in
            out = "we left for a while, were sent away, or not let in: "
            self._session.tox.call("group_reconnect", self._group.number)
        if len(self._group.peers) < 2:
            text = f"{out}looking for the members of {room_name(self._group)}"
            self._status("self", text, status="looking", message="")
        await super().run(lines)

    async def _listen(self) -> None:
        tasks = [asyncio.ensure_future(self._hear(self._messages))]
        tasks.append(asyncio.ensure_future(self._watch(self._events)))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _hear(self, messages: Heard[HeardGroupMessage]) -> None:
        async for message in messages:
            name, text = peer_name(message.peer), message.text
            line = f"* {name} {text}" if message.type == MessageType.ACTION else f"{name}: {text}"
            self._message(
                f"(to you alone) {line}" if message.private else line,
                peer=str(message.peer.public_key),
                name=message.peer.name,
                type=message.type.name.lower(),
                text=text,
                private=message.private,
            )

    async def _watch(self, events: Heard[GroupEvent]) -> None:
        async for event in events:
            self._changed.set()
            self._news.tell(event)

    async def _try_to_say(self, text: str, kind: MessageType) -> bool:
        if not self._group.connected:
            raise NotSaid("we are not in the group now: /rejoin comes back")
        if not self._has_met_all():
            return False
        try:
            await self._group.send(text, kind)
        except ToxError as error:
            raise NotSaid(str(error)) from error
        return True

    def _has_met_all(self) -> bool:
        """True if others are there, and those that we were told of had time to be."""
        if len(self._group.peers) < 2:
            self._meeting = None
            return False
        if not self._group.search.unmet:
            return True
        if self._meeting is None:
            self._meeting = asyncio.ensure_future(asyncio.sleep(MEET_S))
        return self._meeting.done()

    def _is_alone(self) -> bool:
        return len(self._group.peers) < 2

    def _why_alone(self) -> str:
        return f": {self._group.why_not()}"

    def _tell_sent(self, text: str, kind: MessageType) -> None:
        self._status("sent", "", type=kind.name.lower(), text=text, to=None)
