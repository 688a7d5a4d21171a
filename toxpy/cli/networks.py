"""The options for other networks, what becomes of them, and what a command says of its endpoint."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from toxpy.cli.terminal import Failure
from toxpy.ext.networks.options import NETWORKS, SAM, TOR_CONTROL, Endpoint
from toxpy.network.network_address import AddressType, ExtendedNode

if TYPE_CHECKING:
    from toxpy.aio import AsyncTox
    from toxpy.cli.terminal import Output

#: Pause between two looks at the endpoint, s.
LOOK_S = 0.5


def add_options(
    add: Callable[..., object], a_file: Callable[[str], str], a_place: Callable[[str], str]
) -> None:
    """For all commands on the network; they are off until one of them is given."""
    add(
        "--tor",
        action="store_true",
        help="friends reach us, and we them, through tor: an onion service of ours",
    )
    add("--i2p", action="store_true", help="likewise through I2P")
    add(
        "--endpoint",
        metavar="NAME:PORT=LOCAL",
        type=a_place,
        help="likewise at an address that somebody else leads to the port LOCAL of 127.0.0.1",
    )
    add(
        "--only",
        action="append",
        choices=list(NETWORKS),
        default=[],
        help="nothing is sent, told or looked up outside this network; may be repeated",
    )
    add("--tor-control", metavar="IP:PORT", type=a_place, help="tor's control port (default: 127.0.0.1:9051)")
    add(
        "--tor-password-file",
        metavar="FILE",
        type=a_file,
        help="the control port's password is the first line of FILE (default: tor's cookie)",
    )
    add("--sam", metavar="IP:PORT", type=a_place, help="I2P's SAM bridge (default: 127.0.0.1:7656)")


def friends_place(text: str) -> ExtendedNode:
    """NAME:PORT:KEY, where a friend has an endpoint."""
    try:
        return ExtendedNode.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:PORT:KEY: {error}") from error


def option_fields(arguments: argparse.Namespace, first_line: Callable[[str, str], bytes]) -> dict[str, Any]:
    """Fields of Options; none when no other network is wanted."""
    fields: dict[str, Any] = {}
    endpoint = _endpoint(arguments, first_line)
    if endpoint is not None:
        fields["endpoint"] = endpoint
    if arguments.only:
        fields["only_networks"] = types = frozenset(NETWORKS[name] for name in arguments.only)
        if endpoint is not None and endpoint.kind not in types:
            raise Failure(f"the endpoint is not in a network of --only, but {AddressType(endpoint.kind)}", 2)
    return fields


def _endpoint(arguments: argparse.Namespace, first_line: Callable[[str, str], bytes]) -> Endpoint | None:
    wanted = [name for name in ("tor", "i2p", "endpoint") if getattr(arguments, name)]
    if len(wanted) > 1:
        raise Failure(f"--{wanted[0]} and --{wanted[1]} are two endpoints: give one of them", 2)
    for option, use in (("tor_control", "tor"), ("tor_password_file", "tor"), ("sam", "i2p")):
        if getattr(arguments, option) and use not in wanted:
            raise Failure(f"--{option.replace('_', '-')} is of use with --{use} only", 2)
    if not wanted:
        at = getattr(arguments, "at", None)
        return Endpoint.friends(at.address.type) if at is not None else None
    try:
        if arguments.tor:
            path = arguments.tor_password_file
            password = first_line(path, "the password of tor's control port") if path else None
            return Endpoint.tor(arguments.tor_control or TOR_CONTROL, password=password)
        if arguments.i2p:
            return Endpoint.i2p(arguments.sam or SAM)
        address, _, local = arguments.endpoint.partition("=")
        if not (local.isascii() and local.isdigit() and len(local) < 6):
            raise ValueError(f"{arguments.endpoint!r} is not NAME:PORT=LOCAL")
        return Endpoint.name(address, int(local))
    except ValueError as error:
        raise Failure(str(error), 2) from error


async def tell_endpoint(tox: AsyncTox, out: Output) -> None:
    """Say where friends reach us, or why they do not, whenever that changes."""
    told: tuple[ExtendedNode | None, str] = None, ""
    while tox.sync.core.options.endpoint is not None:
        node, failure = tox.sync.self_get_endpoint(), tox.sync.self_get_endpoint_failure()
        state = node, failure
        if state != told:
            told = state
            _say(node, failure, out)
        await asyncio.sleep(LOOK_S)
    await asyncio.Event().wait()


def _say(node: ExtendedNode | None, failure: str, out: Output) -> None:
    if node is not None:
        out.status("endpoint", f"friends reach us at {node}", address=str(node), message="")
    elif failure:
        out.status("endpoint", f"friends do not reach us: {failure}", address="", message=failure)
