"""`Offline`, the value of `Options.offline_messages`: our mailboxes, and how long messages wait.

A mailbox is given as a `Mailbox`, or as the text that its owner tells: HOST:PORT:DHTKEY:REALKEY[:TOKEN].
"""

from __future__ import annotations

from toxpy.ext.offline.records import Mailbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: Mailboxes of ours, and those that we lend: what friends are told of is no longer.
MAX_MAILBOXES = 4
#: Time after which a message that the friend never got is given up, s; and the shortest and longest one.
EXPIRE_AFTER_S, LEAST_EXPIRE_AFTER_S, MOST_EXPIRE_AFTER_S = 7 * 86400, 60, 365 * 86400
#: Time that a friend has to come online before a message goes to mailboxes, s; and the longest one.
DIRECT_WAIT_S, MOST_DIRECT_WAIT_S = 60, 86400


class Offline:
    """How messages reach friends who are away, and us; it does not change.

    `mailboxes` are where friends leave messages for us, at most 4: without any, friends keep what they have
    for us until both of us are online. `lend` are mailboxes that our friends may use as theirs. With `find`
    nodes of the DHT are asked whether they are mailboxes while fewer than two are known. `cover` sends
    messages to ourselves now and then, so that a mailbox cannot tell when there are real ones.
    """

    __slots__ = ("cover", "direct_wait_s", "expire_after_s", "find", "lend", "mailboxes")

    def __init__(
        self,
        mailboxes: Iterable[Mailbox | str] = (),
        *,
        lend: Iterable[Mailbox | str] = (),
        find: bool = False,
        cover: bool = True,
        expire_after_s: float = EXPIRE_AFTER_S,
        direct_wait_s: float = DIRECT_WAIT_S,
    ) -> None:
        self.mailboxes = _mailboxes(mailboxes, "mailboxes")
        self.lend = _mailboxes(lend, "lend")
        self.find = _flag(find, "find")
        self.cover = _flag(cover, "cover")
        self.expire_after_s = _seconds(
            expire_after_s, "expire_after_s", LEAST_EXPIRE_AFTER_S, MOST_EXPIRE_AFTER_S
        )
        self.direct_wait_s = _seconds(direct_wait_s, "direct_wait_s", 0, MOST_DIRECT_WAIT_S)

    def __repr__(self) -> str:
        # without the tokens
        return f"<Offline {len(self.mailboxes)} mailboxes, {len(self.lend)} lent>"


def as_offline(value: object) -> Offline | None:
    """What an option says: None for off, the defaults for True."""
    if isinstance(value, Offline):
        return value
    if not isinstance(value, int) or value not in (0, 1):
        raise TypeError(f"offline_messages is True, False or Offline(...), not {type(value).__name__}")
    return Offline() if value else None


def _mailboxes(values: Iterable[Mailbox | str], what: str) -> tuple[Mailbox, ...]:
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{what} is a list of mailboxes, not a text")
    try:
        given = list(values)
    except TypeError:
        raise TypeError(f"{what} is a list of mailboxes, not {type(values).__name__}") from None
    found: list[Mailbox] = []
    for value in given:
        if isinstance(value, str):
            value = Mailbox.parse(value)
        elif not isinstance(value, Mailbox):
            raise TypeError(f"{what} has Mailbox objects or their texts, not {type(value).__name__}")
        if value.record() is None:
            raise ValueError(f"friends cannot be told of a mailbox at {value.host}: give its IP address")
        if all(known.real_pk != value.real_pk for known in found):
            found.append(value)
    if len(found) > MAX_MAILBOXES:
        raise ValueError(f"{what} has at most {MAX_MAILBOXES} mailboxes, not {len(found)}")
    return tuple(found)


def _flag(value: bool, what: str) -> bool:
    if value not in (True, False):
        raise TypeError(f"{what} is True or False, not {value!r}")
    return bool(value)


def _seconds(value: float, what: str, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{what} is a number of seconds, not {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{what} is a number of seconds from {least} to {most}, not {value}")
    return value
