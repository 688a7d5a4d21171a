"""Groups with asyncio: the simulated network moves, and the instances take what comes."""

import asyncio

import pytest

import toxpy
from tests.support.meeting import play
from toxpy import GroupJoinFailure, GroupRole, MessageType
from toxpy.group.aio import REFUSALS
from toxpy.group.aio_state import Members

NAMES = ["Alice", "Bob", "Carol"]


def names(group):
    return sorted(peer.name for peer in group.peers)


def peer(group, name):
    (found,) = (peer for peer in group.peers if peer.name == name)
    return found


async def come_together(meeting):
    """Alice has founded a private group; Bob and Carol came by her invitation: their objects."""
    alice, *others = await meeting.friends(*NAMES)
    private = toxpy.GroupPrivacy.PRIVATE
    found = [await alice.group_new("club", topic="plans", password="secret", peer_limit=9, privacy=private)]
    for friend, name, other in zip(alice.friends, NAMES[1:], others, strict=True):
        found[0].invite(friend)
        invite = await meeting.result(meeting.event(name, toxpy.GroupInvite))
        assert invite.group_name == "club"
        found.append(await meeting.result(other.group_join(invite, password="secret")))
    await meeting.until(lambda: all(names(group) == NAMES for group in found))
    return found


async def take(messages, count):
    """The next messages of a loop: who said what."""
    found = [await anext(messages) for _ in range(count)]
    return [(message.peer.name, message.type, message.text, message.private) for message in found]


def test_three_talk():
    async def scene(meeting):
        alice, bob, carol = groups = await come_together(meeting)
        assert len({group.id for group in groups}) == 1
        assert {(group.name, group.topic, group.settings.peer_limit) for group in groups} == {
            ("club", "plans", 9)
        }
        # what is said before the loop begins waits for it
        message_id = await bob.send("żółw")
        await bob.action("waves")
        await bob.send_private(peer(bob, "Carol"), "hush")
        said = [("Bob", MessageType.NORMAL, "żółw", False), ("Bob", MessageType.ACTION, "waves", False)]
        private = ("Bob", MessageType.NORMAL, "hush", True)
        assert await meeting.result(take(alice.messages(private=True), 2)) == said
        everything = carol.messages(private=True)
        assert await meeting.result(take(everything, 3)) == [*said, private]
        public = carol.messages()
        await bob.send_private(peer(bob, "Carol"), "hush again")
        assert message_id != await bob.send("more")
        assert (await meeting.result(anext(public))).text == "more"
        # one's own do not come
        await carol.send("hello")
        heard = await meeting.result(anext(bob.messages()))
        assert (heard.peer.name, heard.text, heard.peer.ours) == ("Carol", "hello", False)
        assert heard.peer.public_key == carol.me.public_key

    play(scene)


def test_members_and_settings():
    async def scene(meeting):
        alice, bob, carol = await come_together(meeting)
        assert (alice.me.role, bob.me.role, bob.me.ours) == (GroupRole.FOUNDER, GroupRole.USER, True)
        assert alice.peer_of_friend(alice.tox.friends[0]).name == "Bob"
        assert carol.peer_of_friend(0).name == "Alice"
        assert await alice.tox.group_new("other") and alice.tox.groups[1].peer_of_friend(0) is None
        happened = bob.events()
        alice.set_role(peer(alice, "Bob"), GroupRole.MODERATOR)
        event = await meeting.result(anext(happened))
        assert isinstance(event, toxpy.GroupModeration) and bob.peer(event.target_peer_id).ours
        await meeting.until(lambda: bob.me.role == GroupRole.MODERATOR)
        bob.topic = "new plans"
        await meeting.until(lambda: alice.topic == carol.topic == "new plans")
        with pytest.raises(toxpy.ToxError) as caught:
            carol.topic = "mine"
        assert caught.value.name == "TOX_ERR_GROUP_TOPIC_SET_PERMISSIONS"
        alice.settings.voice = toxpy.GroupVoice.MODERATOR
        alice.settings.topic_lock = toxpy.GroupLock.DISABLED
        alice.settings.privacy = toxpy.GroupPrivacy.PUBLIC
        alice.settings.password = "other"
        alice.settings.peer_limit = 3
        await meeting.until(lambda: carol.settings.peer_limit == 3)
        assert repr(carol.settings) == repr(alice.settings) and carol.settings.password == "other"
        with pytest.raises(toxpy.ToxError):
            await carol.send("unheard")
        carol.own_name, carol.own_status = "Karol", toxpy.UserStatus.BUSY
        busy = ("Karol", toxpy.UserStatus.BUSY)
        await meeting.until(lambda: busy in [(peer.name, peer.status) for peer in bob.peers])
        await bob.send_packet(b"\x01packet")
        await bob.send_private_packet(peer(bob, "Alice"), b"\x02packet", lossless=False)
        packet = await meeting.result(meeting.event("Alice", toxpy.GroupCustomPrivatePacket))
        assert (packet.data, alice.peer(packet.peer_id).name) == (b"\x02packet", "Bob")
        bob.kick(peer(bob, "Karol"))
        await meeting.until(lambda: not carol.connected)
        assert names(alice) == ["Alice", "Bob"]

    play(scene)


def test_coming_and_going():
    async def scene(meeting):
        alice, bob, carol = await come_together(meeting)
        loop = asyncio.ensure_future(collect(carol))
        await alice.send("last words")
        await meeting.steps(300)
        event = asyncio.ensure_future(meeting.event("Alice", toxpy.GroupPeerExit))
        carol.leave("bye")
        assert await meeting.result(loop) == ["last words"]
        assert (await meeting.result(event)).part_message == "bye"
        assert carol.tox.groups == []
        bob.disconnect()
        await meeting.until(lambda: names(alice) == ["Alice"])
        assert not bob.connected
        await meeting.result(bob.reconnect())
        await meeting.until(lambda: names(alice) == names(bob) == ["Alice", "Bob"])
        bob.tox.close()
        with pytest.raises(toxpy.ToxClosed):
            await bob.joined()
        del meeting.toxes["Bob"]

    play(scene)


async def collect(group):
    return [message.text async for message in group.messages()]


def test_by_chat_id():
    async def scene(meeting):
        alice, bob = await meeting.friends("Alice", "Bob")
        group = await alice.group_new("club", "Founder", password="secret")
        with pytest.raises(toxpy.ToxError, match="it is not this one") as caught:
            await meeting.result(bob.group_join(group.id, "Robert", "wrong"))
        assert caught.value.name == "TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD" and bob.groups == []
        group.settings.password = ""
        group.settings.peer_limit = 1
        with pytest.raises(toxpy.ToxError, match="the group is full") as caught:
            await meeting.result(bob.group_join(group.id.hex().upper(), "Robert"))
        assert caught.value.retryable and bob.groups == []
        group.settings.peer_limit = 2
        found = await meeting.result(bob.group_join(group.id, "Robert"))
        assert found.search.joined and found.why_not() == "we are in it"
        # another one is the same one, and fails to nobody's harm
        assert await bob.group_join(group.id, "Other") is found is bob.group_by_id(group.id.hex())
        await meeting.until(lambda: names(group) == ["Founder", "Robert"])

    play(scene)


def test_what_is_said_at_once_is_heard_by_all():
    async def scene(meeting):
        alice, bob, carol = await come_together(meeting)
        alice.settings.privacy = toxpy.GroupPrivacy.PUBLIC
        dora = await meeting.start("Dora")
        group = await meeting.result(dora.group_join(alice.id, password="secret"))
        assert names(group) == ["Alice", "Bob", "Carol", "Dora"] and not group.search.unmet
        await group.send("hello")
        for other in (alice, bob, carol):
            assert (await meeting.result(anext(other.messages()))).peer.name == "Dora"

    play(scene)


def test_who_leaves_can_wait_until_all_have_what_was_said():
    async def scene(meeting):
        ours, *others = await come_together(meeting)
        heard = [others[0].messages(), others[1].messages()]
        for number in range(100):
            await meeting.result(ours.send(str(number) * 300))
        with pytest.raises(TimeoutError, match="packets are not acknowledged after 0 s"):
            await ours.delivered(0)
        await meeting.result(ours.delivered(60))
        ours.leave("bye")
        for messages in heard:
            assert len(await meeting.result(take(messages, 100))) == 100

    play(scene)


def test_who_finds_nobody_hears_why():
    async def scene(meeting):
        alice, bob = await meeting.friends("Alice", "Bob")
        with pytest.raises(toxpy.ToxError, match="no group has that chat ID"):
            await bob.group_join(bytes([2]) * 32)
        group = await alice.group_new("club")
        with pytest.raises(TimeoutError, match=r"not in the group after 0 s: no member was found: nobody"):
            await bob.group_join(group.id, timeout_s=0)
        assert bob.groups == []
        # for ever, and not cancelled
        joining = asyncio.ensure_future(bob.group_join(group.id, timeout_s=None))
        await asyncio.sleep(0)
        (found,) = bob.groups
        await meeting.until(lambda: found.search.found == 1)
        if not found.search.answered:
            assert found.why_not() == "of 1 members that were said to be there none answers"
        await meeting.until(lambda: found.search.answered == 1)
        assert found.why_not() == "members answer, but none has let us in yet"
        assert await meeting.result(joining) is found
        found.disconnect()
        with pytest.raises(toxpy.ToxError, match="we do not look for it"):
            await found.joined()
        meeting.stop("Alice")
        joining = asyncio.ensure_future(found.reconnect())
        await asyncio.sleep(0)
        found.disconnect()
        with pytest.raises(toxpy.ToxError, match="we do not look for it"):
            await joining
        lost = await meeting.start("Carol")
        joining = asyncio.ensure_future(lost.group_join(group.id))
        await asyncio.sleep(0)
        assert lost.groups[0].why_not().startswith("we are not connected to the network ourselves")
        joining.cancel()

    play(scene)


def test_a_join_that_is_given_up_leaves_nothing():
    async def scene(meeting):
        alice, bob = await meeting.friends("Alice", "Bob")
        group = await alice.group_new("club", privacy=1)
        group.invite(0)
        invite = await meeting.result(meeting.event("Bob", toxpy.GroupInvite))
        for end, error in [
            (lambda joining: joining.cancel(), asyncio.CancelledError),
            (lambda _: bob.groups[0].leave(), toxpy.ToxError),
            (lambda _: bob.close(), toxpy.ToxClosed),
        ]:
            joining = asyncio.ensure_future(bob.group_join(invite))
            # not a step of the network: no answer comes
            await asyncio.sleep(0)
            assert len(bob.groups) == 1
            end(joining)
            with pytest.raises(error):
                await joining
            assert bob.closed or bob.groups == []
        del meeting.toxes["Bob"]

    play(scene)


def test_one_who_gives_up_does_not_spoil_it_for_another():
    async def scene(meeting):
        alice, bob = await meeting.friends("Alice", "Bob")
        group = await alice.group_new("club", privacy=1)
        group.invite(0)
        invite = await meeting.result(meeting.event("Bob", toxpy.GroupInvite))
        for last in (False, True):
            joins = [asyncio.ensure_future(bob.group_join(invite)) for _ in range(3)]
            # not a step of the network: no answer comes
            await asyncio.sleep(0)
            joins[0].cancel()
            joins[2].cancel()
            with pytest.raises(asyncio.CancelledError):
                await joins[0]
            if last:
                # a friend's invitation is good once: another one is on its way
                group.invite(0)
                assert (await meeting.result(joins[1])).connected
            else:
                joins[1].cancel()
                with pytest.raises(asyncio.CancelledError):
                    await joins[1]
            assert len(bob.groups) == last

    play(scene)


def test_a_number_that_is_another_members_now():
    async def scene(meeting):
        alice, bob, carol = await come_together(meeting)
        was = peer(alice, "Bob")
        bob.leave()
        await meeting.until(lambda: names(alice) == ["Alice", "Carol"])
        alice.invite(0)
        invite = await meeting.result(meeting.event("Bob", toxpy.GroupInvite))
        again = await meeting.result(bob.tox.group_join(invite, "Dora", "secret"))
        await meeting.until(lambda: names(alice) == ["Alice", "Carol", "Dora"])
        assert peer(alice, "Dora").number == was.number
        for missing in (alice.kick, alice.ignore, lambda peer: alice.set_role(peer, GroupRole.OBSERVER)):
            with pytest.raises(toxpy.ToxError) as caught:
                missing(was)
            assert caught.value.name.endswith("_PEER_NOT_FOUND")
        with pytest.raises(toxpy.ToxError):
            await alice.send_private(was, "for Bob alone")
        assert again.connected and carol.connected

    play(scene)


def test_who_spoke_had_the_name_of_that_moment():
    async def scene(meeting):
        alice, bob, _ = await come_together(meeting)
        messages = alice.messages()
        # both are in one pass
        bob.send_nowait("as Bob")
        bob.own_name = "Robert"
        bob.send_nowait("as Robert")
        said = await meeting.result(take(messages, 2))
        assert [(name, text) for name, _, text, _ in said] == [("Bob", "as Bob"), ("Robert", "as Robert")]

    play(scene)


def test_who_spoke_is_known_though_another_has_the_number():
    """Events of one pass: the state is that of its end."""

    async def scene(meeting):
        alice, _, _ = await come_together(meeting)
        sync, bob = alice.tox.sync, peer(alice, "Bob")
        members = Members(sync, alice.number)
        other = toxpy.GroupPeer(bob.number, "Bert", toxpy.PublicKey(bytes([1]) * 32))
        members._by_number[bob.number] = other
        members.take(sync, toxpy.GroupPeerName(alice.number, bob.number, b"Berta"))
        assert members.who(sync, bob.number).name == "Berta"
        exit_type = toxpy.GroupExitType.QUIT
        members.take(sync, toxpy.GroupPeerExit(alice.number, bob.number, exit_type, b"Berta", b""))
        members.take(sync, toxpy.GroupPeerJoin(alice.number, bob.number))
        assert members.who(sync, bob.number) == bob
        members.take(sync, toxpy.GroupPeerJoin(alice.number, 77))
        assert (members.who(sync, 77).name, members.who(sync, 78).name) == ("", "")

    play(scene)


def test_another_state_ends_the_groups_of_the_one_before():
    async def scene():
        options = {"local_discovery_enabled": False, "experimental_groups_persistence": True}
        async with asyncio.timeout(20), toxpy.AsyncTox(**options) as tox:
            with pytest.raises(ValueError, match="the profile has none"):
                await tox.group_new("club")
            with pytest.raises(toxpy.ToxError):
                await tox.group_new("club", "Alice", topic="x" * 513)
            assert tox.groups == []
            before = await tox.group_new("club", "Alice")
            loop = asyncio.ensure_future(collect(before))
            await asyncio.sleep(0)
            tox.load(tox.get_savedata())
            assert await loop == []
            (again,) = tox.groups
            assert again is not before and (again.id, again.name) == (before.id, "club")

    asyncio.run(scene())


def test_a_group_that_was_left_by_call_is_not_taken_for_the_next():
    async def scene(meeting):
        alice, bob = await meeting.friends("Alice", "Bob")
        before = await alice.group_new("one", privacy=1)
        loop = asyncio.ensure_future(collect(before))
        await asyncio.sleep(0)
        for name in ("one", "two"):
            if name == "two":
                alice.call("group_leave", 0)
                alice.call("group_new", name, "Alice", 1)
            alice.call("group_invite_friend", 0, 0)
            invite = await meeting.result(meeting.event("Bob", toxpy.GroupInvite))
            group = await meeting.result(bob.group_join(invite))
            await group.send(name)
            await meeting.until(lambda: len(alice.sync.group_peer_ids(0)) == 2)
            await meeting.steps(300)
        # ended by what was heard in the next one
        assert await meeting.result(loop) == ["one"]
        (now,) = alice.groups
        assert now is not before and now.name == "two"

    play(scene)


def test_every_refusal_has_words():
    assert {*REFUSALS} == {*GroupJoinFailure}
