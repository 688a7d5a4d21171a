"""Record packets.json beside this file from Debian's real library, in a network of its own:

    unshare --user --map-root-user --net sh -c "ip link set lo up && python -m tests.vectors.record_packets"

Five instances on loopback, of which the first two become friends. Kept are, of each kind, the smallest and
the largest packet seen. Keys are random, so every recording differs. Forwarding, DHT announcements and group
announcements are in announcements.json: that version does not use them by itself.
"""

import json
import pathlib
import socket
import time

from tests.support.real_tox import RealTox

FILE = pathlib.Path(__file__).with_name("packets.json")
HOST = "127.0.0.1"
#: Everything that goes over an interface, and how much of it stands in front of what UDP carries.
ETH_P_ALL, HEADERS_SIZE = 3, 14 + 20 + 8
WANTED = {0x00, 0x01, 0x02, 0x04, 0x18, 0x19, 0x1A, 0x1B, 0x20, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86}
WANTED |= {0x8C, 0x8D, 0x8E}
TIMEOUT_S = 120


def listen(sniffer, seen):
    """Sort what has come by kind."""
    while True:
        try:
            frame = sniffer.recv(4096)
        except BlockingIOError:
            return
        if frame[23] == socket.IPPROTO_UDP:
            packet = frame[HEADERS_SIZE:]
            seen.setdefault(packet[0], {}).setdefault(len(packet), packet)


def main():
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sniffer.bind(("lo", 0))
    sniffer.setblocking(False)
    everybody = [RealTox(ipv6=False) for _ in range(5)]
    for tox in everybody[:-1]:
        other = everybody[-1]
        tox.bootstrap(HOST, other.self_get_udp_port(), other.self_get_dht_id())
    alice, bob = everybody[:2]
    alice.friend_add(bob.self_get_address(), b"please")
    seen, accepted = {}, False
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end and not (set(seen) >= WANTED and bob.friend_get_connection_status(0)):
        for tox in everybody:
            tox.iterate()
        if not accepted and any(type(event).__name__ == "FriendRequest" for event in bob.drain_events()):
            bob.friend_add_norequest(alice.self_get_public_key())
            accepted = True
        listen(sniffer, seen)
        time.sleep(0.02)
    print("missing:", sorted(map(hex, WANTED - set(seen))))
    said = {
        "about": "Recorded on loopback from Debian's libtoxcore 0.2.18. Keys are of the recording only.",
        "dht_keys": [tox.self_get_dht_id().hex() for tox in everybody],
        "real_keys": [tox.self_get_public_key().hex() for tox in everybody],
        "packets": {
            f"{kind:02x}": [seen[kind][size].hex() for size in sorted({min(seen[kind]), max(seen[kind])})]
            for kind in sorted(WANTED & set(seen))
        },
    }
    FILE.write_text(json.dumps(said, indent=1) + "\n")
    for tox in everybody:
        tox.kill()


if __name__ == "__main__":
    main()
