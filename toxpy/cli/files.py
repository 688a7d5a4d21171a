"""Files on the command line: `send-file`, and what `receive` and `chat` do with offered ones."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from toxpy.aio import Friend
from toxpy.cli import settings
from toxpy.cli.messages import FRIEND_HELP, add_friend_options, tell_messages
from toxpy.cli.progress import FileProgress, Progress, size_text
from toxpy.cli.session import CliSession, run
from toxpy.cli.terminal import TIMED_OUT, Failure, visible
from toxpy.errors import ToxError
from toxpy.files.whole_file import Transfer, TransferError
from toxpy.generated.typed_enums import FileControl, FileKind

if TYPE_CHECKING:
    from toxpy.files.incoming import Incoming
    from toxpy.generated.typed_events import FileRecv

# sending


def send_file_main(words: list[str]) -> int:
    """`send-file`."""
    parser = settings.make_parser(
        "send-file",
        "Send files to a friend, one after the other, and wait until they were received.",
        "When the friend goes offline it waits for them, and goes on where it broke off if their program\n"
        "can. The same holds when it is started again with a file that did not change.\n"
        "--timeout is how long to wait for the friend, for them to accept, and for anything to move.",
    )
    parser.add_argument("friend", metavar="FRIEND", help=FRIEND_HELP)
    parser.add_argument("file", metavar="FILE", nargs="+", type=settings.file_name)
    add_friend_options(parser.add_argument)
    settings.add_network_options(parser)
    arguments = parser.parse_args(words)

    async def send(session: CliSession) -> None:
        for path in arguments.file:
            check_readable(path)
        tell_messages(session)
        friend = session.find_friend(arguments.friend, request=arguments.request)
        failed = 0
        with Progress(session.out) as progress:
            for path in arguments.file:
                try:
                    await send_one(session, friend, path, progress)
                except Failure as error:
                    if error.status == TIMED_OUT or len(arguments.file) == 1:
                        raise
                    session.out.warning(str(error))
                    failed += 1
        if failed:
            raise Failure(f"{failed} of {len(arguments.file)} files were not sent")

    return run(arguments, send)


def check_readable(path: str) -> None:
    """Failure unless it is a plain file that we may read."""
    if not os.path.isfile(path):
        raise Failure(f"{path} is not a file" if os.path.exists(path) else f"there is no file {path}")
    try:
        open(path, "rb").close()
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}") from error


async def send_one(session: CliSession, friend: Friend, path: str, progress: Progress) -> None:
    """Send one file, again when the friend went away in the middle; Failure when it cannot be."""
    while True:
        await session.online(friend)
        try:
            transfer = await friend.send_file(path)
        except OSError as error:
            raise Failure(f"cannot read {path}: {error.strerror}") from error
        except ToxError as error:
            if error.retryable:
                # offline again before the offer
                continue
            raise Failure(f"{path}: {error}") from error
        fields = {
            **session.fields_of(friend),
            "direction": "send",
            "file": transfer.name,
            "size": transfer.size,
            "file_id": transfer.file_id.hex().upper(),
        }
        following = progress.follow(transfer.name, fields)
        try:
            await _wait_while_moving(session, transfer, following)
        except (TransferError, TimeoutError) as error:
            fields["position"] = transfer.position
            if not _retryable(session, friend, path, error, fields):
                raise
            continue
        finally:
            following.close()
        text = f"{session.name_of(friend)} has {path} ({size_text(transfer.position)})"
        session.out.status("file_sent", text, **fields, path=path, start=transfer.start)
        return


def _retryable(
    session: CliSession,
    friend: Friend,
    path: str,
    error: TransferError | TimeoutError,
    fields: dict[str, Any],
) -> bool:
    """Say why it broke off; Failure when that is for good."""
    if isinstance(error, TransferError) and error.retryable:
        text = f"{path}: {error}; it goes on when they are back"
        session.out.status("file_interrupted", text, **fields, message=str(error))
        return True
    if isinstance(error, TransferError):
        message, status = str(error), 1
    else:
        name, limit_s = session.name_of(friend), session.arguments.timeout
        message, status = f"{name} did not accept it, or nothing moved, for {limit_s:g} s", TIMED_OUT
    session.out.status("file_failed", "", **fields, message=message)
    raise Failure(f"{path}: {message}", status) from error


async def _wait_while_moving(session: CliSession, transfer: Transfer, following: FileProgress) -> None:
    """TimeoutError when nothing moves for `--timeout`."""
    limit_s = session.arguments.timeout or None
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(limit_s) as waiting:

        def on_progress(transfer: Transfer) -> None:
            following(transfer)
            if limit_s is not None and not waiting.expired():
                waiting.reschedule(loop.time() + limit_s)

        transfer.on_progress = on_progress
        try:
            await transfer.finished()
        except asyncio.CancelledError:
            # the time is over, or the command ends: the friend may go on with it another time
            transfer.cancel(keep=True)
            raise


# receiving


def add_receive_options(add: Callable[..., object], otherwise: str) -> None:
    """Options of commands that take files."""
    add(
        "--files",
        metavar="FOLDER",
        type=settings.file_name,
        help=f"take offered files into that folder (without it {otherwise})",
    )
    add(
        "--max-size",
        metavar="SIZE",
        type=settings.size,
        help="decline files above SIZE bytes; it may end with k, M or G",
    )


class Receiver:
    """Takes offered files into a folder; without one it declines them, or with `ask` keeps the offers.

    When a command ends in the middle of a file, the part file stays and the friend is told nothing but that
    we go offline: it goes on when the file is offered again.
    """

    def __init__(
        self,
        session: CliSession,
        progress: Progress,
        *,
        only: Friend | None = None,
        ask: bool = False,
        on_file: Callable[[], object] = lambda: None,
    ) -> None:
        self._session = session
        self._progress = progress
        self._folder: str | None = getattr(session.arguments, "files", None)
        self._max_size: int | None = getattr(session.arguments, "max_size", None)
        self._only = only
        self._ask = ask
        self._on_file = on_file
        self._running: dict[Incoming, tuple[dict[str, Any], FileProgress]] = {}
        #: by friend and file number: a new offer takes the place of one that is gone
        self._offers: dict[tuple[int, int], FileRecv] = {}
        if self._folder is not None:
            make_folder(self._folder)

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_error: object) -> None:
        running, self._running = self._running, {}
        for transfer, (fields, following) in running.items():
            following.close()
            self._tell_broken_off(
                "file_interrupted", transfer, fields, "we left", " when it is offered again"
            )

    def offered(self, event: FileRecv) -> None:
        """A friend offers a file."""
        session = self._session
        if event.kind == FileKind.AVATAR:
            # clients offer theirs whenever they come online: nobody wants to read that
            self._decline(event, "avatars are not taken", tell=False)
        elif event.kind != FileKind.DATA:
            self._decline(event, f"files of kind {int(event.kind)} are not taken")
        elif self._only is not None and event.friend_number != self._only.number:
            self._decline(event, f"only those of {session.name_of(self._only)} are taken")
        elif self._max_size is not None and (event.file_size or 0) > self._max_size:
            self._decline(event, f"it is larger than --max-size ({size_text(self._max_size)})")
        elif self._folder is not None:
            self._tell_offer(event, "")
            self._accept(event, self._folder)
        elif self._ask:
            self._offers[event.friend_number, event.file_number] = event
            self._tell_offer(event, ": /accept [FOLDER] or /decline")
        else:
            self._decline(event, "files are taken with --files FOLDER only")

    def accept_oldest(self, folder: str) -> None:
        """Take the offer that waits longest; Failure when it cannot be."""
        if not self._offers:
            raise Failure("no file is offered")
        check_folder(folder)
        self._accept(self._offers.pop(next(iter(self._offers))), folder)

    def decline_oldest(self) -> None:
        """Decline the offer that waits longest; Failure when there is none."""
        if not self._offers:
            raise Failure("no file is offered")
        self._decline(self._offers.pop(next(iter(self._offers))), "not wanted")

    # saying

    def _fields(self, event: FileRecv) -> dict[str, Any]:
        friend = self._session.tox.friend(event.friend_number)
        try:
            file_id = self._session.tox.sync.file_get_file_id(event.friend_number, event.file_number)
        except ToxError:
            # the friend has taken it back
            file_id = b""
        return {
            **self._session.fields_of(friend),
            "direction": "receive",
            "file": event.filename,
            "size": event.file_size,
            "file_id": file_id.hex().upper(),
        }

    def _sentence(self, event: FileRecv, does: str) -> str:
        name = self._session.name_of(self._session.tox.friend(event.friend_number))
        return f"{name} {does} {visible(event.filename)} ({size_text(event.file_size)})"

    def _tell_offer(self, event: FileRecv, advice: str) -> None:
        self._session.out.status(
            "file_offered", self._sentence(event, "offers") + advice, **self._fields(event)
        )

    def _tell_broken_off(
        self, event: str, transfer: Transfer, fields: dict[str, Any], why: str, when: str = ""
    ) -> None:
        text = f"{transfer.name}: {why}, at {size_text(transfer.position)}"
        if event == "file_interrupted":
            text += f"; it goes on{when or ' when they offer it again'}"
        self._session.out.status(event, text, **fields, position=transfer.position, message=why)

    # doing

    def _decline(self, event: FileRecv, why: str, *, tell: bool = True) -> None:
        fields = self._fields(event)
        try:
            self._session.tox.call("file_control", event.friend_number, event.file_number, FileControl.CANCEL)
        except ToxError:
            # the friend has cancelled it, or gone: nothing is left to decline
            return
        text = f"{self._sentence(event, 'offered')}, declined: {why}" if tell else ""
        self._session.out.status("file_declined", text, **fields, message=why)

    def _accept(self, event: FileRecv, folder: str) -> None:
        fields = self._fields(event)
        following = self._progress.follow(event.filename, fields)
        try:
            transfer = self._session.tox.accept_file(
                event, folder, max_size=self._max_size, on_progress=following
            )
        except (ToxError, OSError, ValueError) as error:
            following.close()
            self._session.out.warning(f"{visible(event.filename)}: {error}")
            self._decline(event, str(error))
            return
        self._running[transfer] = fields, following
        transfer.when_over(lambda: self._over(transfer))

    def _over(self, transfer: Incoming) -> None:
        if transfer not in self._running:
            # we are leaving
            return
        fields, following = self._running.pop(transfer)
        following.close()
        if transfer.done:
            fields["size"] = transfer.position
            name = self._session.name_of(self._session.tox.friend(transfer.friend_number))
            text = f"{name} sent {transfer.path} ({size_text(transfer.position)})"
            self._session.out.result(
                "file_received", text, **fields, path=transfer.path, start=transfer.start
            )
            self._on_file()
            return
        retryable = isinstance(transfer.error, TransferError) and transfer.error.retryable
        event = "file_interrupted" if retryable else "file_failed"
        self._tell_broken_off(event, transfer, fields, str(transfer.error))


def make_folder(folder: str) -> None:
    """Make the folder if need be; Failure unless files can be put there."""
    try:
        os.makedirs(folder, exist_ok=True)
    except FileExistsError as error:
        raise Failure(f"{folder} is not a folder: choose another one") from error
    except OSError as error:
        raise Failure(f"cannot make the folder {folder}: {error.strerror}; choose another one") from error
    check_folder(folder)


def check_folder(folder: str) -> None:
    """Failure unless files can be put there."""
    if not os.path.isdir(folder):
        problem = "is not a folder" if os.path.exists(folder) else "does not exist: make it first (mkdir)"
        raise Failure(f"{folder} {problem}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Failure(f"cannot write into {folder}: choose another folder")
