"""What the metrics' HTTP server answers, and what it does not take."""

import socket
import threading
import time
import urllib.error
import urllib.request

import pytest

from toxpy.system import http_server
from toxpy.system.http_server import MAX_CONNECTIONS, MAX_REQUEST_SIZE, serve_http

TEXT = b"tox_packets 5\n"


def app(environ, start_response):
    if environ["QUERY_STRING"] == "broken":
        raise TimeoutError
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [TEXT]


@pytest.fixture(scope="module", params=["127.0.0.1", "::1"])
def server(request):
    made = serve_http(request.param, 0, "/metrics", app)
    yield made
    made.shutdown()
    made.server_close()


def ask(server, path="/metrics", method="GET", data=None):
    """Status, headers and body."""
    host, port = server.server_address[:2]
    shown = f"[{host}]" if ":" in host else host
    asking = urllib.request.Request(f"http://{shown}:{port}{path}", data, method=method)
    try:
        with urllib.request.urlopen(asking, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def connect(server):
    return socket.create_connection(server.server_address[:2], timeout=10)


def test_what_is_answered(server):
    status, headers, body = ask(server)
    assert (status, body, headers["Content-Length"]) == (200, TEXT, str(len(TEXT)))
    assert ask(server, "/metrics?name[]=x")[0] == 200
    status, headers, body = ask(server, method="HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(TEXT)))


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metricsx", "/favicon.ico", "/../metrics"])
def test_any_other_path_is_404(server, path):
    assert ask(server, path)[0] == ask(server, path, "HEAD")[0] == ask(server, path, "POST")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_any_other_method_is_405(server, method):
    status, headers, _ = ask(server, method=method)
    assert status == 405 and headers["Allow"] == "GET, HEAD"


def test_an_application_that_fails_is_503(server, capfd):
    status, _, body = ask(server, "/metrics?broken")
    assert status == 503 and b"does not answer" in body
    assert capfd.readouterr() == ("", "")


def ended(connection):
    """True once the other side has closed it; what it said is not of interest."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


def test_connections_are_limited(server):
    """Those beyond the limit are closed, and there is room again when one of the others ends."""
    held = [connect(server) for _ in range(MAX_CONNECTIONS)]
    with connect(server) as another:
        assert ended(another)
    assert threading.active_count() < MAX_CONNECTIONS + 20
    for connection in held:
        connection.close()
    while True:
        try:
            assert ask(server)[0] == 200
            break
        except OSError:
            # their threads are about to see it
            continue


def test_a_slow_request_ends(server, monkeypatch, capfd):
    """However often it sends a byte."""
    monkeypatch.setattr(http_server, "REQUEST_TIMEOUT_MS", 300)
    begun = time.monotonic()
    with connect(server) as silent, connect(server) as slow:
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while time.monotonic() < begun + 10:
                slow.send(b"G")
                threading.Event().wait(0.02)
        assert ended(silent)
    assert time.monotonic() < begun + 5
    assert capfd.readouterr() == ("", "")


def test_a_request_without_end_is_cut(server, capfd):
    """Lines and headers, before they fill the memory."""
    for begin in (b"", b"GET /metrics HTTP/1.0\r\n", b"GET /metrics HTTP/1.0\r\na: b\r\nc: "):
        with connect(server) as connection:
            sent, chunk = connection.send(begin), b"G" * 1000
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                while sent < 100 * 1024 * 1024:
                    sent += connection.send(chunk)
            assert sent >= MAX_REQUEST_SIZE
    assert ask(server)[0] == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size, answered", [(1000, True), (MAX_REQUEST_SIZE + 1000, False)])
def test_a_long_request_gets_no_answer(server, size, answered):
    with connect(server) as connection:
        connection.sendall(b"GET /metrics HTTP/1.0\r\na: " + b"b" * size + b"\r\n\r\n")
        try:
            found = connection.recv(4096)
        except ConnectionResetError:
            found = b""
    assert found.startswith(b"HTTP/1.0 200") == answered and bool(found) == answered
