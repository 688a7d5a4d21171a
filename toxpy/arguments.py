"""What Python programs pass, checked where it comes in: each wrong type or range is an error in words.

C programs cannot pass these, so nothing below `Tox` looks for them. TypeError says that something else is
needed, ValueError that it is out of range. Numbers of friends and files need no range: one that nobody has
is the ToxError of the function, NOT_FOUND.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, TypeVar

from toxpy.generated import enums
from toxpy.ids import bytes_of, from_hex, kind_of
from toxpy.options import HANDSHAKE_MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from toxpy.options import Options

T = TypeVar("T")

U8_MAX, U16_MAX, U32_MAX, U64_MAX = 2**8 - 1, 2**16 - 1, 2**32 - 1, 2**64 - 1
#: Bytes of the ID of a conference, and of a chat ID.
ROOM_ID_SIZE = 32
#: Fields of `Options` by what they hold.
FLAGS = (
    "ipv6_enabled",
    "udp_enabled",
    "local_discovery_enabled",
    "dht_announcements_enabled",
    "proxy_may_leak",
    "hole_punching_enabled",
    "experimental_thread_safety",
    "experimental_groups_persistence",
    "experimental_disable_dns",
    "handshake_fallback",
    "extended_messages",
)
PORTS = ("proxy_port", "start_port", "end_port", "tcp_port")
#: Words for the values of `HandshakePolicy`.
HANDSHAKE_POLICIES = {
    "auto": enums.TOX_HANDSHAKE_POLICY_AUTO,
    "require": enums.TOX_HANDSHAKE_POLICY_REQUIRE,
    "legacy": enums.TOX_HANDSHAKE_POLICY_LEGACY,
}


def as_number(value: int, what: str = "a friend number") -> int:
    """A whole number, as one that names something."""
    if type(value) is int:
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} is a whole number, not {_shown(value)}")
    return int(value)


def as_range(value: int, what: str, largest: int) -> int:
    """A whole number from 0 to `largest`."""
    number = as_number(value, what)
    if not 0 <= number <= largest:
        raise ValueError(f"{what} is a number from 0 to {largest}, not {number}")
    return number


def as_flag(value: bool, what: str) -> bool:
    """True or False; 1 and 0 are as good."""
    if value not in (True, False):
        raise TypeError(f"{what} is True or False, not {_shown(value)}")
    return bool(value)


def as_text(value: str | bytes, what: str) -> bytes:
    """Text as it goes to the network."""
    if isinstance(value, str):
        try:
            return value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError(f"{what} has a character that is none: {value[error.start]!r}") from None
    try:
        return bytes_of(value)
    except TypeError:
        raise TypeError(f"{what} is text, not {_shown(value)}") from None


def as_bytes(value: bytes, what: str) -> bytes:
    """Bytes, or what has some."""
    try:
        return bytes_of(value)
    except TypeError:
        # without the value, which may be a secret
        raise TypeError(f"{what} is bytes, not {kind_of(value)}") from None


def as_id(value: str | bytes, what: str = "conference ID") -> bytes:
    """The ID of a conference, or a chat ID: bytes, or hex digits."""
    if isinstance(value, str):
        return from_hex(value, ROOM_ID_SIZE, what)
    return as_bytes(value, f"a {what}")


def as_host(value: str | bytes) -> str | bytes:
    """A host name or IP address."""
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"a host is text, not {_shown(value)}")
    return value


def as_port(value: int) -> int:
    """A port; 0 is the ToxError BAD_PORT of the function."""
    return as_range(value, "a port", U16_MAX)


def as_seconds(value: float | None, what: str) -> float | None:
    """A time span, or None for no limit."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{what} is a number of seconds or None, not {_shown(value)}")
    if not isfinite(value) or value < 0:
        raise ValueError(f"{what} is a number of seconds from 0 on, or None, not {value}")
    return value


def as_kind(value: T, kind: type[T], what: str) -> T:
    """An object of that class."""
    if not isinstance(value, kind):
        raise TypeError(f"{what} is needed here, not {_shown(value)}")
    return value


def _check_networks(options: Options) -> None:
    """The part of `check_options` for networks beside the internet."""
    if options.endpoint is not None and not callable(getattr(options.endpoint, "make", None)):
        raise TypeError(f"endpoint is Endpoint.tor() or another Endpoint, not {_shown(options.endpoint)}")
    if options.only_networks:
        # most instances use all networks
        from toxpy.network.only_networks import OnlyNetworks

        try:
            options.only_networks = OnlyNetworks(options.only_networks).types
        except TypeError:
            raise TypeError(
                f"only_networks is a set of AddressType, not {_shown(options.only_networks)}"
            ) from None
        if options.endpoint is not None:
            OnlyNetworks(options.only_networks).check_endpoint(options.endpoint.kind)


def check_options(options: Options) -> None:
    """All fields have the right types and ranges."""
    for name in FLAGS:
        as_flag(getattr(options, name), name)
    for name in PORTS:
        as_range(getattr(options, name), name, U16_MAX)
    for name in ("proxy_type", "savedata_type"):
        as_number(getattr(options, name), name)
    if options.proxy_host is not None:
        as_host(options.proxy_host)
    as_bytes(options.savedata_data, "savedata")
    options.capabilities = as_functions(options.capabilities, "capabilities")
    options.handshake = as_choice(options.handshake, "handshake", HANDSHAKE_MODES)
    options.handshake_default_policy = as_choice(
        options.handshake_default_policy, "handshake_default_policy", HANDSHAKE_POLICIES
    )
    if options.offline_messages is not False:
        # most instances keep none
        from toxpy.ext.offline.options import as_offline

        options.offline_messages = as_offline(options.offline_messages) or False
    _check_networks(options)
    is_legacy = options.handshake == enums.TOX_HANDSHAKE_MODE_LEGACY_ONLY
    if is_legacy and options.handshake_default_policy == enums.TOX_HANDSHAKE_POLICY_REQUIRE:
        raise ValueError('handshake_default_policy "require" needs handshake "prefer" or "only"')
    is_only = options.handshake == enums.TOX_HANDSHAKE_MODE_NOISE_ONLY
    if is_only and options.handshake_default_policy == enums.TOX_HANDSHAKE_POLICY_LEGACY:
        raise ValueError('handshake_default_policy "legacy" needs handshake "prefer": "only" has Noise alone')


def as_choice(value: int | str, what: str, words: dict[str, int]) -> int:
    """A value by its word, or one of the values; an enumerator is one."""
    if isinstance(value, str):
        if value not in words:
            raise ValueError(f"{what} is one of {', '.join(words)}, not {_shown(value)}")
        return words[value]
    number = as_number(value, what)
    if number not in words.values():
        raise ValueError(f"{what} is one of {', '.join(words)}, not {number}")
    return number


def as_functions(values: Iterable[Callable[..., object]], what: str) -> tuple[Callable[..., object], ...]:
    """Several functions, also from an iterator."""
    try:
        functions = tuple(values)
    except TypeError:
        raise TypeError(f"{what} is a list of functions, not {_shown(values)}") from None
    for function in functions:
        if not callable(function):
            raise TypeError(f"{what} is a list of functions, and {_shown(function)} is none")
    return functions


def _shown(value: object) -> str:
    """A wrong value for a message: short, and nothing that may be secret."""
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) <= 30 else value[:30] + "...")
    return kind_of(value)
