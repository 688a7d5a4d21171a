"""Help, and docs/cli.md: they name the same options, and what is wrong with a command line is said."""

import importlib
import re

import pytest

from tests.support.prefix import ROOT
from toxpy.cli import settings
from toxpy.cli.main import COMMANDS, main

PAGE = (ROOT / "docs" / "cli.md").read_text()
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
#: Commands that have the options of every command; the node has those of tox-bootstrapd.
OURS = [name for name in COMMANDS if name != "bootstrapd"]


class Found(Exception):
    """Carries a parser out of its command."""


def parser_of(command, monkeypatch):
    def stop(self, *_arguments):
        raise Found(self)

    monkeypatch.setattr(settings.Parser, "parse_args", stop)
    module, function, _ = COMMANDS[command]
    with pytest.raises(Found) as caught:
        getattr(importlib.import_module(f"toxpy.cli.{module}"), function)([])
    return caught.value.args[0]


def options(parser):
    found = {
        option for action in parser._actions for option in action.option_strings if option.startswith("--")
    }
    return found - {"--help"}


def shared(monkeypatch):
    """The options of every command, and those of the network."""
    plain = settings.make_parser("x", "")
    of_all = options(plain)
    settings.add_network_options(plain)
    return of_all, options(plain) - of_all


def section(begin, end):
    return PAGE.partition(begin)[2].partition(end)[0]


def test_the_page_has_the_options_of_all_commands(monkeypatch):
    of_all, network = shared(monkeypatch)
    assert set(OPTION.findall(section("- **Every command**:", "- **Network**:"))) == of_all
    assert set(OPTION.findall(section("- **Network**:", "- `--timeout"))) == network


@pytest.mark.parametrize("command", OURS)
def test_the_page_has_the_options_of_a_command(command, monkeypatch):
    """In its row of the table, or in a paragraph below that names the command."""
    of_all, network = shared(monkeypatch)
    table = section("| command |", "FRIEND is")
    (row,) = re.findall(rf"(?m)^\| `{command}(?: [^`a-z][^`]*)?` \|(.*)$", table)
    own = options(parser_of(command, monkeypatch)) - of_all - network
    in_row = set(OPTION.findall(row)) - of_all
    assert in_row <= own
    below = section("FRIEND is a Tox ID", "## Files")
    assert own - in_row <= set(OPTION.findall(below))
    if "--timeout" in own - in_row:
        (named,) = re.findall(r"(?s)- `--timeout SECONDS` of (.*?):", below)
        assert f"`{command}`" in named


def test_the_page_has_no_other_options(monkeypatch):
    known = set().union(*(options(parser_of(command, monkeypatch)) for command in OURS))
    assert set(OPTION.findall(PAGE)) - known == {"--help", "--version"}


def test_help_has_the_exit_statuses_of_the_page(capsys):
    for command in OURS:
        assert main([*command.split(), "--help"]) == 0
        shown = capsys.readouterr().out
        rows = section("## Exit status", "## JSON")
        documented = set(re.findall(r"\d+", " ".join(re.findall(r"(?m)^\| ([\d, ]+) \|", rows))))
        assert documented == set(re.findall(r"\b\d+\b", shown.partition("Exit status: ")[2]))


@pytest.mark.parametrize(
    "words, advice",
    [
        (["--json", "id"], "options come behind the command: python -m toxpy id --json"),
        (["-p", "a b", "id"], "id -p 'a b'"),
        (["--json"], "there is no command '--json'"),
        (["ids"], "there is no command 'ids'"),
        (["conference"], "conference is followed by one of: create, invite, join, chat, leave, list"),
        (["conference", "crate"], "conference is followed by one of: create, "),
        (["--json", "conference", "list"], "command: python -m toxpy conference list --json"),
        (["conference", "--json", "list"], "command: python -m toxpy conference list --json"),
        (["conference", "-p", "a", "chat", "club"], "conference chat -p a club"),
        (["conference", "--json"], "conference is followed by one of: create, "),
        (["--json", "--no-lan", "conference"], "there is no command '--json'"),
        ([], "no command given"),
    ],
)
def test_options_before_the_command(words, advice, capsys):
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: ") and advice in said


@pytest.mark.parametrize("first", ["conference", "group"])
@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help_of_the_commands_of_two_words(first, word, capsys):
    assert main([first, word]) == 0
    shown = capsys.readouterr()
    found = re.findall(r"(?m)^  (\w+(?: \w+)?) ", shown.out)
    assert found == [name for name in COMMANDS if name.startswith(first + " ")] and len(found) == 6
    assert shown.err == ""


@pytest.mark.parametrize(
    "words",
    [
        ["id", "--profile", ""],
        ["id", "-p", ""],
        ["id", "--passphrase-file", ""],
        ["send", "Bob", "hi", "--nodes", ""],
        ["send", "Bob", ""],
        ["send", "Bob", "hi", ""],
        ["send", "Bob", "hi", "--request", ""],
        ["send-file", "Bob", ""],
        ["receive", "--files", ""],
        ["chat", "Bob", "--request="],
        ["conference", "create", ""],
        ["group", "create", "name", "--password", ""],
        ["passphrase", "--new-passphrase-file", ""],
    ],
)
def test_what_is_empty_is_not_taken_for_something_else(words, capsys):
    assert main(words) == 2
    assert "empty" in capsys.readouterr().err
