"""The functions tox_group_* with their errors, in the order of c-toxcore's checks."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.errors import ToxError
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.group.core import GroupCore, GroupStateCore

PUBLIC, PRIVATE = enums.TOX_GROUP_PRIVACY_STATE_PUBLIC, enums.TOX_GROUP_PRIVACY_STATE_PRIVATE
PARTS = GroupCore, GroupStateCore


class User:
    """An instance; its functions without `group_`."""

    def __init__(self, actor):
        self.actor = actor
        core = actor.tox
        self.parts = core.groups, core.group_state

    def __getattr__(self, name):
        return next(getattr(part, "group_" + name) for part in self.parts if hasattr(part, "group_" + name))


@pytest.fixture
def pair():
    """Alice's private group 0, with Bob, who is peer 1 there, as she in his."""
    world = SimulatedWorld()
    alice, bob = map(User, world.friends())
    number = alice.new(PRIVATE, b"Group", b"alice")
    assert alice.invite_friend(number, 0)
    invite = bob.actor.wait(ev.GroupInvite, 5)
    assert bob.invite_accept(0, invite.invite_data, b"bob", None) == 0
    alice.actor.wait(ev.GroupPeerJoin, 5)
    bob.actor.wait(ev.GroupPeerJoin, 5)
    return world, alice, bob


def fails(name, function, *arguments):
    with pytest.raises(ToxError) as caught:
        function(*arguments)
    assert caught.value.name == "TOX_ERR_GROUP_" + name


def alone():
    return User(SimulatedWorld().actor("alice"))


def test_founding():
    alice = alone()
    fails("NEW_TOO_LONG", alice.new, PUBLIC, bytes(49), b"a")
    fails("NEW_TOO_LONG", alice.new, PUBLIC, b"", bytes(129))
    fails("NEW_EMPTY", alice.new, PUBLIC, None, b"a")
    fails("NEW_EMPTY", alice.new, PUBLIC, b"g", b"")
    fails("NEW_STATE", alice.new, 2, b"g", b"a")
    assert [alice.new(PUBLIC, b"g", b"a"), alice.new(PRIVATE, b"h", b"a")] == [0, 1]
    assert alice.get_group_list() == [0, 1] and alice.get_number_groups() == 2
    assert alice.self_get_role(0) == enums.TOX_GROUP_ROLE_FOUNDER
    assert (alice.get_name(1), alice.get_privacy_state(1), alice.get_peer_limit(1)) == (b"h", PRIVATE, 100)
    assert alice.by_id(alice.get_chat_id(1)) == 1
    assert alice.leave(0, None)
    assert alice.new(PUBLIC, b"g", b"a") == 0


def test_joining():
    alice = alone()
    other = alone()
    other.new(PUBLIC, b"g", b"o")
    chat_id = other.get_chat_id(0)
    fails("JOIN_BAD_CHAT_ID", alice.join, None, b"a", None)
    fails("JOIN_TOO_LONG", alice.join, chat_id, bytes(129), None)
    fails("JOIN_EMPTY", alice.join, chat_id, None, None)
    fails("JOIN_PASSWORD", alice.join, chat_id, b"a", bytes(33))
    fails("JOIN_INIT", alice.join, b"\2" * 32, b"a", None)
    assert alice.join(chat_id, b"a", b"secret") == 0
    assert alice.is_connected(0)
    assert alice.join(chat_id, b"a", None) == 0
    assert alice.get_group_list() == [0]
    assert alice.disconnect(0)
    fails("DISCONNECT_ALREADY_DISCONNECTED", alice.disconnect, 0)
    assert not alice.is_connected(0)
    assert alice.reconnect(0) and alice.is_connected(0)
    fails("BY_ID_NULL", alice.by_id, None)
    fails("BY_ID_NOT_FOUND", alice.by_id, bytes(32))


def test_invitations(pair):
    _, alice, bob = pair
    fails("INVITE_FRIEND_FRIEND_NOT_FOUND", alice.invite_friend, 0, 7)
    data = bytes(64)
    fails("INVITE_ACCEPT_NULL", bob.invite_accept, 0, None, b"b", None)
    fails("INVITE_ACCEPT_BAD_INVITE", bob.invite_accept, 0, bytes(63), b"b", None)
    fails("INVITE_ACCEPT_TOO_LONG", bob.invite_accept, 0, data, bytes(129), None)
    fails("INVITE_ACCEPT_EMPTY", bob.invite_accept, 0, data, b"", None)
    fails("INVITE_ACCEPT_FRIEND_NOT_FOUND", bob.invite_accept, 7, data, b"b", bytes(33))
    fails("INVITE_ACCEPT_PASSWORD", bob.invite_accept, 0, data, b"b", bytes(33))
    fails("INVITE_ACCEPT_INIT_FAILED", bob.invite_accept, 0, b"\2" * 64, b"b", None)
    alice.disconnect(0)
    fails("INVITE_FRIEND_DISCONNECTED", alice.invite_friend, 0, 0)


def test_words_for_limits_that_the_header_does_not_name(pair):
    _, alice, _ = pair
    with pytest.raises(ToxError, match="exceeds 1367 bytes"):
        alice.send_private_message(0, 1, 0, bytes(1368))
    with pytest.raises(ToxError, match="from 1 to 65535"):
        alice.set_peer_limit(0, 0)


def test_leaving(pair):
    world, alice, bob = pair
    fails("LEAVE_TOO_LONG", bob.leave, 0, bytes(129))
    assert bob.get_group_list() == []
    event = alice.actor.wait(ev.GroupPeerExit, 5)
    assert (event.exit_type, event.name, event.part_message) == (0, b"bob", b"")
    world.run_for(1)
    assert alice.leave(0, b"bye")


def test_ourselves(pair):
    _, alice, bob = pair
    fails("SELF_NAME_SET_TOO_LONG", alice.self_set_name, 0, bytes(129))
    fails("SELF_NAME_SET_INVALID", alice.self_set_name, 0, None)
    assert alice.self_set_name(0, b"other") and alice.self_get_name(0) == b"other"
    assert alice.self_set_status(0, 1) and alice.self_get_status(0) == 1
    assert alice.self_set_status(0, 9) and alice.self_get_status(0) == 1
    assert alice.self_get_peer_id(0) == 0
    assert bob.actor.wait(ev.GroupPeerName, 5).name == b"other"
    assert bob.actor.wait(ev.GroupPeerStatus, 5).status == 1
    assert bob.peer_get_name(0, 1) == b"other" and bob.peer_get_status(0, 1) == 1
    assert bob.peer_get_public_key(0, 1) == alice.self_get_public_key(0)
    assert bob.peer_get_role(0, 1) == enums.TOX_GROUP_ROLE_FOUNDER


def test_members(pair):
    world, alice, bob = pair
    assert alice.peer_get_name(0, 0) == b"alice" and alice.peer_get_public_key(0, 0)
    assert alice.peer_get_role(0, 0) == enums.TOX_GROUP_ROLE_FOUNDER and alice.peer_get_status(0, 0) == 0
    assert alice.peer_get_connection_status(0, 0) == enums.TOX_CONNECTION_UDP
    assert alice.peer_get_connection_status(0, 1) == enums.TOX_CONNECTION_UDP
    assert alice.peer_get_ip_address(0, 1) == bob.actor.host.encode()
    world.run_for(5)
    assert alice.peer_get_ip_address(0, 0) == alice.actor.host.encode()
    fails("PEER_QUERY_PEER_NOT_FOUND", alice.peer_get_name, 0, 5)
    fails("SET_IGNORE_SELF", alice.set_ignore, 0, 0, True)
    fails("SET_IGNORE_PEER_NOT_FOUND", alice.set_ignore, 0, 5, True)
    fails("SET_ROLE_PEER_NOT_FOUND", alice.set_role, 0, 5, enums.TOX_GROUP_ROLE_USER)
    fails("SET_ROLE_ASSIGNMENT", alice.set_role, 0, 1, enums.TOX_GROUP_ROLE_FOUNDER)
    fails("SET_ROLE_SELF", alice.set_role, 0, 0, enums.TOX_GROUP_ROLE_USER)
    fails("SET_ROLE_PERMISSIONS", bob.set_role, 0, 1, enums.TOX_GROUP_ROLE_USER)
    fails("KICK_PEER_SELF", alice.kick_peer, 0, 0)
    fails("KICK_PEER_PEER_NOT_FOUND", alice.kick_peer, 0, 5)
    fails("KICK_PEER_PERMISSIONS", bob.kick_peer, 0, 1)
    assert alice.set_ignore(0, 1, True)
    assert alice.set_role(0, 1, enums.TOX_GROUP_ROLE_OBSERVER)
    assert bob.actor.wait(ev.GroupModeration, 5).mod_type == enums.TOX_GROUP_MOD_EVENT_OBSERVER
    assert alice.kick_peer(0, 1)
    bob.actor.wait(ev.GroupModeration, 5, mod_type=enums.TOX_GROUP_MOD_EVENT_KICK)


def test_messages(pair):
    _, alice, bob = pair
    fails("SEND_MESSAGE_TOO_LONG", alice.send_message, 0, 7, bytes(1373))
    fails("SEND_MESSAGE_EMPTY", alice.send_message, 0, 7, None)
    fails("SEND_MESSAGE_BAD_TYPE", alice.send_message, 0, 7, b"x")
    fails("SEND_PRIVATE_MESSAGE_EMPTY", alice.send_private_message, 0, 5, 7, None)
    fails("SEND_PRIVATE_MESSAGE_PEER_NOT_FOUND", alice.send_private_message, 0, 5, 7, b"x")
    fails("SEND_PRIVATE_MESSAGE_BAD_TYPE", alice.send_private_message, 0, 1, 7, b"x")
    fails("SEND_CUSTOM_PACKET_EMPTY", alice.send_custom_packet, 0, True, None)
    fails("SEND_CUSTOM_PRIVATE_PACKET_PEER_NOT_FOUND", alice.send_custom_private_packet, 0, 5, True, b"x")
    message_id = alice.send_message(0, 0, b"hello")
    assert bob.actor.wait(ev.GroupMessage, 5).message_id == message_id
    assert (
        alice.send_private_message(0, 1, 1, b"psst") == bob.actor.wait(ev.GroupPrivateMessage, 5).message_id
    )
    assert alice.send_custom_packet(0, False, b"x") and bob.actor.wait(ev.GroupCustomPacket, 5).data == b"x"
    assert alice.send_custom_private_packet(0, 1, True, b"y")
    assert bob.actor.wait(ev.GroupCustomPrivatePacket, 5).data == b"y"


def test_settings(pair):
    _, alice, bob = pair
    assert alice.set_topic(0, b"topic") and bob.actor.wait(ev.GroupTopic, 5).topic == b"topic"
    assert bob.get_topic(0) == b"topic"
    assert alice.set_password(0, b"secret") and bob.actor.wait(ev.GroupPassword, 5).password == b"secret"
    assert alice.set_password(0, None) and bob.actor.wait(ev.GroupPassword, 5).password == b""
    assert alice.set_topic_lock(0, 1) and bob.actor.wait(ev.GroupTopicLock, 5).topic_lock == 1
    assert alice.set_voice_state(0, 2) and bob.actor.wait(ev.GroupVoiceState, 5).voice_state == 2
    assert alice.set_privacy_state(0, PUBLIC)
    bob.actor.wait(ev.GroupPrivacyState, 5, privacy_state=PUBLIC)
    assert alice.set_peer_limit(0, 9) and bob.actor.wait(ev.GroupPeerLimit, 5).peer_limit == 9
    for user in (alice, bob):
        assert (user.get_topic_lock(0), user.get_voice_state(0), user.get_password(0)) == (1, 2, b"")
        assert (user.get_privacy_state(0), user.get_peer_limit(0)) == (PUBLIC, 9)
    fails("SET_PASSWORD_PERMISSIONS", bob.set_password, 0, b"x")
    fails("SET_PASSWORD_TOO_LONG", alice.set_password, 0, bytes(33))
    fails("SET_TOPIC_LOCK_INVALID", bob.set_topic_lock, 0, 7)
    fails("SET_VOICE_STATE_PERMISSIONS", bob.set_voice_state, 0, 7)
    fails("SET_PRIVACY_STATE_FAIL_SET", alice.set_privacy_state, 0, 7)
    fails("SET_PEER_LIMIT_FAIL_SET", alice.set_peer_limit, 0, 0)
    alice.disconnect(0)
    fails("SET_PEER_LIMIT_DISCONNECTED", alice.set_peer_limit, 0, 5)
    fails("SEND_MESSAGE_DISCONNECTED", alice.send_message, 0, 0, b"")


@pytest.mark.parametrize("part", PARTS)
def test_no_such_group(part):
    alice = alone()
    groups = alice.parts[PARTS.index(part)]
    count = 0
    for name in dir(part):
        function = getattr(groups, name)
        if not name.startswith("group_"):
            continue
        code = function.__code__
        names = code.co_varnames[1 : code.co_argcount]
        if names[:1] != ("group_number",):
            continue
        count += 1
        with pytest.raises(ToxError) as caught:
            function(3, *[0 if "data" not in n and n != "message" else b"x" for n in names[1:]])
        assert caught.value.name.endswith("GROUP_NOT_FOUND"), name
        assert caught.value.code == 1
    assert count >= 12
