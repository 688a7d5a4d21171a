"""The commands of `toxpy`; each is a function of a module that is loaded when asked for."""

from __future__ import annotations

import importlib
import sys

from toxpy.cli.terminal import OK, PROGRAM, WRONG_USE, guard_pipes

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
    return guard_pipes(lambda: _main(arguments))


def _main(arguments: list[str]) -> int:
    if arguments[:1] in (["--help"], ["-h"], ["help"]):
        print(usage())
        return OK
    if arguments[:1] in (["--version"], ["-V"]):
        from toxpy.cli.about import version_text

        print(version_text())
        return OK
    if not arguments or arguments[0] not in COMMANDS:
        problem = f"there is no command {arguments[0]!r}" if arguments else "no command given"
        print(f"Error: {problem}\n\n{usage()}", file=sys.stderr)
        return WRONG_USE
    module, function, _ = COMMANDS[arguments[0]]
    status: int = getattr(importlib.import_module(f"toxpy.cli.{module}"), function)(arguments[1:])
    return status
