"""Extensions of ours with the real library on the other side: one packet each time it comes online."""

import pytest

from tests.support.newer_tox import of_release
from tests.support.worlds import LoopbackWorld, events
from tests.unit.friend.test_envelope import OTHER, Seen, answer, negotiate
from toxpy.ext.messages import foreign, segments
from toxpy.friend.envelope import MAGIC, pack_segment

#: All that alice has, with its number.
EXTENSIONS = {segments.UUID: 3, foreign.UUID: 4, OTHER: 5}
QUESTION = MAGIC + b"".join(negotiate(*extension) for extension in EXTENSIONS.items())


@pytest.fixture(params=["installed", of_release("trixie", "trixie"), of_release("sid", "sid")])
def friends(request):
    """alice, who is ours and has extensions, bob with the real library, and the world."""
    release = "" if request.param == "installed" else request.param
    options = {"alice": {"extended_messages": True}}
    world = LoopbackWorld(real={"bob", "node0"}, release=release, options=options)
    alice, bob = world.strangers()
    alice.extension = Seen()
    alice.tox.messenger.envelope().add(OTHER, alice.extension)
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
    assert meet(world, alice, bob) == [QUESTION]
    bob = bob.restart()
    bob.bootstrap_to(world.actors[0])
    assert meet(world, alice, bob) == [QUESTION]
    assert extension.heard == []
    # its program may have the extension: the library carries what ToxExt's says, both ways
    bob.seen.clear()
    bob.friend_send_lossless_packet(0, MAGIC + negotiate(OTHER, 7))
    assert bob.wait(events.FriendLosslessPacket).data == MAGIC + answer(7, 5)
    bob.friend_send_lossless_packet(0, MAGIC + pack_segment(7, bytes(1366)))
    world.until(lambda: extension.heard == ["ready", bytes(1366)], "alice to hear it")
    friend = alice.tox.messenger.friend(0)
    assert alice.tox.messenger.envelope().send(friend, OTHER, b"answer") >= 0
    assert bob.wait(events.FriendLosslessPacket).data == MAGIC + pack_segment(5, b"answer")
