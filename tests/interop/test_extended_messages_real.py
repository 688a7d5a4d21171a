"""Extended messages with the real library on the other side: texts and receipts as it has them."""

import pytest

from tests.support.worlds import LoopbackWorld
from toxpy.ext.messages.events import ExtendedReceipt
from toxpy.ext.messages.sent import MessageError
from toxpy.generated import events

LONG = "Ein langer Text mit Umlauten: äöü. ".encode() * 1700


@pytest.fixture(params=[False, True], ids=["udp", "relayed"])
def friends(request):
    options = {"alice": {"extended_messages": True}}
    world = LoopbackWorld(real={"bob", "node0"}, relayed=request.param, public=request.param, options=options)
    yield world.friends()
    world.close()


def test_a_real_friend_gets_ordinary_messages(friends):
    alice, bob = friends
    messages = alice.tox.messages
    sent = [messages.send(0, 0, LONG), messages.send(0, 1, b"waves", reply_to=b"r" * 16)]
    texts = []
    while texts[-1:] != [b"waves"]:
        event = bob.wait(events.FriendMessage)
        assert len(event.message) <= 1372 and event.message.decode()
        texts.append(event.message)
    assert b"".join(texts[:-1]) == LONG and len(texts) > 40
    for one in sent:
        alice.wait(ExtendedReceipt, message_id=one.message_id, id=one.id)
    with pytest.raises(MessageError):
        messages.edit(0, sent[0].id, b"changed")
    again = messages.edit(0, sent[0].id, b"changed", as_new=True)
    assert bob.wait(events.FriendMessage).message == b"changed"
    alice.wait(ExtendedReceipt, message_id=again.message_id)
    number = bob.friend_send_message(0, 0, b"answer")
    event = alice.wait(events.FriendMessage)
    assert type(event) is events.FriendMessage and event.message == b"answer"
    assert bob.wait(events.FriendReadReceipt).message_id == number
