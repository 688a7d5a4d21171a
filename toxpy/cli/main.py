"""The commands of `python -m toxpy`; each is a function of a module that is loaded when asked for."""

from __future__ import annotations

import importlib
import sys

#: command -> (module, function, what it does)
COMMANDS = {
    "id": ("identity", "id_main", "print the Tox ID of a profile"),
    "new": ("identity", "new_main", "make a profile with a new identity"),
    "passphrase": ("identity", "passphrase_main", "set, change or remove the passphrase of a profile"),
    "restore": ("identity", "restore_main", "go back to the last good copy of a damaged profile"),
    "send": ("messages", "send_main", "send messages to a friend"),
    "receive": ("messages", "receive_main", "print messages of friends"),
    "chat": ("chat", "main", "talk to a friend"),
    "echo": ("messages", "echo_main", "send every message back"),
    "bootstrapd": ("bootstrapd", "main", "run a bootstrap node, as tox-bootstrapd does"),
}


def usage() -> str:
    """The list of commands."""
    lines = [f"  {name:<12} {text}" for name, (_, _, text) in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: python -m toxpy COMMAND [OPTION]...",
            "",
            "Commands:",
            *lines,
            "",
            "python -m toxpy COMMAND --help tells more.",
        ]
    )


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    if arguments[:1] in (["--help"], ["-h"], ["help"]):
        print(usage())
        return 0
    if not arguments or arguments[0] not in COMMANDS:
        problem = f"there is no command {arguments[0]!r}" if arguments else "no command given"
        print(f"Error: {problem}\n\n{usage()}", file=sys.stderr)
        return 1
    module, function, _ = COMMANDS[arguments[0]]
    status: int = getattr(importlib.import_module(f"toxpy.cli.{module}"), function)(arguments[1:])
    return status
