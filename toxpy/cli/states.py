"""What a command says of messages that friends who are away will get, and how it waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from toxpy.aio import AsyncTox, Friend
from toxpy.cli.said import Said
from toxpy.cli.terminal import Output
from toxpy.ext.offline.message_state import MessageState
from toxpy.ext.offline.typed import MessageStateChanged, OfflineMessageLost
from toxpy.friend.aio_sent import SentMessage

#: Time for more mailboxes to take what one has, s.
MORE_COPIES_S = 3.0
#: Longest wait for friends and mailboxes to be told, silence that ends it, and time between looks, s.
SETTLE_S, QUIET_S, LOOK_S = 15.0, 1.0, 0.1


class States:
    """Says how far messages of ours are, also those of a run before."""

    def __init__(self, tox: AsyncTox, said: Said, out: Output, name_of: Callable[[Friend], str]) -> None:
        self._tox = tox
        self._said = said
        self._out = out
        self._name_of = name_of
        tox.on(MessageStateChanged, self._changed)
        tox.on(OfflineMessageLost, self._lost)
        for friend in tox.friends:
            for queued in friend.outbox():
                said.note(queued.id, queued.message)

    def tell(self, friend: Friend, sent: SentMessage) -> None:
        """A message was handed over."""
        self._say(friend, sent.id, sent.state)

    def _changed(self, event: MessageStateChanged) -> None:
        self._say(self._tox.friend(event.friend_number), event.id, event.state)

    def _say(self, friend: Friend, message_id: bytes, state: MessageState) -> None:
        copies = [queued.copies for queued in friend.outbox() if queued.id == message_id]
        words = state_words(state, self._name_of(friend), copies[0] if copies else 0)
        self._out.status(
            "message_state",
            f"{self._said.quote(message_id)} {words}",
            friend=str(friend.public_key),
            name=friend.name,
            id=message_id.hex(),
            state=state.name.lower(),
            mailboxes=copies[0] if copies else 0,
        )

    def _lost(self, event: OfflineMessageLost) -> None:
        name = self._name_of(self._tox.friend(event.friend_number))
        self._out.warning(f"something that {name} left at a mailbox is lost: {event.reason}")


def state_words(state: MessageState, name: str, copies: int) -> str:
    """What a state means, behind the message."""
    return {
        MessageState.QUEUED: f"is kept until {name} is online, or a mailbox takes it",
        MessageState.DIRECT: f"is on its way to {name}",
        MessageState.STORED: f"is stored at {copies} mailbox{'es' * (copies != 1)}, for {name} to fetch",
        MessageState.DELIVERED: f"was received by {name}",
        MessageState.EXPIRED: f"expired: {name} did not get it in time",
    }[state]


async def until_left(friend: Friend, timeout_s: float | None) -> int:
    """Wait until nothing needs us any more to reach the friend; how much of it still does after the time."""
    rest = [asyncio.ensure_future(_until_left(friend, queued.id)) for queued in friend.outbox()]
    if rest:
        _, late = await asyncio.wait(rest, timeout=timeout_s)
        for task in late:
            task.cancel()
        if any(queued.state == MessageState.STORED for queued in friend.outbox()):
            # other mailboxes may be about to take it too
            await asyncio.sleep(MORE_COPIES_S)
    return sum(queued.state < MessageState.STORED for queued in friend.outbox())


async def _until_left(friend: Friend, message_id: bytes) -> None:
    async for state in friend.sent_message(message_id).states():
        if state >= MessageState.STORED:
            return


async def until_told(tox: AsyncTox) -> None:
    """Wait until friends who are online and mailboxes were told what they need, or some seconds.

    Without that friends could leave nothing for us, nor we for them. A friend may be about to say more: so
    this waits for silence.
    """
    offline = tox.sync.core.offline
    quiet_s = over_s = 0.0
    while over_s < SETTLE_S:
        is_alone = not any(friend.connection for friend in tox.friends)
        if offline.is_settled() and (is_alone or quiet_s >= QUIET_S):
            return
        version = offline.version()
        await asyncio.sleep(LOOK_S)
        over_s += LOOK_S
        quiet_s = quiet_s + LOOK_S if offline.is_settled() and offline.version() == version else 0.0


async def until_not_on_its_way(friend: Friend) -> None:
    """Wait until what was sent to a friend who is online was received, or is kept because the friend left."""
    for queued in friend.outbox():
        async for state in friend.sent_message(queued.id).states():
            if state != MessageState.DIRECT:
                break
