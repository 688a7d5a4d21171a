"""Layouts against packets of c-toxcore: sizes, and where its keys stand."""

import json

import pytest

from tests.support.prefix import ROOT
from toxpy.crypto.sodium import KEY_SIZE, public_key
from toxpy.onion.path import RETURN_KINDS
from toxpy.wire.packets import (
    ANNOUNCE_RESPONSE,
    FRAMES,
    LAYER_SIZE,
    MAILBOXES,
    ONION_RECV_1,
    ONION_RECV_2,
    ONION_RECV_3,
    ONION_SEND_1,
    ONION_SEND_2,
    ONION_SEND_3,
    RETURN_1_SIZE,
    RETURN_2_SIZE,
    RETURN_3_SIZE,
    TABLE,
)

VECTORS = ROOT / "tests" / "vectors"
RECORDED = json.loads((VECTORS / "packets.json").read_text())
GROUPS = json.loads((VECTORS / "groups" / "ngc_packets.json").read_text())
NOISE = json.loads((VECTORS / "noise_pr3028.json").read_text())
ANNOUNCEMENTS = json.loads((VECTORS / "announcements.json").read_text())
LAYOUTS = {
    layout.kind: layout for group in TABLE if group not in (FRAMES, MAILBOXES) for layout in TABLE[group]
}

#: Smallest and largest size of each kind, as the constants of c-toxcore 0.2.18 make them.
SIZES = {
    0x00: (82, 82),
    0x01: (82, 82),
    0x02: (113, 113),
    0x04: (82, 286),
    0x18: (145, 145),
    0x19: (161, 161),
    0x1A: (385, 385),
    0x1B: (28, 1400),
    0x1C: (162, 322),
    0x20: (107, 1024),
    0x5A: (172, 223),
    0x5B: (82, 1477),
    0x5C: (75, 1477),
    0x80: (227, 1400),
    0x81: (219, 1400),
    0x82: (211, 1400),
    0x83: (354, 354),
    0x84: (82, 286),
    0x85: (283, 1400),
    0x86: (122, 1400),
    0x87: (354, 490),
    0x88: (83, 831),
    0x8C: (179, 1400),
    0x8D: (120, 1400),
    0x8E: (61, 1400),
    0x90: (33, 1825),
    0x91: (2, 2048),
    0x92: (2, 2048),
    0x93: (113, 145),
    0x94: (113, 384),
    0x95: (146, 146),
    0x96: (114, 626),
    0x97: (190, 702),
    0x98: (125, 125),
}


def recorded():
    """All packets, by kind."""
    texts = [text for packets in RECORDED["packets"].values() for text in packets]
    texts += [text for said in ANNOUNCEMENTS["session"].values() for text in said.values()]
    texts += ANNOUNCEMENTS["group_requests"]
    texts += [packet["wire"] for packet in GROUPS["packets"]]
    texts += [NOISE["message1"], NOISE["message2"]]
    texts += [ANNOUNCEMENTS[name] for name in ("forward_request", "forwarding", "forward_reply")]
    packets = {}
    for packet in map(bytes.fromhex, [*texts, ANNOUNCEMENTS["group_response"]]):
        packets.setdefault(packet[0], []).append(packet)
    # a response is on its way back
    packets[ANNOUNCE_RESPONSE.kind] = [bytes.fromhex(ANNOUNCEMENTS["group_response"])[ONION_RECV_3.size :]]
    return packets


PACKETS = recorded()
DHT_KEYS = {*map(bytes.fromhex, RECORDED["dht_keys"])} | {
    public_key(bytes.fromhex(ANNOUNCEMENTS[name])) for name in ("client_secret", "server_secret")
}
REAL_KEYS = {*map(bytes.fromhex, RECORDED["real_keys"])}


def values(packet):
    """The fixed fields of a packet by name."""
    layout = LAYOUTS[packet[0]]
    return dict(zip(layout.fields, layout.unpack_from(packet)[1:], strict=True))


def test_every_kind_was_recorded():
    assert PACKETS.keys() == LAYOUTS.keys() == SIZES.keys()


@pytest.mark.parametrize("kind", SIZES, ids=hex)
def test_sizes(kind):
    layout = LAYOUTS[kind]
    assert (layout.min_size, layout.max_size) == SIZES[kind]
    for packet in PACKETS[kind]:
        assert layout.fits(packet), len(packet)


@pytest.mark.parametrize(
    "kind",
    [0x00, 0x01, 0x02, 0x04, 0x18, 0x20, 0x80, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98],
    ids=hex,
)
def test_the_sender_is_somebody(kind):
    for packet in PACKETS[kind]:
        assert values(packet)["sender"] in DHT_KEYS


def test_the_receiver_is_somebody():
    for packet in PACKETS[0x20]:
        assert values(packet)["receiver"] in DHT_KEYS
    for packet in PACKETS[0x85]:
        assert values(packet)["receiver"] in REAL_KEYS


def test_who_announces_is_somebody():
    """A friend is searched with a temporary key: of all senders some are real."""
    assert REAL_KEYS & {values(packet)["sender"] for packet in PACKETS[0x83]}


@pytest.mark.parametrize("layout", [ONION_RECV_3, ONION_RECV_2, ONION_RECV_1], ids=lambda each: each.name)
def test_what_is_on_its_way_back_begins_behind_the_return_data(layout):
    for packet in PACKETS[layout.kind]:
        assert packet[layout.size] in RETURN_KINDS


def test_each_hop_takes_a_layer_and_adds_return_data():
    """The smallest recorded is the same packet at each hop: a friend request, or a question."""
    delivered = min(len(packet) for kind in (0x83, 0x85) for packet in PACKETS[kind])
    first, second, third = (
        min(map(len, PACKETS[layout.kind])) for layout in (ONION_SEND_1, ONION_SEND_2, ONION_SEND_3)
    )
    assert delivered == third - ONION_SEND_3.size - (LAYER_SIZE - KEY_SIZE) - RETURN_2_SIZE + RETURN_3_SIZE
    assert third == second - LAYER_SIZE - RETURN_1_SIZE + RETURN_2_SIZE
    assert second == first - LAYER_SIZE + RETURN_1_SIZE
