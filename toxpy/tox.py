"""`Tox`: the synchronous Python API.

Methods have the C API's names without `tox_`. Text goes in as `str` (or `bytes`) and
comes out as `str`, keys and addresses as `PublicKey` and `ToxId`; `Tox.core` is the
same instance one level down, where everything is bytes. A call that fails raises
`ToxError` with the C error's value in `code` and its name in `name`.

What happens comes out of `iterate` as typed events, and goes to the handlers that were set
(`toxpy.handlers`). With a `toxpy.save.profile.Profile` the instance starts from it and saves into it.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

from toxpy.core import Core
from toxpy.errors import ToxError
from toxpy.files.tox import ToxFiles
from toxpy.files.whole_files import Transfers
from toxpy.friend.why_offline import WhyOffline
from toxpy.generated.typed_enums import Connection, MessageType, UserStatus
from toxpy.generated.typed_events import (
    Event,
    FriendConnectionStatus,
    FriendName,
    FriendStatus,
    FriendStatusMessage,
    from_core,
    to_text,
)
from toxpy.handlers import E, Handlers, MessageHandler, PacketHandler, TypedMessageHandler
from toxpy.ids import PublicKey, SecretKey, ToxId
from toxpy.network.tox import ToxNetwork
from toxpy.options import Options
from toxpy.save.autosave import Autosave
from toxpy.save.savedata import MAX_RELAYS
from toxpy.start import load_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from toxpy.save.profile import Profile

__all__ = ["Tox", "ToxClosed", "build_options", "to_bytes"]


#: Events after which the savedata has something new.
_WORTH_SAVING = (FriendConnectionStatus, FriendName, FriendStatus, FriendStatusMessage)


class ToxClosed(ToxError):
    """The instance was used after `close`."""

    def __init__(self) -> None:
        super().__init__(-1, "TOX_CLOSED", "this Tox instance is closed")


def to_bytes(text: str | bytes) -> bytes:
    """Text as it goes to the network."""
    return text.encode("utf-8") if isinstance(text, str) else bytes(text)


def build_options(options: Options | None, fields: dict[str, Any]) -> Options:
    """A copy of `options` (or of the defaults) with the given fields changed.

    `savedata=` is a short form of `savedata_type` and `savedata_data`; empty means a new identity.
    With a proxy everything that would go around it is off, see `Options`; ValueError for a `tcp_port` then.
    """
    savedata = fields.pop("savedata", b"")
    built = Options(**fields) if options is None else options.copy()
    if options is not None:
        for name, value in fields.items():
            if name not in Options.__slots__:
                raise TypeError(f"Options has no field {name!r}")
            setattr(built, name, value)
    if savedata:
        built.savedata_type, built.savedata_data = 1, bytes(savedata)
    if built.proxy_type and not built.proxy_may_leak:
        if built.tcp_port:
            raise ValueError("tcp_port would show our address beside the proxy; see Options.proxy_may_leak")
        built.udp_enabled = built.local_discovery_enabled = False
        built.experimental_disable_dns = True
    return built


def with_profile(options: Options, profile: Profile | None) -> Options:
    """The options, to start from the profile if there is one."""
    if profile is not None:
        if options.savedata_type:
            raise TypeError("give a profile or savedata, not both")
        options.savedata_type, options.savedata_data = 1, profile.savedata
    return options


def _nothing() -> None:
    """The last save of an instance without a profile."""


class Tox(ToxNetwork, ToxFiles):
    """One Tox instance; also a context manager that closes it.

    `Tox(savedata=data, start_port=33445)`: keyword arguments are fields of `Options`.
    `Tox(profile=profile)` starts from the profile, and saves into it after changes and at `close`.
    Call `iterate` often, or loop over `events()`, which waits on the network in between.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        core: Core | None = None,
        profile: Profile | None = None,
        **fields: Any,
    ) -> None:
        if core is None:
            core = Core(with_profile(build_options(options, fields), profile))
        self._core: Core | None = core
        #: files under way that `send_file` and `accept_file` began
        self.transfers = Transfers(core)
        self.handlers = Handlers()
        self._untaken: list[Event] = []
        self._autosave: Autosave | None = None
        if profile is not None:
            try:
                self._autosave = Autosave(profile, core)
            except BaseException:
                core.kill()
                raise

    # life

    @property
    def core(self) -> Core:
        """The bytes level; ToxClosed after `close`."""
        if self._core is None:
            raise ToxClosed
        return self._core

    @property
    def closed(self) -> bool:
        """Was `close` called."""
        return self._core is None

    def close(self) -> None:
        """Tell friends that we leave, free everything, save into the profile.

        When that fails the instance is closed nevertheless, and this raises. Calling it again does nothing.
        """
        self.close_and_leave_save()()

    def close_and_leave_save(self) -> Callable[[], None]:
        """`close`, but the last save, which may wait for the disk, is left to the caller."""
        core, self._core = self._core, None
        if core is None:
            return _nothing
        self.transfers.fail_all("this Tox instance was closed")
        autosave, self._autosave = self._autosave, None
        try:
            return _nothing if autosave is None else autosave.release()
        finally:
            core.kill()

    kill = close

    def __enter__(self) -> Tox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return "<Tox closed>" if self._core is None else f"<Tox {self.self_get_public_key()}>"

    def get_savedata(self) -> bytes:
        """Everything worth keeping, secret key included, in c-toxcore's format."""
        return self.core.get_savedata()

    def load(self, savedata: bytes) -> None:
        """Go on as the identity in `savedata`, with its friends; handlers, options and ports stay.

        Friends of the state before see us leave. The network is found through what both states know of it.
        ToxError NEW_LOAD_* for bad savedata, and nothing has changed then. With a profile only a state of
        the profile's own identity can be loaded (ValueError): another one belongs into another file.
        """
        core = self.core
        options = core.options.copy()
        options.savedata_type, options.savedata_data = 1, bytes(savedata)
        keys, _ = load_identity(options)
        if (
            self._autosave is not None
            and keys is not None
            and keys.public != self._autosave.profile.public_key
        ):
            raise ValueError("this savedata is of another identity than the profile")
        udp_port, nodes = core.socket.port, core.dht.saved_nodes()
        relays = core.tcp.relays_to_save(MAX_RELAYS)
        reporting = core.reports_dht_nodes()
        if udp_port:
            options.start_port = options.end_port = udp_port
        self.transfers.fail_all("this Tox instance became another")
        core.kill()
        self._core = None
        # the port is free now; should another program be quicker, this raises and we are closed
        self._core = core = Core(options)
        self.transfers.core = core
        core.dht.load_nodes(nodes)
        for relay in relays:
            core.tcp.add_relay(relay)
        core.report_dht_nodes(reporting)
        if self._autosave is not None:
            self._autosave.follow(core)

    def _changed(self) -> None:
        """There is something new to save."""
        if self._autosave is not None:
            self._autosave.changed()

    # running

    def iterate(self) -> list[Event]:
        """One pass: receive, run what is due, send. What happened is returned, oldest first.

        Handlers are called on the way. When one raises, so does this; the next call goes on behind that
        event, so none gets to a handler twice, and returns those that this one could not return.
        """
        self.core.iterate()
        events = self._untaken
        for event in self.take_events():
            events.append(event)
            self.handlers.call(event)
        self._untaken = []
        return events

    def take_events(self) -> Iterator[Event]:
        """What waits in the core, typed; handlers are for the caller to call."""
        core, transfers = self.core, self.transfers
        transfers.retry()
        for raw in core.drain_events():
            if transfers.handle(raw):
                continue
            event = from_core(raw)
            if isinstance(event, _WORTH_SAVING):
                self._changed()
            yield event

    def iteration_interval(self) -> int:
        """Milliseconds until `iterate` should be called again."""
        return self.core.iteration_interval()

    def events(self, timeout_s: float | None = None) -> Iterator[Event]:
        """Iterate and wait on the network in turn, yielding events until the time is up or `close`."""
        core = self.core
        descriptor = core.fileno()
        reading = [descriptor] if descriptor >= 0 else []
        end_ms = None if timeout_s is None else core.now_ms() + int(timeout_s * 1000)
        while self._is_running(end_ms):
            yield from self.iterate()
            if self._is_running(end_ms):
                select.select(reading, [], [], core.iteration_interval() / 1000)

    def _is_running(self, end_ms: int | None) -> bool:
        return self._core is not None and (end_ms is None or self._core.now_ms() < end_ms)

    # ourselves

    def self_get_address(self) -> ToxId:
        """Our Tox ID, to give to others."""
        return ToxId(self.core.self_get_address())

    def self_get_public_key(self) -> PublicKey:
        """Our long-term public key."""
        return PublicKey(self.core.self_get_public_key())

    def self_get_secret_key(self) -> SecretKey:
        """Our long-term secret key; `bytes()` of it has the bytes."""
        return SecretKey(self.core.self_get_secret_key())

    def self_get_nospam(self) -> int:
        """The nospam in our Tox ID."""
        return self.core.self_get_nospam()

    def self_set_nospam(self, nospam: int) -> None:
        """Change our Tox ID: requests to the old one are ignored from now on."""
        self.core.self_set_nospam(nospam)
        self._changed()

    def self_get_name(self) -> str:
        """Our name."""
        return to_text(self.core.self_get_name())

    def self_set_name(self, name: str | bytes) -> None:
        """Set our name, at most 128 bytes of UTF-8."""
        self.core.self_set_name(to_bytes(name))
        self._changed()

    def self_get_status_message(self) -> str:
        """Our status message."""
        return to_text(self.core.self_get_status_message())

    def self_set_status_message(self, message: str | bytes) -> None:
        """Set our status message, at most 1007 bytes of UTF-8."""
        self.core.self_set_status_message(to_bytes(message))
        self._changed()

    def self_get_status(self) -> UserStatus:
        """Our status."""
        return UserStatus(self.core.self_get_status())

    def self_set_status(self, status: UserStatus | int) -> None:
        """Set our status."""
        self.core.self_set_status(UserStatus(status).value)
        self._changed()

    # friends

    def self_get_friend_list(self) -> list[int]:
        """The numbers of all friends."""
        return list(self.core.self_get_friend_list())

    def friend_add(self, address: str | bytes | ToxId, message: str | bytes) -> int:
        """Send a friend request to a Tox ID; the new friend's number."""
        number = self.core.friend_add(ToxId(address).raw, to_bytes(message))
        self._changed()
        return number

    def friend_add_norequest(self, public_key: str | bytes | PublicKey) -> int:
        """Add without a request, for example to accept one; the new friend's number."""
        number = self.core.friend_add_norequest(PublicKey(public_key).raw)
        self._changed()
        return number

    def friend_delete(self, friend_number: int) -> None:
        """Remove a friend; they are not told."""
        self.core.friend_delete(friend_number)
        self.transfers.fail_friend(friend_number, "the friend was deleted")
        self._changed()

    def friend_by_public_key(self, public_key: str | bytes | PublicKey) -> int:
        """The number of the friend with that key."""
        return self.core.friend_by_public_key(PublicKey(public_key).raw)

    def friend_exists(self, friend_number: int) -> bool:
        """Is there such a friend."""
        return self.core.friend_exists(friend_number)

    def friend_get_public_key(self, friend_number: int) -> PublicKey:
        """A friend's long-term public key."""
        return PublicKey(self.core.friend_get_public_key(friend_number))

    def friend_get_last_online(self, friend_number: int) -> int:
        """Seconds since 1970 of the last moment we saw them online, 0 for never."""
        return self.core.friend_get_last_online(friend_number)

    def friend_get_name(self, friend_number: int) -> str:
        """A friend's name as last told."""
        return to_text(self.core.friend_get_name(friend_number))

    def friend_get_status_message(self, friend_number: int) -> str:
        """A friend's status message as last told."""
        return to_text(self.core.friend_get_status_message(friend_number))

    def friend_get_status(self, friend_number: int) -> UserStatus:
        """A friend's status as last told."""
        return UserStatus(self.core.friend_get_status(friend_number))

    def friend_get_connection_status(self, friend_number: int) -> Connection:
        """Is a friend online, and how."""
        return Connection(self.core.friend_get_connection_status(friend_number))

    def friend_get_typing(self, friend_number: int) -> bool:
        """Is a friend typing."""
        return self.core.friend_get_typing(friend_number)

    def friend_why_offline(self, friend_number: int) -> WhyOffline:
        """How far the connection to a friend came, and when."""
        return WhyOffline(self.core.friend_diagnosis(friend_number))

    def self_set_typing(self, friend_number: int, typing: bool) -> None:
        """Tell a friend whether we are typing."""
        self.core.self_set_typing(friend_number, typing)

    # handlers

    def on(self, kind: type[E], handler: Callable[[E], object] | None) -> Callable[[E], object] | None:
        """Call `handler(event)` for events of that type; None to stop. The handler before is returned."""
        return self.handlers.set(kind, handler)

    def on_message(self, handler: MessageHandler | None) -> MessageHandler | None:
        """Call `handler(friend_number, text)` for each message; None to stop. The one before is returned."""
        return self.handlers.set_message(handler)

    def on_typed_message(self, handler: TypedMessageHandler | None) -> TypedMessageHandler | None:
        """Call `handler(friend_number, message_type, text)` for each message, after that of `on_message`."""
        return self.handlers.set_typed_message(handler)

    def on_packet(self, packet_id: int, handler: PacketHandler | None) -> PacketHandler | None:
        """Call `handler(friend_number, data)` for custom packets with that first byte; None to stop.

        160 to 191 are lossless, 200 to 254 lossy. The handler before is returned.
        """
        return self.handlers.set_packet(packet_id, handler)

    # messages

    def friend_send_message(
        self, friend_number: int, message: str | bytes, type: MessageType | int = MessageType.NORMAL
    ) -> int:
        """Send a message, 1 to 1372 bytes of UTF-8; its id comes back in the FriendReadReceipt."""
        return self.core.friend_send_message(friend_number, MessageType(type).value, to_bytes(message))

    def friend_send_lossy_packet(self, friend_number: int, data: bytes) -> None:
        """Send a custom packet that may get lost; first byte 192 to 254, at most 1373 bytes."""
        self.core.friend_send_lossy_packet(friend_number, bytes(data))

    def friend_send_lossless_packet(self, friend_number: int, data: bytes) -> None:
        """Send a custom packet; first byte 160 to 191, at most 1373 bytes."""
        self.core.friend_send_lossless_packet(friend_number, bytes(data))

    @staticmethod
    def hash(data: bytes) -> bytes:
        """SHA-256, 32 bytes, as avatars are compared."""
        return Core.hash(data)
