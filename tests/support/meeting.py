"""Several `AsyncTox` in the simulated network: it moves, and the instances take what comes."""

import asyncio
import contextlib

from tests.support.worlds import SimulatedWorld
from toxpy.aio import AsyncTox


class Meeting:
    """Who is there; each is an `AsyncTox`."""

    def __init__(self, stack):
        self.stack = stack
        self.world = SimulatedWorld()
        self.nodes = self.world.network()
        self.toxes = {}

    async def start(self, name, savedata=b""):
        """One more."""
        actor = self.world.actor(name, savedata=savedata)
        actor.bootstrap_to(self.nodes[0])
        self.world.actors.remove(actor)
        tox = self.toxes[name] = await self.stack.enter_async_context(AsyncTox(core=actor.tox))
        tox.name = name
        return tox

    def stop(self, name):
        """One leaves; the savedata from just before."""
        tox = self.toxes.pop(name)
        savedata = tox.get_savedata()
        self.world.universe.remove(tox.sync.core)
        tox.close()
        return savedata

    async def step(self):
        """A moment of the network, and of the loop."""
        self.world.universe.step()
        for tox in self.toxes.values():
            # the loop's own pass would come by the real clock
            tox._iterate()
        for _ in range(3):
            await asyncio.sleep(0)

    async def steps(self, count):
        for _ in range(count):
            await self.step()

    async def pass_ms(self, duration_ms):
        """Some time goes by."""
        clock = self.world.universe.clock
        end_ms = clock.now_ms + duration_ms
        while clock.now_ms < end_ms:
            await self.step()

    async def until(self, condition):
        for _ in range(20_000):
            if condition():
                return
            await self.step()
        raise AssertionError("waited in vain")

    async def result(self, awaitable):
        """What it returns, while the network moves."""
        task = asyncio.ensure_future(awaitable)
        await self.until(task.done)
        return await task

    async def event(self, name, kind):
        """The next such event of somebody."""
        async for event in self.toxes[name]:
            if isinstance(event, kind):
                return event
        raise AssertionError

    async def friends(self, *names):
        """All start, and are friends of the first one: their objects."""
        first, *others = [await self.start(name) for name in names]
        for other in others:
            first.friend_add_norequest(other.address.public_key)
            other.friend_add_norequest(first.address.public_key)
        for friend in first.friends:
            await self.result(friend.online())
        return [first, *others]


def play(scene):
    """Run a scene on its own meeting; everything of it is closed at the end."""

    async def run():
        async with contextlib.AsyncExitStack() as stack:
            meeting = Meeting(stack)
            await scene(meeting)
        meeting.world.close()

    asyncio.run(run())
