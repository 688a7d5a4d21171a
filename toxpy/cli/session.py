"""One command on the network: profile, instance, bootstrapping, friends, signals."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NoReturn, Protocol, TypeVar

from toxpy.aio import AsyncTox, Friend
from toxpy.cli import settings
from toxpy.cli.mailboxes import remember
from toxpy.cli.networks import tell_endpoint
from toxpy.cli.said import Said, in_hex
from toxpy.cli.states import States, until_told
from toxpy.cli.terminal import FAILED, OK, PROGRAM, TIMED_OUT, Failure, HungUp, Output, OutputLost, visible
from toxpy.errors import ToxError
from toxpy.ext.messages.segments import MAX_TEXT_SIZE
from toxpy.ext.messages.split import split
from toxpy.friend.aio_sent import SentMessage
from toxpy.generated.typed_enums import Connection, HandshakeVersion, MessageType
from toxpy.generated.typed_events import (
    FriendConnectionStatus,
    FriendHandshakeDowngrade,
    FriendMessage,
    FriendRequest,
    SelfConnectionStatus,
)
from toxpy.ids import ADDRESS_SIZE, PUBLIC_KEY_SIZE, URI_PREFIX, PublicKey, ToxId
from toxpy.network.nodes import NodeAddress
from toxpy.save.profile import Profile, ProfileCorrupt, ProfileError, ProfileLocked, ProfileNotEncrypted

MAX_MESSAGE_SIZE = 1372
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Command = Callable[["CliSession"], Coroutine[Any, Any, None]]


def connection_text(status: Connection, *, near: bool, wants_udp: bool) -> str:
    """What our own connection status means; `near` says that some node answers over UDP.

    The status is TCP until a node beyond the LAN answers over UDP, although nodes nearby may do so.
    """
    if status == Connection.NONE:
        return "not connected"
    if status == Connection.UDP:
        return "connected over UDP"
    if near:
        return "connected over UDP to nodes of this machine or its LAN only, which Tox calls TCP"
    # usual in the first seconds; it stays so where a firewall drops UDP
    return "connected over TCP" + (": a relay answered, and no node over UDP yet" if wants_udp else "")


class Named(Protocol):
    """A friend, of an instance or of a profile."""

    @property
    def public_key(self) -> PublicKey: ...
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def shown_name(friend: Named) -> str:
    """The friend's name for people, on one line; the first digits of the key while there is no name."""
    return visible(friend.name).strip() or f"{str(friend.public_key)[:8]}…"


def find_among(friends: Sequence[N], text: str, *, advice: str) -> N:
    """By Tox ID, public key or name; Failure for nobody, with some advice."""
    digits = text.strip().lower().removeprefix(URI_PREFIX)
    if len(digits) == 2 * ADDRESS_SIZE:
        digits = str(_value(ToxId, digits).public_key).lower()
    if len(digits) == 2 * PUBLIC_KEY_SIZE and all(digit in "0123456789abcdef" for digit in digits):
        key = PublicKey(digits)
        known = [friend for friend in friends if friend.public_key == key]
        if not known:
            raise Failure(f"no friend has that public key{advice}")
        return known[0]
    # a friend without a name is not meant by none
    named = [friend for friend in friends if digits and friend.name.lower() == digits]
    if not named:
        names = ", ".join(shown_name(friend) for friend in friends) or "nobody"
        raise Failure(f"no friend is called {text!r}. Friends: {names}{advice}")
    if len(named) > 1:
        keys = ", ".join(str(friend.public_key) for friend in named)
        raise Failure(f"{len(named)} friends are called {text!r}: give the public key of one: {keys}")
    return named[0]


class CliSession:
    """An instance on the network for one command."""

    def __init__(self, tox: AsyncTox, arguments: argparse.Namespace, out: Output) -> None:
        self.tox = tox
        self.arguments = arguments
        self.out = out
        self.said = Said()
        tox.on(SelfConnectionStatus, self._connection_changed)
        tox.on(FriendConnectionStatus, self._friend_changed)
        tox.on(FriendHandshakeDowngrade, self._downgraded)
        remember(arguments, tox)
        #: None if no messages are kept for friends who are away
        self.states: States | None = None
        if tox.sync.core.options.offline_messages:
            self.states = States(tox, self.said, out, self.name_of)

    def announce(self) -> None:
        """Say who and where we are."""
        sync = self.tox.sync
        port = 0 if sync.core.socket.port == 0 else sync.self_get_udp_port()
        self.out.status(
            "ready",
            f"Tox ID: {self.tox.address}",
            tox_id=str(self.tox.address),
            udp_port=port,
            dht_id=str(sync.self_get_dht_id()),
        )

    def _connection_changed(self, event: SelfConnectionStatus) -> None:
        status = event.connection_status
        near = self.tox.sync.core.dht.nodes.is_connected()
        wants_udp = not self.arguments.no_udp and not self.arguments.proxy
        text = connection_text(status, near=near, wants_udp=wants_udp)
        self.out.status("connection", text, status=status.name.lower())

    def _friend_changed(self, event: FriendConnectionStatus) -> None:
        friend, status = self.tox.friend(event.friend_number), event.connection_status
        ways = {Connection.NONE: "offline", Connection.TCP: "online over TCP, through a relay"}
        text = ways.get(status, f"online over {status.name}")
        if friend.handshake == HandshakeVersion.NOISE_IK:
            text += ", with Noise"
        self.out.status(
            "friend_connection",
            f"{self.name_of(friend)} is {text}",
            **self.fields_of(friend),
            status=status.name.lower(),
            handshake=friend.handshake.name.lower(),
        )

    def _downgraded(self, event: FriendHandshakeDowngrade) -> None:
        friend = self.tox.friend(event.friend_number)
        self.out.warning(
            f"{self.name_of(friend)} was refused, because there was Noise before and now there is none: "
            "an older client, or somebody who poses as them. If they say by another way that it is right: "
            f"{PROGRAM} handshake {friend.public_key} --unpin"
        )

    # friends

    @staticmethod
    def name_of(friend: Friend) -> str:
        """The friend's name for people, on one line; the first digits of the key while there is no name."""
        return shown_name(friend)

    @staticmethod
    def fields_of(friend: Friend) -> dict[str, Any]:
        """For scripts."""
        return {"friend": str(friend.public_key), "name": friend.name}

    def find_friend(self, text: str, *, request: str) -> Friend:
        """By Tox ID, which adds them if need be, by public key or by name; Failure for nobody."""
        digits = text.strip().lower().removeprefix(URI_PREFIX)
        if len(digits) == 2 * ADDRESS_SIZE:
            return self._find_by_id(_value(ToxId, digits), request)
        return find_among(self.tox.friends, text, advice="; a Tox ID (76 digits) adds one")

    def _find_by_id(self, address: ToxId, request: str) -> Friend:
        for friend in self.tox.friends:
            if friend.public_key == address.public_key:
                return friend
        if address.public_key == self.tox.address.public_key:
            raise Failure("that is the Tox ID of the profile itself")
        friend = self.tox.friend_add(address, request)
        self.out.status("friend_added", f"friend request sent to {address}", **self.fields_of(friend))
        return friend

    def accept_requests(self) -> None:
        """Everybody who asks becomes a friend."""
        self.tox.on(FriendRequest, self._accept)

    def _accept(self, event: FriendRequest) -> None:
        try:
            self.tox.friend_add_norequest(event.public_key)
        except ToxError as error:
            self.out.warning(f"the friend request of {event.public_key} cannot be accepted: {error}")
            return
        self.tell_request(event, accepted=True)

    def tell_request(self, event: FriendRequest, *, accepted: bool = False) -> None:
        """Say that somebody asks."""
        done = "accepted" if accepted else "not accepted"
        self.out.status(
            "friend_request",
            f"friend request of {event.public_key} ({done}): {event.message}",
            public_key=str(event.public_key),
            message=event.message,
            accepted=accepted,
        )

    # messages

    def tell_message(self, event: FriendMessage, *, wanted: bool = True) -> None:
        """Show a message; to hear of messages may be what the command is for, or not."""
        friend, kind, text = self.tox.friend(event.friend_number), event.type, event.message
        name = self.name_of(friend)
        answered = "" if event.reply_to is None else f" (to {self.said.quote(event.reply_to)})"
        line = f"* {name} {text}" if kind == MessageType.ACTION else f"{name}{answered}: {text}"
        self.said.note(event.id, text, friend)
        tell = self.out.result if wanted else self.out.status
        ids = {"id": in_hex(event.id), "reply_to": in_hex(event.reply_to)}
        tell("message", line, **self.fields_of(friend), type=kind.name.lower(), text=text, **ids)

    async def send(
        self,
        friend: Friend,
        text: str,
        kind: MessageType = MessageType.NORMAL,
        reply_to: bytes | None = None,
    ) -> bytes:
        """Send a text of any length and wait until it was received; the id of the message, or of the last."""
        message_id = b""
        extended = self.tox.sync.core.options.extended_messages
        for part in message_parts(text, MAX_TEXT_SIZE if extended else MAX_MESSAGE_SIZE):
            sent = await friend.send(part, kind, reply_to=reply_to)
            await self.received(friend, sent, part, kind)
            message_id = sent.id
        return message_id

    async def hand_over(
        self,
        friend: Friend,
        text: str,
        kind: MessageType = MessageType.NORMAL,
        reply_to: bytes | None = None,
    ) -> list[SentMessage]:
        """Send a text of any length to a friend who may be away; what becomes of it is told."""
        handed_over = []
        for part in message_parts(text, MAX_TEXT_SIZE):
            sent = await friend.send(part, kind, reply_to=reply_to)
            self.said.note(sent.id, part)
            if self.states is not None:
                self.states.tell(friend, sent)
            handed_over.append(sent)
        return handed_over

    async def received(self, friend: Friend, sent: SentMessage, text: str, kind: MessageType) -> None:
        """Wait until a text was received, and say so."""
        self.said.note(sent.id, text)
        await sent.receipt()
        self.out.status(
            "sent",
            f"received by {self.name_of(friend)}",
            **self.fields_of(friend),
            message_id=sent.message_id,
            type=kind.name.lower(),
            text=text,
            id=in_hex(sent.id),
        )

    async def online(self, friend: Friend) -> None:
        """Wait for a friend; Failure with the reason when `--timeout` is over."""
        limit = self.arguments.timeout or None
        if friend.connection == Connection.NONE:
            self.out.status("waiting", f"waiting for {self.name_of(friend)}", **self.fields_of(friend))
        try:
            async with asyncio.timeout(limit):
                await friend.online()
        except TimeoutError as error:
            reason = f"{self.name_of(friend)} is not online after {limit:g} s: {friend.why_offline()}"
            raise Failure(reason, TIMED_OUT) from error

    # the network

    async def stay_connected(self) -> NoReturn:
        """Ask the known nodes, again and again until one answers, and whenever the connection was lost."""
        nodes = settings.known_nodes(self.arguments, self.out)
        core = self.tox.sync.core
        alone = not any(node.port for node in nodes) and not core.dht.saved_nodes()
        if self.arguments.needs_others and alone and core.options.endpoint is None:
            found = "found in the LAN only" if core.options.local_discovery_enabled else "not found"
            but = ", only relays, which introduce nobody" if nodes else ""
            self.out.warning(
                f"no node to start from{but}, so friends are {found}: "
                "give --node, or --nodes FILE with what https://nodes.tox.chat/json says"
            )
        told: set[str] = set()

        def tell(node: NodeAddress, error: ToxError) -> None:
            message = f"{node.host} port {node.port or node.tcp_port}: {error}"
            if message not in told:
                told.add(message)
                self.out.warning(message)

        await self.tox.stay_connected(nodes, tell)


def _value(kind: type[ToxId], text: str) -> ToxId:
    try:
        return kind(text)
    except ValueError as error:
        raise Failure(str(error)) from error


def message_parts(text: str, most: int = MAX_MESSAGE_SIZE) -> list[str]:
    """Text in pieces that fit into messages, cut between characters, at a space where there is one."""
    return [piece.decode() for piece in split(text.encode("utf-8", "replace"), most)]


# running


def run(arguments: argparse.Namespace, command: Command, *, endless: bool = False) -> int:
    """Run a command on the network; the exit status. A signal is how an endless one is meant to end."""

    def work(out: Output) -> int:
        with settings.open_profile(arguments, out) as profile:
            return asyncio.run(_run(arguments, profile, out, command, endless))

    return guarded(arguments, work)


def guarded(arguments: argparse.Namespace, work: Callable[[Output], int]) -> int:
    """Do it and turn what goes wrong into a message and an exit status."""
    out = Output(json=arguments.json, quiet=arguments.quiet)
    try:
        return work(out)
    except Failure as error:
        return _failed(out, str(error), error.status)
    except ProfileError as error:
        return _failed(out, f"{error}{_advice(error)}")
    except ToxError as error:
        return _failed(out, str(error))
    except (BrokenPipeError, OutputLost):
        # for guard_pipes
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(out, f"{where}{error.strerror or error}")
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _failed(out: Output, message: str, status: int = FAILED) -> int:
    out.error(message, status)
    return status


def _advice(error: ProfileError) -> str:
    if isinstance(error, ProfileLocked):
        return ". End that program first, or use another profile"
    if isinstance(error, ProfileCorrupt) and error.backup_path:
        return f". To go on with it: {PROGRAM} restore --profile {error.path}"
    if isinstance(error, ProfileNotEncrypted):
        return f", so unset {settings.PASSPHRASE_VARIABLE}; {PROGRAM} passphrase encrypts it"
    return ""


async def _run(
    arguments: argparse.Namespace, profile: Profile, out: Output, command: Command, endless: bool
) -> int:
    work = asyncio.ensure_future(_on_network(arguments, profile, out, command))
    ending = _Ending(work)
    try:
        await work
    except HungUp:
        ending.stop(signal.SIGHUP)
    except asyncio.CancelledError:
        if ending.signal is None and not ending.failures:
            raise
    finally:
        ending.close()
    if ending.failures:
        raise ending.failures[0]
    return OK if ending.signal is None or endless else 128 + ending.signal


class _Ending:
    """What ends a command before its work is done: a signal, or a handler that fails."""

    __slots__ = ("_at_terminal", "_loop", "_work", "failures", "signal")

    def __init__(self, work: asyncio.Future[None]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self._at_terminal = os.isatty(0)
        self.signal: int | None = None
        self.failures: list[BaseException] = []
        self._loop.set_exception_handler(self._fail)
        for number in STOP_SIGNALS:
            # nohup has a hangup ignored: so do we
            if signal.getsignal(number) == signal.SIG_IGN:
                continue
            if number == signal.SIGHUP:
                # the loop would bring its default back at the end, and for a moment nothing could be done
                signal.signal(number, self._on_signal)
            else:
                self._loop.add_signal_handler(number, self.stop, number)

    def _on_signal(self, number: int, _frame: object) -> None:
        self._loop.call_soon_threadsafe(self.stop, number)

    def stop(self, number: int) -> None:
        """End the work; the first signal counts."""
        if self.signal is None:
            self.signal = number
            self._work.cancel()

    def _fail(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # a handler raised: the reader of our output may be gone, or it is a defect; both end the command
        if isinstance(error := context.get("exception"), HungUp):
            # the signal is on its way
            self.stop(signal.SIGHUP)
        elif isinstance(error, BaseException):
            self.failures.append(error)
            self._work.cancel()
        else:
            loop.default_exception_handler(context)

    def close(self) -> None:
        """From now on a hangup changes nothing: it may come twice, for the session and for its foreground.

        A closed window can be noticed before its signal is there, as the end of what is typed.
        """
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if self._at_terminal and not os.isatty(0):
            self.stop(signal.SIGHUP)


async def _on_network(arguments: argparse.Namespace, profile: Profile, out: Output, command: Command) -> None:
    async with AsyncTox(profile=profile, **settings.tox_options(arguments, profile)) as tox:
        session = CliSession(tox, arguments, out)
        session.announce()
        tasks = [
            asyncio.ensure_future(command(session)),
            asyncio.ensure_future(_take_events(tox)),
            asyncio.ensure_future(session.stay_connected()),
            asyncio.ensure_future(tell_endpoint(tox, out)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()
        if session.states is not None:
            await until_told(tox)


async def _take_events(tox: AsyncTox) -> None:
    """Handlers do the work; here a failure of the instance comes out."""
    async for _ in tox:
        continue
