"""The commands of `python -m toxpy`; each is a module with `main(arguments)`, loaded when asked for."""

from __future__ import annotations

import importlib
import sys

#: command -> (module, what it does)
COMMANDS = {"bootstrapd": ("toxpy.cli.bootstrapd", "run a bootstrap node, as tox-bootstrapd does")}


def usage() -> str:
    """The list of commands."""
    lines = [f"  {name:<12} {text}" for name, (_, text) in COMMANDS.items()]
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
    module = importlib.import_module(COMMANDS[arguments[0]][0])
    status: int = module.main(arguments[1:])
    return status
