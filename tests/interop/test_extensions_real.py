"""Extensions of ours with the real library on the other side: one packet each time it comes online."""

import pytest

from tests.support.newer_tox import of_release
from tests.support.worlds import LoopbackWorld, events
from tests.unit.friend.test_envelope import ANSWER, MESSAGES, NEGOTIATE, Seen, pack_segment
from toxpy.friend.envelope import MAGIC


@pytest.fixture(params=["installed", of_release("trixie", "trixie"), of_release("sid", "sid")])
def friends(request):
    """alice, who is ours and has an extension, bob with the real library, and the world."""
    release = "" if request.param == "installed" else request.param
    world = LoopbackWorld(real={"bob", "node0"}, release=release)
    alice, bob = world.strangers()
    alice.extension = Seen()
    alice.tox.messenger.envelope().add(MESSAGES, alice.extension)
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    yield alice, bob, world
    world.close()


def meet(world, alice, bob):
    """Both come online and talk; what of extensions bob's program gets."""
    world.until(lambda: alice.is_online() and bob.is_online(), "alice and bob to be online", 90)
    for sender, receiver in ((alice, bob), (bob, alice)):
        sender.friend_send_message(0, 0, b"message")
        receiver.wait(events.FriendMessage, message=b"message")
    world.run_for(1)
    return [event.data for event in bob.seen if isinstance(event, events.FriendLosslessPacket)]


def test_one_packet_per_online_and_whatever_its_program_answers(friends):
    alice, bob, world = friends
    extension = alice.extension
    assert meet(world, alice, bob) == [NEGOTIATE]
    bob = bob.restart()
    bob.bootstrap_to(world.actors[0])
    assert meet(world, alice, bob) == [NEGOTIATE]
    assert extension.heard == []
    # its program may have the extension: the library carries what ToxExt's says, both ways
    bob.seen.clear()
    bob.friend_send_lossless_packet(0, NEGOTIATE)
    assert bob.wait(events.FriendLosslessPacket).data == ANSWER
    bob.friend_send_lossless_packet(0, MAGIC + pack_segment(3, bytes(1366)))
    world.until(lambda: extension.heard == ["ready", bytes(1366)], "alice to hear it")
    friend = alice.tox.messenger.friend(0)
    assert alice.tox.messenger.envelope().send(friend, MESSAGES, b"answer") >= 0
    assert bob.wait(events.FriendLosslessPacket).data == MAGIC + pack_segment(3, b"answer")
