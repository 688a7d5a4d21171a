"""`toxpy mailbox`: keep messages for friends who are away. `toxpy mailbox invite`: let one more friend in."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading

from toxpy.cli import settings
from toxpy.cli.bootstrapd.bootstrapd_config import (
    DEFAULT_PORT,
    BootstrapAddress,
    Config,
    ConfigError,
)
from toxpy.cli.bootstrapd.daemon import Loop
from toxpy.cli.bootstrapd.libconfig import Group
from toxpy.cli.bootstrapd.main import (
    StartError,
    add_numeric_nodes,
    look_up,
    metrics_address,
    start_metrics,
    start_node,
)
from toxpy.cli.mailbox_node import (
    MailboxNode,
    add_member,
    own_host,
    read_address,
    with_token,
    write_address,
)
from toxpy.cli.qr import qr_lines
from toxpy.cli.session import guarded
from toxpy.cli.terminal import EXIT_STATUS_HELP, OK, PROGRAM, Failure, Output
from toxpy.ext.mailbox.store import StoreError
from toxpy.ext.offline.records import TOKEN_SIZE, Mailbox
from toxpy.network.network_address import NetworkAddress
from toxpy.runtime import Rng, Runtime
from toxpy.system.sockets import ip_text

#: Time that other nodes have to tell under which address they see us, ms; and between two looks.
ADDRESS_WAIT_MS, ADDRESS_LOOK_MS = 10_000, 200
NODE_KEYS = "node.keys"


def _parser(command: str, description: str) -> settings.Parser:
    parser = settings.Parser(
        prog=f"{PROGRAM} {command}",
        description=description,
        epilog=EXIT_STATUS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--data",
        metavar="FOLDER",
        type=settings.file_name,
        help="where keys and messages are (default: mailbox in the user's data folder)",
    )
    parser.add_argument(
        "--host",
        type=_host,
        help="the IP address under which friends reach it (default: what other nodes say, or this machine's)",
    )
    parser.add_argument("--qr", action="store_true", help="also as a QR code, for a phone to scan")
    parser.add_argument("--json", action="store_true", help="one JSON object per line on stdout, for scripts")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing about what happens meanwhile")
    return parser


def _host(text: str) -> str:
    try:
        address = NetworkAddress.parse(f"[{text}]:1" if ":" in text else f"{text}:1")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address: {error}") from error
    return str(address.host)


def _behind(text: str) -> tuple[str, int]:
    try:
        address = NetworkAddress.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:PORT: {error}") from error
    return str(address.host), address.port


def _folder(arguments: argparse.Namespace) -> str:
    if arguments.data:
        return os.path.abspath(str(arguments.data))
    try:
        import platformdirs
    except ModuleNotFoundError as error:
        raise Failure(
            "which folder? Give --data FOLDER (a default place needs the package platformdirs: "
            "pip install platformdirs)",
            2,
        ) from error
    return str(platformdirs.user_data_path("toxpy") / "mailbox")


def _say(mailbox: Mailbox, out: Output, *, is_open: bool, qr: bool) -> None:
    """The text that friends paste."""
    text = str(mailbox)
    invitation = is_open or any(mailbox.token)
    shown = f"{text}\n{qr_lines(text)}" if qr else text
    out.result("mailbox", shown, mailbox=text, invitation=invitation, open=is_open)


# toxpy mailbox


def main(words: list[str]) -> int:
    """`mailbox`."""
    parser = _parser(
        "mailbox",
        "Keep messages for friends who are away, each for a day, until Ctrl-C. It cannot read them.\n"
        "The first start prints the text for one friend; `mailbox invite` makes one for each other friend.",
    )
    parser.add_argument(
        "--port",
        type=settings.port_number,
        help=f"the port, of UDP and TCP (default: that of the last start, at first {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--tcp-port",
        metavar="PORT",
        type=settings.port_number,
        action="append",
        default=[],
        help="another TCP port, such as the one that a tunnel or an onion service ends at; may be repeated",
    )
    parser.add_argument(
        "--behind",
        metavar="NAME:PORT",
        type=_behind,
        help="friends reach it there: an onion service or I2P tunnel that leads to a TCP port here",
    )
    parser.add_argument("--open", action="store_true", help="for everybody, not only for whom you invite")
    parser.add_argument(
        "--metrics",
        metavar="ADDR:PORT",
        type=metrics_address,
        help="serve Prometheus metrics over HTTP there, for example 127.0.0.1:9100",
    )
    parser.add_argument(
        "--node", metavar="HOST:PORT:KEY", action="append", default=[], type=settings.node_address
    )
    parser.add_argument("--nodes", metavar="FILE", type=settings.file_name, help="bootstrap nodes")
    parser.add_argument("--no-ipv6", action="store_true", help="IPv4 only")
    parser.add_argument("--no-lan", action="store_true", help="do not look for nodes in the LAN")
    arguments = parser.parse_args(words)
    if arguments.behind and arguments.host:
        parser.error("--behind and --host are two addresses: give one of them")
    arguments.relay = []

    def work(out: Output) -> int:
        os.umask(0o077)
        try:
            return _serve(arguments, out)
        except (StartError, ConfigError, StoreError) as error:
            raise Failure(str(error)) from error

    return guarded(arguments, work)


class _Handler(logging.Handler):
    """What the parts of a node log: people hear warnings."""

    def __init__(self, out: Output) -> None:
        super().__init__(logging.WARNING)
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        """Say it, if anybody listens: a mailbox goes on when its terminal is gone."""
        try:
            self._out.warning(record.getMessage())
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """There is nobody left to tell."""


def _logger(out: Output) -> logging.Logger:
    log = logging.Logger("toxpy.mailbox", logging.WARNING)
    log.addHandler(_Handler(out))
    return log


def _config(arguments: argparse.Namespace, folder: str, log: logging.Logger) -> Config:
    """The settings of the node below it, as a bootstrap node has them."""
    last = read_address(folder)
    # behind a tunnel the address has the tunnel's port
    port = arguments.port or (last.port if last is not None and not _is_name(last.host) else DEFAULT_PORT)
    settings_of_node = Group()
    settings_of_node.update(
        port=port,
        pid_file_path="",
        keys_file_path=os.path.join(folder, NODE_KEYS),
        enable_ipv6=not arguments.no_ipv6,
        enable_ipv4_fallback=True,
        enable_lan_discovery=not arguments.no_lan,
        enable_tcp_relay=True,
        tcp_relay_ports=list(dict.fromkeys([port, *arguments.tcp_port])),
        enable_motd=True,
        motd="toxpy mailbox",
        bootstrap_nodes=Group(),
    )
    return Config(settings_of_node, logging.Logger("unused", logging.CRITICAL))


def _is_name(host: str) -> bool:
    return NetworkAddress.parse(f"[{host}]:1" if ":" in host else f"{host}:1").network != "ip"


def _serve(arguments: argparse.Namespace, out: Output) -> int:
    folder, log, loop = _folder(arguments), _logger(out), Loop()
    os.makedirs(folder, 0o700, exist_ok=True)
    config = _config(arguments, folder, log)
    node = start_node(config, log)
    try:
        mailbox = MailboxNode(node, folder, open_to_all=arguments.open, log=log)
        try:
            # a window that is closed leaves the mailbox to its friends
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            loop.catch_signals()
            if arguments.metrics is not None:
                start_metrics(arguments.metrics, node, loop, log, mailbox.host)
            nodes = [
                BootstrapAddress(each.host, each.port, bytes(each.public_key))
                for each in settings.known_nodes(arguments, out)
                if each.port
            ]
            names = add_numeric_nodes(nodes, node, log)
            if names:
                threading.Thread(target=look_up, args=(names, node, loop, log), daemon=True).start()
            _Announcement(mailbox, arguments, out, asks=bool(nodes)).begin()
            loop.run(mailbox)
        finally:
            mailbox.close()
    finally:
        node.close()
    return OK


class _Announcement:
    """Finds out how friends reach the mailbox, and tells it."""

    def __init__(
        self, mailbox: MailboxNode, arguments: argparse.Namespace, out: Output, *, asks: bool
    ) -> None:
        self._mailbox = mailbox
        self._arguments = arguments
        self._out = out
        self._asks = asks
        self._token = b""
        self._until_ms = mailbox.node.rt.clock.now_ms + ADDRESS_WAIT_MS

    @property
    def _rt(self) -> Runtime:
        return self._mailbox.node.rt

    def begin(self) -> None:
        """At the first start make an invitation; then look for the address."""
        mailbox = self._mailbox
        if mailbox.is_open or mailbox.store.stats.members:
            self._find()
        else:
            self._token = self._rt.rng.bytes(TOKEN_SIZE)
            mailbox.store.add_member(self._token, self._invited)

    def _invited(self, member: int) -> None:
        if not member:
            raise Failure(f"the disk of {self._mailbox.folder} fails: no invitation can be kept")
        self._find()

    def _find(self) -> None:
        arguments, node = self._arguments, self._mailbox.node
        if arguments.behind:
            return self._tell(*arguments.behind)
        if arguments.host:
            return self._tell(arguments.host, node.port)
        own = node.dht.own_address
        seen = own.get()
        if seen is not None:
            return self._tell(ip_text(seen[0]), node.port)
        if not self._asks or self._rt.clock.now_ms >= self._until_ms:
            if self._asks:
                self._out.warning("no other node answers: whether friends reach this mailbox is not known")
            return self._tell(own_host(), node.port)
        own.is_wanted = True
        self._rt.timers.call_later(ADDRESS_LOOK_MS, self._find)
        return None

    def _tell(self, host: str, port: int) -> None:
        mailbox, out = self._mailbox, self._out
        mailbox.node.dht.own_address.is_wanted = False
        address = mailbox.address(host, port)
        write_address(mailbox.folder, address)
        if self._token:
            address = with_token(address, self._token)
            advice = f"For one friend, or for you; {PROGRAM} mailbox invite makes a text for each other one:"
        elif mailbox.is_open:
            advice = "For everybody:"
        else:
            advice = f"The mailbox runs. To let a friend in: {PROGRAM} mailbox invite"
        out.status("advice", advice, message=advice)
        _say(address, out, is_open=mailbox.is_open, qr=self._arguments.qr)


# toxpy mailbox invite


def invite_main(words: list[str]) -> int:
    """`mailbox invite`."""
    parser = _parser(
        "mailbox invite",
        "Print a text that lets one more friend use the mailbox, which may run meanwhile.",
    )
    arguments = parser.parse_args(words)

    def work(out: Output) -> int:
        folder = _folder(arguments)
        last = read_address(folder)
        if last is None:
            raise Failure(f"there is no mailbox in {folder} yet: start it first, with {PROGRAM} mailbox")
        address = Mailbox(arguments.host, last.port, last.dht_pk, last.real_pk) if arguments.host else last
        token = Rng().bytes(TOKEN_SIZE)
        try:
            add_member(folder, token)
        except StoreError as error:
            raise Failure(str(error)) from error
        _say(with_token(address, token), out, is_open=False, qr=arguments.qr)
        return OK

    return guarded(arguments, work)
