"""`client.c` for the Python API: the same commands and events; the options are its defaults.

python -m tests.netns.python_client proxy=socks5:HOST:PORT only=3,4 endpoint=NAME:PORT:LISTEN
"""

import os
import select
import sys
import time

from toxpy.errors import ToxError
from toxpy.ext.networks.options import Endpoint
from toxpy.generated.typed_events import FriendConnectionStatus, FriendMessage, SelfConnectionStatus
from toxpy.network.network_address import ExtendedNode, NetworkAddress
from toxpy.tox import Tox

CONNECTIONS = ("none", "tcp", "udp")
PROXIES = {"http": 1, "socks5": 2}
START = time.monotonic()


def say(what, text):
    print(int((time.monotonic() - START) * 1000), what, text, flush=True)


def obey(tox, words):
    """False when it is time to go."""
    match words:
        case ["bootstrap", host, port, key]:
            tox.bootstrap(host, int(port), key)
        case ["relay", host, port, key]:
            tox.add_tcp_relay(host, int(port), key)
        case ["friend", key]:
            tox.friend_add_norequest(key)
        case ["at", key, address]:
            node = ExtendedNode(bytes.fromhex(key), NetworkAddress.parse(address))
            tox.core.networks.friend_set_endpoints(0, [node])
        case ["send", count]:
            for number in range(1, int(count) + 1):
                tox.friend_send_message(0, str(number))
        case _:
            return False
    return True


def show(event):
    match event:
        case SelfConnectionStatus():
            say("SELF", CONNECTIONS[event.connection_status])
        case FriendConnectionStatus():
            say("FRIEND", CONNECTIONS[event.connection_status])
        case FriendMessage():
            say("MSG", event.message)


def main():
    options = {}
    for word in sys.argv[1:]:
        name, value = word.split("=")
        if name == "only":
            options["only_networks"] = set(map(int, value.split(",")))
            continue
        if name == "endpoint":
            address, _, listen = value.rpartition(":")
            options["endpoint"] = Endpoint.name(address, int(listen)) if listen else Endpoint.friends()
            continue
        if name != "proxy":
            sys.exit(f"unknown option {name}")
        kind, host, port = value.split(":")
        options.update(proxy_type=PROXIES[kind], proxy_host=host, proxy_port=int(port))
    with Tox(**options) as tox:
        say("KEY", tox.self_get_public_key())
        waiting, node = b"", None
        while True:
            for event in tox.iterate():
                show(event)
            if node is None and (node := tox.core.networks.endpoint_node()) is not None:
                say("ENDPOINT", f"{node.public_key.hex()} {node.address}")
            if select.select([sys.stdin], [], [], 0.02)[0]:
                # read here: what waits in a buffer of sys.stdin no select would tell
                waiting += os.read(sys.stdin.fileno(), 65536)
            while b"\n" in waiting:
                line, waiting = waiting.decode().split("\n", 1)
                waiting = waiting.encode()
                try:
                    if not obey(tox, line.split()):
                        return
                except ToxError as error:
                    say("ERROR", f"{line.split()[0]} {error.name}")


if __name__ == "__main__":
    main()
