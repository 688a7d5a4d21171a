"""What the link to a mailbox shows: nothing by which anybody could be known again."""

from tests.support.mailboxes import SimMailbox
from tests.support.offline_people import MeetingWorld
from toxpy.ext.messages.events import ExtendedMessage
from toxpy.ext.offline.options import Offline
from toxpy.ext.offline.states import STORED

TEXT = b"what nobody else may read"
#: Bytes in a row that would be no accident.
PIECE = 6


def pass_time(world, people, seconds):
    """Some time goes by, and the disks are quick."""
    for _ in range(seconds):
        for person in people:
            keeps = person.tox.offline.capability
            keeps.saved(keeps.version)
        world.run_for(1)


def keys_of(person):
    """What must not be seen of somebody: long-term key, Tox ID with nospam, DHT key."""
    return [person.self_get_address(), person.self_get_dht_id()]


def test_no_byte_of_a_key_or_tox_id_on_the_mailboxs_link():
    world = MeetingWorld(11)
    box = SimMailbox(world)
    keeping = {"offline_messages": Offline([box.mailbox()], cover=False), "extended_messages": True}
    world.options = {"alice": keeping, "bob": keeping}
    alice, bob = world.friends()
    pass_time(world, (alice, bob), 20)
    secrets = [TEXT, *keys_of(alice), *keys_of(bob)]
    packets = []
    carry = world.universe.carry

    def watched(source, address, data):
        if box.socket.address in (source.address, address):
            packets.append((source.address, address, data))
        carry(source, address, data)

    world.universe.carry = watched
    bob_saved = bob.tox.get_savedata()
    world.stop(bob)
    alice.tox.offline.send(0, 0, TEXT)
    pass_time(world, [alice], 120)
    assert [message.state for message in alice.tox.offline.outbox(0)] == [STORED]
    world.stop(alice)
    bob = world.actor("bob", bob_saved)
    secrets += keys_of(bob)
    pass_time(world, [bob], 60)
    (message,) = [event for event in bob.seen if isinstance(event, ExtendedMessage)]
    assert message.message == TEXT
    assert len(packets) > 30
    # a session has a socket of its own, too
    own = {person.socket.address for person in (alice, bob)}
    assert not own & {address for source, to, _ in packets for address in (source, to)}
    for secret in secrets:
        pieces = [secret[at : at + PIECE] for at in range(len(secret) - PIECE + 1)]
        assert not [data for *_, data in packets if any(piece in data for piece in pieces)]
    box.close()
    world.close()
