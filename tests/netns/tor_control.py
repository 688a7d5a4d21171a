"""A control port of tor's that lets everybody in and gives everybody the same onion service: ADDRESS PORT."""

import socketserver
import sys

from tests.support.fake_services import FakeTor


class Talk(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self):
        tor = FakeTor(methods="NULL")
        for line in self.rfile:
            self.wfile.write(tor.answer(line.decode().rstrip("\r\n")).encode("latin-1"))


if __name__ == "__main__":
    with socketserver.ThreadingTCPServer((sys.argv[1], int(sys.argv[2])), Talk) as server:
        server.serve_forever()
