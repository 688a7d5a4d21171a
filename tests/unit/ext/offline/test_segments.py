"""What friends tell each other about mailboxes: there and back, every bound, every damage."""

import random

import pytest

from tests.support.parcels import damaged, noise, tries
from toxpy.errors import PacketError
from toxpy.ext.offline import segments as seg
from toxpy.ext.offline.records import Mailbox
from toxpy.ext.offline.segments import Offer
from toxpy.friend.envelope import MAX_SEGMENT_SIZE

RNG = random.Random(5)
KEYS = [RNG.randbytes(32) for _ in range(38)]
MAILBOXES = [Mailbox(f"10.0.0.{n}", 400 + n, KEYS[n], KEYS[n + 5]).record() for n in range(1, 6)]
SECRET, TOKEN = KEYS[0], KEYS[1]
IDS = [RNG.randbytes(16) for _ in range(251)]
ONE_OF_EACH = {
    seg.OFFER: Offer(7, SECRET, MAILBOXES[:2]).pack(),
    seg.PREKEYS: seg.pack_prekeys(KEYS[:2]),
    seg.WANTED: seg.pack_wanted(300),
    seg.RECEIPT: seg.pack_receipt(IDS[:2]),
    seg.MAILBOX: seg.pack_mailbox(MAILBOXES[0], TOKEN),
}
#: Reads a segment and packs it again.
AGAIN = {
    seg.OFFER: lambda data: Offer.unpack(data).pack(),
    seg.PREKEYS: lambda data: seg.pack_prekeys(seg.unpack_prekeys(data)),
    seg.WANTED: lambda data: seg.pack_wanted(seg.unpack_wanted(data)),
    seg.RECEIPT: lambda data: seg.pack_receipt(seg.unpack_receipt(data)),
    seg.MAILBOX: lambda data: seg.pack_mailbox(*seg.unpack_mailbox(data)),
}


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_there_and_back_and_damaged(kind):
    data, again = ONE_OF_EACH[kind], AGAIN[kind]
    assert data[0] == kind and again(data) == data
    inputs = [*damaged(data), *(bytes((kind,)) + more for more in noise(kind, 1000, 200))]
    inputs += [other for other in ONE_OF_EACH.values() if other is not data]
    for taken, made in tries(again, inputs):
        # what is taken is another segment of the kind, not a cut or a longer one
        assert made == taken != data and taken[0] == kind


def test_offers():
    for count in range(5):
        offer = Offer.unpack(Offer(2**32 - 1, SECRET, MAILBOXES[:count]).pack())
        assert (offer.generation, offer.pair_secret) == (2**32 - 1, SECRET)
        assert offer.mailboxes == MAILBOXES[:count]
    for bad in (
        Offer(1, SECRET, MAILBOXES[:5]),
        Offer(1, bytes(32), MAILBOXES[:1]),
        Offer(1, SECRET, MAILBOXES[:1] * 2),
    ):
        with pytest.raises(PacketError):
            Offer.unpack(bad.pack())


def test_pre_keys():
    full = seg.pack_prekeys(KEYS[:37])
    assert seg.unpack_prekeys(full) == KEYS[:37] and len(full) <= MAX_SEGMENT_SIZE
    for bad in (
        seg.pack_prekeys([]),
        seg.pack_prekeys(KEYS[:38]),
        seg.pack_prekeys(KEYS[:2] + KEYS[:1]),
        b"\x02\x01" + bytes(4) + KEYS[0],
    ):
        with pytest.raises(PacketError):
            seg.unpack_prekeys(bad)


def test_receipts_and_wanted():
    assert seg.unpack_receipt(seg.pack_receipt(IDS[:250])) == IDS[:250]
    assert len(seg.pack_receipt(IDS[: seg.MAX_RECEIPTS])) <= MAX_SEGMENT_SIZE
    for bad in (seg.pack_receipt([]), seg.pack_receipt(IDS)):
        with pytest.raises(PacketError):
            seg.unpack_receipt(bad)
    assert seg.unpack_wanted(seg.pack_wanted(0)) == 0
    assert seg.unpack_wanted(seg.pack_wanted(100_000)) == 65535


def test_segments_in_a_sealed_message():
    segments = list(ONE_OF_EACH.values())
    body = seg.pack_offered(segments)
    assert seg.unpack_offered(body) == segments and seg.unpack_offered(b"") == []
    for data, made in tries(seg.unpack_offered, [*damaged(body[:60]), *noise(3, 1000, 100)]):
        assert seg.pack_offered(made) == data and all(made)
    with pytest.raises(PacketError):
        seg.unpack_offered(bytes(2))
