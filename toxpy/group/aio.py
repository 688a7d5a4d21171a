"""The groups' part of `AsyncTox`, and one of its groups: members, messages, the topic, settings.

A member's number is given to another one when it has left. So who said something is found out when the
message comes, and whoever is to be sent something, or away, is known by the key.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from toxpy.aio_events import Heard, Said
from toxpy.aio_part import AioPart, FriendPart, fail, finish_all, until_delivered
from toxpy.arguments import as_flag, as_number, as_seconds, as_text
from toxpy.errors import ToxError, api_error
from toxpy.generated.enums import (
    TOX_ERR_GROUP_SEND_CUSTOM_PACKET_FAIL_SEND,
    TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_FAIL_SEND,
    TOX_ERR_GROUP_SEND_MESSAGE_FAIL_SEND,
    TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_FAIL_SEND,
)
from toxpy.generated.typed_enums import (
    Connection,
    GroupJoinFailure,
    GroupPrivacy,
    GroupRole,
    MessageType,
    UserStatus,
)
from toxpy.generated.typed_events import (
    Event,
    GroupEvent,
    GroupInvite,
    GroupJoinFail,
    GroupMessage,
    GroupPeerExit,
    GroupPeerJoin,
    GroupPrivateMessage,
    GroupSelfJoin,
)
from toxpy.group.aio_state import GroupPeer, GroupSettings, HeardGroupMessage, Members, look
from toxpy.group.tox import GroupSearch
from toxpy.tox import Tox

#: Time in which a group is looked for unless the program says another, in s.
JOIN_S = 120.0
#: Time in which the members that we are told of are met before a join is done, in s.
MEET_S = 1.0
REFUSALS = {
    GroupJoinFailure.PEER_LIMIT: "the group is full",
    GroupJoinFailure.INVALID_PASSWORD: "the group has a password, and it is not this one",
    GroupJoinFailure.UNKNOWN: "a member did not let us in, and gave no reason",
}


class AsyncGroup:
    """One group of an AsyncTox, valid until we leave it."""

    __slots__ = ("_happened", "_joining", "_said", "id", "number", "settings", "tox")

    def __init__(self, tox: GroupAio, number: int) -> None:
        self.tox = tox
        self.number = number
        #: the chat ID, 32 bytes, the same for all members and after a restart
        self.id = tox.sync.group_get_chat_id(number)
        self.settings = GroupSettings(tox, number)
        #: joins that wait until we are in and made the group or came upon it meanwhile; 0 once one is in
        self._joining = 0
        self._said: Said[HeardGroupMessage] = Said(tox, "group", number)
        self._happened: Said[GroupEvent] = Said(tox, "group", number)

    # what is said, and what happens

    def messages(self, *, private: bool = False) -> Heard[HeardGroupMessage]:
        """What others say, oldest first, until we leave or close; with `private` also to us alone.

        What came before the first loop waits for it, at most 4096 messages; of several loops each gets all.
        """
        private = as_flag(private, "private")
        return self._said.loop(lambda message: private or not message.private)

    def events(self) -> Heard[GroupEvent]:
        """All that happens in the group from now on, as `async for` over the AsyncTox has it."""
        return self._happened.loop(lambda event: True)

    async def send(self, message: str | bytes, type: MessageType | int = MessageType.NORMAL) -> int:
        """Say something to all, at most 1372 bytes of UTF-8; its ID. Waits while nothing more can be sent.

        ToxError PERMISSIONS for who may not speak. Alone in a group it goes to nobody, and that is no error.
        """
        return await self.tox._send_when_possible(
            lambda: self.send_nowait(message, type), TOX_ERR_GROUP_SEND_MESSAGE_FAIL_SEND
        )

    def send_nowait(self, message: str | bytes, type: MessageType | int = MessageType.NORMAL) -> int:
        """`send`, but ToxError FAIL_SEND (retryable) while nothing more can be sent."""
        message_id: int = self.tox.call("group_send_message", self.number, message, type)
        return message_id

    async def action(self, message: str | bytes) -> int:
        """Say that we do something, as /me of IRC."""
        return await self.send(message, MessageType.ACTION)

    async def send_private(
        self, peer: GroupPeer | int, message: str | bytes, type: MessageType | int = MessageType.NORMAL
    ) -> int:
        """Say something to one member alone, at most 1367 bytes of UTF-8; its ID."""

        def send() -> int:
            place = self.number, _number_of(self, peer, "SEND_PRIVATE_MESSAGE_PEER_NOT_FOUND")
            message_id: int = self.tox.call("group_send_private_message", *place, message, type)
            return message_id

        return await self.tox._send_when_possible(send, TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_FAIL_SEND)

    async def send_packet(self, data: bytes, *, lossless: bool = True) -> None:
        """A packet of the program's own to all, at most 1373 bytes; they get a `GroupCustomPacket`."""
        await self.tox._send_when_possible(
            lambda: self.tox.call("group_send_custom_packet", self.number, data, lossless=lossless),
            TOX_ERR_GROUP_SEND_CUSTOM_PACKET_FAIL_SEND,
        )

    async def send_private_packet(self, peer: GroupPeer | int, data: bytes, *, lossless: bool = True) -> None:
        """A packet of the program's own to one member, who gets a `GroupCustomPrivatePacket`."""

        def send() -> None:
            place = self.number, _number_of(self, peer, "SEND_CUSTOM_PRIVATE_PACKET_PEER_NOT_FOUND")
            self.tox.call("group_send_custom_private_packet", *place, data, lossless=lossless)

        await self.tox._send_when_possible(send, TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_FAIL_SEND)

    async def delivered(self, timeout_s: float | None = None) -> None:
        """Return once everybody who is here has all that was said; TimeoutError after `timeout_s`."""
        await until_delivered(
            self.tox, lambda: self.tox.sync.core.groups.group_waiting(self.number), timeout_s
        )

    # about it

    @property
    def name(self) -> str:
        """The name of the group, which never changes; empty before we are in."""
        return self.tox.sync.group_get_name(self.number)

    @property
    def topic(self) -> str:
        """The topic. To set it sets it for everybody: ToxError PERMISSIONS if we may not."""
        return self.tox.sync.group_get_topic(self.number)

    @topic.setter
    def topic(self, topic: str | bytes) -> None:
        self.tox.call("group_set_topic", self.number, topic)

    @property
    def connected(self) -> bool:
        """True if we have left neither for good nor for a while: in it, or on the way."""
        return self.tox.sync.group_is_connected(self.number)

    @property
    def search(self) -> GroupSearch:
        """How far the way into the group is."""
        return self.tox.sync.group_search(self.number)

    async def joined(self, timeout_s: float | None = None) -> None:
        """Return once we are in and a member hears us, as a founder is from the beginning.

        Members that are not reached within another second get nothing of what is said at once.

        ToxError when we have left for a while, or a member does not let us in: its name is then
        TOX_GROUP_JOIN_FAIL_PEER_LIMIT (retryable), TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD or
        TOX_GROUP_JOIN_FAIL_UNKNOWN. TimeoutError, which says how far it came, after `timeout_s`.
        """
        as_seconds(timeout_s, "timeout_s")
        if _is_in(self.tox.sync, self.number):
            return
        try:
            async with asyncio.timeout(timeout_s):
                while not _is_in(self.tox.sync, self.number):
                    if not self.connected:
                        raise api_error("TOX_ERR_GROUP_SEND_MESSAGE_DISCONNECTED", self.why_not())
                    await _change(self)
        except TimeoutError as error:
            raise TimeoutError(f"not in the group after {timeout_s:g} s: {self.why_not()}") from error
        with contextlib.suppress(TimeoutError):
            # or what is said at once reaches those only that were the first to answer
            async with asyncio.timeout(MEET_S):
                while self.search.unmet:
                    await _change(self)

    def why_not(self) -> str:
        """Why we are not in the group yet, as far as it can be known: a sentence without a full stop."""
        sync, search = self.tox.sync, self.search
        if _is_in(sync, self.number):
            return "we are in it"
        if not self.connected:
            return "we do not look for it: we left for a while, were sent away, or not let in"
        if sync.self_get_connection_status() == Connection.NONE:
            return "we are not connected to the network ourselves: bootstrap or add a relay"
        if search.answered:
            return "members answer, but none has let us in yet"
        if search.found:
            return f"of {search.found} members that were said to be there none answers"
        return "no member was found: nobody is there, the group is private, or no group has that chat ID"

    # members

    @property
    def me(self) -> GroupPeer:
        """Ourselves."""
        return self.peer(self.tox.sync.group_self_get_peer_id(self.number))

    @property
    def own_name(self) -> str:
        """Our name in the group, 1 to 128 bytes; assign another one."""
        return self.tox.sync.group_self_get_name(self.number)

    @own_name.setter
    def own_name(self, name: str | bytes) -> None:
        self.tox.call("group_self_set_name", self.number, name)

    @property
    def own_status(self) -> UserStatus:
        """Our status in the group; assign another one."""
        return self.tox.sync.group_self_get_status(self.number)

    @own_status.setter
    def own_status(self, status: UserStatus | int) -> None:
        self.tox.call("group_self_set_status", self.number, status)

    @property
    def peers(self) -> list[GroupPeer]:
        """The members that we see, ourselves first."""
        return [self.peer(number) for number in self.tox.sync.group_peer_ids(self.number)]

    def peer(self, number: int) -> GroupPeer:
        """The member with that number, for example of an event that came just now."""
        return look(self.tox.sync, self.number, as_number(number, "a peer number"))

    def peer_of_friend(self, friend: FriendPart | int) -> GroupPeer | None:
        """The member that a friend is; None when they are not here, or it is not known.

        It is known since one of us accepted the other's invitation; saves keep it together with groups.
        """
        place = self.number, _friend_number(friend)
        key = self.tox.sync.group_peer_of_friend(*place)
        return next((peer for peer in self.peers if peer.public_key == key), None)

    def set_role(self, peer: GroupPeer | int, role: GroupRole | int) -> None:
        """Make a member a moderator, a user or an observer."""
        place = self.number, _number_of(self, peer, "SET_ROLE_PEER_NOT_FOUND")
        self.tox.call("group_set_role", *place, role)

    def kick(self, peer: GroupPeer | int) -> None:
        """Send a member away. It is no ban: whoever has the chat ID and the password can come again."""
        self.tox.call("group_kick_peer", self.number, _number_of(self, peer, "KICK_PEER_PEER_NOT_FOUND"))

    def ignore(self, peer: GroupPeer | int, ignore: bool = True) -> None:
        """Hear no messages of a member, or hear them again."""
        place = self.number, _number_of(self, peer, "SET_IGNORE_PEER_NOT_FOUND")
        self.tox.call("group_set_ignore", *place, ignore)

    # coming and going

    def invite(self, friend: FriendPart | int) -> None:
        """Invite a friend; ToxError INVITE_FAIL (retryable) when they are offline."""
        self.tox.call("group_invite_friend", self.number, _friend_number(friend))

    def disconnect(self) -> None:
        """Leave for a while: we keep what we know and are, and see and hear nothing."""
        self.tox.call("group_disconnect", self.number)
        finish_all(self.tox._group_waiters.get(self.number, []))

    async def reconnect(self, timeout_s: float | None = JOIN_S) -> None:
        """Come back, and return once we are in; errors as of `joined`."""
        as_seconds(timeout_s, "timeout_s")
        self.tox.call("group_reconnect", self.number)
        await self.joined(timeout_s)

    def leave(self, part_message: str | bytes = "") -> None:
        """Leave it for good, with a farewell of at most 128 bytes.

        What was said and still waits for room on its way to a member is dropped: at least 64 packets may be
        under way. `delivered` waits for them.
        """
        self.tox.group_leave(self.number, part_message)

    def __repr__(self) -> str:
        return f"<AsyncGroup {self.number} {self.id.hex().upper()}>"


def _is_in(sync: Tox, number: int) -> bool:
    """True if we can speak to somebody; a founder may be alone."""
    is_founder = sync.group_self_get_role(number) == GroupRole.FOUNDER
    return sync.group_search(number).joined and (is_founder or len(sync.group_peer_ids(number)) > 1)


def _number_of(group: AsyncGroup, peer: GroupPeer | int, missing: str) -> int:
    """The number that a member has now; ToxError when it has left, also if another has its number."""
    if not isinstance(peer, GroupPeer):
        return as_number(peer, "a peer")
    for number in [peer.number, *group.tox.sync.group_peer_ids(group.number)]:
        try:
            if group.tox.sync.group_peer_get_public_key(group.number, number) == peer.public_key:
                return number
        except ToxError:
            continue
    raise api_error(f"TOX_ERR_GROUP_{missing}")


async def _change(group: AsyncGroup) -> None:
    """Return when somebody has come or gone, or we have."""
    await group.tox._wait(group.tox._group_waiters.setdefault(group.number, []))


def _friend_number(friend: FriendPart | int) -> int:
    return friend.number if isinstance(friend, FriendPart) else as_number(friend, "a friend")


def _name(sync: Tox, name: str | bytes | None) -> str | bytes:
    """Our name in a new group."""
    if name is not None:
        return name
    own_name = sync.self_get_name()
    if not own_name:
        raise ValueError("a name in the group is needed: the profile has none")
    return own_name


class GroupAio(AioPart):
    """Part of `AsyncTox`: groups."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: dict[int, AsyncGroup] = {}
        self._members: dict[int, Members] = {}
        #: those who wait until we are in a group
        self._group_waiters: dict[int, list[asyncio.Future[None]]] = {}

    @property
    def groups(self) -> list[AsyncGroup]:
        """All groups; with the option `experimental_groups_persistence` also those of the save."""
        return [self.group(number) for number in self.sync.group_get_group_list()]

    def group(self, number: int) -> AsyncGroup:
        """The group with that number, for example of an event."""
        chat_id = self.sync.group_get_chat_id(as_number(number, "a group number"))
        group = self._groups.get(number)
        if group is not None and group.id != chat_id:
            # one that `call` left, whose number is another's now
            self._forget_group(number, "we left the group")
            group = None
        if group is None:
            group = self._groups[number] = AsyncGroup(self, number)
        return group

    def group_by_id(self, chat_id: str | bytes) -> AsyncGroup:
        """The group with that chat ID, of 32 bytes or 64 hex digits."""
        return self.group(self.sync.group_by_id(chat_id))

    async def group_new(
        self,
        name: str | bytes,
        own_name: str | bytes | None = None,
        *,
        privacy: GroupPrivacy | int = GroupPrivacy.PUBLIC,
        topic: str | bytes = "",
        password: str | bytes = "",
        peer_limit: int | None = None,
    ) -> AsyncGroup:
        """Found a group; `own_name` is ours in it, and that of our profile where none is given."""
        number: int = self.call("group_new", name, _name(self.sync, own_name), privacy)
        group = self.group(number)
        try:
            if as_text(topic, "a topic"):
                group.topic = topic
            if as_text(password, "a password"):
                group.settings.password = password
            if peer_limit is not None:
                group.settings.peer_limit = peer_limit
        except (ToxError, TypeError, ValueError):
            group.leave()
            raise
        return group

    async def group_join(
        self,
        group: str | bytes | GroupInvite,
        name: str | bytes | None = None,
        password: str | bytes = "",
        *,
        timeout_s: float | None = JOIN_S,
    ) -> AsyncGroup:
        """Join a public group by its chat ID, or any by a friend's invitation; return once we are in.

        `name` is ours in the group, and that of our profile where none is given. ToxError and TimeoutError as
        of `AsyncGroup.joined`. Whoever fails or is cancelled leaves a group that was new, unless another
        join of it waits.
        """
        as_seconds(timeout_s, "timeout_s")
        before = self.sync.group_get_group_list()
        if isinstance(group, GroupInvite):
            invitation = group.friend_number, group.invite_data
            number: int = self.call("group_invite_accept", *invitation, _name(self.sync, name), password)
        else:
            number = self.call("group_join", group, _name(self.sync, name), password)
        found = self.group(number)
        if number not in before or found._joining:
            found._joining += 1
        try:
            await found.joined(timeout_s)
        except (ToxError, TimeoutError, asyncio.CancelledError):
            if found._joining:
                found._joining -= 1
                is_last = not found._joining
                if is_last and self._groups.get(number) is found and not self.closed:
                    found.leave()
            raise
        found._joining = 0
        return found

    def group_leave(self, number: int, part_message: str | bytes = "") -> None:
        """Leave a group for good; loops over its messages end."""
        number = as_number(number, "a group number")
        try:
            self.call("group_leave", number, part_message)
        finally:
            if number not in self.sync.group_get_group_list():
                self._forget_group(number, "we left the group")

    def _forget_group(self, number: int, why: str) -> None:
        self._members.pop(number, None)
        group = self._groups.pop(number, None)
        if group is not None:
            group._said.end()
            group._happened.end()
        self._fail_group(number, api_error("TOX_ERR_GROUP_STATE_QUERY_GROUP_NOT_FOUND", why))

    def _fail_group(self, number: int, error: ToxError) -> None:
        for waiter in self._group_waiters.pop(number, ()):
            fail(waiter, error)

    # moments

    def _on_event(self, event: Event) -> None:
        if isinstance(event, GroupEvent):
            self._on_group_event(event)
        super()._on_event(event)

    def _on_group_event(self, event: GroupEvent) -> None:
        number, sync = event.group_number, self.sync
        group, members = self._groups.get(number), self._members.get(number)
        if members is None or members.chat_id != sync.group_get_chat_id(number):
            if members is not None:
                self._forget_group(number, "we left the group")
                group = None
            members = self._members[number] = Members(sync, number)
        members.take(sync, event)
        if group is not None:
            if isinstance(event, GroupMessage | GroupPrivateMessage):
                peer, private = members.who(sync, event.peer_id), isinstance(event, GroupPrivateMessage)
                fields = event.message_type, event.raw, event.message_id
                group._said.put(HeardGroupMessage(peer, *fields, private))
            if group._happened.has_loop:
                group._happened.put(event)
        if isinstance(event, GroupSelfJoin | GroupPeerJoin | GroupPeerExit):
            finish_all(self._group_waiters.pop(number, []))
        elif isinstance(event, GroupJoinFail):
            kind = event.fail_type
            name = f"TOX_GROUP_JOIN_FAIL_{kind.name}"
            is_full = kind == GroupJoinFailure.PEER_LIMIT
            self._fail_group(number, ToxError(kind.value, name, REFUSALS[kind], retryable=is_full))

    def _all_waiting(self) -> list[asyncio.Future[Any]]:
        waiting = (waiter for waiters in self._group_waiters.values() for waiter in waiters)
        return [*waiting, *super()._all_waiting()]

    def _forget_all(self, why: str) -> None:
        for number in {*self._groups, *self._members, *self._group_waiters}:
            self._forget_group(number, why)
        super()._forget_all(why)

    def _on_close(self) -> None:
        for group in self._groups.values():
            group._said.end()
            group._happened.end()
        super()._on_close()
