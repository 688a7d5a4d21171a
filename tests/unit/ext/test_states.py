"""The machine of a message for a friend who may be away."""

import pytest

from toxpy.ext.offline.outbox import Message
from toxpy.ext.offline.states import (
    ACCEPT,
    AGE,
    CONFIRM,
    DELIVERED,
    DIRECT,
    EXPIRED,
    LEAVE,
    LEAVE_STORED,
    QUEUED,
    STATE_NAMES,
    STORE,
    STORED,
    STORING,
    TAKE_BACK,
    TAKEN_BACK,
    TRANSITIONS,
    WRITE,
    shown,
)

#: How a message comes into each state.
WAYS = {
    QUEUED: [],
    DIRECT: [WRITE],
    STORED: [STORE, ACCEPT, AGE],
    STORING: [STORE],
}


def message_in(state):
    message = Message(b"i" * 16, 1, 0, 0, bytes(16), b"text")
    for event in WAYS[state]:
        assert message.move(event)
    assert message.state == state
    return message


@pytest.mark.parametrize(("start", "event"), TRANSITIONS)
def test_each_transition(start, event):
    message = message_in(start)
    assert message.move(event) and message.state == TRANSITIONS[start, event]


EVENTS = sorted({event for _, event in TRANSITIONS})


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("start", range(len(STATE_NAMES)))
def test_nothing_else_happens(start, event):
    message = message_in(QUEUED)
    message.state = start
    assert message.move(event) == ((start, event) in TRANSITIONS)


def test_what_ended_stays_as_it_is():
    for end in (DELIVERED, EXPIRED, TAKEN_BACK):
        assert not [event for state, event in TRANSITIONS if state == end]


def test_users_see_five():
    assert [shown(state) for state in range(len(STATE_NAMES))] == [0, 1, 2, 3, 4, QUEUED, TAKEN_BACK]


@pytest.mark.parametrize("copies", [0, 2])
def test_what_a_new_start_makes_of_each(copies):
    for state in WAYS:
        message = message_in(state)
        message.copies = copies
        message.settle()
        expected = {DIRECT: STORED if copies else QUEUED, STORING: QUEUED}
        assert message.state == expected.get(state, state)
    assert message_in(DIRECT).move(LEAVE) and message_in(DIRECT).move(LEAVE_STORED)
    assert message_in(STORED).move(CONFIRM) and message_in(QUEUED).move(TAKE_BACK)
