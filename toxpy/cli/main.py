"""The commands of `toxpy`; each is a function of a module that is loaded when asked for."""

from __future__ import annotations

import importlib
import shlex

from toxpy.cli.terminal import OK, PROGRAM, WRONG_USE, guard_pipes, mention, open_missing, say

#: command -> (module, function, what it does)
COMMANDS = {
    "id": ("identity", "id_main", "print the Tox ID of a profile"),
    "new": ("identity", "new_main", "make a profile with a new identity"),
    "passphrase": ("identity", "passphrase_main", "set, change or remove the passphrase of a profile"),
    "restore": ("identity", "restore_main", "go back to the last good copy of a damaged profile"),
    "send": ("messages", "send_main", "send messages to a friend"),
    "send-file": ("files", "send_file_main", "send files to a friend"),
    "receive": ("receive", "main", "print messages of friends, and take their files"),
    "chat": ("chat", "main", "talk to a friend"),
    "echo": ("echo", "echo_main", "send every message back"),
    "bootstrapd": ("bootstrapd.main", "main", "run a bootstrap node, as tox-bootstrapd does"),
}


def usage() -> str:
    """The list of commands."""
    lines = [f"  {name:<12} {text}" for name, (_, _, text) in COMMANDS.items()]
    return "\n".join(
        [
            f"Usage: {PROGRAM} COMMAND [OPTION]...",
            "",
            "Commands:",
            *lines,
            "",
            f"{PROGRAM} --version tells which toxpy this is, and where.",
            f"{PROGRAM} COMMAND --help tells more. A start: new, then chat with a friend's Tox ID.",
        ]
    )


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    open_missing()
    return guard_pipes(lambda: _main(arguments))


def _problem(arguments: list[str]) -> str:
    """What is wrong with a command line without a command in front."""
    if not arguments:
        return "no command given"
    command = next((word for word in arguments if word in COMMANDS), None)
    if arguments[0].startswith("-") and command is not None:
        others = [word for word in arguments if word != command]
        return f"options come behind the command: {PROGRAM} {shlex.join([command, *others])}"
    return f"there is no command {arguments[0]!r}"


def _main(arguments: list[str]) -> int:
    if arguments[:1] in (["--help"], ["-h"], ["help"]):
        say(usage())
        return OK
    if arguments[:1] in (["--version"], ["-V"]):
        from toxpy.cli.about import version_text

        say(version_text())
        return OK
    if not arguments or arguments[0] not in COMMANDS:
        mention(f"Error: {_problem(arguments)}\n\n{usage()}")
        return WRONG_USE
    module, function, _ = COMMANDS[arguments[0]]
    status: int = getattr(importlib.import_module(f"toxpy.cli.{module}"), function)(arguments[1:])
    return status
