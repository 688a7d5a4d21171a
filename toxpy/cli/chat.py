"""`chat`: a conversation with one friend, typed in a terminal or piped through stdin and stdout."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from toxpy.aio import Friend
from toxpy.cli import settings
from toxpy.cli.messages import FRIEND_HELP, accept_or_tell, add_friend_options, deliver
from toxpy.cli.session import Session, run
from toxpy.cli.terminal import input_lines
from toxpy.typed_enums import MessageType

HELP = "/me TEXT sends an action, /quit (or Ctrl-D) ends, a line that begins with // sends it with one /."


def main(words: list[str]) -> int:
    """Run the command."""
    parser = settings.make_parser("chat", "Talk to a friend: each line is a message.", HELP)
    parser.add_argument("friend", metavar="FRIEND", help=FRIEND_HELP)
    parser.add_argument("--accept", action="store_true", help="accept all friend requests")
    parser.add_argument(
        "--linger",
        metavar="SECONDS",
        type=settings.seconds,
        default=0.0,
        help="how long to stay for answers after the end of the input",
    )
    add_friend_options(parser.add_argument)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def chat(session: Session) -> None:
        friend = session.find_friend(arguments.friend, request=arguments.request)
        accept_or_tell(session, arguments.accept)
        session.tox.on_typed_message(session.tell_message)
        async with contextlib.AsyncExitStack() as stack:
            lines = input_lines()
            if sys.stdin.isatty() and sys.stdout.isatty() and not arguments.json:
                lines = edited_lines(stack) or lines
            await converse(session, friend, lines)
        await asyncio.sleep(arguments.linger)

    return run(arguments, chat)


async def converse(session: Session, friend: Friend, lines: AsyncIterator[str]) -> None:
    """Send what is typed, in order, while more is typed; return when all was received."""
    waiting: asyncio.Queue[tuple[str, MessageType]] = asyncio.Queue()

    async def send_all() -> None:
        while True:
            text, kind = await waiting.get()
            await deliver(session, friend, text, kind)
            waiting.task_done()

    async def read_all() -> None:
        async for line in lines:
            if line.strip() == "/quit":
                break
            if line.startswith("/me "):
                waiting.put_nowait((line[4:], MessageType.ACTION))
            elif line.startswith("/") and not line.startswith("//"):
                session.out.status("help", HELP, message=HELP)
            elif line.strip():
                waiting.put_nowait((line[1:] if line.startswith("//") else line, MessageType.NORMAL))
        await waiting.join()

    tasks = [asyncio.ensure_future(read_all()), asyncio.ensure_future(send_all())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def edited_lines(stack: contextlib.AsyncExitStack) -> AsyncIterator[str] | None:
    """Lines edited at the foot of the terminal, what comes meanwhile above; None without prompt_toolkit."""
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.patch_stdout import patch_stdout
    except ModuleNotFoundError:
        return None
    stack.enter_context(patch_stdout())
    prompt: PromptSession[str] = PromptSession("> ")

    async def read() -> AsyncIterator[str]:
        while True:
            try:
                yield await prompt.prompt_async()
            except (EOFError, KeyboardInterrupt):
                return

    return read()
