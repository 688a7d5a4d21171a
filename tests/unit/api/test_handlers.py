"""Handlers: who is called, in which order, and while another thread replaces them."""

import asyncio
import functools
import sys
import threading

import pytest

import toxpy
import toxpy.aio_part
from tests.unit.api.test_aio import ScriptedCore
from toxpy.generated import events
from toxpy.options import Options
from toxpy.tox import Tox

KEY = bytes(range(32))
COUNT = 10_000


def message(number, kind=0):
    return events.FriendMessage(number, kind, b"text %d" % number)


def make(*waiting):
    """An instance that gets these events in its next pass."""
    core = ScriptedCore()
    if waiting:
        core.arrive(*waiting)
    return Tox(core=core), core


def test_both_message_handlers_always_in_the_same_order():
    tox, core = make(message(3), message(4, 1))
    seen = []
    # set in an order that is not that of the calls
    tox.on(toxpy.FriendMessage, lambda event: seen.append(event))
    tox.on_typed_message(lambda *args: seen.append(args))
    tox.on_message(lambda *args: seen.append(args))
    returned = tox.iterate()
    normal, action = toxpy.MessageType.NORMAL, toxpy.MessageType.ACTION
    assert seen == [
        (3, "text 3"),
        (3, normal, "text 3"),
        returned[0],
        (4, "text 4"),
        (4, action, "text 4"),
        returned[1],
    ]
    seen.clear()
    assert tox.on_message(None) is not None and tox.on_message(None) is None
    core.arrive(message(5))
    tox.iterate()
    assert seen[0] == (5, normal, "text 5") and len(seen) == 2
    tox.on_typed_message(None)
    tox.on(toxpy.FriendMessage, None)
    core.arrive(message(6))
    assert [event.friend_number for event in tox.iterate()] == [6] and len(seen) == 2
    tox.close()


def test_any_event_has_a_handler():
    tox, _ = make(events.FriendRequest(KEY, b"hi"), events.FriendTyping(1, True))
    requests = []
    tox.on(toxpy.FriendRequest, requests.append)
    assert len(tox.iterate()) == 2
    assert [request.message for request in requests] == ["hi"]
    with pytest.raises(TypeError, match="no type of event"):
        tox.on(str, print)
    tox.close()


def test_packets_by_their_first_byte():
    lossless = [events.FriendLosslessPacket(3, bytes((kind, 7))) for kind in (160, 161, 191)]
    lossy = [events.FriendLossyPacket(3, bytes((kind, 7))) for kind in (200, 201, 254)]
    tox, _ = make(*lossless, *lossy)
    seen = []
    for kind in (160, 191, 200, 254):
        assert tox.on_packet(kind, lambda *args: seen.append(args)) is None
    tox.on(toxpy.FriendLosslessPacket, seen.append)
    tox.on_packet(191, None)
    returned = tox.iterate()
    assert len(returned) == 6
    assert seen == [
        (3, b"\xa0\x07"),
        *returned[:3],
        (3, b"\xc8\x07"),
        (3, b"\xfe\x07"),
    ]
    for kind in (-1, 69, 159, 192, 199, 255, 256):
        with pytest.raises(ValueError, match="160 to 191"):
            tox.on_packet(kind, print)
    assert tox.on_packet(200, print) is not None and tox.on_packet(200, None) is print
    tox.close()


def test_a_handler_that_raises_loses_nothing():
    tox, _ = make(message(1), message(2), message(3))
    seen = []

    def fail_once(number, _text):
        seen.append(number)
        if number == 2:
            raise KeyError(number)

    tox.on_message(fail_once)
    tox.on_typed_message(lambda number, *_: seen.append(-number))
    with pytest.raises(KeyError):
        tox.iterate()
    assert seen == [1, -1, 2, -2]
    assert [event.friend_number for event in tox.iterate()] == [1, 2, 3]
    assert seen == [1, -1, 2, -2, 3, -3]
    assert tox.iterate() == []
    tox.close()


def test_a_handler_may_close_the_instance_or_replace_itself():
    tox, _ = make(message(1), message(2), message(3))
    seen = []

    def first(number, _text):
        seen.append(("first", number))
        tox.on_message(second)

    def second(number, _text):
        seen.append(("second", number))
        tox.close()

    tox.on_message(first)
    with pytest.raises(toxpy.ToxClosed):
        tox.iterate()
        tox.iterate()
    assert seen[:2] == [("first", 1), ("second", 2)]


@pytest.fixture
def quick_switches():
    """Threads alternate as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def replace_all_the_time(tox, plain, typed, stop):
    """Give the instance the next handlers as fast as possible, and now and then none of the typed kind."""
    turn = 0
    while not stop.is_set():
        turn += 1
        tox.on_message(plain[turn % 2])
        tox.on_typed_message(None if turn % 3 == 0 else typed[turn % 2])


def check_replacing(run, tox):
    """10 000 messages while another thread replaces the handlers: each to one of the two, in order.

    On a busy machine the other thread may come late, so there are as many more as it takes until both had
    some.
    """
    got = ([], [])
    typed_got = []
    plain = [lambda number, _text, to=to: to.append(number) for to in got]
    typed = [lambda number, *_: typed_got.append(number)] * 2
    tox.on_message(plain[0])
    stop = threading.Event()
    thread = threading.Thread(target=replace_all_the_time, args=(tox, plain, typed, stop))
    thread.start()
    try:
        count = run(lambda count: count < COUNT or not all(got))
    finally:
        stop.set()
        thread.join()
    assert sorted(got[0] + got[1]) == list(range(count))
    assert all(part == sorted(part) for part in got)
    assert typed_got == sorted(set(typed_got))


def test_replacing_from_another_thread_loses_no_message(quick_switches):
    tox, core = make()

    def run(goes_on):
        count = 0
        while goes_on(count):
            core.arrive(*(message(number) for number in range(count, count + 10)))
            count += 10
            tox.iterate()
        return count

    with tox:
        check_replacing(run, tox)


def test_replacing_in_an_async_instance_loses_no_message(quick_switches):
    core = ScriptedCore()
    tox = toxpy.AsyncTox(core=core)

    async def scene(goes_on):
        count = 0
        async with tox:
            while goes_on(count):
                core.arrive(*(message(number) for number in range(count, count + 10)))
                count += 10
                for _ in range(10):
                    await tox.__anext__()
        return count

    check_replacing(lambda goes_on: asyncio.run(scene(goes_on)), tox)


def test_an_async_instance_reports_a_handler_that_raises_and_goes_on():
    reported, seen = [], []

    async def scene():
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
        core = ScriptedCore()
        async with toxpy.AsyncTox(core=core) as tox:
            tox.on_typed_message(lambda number, *_: seen.append(number))
            tox.on_message(lambda number, _text: [][number])
            tox.on(toxpy.FriendTyping, lambda event: seen.append(event.typing))
            core.arrive(message(1), message(2), events.FriendTyping(1, True))
            for _ in range(3):
                await tox.__anext__()

    asyncio.run(scene())
    assert seen == [1, 2, True]
    assert [type(context["exception"]) for context in reported] == [IndexError, IndexError]


def test_an_async_instance_may_be_closed_by_a_handler():
    async def scene():
        core = ScriptedCore()
        async with toxpy.AsyncTox(core=core) as tox:
            tox.on_message(lambda *_: tox.close())
            core.arrive(message(1))
            assert [type(event) async for event in tox] == [toxpy.FriendMessage]
        assert core.killed == 1

    asyncio.run(scene())


# async handlers


async def write_down(*_arguments):
    """A handler that Tox cannot run."""


class Callable:
    async def __call__(self, *_arguments):
        pass


@pytest.mark.parametrize("handler", [write_down, functools.partial(write_down, 1), Callable()])
def test_tox_refuses_an_async_handler(handler):
    """At once, and with what to do."""
    tox, _ = make()
    setters = [
        tox.on_message,
        tox.on_typed_message,
        lambda function: tox.on_packet(160, function),
        lambda function: tox.on(toxpy.FriendTyping, function),
        lambda function: tox.bootstrap_from([], function),
        lambda function: tox.send_file(0, __file__, on_progress=function),
    ]
    for setter in setters:
        with pytest.raises(TypeError, match="use AsyncTox, or a plain function"):
            setter(handler)
    tox.close()


def test_tox_refuses_what_an_async_function_returned():
    """Through a plain function: it is seen when it is called, and the coroutine is not left behind."""
    tox, _ = make(message(1), message(2))
    tox.on_message(lambda number, text: write_down(number, text))
    with pytest.raises(TypeError, match="write_down is async"):
        tox.iterate()
    tox.on_message(None)
    assert [event.friend_number for event in tox.iterate()] == [1, 2]
    tox.close()


@pytest.mark.parametrize("handler", [5, "print", [print]])
def test_a_handler_is_a_function(handler):
    tox, _ = make()
    for setter in (tox.on_message, tox.on_typed_message, lambda function: tox.on_packet(160, function)):
        with pytest.raises(TypeError, match="a function is needed"):
            setter(handler)
    with pytest.raises(TypeError, match="a function is needed"):
        tox.on(toxpy.FriendTyping, handler)
    tox.close()


def play_async(scene):
    """A scene with an AsyncTox over a scripted core; what was reported to the loop's exception handler."""
    reported = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
        core = ScriptedCore()
        async with asyncio.timeout(5), toxpy.AsyncTox(core=core) as tox:
            await scene(core, tox)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    return reported


def test_async_handlers_run():
    """Of every kind, also behind a plain function, and set through `sync`."""
    seen = []

    async def on_message(number, text):
        await asyncio.sleep(0)
        seen.append((number, text))

    async def on_event(event):
        seen.append(event)

    async def scene(core, tox):
        tox.on_message(on_message)
        tox.on_typed_message(lambda number, kind, text: on_message(number, kind))
        tox.sync.on_packet(160, on_message)
        tox.on(toxpy.FriendTyping, on_event)
        core.arrive(message(3, 1), events.FriendLosslessPacket(4, b"\xa0x"), events.FriendTyping(5, True))
        while len(seen) < 4:
            await asyncio.sleep(0)

    assert play_async(scene) == []
    expected = [(3, "text 3"), (3, toxpy.MessageType.ACTION), (4, b"\xa0x"), toxpy.FriendTyping(5, True)]
    assert sorted(map(repr, seen)) == sorted(map(repr, expected))


def test_what_an_async_handler_raises_is_reported():
    seen = []

    async def on_message(number, _text):
        seen.append(number)
        return [][number]

    async def scene(core, tox):
        tox.on_message(on_message)
        core.arrive(message(1), message(2))
        while len(seen) < 2:
            await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)

    reported = play_async(scene)
    assert [type(context["exception"]) for context in reported] == [IndexError, IndexError]
    assert [context["event"].friend_number for context in reported] == [1, 2]


def test_async_handlers_end_with_the_instance():
    ended = []

    async def on_message(number, _text):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            # takes a moment, for which the end of `async with` waits
            await asyncio.sleep(0)
            ended.append(number)
            raise

    async def scene(core, tox):
        tox.on_message(on_message)
        core.arrive(message(1), message(2))
        await anext(tox)
        await asyncio.sleep(0)

    assert play_async(scene) == [] and sorted(ended) == [1, 2]


def test_an_async_handler_may_close_the_instance():
    closed = []

    async def scene(core, tox):
        async def on_message(_number, _text):
            tox.close()
            await asyncio.sleep(0)
            closed.append(tox.closed)

        tox.on_message(on_message)
        core.arrive(message(1))
        assert [type(event) async for event in tox] == [toxpy.FriendMessage]
        while not closed:
            await asyncio.sleep(0)

    assert play_async(scene) == [] and closed == [True]


def test_unfinished_async_handlers_are_bounded(monkeypatch):
    monkeypatch.setattr(toxpy.aio_part, "MAX_TASKS", 3)
    begun = []

    async def on_message(number, _text):
        begun.append(number)
        await asyncio.Event().wait()

    async def scene(core, tox):
        tox.on_message(on_message)
        core.arrive(*map(message, range(5)))
        for _ in range(5):
            await anext(tox)
        await asyncio.sleep(0)
        assert core.rt.counters.values["drop.handler_not_run"] == 2

    assert play_async(scene) == [] and begun == [0, 1, 2]


# loading into a live instance


def live(**fields):
    return Tox(Options(local_discovery_enabled=False, ipv6_enabled=False, **fields))


def test_load_changes_who_we_are_and_nothing_else():
    with live() as other:
        other.self_set_name("Bob")
        other.friend_add_norequest(KEY[:31] + b"\x01")
        bob, savedata = other.self_get_address(), other.get_savedata()
    with live(end_port=33900) as tox:
        handler = print
        tox.on_message(handler)
        tox.report_dht_nodes()
        port, alice = tox.self_get_udp_port(), tox.self_get_address()
        for bad in (b"", savedata[:500], b"toxEsave" + bytes(100)):
            with pytest.raises(toxpy.ToxError, match=r"LOAD|save"):
                tox.load(bad)
            assert tox.self_get_address() == alice and tox.self_get_udp_port() == port
        tox.load(savedata)
        assert tox.self_get_address() == bob != alice
        assert tox.self_get_name() == "Bob" and tox.self_get_friend_list() == [0]
        assert tox.self_get_udp_port() == port
        assert tox.on_message(None) is handler and tox.core.network.reports_dht_nodes()
        tox.report_dht_nodes(False)
        tox.load(savedata)
        assert not tox.core.network.reports_dht_nodes()
        assert tox.iterate() == []
    with pytest.raises(toxpy.ToxClosed):
        tox.load(savedata)


def test_load_into_an_async_instance():
    with live() as other:
        savedata, bob = other.get_savedata(), other.self_get_address()

    async def scene():
        async with toxpy.AsyncTox(local_discovery_enabled=False, ipv6_enabled=False) as tox:
            tox.friend_add_norequest(KEY[:31] + b"\x01")
            waiting = asyncio.create_task(tox.friends[0].online())
            await asyncio.sleep(0)
            tox.load(savedata)
            with pytest.raises(toxpy.ToxError, match="another state"):
                await waiting
            assert tox.address == bob and tox.friends == []
            with pytest.raises(toxpy.ToxError):
                tox.load(b"x")
            assert tox.address == bob and not tox.closed

    asyncio.run(scene())
