"""Where the daemon's messages go: stdout and stderr, or syslog.

On a terminal a line has the usual form of Tox logs, information on stdout, the rest on stderr:

    [15:02:46.433 UTC] (tox.bootstrap) bootstrapd.py:120 : Info: Public Key: ...
"""

from __future__ import annotations

import logging
import sys
import syslog
import traceback
from collections.abc import Callable
from types import TracebackType

from toxpy.network.bootstrap_node import VERSION
from toxpy.runtime import LOG_DEBUG, LOG_ERROR, LOG_INFO, LOG_TRACE, LOG_WARNING

BACKENDS = ("syslog", "stdout")
IDENT = "toxpy-bootstrapd"
DAY_S = 86_400

#: level of toxpy.runtime -> level of logging
LEVELS = {
    LOG_TRACE: logging.DEBUG,
    LOG_DEBUG: logging.DEBUG,
    LOG_INFO: logging.INFO,
    LOG_WARNING: logging.WARNING,
    LOG_ERROR: logging.ERROR,
}
_NAMES = {logging.DEBUG: "Debug", logging.INFO: "Info", logging.WARNING: "Warning", logging.ERROR: "Critical"}
_PRIORITIES = {
    logging.DEBUG: syslog.LOG_DEBUG,
    logging.INFO: syslog.LOG_INFO,
    logging.WARNING: syslog.LOG_WARNING,
    logging.ERROR: syslog.LOG_ERR,
}


class StreamHandler(logging.Handler):
    """Information to stdout, warnings and errors to stderr. c-toxcore: log_backend_stdout.c."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a terminal that went away does not stop the daemon."""
        try:
            stream = sys.stdout if record.levelno < logging.WARNING else sys.stderr
            if stream is not None:
                stream.write(format_line(record) + "\n")
                stream.flush()
        except (OSError, ValueError):
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """There is nobody left to tell."""


class SyslogHandler(logging.Handler):
    """Facility "daemon", with the process id. c-toxcore: log_backend_syslog.c."""

    def __init__(self) -> None:
        super().__init__()
        syslog.openlog(IDENT, syslog.LOG_PID | syslog.LOG_NOWAIT, syslog.LOG_DAEMON)

    def emit(self, record: logging.LogRecord) -> None:
        """Hand over one message."""
        message = f"({record.name}) {printable(record.getMessage())}"
        syslog.syslog(_PRIORITIES.get(record.levelno, syslog.LOG_INFO), message)


def printable(text: str) -> str:
    """One line without control characters: what a configuration says must not look like a log of its own."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def format_line(record: logging.LogRecord) -> str:
    """The line for a terminal or a file."""
    seconds = int(record.created) % DAY_S
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{int(record.msecs):03}"
    place = f"{record.filename}:{record.lineno}"
    level = _NAMES.get(record.levelno, "Info")
    return f"[{clock} UTC] ({record.name}) {place} : {level}: {printable(record.getMessage())}"


def open_log(backend: str, *, trace: bool = False) -> logging.Logger:
    """The daemon's logger, writing to that backend from now on."""
    logger = logging.getLogger("tox.bootstrap")
    logger.propagate = False
    logger.setLevel(logging.DEBUG if trace else logging.INFO)
    logger.handlers[:] = [SyslogHandler() if backend == "syslog" else StreamHandler()]
    return logger


def core_log(logger: logging.Logger) -> Callable[[int, str], None]:
    """The log sink of a Runtime: its messages under the name tox.core."""
    core = logging.getLogger("tox.core")
    core.propagate = False
    core.setLevel(logger.level)
    core.handlers[:] = logger.handlers

    def log(level: int, message: str) -> None:
        # the place in the source would be this line for all of them
        core.log(LEVELS.get(level, logging.INFO), "%s", message, stacklevel=2)

    return log


def report_crash(logger: logging.Logger) -> None:
    """Let an exception that nobody expected end up in the log: a daemon has no stderr."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        logger.error("Ended by an error in the program, version %d, please report it:", VERSION)
        for part in traceback.format_exception(kind, error, trace):
            for line in part.splitlines():
                logger.error("%s", line)

    sys.excepthook = hook
