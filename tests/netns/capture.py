"""Everything that passes one interface of the lab, in words."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading
from collections import Counter

from tests.netns.lab import inside

ETH_P_ALL = 3
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
TCP, UDP, ICMPV6 = 6, 17, 58
HOP_BY_HOP = 0
#: router and neighbour discovery, and the kernel's multicast listener reports that belong to it
DISCOVERY = {130, 131, 132, 133, 134, 135, 136, 143}


class Capture:
    """Watches the internet's end of a host's link from now on; a context manager."""

    def __init__(self, lab, host):
        with inside(lab.internet):
            # with a protocol it would hear all interfaces until it is bound
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind((host.link, ETH_P_ALL))
        self.socket.settimeout(0.2)
        #: how often each kind of packet was seen: "tcp 203.0.113.7:1234 > 203.0.113.2:3128"
        self.seen = Counter()
        self.running = True
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _watch(self):
        while self.running:
            try:
                frame = self.socket.recv(65536)
            except TimeoutError:
                continue
            self.seen[describe(frame)] += 1

    def stop(self):
        """Stop watching; everything that was sent before is in `seen`."""
        self.running = False
        self.thread.join(10)
        self.socket.close()

    def besides(self, address, port):
        """What was neither TCP with that address and port nor ARP or neighbour discovery."""
        end = f"{address}:{port}"
        return {
            words: count
            for words, count in self.seen.items()
            if words not in ("arp", "discovery")
            and not (words.startswith("tcp ") and end in words.removeprefix("tcp ").split(" > "))
        }


def describe(frame):
    """One Ethernet frame in words."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind == ARP:
        return "arp"
    if kind == IPV4:
        header = (frame[14] & 15) * 4
        protocol, source, destination = frame[23], frame[26:30], frame[30:34]
        payload = frame[14 + header :]
    elif kind == IPV6:
        protocol, source, destination, payload = frame[20], frame[22:38], frame[38:54], frame[54:]
        if protocol == HOP_BY_HOP:
            protocol, payload = payload[0], payload[(payload[1] + 1) * 8 :]
        if protocol == ICMPV6 and payload[0] in DISCOVERY:
            return "discovery"
    else:
        return f"ethertype {kind:#06x}"
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if protocol in (TCP, UDP):
        name = "tcp" if protocol == TCP else "udp"
        ports = struct.unpack_from(">HH", payload)
        return f"{name} {source}:{ports[0]} > {destination}:{ports[1]}"
    return f"protocol {protocol} {source} > {destination}"
