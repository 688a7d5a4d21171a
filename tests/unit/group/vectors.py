"""Packets between real peers (c-toxcore 0.2.22), with all keys; made on loopback for this."""

import json

from tests.support.prefix import ROOT
from toxpy.group import packets
from toxpy.group.keys import ExtendedKeyPair

FOLDER = ROOT / "tests" / "vectors" / "groups"
_FILE = json.loads((FOLDER / "ngc_packets.json").read_text())
CHAT_ID = bytes.fromhex(_FILE["chat_id"])


class Recorded:
    """One packet as it was on the wire, and what was in it."""

    def __init__(self, entry):
        self.name, self.sender, self.receiver = entry["name"], entry["sender"], entry["receiver"]
        self.wire, self.plain = bytes.fromhex(entry["wire"]), bytes.fromhex(entry["plain"])
        self.shared_key = bytes.fromhex(entry.get("shared_key", ""))

    def body(self):
        """Kind and data."""
        if self.wire[0] == 0x5B:
            kind, _, data = packets.unpad_lossless(self.plain)
            return kind, data
        return packets.unpad_lossy(self.plain)


PACKETS = {entry["name"]: Recorded(entry) for entry in _FILE["packets"]}
#: of the peers and of the group itself
KEYS = {
    letter: ExtendedKeyPair(bytes.fromhex(entry["seed"]))
    for entry in _FILE["extended_keys"]
    for letter, signature_key in {
        "A": "150fa705",
        "chat": "142ab9c3",
        "B": "2174ee39",
        "C": "4cf93d7a",
    }.items()
    if entry["sig_pk"].startswith(signature_key)
}


def data_of(name):
    """What stood behind the kind."""
    return PACKETS[name].body()[1]


def extended_keys():
    """The key pairs as they were written down."""
    return _FILE["extended_keys"]


def saves():
    """Sections 7 by name: raw, and decoded."""
    return json.loads((FOLDER / "ngc_savedata.json").read_text())["saves"]
