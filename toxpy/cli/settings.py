"""The options that the commands share: profile, passphrase, network; and what becomes of them."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import Any

from toxpy.cli import mailboxes, networks
from toxpy.cli.terminal import EXIT_STATUS_HELP, PROGRAM, Failure, HelpParser, Output
from toxpy.config_file import parse_proxy
from toxpy.ext.handshake.pins import RECORD, Rule, unpack
from toxpy.friend.records import Records
from toxpy.generated.enums import TOX_HANDSHAKE_POLICY_REQUIRE
from toxpy.network.nodes import NodeAddress, load_nodes, parse_port
from toxpy.options import HANDSHAKE_MODES
from toxpy.save import savedata as save
from toxpy.save.profile import PassphraseNeeded, Profile
from toxpy.wire.sections import EXTENSIONS

PROFILE_VARIABLE, PASSPHRASE_VARIABLE = "TOXPY_PROFILE", "TOXPY_PASSPHRASE"
SIZE_UNITS = {"k": 1000, "M": 1000**2, "G": 1000**3}


class Parser(HelpParser):
    """Takes options before, between and behind arguments: `send Bob --timeout 3 hi`."""

    def parse_args(  # type: ignore[override]
        self, args: list[str], namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        if args[:1] == ["--"]:
            # only arguments: parse_intermixed_args would take them for options
            return super().parse_args(args, namespace)
        return self.parse_intermixed_args(args, namespace)


def make_parser(command: str, description: str, epilog: str = "") -> Parser:
    """A parser with the options of every command."""
    parser = Parser(
        prog=f"{PROGRAM} {command}",
        description=description,
        epilog=(epilog + "\n" if epilog else "") + EXIT_STATUS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "-p",
        "--profile",
        metavar="FILE",
        type=file_name,
        default=os.environ.get(PROFILE_VARIABLE) or None,
        help=f"the profile (default: ${PROFILE_VARIABLE}, or profile.tox in the user's data folder)",
    )
    parser.add_argument(
        "--passphrase-file",
        metavar="FILE",
        type=file_name,
        help=f"read the passphrase from the first line of FILE; else it is that in ${PASSPHRASE_VARIABLE}, "
        "or it is asked for",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per line on stdout, for scripts")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing about what happens meanwhile")
    return parser


def add_network_options(parser: argparse.ArgumentParser, *, needs_others: bool = True) -> None:
    """Options of commands that use the network; one that needs nobody there does not ask for nodes."""
    parser.set_defaults(needs_others=needs_others)
    group = parser.add_argument_group("network")
    where = "HOST:PORT:KEY"
    group.add_argument(
        "--node",
        metavar=where,
        action="append",
        default=[],
        type=node_address,
        help="a bootstrap node; may be repeated. An IPv6 address goes in brackets",
    )
    group.add_argument(
        "--nodes",
        metavar="FILE",
        type=file_name,
        help=f"bootstrap nodes, from the JSON of https://nodes.tox.chat/json or lines of {where}",
    )
    group.add_argument(
        "--relay", metavar=where, action="append", default=[], type=relay_address, help="a TCP relay"
    )
    group.add_argument("--no-udp", action="store_true", help="TCP relays only")
    group.add_argument("--no-ipv6", action="store_true", help="IPv4 only")
    group.add_argument("--no-lan", action="store_true", help="do not look for friends in the LAN")
    group.add_argument(
        "--port", type=port_number, default=0, help="the UDP port (default: one of 33445-33545)"
    )
    group.add_argument(
        "--proxy",
        metavar="URL",
        type=proxy_url,
        help="socks5://HOST:PORT or http://HOST:PORT; everything goes through it, over TCP",
    )
    group.add_argument(
        "--handshake",
        choices=list(HANDSHAKE_MODES),
        help="handshakes with friends: legacy, prefer (Noise with all who have it) or only (Noise); "
        "default: prefer if a friend of the profile was pinned to Noise before, else legacy",
    )
    networks.add_options(group.add_argument, file_name, named)


def add_extended_option(parser: argparse.ArgumentParser) -> None:
    """For commands that talk to a friend: long messages and what else friends with toxpy can have."""
    parser.add_argument(
        "--plain",
        dest="extended",
        action="store_false",
        help="only what all Tox programs have: no long messages, edits, answers, receipts by the program, "
        "and nothing is kept for friends who are away",
    )
    mailboxes.add_options(parser.add_argument)


def file_name(text: str) -> str:
    """A path."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name is none of a file")
    return text


def port_number(text: str) -> int:
    """1 to 65535."""
    try:
        return parse_port(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def text(words: str) -> str:
    """Text of the command line, which may be no UTF-8."""
    return words.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def spoken(words: str) -> str:
    """Text that is said to somebody."""
    if not words:
        raise argparse.ArgumentTypeError("an empty text cannot be sent")
    return text(words)


def named(words: str) -> str:
    """What somebody or something is called by; of a script's unset variable nothing is left."""
    if not words.strip():
        raise argparse.ArgumentTypeError("an empty text names nothing")
    return text(words)


def size(text: str) -> int:
    """A number of bytes."""
    digits, factor = text, 1
    if text[-1:] in SIZE_UNITS:
        digits, factor = text[:-1], SIZE_UNITS[text[-1:]]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise argparse.ArgumentTypeError(f"{text!r} is no size, as 500k or 20M")
    return int(digits) * factor


def seconds(text: str) -> float:
    """A time span."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value


def node_address(text: str) -> NodeAddress:
    """HOST:PORT:KEY."""
    try:
        return NodeAddress.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def relay_address(text: str) -> NodeAddress:
    """HOST:PORT:KEY, the port being that of TCP."""
    node = node_address(text)
    return node._replace(port=0, tcp_port=node.port)


def proxy_url(text: str) -> dict[str, Any]:
    """The proxy's fields of Options."""
    try:
        return parse_proxy(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def tox_options(arguments: argparse.Namespace, profile: Profile) -> dict[str, Any]:
    """Fields of Options."""
    fields: dict[str, Any] = {
        "udp_enabled": not arguments.no_udp,
        "ipv6_enabled": not arguments.no_ipv6,
        "local_discovery_enabled": not arguments.no_lan,
        # a group that was joined is to be there for the next command
        "experimental_groups_persistence": True,
        "extended_messages": getattr(arguments, "extended", False),
        "offline_messages": mailboxes.option(arguments, profile),
        "start_port": arguments.port,
        "end_port": arguments.port,
        "handshake": arguments.handshake or _usual_handshake(profile),
    }
    return {**fields, **(arguments.proxy or {}), **networks.option_fields(arguments, first_line)}


def _usual_handshake(profile: Profile) -> str:
    """The mode for a profile: who had Noise once goes on with it, because pinned friends expect it."""
    found: list[Rule] = []
    records = Records()
    records.load(save.parse(profile.savedata).take(EXTENSIONS))
    records.claim(RECORD, lambda content: found.extend(unpack(content).values()), lambda: None)
    wanted = any(rule.pin or rule.policy == TOX_HANDSHAKE_POLICY_REQUIRE for rule in found)
    return "prefer" if wanted else "legacy"


# nodes


def known_nodes(arguments: argparse.Namespace, out: Output) -> list[NodeAddress]:
    """Bootstrap nodes and relays of the command line, then those of the nodes file."""
    nodes = [*arguments.node, *arguments.relay]
    if arguments.nodes is None:
        return nodes
    try:
        return [*nodes, *load_nodes(arguments.nodes, out.warning)]
    except OSError as error:
        raise Failure(f"cannot read the nodes file {arguments.nodes}: {error.strerror}") from error
    except ValueError as error:
        raise Failure(str(error)) from error


# the profile


def profile_path(arguments: argparse.Namespace) -> str:
    """The file that is meant."""
    if arguments.profile:
        return str(arguments.profile)
    try:
        import platformdirs
    except ModuleNotFoundError as error:
        raise Failure(
            f"which profile? Give --profile FILE or set {PROFILE_VARIABLE} "
            "(a default place needs the package platformdirs: pip install platformdirs)",
            2,
        ) from error
    return str(platformdirs.user_data_path("toxpy") / "profile.tox")


def given_passphrase(arguments: argparse.Namespace) -> bytes | None:
    """From the file or the environment; None when neither has one. Never from the command line, which
    every user of the machine can read."""
    path = arguments.passphrase_file
    if path is None:
        value = os.environ.get(PASSPHRASE_VARIABLE)
        return os.fsencode(value) if value else None
    return first_line(path, "the passphrase")


def first_line(path: str, what: str) -> bytes:
    """A secret that stands in the first line of a file; Failure without one."""
    try:
        with open(path, "rb") as file:
            secret = file.readline().rstrip(b"\r\n")
    except OSError as error:
        raise Failure(f"cannot read {what} from {path}: {error.strerror}") from error
    if not secret:
        raise Failure(f"there is no {what.removeprefix('the ')} in the first line of {path}")
    return secret


def ask_passphrase(question: str) -> bytes:
    """From the terminal; Failure without one."""
    if not sys.stdin.isatty():
        raise Failure(
            f"there is no terminal to ask for it: set {PASSPHRASE_VARIABLE}, or give --passphrase-file"
        )
    try:
        return getpass.getpass(question).encode("utf-8", "surrogateescape")
    except EOFError as error:
        raise Failure("no passphrase was given") from error


def ask_new_passphrase() -> bytes:
    """Twice, to find typing errors."""
    passphrase = ask_passphrase("New passphrase: ")
    if not passphrase:
        raise Failure("an empty passphrase protects nothing")
    if ask_passphrase("The same again: ") != passphrase:
        raise Failure("these were two different passphrases")
    return passphrase


def open_profile(arguments: argparse.Namespace, out: Output, *, read_only: bool = False) -> Profile:
    """The profile, asking for its passphrase where needed."""
    return open_with_passphrase(arguments, out, read_only=read_only)[0]


def open_with_passphrase(
    arguments: argparse.Namespace, out: Output, *, read_only: bool = False
) -> tuple[Profile, bytes | None]:
    """The profile and its passphrase, asked for where needed; None where there is none."""
    path, passphrase = profile_path(arguments), given_passphrase(arguments)
    try:
        profile = Profile.open(path, passphrase, read_only=read_only)
    except PassphraseNeeded as error:
        try:
            passphrase = ask_passphrase(f"Passphrase of {path}: ")
        except Failure as failure:
            raise Failure(f"{error}; {failure}") from failure
        if not passphrase:
            raise Failure(str(error)) from error
        profile = Profile.open(path, passphrase, read_only=read_only)
    except FileNotFoundError as error:
        advice = "restore" if os.path.exists(path + ".bak") else "new"
        hint = f"{PROGRAM} {advice} --profile {path}"
        raise Failure(f"{error.filename}: {error.strerror}; to make it: {hint}") from error
    profile.on_save_error = lambda error: out.warning(f"{error}; it is tried again")
    return profile, passphrase
