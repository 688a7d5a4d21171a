"""`Offline`: what it takes, and what it refuses in words."""

import pytest

from toxpy.ext.offline.options import MAX_MAILBOXES, Offline, as_offline
from toxpy.ext.offline.records import Mailbox

KEYS = [f"{number:064X}" for number in range(1, 10)]


def text(number, host="192.0.2.1"):
    return f"{host}:33445:{KEYS[0]}:{KEYS[number]}:{KEYS[8]}"


def test_a_mailbox_is_an_object_or_its_text():
    given = Offline([text(1), Mailbox.parse(text(2))], lend=(text(3),), find=True, cover=False)
    assert [str(mailbox) for mailbox in given.mailboxes] == [text(1), text(2)]
    assert [str(mailbox) for mailbox in given.lend] == [text(3)]
    assert given.find and not given.cover
    # the token is a secret
    assert KEYS[8] not in repr(given).upper() and KEYS[8] not in repr(given.mailboxes).upper()


def test_a_mailbox_counts_once():
    """The one given first, by its real key."""
    both = Offline([text(1), text(1, "192.0.2.7")]).mailboxes
    assert [mailbox.host for mailbox in both] == ["192.0.2.1"]


def test_what_an_option_says():
    offline = Offline()
    assert as_offline(offline) is offline
    assert as_offline(False) is None and as_offline(0) is None
    assert as_offline(True).mailboxes == ()


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"mailboxes": text(1)}, TypeError, "a list of mailboxes, not a text"),
        ({"mailboxes": 5}, TypeError, "a list of mailboxes"),
        ({"lend": [None]}, TypeError, "lend has Mailbox objects"),
        ({"mailboxes": ["192.0.2.1:33445"]}, ValueError, "HOST:PORT:DHTKEY:REALKEY"),
        ({"mailboxes": [text(1, "example.org")]}, ValueError, "give its IP address"),
        ({"mailboxes": [text(n) for n in range(1, MAX_MAILBOXES + 2)]}, ValueError, "at most 4"),
        ({"find": "yes"}, TypeError, "find is True or False"),
        ({"cover": None}, TypeError, "cover is True or False"),
        ({"expire_after_s": "7d"}, TypeError, "number of seconds"),
        ({"expire_after_s": True}, TypeError, "number of seconds"),
        ({"expire_after_s": 0}, ValueError, "from 60 to"),
        ({"expire_after_s": float("nan")}, ValueError, "from 60 to"),
        ({"direct_wait_s": -1}, ValueError, "from 0 to"),
    ],
)
def test_what_is_refused(fields, error, words):
    with pytest.raises(error, match=words):
        Offline(**fields)
