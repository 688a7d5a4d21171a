"""`doctor`: what of the network works from here, and what to do about what does not."""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import toxpy
from toxpy.cli import checks, settings
from toxpy.cli.checks import FAILS, UNUSED, WORKS, Check, ServiceCheck, World
from toxpy.cli.mailbox_check import MailboxCheck
from toxpy.cli.mailboxes import mailbox_or_none
from toxpy.cli.session import guarded
from toxpy.cli.terminal import EXIT_STATUS_HELP, FAILED, OK, PROGRAM, Failure, Output
from toxpy.config_file import read_config
from toxpy.ext.networks.sam import SamHello
from toxpy.ext.networks.service import read_file
from toxpy.ext.networks.tor_control import NONCE_SIZE, Login, TorControl
from toxpy.network.nodes import NodeAddress, first_asked
from toxpy.runtime import Runtime
from toxpy.system import sockets
from toxpy.tcp.proxy import HTTP, SOCKS5, Proxy
from toxpy.wire.address import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toxpy.ext.offline.records import Mailbox
    from toxpy.wire.address import Address

#: Where tor's control port and I2P's SAM bridge usually are.
TOR_CONTROL, SAM = "127.0.0.1:9051", "127.0.0.1:7656"
#: Names the file with settings that C programs follow.
CONFIG_VARIABLE = "TOXPY_CONFIG"
#: Time for all checks, s.
LIMIT_S = 10
#: Names looked up at the same time.
LOOKUPS_AT_ONCE = 8
TOR_ADVICE = (
    "To have friends over tor, install tor and put these lines into its torrc: ControlPort 9051, "
    "CookieAuthentication 1, CookieAuthFileGroupReadable 1"
)
SAM_ADVICE = (
    "To have friends over I2P, install i2pd and put this into its i2pd.conf: [sam] enabled = true; "
    "in the Java router SAM is started under Clients"
)


def main(words: list[str]) -> int:
    """Run it; the exit status."""
    arguments = _parser().parse_args(words)
    return guarded(arguments, lambda out: _work(arguments, out))


def _parser() -> settings.Parser:
    parser = settings.Parser(
        prog=f"{PROGRAM} doctor",
        description="Look at what of the network works from here: clock, UDP, IPv6, proxy, relays, "
        "mailboxes, tor, I2P.",
        epilog="Nothing is asked on the internet but the nodes, relays and mailboxes that are named.\n"
        + EXIT_STATUS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line on stdout, for scripts")
    parser.set_defaults(quiet=False)
    settings.add_network_options(parser, needs_others=False)
    parser.add_argument(
        "--mailbox",
        metavar="TEXT",
        action="append",
        default=[],
        type=mailbox_or_none,
        help="a mailbox, as `toxpy mailbox` printed it for its owner; may be repeated",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=settings.seconds,
        default=LIMIT_S,
        help=f"how long all of it may take (default: {LIMIT_S})",
    )
    return parser


def _work(arguments: argparse.Namespace, out: Output) -> int:
    found = _Found(arguments, out)
    with closing(World(Runtime())) as world:
        todo = [
            *_checks_of_machine(world),
            *_checks_of_names(found),
            *_checks_of_udp(arguments, world, found),
            *_checks_of_services(arguments, world, found),
        ]
        checks.run(world, todo, arguments.timeout)
    asked = [check for check in todo if check.name]
    for check in asked:
        name, state, message = check.name, check.state, check.message
        out.result("check", f"{name:<6} {state:<6} {message}", check=name, state=state, message=message)
    return FAILED if any(check.state == FAILS for check in asked) else OK


class _Found:
    """The addresses of what the command line names. Behind a proxy names of relays are not looked up here."""

    def __init__(self, arguments: argparse.Namespace, out: Output) -> None:
        self.nodes, self.relays = first_asked(settings.known_nodes(arguments, out))
        self.proxy_fields = arguments.proxy
        self._ipv6 = not arguments.no_ipv6
        hosts = {node.host for node in ([] if arguments.proxy else [*self.nodes, *self.relays])}
        if arguments.proxy:
            hosts.add(arguments.proxy["proxy_host"])
        with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
            ips = pool.map(lambda host: sockets.resolve(host, ipv6=self._ipv6), hosts)
        self._ips = dict(zip(hosts, ips, strict=True))
        self.unknown = sorted(host for host, found in self._ips.items() if not found)

    def addresses(self, host: str, port: int) -> list[Address]:
        """All addresses of a host that was looked up."""
        return [(ip, port) for ip in self._ips.get(host, [])]

    def proxy(self) -> Proxy | None:
        """The proxy; None when there is none, or its name is unknown."""
        fields = self.proxy_fields
        found = self.addresses(fields["proxy_host"], fields["proxy_port"]) if fields else []
        kinds = {1: HTTP, 2: SOCKS5}
        return Proxy(kinds[fields["proxy_type"]], found[0]) if found else None

    def relay(self, relay: NodeAddress) -> tuple[Node, str | None] | None:
        """The relay, and its name if the proxy is to look it up; None when it has no address."""
        ip = sockets.parse_ip(relay.host)
        key = bytes(relay.public_key)
        if ip is None and self.proxy_fields:
            return Node(key, (bytes(4), relay.tcp_port), tcp=True), relay.host
        found = [(ip, relay.tcp_port)] if ip is not None else self.addresses(relay.host, relay.tcp_port)
        return (Node(key, found[0], tcp=True), None) if found else None


def _answered(name: str, state: str, message: str) -> Check:
    check = Check(name)
    check.say(state, message)
    return check


def _checks_of_machine(world: World) -> list[Check]:
    installed_s = Path(toxpy.__file__).stat().st_mtime
    clock = checks.ClockCheck(world.rt.clock.unix_s(), installed_s, checks.is_clock_kept())
    return [clock, *_checks_of_config(os.environ.get(CONFIG_VARIABLE, ""))]


def _checks_of_config(path: str) -> list[Check]:
    if not path:
        return []
    try:
        fields = read_config(path)
    except ValueError as error:
        return [_answered("file", FAILS, f"C programs do not start with {CONFIG_VARIABLE}={path}: {error}")]
    words = ", ".join(sorted(fields)) or "nothing"
    return [_answered("file", WORKS, f"C programs follow {CONFIG_VARIABLE}={path}, which sets {words}")]


def _checks_of_names(found: _Found) -> list[Check]:
    if not found.unknown:
        return []
    names = ", ".join(found.unknown)
    return [
        _answered("names", FAILS, f"no address is known for {names}: mistyped, or name look-ups do not work")
    ]


def _checks_of_udp(arguments: argparse.Namespace, world: World, found: _Found) -> list[Check]:
    if arguments.proxy:
        return [
            _answered("udp", UNUSED, "off, as always behind a proxy: friends are reached over TCP relays")
        ]
    if arguments.no_udp:
        return [_answered("udp", UNUSED, "off, because of --no-udp")]
    try:
        udp = world.bind(not arguments.no_ipv6, arguments.port)
    except OSError as error:
        return [_answered("udp", FAILS, f"no UDP port can be had: {error.strerror}. Give another --port")]
    nodes = [
        (address, bytes(node.public_key))
        for node in found.nodes
        for address in found.addresses(node.host, node.port)
    ]
    waiting = [checks.UdpCheck(world, nodes, 4)]
    if not arguments.no_ipv6:
        waiting.append(checks.UdpCheck(world, nodes, 16, _own_ipv6()))
    boxes = [
        MailboxCheck(world, mailbox, (ip, mailbox.port))
        for mailbox in _mailboxes(arguments)
        if (ip := sockets.parse_ip(mailbox.host)) is not None
    ]
    return [*waiting, *boxes, checks.Datagrams(udp, [*waiting, *boxes])]


def _mailboxes(arguments: argparse.Namespace) -> list[Mailbox]:
    return [mailbox for mailbox in arguments.mailbox if mailbox is not None]


def _mailboxes_over_tcp(arguments: argparse.Namespace, world: World, proxy: Proxy | None) -> Iterator[Check]:
    """Those that cannot be asked over UDP: whether their relay is there."""
    for mailbox in _mailboxes(arguments):
        ip = sockets.parse_ip(mailbox.host)
        if ip is not None and not arguments.proxy and not arguments.no_udp:
            continue
        if ip is None and proxy is None:
            yield _answered("mailbox", FAILS, f"{mailbox.host} is reached through a proxy only: give --proxy")
            continue
        node = Node(mailbox.dht_pk, (ip or bytes(4), mailbox.port), tcp=True)
        check = checks.RelayCheck(world, node, proxy, mailbox.host if ip is None else None)
        check.name = "mailbox"
        yield check


def _own_ipv6() -> str:
    try:
        return checks.global_ipv6(Path(checks.IPV6_LIST).read_text())
    except OSError:
        # a kernel without IPv6
        return ""


def _checks_of_services(arguments: argparse.Namespace, world: World, found: _Found) -> list[Check]:
    todo: list[Check] = []
    proxy = found.proxy()
    if proxy is not None:
        todo.append(checks.proxy_check(world, proxy))
    for relay in found.relays if proxy is not None or not found.proxy_fields else []:
        node = found.relay(relay)
        if node is not None:
            todo.append(checks.RelayCheck(world, node[0], proxy, node[1]))
    todo += _mailboxes_over_tcp(arguments, world, proxy)
    return [*todo, _tor_check(arguments, world), _sam_check(arguments, world)]


def _tor_check(arguments: argparse.Namespace, world: World) -> Check:
    path = arguments.tor_password_file
    password = settings.first_line(path, "the password of tor's control port") if path else None
    tor = TorControl(Login(world.rt.rng.bytes(NONCE_SIZE), read_file, password=password))
    wanted = bool(arguments.tor or arguments.tor_control or path)
    address = _numeric(arguments.tor_control or TOR_CONTROL, "--tor-control")

    def good() -> tuple[str, str]:
        if tor.progress < 100:
            return (
                FAILS,
                f"tor is at {tor.progress} % of its start ({tor.summary}): wait, or look into its log",
            )
        return WORKS, "tor is connected, and lets us make onion services"

    return ServiceCheck("tor", world, address, tor, good, TOR_ADVICE, wanted=wanted)


def _sam_check(arguments: argparse.Namespace, world: World) -> Check:
    address = _numeric(arguments.sam or SAM, "--sam")
    good = WORKS, "I2P's SAM bridge answers"
    return ServiceCheck(
        "i2p",
        world,
        address,
        SamHello(),
        lambda: good,
        SAM_ADVICE,
        wanted=bool(arguments.i2p or arguments.sam),
    )


def _numeric(text: str, option: str) -> Address:
    """HOST:PORT of a service on this machine or near it."""
    host, colon, port = text.rpartition(":")
    ips = sockets.resolve(host.removeprefix("[").removesuffix("]")) if colon else []
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536) or not ips:
        raise Failure(f"{option} {text!r} is not HOST:PORT of a known host", 2)
    # localhost is both, and services listen at the older one
    return min(ips, key=len), int(port)
