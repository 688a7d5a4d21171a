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

from toxpy.arguments import as_bytes, as_kind, as_seconds, check_options
from toxpy.av.tox import CallsTox
from toxpy.conference.tox import ConferenceAudioTox, ConferenceTox
from toxpy.core import Core
from toxpy.ext.handshake.tox import HandshakeTox
from toxpy.ext.messages.tox import MessagesTox
from toxpy.ext.networks.tox import NetworksTox
from toxpy.ext.offline.tox import OfflineTox
from toxpy.files.tox import FilesTox
from toxpy.friend.tox import FriendTox, UserTox
from toxpy.generated.typed_events import Event, ToxavCall
from toxpy.group.tox import GroupPeersTox, GroupStateTox, GroupTox
from toxpy.handlers import E, Handlers, MessageHandler, PacketHandler, TypedMessageHandler, check_function
from toxpy.network.saved import MAX_RELAYS
from toxpy.network.tox import NetworkTox
from toxpy.options import Options, hide_behind_proxy
from toxpy.save.autosave import Autosave
from toxpy.start import load_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from toxpy.save.profile import Profile

__all__ = ["Tox", "build_options"]


def build_options(options: Options | None, fields: dict[str, Any]) -> Options:
    """A copy of `options` (or of the defaults) with the given fields changed.

    `savedata=` is a short form of `savedata_type` and `savedata_data`; empty means a new identity.
    With a proxy everything that would go around it is off, see `Options`; ValueError for a `tcp_port` then.
    """
    savedata = fields.pop("savedata", b"")
    if options is not None:
        as_kind(options, Options, "Options")
    built = Options(**fields) if options is None else options.copy()
    if options is not None:
        for name, value in fields.items():
            built.set(name, value)
    savedata = as_bytes(savedata, "savedata")
    if savedata:
        built.savedata_type, built.savedata_data = 1, savedata
    check_options(built)
    check_function(built.log_callback)
    if built.proxy_type and not built.proxy_may_leak:
        if built.tcp_port:
            raise ValueError("tcp_port would show our address beside the proxy; see Options.proxy_may_leak")
        hide_behind_proxy(built)
    return built


def with_profile(options: Options, profile: Profile | None) -> Options:
    """The options, to start from the profile if there is one."""
    if profile is not None:
        # who has one has loaded the module
        from toxpy.save.profile import Profile

        as_kind(profile, Profile, "a Profile")
        if options.savedata_type:
            raise TypeError("give a profile or savedata, not both")
        options.savedata_type, options.savedata_data = 1, profile.savedata
    return options


def _nothing() -> None:
    """The last save of an instance without a profile."""


class Tox(
    UserTox,
    FriendTox,
    OfflineTox,
    MessagesTox,
    FilesTox,
    ConferenceTox,
    ConferenceAudioTox,
    GroupTox,
    GroupStateTox,
    GroupPeersTox,
    CallsTox,
    HandshakeTox,
    NetworksTox,
    NetworkTox,
):
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
        super().__init__(core)
        self.handlers = Handlers()
        self._untaken: list[Event] = []
        if profile is not None:
            try:
                self._autosave = Autosave(profile, core)
                self._begin_saving()
            except BaseException:
                core.kill()
                raise

    # life

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
        self._leave_core("this Tox instance was closed")
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
        options.savedata_type, options.savedata_data = 1, as_bytes(savedata, "savedata")
        keys, _ = load_identity(options)
        if (
            self._autosave is not None
            and keys is not None
            and keys.public != self._autosave.profile.public_key
        ):
            raise ValueError("this savedata is of another identity than the profile")
        udp_port, nodes = core.socket.port, core.dht.saved_nodes()
        relays = core.tcp.relays_to_save(MAX_RELAYS)
        reporting = core.network.reports_dht_nodes()
        if udp_port:
            options.start_port = options.end_port = udp_port
        self._leave_core("this Tox instance became another")
        core.kill()
        self._core = None
        # the port is free now; should another program be quicker, this raises and we are closed
        self._core = core = Core(options)
        self._enter_core(core)
        core.dht.load_nodes(nodes)
        for relay in relays:
            core.tcp.add_relay(relay)
        core.network.report_dht_nodes(reporting)
        if self._autosave is not None:
            self._autosave.follow(core)
            self._begin_saving()

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
        core, takes, typed = self.core, self._takes, self._typed
        self._before_events()
        for event in core.drain_events():
            if not takes(event):
                yield typed(event)

    def iteration_interval(self) -> int:
        """Milliseconds until `iterate` should be called again."""
        interval_ms, due_ms = self.core.iteration_interval(), self._due_ms()
        return interval_ms if due_ms is None else min(interval_ms, due_ms)

    def deadline_in_ms(self) -> int | None:
        """Milliseconds until a pass has something to do, 0 when it has; None for when something arrives."""
        if self.core.has_events():
            return 0
        deadlines = [delay for delay in (self.core.deadline_in_ms(), self._due_ms()) if delay is not None]
        return min(deadlines, default=None)

    def events(self, timeout_s: float | None = None) -> Iterator[Event]:
        """Iterate and wait on the network in turn, yielding events until the time is up or `close`."""
        timeout_s = as_seconds(timeout_s, "timeout_s")
        return self._events(timeout_s)

    def _events(self, timeout_s: float | None) -> Iterator[Event]:
        core = self.core
        descriptor = core.fileno()
        reading = [descriptor] if descriptor >= 0 else []
        end_ms = None if timeout_s is None else core.now_ms() + int(timeout_s * 1000)
        while self._is_running(end_ms):
            yield from self.iterate()
            if self._is_running(end_ms):
                select.select(reading, [], [], self.iteration_interval() / 1000)

    def _is_running(self, end_ms: int | None) -> bool:
        return self._core is not None and (end_ms is None or self._core.now_ms() < end_ms)

    # handlers

    def on(self, kind: type[E], handler: Callable[[E], object] | None) -> Callable[[E], object] | None:
        """Call `handler(event)` for events of that type; None to stop. The handler before is returned.

        One for `ToxavCall` has calls taken, as `toxav_new` does.
        """
        before = self.handlers.set(kind, handler)
        if self.handlers.has(ToxavCall):
            self.toxav_new()
        return before

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

    @staticmethod
    def hash(data: bytes) -> bytes:
        """SHA-256, 32 bytes, as avatars are compared."""
        return Core.hash(as_bytes(data, "data"))
