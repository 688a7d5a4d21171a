"""What begins with a slash in `group chat`. The names are those that users of toxic know."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TypeVar

from toxpy.cli.room_chat import Command, Ended
from toxpy.cli.rooms import SURE_DIGITS, fitting, send_invitation
from toxpy.cli.session import CliSession, message_parts
from toxpy.cli.terminal import Failure, visible
from toxpy.generated.enums import TOX_GROUP_MAX_PART_LENGTH
from toxpy.generated.typed_enums import GroupLock, GroupPrivacy, GroupRole, GroupVoice, UserStatus
from toxpy.group.aio import AsyncGroup
from toxpy.group.aio_state import GroupPeer
from toxpy.group.talk import MAX_PRIVATE_MESSAGE

E = TypeVar("E", bound=IntEnum)

HELP = """\
/me TEXT               send an action
/whisper NAME TEXT     say something to one member alone
/list                  show who is there; /whois NAME tells more of one
/topic [TEXT]          show the topic, or set it
/nick NAME             take another name in the group
/status STATUS         be online, away or busy in it
/invite FRIEND         invite a friend: public key, name or Tox ID
/ignore NAME           hear no messages of a member; /unignore NAME
/chatid                show the chat ID, by which others find a public group
/disconnect            leave for a while; /rejoin comes back
/close [TEXT]          leave for good, with a farewell, and end
/quit                  end when all was said, and stay a member, as Ctrl-D does; Ctrl-C ends at once
//TEXT                 send a message that begins with /
for moderators and the founder:
/kick NAME             send a member away
/silence NAME          let a member read only; /unsilence NAME
for the founder:
/mod NAME              make a member a moderator; /unmod NAME
/passwd [TEXT]         set the password, or remove it
/peerlimit COUNT       how many members there may be
/privacy STATE         public, or private: for invited friends only
/locktopic on|off      let only moderators set the topic, or everybody
/voice WHO             who may speak: all, moderator or founder
NAME is the first digits of a member's key, or the name."""
STATUSES = {"online": UserStatus.NONE, "away": UserStatus.AWAY, "busy": UserStatus.BUSY}
LOCKS = {"on": GroupLock.ENABLED, "off": GroupLock.DISABLED}
PRIVACY = {"public": GroupPrivacy.PUBLIC, "private": GroupPrivacy.PRIVATE}
VOICES = {"all": GroupVoice.ALL, "moderator": GroupVoice.MODERATOR, "founder": GroupVoice.FOUNDER}

#: What was done to a member, by the word for it in `--json`.
DONE = {
    "kick": "was sent away",
    "observer": "may only read now",
    "user": "is a user now",
    "moderator": "is a moderator now",
    "ignored": "is ignored",
    "heard": "is heard again",
}
MAX_FAREWELL = TOX_GROUP_MAX_PART_LENGTH

#: Tells of something: the rest of the name of its event, the text for people, fields for scripts.
Status = Callable[..., None]


def peer_name(peer: GroupPeer) -> str:
    """A member's name for people, on one line."""
    return visible(peer.name).strip() or f"{str(peer.public_key)[:8]}…"


def about(peer: GroupPeer) -> str:
    """What to know of a member besides the name, for people."""
    words = [] if peer.role == GroupRole.USER else [peer.role.name.lower()]
    words += [] if peer.status == UserStatus.NONE else [peer.status.name.lower()]
    words += ["you"] if peer.ours else []
    return f"{peer_name(peer)} ({', '.join(words)})" if words else peer_name(peer)


def find_peer(group: AsyncGroup, text: str) -> GroupPeer:
    """A member by the first digits of the key or by name; Failure for none and for several."""
    return _only(group, text, fitting(group.peers, text, _key, _name))


def split_peer(group: AsyncGroup, text: str) -> tuple[GroupPeer, str]:
    """A member in front of a text; Failure when it may be one of several.

    Names may have spaces. So what is meant for Bob must not reach somebody who is called "Bob are".
    """
    text = text.strip()
    first = text.partition(" ")[0]
    lengths = {peer: len(_name(peer)) for peer in group.peers if _begins_with(text, _name(peer))}
    found = fitting(group.peers, first, _key, _name)
    if len(first) < SURE_DIGITS or not any(_key(peer).startswith(first.upper()) for peer in found):
        found = [peer for peer in group.peers if peer in lengths or peer in found]
    else:
        lengths.clear()
    peer = _only(group, first, found)
    rest = text[lengths.get(peer, len(first)) :].strip()
    if not rest:
        raise Failure("/whisper is followed by NAME TEXT")
    return peer, rest


def _begins_with(text: str, name: str) -> bool:
    """True if `name` is the first words of `text`, or all of it."""
    return bool(name) and text[: len(name)].lower() == name.lower() and text[len(name) :][:1] in ("", " ")


def _only(group: AsyncGroup, text: str, found: list[GroupPeer]) -> GroupPeer:
    if not found:
        names = ", ".join(map(peer_name, group.peers))
        raise Failure(f"nobody here is called {text.strip()!r}. Members: {names}")
    if len(found) > 1:
        keys = ", ".join(f"{_key(peer)[:SURE_DIGITS]} ({peer_name(peer)})" for peer in found)
        raise Failure(f"{len(found)} members are meant by {text.strip()!r}: give the key of one: {keys}")
    return found[0]


def _key(peer: GroupPeer) -> str:
    return str(peer.public_key)


def _name(peer: GroupPeer) -> str:
    return peer.name.strip()


def _choice(choices: dict[str, E], text: str) -> E:
    try:
        return choices[text.strip().lower()]
    except KeyError:
        raise Failure(f"{text!r} is none of: {', '.join(choices)}") from None


class GroupCommands:
    """What our user does in one group, and to its members."""

    def __init__(self, session: CliSession, group: AsyncGroup, status: Status) -> None:
        self._session = session
        self._group = group
        self._status = status

    def all(self) -> dict[str, Command]:
        """All commands but for /me, /help and /quit."""
        return {
            "/whisper": Command("NAME TEXT", self._whisper),
            "/list": Command("", self._list),
            "/whois": Command("NAME", self._whois),
            "/topic": Command("", self._topic),
            "/nick": Command("NAME", self._nick),
            "/status": Command("STATUS", self._set_status),
            "/invite": Command("FRIEND", self._invite),
            "/ignore": Command("NAME", lambda text: self._ignore(text, True)),
            "/unignore": Command("NAME", lambda text: self._ignore(text, False)),
            "/chatid": Command("", self._chat_id),
            "/disconnect": Command("", self._disconnect),
            "/rejoin": Command("", self._rejoin),
            "/close": Command("", self._close),
            "/kick": Command("NAME", self._kick),
            "/silence": Command("NAME", lambda text: self._set_role(text, GroupRole.OBSERVER)),
            "/unsilence": Command("NAME", lambda text: self._set_role(text, GroupRole.USER)),
            "/mod": Command("NAME", lambda text: self._set_role(text, GroupRole.MODERATOR)),
            "/unmod": Command("NAME", lambda text: self._set_role(text, GroupRole.USER)),
            **self._settings(),
        }

    def _settings(self) -> dict[str, Command]:
        return {
            "/passwd": Command("", lambda text: self._set("password", text, "set" if text else "removed")),
            "/peerlimit": Command("COUNT", self._set_limit),
            "/privacy": Command("STATE", lambda text: self._set("privacy", _choice(PRIVACY, text), text)),
            "/locktopic": Command("on|off", lambda text: self._set("topic_lock", _choice(LOCKS, text), text)),
            "/voice": Command("WHO", lambda text: self._set("voice", _choice(VOICES, text), text)),
        }

    # what is said

    async def _whisper(self, text: str) -> None:
        peer, text = split_peer(self._group, text)
        for part in message_parts(text, MAX_PRIVATE_MESSAGE):
            await self._group.send_private(peer, part)
            words = f"to {peer_name(peer)} alone: {part}"
            self._status("sent", words, type="normal", text=part, to=str(peer.public_key))

    def _topic(self, text: str) -> None:
        if text:
            self._group.topic = text
        by = ", set by us" if text else ""
        self._status("topic", f"the topic is {self._group.topic!r}{by}", topic=self._group.topic, by=None)

    # members

    def _list(self, _text: str) -> None:
        peers = self._group.peers
        keys = [str(peer.public_key) for peer in peers]
        self._status("peers", ", ".join(map(about, peers)), peers=keys)

    def _whois(self, text: str) -> None:
        peer = find_peer(self._group, text)
        words = f"{about(peer)}: {peer.public_key}, connection {peer.connection.name.lower()}"
        self._status(
            "member",
            words,
            peer=str(peer.public_key),
            name=peer.name,
            role=peer.role.name.lower(),
            status=peer.status.name.lower(),
            connection=peer.connection.name.lower(),
        )

    def _invite(self, text: str) -> None:
        session = self._session
        send_invitation(session, self._group, session.find_friend(text, request=session.arguments.request))

    def _ignore(self, text: str, ignore: bool) -> None:
        peer = find_peer(self._group, text)
        self._group.ignore(peer, ignore)
        self._moderated(peer, "ignored" if ignore else "heard")

    def _kick(self, text: str) -> None:
        peer = find_peer(self._group, text)
        self._group.kick(peer)
        self._moderated(peer, "kick")

    def _set_role(self, text: str, role: GroupRole) -> None:
        peer = find_peer(self._group, text)
        self._group.set_role(peer, role)
        self._moderated(peer, role.name.lower())

    def _moderated(self, peer: GroupPeer, change: str) -> None:
        fields = {"peer": str(peer.public_key), "name": peer.name, "change": change, "by": None}
        self._status("moderation", f"{peer_name(peer)} {DONE[change]}, by us", **fields)

    # ourselves

    def _nick(self, name: str) -> None:
        before, self._group.own_name = self._group.own_name, name
        me = self._group.me
        words = f"we are {name!r} now"
        self._status("name", words, peer=str(me.public_key), name=name, before=before)

    def _set_status(self, text: str) -> None:
        self._group.own_status = _choice(STATUSES, text)
        self._status("self", f"we are {text.strip().lower()} now", status=text.strip().lower(), message="")

    def _chat_id(self, _text: str) -> None:
        self._status("id", self._group.id.hex().upper())

    def _disconnect(self, _text: str) -> None:
        self._group.disconnect()
        self._status("self", "we left for a while: /rejoin comes back", status="left", message="")

    def _rejoin(self, _text: str) -> None:
        self._group.tox.call("group_reconnect", self._group.number)
        self._status("self", "looking for the members", status="looking", message="")

    def _close(self, farewell: str) -> None:
        if len(farewell.encode()) > MAX_FAREWELL:
            raise Failure(f"a farewell has at most {MAX_FAREWELL} bytes")
        self._status("self", "we left for good", status="closed", message=farewell)
        self._group.leave(farewell)
        raise Ended

    # settings

    def _set(self, name: str, value: object, words: str) -> None:
        setattr(self._group.settings, name, value)
        setting, shown = name.replace("_", " "), words.strip().lower()
        self._status("setting", f"{setting}: {shown}, by us", setting=setting, value=shown)

    def _set_limit(self, text: str) -> None:
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
            raise Failure(f"{text!r} is no number of members, 1 to 65535")
        self._set("peer_limit", int(text), text)
