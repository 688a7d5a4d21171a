"""A small HTTP server for what the bootstrap node tells about itself.

Whoever reaches the port can take little of the node: so many connections at once, so much time and so many
bytes for each request, one request for each connection. Beyond that a connection is closed without a word.
"""

from __future__ import annotations

import io
import socket
import threading
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from toxpy.runtime import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Connections at the same time; a monitor needs one.
MAX_CONNECTIONS = 16
#: Milliseconds that a request, with its answer, may take.
REQUEST_TIMEOUT_MS = 10_000
#: Bytes of a request with its headers; a browser's has about 1000.
MAX_REQUEST_SIZE = 16 * 1024


class _Server(ThreadingMixIn, WSGIServer):
    """One thread for each request; they do not keep the process from ending."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any) -> None:
        self._clock = Clock()
        #: when each connection was accepted
        self._begun_ms: dict[Any, int] = {}
        super().__init__(*arguments)

    def server_bind(self) -> None:
        """Bind, and look no name up for it, as the standard library's would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """A connection was accepted: a thread takes it, if there is room for one more."""
        if len(self._begun_ms) >= MAX_CONNECTIONS:
            self.shutdown_request(request)
            return
        self._clock.update()
        self._begun_ms[request] = self._clock.now_ms
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """Twice a second: a socket's own time-out begins anew with each byte, so the end is set here."""
        self._clock.update()
        for request, begun_ms in list(self._begun_ms.items()):
            if self._clock.now_ms - begun_ms >= REQUEST_TIMEOUT_MS:
                _hang_up(request)

    def shutdown_request(self, request: Any) -> None:
        """It is over."""
        self._begun_ms.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is not worth a traceback."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # closed already, also by the other side
        pass


class _Server6(_Server):
    address_family = socket.AF_INET6


class _TooLong(Exception):
    """A request has no end."""


class _Request(io.RawIOBase):
    """What comes from a connection, up to a limit."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._left = MAX_REQUEST_SIZE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._left <= 0:
            raise _TooLong
        found = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= found
        return found


class _SilentHandler(WSGIRequestHandler):
    def setup(self) -> None:
        """As always, but for the limit."""
        super().setup()
        self.rfile = io.BufferedReader(_Request(self.connection), 1024)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not worth a line each."""


def only(path: str, app: WSGIApplication) -> WSGIApplication:
    """The application at that path, and 404 elsewhere; 405 for what is neither GET nor HEAD.

    HEAD is answered with the headers of the answer to GET. An application that raises gives a 503.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        status, headers, body = _plain("404 Not Found", f"there is only {path}")
        if environ["PATH_INFO"] == path and method not in ("GET", "HEAD"):
            status, headers, body = _plain("405 Method Not Allowed", "GET or HEAD")
            headers.append(("Allow", "GET, HEAD"))
        elif environ["PATH_INFO"] == path:
            status, headers, body = _ask(app, environ)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if method == "HEAD" else [body]

    return answer


def _plain(status: str, text: str) -> tuple[str, list[tuple[str, str]], bytes]:
    return status, [("Content-Type", "text/plain; charset=utf-8")], f"{text}\n".encode()


def _ask(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status, headers and body of the answer to a GET."""
    started: list[Any] = []
    try:
        body = b"".join(
            app({**environ, "REQUEST_METHOD": "GET"}, lambda *found: started.append(found))  # type: ignore[arg-type]
        )
    except Exception:  # noqa: BLE001
        # the node does not answer in time: not worth a traceback either
        return _plain("503 Service Unavailable", "the node does not answer")
    status, headers = started[0][:2]
    return status, headers, body


def serve_http(host: str, port: int, path: str, app: WSGIApplication) -> WSGIServer:
    """Serve `app` at a path of a numeric address, to the end of the process; OSError when that fails."""
    server_class = _Server6 if ":" in host else _Server
    server = make_server(host, port, only(path, app), server_class, _SilentHandler)
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server
