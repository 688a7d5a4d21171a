"""What happens in a group, in words: who comes and goes, what is changed and by whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from toxpy.cli.group_commands import DONE, Status, peer_name
from toxpy.cli.rooms import room_name
from toxpy.cli.terminal import PROGRAM, visible
from toxpy.errors import ToxError
from toxpy.generated.typed_enums import GroupExitType, GroupJoinFailure, GroupLock, GroupModEvent
from toxpy.generated.typed_events import (
    GroupEvent,
    GroupJoinFail,
    GroupModeration,
    GroupPassword,
    GroupPeerExit,
    GroupPeerJoin,
    GroupPeerLimit,
    GroupPeerName,
    GroupPrivacyState,
    GroupSelfJoin,
    GroupTopic,
    GroupTopicLock,
    GroupVoiceState,
)
from toxpy.group.aio import REFUSALS, AsyncGroup
from toxpy.group.aio_state import GroupPeer

#: What each setting is called, and what is said of it.
SETTINGS: dict[type[GroupEvent], tuple[str, Callable[[Any], str]]] = {
    GroupPeerLimit: ("peer limit", lambda event: str(event.peer_limit)),
    GroupPrivacyState: ("privacy", lambda event: event.privacy_state.name.lower()),
    # the word itself need not be on a screen
    GroupPassword: ("password", lambda event: "set" if event.password else "removed"),
    GroupTopicLock: ("topic lock", lambda event: "on" if event.topic_lock == GroupLock.ENABLED else "off"),
    GroupVoiceState: ("voice", lambda event: event.voice_state.name.lower()),
}
GONE = {
    GroupExitType.QUIT: "left",
    GroupExitType.TIMEOUT: "is not reached any more",
    GroupExitType.DISCONNECTED: "is not connected any more",
    GroupExitType.SELF_DISCONNECTED: "is not seen any more: we are out",
    GroupExitType.KICK: "is gone, sent away",
    GroupExitType.SYNC_ERROR: "is gone: what it knows of the group does not fit",
}


class GroupNews:
    """The news of one group."""

    def __init__(self, group: AsyncGroup, status: Status) -> None:
        self._group = group
        self._status = status
        #: by number; events tell of members who are gone meanwhile
        self._there: dict[int, GroupPeer] = {peer.number: peer for peer in group.peers}
        self._tellers: dict[type[GroupEvent], Callable[[Any], None]] = {
            GroupSelfJoin: self._joined,
            GroupJoinFail: self._refused,
            GroupPeerJoin: self._came,
            GroupPeerExit: self._gone,
            GroupPeerName: self._renamed,
            GroupTopic: self._topic,
            GroupModeration: self._moderated,
            **dict.fromkeys(SETTINGS, self._setting),
        }

    def tell(self, event: GroupEvent) -> None:
        """Say what happened, if it is news for people."""
        teller = self._tellers.get(type(event))
        if teller is not None:
            teller(event)

    def _find(self, number: int) -> GroupPeer | None:
        try:
            self._there[number] = self._group.peer(number)
        except ToxError:
            # gone meanwhile, or of nobody
            pass
        return self._there.get(number)

    # ourselves

    def _joined(self, _event: GroupSelfJoin) -> None:
        topic = visible(self._group.topic).strip()
        text = f"we are in {room_name(self._group)}" + (f": {topic}" if topic else "")
        self._status("self", text, status="joined", message=self._group.topic)

    def _refused(self, event: GroupJoinFail) -> None:
        reason = REFUSALS[event.fail_type]
        again = "/rejoin tries again"
        if event.fail_type == GroupJoinFailure.INVALID_PASSWORD:
            again = f"{PROGRAM} group join with --password, then again"
        self._status("self", f"we are not let in: {reason}: {again}", status="refused", message=reason)

    # members

    def _came(self, event: GroupPeerJoin) -> None:
        peer = self._find(event.peer_id)
        if peer is not None:
            self._peer(peer, "here", f"{peer_name(peer)} is here")

    def _gone(self, event: GroupPeerExit) -> None:
        peer = self._there.pop(event.peer_id, None)
        if peer is not None:
            farewell = event.part_message
            text = f"{peer_name(peer)} {GONE[event.exit_type]}" + (f": {farewell}" if farewell else "")
            self._peer(peer, "gone", text, farewell)

    def _peer(self, peer: GroupPeer, status: str, text: str, message: str = "") -> None:
        fields = {"peer": str(peer.public_key), "name": peer.name, "status": status, "message": message}
        self._status("peer", text, **fields)

    def _renamed(self, event: GroupPeerName) -> None:
        before = self._there.get(event.peer_id)
        if before is not None:
            # it may be gone already
            peer = self._there[event.peer_id] = replace(before, name=event.name)
            text = f"{peer_name(before)} is called {event.name!r} now"
            fields = {"peer": str(peer.public_key), "name": event.name, "before": before.name}
            self._status("name", text, **fields)

    # what all agree on

    def _topic(self, event: GroupTopic) -> None:
        setter = self._find(event.peer_id)
        by = None if setter is None or setter.ours else setter
        text = f"the topic is {event.topic!r}" + (f", set by {peer_name(by)}" if by else "")
        self._status("topic", text, topic=event.topic, by=by and by.name)

    def _moderated(self, event: GroupModeration) -> None:
        by, peer = self._find(event.source_peer_id), self._find(event.target_peer_id)
        if peer is None:
            # some roles changed while we were away: /list tells
            return
        change = event.mod_type.name.lower()
        text = f"{peer_name(peer)} {DONE[change]}"
        if peer.ours:
            text = "you " + DONE[change].replace("was ", "were ").replace("is ", "are ")
        text += f", by {peer_name(by)}" if by else ""
        if peer.ours and event.mod_type == GroupModEvent.KICK:
            text += ": /rejoin comes back"
        self._status(
            "moderation",
            text,
            peer=str(peer.public_key),
            name=peer.name,
            change=change,
            by=by and by.name,
        )

    def _setting(self, event: GroupEvent) -> None:
        name, words = SETTINGS[type(event)]
        self._status("setting", f"{name}: {words(event)}", setting=name, value=words(event))
