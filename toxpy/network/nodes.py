"""Addresses of bootstrap nodes and relays, read from a file.

`load_nodes` reads what https://nodes.tox.chat/json says, or lines of HOST:PORT:KEY. `Tox.bootstrap_from`,
`AsyncTox.bootstrap_from` and `AsyncTox.stay_connected` take them.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from toxpy.arguments import as_kind
from toxpy.handlers import check_function
from toxpy.ids import PublicKey, kind_of
from toxpy.runtime import Rng

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["NodeAddress", "first_asked", "load_nodes"]

#: Nodes and relays asked at once: enough to find one that answers; a public list has many more.
MAX_NODES, MAX_RELAYS = 16, 6
#: Bytes read of a nodes file; the public list has about 60 KiB.
MAX_NODES_FILE_SIZE = 4 * 1024 * 1024
MAX_PORT = 65535
#: Bad entries that are told one by one.
MAX_PROBLEMS = 20


class NodeAddress(NamedTuple):
    """Where a node is; `port` is that of UDP, `tcp_port` that of its relay, 0 for none."""

    host: str
    port: int
    public_key: PublicKey
    tcp_port: int = 0

    @classmethod
    def parse(cls, text: str) -> NodeAddress:
        """HOST:PORT:KEY, an IPv6 address in brackets; ValueError for anything else."""
        place, _, key = text.rpartition(":")
        host, _, port = place.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not host:
            raise ValueError(f"{text!r} is not HOST:PORT:KEY")
        try:
            return cls(host, parse_port(port), PublicKey(key))
        except ValueError as error:
            raise ValueError(f"{text!r} is not HOST:PORT:KEY: {error}") from error


def parse_port(text: str) -> int:
    """1 to 65535, or ValueError."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PORT):
        raise ValueError(f"there is no port {text!r}")
    return int(text)


def load_nodes(
    path: str | os.PathLike[str], on_error: Callable[[str], object] | None = None
) -> list[NodeAddress]:
    """The nodes of a file, in random order, so that not everybody starts at the same one.

    An entry that makes no sense is left out; `on_error` is told which and why, without it that is a warning.
    OSError when the file cannot be read, ValueError when it is no such file or nothing in it makes sense.
    """
    check_function(on_error)
    with open(path, "rb") as file:
        content = file.read(MAX_NODES_FILE_SIZE)
    nodes: list[NodeAddress] = []
    problems: list[str] = []
    try:
        text = content.decode("utf-8")
        is_json = text.lstrip().startswith("{")
        parse = _listed if is_json else _line
        for where, entry in _entries(json.loads(text)) if is_json else _lines(text):
            try:
                nodes += parse(entry)
            except (ValueError, TypeError) as error:
                problems.append(f"{where}: {error}")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"cannot understand the nodes file {path}: {error}") from error
    if not nodes:
        if problems:
            raise ValueError(f"cannot understand the nodes file {path}: {problems[0]}")
        raise ValueError(f"there are no nodes in {path}")
    if len(problems) > MAX_PROBLEMS:
        problems[MAX_PROBLEMS:] = [f"{len(problems) - MAX_PROBLEMS} more entries make no sense"]
    for problem in problems:
        message = f"{path}: {problem}; it is left out"
        if on_error is not None:
            on_error(message)
        else:
            warnings.warn(message, stacklevel=2)
    Rng().shuffle(nodes)
    return nodes


def first_asked(nodes: Iterable[NodeAddress]) -> tuple[list[NodeAddress], list[NodeAddress]]:
    """The nodes to ask now, and the relays."""
    known = as_nodes(nodes)
    return [n for n in known if n.port][:MAX_NODES], [n for n in known if n.tcp_port][:MAX_RELAYS]


def as_nodes(nodes: object) -> list[NodeAddress]:
    """The nodes, or TypeError for what are none."""
    if isinstance(nodes, str | bytes) or not isinstance(nodes, Iterable):
        raise TypeError(f"nodes are what load_nodes returns, not {kind_of(nodes)}")
    return [as_kind(node, NodeAddress, "a NodeAddress") for node in nodes]


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """What stands in each line but remarks, and which one that is."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            yield f"line {number}", ":".join(words)


def _line(text: str) -> list[NodeAddress]:
    return [NodeAddress.parse(text)]


def _entries(found: Any) -> Iterator[tuple[str, Any]]:
    """The nodes in the JSON of nodes.tox.chat, and which one each is."""
    nodes = found.get("nodes")
    if not isinstance(nodes, list):
        raise ValueError("it has no list of nodes")
    for number, entry in enumerate(nodes, 1):
        yield f"node {number}", entry


def _listed(entry: Any) -> list[NodeAddress]:
    """A node of nodes.tox.chat under each of its addresses, with one port of its relay."""
    if not isinstance(entry, dict) or not isinstance(entry.get("public_key"), str):
        raise ValueError("it has no public_key")
    key, port, tcp_port = PublicKey(entry["public_key"]), 0, 0
    if entry.get("status_udp", True):
        port = parse_port(str(entry.get("port")))
    tcp_ports = entry.get("tcp_ports")
    if entry.get("status_tcp", True) and tcp_ports:
        tcp_port = parse_port(str(tcp_ports[0] if isinstance(tcp_ports, list) else tcp_ports))
    hosts = [host for host in (entry.get("ipv4"), entry.get("ipv6")) if host and host not in ("-", "NONE")]
    if not all(isinstance(host, str) for host in hosts):
        raise ValueError("its address is no text")
    return [NodeAddress(host, port, key, tcp_port) for host in hosts if port or tcp_port]
