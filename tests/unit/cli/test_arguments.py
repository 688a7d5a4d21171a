"""The command lines that the commands understand."""

import importlib

import pytest

from toxpy.cli import settings
from toxpy.cli.main import COMMANDS
from toxpy.cli.terminal import Output

KEY = "AB" * 32


def parse(*words):
    """As `send` does."""
    parser = settings.make_parser("send", "Send messages.")
    parser.add_argument("friend")
    parser.add_argument("message", nargs="*")
    parser.add_argument("--timeout", type=settings.seconds, default=120)
    settings.add_network_options(parser)
    return parser.parse_args(list(words))


@pytest.mark.parametrize(
    "words",
    [
        ("Bob", "hi", "there", "--timeout", "3"),
        ("Bob", "--timeout", "3", "hi", "there"),
        ("--timeout", "3", "Bob", "hi", "there"),
        ("Bob", "hi", "--timeout=3", "there"),
    ],
)
def test_options_stand_anywhere(words):
    found = parse(*words)
    assert (found.friend, found.message, found.timeout) == ("Bob", ["hi", "there"], 3)


@pytest.mark.parametrize(
    "words, friend, message",
    [
        (("Bob", "--", "--timeout"), "Bob", ["--timeout"]),
        (("Bob", "hi", "--", "-x", "--json"), "Bob", ["hi", "-x", "--json"]),
        (("--", "-Bob", "-x"), "-Bob", ["-x"]),
        (("Bob",), "Bob", []),
    ],
)
def test_behind_two_dashes_nothing_is_an_option(words, friend, message):
    found = parse(*words)
    assert (found.friend, found.message, found.json, found.timeout) == (friend, message, False, 120)


@pytest.mark.parametrize("words", [(), ("--timeout", "3"), ("Bob", "--timeout"), ("Bob", "--unknown", "hi")])
def test_what_makes_no_sense(words, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(*words)
    assert ended.value.code == 2 and "usage: " in capsys.readouterr().err


def test_nodes_and_relays_are_addresses(tmp_path):
    path = tmp_path / "nodes"
    path.write_text(f"192.0.2.3:33445:{KEY}")
    words = ("--node", f"192.0.2.1:33445:{KEY}", "--relay", f"[2001:db8::1]:3389:{KEY}", "--nodes", str(path))
    found = settings.known_nodes(parse("Bob", *words), Output(json=False))
    assert [(node.host, node.port, node.tcp_port) for node in found] == [
        ("192.0.2.1", 33445, 0),
        ("2001:db8::1", 0, 3389),
        ("192.0.2.3", 33445, 0),
    ]


def test_a_bad_line_of_the_nodes_file_is_told(tmp_path, capsys):
    path = tmp_path / "nodes"
    path.write_text(f"192.0.2.3:33445:{KEY}\nnonsense")
    found = settings.known_nodes(parse("Bob", "--nodes", str(path)), Output(json=False))
    assert [node.host for node in found] == ["192.0.2.3"]
    assert (
        f"Warning: {path}: line 2: 'nonsense' is not HOST:PORT:KEY; it is left out" in capsys.readouterr().err
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_there(command):
    module, function, _ = COMMANDS[command]
    assert callable(getattr(importlib.import_module(f"toxpy.cli.{module}"), function))
