"""The attack of `mailboxes.py`, short; the long one is run by hand."""

from tests.fuzz.mailboxes import attack
from toxpy.ext.offline.ops import FULL, OK


def test_hostile_clients_of_a_mailbox():
    figures = attack(16_000, room=1 << 20)
    assert figures["used"] == 16
    assert figures["answers"][OK] > 2_000 and figures["answers"][FULL] > 100 and figures["evicted"] > 500
    assert figures["drops"]["drop.mailbox_request"] > 200 and figures["drops"]["drop.mailbox_too_fast"] > 50
    assert figures["after_mb"] - figures["before_mb"] < 25
