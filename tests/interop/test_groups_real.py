"""Groups with the real libtoxcore 0.2.20 and 0.2.22: one group of theirs, our Python and our C library.

In one group after the other, with everything in sequence: who founds it, with UDP and over a relay only.
"""

import pytest

from tests.support import newer_tox
from tests.support.groups import (
    ACTION,
    LOCKED,
    MODERATOR,
    NORMAL,
    OBSERVER,
    PRIVATE,
    PUBLIC,
    UNLOCKED,
    USER,
    VOICE_ALL,
    VOICE_MODERATOR,
    accept,
    fails,
    gather,
    guests,
    id_of,
    join,
    own_name,
    role,
    share,
    topic,
)
from tests.support.prefix import library_dir
from tests.support.real_tox import RealTox
from tests.support.worlds import LoopbackWorld, events
from toxpy.generated import enums

#: All that happens in groups.
CALLBACKS = {kind for kind in events.ALL if kind.__name__.startswith("Group")}
#: What whoever founds a group and stays in it is never told.
OF_MEMBERS = {
    events.GroupPrivacyState,
    events.GroupVoiceState,
    events.GroupTopicLock,
    events.GroupPeerLimit,
    events.GroupPassword,
    events.GroupJoinFail,
    events.GroupInvite,
    events.GroupSelfJoin,
}
JOIN_TIMEOUT_S = 60
#: Time for which c-toxcore asks nobody again what it missed, in seconds.
ASKS_AGAIN_S = 13


class MixedWorld(LoopbackWorld):
    """`real` is c-toxcore of a release, `clib` our C library, `python` our Core; what happened is in `told`.

    The plain nodes are of both; the first, which is the relay, is `real` or not.
    """

    pause_s = 0.015

    def __init__(self, release, *, udp=True, real_relay=True):
        real = {"real", "node0" if real_relay else "node1"}
        super().__init__(real, relayed=not udp, public=not udp, release=release)
        self.told = {}

    def make(self, name, **options):
        if name == "clib":
            library = str(library_dir() / "libtoxcore.so.2")
            return RealTox(groups_persistence=True, library=library, **options)
        return super().make(name, **options)

    def until(self, condition, what, timeout_s=60):
        """As ever, and who was told what is kept."""

        def checked():
            for actor in self.actors:
                self.told.setdefault(actor.name, set()).update(map(type, actor.seen))
            return condition()

        super().until(checked, what, timeout_s)


def befriend(world, *pairs):
    """Friends with each other: the numbers of the second with the first, and the other way round."""
    numbers = {}
    for one, other in pairs:
        numbers[one.name, other.name] = one.friend_add_norequest(other.self_get_public_key())
        numbers[other.name, one.name] = other.friend_add_norequest(one.self_get_public_key())
    return numbers


def leave(world, member):
    """Leave and forget the group, which c-toxcore does in the pass after the next."""
    member.group_leave(0, b"")
    world.run_for(0.3)


def come_in(world, founder, members):
    """All join by the chat id, first with a wrong password.

    One after the other: c-toxcore asks about others when it comes in, and then not for 13 s.
    """
    chat_id = founder.group_get_chat_id(0)
    failed = enums.TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD
    for i, member in enumerate(members):
        assert member.group_join(chat_id, own_name(member), b"wrong") == 0
        member.wait(events.GroupJoinFail, JOIN_TIMEOUT_S, group_number=0, fail_type=failed)
        leave(world, member)
        assert member.group_join(chat_id, own_name(member), b"secret") == 0
        member.wait(events.GroupSelfJoin, JOIN_TIMEOUT_S, group_number=0)
        founder.wait(events.GroupPeerJoin, group_number=0)
        gather(world, [founder, *members[: i + 1]])


def talk(world, speaker, listeners):
    """All that a member can say, heard by all the others."""
    long = b"a" * enums.TOX_GROUP_MAX_MESSAGE_LENGTH
    ids = [speaker.group_send_message(0, NORMAL, b"hello"), speaker.group_send_message(0, ACTION, long)]
    for lossless in (True, False):
        speaker.group_send_custom_packet(0, lossless, b"\xa0 packet %d" % lossless)
        speaker.group_send_custom_packet(
            0, lossless, b"c" * enums.TOX_GROUP_MAX_CUSTOM_LOSSLESS_PACKET_LENGTH
        )
    for listener in listeners:
        me = id_of(listener, speaker)
        said = {"group_number": 0, "peer_id": me}
        for kind, text, number in zip((NORMAL, ACTION), (b"hello", long), ids, strict=True):
            listener.wait(events.GroupMessage, message_type=kind, message=text, message_id=number, **said)
        for data in (b"\xa0 packet 1", b"\xa0 packet 0"):
            listener.wait(events.GroupCustomPacket, data=data, **said)
        whisper(speaker, listener, said)
    speaker.group_self_set_status(0, enums.TOX_USER_STATUS_BUSY)
    speaker.group_self_set_name(0, b"renamed " + own_name(speaker))
    for listener in listeners:
        who = {"peer_id": id_of(listener, speaker)}
        listener.wait(events.GroupPeerStatus, status=enums.TOX_USER_STATUS_BUSY, **who)
        listener.wait(events.GroupPeerName, name=b"renamed " + own_name(speaker), **who)


def whisper(speaker, listener, said):
    """All that a member can say to one other alone."""
    peer = id_of(speaker, listener)
    number = speaker.group_send_private_message(0, peer, NORMAL, b"psst")
    speaker.group_send_private_message(0, peer, ACTION, b"p" * 1300)
    kind = events.GroupPrivateMessage
    listener.wait(kind, message_type=NORMAL, message=b"psst", message_id=number, **said)
    listener.wait(kind, message_type=ACTION, message=b"p" * 1300, **said)
    for lossless in (True, False):
        data = b"\xa1 private %d" % lossless
        speaker.group_send_custom_private_packet(0, peer, lossless, data)
        listener.wait(events.GroupCustomPrivatePacket, data=data, **said)


def settle(world, founder, members):
    """The founder decides on everything, and takes it back."""
    first = members[0]

    def tell(kind, change, **fields):
        change()
        for member in members:
            member.wait(kind, group_number=0, **fields)

    def topic_is(text, setter):
        setter.group_set_topic(0, text)
        for member in {founder, *members} - {setter}:
            member.wait(events.GroupTopic, topic=text, peer_id=id_of(member, setter))

    lock, voice, limit = (
        founder.group_set_topic_lock,
        founder.group_set_voice_state,
        founder.group_set_peer_limit,
    )
    topic_is(b"by the founder", founder)
    fails("TOPIC_SET_PERMISSIONS", first.group_set_topic, 0, b"not allowed")
    tell(events.GroupTopicLock, lambda: lock(0, UNLOCKED), topic_lock=UNLOCKED)
    topic_is(b"by a user", first)
    tell(events.GroupTopicLock, lambda: lock(0, LOCKED), topic_lock=LOCKED)
    tell(events.GroupVoiceState, lambda: voice(0, VOICE_MODERATOR), voice_state=VOICE_MODERATOR)
    fails("SEND_MESSAGE_PERMISSIONS", first.group_send_message, 0, NORMAL, b"not allowed")
    tell(events.GroupVoiceState, lambda: voice(0, VOICE_ALL), voice_state=VOICE_ALL)
    tell(events.GroupPeerLimit, lambda: limit(0, 7), peer_limit=7)
    tell(events.GroupPrivacyState, lambda: founder.group_set_privacy_state(0, PRIVATE), privacy_state=PRIVATE)
    tell(events.GroupPrivacyState, lambda: founder.group_set_privacy_state(0, PUBLIC), privacy_state=PUBLIC)
    tell(events.GroupPassword, lambda: founder.group_set_password(0, b"new"), password=b"new")
    world.until(lambda: all(topic(member) == b"by a user" for member in members), "the topic to stay")


def rule(world, founder, moderator, other):
    """Roles, a moderator who acts, a kick, and a group that is full."""

    def roles(**expected):
        """Of the two, as everybody sees them."""

        def seen():
            return all(
                role(actor, member) == expected[member.name]
                if actor is not member
                else actor.group_self_get_role(0) == expected[member.name]
                for actor in (founder, moderator, other)
                for member in (moderator, other)
            )

        world.until(seen, f"roles {expected}")

    founder.group_set_role(0, id_of(founder, moderator), MODERATOR)
    made = {"mod_type": enums.TOX_GROUP_MOD_EVENT_MODERATOR}
    for member in (moderator, other):
        member.wait(events.GroupModeration, source_peer_id=id_of(member, founder), **made)
    roles(**{moderator.name: MODERATOR, other.name: USER})
    moderator.group_set_topic(0, b"by a moderator")
    founder.wait(events.GroupTopic, topic=b"by a moderator")
    moderator.group_set_role(0, id_of(moderator, other), OBSERVER)
    made = {"mod_type": enums.TOX_GROUP_MOD_EVENT_OBSERVER}
    for member in (founder, other):
        member.wait(events.GroupModeration, source_peer_id=id_of(member, moderator), **made)
    roles(**{moderator.name: MODERATOR, other.name: OBSERVER})
    fails("SEND_MESSAGE_PERMISSIONS", other.group_send_message, 0, NORMAL, b"not allowed")
    moderator.group_set_role(0, id_of(moderator, other), USER)
    roles(**{moderator.name: MODERATOR, other.name: USER})
    kicked = id_of(founder, other)
    moderator.group_kick_peer(0, id_of(moderator, other))
    other.wait(events.GroupModeration, mod_type=enums.TOX_GROUP_MOD_EVENT_KICK)
    other.wait(events.GroupPeerExit, exit_type=enums.TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED)
    founder.wait(events.GroupPeerExit, peer_id=kicked, exit_type=enums.TOX_GROUP_EXIT_TYPE_KICK)
    world.until(lambda: not other.group_is_connected(0), f"{other.name} to be out")


def come_back(world, founder, moderator, other):
    """After the kick: the group is full, then there is room."""
    chat_id = founder.group_get_chat_id(0)
    founder.group_set_peer_limit(0, 2)
    moderator.wait(events.GroupPeerLimit, peer_limit=2)
    leave(world, other)
    assert other.group_join(chat_id, own_name(other), b"new") == 0
    other.wait(events.GroupJoinFail, JOIN_TIMEOUT_S, fail_type=enums.TOX_GROUP_JOIN_FAIL_PEER_LIMIT)
    leave(world, other)
    founder.group_set_peer_limit(0, 7)
    moderator.wait(events.GroupPeerLimit, peer_limit=7)
    assert other.group_join(chat_id, own_name(other), b"new") == 0
    other.wait(events.GroupSelfJoin, JOIN_TIMEOUT_S, group_number=0)
    gather(world, [founder, moderator, other])
    assert role(other, moderator) == MODERATOR and topic(other) == b"by a moderator"


def be_away(world, founder, moderator, other):
    """A member goes offline for a while."""
    if moderator.name == "real":
        world.run_for(ASKS_AGAIN_S)
    gone = {actor: id_of(actor, moderator) for actor in (founder, other)}
    moderator.group_disconnect(0)
    moderator.wait(events.GroupPeerExit, exit_type=enums.TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED)
    for actor, peer in gone.items():
        actor.wait(events.GroupPeerExit, peer_id=peer, exit_type=enums.TOX_GROUP_EXIT_TYPE_QUIT)
    moderator.group_reconnect(0)
    moderator.wait(events.GroupSelfJoin, JOIN_TIMEOUT_S, group_number=0)
    gather(world, [founder, moderator, other])
    assert moderator.group_self_get_role(0) == role(other, moderator) == MODERATOR


def invite_on(world, numbers, founder, first, second):
    """Into a private group: the founder invites one, who invites another."""
    assert accept(founder, first, 1, numbers[founder.name, first.name]) == 1
    first.wait(events.GroupSelfJoin, group_number=1)
    assert accept(first, second, 1, numbers[first.name, second.name]) == 1
    second.wait(events.GroupSelfJoin, group_number=1)
    everybody = [founder, first, second]
    gather(world, everybody, number=1)
    for speaker in everybody:
        speaker.group_send_message(1, NORMAL, b"in private")
        for listener in everybody:
            if listener is not speaker:
                me = id_of(listener, speaker, 1, 1)
                listener.wait(events.GroupMessage, group_number=1, peer_id=me, message=b"in private")


def part(founder, first, second):
    """One says goodbye."""
    gone = {actor: id_of(actor, first) for actor in (founder, second)}
    first.group_leave(0, b"bye all")
    said = {"exit_type": enums.TOX_GROUP_EXIT_TYPE_QUIT, "part_message": b"bye all"}
    for actor, peer in gone.items():
        actor.wait(events.GroupPeerExit, group_number=0, peer_id=peer, **said)


def everything(world, names):
    """All of this in one group, which the first founds."""
    world.network(3)
    everybody = founder, *members = guests(world, *names.split())
    numbers = befriend(world, (founder, members[0]), (members[0], members[1]))
    world.until(lambda: all(actor.self_get_connection_status() for actor in everybody), "everybody online")
    assert founder.group_new(PUBLIC, b"The group", own_name(founder)) == 0
    founder.group_set_password(0, b"secret")
    # c-toxcore 0.2.20 without UDP cannot invite into a group that is new
    assert founder.group_new(PRIVATE, b"private", own_name(founder)) == 1
    world.run_for(2)
    come_in(world, founder, members)
    for speaker in everybody:
        talk(world, speaker, [actor for actor in everybody if actor is not speaker])
    settle(world, founder, members)
    rule(world, founder, *members)
    come_back(world, founder, *members)
    world.until(lambda: all(actor.is_online(0) for actor in everybody), "friends online", 90)
    invite_on(world, numbers, founder, *members)
    be_away(world, founder, *members)
    part(founder, *members)
    for actor in members:
        assert CALLBACKS - world.told[actor.name] == set()
    assert CALLBACKS - OF_MEMBERS - world.told[founder.name] == set()


#: Who founds and who joins, real or ours; with `--releases` in all combinations.
REAL_FOUNDS, WE_FOUND = "real python clib", "python real clib"
UDP = [("trixie", REAL_FOUNDS), ("sid", REAL_FOUNDS), ("sid", WE_FOUND)]
RELAYS = [("trixie", WE_FOUND), ("sid", REAL_FOUNDS)]


def pytest_generate_tests(metafunc):
    """Each release and each way of founding."""
    if "founding" in metafunc.fixturenames:
        cases = RELAYS if "relays" in metafunc.function.__name__ else UDP
        releases = metafunc.config.getoption("releases")
        if releases:
            cases = [(release, names) for release in releases.split(",") for names in (REAL_FOUNDS, WE_FOUND)]
        marked = [newer_tox.of_release((release, names), release) for release, names in cases]
        metafunc.parametrize("founding", marked, ids=["-".join(case) for case in cases])


def test_everything_in_a_group(request, founding):
    release, names = founding
    world = MixedWorld(release)
    request.addfinalizer(world.close)
    everything(world, names)


@pytest.mark.namespaces
def test_everything_in_a_group_over_relays_only(request, founding):
    release, names = founding
    # over a relay of c-toxcore nobody hears that a member of c-toxcore leaves
    world = MixedWorld(release, udp=False, real_relay=names == REAL_FOUNDS)
    request.addfinalizer(world.close)
    everything(world, names)


@pytest.mark.parametrize("release", [newer_tox.of_release("sid", "sid")])
def test_who_vanishes_is_missed(request, release):
    """By ours and by a real one: two vanish at the same time, after which c-toxcore waits 48 to 58 s."""
    world = MixedWorld(release)
    request.addfinalizer(world.close)
    python, real, clib = share(world, "python", "real", "clib")
    node = world.actors[0]
    join(python, node)
    world.until(lambda: id_of(python, node) is not None, "a real member of the network to be in")
    missed = {python: id_of(python, node), real: id_of(real, clib)}
    for actor in (node, clib):
        world.vanish(actor)
    for actor, peer in missed.items():
        timeout = enums.TOX_GROUP_EXIT_TYPE_TIMEOUT
        actor.wait(events.GroupPeerExit, 90, group_number=0, peer_id=peer, exit_type=timeout)
