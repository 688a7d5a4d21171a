"""A small HTTP server for what the bootstrap node tells about itself."""

from __future__ import annotations

import socket
import threading
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class _Server(ThreadingMixIn, WSGIServer):
    """One thread for each request; they do not keep the process from ending."""

    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


class _SilentHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not worth a line each."""


def answers_head(app: WSGIApplication) -> WSGIApplication:
    """The same application, which answers HEAD with the headers of its answer to GET."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "HEAD":
            return app(environ, start_response)
        started: list[Any] = []
        body = app({**environ, "REQUEST_METHOD": "GET"}, lambda *found: started.append(found))  # type: ignore[arg-type]
        status, headers = started[0][:2]
        start_response(status, [*headers, ("Content-Length", str(sum(map(len, body))))])
        return []

    return answer


def serve_http(host: str, port: int, app: WSGIApplication) -> WSGIServer:
    """Serve `app` at a numeric address, to the end of the process; OSError when that fails."""
    server_class = _Server6 if ":" in host else _Server
    server = make_server(host, port, answers_head(app), server_class, _SilentHandler)
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server
