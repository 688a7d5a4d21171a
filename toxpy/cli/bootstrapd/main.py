"""`toxpy bootstrapd`: a bootstrap node that reads tox-bootstrapd's configuration file.

Flags, file and messages are those of c-toxcore's tox-bootstrapd (other/bootstrap_daemon); `--metrics` and
`--mailbox` are ours. Differences: the exit status tells about a start that failed, also as a daemon; the UDP
port is the one of the file or none (tox-bootstrapd takes one of the next hundred, where nobody looks for it);
host names are looked up while the node works already.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

from toxpy.cli.bootstrapd import logs
from toxpy.cli.bootstrapd.bootstrapd_config import (
    BootstrapAddress,
    Config,
    ConfigError,
    load_config,
    load_keys,
)
from toxpy.cli.bootstrapd.daemon import DaemonError, Loop, PidFile, Starter, daemonise
from toxpy.cli.terminal import PROGRAM, HelpParser, mention, tell
from toxpy.network.bootstrap_node import VERSION, BootstrapNode
from toxpy.runtime import Runtime
from toxpy.system import sockets
from toxpy.system.sockets import UdpSocket
from toxpy.system.streams import Listener, Streams

if TYPE_CHECKING:
    from toxpy.cli.mailbox_node import MailboxNode
    from toxpy.ext.mailbox.host import MailboxHost

#: Files the process wants to have open, and the least that is enough for a relay.
#: c-toxcore: tox-bootstrapd.c.
WANTED_FILES, MIN_FILES = 32768, 4096
#: Names that cannot be looked up are tried again, less and less often.
LOOKUP_RETRY_S, MAX_LOOKUP_RETRY_S = 30, 3600

HELP = f"""\
Usage: {PROGRAM} bootstrapd [OPTION]... --config=FILE_PATH

Options:
  --config=FILE_PATH     The configuration file, in tox-bootstrapd's format.
                         This option is required. An empty file means the
                         default settings.
  --foreground           Stay in the foreground: neither fork nor use the PID
                         file.
  --help                 Print this help message.
  --log-backend=BACKEND  Where messages go:
                           syslog  to syslog, which is the default
                           stdout  to stdout, warnings and errors to stderr
  --mailbox[=FOLDER]     Be a mailbox too, with its keys and messages in FOLDER;
                         without FOLDER in "mailbox" beside the keys file.
                         "toxpy mailbox invite --data FOLDER" lets friends in.
  --mailbox-open         The mailbox is for everybody.
  --metrics=ADDR:PORT    Serve Prometheus metrics over HTTP there, for example
                         127.0.0.1:9100 or [::1]:9100. Needs the Python
                         package prometheus_client.
  --trace                Log also what the core says for debugging.
  --version              Print version information.
"""


class StartError(Exception):
    """The daemon cannot start; the text says why."""


class _Parser(HelpParser):
    """tox-bootstrapd's exit status and texts."""

    def error(self, message: str) -> NoReturn:
        mention(f"Error: {message}\n\n{HELP.rstrip()}")
        sys.exit(1)

    def format_help(self) -> str:
        return HELP


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """The options; SystemExit for --help, --version and whatever makes no sense."""
    parser = _Parser(prog=f"{PROGRAM} bootstrapd", add_help=False)
    parser.add_argument("--config")
    parser.add_argument("--foreground", action="store_true")
    parser.add_argument("--help", action="help")
    parser.add_argument("--log-backend", choices=logs.BACKENDS, default="syslog")
    parser.add_argument("--mailbox", nargs="?", const="", type=_folder)
    parser.add_argument("--mailbox-open", action="store_true")
    parser.add_argument("--metrics", type=metrics_address)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--version", action="version", version=f"Version: {VERSION}")
    if not arguments:
        parser.error("No arguments provided.")
    options = parser.parse_args(arguments)
    if options.mailbox_open and options.mailbox is None:
        parser.error("--mailbox-open needs --mailbox")
    if options.config is None:
        parser.error("The required --config option wasn't specified")
    return options


def _folder(text: str) -> str:
    # the daemon changes its directory; none is the usual place
    return os.path.abspath(text) if text else ""


def metrics_address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or sockets.parse_ip(host) is None or not port.isascii() or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not ADDR:PORT, such as 127.0.0.1:9100 or [::1]:9100")
    if not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"there is no port {port}")
    return host, int(port)


def main(arguments: list[str]) -> int:
    """Run the daemon; the exit status."""
    os.umask(0o077)
    options = parse_arguments(arguments)
    log = logs.open_log(options.log_backend, trace=options.trace)
    logs.report_crash(log)
    log.info('Running "%s" version %d.', logs.IDENT, VERSION)
    try:
        # daemon or not, the files may be named relative to where we are now
        config = load_config(options.config, log)
        config.keys_file_path = os.path.abspath(config.keys_file_path)
        if options.foreground:
            return _serve(options, config, log, None)
        return _start_daemon(options, config, log)
    except (ConfigError, DaemonError, StartError) as error:
        _report(options, log, f"{error} Exiting.")
        return 1


def _report(options: argparse.Namespace, log: logging.Logger, message: str) -> None:
    """An error that ends the start goes to the log, and to whoever started us."""
    log.error("%s", message)
    if options.log_backend == "syslog":
        mention(logs.printable(message))


def _start_daemon(options: argparse.Namespace, config: Config, log: logging.Logger) -> int:
    pid_file = PidFile(config.pid_file_path)
    starter = daemonise(keep_output=options.log_backend == "stdout")
    if isinstance(starter, int):
        return starter
    try:
        pid_file.write()
        return _serve(options, config, log, starter)
    except (ConfigError, StartError) as error:
        log.error("%s Exiting.", error)
        starter.failed(f"{error} Exiting.")
        return 1
    finally:
        pid_file.remove()


def _serve(options: argparse.Namespace, config: Config, log: logging.Logger, starter: Starter | None) -> int:
    """From the first socket to the last."""
    loop = Loop()
    node = start_node(config, log)
    mailbox = None
    try:
        if options.mailbox is not None:
            mailbox = start_mailbox(options, config, node, log)
        public_key = node.dht.public_key.hex().upper()
        log.info("Public Key: %s", public_key)
        if options.metrics is not None:
            start_metrics(options.metrics, node, loop, log, mailbox.host if mailbox else None)
        loop.catch_signals()
        if starter is None and options.log_backend == "syslog":
            # whoever starts it by hand sees that it runs, and what clients need
            tell(f"Public Key: {public_key}")
        names = add_numeric_nodes(config.bootstrap_nodes, node, log)
        if names:
            threading.Thread(target=look_up, args=(names, node, loop, log), daemon=True).start()
        if starter is not None:
            starter.ready()
        loop.run(mailbox or node)
        if loop.stopped_by is not None:
            log.info("Received %s (%d) signal. Exiting.", loop.stopped_by.name, loop.stopped_by)
        return 0
    finally:
        if mailbox is not None:
            mailbox.close()
        node.close()


def start_mailbox(
    options: argparse.Namespace, config: Config, node: BootstrapNode, log: logging.Logger
) -> MailboxNode:
    """The mailbox on the node; StartError says what is wrong with its folder."""
    # most nodes are none
    from toxpy.cli.mailbox_node import MailboxNode, own_host, write_address
    from toxpy.ext.mailbox.store import StoreError

    folder = options.mailbox or os.path.join(os.path.dirname(config.keys_file_path), "mailbox")
    try:
        mailbox = MailboxNode(node, folder, open_to_all=options.mailbox_open, log=log)
        address = mailbox.address(own_host(), node.port)
        write_address(folder, address)
    except StoreError as error:
        raise StartError(f"Couldn't open the mailbox: {error}.") from error
    except OSError as error:
        raise StartError(f"Couldn't open the mailbox: {folder}: {error.strerror}.") from error
    log.info("Mailbox: %s", address)
    if node.port not in config.tcp_relay_ports:
        text = "The mailbox is reached over UDP only: add %d to tcp_relay_ports for clients without it."
        log.warning(text, node.port)
    return mailbox


def start_node(config: Config, log: logging.Logger) -> BootstrapNode:
    """Keys, sockets and layers as the configuration says."""
    rt = Runtime(log=logs.core_log(log))
    keys = load_keys(config.keys_file_path, rt.rng, log)
    log.info("Keys are managed successfully.")
    udp = bind(config, log)
    log.info("Listening on UDP port %d (%s).", udp.port, "IPv6 and IPv4" if udp.ipv6 else "IPv4 only")
    streams = Streams(rt=rt, ipv6=udp.ipv6)
    try:
        return BootstrapNode(
            keys,
            rt=rt,
            udp=udp,
            streams=streams,
            listeners=listen(config, streams, log),
            max_files=raise_file_limit(log),
            lan_discovery=config.enable_lan_discovery,
            motd=config.motd if config.enable_motd else None,
        )
    except BaseException:
        streams.close()
        udp.close()
        raise


def listen(config: Config, streams: Streams, log: logging.Logger) -> list[Listener]:
    """The relay's ports; those that cannot be had are left out, unless there is none then."""
    listeners: list[Listener] = []
    for port in config.tcp_relay_ports:
        try:
            listeners.append(streams.listen(port))
        except OSError as error:
            log.warning("Couldn't listen on TCP port %d: %s.", port, error.strerror)
    if config.enable_tcp_relay and not listeners:
        ports = ", ".join(map(str, config.tcp_relay_ports))
        raise StartError(f"Couldn't initialize Tox TCP server: none of the ports {ports} can be used.")
    if listeners:
        ports = ", ".join(str(listener.port) for listener in listeners)
        log.info("Initialized Tox TCP server successfully: ports %s.", ports)
    return listeners


def bind(config: Config, log: logging.Logger) -> UdpSocket:
    """The UDP socket, IPv4 only when IPv6 is off, or fails and `enable_ipv4_fallback` is on."""
    problem = "there is no IPv6 here"
    try:
        udp = UdpSocket.bind(config.enable_ipv6, config.port, config.port)
        if udp.ipv6 == config.enable_ipv6:
            return udp
        udp.close()
    except OSError as error:
        problem = error.strerror or str(error)
    if not (config.enable_ipv6 and config.enable_ipv4_fallback):
        raise StartError(f"Couldn't listen on UDP port {config.port}: {problem}.")
    try:
        udp = UdpSocket.bind(False, config.port, config.port)
    except OSError as error:
        raise StartError(f"Couldn't listen on UDP port {config.port}: {error.strerror}.") from error
    log.warning("Couldn't initialize IPv6 networking (%s). Falling back to using IPv4.", problem)
    return udp


def raise_file_limit(log: logging.Logger) -> int:
    """How many files can be open now; a relay needs one for every client."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return WANTED_FILES
    if soft < WANTED_FILES:
        soft = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft < MIN_FILES:
        text = "Only %d files can be open, which is few for a TCP relay: better raise the limit to %d or %d."
        log.warning(text, soft, MIN_FILES, WANTED_FILES)
    return min(soft, WANTED_FILES)


def add_numeric_nodes(
    nodes: list[BootstrapAddress], node: BootstrapNode, log: logging.Logger
) -> dict[int, BootstrapAddress]:
    """Bootstrap from the nodes with an IP; returns the others by number."""
    names: dict[int, BootstrapAddress] = {}
    for number, entry in enumerate(nodes):
        ip = sockets.parse_ip(entry.host)
        if ip is None:
            names[number] = entry
        else:
            _add_node(number, entry, [ip], node, log)
    return names


def _add_node(
    number: int, entry: BootstrapAddress, ips: list[bytes], node: BootstrapNode, log: logging.Logger
) -> None:
    usable = [ip for ip in ips if node.streams.ipv6 or len(ip) == 4]
    for ip in usable:
        node.bootstrap((ip, entry.port), entry.public_key)
    if usable:
        shown = entry.public_key.hex().upper()
        log.info("Added bootstrap node #%d: %s:%d %s", number, entry.host, entry.port, shown)
    else:
        text = "Bootstrap node #%d: '%s' has IPv6 addresses only and IPv6 is off. Skipping the node."
        log.warning(text, number, entry.host)


def look_up(names: dict[int, BootstrapAddress], node: BootstrapNode, loop: Loop, log: logging.Logger) -> None:
    """Look up host names, on a thread of its own; those that have none are tried again later."""
    delay_s = LOOKUP_RETRY_S
    told: set[int] = set()
    pause = threading.Event()
    while names:
        for number, entry in list(names.items()):
            ips = sockets.resolve(entry.host)
            if ips:
                del names[number]
                loop.call(lambda n=number, e=entry, i=ips: _add_node(n, e, i, node, log))  # type: ignore[misc]
            elif number not in told:
                told.add(number)
                text = "Bootstrap node #%d: Invalid 'address': %s cannot be found. Trying again later."
                log.warning(text, number, entry.host)
        if names:
            pause.wait(delay_s)
            delay_s = min(2 * delay_s, MAX_LOOKUP_RETRY_S)


def start_metrics(
    address: tuple[str, int],
    node: BootstrapNode,
    loop: Loop,
    log: logging.Logger,
    mailbox: MailboxHost | None = None,
) -> None:
    """Serve what node and mailbox count; StartError when that cannot be."""
    # a node without metrics need not pay for what only they need
    import concurrent.futures

    try:
        from toxpy.cli.bootstrapd import metrics
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "prometheus_client":
            raise
        raise StartError(
            "--metrics needs the Python package prometheus_client: "
            "pip install prometheus_client, or apt install python3-prometheus-client."
        ) from error

    def read() -> metrics.Snapshot:
        """On the thread of a scrape: let the node's thread look."""
        answer: concurrent.futures.Future[metrics.Snapshot] = concurrent.futures.Future()
        loop.call(lambda: answer.set_result(metrics.read_node(node, mailbox)))
        return answer.result(timeout=metrics.SNAPSHOT_TIMEOUT_S)

    try:
        metrics.serve(*address, read)
    except metrics.MetricsError as error:
        raise StartError(str(error)) from error
    log.info("Serving metrics on %s port %d.", *address)
