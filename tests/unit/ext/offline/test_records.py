"""Mailboxes as bytes and as what people paste."""

import pytest

from tests.support.endpoints import onion
from tests.support.parcels import damaged, noise, tries
from toxpy.errors import PacketError
from toxpy.ext.offline.records import Mailbox, MailboxRecord
from toxpy.network.network_address import AddressType, ExtendedNode, NetworkAddress

DHT, REAL, TOKEN = (bytes(range(at, at + 32)) for at in (10, 60, 110))
KEYS = f"{DHT.hex().upper()}:{REAL.hex().upper()}"
ONION = onion(1)
HOSTS = ["1.2.3.4", "2001:db8::1", ONION, "a" * 52 + ".b32.i2p", "mailbox.example.org"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("token", [bytes(32), TOKEN], ids=["open", "token"])
def test_text_and_back(host, token):
    mailbox = Mailbox(host, 33445, DHT, REAL, token)
    again = Mailbox.parse(f"  {mailbox}\n")
    assert again == mailbox and hash(again) == hash(mailbox)
    assert (again.host, again.port, again.dht_pk, again.real_pk, again.token) == (
        host,
        33445,
        DHT,
        REAL,
        token,
    )
    assert str(mailbox).endswith(KEYS if token == bytes(32) else TOKEN.hex().upper())
    assert TOKEN.hex() not in repr(mailbox).lower()


def test_record_and_back():
    for host in HOSTS[:4]:
        mailbox = Mailbox(host, 443, DHT, REAL, TOKEN)
        record = mailbox.record()
        again, end = MailboxRecord.unpack(b"xy" + record.pack() + b"more", 2)
        assert again == record and hash(again) == hash(record) and end == 2 + len(record.pack())
        assert again.mailbox(TOKEN) == mailbox and again.mailbox() != mailbox
    assert Mailbox("mailbox.example.org", 1, DHT, REAL).record() is None


def test_records_of_unknown_networks_are_kept_and_not_dialled():
    node = ExtendedNode(DHT, NetworkAddress(77, b"whatever", 5))
    record, _ = MailboxRecord.unpack(MailboxRecord(REAL, node).pack())
    assert record.node.address.type == AddressType.UNKNOWN
    with pytest.raises(PacketError):
        record.mailbox()


def test_damaged_records():
    packed = Mailbox("1.2.3.4", 1, DHT, REAL).record().pack()
    for data, (record, end) in tries(MailboxRecord.unpack, damaged(packed)):
        assert record.pack() == data[:end]
    for data, (record, end) in tries(MailboxRecord.unpack, noise(2, 3000, 90)):
        assert record.pack() == data[:end]
    with pytest.raises(PacketError, match="port"):
        MailboxRecord.unpack(packed[:-2] + bytes(2))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3.4",
        f"1.2.3.4:{KEYS}",
        f"1.2.3.4:0:{KEYS}",
        f"1.2.3.4:65536:{KEYS}",
        f"1.2.3.4:+1:{KEYS}",
        f"1.2.3.4:\u0661:{KEYS}",
        f"1.2.3.4:1:{KEYS}:",
        f"1.2.3.4:1:{KEYS}:{TOKEN.hex()}:{TOKEN.hex()}",
        f"1.2.3.4:1:{KEYS[:-1]}",
        f"1.2.3.4:1:{KEYS}0",
        f"1.2.3.4:1:{KEYS[:-1]}g",
        f"1.2.3.4:1:{KEYS[:-2]} a",
        f"1.2.3:1:{KEYS}",
        f"1.2.3.256:1:{KEYS}",
        f"2001:db8::1:1:{KEYS}",
        f"[2001:db8::1:1:{KEYS}",
        f"[1.2.3.4]:1:{KEYS}",
        f"[2001:db8::1]1:{KEYS}",
        f"[2001:dbg::1]:1:{KEYS}",
        f"{'b' + ONION[1:]}:1:{KEYS}",
        f"short.onion:1:{KEYS}",
        f"a b:1:{KEYS}",
        f"\u00e4.example.org:1:{KEYS}",
        f"{'a' * 254}:1:{KEYS}",
    ],
)
def test_what_is_no_mailbox(text):
    with pytest.raises(ValueError, match=r"mailbox|port|IP|onion|address"):
        Mailbox.parse(text)
