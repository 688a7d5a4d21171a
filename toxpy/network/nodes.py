"""Addresses of bootstrap nodes and relays, read from a file.

`load_nodes` reads what https://nodes.tox.chat/json says, or lines of HOST:PORT:KEY. `Tox.bootstrap_from`,
`AsyncTox.bootstrap_from` and `AsyncTox.stay_connected` take them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from toxpy.arguments import as_kind
from toxpy.ids import PublicKey
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


def load_nodes(path: str | os.PathLike[str]) -> list[NodeAddress]:
    """The nodes of a file, in random order, so that not everybody starts at the same one.

    OSError when it cannot be read, ValueError when it is no such file or has no node.
    """
    with open(path, "rb") as file:
        content = file.read(MAX_NODES_FILE_SIZE)
    try:
        text = content.decode("utf-8")
        nodes = list(_listed(json.loads(text)) if text.lstrip().startswith("{") else _lines(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"cannot understand the nodes file {path}: {error}") from error
    if not nodes:
        raise ValueError(f"there are no nodes in {path}")
    Rng().shuffle(nodes)
    return nodes


def first_asked(nodes: Iterable[NodeAddress]) -> tuple[list[NodeAddress], list[NodeAddress]]:
    """The nodes to ask now, and the relays."""
    known = as_nodes(nodes)
    return [n for n in known if n.port][:MAX_NODES], [n for n in known if n.tcp_port][:MAX_RELAYS]


def as_nodes(nodes: Iterable[NodeAddress]) -> list[NodeAddress]:
    """The nodes, or TypeError for what are none."""
    if isinstance(nodes, str | bytes) or not isinstance(nodes, Iterable):
        raise TypeError(f"nodes are what load_nodes returns, not a {type(nodes).__name__}")
    known = list(nodes)
    for node in known:
        as_kind(node, NodeAddress, "a NodeAddress")
    return known


def _lines(text: str) -> Iterator[NodeAddress]:
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            yield NodeAddress.parse(":".join(words))


def _listed(found: Any) -> Iterator[NodeAddress]:
    """The format of nodes.tox.chat: each node under each of its addresses, with one port of its relay."""
    for entry in found["nodes"]:
        key, port, tcp_port = PublicKey(entry["public_key"]), 0, 0
        if entry.get("status_udp", True):
            port = parse_port(str(entry["port"]))
        if entry.get("status_tcp", True) and entry.get("tcp_ports"):
            tcp_port = parse_port(str(entry["tcp_ports"][0]))
        for host in (entry.get("ipv4"), entry.get("ipv6")):
            if host and host not in ("-", "NONE") and (port or tcp_port):
                yield NodeAddress(host, port, key, tcp_port)
