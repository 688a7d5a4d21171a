"""Twenty of ours and three of the real library in a conference: more than have links, over lossy ways."""

import subprocess

import pytest

from tests.support.conferences import count, names
from tests.support.worlds import LoopbackWorld
from toxpy.generated import events

SIZE, LINES = 23, 10
REAL = {"m5", "m10", "m20"}
#: The founder, two of the real library, and others.
SPEAKERS = (0, 5, 10, 3, 17, 22)
#: On a machine with other work to do.
ONLINE_S, ALL_THERE_S = 150, 90
LOSSY = """
table inet loss {
  chain input {
    type filter hook input priority 0
    meta l4proto udp numgen random mod 100 < 10 drop
  }
}
"""


@pytest.fixture
def world():
    stage = LoopbackWorld(real=REAL, public=True)
    yield stage
    stage.close()


def friends_of_one(world):
    """The first is everybody's friend, and nobody else's."""
    nodes = world.network(3)
    founder, *others = members = [world.actor(f"m{i}") for i in range(SIZE)]
    for i, member in enumerate(members):
        member.bootstrap_to(nodes[i % len(nodes)])
        member.self_set_name(member.name.encode())
    for other in others:
        founder.friend_add_norequest(other.self_get_public_key())
        other.friend_add_norequest(founder.self_get_public_key())
    everywhere = range(len(others))
    world.until(
        lambda: all(map(founder.is_online, everywhere)) and all(other.is_online() for other in others),
        "all friends to be online",
        ONLINE_S,
    )
    return members


def bring_in(world, founder, others):
    """All are invited at once."""
    founder.conference_new()
    founder.conference_set_title(0, b"crowd")
    waiting = set(others)
    for number in range(len(others)):
        founder.conference_invite(number, 0)

    def are_in():
        for other in list(waiting):
            invite = other.got(events.ConferenceInvite)
            if invite is not None:
                other.conference_join(invite.friend_number, invite.cookie)
                waiting.discard(other)
        return not waiting and all(count(member) == SIZE for member in (founder, *others))

    world.until(are_in, "everybody to see everybody", ALL_THERE_S)


def keys(actor):
    return {actor.conference_peer_get_public_key(0, peer) for peer in range(count(actor))}


@pytest.mark.timeout(400)
@pytest.mark.namespaces
def test_everybody_sees_and_hears_the_same(world):
    founder, *others = members = friends_of_one(world)
    subprocess.run(["nft", "-f", "-"], input=LOSSY, text=True, check=True)
    bring_in(world, founder, others)
    everybody = {member.self_get_public_key() for member in members}
    called = {member.name.encode() for member in members}
    world.until(
        lambda: all(
            keys(m) == everybody and names(m) == called and m.conference_get_title(0) == b"crowd"
            for m in members
        ),
        "everybody's name and the title",
    )
    # let go of links that came with the invitations only
    world.run_for(5)
    for member in members:
        member.seen.clear()
    said = set()
    for line in range(LINES):
        for speaker in (members[i] for i in SPEAKERS):
            text = b"%s %d" % (speaker.name.encode(), line)
            speaker.conference_send_message(0, 0, text)
            said.add(text)
        world.run_for(0.2)

    def heard(member):
        return [event.message for event in member.seen if isinstance(event, events.ConferenceMessage)]

    world.until(lambda: all(said <= set(heard(m)) for m in members), "everybody to hear all")
    world.run_for(2)
    assert all(sorted(heard(member)) == sorted(said) for member in members)
