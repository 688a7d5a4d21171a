"""Queues of a pair against the vectors."""

import json

from tests.support.prefix import ROOT
from toxpy.ext.offline import keys

VECTOR = json.loads((ROOT / "tests" / "vectors" / "offline.json").read_text())["mailbox"]
SECRET, MAILBOX = bytes.fromhex(VECTOR["pair_secret"]), bytes.fromhex(VECTOR["mailbox_public"])


def test_vectors():
    epoch = keys.epoch_at(VECTOR["unix_s"])
    access = keys.access(SECRET, epoch, MAILBOX)
    assert epoch == VECTOR["epoch"] and access.hex() == VECTOR["access"]
    assert keys.queue_of(access).hex() == VECTOR["queue"]


def test_epochs_begin_every_six_hours_with_2025():
    assert keys.epoch_at(1_735_689_600) == 0
    assert keys.epoch_at(1_735_689_599) == -1
    assert keys.epoch_at(1_735_689_600 + 6 * 3600 - 1) == 0
    assert keys.epoch_at(1_735_689_600 + 6 * 3600) == 1
    # a clock that stands at its beginning
    assert keys.epoch_at(0) < -80_000
    assert len(keys.access(SECRET, keys.epoch_at(0), MAILBOX)) == 32


def test_secret_epoch_and_mailbox_all_matter():
    made = {
        keys.access(secret, epoch, mailbox)
        for secret in (SECRET, bytes(32))
        for epoch in (-1, 0, 1)
        for mailbox in (MAILBOX, bytes(32))
    }
    assert len(made) == 12
