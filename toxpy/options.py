"""What an instance is started with. Fields and defaults are those of `struct Tox_Options`."""

from __future__ import annotations

from toxpy.generated.enums import (
    TOX_HANDSHAKE_MODE_LEGACY_ONLY,
    TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY,
    TOX_HANDSHAKE_MODE_NOISE_ONLY,
    TOX_HANDSHAKE_POLICY_AUTO,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    #: level (TOX_LOG_LEVEL_*), file, line, function, message: the C callback without Tox and user_data
    LogCallback = Callable[[int, str, int, str, str], None]

#: Words for the values of TOX_HANDSHAKE_MODE.
HANDSHAKE_MODES = {
    "only": TOX_HANDSHAKE_MODE_NOISE_ONLY,
    "prefer": TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY,
    "legacy": TOX_HANDSHAKE_MODE_LEGACY_ONLY,
}


class StructOptions:
    """The fields of `struct Tox_Options`, with its defaults."""

    __slots__ = (
        "dht_announcements_enabled",
        "end_port",
        "experimental_disable_dns",
        "experimental_groups_persistence",
        "experimental_thread_safety",
        "hole_punching_enabled",
        "ipv6_enabled",
        "local_discovery_enabled",
        "log_callback",
        "proxy_host",
        "proxy_port",
        "proxy_type",
        "savedata_data",
        "savedata_type",
        "start_port",
        "tcp_port",
        "udp_enabled",
    )

    def __init__(self) -> None:
        self.ipv6_enabled = True
        self.udp_enabled = True
        self.local_discovery_enabled = True
        self.dht_announcements_enabled = True
        self.proxy_type = 0
        self.proxy_host: str | bytes | None = None
        self.proxy_port = 0
        self.start_port = 0
        self.end_port = 0
        self.tcp_port = 0
        self.hole_punching_enabled = True
        self.savedata_type = 0
        self.savedata_data = b""
        self.log_callback: LogCallback | None = None
        self.experimental_thread_safety = False
        self.experimental_groups_persistence = False
        self.experimental_disable_dns = False


class Options(StructOptions):
    """Settings of one instance; change the fields, then pass it to `Core`, `Tox` or `AsyncTox`.

    Keyword arguments set fields by name. `savedata_data` is either what `get_savedata`
    returned (`savedata_type` 1) or a 32-byte secret key (2), and never shows in a repr.
    A `start_port` or `end_port` of 0 means the default range 33445 to 33545.

    With a proxy `Tox` and `AsyncTox` see to it that nothing goes around it: no UDP, no packets into
    the LAN, no name looked up here (a relay's name goes to the proxy), no relay of our own.
    `proxy_may_leak` gives that up, for what C programs get: names are looked up locally unless
    `experimental_disable_dns`, and `tcp_port` works.

    `capabilities` are functions, each of which gets the new `Core` and builds a
    `toxpy.friend.capability.Capability`: see `Core.add`.

    `handshake` says which handshakes sessions come from: a `HandshakeMode`, or one of the words "legacy" (the
    default), "prefer" (Noise with everybody who has it) and "only". `handshake_default_policy` is the
    `HandshakePolicy` ("auto", "require", "legacy") of friends for whom none was set. Without
    `handshake_fallback` we begin no old handshake ourselves after Noise was not answered.

    `only_networks`: values of `AddressType`, for example {AddressType.ONION}. Nothing of another network is
    then dialled, told, looked up or announced. Without IPV4 and IPV6 there is no UDP, no LAN and no DHT, and
    friends are met at endpoints in these networks. Empty, as it is at first: all networks.

    `extended_messages`: long messages, ids, edits and more with friends who have them too.

    `offline_messages`: messages to friends who are away are kept, and friends' messages fetched from
    mailboxes: True, or an `Offline`, which says where. It turns `extended_messages` on.

    `endpoint`: where friends reach us through another network, with nobody in between, and that we reach them
    at theirs.
    """

    __slots__ = (
        "capabilities",
        "endpoint",
        "extended_messages",
        "handshake",
        "handshake_default_policy",
        "handshake_fallback",
        "offline_messages",
        "only_networks",
        "proxy_may_leak",
    )

    def __init__(self, **fields: Any) -> None:
        super().__init__()
        self.proxy_may_leak = False
        self.capabilities: Iterable[Callable[[Any], object]] = ()
        self.handshake: int | str = TOX_HANDSHAKE_MODE_LEGACY_ONLY
        self.handshake_default_policy: int | str = TOX_HANDSHAKE_POLICY_AUTO
        self.handshake_fallback = True
        self.extended_messages = False
        #: or `toxpy.ext.offline.options.Offline`
        self.offline_messages: Any = False
        self.only_networks: Iterable[int] = frozenset()
        #: `toxpy.ext.networks.endpoint.EndpointOption`
        self.endpoint: Any = None
        for name, value in fields.items():
            self.set(name, value)

    def set(self, name: str, value: object) -> None:
        """Change the field of that name; TypeError when there is none."""
        if name not in FIELDS:
            raise TypeError(f"Options has no field {name!r}")
        setattr(self, name, value)

    def copy(self) -> Options:
        """An independent copy."""
        return Options(**{name: getattr(self, name) for name in FIELDS})

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in FIELDS if name != "log_callback"}
        shown["savedata_data"] = f"<{len(self.savedata_data or b'')} bytes>"
        return "Options(" + ", ".join(f"{name}={value!r}" for name, value in shown.items()) + ")"


#: The names of all fields.
FIELDS = (*StructOptions.__slots__, *Options.__slots__)


def hide_behind_proxy(options: Options) -> None:
    """Turn off what would go around the proxy: UDP, packets into the LAN, names looked up here."""
    options.udp_enabled = options.local_discovery_enabled = False
    options.experimental_disable_dns = True
