"""What group scenarios share. All of them are about group 0 unless they say another number."""

from __future__ import annotations

from toxpy.errors import ToxError
from toxpy.generated import enums, events

PUBLIC, PRIVATE = enums.TOX_GROUP_PRIVACY_STATE_PUBLIC, enums.TOX_GROUP_PRIVACY_STATE_PRIVATE
FOUNDER, MODERATOR = enums.TOX_GROUP_ROLE_FOUNDER, enums.TOX_GROUP_ROLE_MODERATOR
USER, OBSERVER = enums.TOX_GROUP_ROLE_USER, enums.TOX_GROUP_ROLE_OBSERVER
LOCKED, UNLOCKED = enums.TOX_GROUP_TOPIC_LOCK_ENABLED, enums.TOX_GROUP_TOPIC_LOCK_DISABLED
NORMAL, ACTION = enums.TOX_MESSAGE_TYPE_NORMAL, enums.TOX_MESSAGE_TYPE_ACTION
VOICE_ALL = enums.TOX_GROUP_VOICE_STATE_ALL
VOICE_MODERATOR = enums.TOX_GROUP_VOICE_STATE_MODERATOR
VOICE_FOUNDER = enums.TOX_GROUP_VOICE_STATE_FOUNDER
#: Numbers of peers are looked for up to this one; a number is not used again.
MAX_PEER_ID = 20


def fails(name, call, *args):
    """That call has the error `TOX_ERR_GROUP_<name>`."""
    try:
        call(*args)
    except ToxError as error:
        assert error.code == getattr(enums, "TOX_ERR_GROUP_" + name), error
    else:
        raise AssertionError(f"no TOX_ERR_GROUP_{name}")


def own_name(actor):
    """What an actor is called in its groups."""
    return actor.name.encode()


def guests(world, *names):
    """Actors of those names, who know a node of the network and are nobody's friends."""
    made = [world.actor(name) for name in names]
    for actor in made:
        actor.bootstrap_to(world.actors[0])
    return made


def found(actor, privacy=PUBLIC, name=b"The group"):
    """A new group: its number."""
    return actor.group_new(privacy, name, own_name(actor))


def join(member, joiner, number=0, password=b""):
    """Come in by the chat id of a public group: the joiner's number of it."""
    joined = joiner.group_join(member.group_get_chat_id(number), own_name(joiner), password)
    joiner.wait(events.GroupSelfJoin, group_number=joined)
    return joined


def accept(inviter, joiner, number=0, friend_number=0, password=b""):
    """Invite a friend, who accepts: the joiner's number of the group."""
    inviter.group_invite_friend(number, friend_number)
    invite = joiner.wait(events.GroupInvite)
    assert invite.group_name == inviter.group_get_name(number)
    assert invite.invite_data[:32] == inviter.group_get_chat_id(number)
    args = invite.friend_number, invite.invite_data, own_name(joiner), password
    return joiner.group_invite_accept(*args)


def invite(inviter, joiner, number=0, friend_number=0, password=b""):
    """The same, and wait until the joiner is in."""
    joined = accept(inviter, joiner, number, friend_number, password)
    joiner.wait(events.GroupSelfJoin, group_number=joined)
    return joined


def groups(actor):
    """The numbers of an actor's groups; c-toxcore 0.2.22 has no list of them."""
    if hasattr(actor.tox, "lib"):
        known = []
        for number in range(actor.group_get_number_groups() + 1):
            try:
                actor.group_get_chat_id(number)
            except ToxError as error:
                assert error.code == enums.TOX_ERR_GROUP_STATE_QUERY_GROUP_NOT_FOUND
            else:
                known.append(number)
        return known
    return actor.group_get_group_list()


def by_id(actor, chat_id):
    """The number of the group with that chat id, or None; c-toxcore 0.2.20 has no function for it."""
    if hasattr(actor.tox, "lib") and not hasattr(actor.tox.lib, "tox_group_by_id"):
        return {actor.group_get_chat_id(number): number for number in groups(actor)}.get(chat_id)
    try:
        return actor.group_by_id(chat_id)
    except ToxError as error:
        assert error.code == enums.TOX_ERR_GROUP_BY_ID_NOT_FOUND
        return None


def peers(actor, number=0):
    """The peers that an actor sees, without itself: numbers by public key."""
    found = {}
    for peer in range(1, MAX_PEER_ID):
        try:
            if actor.group_peer_get_name(number, peer):
                found[actor.group_peer_get_public_key(number, peer)] = peer
        except ToxError as error:
            assert error.code == enums.TOX_ERR_GROUP_PEER_QUERY_PEER_NOT_FOUND
    return found


def id_of(actor, other, number=0, others_number=0):
    """The number that one member has for another; None when it does not see it."""
    return peers(actor, number).get(other.group_self_get_public_key(others_number))


def role(actor, other, number=0):
    """Of another member, as this one sees it; None when it does not."""
    peer = id_of(actor, other, number)
    return None if peer is None else actor.group_peer_get_role(number, peer)


def see_each_other(members, number=0):
    """True if everybody sees everybody, and nobody else."""
    keys = {actor: actor.group_self_get_public_key(number) for actor in members}
    return all(peers(actor, number).keys() == set(keys.values()) - {own} for actor, own in keys.items())


def gather(world, members, timeout_s=60, number=0):
    """Wait until everybody sees everybody; what they were told until then is forgotten."""
    world.until(lambda: see_each_other(members, number), "everybody to see everybody", timeout_s)
    for actor in members:
        actor.seen.clear()


def share(world, *others):
    """A public group of all actors of these names, the first one its founder: the actors."""
    world.network()
    members = guests(world, *others)
    found(members[0])
    for actor in members[1:]:
        join(members[0], actor)
    gather(world, members)
    return members


def topic(actor, number=0):
    """The topic, as this member sees it."""
    return actor.group_get_topic(number)


def settings(actor, number=0):
    """All that the founder decides."""
    return (
        actor.group_get_name(number),
        actor.group_get_privacy_state(number),
        actor.group_get_voice_state(number),
        actor.group_get_topic_lock(number),
        actor.group_get_peer_limit(number),
        actor.group_get_password(number),
    )


def agree(members):
    """True if all have the same settings and topic, and see the same roles."""
    roles = []
    for actor in members:
        if len(peers(actor)) != len(members) - 1:
            return False
        seen = {other.name: role(actor, other) for other in members if other is not actor}
        seen[actor.name] = actor.group_self_get_role(0)
        roles.append(seen)
    first = members[0]
    return (
        all(seen == roles[0] for seen in roles)
        and all(settings(actor) == settings(first) for actor in members)
        and all(topic(actor) == topic(first) for actor in members)
    )


def say(actor, text, number=0, kind=NORMAL):
    """To all: the message's id."""
    return actor.group_send_message(number, kind, text)


def hear(listener, speaker, text, number=0):
    """Wait for that message, which must come from the speaker: the event."""
    event = listener.wait(events.GroupMessage, group_number=number)
    assert event.message == text, event
    assert event.peer_id == id_of(listener, speaker, number)
    return event


def has_left(world, member, peer, part_message=b""):
    """Wait until a member sees that peer gone, as its farewell says; that may be lost where packets are."""
    left = member.wait(events.GroupPeerExit, timeout_s=90, peer_id=peer)
    if left.exit_type == enums.TOX_GROUP_EXIT_TYPE_TIMEOUT:
        assert world.loses_packets, left
    else:
        assert (left.exit_type, left.part_message) == (enums.TOX_GROUP_EXIT_TYPE_QUIT, part_message)
    return left
