"""The commands of `toxpy`; each is a function of a module that is loaded when asked for."""

from __future__ import annotations

import importlib
import shlex

from toxpy.cli.terminal import OK, PROGRAM, WRONG_USE, guard_pipes, mention, open_missing, say

#: command, of one word or two -> (module, function, what it does)
COMMANDS = {
    "id": ("identity", "id_main", "print the Tox ID of a profile"),
    "new": ("identity", "new_main", "make a profile with a new identity"),
    "passphrase": ("identity", "passphrase_main", "set, change or remove the passphrase of a profile"),
    "export": ("identity", "export_main", "write a copy of a profile, also for other Tox clients"),
    "restore": ("identity", "restore_main", "go back to the last good copy of a damaged profile"),
    "safety": ("safety", "main", "print what a friend compares, to know that nobody is between you"),
    "handshake": ("handshakes", "main", "print or set which handshakes friends may have"),
    "send": ("messages", "send_main", "send messages to a friend"),
    "send-file": ("files", "send_file_main", "send files to a friend"),
    "receive": ("receive", "main", "print messages of friends, and take their files"),
    "chat": ("chat", "main", "talk to a friend"),
    "call": ("calls", "call_main", "call a friend, with sound from and into WAV files"),
    "answer": ("calls", "answer_main", "answer a friend's call, likewise"),
    "conference create": ("conference", "create_main", "found a conference"),
    "conference invite": ("conference", "invite_main", "bring friends into a conference"),
    "conference join": ("conference", "join_main", "accept a friend's invitation to a conference"),
    "conference chat": ("conference_chat", "chat_main", "talk in a conference"),
    "conference leave": ("conference", "leave_main", "leave a conference for good"),
    "conference list": ("conference", "list_main", "print the conferences of a profile"),
    "group create": ("group", "create_main", "found a group and print its chat ID"),
    "group invite": ("group", "invite_main", "bring friends into a group"),
    "group join": ("group", "join_main", "join a group by its chat ID or a friend's invitation"),
    "group chat": ("group_chat", "chat_main", "talk in a group"),
    "group leave": ("group", "leave_main", "leave a group for good"),
    "group list": ("group", "list_main", "print the groups of a profile"),
    "echo": ("echo", "echo_main", "send every message back"),
    "mailbox": ("mailbox", "main", "keep messages for friends who are away"),
    "mailbox invite": ("mailbox", "invite_main", "let one more friend use the mailbox"),
    "doctor": ("doctor", "main", "tell what of the network works from here, and what to do"),
    "bootstrapd": ("bootstrapd.main", "main", "run a bootstrap node, as tox-bootstrapd does"),
}


def usage(group: str | None = None) -> str:
    """The list of commands, or of those whose first word is `group`."""
    if group is not None:
        lines = [f"  {name:<18} {text}" for name, (_, _, text) in COMMANDS.items() if _is_of(name, group)]
        head = [f"Usage: {PROGRAM} {group} COMMAND [OPTION]...", "", "Commands:", *lines, ""]
        return "\n".join([*head, f"{PROGRAM} {group} COMMAND --help tells more."])
    lines = [f"  {name:<18} {text}" for name, (_, _, text) in COMMANDS.items()]
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


def _is_of(name: str, group: str) -> bool:
    return name.startswith(group + " ")


def _group(arguments: list[str]) -> str | None:
    """The first word, if it is that of commands of two words."""
    first = arguments[0] if arguments else ""
    return first if any(_is_of(name, first) for name in COMMANDS) else None


def main(arguments: list[str]) -> int:
    """Run one command; the exit status."""
    open_missing()
    return guard_pipes(lambda: _main(arguments))


def _problem(arguments: list[str]) -> str:
    """What is wrong with a command line without a command in front."""
    if not arguments:
        return "no command given"
    group = _group(arguments)
    front = [] if group is None else [group]
    options = arguments[len(front) :]
    if options and options[0].startswith("-"):
        for place in range(len(options)):
            command, rest = _command([*front, *options[place:]])
            if command is not None:
                words = [*command.split(), *options[:place], *rest]
                return f"options come behind the command: {PROGRAM} {shlex.join(words)}"
    if group is not None:
        seconds = [name.partition(" ")[2] for name in COMMANDS if _is_of(name, group)]
        return f"{group} is followed by one of: {', '.join(seconds)}"
    return f"there is no command {arguments[0]!r}"


def _command(words: list[str]) -> tuple[str | None, list[str]]:
    """The command in front, and the words behind it."""
    for count in (2, 1):
        name = " ".join(words[:count])
        if len(words) >= count and name in COMMANDS:
            return name, words[count:]
    return None, words


def _main(arguments: list[str]) -> int:
    if arguments[:1] in (["--help"], ["-h"], ["help"]):
        say(usage())
        return OK
    if arguments[:1] in (["--version"], ["-V"]):
        from toxpy.cli.about import version_text

        say(version_text())
        return OK
    command, rest = _command(arguments)
    if command is None:
        group = _group(arguments)
        if group is not None and arguments[1:2] in (["--help"], ["-h"], ["help"]):
            say(usage(group))
            return OK
        mention(f"Error: {_problem(arguments)}\n\n{usage(group)}")
        return WRONG_USE
    module, function, _ = COMMANDS[command]
    status: int = getattr(importlib.import_module(f"toxpy.cli.{module}"), function)(rest)
    return status
