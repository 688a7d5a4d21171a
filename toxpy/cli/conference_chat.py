"""`conference chat`: a talk in a conference, typed in a terminal or piped through stdin and stdout."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from toxpy.cli.conference import CONFERENCE_HELP, KIND, tell_conference_invitation
from toxpy.cli.room_chat import Command, Ended, RoomChat, make_chat_parser, talk
from toxpy.cli.rooms import find_room, send_invitation
from toxpy.cli.session import CliSession, run
from toxpy.cli.terminal import Failure, visible
from toxpy.conference.aio import AsyncConference, HeardMessage, Peer
from toxpy.conference.packets import MAX_NAME_LENGTH
from toxpy.errors import ToxError
from toxpy.generated.enums import TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION
from toxpy.generated.typed_enums import MessageType
from toxpy.generated.typed_events import ConferenceInvite, ConferencePeerListChanged, ConferenceTitle
from toxpy.ids import PublicKey

HELP = """\
/me TEXT           send an action
/invite FRIEND     invite a friend: public key, name or Tox ID
/title TEXT        set the title
/peers             show who is there
/close             leave the conference for good, and end
/quit              end when all was said, and stay a member, as Ctrl-D does; Ctrl-C ends at once
//TEXT             send a message that begins with /"""
#: Seconds between two looks at who is new, and at how many of them somebody without a name is not shown: on a
#: busy machine the name comes later.
NAME_S, NAMELESS_LOOKS = 0.3, 10


def peer_name(peer: Peer) -> str:
    """A peer's name for people, on one line."""
    return visible(peer.name).strip() or f"{str(peer.public_key)[:8]}…"


def chat_main(words: list[str]) -> int:
    """`conference chat`."""
    arguments = make_chat_parser(KIND, HELP, CONFERENCE_HELP).parse_args(words)

    async def chat(session: CliSession) -> None:
        conference = find_room(session.tox.conferences, KIND, arguments.conference)
        session.tox.on(ConferenceInvite, lambda event: tell_conference_invitation(session, event))
        await talk(session, ConferenceChat(session, conference))

    return run(arguments, chat)


class ConferenceChat(RoomChat):
    """A talk in a conference."""

    help_text = HELP
    #: c-toxcore's limit
    max_message_size = 1363

    def __init__(self, session: CliSession, conference: AsyncConference) -> None:
        super().__init__(session, conference)
        self._conference = conference
        self._there: dict[PublicKey, str] = {}
        #: at how many looks those were here whose name is not known yet
        self._nameless: dict[PublicKey, int] = {}
        self._is_to_look = False
        self._commands = {
            "/invite": Command("FRIEND", self._invite),
            "/title": Command("", self._set_title),
            "/peers": Command("", self._tell_peers),
            "/close": Command("", self._close),
        }
        session.tox.on(ConferencePeerListChanged, self._on_peers)
        session.tox.on(ConferenceTitle, self._on_title)

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Send what is typed until there is no more, and show what comes."""
        self._look()
        await super().run(lines)

    async def _try_to_say(self, text: str, kind: MessageType) -> bool:
        try:
            await self._conference.send(text, kind)
        except ToxError as error:
            if error.code != TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION:
                raise
            return False
        return True

    # commands

    def _invite(self, name: str) -> None:
        session = self._session
        friend = session.find_friend(name, request=session.arguments.request)
        send_invitation(session, self._conference, friend)

    def _set_title(self, title: str) -> None:
        size = len(title.encode())
        if not 0 < size <= MAX_NAME_LENGTH:
            raise Failure(f"a title has 1 to {MAX_NAME_LENGTH} bytes, and this one has {size}")
        self._conference.title = title
        self._tell_title("us")

    def _close(self, _rest: str) -> None:
        self._conference.leave()
        raise Ended

    def _tell_peers(self, _rest: str) -> None:
        names = ", ".join(peer_name(peer) for peer in self._conference.peers)
        self._status("peers", names, peers=[str(peer.public_key) for peer in self._conference.peers])

    # what comes

    async def _listen(self) -> None:
        async for message in self._conference.messages():
            # nobody speaks before they are here, not even who has left meanwhile
            key, name = message.peer.public_key, peer_name(message.peer)
            if key not in self._there:
                self._there[key] = name
                self._tell_peer(key, name, "here")
                self._look_soon()
            self._tell_message(message)

    def _tell_message(self, message: HeardMessage) -> None:
        name, text = peer_name(message.peer), message.text
        line = f"* {name} {text}" if message.type == MessageType.ACTION else f"{name}: {text}"
        self._message(
            line,
            peer=str(message.peer.public_key),
            name=message.peer.name,
            type=message.type.name.lower(),
            text=text,
        )

    def _on_title(self, event: ConferenceTitle) -> None:
        if event.conference_number == self._conference.number:
            there = event.peer_number < len(self._conference.peers)
            self._tell_title(peer_name(self._conference.peer(event.peer_number)) if there else None)

    def _tell_title(self, author: str | None) -> None:
        by = f", set by {author}" if author else ""
        self._status("title", f"the title is {self._conference.title!r}{by}")

    def _on_peers(self, event: ConferencePeerListChanged) -> None:
        if event.conference_number == self._conference.number:
            self._changed.set()
            self._look_soon()

    def _look_soon(self) -> None:
        """A new peer's name comes a moment later."""
        if not self._is_to_look:
            self._is_to_look = True
            asyncio.get_running_loop().call_later(NAME_S, self._look)

    def _look(self) -> None:
        """Tell who came and who left."""
        self._is_to_look = False
        if self._session.tox.closed:
            return
        before, nameless = self._there, self._nameless
        now = {p.public_key: p for p in self._conference.peers if not p.ours}
        self._nameless = {
            key: nameless.get(key, 0) + 1
            for key, peer in now.items()
            if key not in before and not peer.name and nameless.get(key, 0) < NAMELESS_LOOKS
        }
        self._there = {key: peer_name(peer) for key, peer in now.items() if key not in self._nameless}
        for key in self._there.keys() - before.keys():
            self._tell_peer(key, self._there[key], "here")
        for key in before.keys() - now.keys():
            self._tell_peer(key, before[key], "gone")
        if self._nameless:
            self._look_soon()

    def _tell_peer(self, key: PublicKey, name: str, status: str) -> None:
        self._status(
            "peer",
            f"{name} is here" if status == "here" else f"{name} is not here any more",
            peer=str(key),
            name=name,
            status=status,
        )
