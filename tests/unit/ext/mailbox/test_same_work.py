"""Who has no capability learns nothing from how long an answer takes: the same is done for all."""

import sys

import pytest

from tests.support.mailboxes import ACCESS, MemoryMailbox
from toxpy.ext.offline import ops
from toxpy.ext.offline.keys import queue_of

WRONG = bytes(range(1, 33))
TOKEN = bytes(range(50, 82))


def work(client, packet):
    """The lines of ours that run until the answer is sent, in their order."""
    lines = []

    def trace(frame, event, _argument):
        if "toxpy" not in frame.f_code.co_filename:
            return None
        if event == "line":
            lines.append((frame.f_code.co_filename, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        client.channel.receive(packet)
    finally:
        sys.settrace(before)
    assert len(client.channel.sent) == 1
    return lines, client.channel.sent.pop()


@pytest.fixture
def client():
    """Of a mailbox in which one queue was emptied, another has a message, and thousands are others'."""
    box = MemoryMailbox(room=lambda _used: 1 << 28)
    box.store.add_member(TOKEN, lambda _number: None)
    member = box.member()
    for number in range(2000):
        assert member.put(number.to_bytes(32, "big"), bytes(256)) == ops.OK
    assert member.put(ACCESS, bytes(256)) == ops.OK
    assert member.ack(ACCESS, [member.get(ACCESS)[0][0]]) == ops.OK
    made = box.client().greet()
    made.box = box
    return made


@pytest.mark.parametrize("request_", [ops.get, lambda access: ops.ack(access, [7, 8])])
def test_a_wrong_capability_is_as_much_work_as_an_empty_queue(client, request_):
    lines, answer = work(client, request_(ACCESS))
    assert len(lines) > 10
    assert work(client, request_(WRONG)) == (lines, answer)


def test_numbers_that_are_not_there_are_as_much_work_in_either_queue(client):
    # a number is looked for in the capability's queue alone: those of others do not matter
    full = (5).to_bytes(32, "big")
    ((number, _data),) = client.get(full)
    lines, answer = work(client, ops.ack(WRONG, [number]))
    assert work(client, ops.ack(WRONG, [1])) == (lines, answer)
    assert len(client.get(full)) == 1


def test_queues_that_are_asked_for_are_as_much_work_whether_they_are_there_or_not(client):
    known = [queue_of(number.to_bytes(32, "big"))[:8] for number in range(64)]
    unknown = [queue_of(bytes((number,)) * 32)[:8] for number in range(64)]
    client.answers.expect(ops.HAS, 64)
    one, _ = work(client, ops.has(known))
    other, _ = work(client, ops.has(unknown))
    # the bitmap is the answer itself
    assert abs(len(one) - len(other)) <= 64


def test_a_wrong_token_is_as_much_work_as_a_right_one(client):
    lines = [work(client.box.client(), ops.hello(token))[0] for token in (TOKEN, WRONG)]
    assert len(lines[0]) == len(lines[1])
