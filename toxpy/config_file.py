"""Settings of the user for programs that know nothing of them: the TOML file that TOXPY_CONFIG names.

The C library reads it in tox_new when the variable is set. What it says goes before what the program says:

    [network]
    proxy = "socks5://127.0.0.1:9050"
    udp = false
    ipv6 = false
    lan = false
    handshake = "prefer"
    only = ["tor"]

    [endpoint]
    type = "tor"

    [offline]
    mailboxes = ["192.0.2.1:33445:..."]

With a proxy nothing goes around it, as in Python. A file that cannot be read or understood is an error, and
so is a key that nobody knows: a mistyped word must not be a leak. Loaded only when there is a file.
"""

from __future__ import annotations

from tomllib import TOMLDecodeError, loads
from urllib.parse import urlsplit

from toxpy.generated import enums
from toxpy.ids import ADDRESS_SIZE, PUBLIC_KEY_SIZE
from toxpy.options import HANDSHAKE_MODES, hide_behind_proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toxpy.ext.networks.options import Endpoint
    from toxpy.ext.offline.options import Offline
    from toxpy.options import Options

#: Bytes read of a file; a whole one has a few hundred.
MAX_FILE_SIZE = 65536
_PROXY_TYPES = {"socks5": enums.TOX_PROXY_TYPE_SOCKS5, "http": enums.TOX_PROXY_TYPE_HTTP}
#: What [endpoint] can say, by its type: the arguments of a method of `Endpoint` with that name.
_ENDPOINTS: dict[str, dict[str, type]] = {
    "tor": {"control": str, "password": str, "cookie_file": str, "port": int, "socks": str, "tell_to": list},
    "i2p": {"sam": str, "port": int, "socks": str, "tell_to": list},
    "onion_folder": {"folder": str, "port": int, "listen": int, "socks": str, "tell_to": list},
    "name": {"address": str, "listen": int, "socks": str, "tell_to": list},
}
_KINDS: dict[type, str] = {str: "a text", int: "a whole number", list: "a list of public keys"}
#: What [offline] can say beside `enabled`: the arguments of `Offline`.
_OFFLINE: dict[str, type] = {"mailboxes": list, "lend": list, "find": bool, "cover": bool}
_FLAGS = {"udp": "udp_enabled", "ipv6": "ipv6_enabled", "lan": "local_discovery_enabled"}


def parse_proxy(text: str) -> dict[str, Any]:
    """The proxy's fields of `Options` for a URL; ValueError in words for what is none."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        port = None
    if port is None or parts.scheme not in _PROXY_TYPES or not parts.hostname:
        raise ValueError(f"{text!r} is neither socks5://HOST:PORT nor http://HOST:PORT")
    if parts.username is not None:
        raise ValueError("a proxy with a user name cannot be used")
    return {"proxy_type": _PROXY_TYPES[parts.scheme], "proxy_host": parts.hostname, "proxy_port": port}


def read_config(path: str | bytes) -> dict[str, Any]:
    """The fields of `Options` that a file sets; ValueError in words for one that cannot be followed."""
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE_SIZE + 1)
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from error
    if len(content) > MAX_FILE_SIZE:
        raise ValueError(f"it has more than {MAX_FILE_SIZE} bytes")
    try:
        tables = loads(content.decode("utf-8"))
    except (TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"it is no TOML: {error}") from error
    fields: dict[str, Any] = {}
    for name, table in tables.items():
        if name not in ("network", "endpoint", "offline") or not isinstance(table, dict):
            raise ValueError(f"it has no table {name!r}; there are [network], [endpoint] and [offline]")
        if name == "endpoint":
            fields["endpoint"] = _read_endpoint(table)
            continue
        if name == "offline":
            fields["offline_messages"] = _read_offline(table)
            continue
        for key, value in table.items():
            fields.update(_read_key(key, value))
    return fields


def _read_endpoint(table: dict[str, object]) -> Endpoint:
    """The endpoint that a table describes: its type, and what `Endpoint` takes for that one."""
    from toxpy.ext.networks.options import Endpoint

    rest = dict(table)
    kind = rest.pop("type", None)
    keys = _ENDPOINTS.get(kind) if isinstance(kind, str) else None
    if not isinstance(kind, str) or keys is None:
        raise ValueError(f"[endpoint] has a type, one of {', '.join(_ENDPOINTS)}, not {kind!r}")
    for key, value in rest.items():
        expected = keys.get(key)
        if expected is None:
            raise ValueError(f"[endpoint] of type {kind} has no {key!r}: {', '.join(keys)}")
        if type(value) is not expected:
            raise ValueError(f"{key} is {_KINDS[expected]}, not {value!r}")
    arguments: dict[str, Any] = rest
    if "tell_to" in rest:
        arguments["tell_to"] = [_public_key(key) for key in arguments["tell_to"]]
    make: Any = getattr(Endpoint, kind)
    try:
        endpoint: Endpoint = make(**arguments)
    except TypeError as error:
        raise ValueError(f"[endpoint] of type {kind} lacks a key of {', '.join(keys)}") from error
    return endpoint


def _read_offline(table: dict[str, object]) -> Offline | bool:
    """What a table says of messages for friends who are away: on, unless it says otherwise."""
    from toxpy.ext.offline.options import Offline

    rest = dict(table)
    enabled = rest.pop("enabled", True)
    if not isinstance(enabled, bool):
        raise ValueError(f"enabled is true or false, not {enabled!r}")
    for key, value in rest.items():
        expected = _OFFLINE.get(key)
        if expected is None:
            raise ValueError(f"[offline] has no {key!r}: enabled, {', '.join(_OFFLINE)}")
        if type(value) is not expected:
            what = "true or false" if expected is bool else "a list of mailboxes"
            raise ValueError(f"{key} is {what}, not {value!r}")
    fields: Any = rest
    try:
        offline = Offline(**fields)
    except TypeError as error:
        raise ValueError(str(error)) from error
    return offline if enabled else False


def _public_key(text: object) -> bytes:
    """The key that a Tox ID begins with, or a public key alone."""
    try:
        key = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        key = b""
    if len(key) not in (PUBLIC_KEY_SIZE, ADDRESS_SIZE):
        raise ValueError(f"tell_to is a list of public keys or Tox IDs, and {text!r} is none")
    return key[:PUBLIC_KEY_SIZE]


def _read_key(key: str, value: object) -> dict[str, Any]:
    """The fields that one line sets."""
    if key in _FLAGS:
        if not isinstance(value, bool):
            raise ValueError(f"{key} is true or false, not {value!r}")
        return {_FLAGS[key]: value}
    if key == "only":
        from toxpy.ext.networks.options import NETWORKS

        if not isinstance(value, list) or not value or any(name not in NETWORKS for name in value):
            raise ValueError(f"only is a list of {', '.join(NETWORKS)}, not {value!r}")
        return {"only_networks": frozenset(NETWORKS[name] for name in value)}
    if key == "proxy":
        if not isinstance(value, str):
            raise ValueError(f"{key} is a text, not {value!r}")
        return parse_proxy(value)
    if key == "handshake":
        if not isinstance(value, str) or value not in HANDSHAKE_MODES:
            raise ValueError(f"handshake is one of {', '.join(HANDSHAKE_MODES)}, not {value!r}")
        return {"handshake": HANDSHAKE_MODES[value]}
    raise ValueError(f"[network] has no {key!r}: {', '.join([*_FLAGS, 'proxy', 'handshake', 'only'])}")


def apply_config(path: str | bytes, options: Options) -> None:
    """Change the options as a file says; ValueError, and nothing is changed, when it cannot be followed."""
    fields = read_config(path)
    for name, value in fields.items():
        setattr(options, name, value)
    if "proxy_type" in fields:
        options.proxy_may_leak = False
        # a relay of the program's would show our address
        options.tcp_port = 0
        hide_behind_proxy(options)
