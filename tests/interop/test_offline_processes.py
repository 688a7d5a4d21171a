"""Friends who are never there together, as processes with real sockets, and mailboxes of which one is bad.

`TOXPY_KILLS=30 python -m pytest -s tests/interop/test_offline_processes.py` also kills each of them so often,
at any moment.
"""

import os
import random
import time

import pytest

from tests.support.away_person import Away
from tests.support.mailbox_process import SERVER, MailboxProcess

#: the second one goes in parts
TEXTS = ["hello", "långer text " * 700, "good-bye"]
PARCELS = 1 + 3 + 1
KILLS = int(os.environ.get("TOXPY_KILLS", "0"))
#: Seconds in which friends tell of their mailboxes; in which all mailboxes were visited after the first; and
#: in which a recipient has left its receipts.
MEET_S, ALL_S, RECEIPTS_S = 4, 8, 8


class Place:
    """Three mailboxes and two friends who met once."""

    def __init__(self, folder, kinds):
        self.mailboxes, self.alice = [], None
        try:
            self.mailboxes += (MailboxProcess(kind, folder) for kind in kinds)
            texts = [mailbox.text for mailbox in self.mailboxes]
            self.alice, self.bob = (Away(folder / name, texts) for name in ("alice", "bob"))
            self._meet(texts[0])
        except BaseException:
            self.close()
            raise

    def _meet(self, node):
        both = (self.alice, self.bob)
        for person in both:
            person.start(seconds=0)
            person.wait(lambda person=person: person.has("end"), "the end")
            person.stop()
        keys = [person.has("key")[0] for person in both]
        for person, key in zip(both, reversed(keys), strict=True):
            person.start(node=node, friend=key)
        for person in both:
            person.wait(lambda person=person: person.has("online", True), "the friend")
        # offers and pre-keys come once the disk has them
        time.sleep(MEET_S)
        for person in both:
            person.stop()

    def close(self):
        people = (self.alice, self.bob) if self.alice is not None else ()
        for one in (*people, *self.mailboxes):
            one.kill()


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path, (SERVER, SERVER, "Malicious"))
    yield made
    made.close()


def states(person, state):
    """Ids of the messages that came to that state."""
    return {line["id"] for line in list(person.seen) if line.get("state") == state}


@pytest.mark.timeout(200)
def test_never_there_together(place):
    """One mailbox is bad, one is killed when all is there; and sender and recipient are killed on the way."""
    alice, bob = place.alice, place.bob
    alice.start(texts=TEXTS)
    alice.wait(lambda: len(alice.has("sent")) == 3, "three that are kept")
    alice.kill()
    alice.start()
    told = set(alice.has("sent"))
    alice.wait(lambda: states(alice, "STORED") >= told, "mailboxes that have them")
    # the first may have been the bad one, or the one that dies
    honest = place.mailboxes[0]
    alice.wait(lambda: len(honest.places()) == PARCELS, "a good mailbox that has all")
    left = honest.places()
    alice.stop()
    place.mailboxes[1].kill()
    bob.start()
    bob.wait(lambda: bob.has("message"), "a message")
    bob.kill()
    bob.start()
    bob.wait(lambda: set(bob.log()) >= told, "all messages")
    bob.wait(lambda: honest.places() and not honest.places() & left, "receipts in place of messages")
    time.sleep(RECEIPTS_S)
    bob.stop()
    # by id: what came before the kill may have come again under the same one
    shown = bob.log()
    assert set(shown) == told
    assert sorted({text for texts in shown.values() for text in texts}) == sorted(TEXTS)
    assert all(len(set(texts)) == 1 for texts in shown.values())
    alice.start()
    alice.wait(lambda: states(alice, "DELIVERED") >= told, "receipts")
    alice.stop()
    assert not alice.has("online", True) or alice.has("online").count(True) == 1, "they met once"


def killed_at_any_moment(place, round_number):
    """Sender, recipient and a mailbox, each at some moment of its work."""
    rest = random.Random(round_number)
    alice, bob, box = place.alice, place.bob, place.mailboxes[0]
    alice.start(texts=["one", "two"])
    time.sleep(rest.uniform(0.4, 3))
    alice.kill()
    alice.start()
    told = set(alice.has("sent"))
    time.sleep(rest.uniform(0, 2))
    box.kill()
    box.start()
    alice.wait(lambda: states(alice, "STORED") >= told, "mailboxes that have them", 120)
    time.sleep(ALL_S)
    alice.stop()
    bob.start()
    time.sleep(rest.uniform(0.4, 3))
    bob.kill()
    bob.start()
    bob.wait(lambda: set(bob.log()) >= told, "all messages", 120)
    time.sleep(RECEIPTS_S)
    bob.stop()
    texts = [texts[0] for texts in bob.log().values()]
    assert len(texts) == len(set(texts)), "one text under two ids"
    alice.start()
    alice.wait(lambda: not told or states(alice, "DELIVERED") >= told, "receipts", 120)


if KILLS:

    @pytest.mark.timeout(120 * KILLS)
    @pytest.mark.parametrize("number", range(KILLS))
    def test_killed_at_any_moment(place, number):
        killed_at_any_moment(place, number)
