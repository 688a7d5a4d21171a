"""AsyncTox over a core that the test moves by hand."""

import asyncio
import gc
import os
import socket
import threading
from types import SimpleNamespace

import pytest

import toxpy
from toxpy import aio, aio_events
from toxpy.aio import AsyncTox
from toxpy.errors import ToxError
from toxpy.ext.messages.sent import Sent
from toxpy.generated import enums, events
from toxpy.runtime import Dispatch, Runtime

KEY = bytes(range(32))


class ScriptedCore:
    """The part of Core that AsyncTox uses; a socket pair stands for the network."""

    def __init__(self):
        self.rt = Runtime()
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.queue, self.inbox = [], []
        self.iterations = 0
        self.delay_ms = None
        self.sent = []
        self.fail_with = []
        self.killed = 0
        self.online = 0
        self.bootstrapped = []
        self.messenger = SimpleNamespace(packets=Dispatch())
        # all of its parts in one
        self.user = self.friends = self.files = self.network = self.messages = self
        self.capability = None
        self.handshakes = self.offline = SimpleNamespace(capability=None)
        self.networks = SimpleNamespace(take_change=lambda: False)

    def arrive(self, *arrived):
        """Events that the next datagram brings."""
        self.inbox += arrived
        self.far.send(b"x")

    def iterate(self):
        self.iterations += 1
        try:
            self.near.recv(100)
        except BlockingIOError:
            return
        for event in self.inbox:
            if isinstance(event, Exception):
                raise event
            if isinstance(event, events.FriendConnectionStatus):
                self.online = event.connection_status
            self.queue.append(event)
        self.inbox.clear()

    def drain_events(self):
        while self.queue:
            yield self.queue.pop(0)

    def has_events(self):
        return bool(self.queue)

    def deadline_in_ms(self):
        return self.delay_ms

    def fileno(self):
        return self.near.fileno()

    def kill(self):
        self.killed += 1
        self.near.close()
        self.far.close()

    def resolve_options(self):
        return {"ipv6": False, "dns": True}

    def bootstrap_addresses(self, ips, port, key):
        self.bootstrapped.append((ips, port, key))

    def self_get_connection_status(self):
        return 0

    def self_get_friend_list(self):
        return [0]

    def friend_get_public_key(self, number):
        return KEY

    def friend_get_connection_status(self, number):
        return self.online

    def friend_get_name(self, number):
        return b"Bob"

    def friend_get_status_message(self, number):
        return b"here"

    def friend_get_status(self, number):
        return 1

    def friend_add_norequest(self, key):
        return 0

    def friend_add(self, address, message):
        return 0

    def friend_delete(self, number):
        pass

    def self_set_typing(self, number, typing):
        self.sent.append(typing)

    def friend_get_last_online(self, number):
        return 1700

    def friend_get_typing(self, number):
        return True

    def friend_send_lossless_packet(self, number, data):
        self.sent.append(data)

    friend_send_lossy_packet = friend_send_lossless_packet

    def send(self, number, kind, message, reply_to=None, again=None):
        return Sent(self.friend_send_message(number, kind, message), b"")

    def friend_send_message(self, number, kind, message):
        if self.fail_with:
            raise self.fail_with.pop(0)
        self.sent.append((number, kind, message))
        return len(self.sent)


def play(scene, core=None):
    """Run a scene within 5 s; whatever happens, nothing may be left over."""
    core = core or ScriptedCore()

    async def main():
        async with asyncio.timeout(5), AsyncTox(core=core) as tox:
            await scene(core, tox)

    asyncio.run(main())
    assert core.killed == 1
    return core


async def settle():
    """Let everything that is ready run."""
    for _ in range(20):
        await asyncio.sleep(0)


def sendq():
    return ToxError(enums.TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ, "TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ")


def test_an_idle_instance_is_not_polled():
    async def scene(core, tox):
        await asyncio.sleep(0.05)
        assert core.iterations == 0

    play(scene)


def test_the_next_deadline_and_data_wake_it():
    async def scene(core, tox):
        core.delay_ms = 1
        tox.call("self_set_typing", 0, True)
        while core.iterations == 0:
            await asyncio.sleep(0)
        core.delay_ms = None
        await asyncio.sleep(0.01)
        before = core.iterations
        core.arrive()
        while core.iterations == before:
            await asyncio.sleep(0)

    play(scene)


def test_events_come_in_order_and_end_with_close():
    async def scene(core, tox):
        core.arrive(events.FriendName(0, b"Bob"), events.FriendMessage(0, 0, b"hi"))
        seen = []
        async for event in tox:
            seen.append(event)
            if len(seen) == 2:
                tox.close()
        assert [type(event) for event in seen] == [toxpy.FriendName, toxpy.FriendMessage]
        assert tox.closed
        tox.close()
        with pytest.raises(toxpy.ToxClosed):
            _ = tox.sync

    play(scene)


def test_close_wakes_whoever_waits():
    async def scene(core, tox):
        async def next_event():
            async for event in tox:
                return event

        core.online = 2
        sent = await tox.friend(0).send("hi")
        unseen = await tox.friend(0).send("nobody waits for its receipt")
        waiting = [asyncio.create_task(work) for work in (next_event(), tox.wait_connected(), sent.receipt())]
        core.online = 0
        waiting.append(asyncio.create_task(tox.friend(0).online()))
        await settle()
        tox.close()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert results[0] is None
        assert all(isinstance(result, toxpy.ToxClosed) for result in results[1:])
        with pytest.raises(toxpy.ToxClosed):
            await unseen.receipt()

    play(scene)


def test_send_returns_at_once_and_the_receipt_is_that_of_its_message():
    async def scene(core, tox):
        friend = tox.friend(0)
        first = await friend.send("one")
        second = friend.send_nowait(b"two", toxpy.MessageType.ACTION)
        assert core.sent == [(0, 0, b"one"), (0, 1, b"two")]
        assert (first.message_id, second.message_id) == (1, 2)
        waiting = asyncio.create_task(second.receipt())
        core.arrive(events.FriendReadReceipt(0, 2))
        assert (await waiting).message_id == 2
        assert second.received and not first.received
        core.arrive(events.FriendReadReceipt(0, 1))
        assert (await first.receipt()).message_id == 1
        # it may be asked for again, and afterwards
        assert (await first.receipt(0)).message_id == 1 and "delivered" in repr(first)

    play(scene)


def test_a_receipt_is_waited_for_as_long_as_one_likes():
    async def scene(core, tox):
        sent = await tox.friend(0).send("hi")
        with pytest.raises(TimeoutError, match=r"no receipt within 0\.01 s"):
            await sent.receipt(timeout_s=0.01)
        waiting = asyncio.create_task(sent.receipt())
        await settle()
        waiting.cancel()
        core.arrive(events.FriendReadReceipt(0, 1))
        assert (await sent.receipt()).message_id == 1

    play(scene)


def test_a_receipt_that_nobody_waits_for_makes_no_noise():
    """A lost friend must not fill the program's log with exceptions that were never retrieved."""

    async def scene(core, tox):
        heard = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: heard.append(context))
        sent = await tox.friend(0).send("hi")
        core.arrive(events.FriendConnectionStatus(0, 0))
        assert isinstance(await anext(tox), toxpy.FriendConnectionStatus)
        assert not sent.received
        del sent
        gc.collect()
        await settle()
        assert heard == []

    play(scene)


def test_send_waits_for_space_and_passes_other_errors_on():
    async def scene(core, tox):
        core.fail_with = [sendq(), sendq()]
        sending = asyncio.create_task(tox.friend(0).send("hi"))
        for _ in range(2):
            await settle()
            assert not core.sent
            core.arrive()
        while not core.sent:
            await asyncio.sleep(0)
        assert (await sending).message_id == 1
        core.fail_with = [sendq()]
        with pytest.raises(ToxError, match="SENDQ"):
            tox.friend(0).send_nowait("hi")
        core.fail_with = [ToxError(enums.TOX_ERR_FRIEND_SEND_MESSAGE_TOO_LONG, "TOO_LONG")]
        with pytest.raises(ToxError, match="TOO_LONG"):
            await tox.friend(0).send("x")

    play(scene)


def test_going_offline_fails_what_waits_for_a_receipt():
    async def scene(core, tox):
        sent = await tox.friend(0).send("hi")
        core.arrive(events.FriendConnectionStatus(0, 0))
        with pytest.raises(ToxError, match="offline") as caught:
            await sent.receipt()
        assert caught.value.retryable
        assert caught.value.code == enums.TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED

    play(scene)


def test_deleting_fails_who_waits_for_that_friend():
    async def scene(core, tox):
        friend = tox.friend_add_norequest(KEY)
        sent = await friend.send("hi")
        waiting = [asyncio.create_task(friend.online()), asyncio.create_task(sent.receipt())]
        await settle()
        friend.delete()
        for task in waiting:
            with pytest.raises(ToxError, match="deleted"):
                await task

    play(scene)


def test_a_cancelled_wait_leaves_nothing_behind():
    async def scene(core, tox):
        sent = await tox.friend(0).send("hi")
        for work in (sent.receipt(), tox.friend(0).online(), tox.wait_connected()):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(work, 0.01)
        core.arrive(
            events.FriendReadReceipt(0, 1),
            events.FriendConnectionStatus(0, 2),
            events.SelfConnectionStatus(2),
        )
        seen = [await anext(tox) for _ in range(3)]
        assert type(seen[0]) is toxpy.FriendReadReceipt

    play(scene)


def test_online_and_connected():
    async def scene(core, tox):
        waiting = [asyncio.create_task(tox.friend(0).online()), asyncio.create_task(tox.wait_connected())]
        await settle()
        core.arrive(events.SelfConnectionStatus(2), events.FriendConnectionStatus(0, 2))
        await asyncio.gather(*waiting)
        await tox.friend(0).online()
        assert tox.friend(0).connection is toxpy.Connection.UDP

    play(scene)


def test_friend_objects():
    async def scene(core, tox):
        friend = tox.friend(0)
        assert friend is tox.friend(0) and tox.friends == [friend]
        assert (friend.name, friend.status_message, friend.status) == ("Bob", "here", toxpy.UserStatus.AWAY)
        assert str(friend.public_key) in repr(friend)
        friend.set_typing(True)
        assert core.sent == [True]
        assert (friend.last_online, friend.typing) == (1700, True)
        friend.send_lossless_packet(b"\xa0x")
        friend.send_lossy_packet(b"\xc8x")
        assert core.sent[1:] == [b"\xa0x", b"\xc8x"]
        seen = []
        tox.on_packet(160, lambda *args: seen.append(args))
        core.arrive(events.FriendLosslessPacket(0, b"\xa0y"))
        async for _ in tox:
            break
        assert seen == [(0, b"\xa0y")]

    play(scene)


def test_ourselves_and_the_dht():
    """On loopback: what three nodes know of each other."""

    async def scene():
        fields = {"local_discovery_enabled": False, "ipv6_enabled": False}
        async with AsyncTox(**fields) as alice, AsyncTox(**fields) as bob, AsyncTox(**fields) as carol:
            alice.status = toxpy.UserStatus.BUSY
            alice.nospam = 7
            assert alice.status is toxpy.UserStatus.BUSY and alice.nospam == alice.address.nospam == 7
            key, port = bob.sync.self_get_dht_id(), bob.sync.self_get_udp_port()
            for tox in alice, carol:
                await tox.bootstrap("127.0.0.1", port, key)
            while bob.sync.dht_get_num_closelist() < 2:
                await asyncio.sleep(0.01)
            assert bob.sync.dht_get_num_closelist_announce_capable() <= 2
            alice.sync.report_dht_nodes()
            target = carol.sync.self_get_dht_id()
            await alice.dht_send_nodes_request(key, "localhost", port, target)
            expected = toxpy.DhtNodesResponse(target, "127.0.0.1", carol.sync.self_get_udp_port())
            async for event in alice:
                if event == expected:
                    break
            with pytest.raises(ToxError, match="unknown host"):
                await alice.dht_send_nodes_request(key, "name.invalid", port, target)
            with pytest.raises(ToxError, match="BAD_PORT"):
                await alice.dht_send_nodes_request(key, "localhost", 0, target)

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_bootstrap_looks_names_up_elsewhere():
    async def scene(core, tox):
        await tox.bootstrap("localhost", 33445, KEY)
        assert core.bootstrapped == [([bytes([127, 0, 0, 1])], 33445, KEY)]

    play(scene)


def test_a_defect_in_the_core_reaches_the_program():
    async def scene(core, tox):
        core.arrive(ZeroDivisionError("a bug"))
        with pytest.raises(ZeroDivisionError):
            async for _ in tox:
                pass
        with pytest.raises(ZeroDivisionError):
            await tox.friend_add_norequest(KEY).online()

    play(scene)


#: In place of `MAX_QUEUED_EVENTS`: a flood of 65541 events takes longer than a scene may on a busy machine.
FEW_EVENTS = 500


@pytest.fixture
def few_events(monkeypatch):
    for module in aio, aio_events:
        monkeypatch.setattr(module, "MAX_QUEUED_EVENTS", FEW_EVENTS)


def test_events_nobody_takes_are_bounded(few_events):
    async def scene(core, tox):
        extra = 10
        core.arrive(*(events.FriendReadReceipt(0, i) for i in range(FEW_EVENTS + extra)))
        first = await anext(tox)
        assert first.message_id == extra
        assert core.rt.counters.values["drop.event_not_taken"] == extra

    play(scene)


def test_texts_nobody_takes_are_bounded(monkeypatch):
    monkeypatch.setattr(aio_events, "MAX_QUEUED_BYTES", 100)

    async def scene(core, tox):
        core.arrive(*(events.FriendMessage(0, 0, b"%d" % i * 40) for i in range(5)))
        assert [(await anext(tox)).raw for _ in range(2)] == [b"3" * 40, b"4" * 40]
        assert core.rt.counters.values["drop.event_not_taken"] == 3
        # what was taken makes room, and one may always wait
        core.arrive(*(events.FriendMessage(0, 0, text) for text in (b"5" * 50, b"6" * 50, b"7" * 101)))
        assert (await anext(tox)).raw == b"7" * 101
        core.arrive(events.FriendMessage(0, 0, b"8" * 100))
        assert (await anext(tox)).raw == b"8" * 100

    play(scene)


def test_two_loops_get_every_event():
    """The second one from where it begins; when it is over the first goes on alone."""

    async def scene(core, tox):
        async def take(count, seen):
            async for event in tox:
                seen.append(event.message_id)
                if len(seen) == count:
                    break

        first, second = [], []
        core.arrive(*(events.FriendReadReceipt(0, i) for i in range(3)))
        tasks = [asyncio.create_task(take(6, first)), asyncio.create_task(take(2, second))]
        while len(first) < 3:
            await asyncio.sleep(0)
        core.arrive(*(events.FriendReadReceipt(0, i) for i in range(3, 5)))
        await tasks[1]
        core.arrive(events.FriendReadReceipt(0, 5))
        await tasks[0]
        assert first == [0, 1, 2, 3, 4, 5] and len(second) == 2 and second == first[:2]

    play(scene)


def test_a_loop_that_begins_later_gets_what_happens_from_then_on():
    async def scene(core, tox):
        core.arrive(*(events.FriendReadReceipt(0, i) for i in range(3)))
        first = aiter(tox)
        assert (await anext(first)).message_id == 0
        second = aiter(tox)
        core.arrive(events.FriendReadReceipt(0, 3))
        assert (await anext(second)).message_id == 3
        del second
        assert [(await anext(first)).message_id for _ in range(2)] == [1, 2]
        del first
        # what the last one has not taken waits for the next
        assert (await anext(tox)).message_id == 3

    play(scene)


def test_closing_ends_all_loops():
    async def scene(core, tox):
        async def count():
            return len([event async for event in tox])

        tasks = [asyncio.create_task(count()) for _ in range(2)]
        await settle()
        core.arrive(events.FriendReadReceipt(0, 1))
        await settle()
        tox.close()
        assert await asyncio.gather(*tasks) == [1, 1]

    play(scene)


def test_dropped_events_are_said_in_the_log_once_in_a_row(few_events):
    """But those that a handler got are not lost."""

    async def scene(core, tox):
        lines = []
        core.rt.log = lambda level, text: lines.append(text)
        flood = [events.FriendReadReceipt(0, i) for i in range(FEW_EVENTS + 5)]

        async def overflow():
            core.arrive(*flood)
            while core.inbox or core.queue:
                await asyncio.sleep(0)
            await anext(tox)

        await overflow()
        await overflow()
        assert len(lines) == 2 and f"{FEW_EVENTS} wait" in lines[0]
        dropped = core.rt.counters.values["drop.event_not_taken"]
        tox.on(toxpy.FriendReadReceipt, lambda event: None)
        await overflow()
        assert core.rt.counters.values["drop.event_not_taken"] == dropped and len(lines) == 2

    play(scene)


def test_it_is_entered_once():
    async def scene(core, tox):
        with pytest.raises(RuntimeError, match="once"):
            await tox.__aenter__()

    play(scene)
    outside = AsyncTox()
    assert outside.closed
    outside.close()
    with pytest.raises(toxpy.ToxClosed):
        _ = outside.sync


def test_nothing_is_left_after_many_instances():
    """No descriptor, thread or task."""

    async def scene():
        for _ in range(20):
            async with AsyncTox(local_discovery_enabled=False, start_port=34400, end_port=34500) as tox:
                await tox.bootstrap("localhost", tox.sync.self_get_udp_port(), KEY)
                waiting = asyncio.create_task(anext(tox))
                await settle()
            with pytest.raises(StopAsyncIteration):
                await waiting
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scene())
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    asyncio.run(scene())
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before
