"""Off means off: what two friends do without an extension, and what they do when it is merely off.

    python -m tests.support.off [without]     play it, and print what happened as JSON

`without` leaves the extensions' parts out of every instance, and lets nothing load what only they need. The
other way everything is there, and off as it is by default. Whatever differs is something that an extension
does although nobody asked for it: a packet, a timer, a random number, a byte of a save, a module.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import json
import re
import subprocess
import sys

from tests.support.prefix import ROOT

#: What only extensions and other options need, so that it must not be loaded before somebody asks.
OPTIONAL = re.compile(
    r"(noise|argon2|segno)(\..*)?"
    r"|toxpy\.crypto\.noise|toxpy\.net_crypto\.(noise\w*|policy)"
    r"|toxpy\.friend\.(envelope|records)|toxpy\.save\.keystore"
    r"|toxpy\.ext\.\w+\.(?!core$)\w+"
)
#: The parts of an instance that stand for extensions, which are loaded with every one.
PARTS = re.compile(r"toxpy\.ext\.\w+\.core")
#: ToxExt's question for an extension, as a program of its own might send it.
TOXEXT = bytes.fromhex("ac03dffe000016000000009e100316d26f45398cdbae810042f8640018")
#: What an instance before had in the section of extensions: a record that nobody knows, and damage.
RECORDS = bytes.fromhex("0700 05000000") + b"value" + bytes.fromhex("0100 ffff0000") + b"damaged"


class Absent:
    """An extension's part in an instance that has none."""

    capability = None

    def __init__(self, _layers):
        pass


class LeaveOut:
    """Finds `Absent` in the place of extensions' parts, and nothing of what only they need."""

    def find_spec(self, name, _path=None, _target=None):
        if OPTIONAL.fullmatch(name):
            raise ImportError(f"{name} is left out")
        return importlib.machinery.ModuleSpec(name, self) if PARTS.fullmatch(name) else None

    def create_module(self, _spec):
        return None

    def exec_module(self, module):
        module.__getattr__ = lambda _name: Absent


class Log:
    """What happens, in order: how much, and a sum of it."""

    def __init__(self):
        self.sum, self.count = hashlib.sha256(), 0

    def put(self, *what):
        self.sum.update(repr(what).encode())
        self.count += 1

    def follow(self, owner, name, tell):
        """Keep what `tell` says of each call of that method."""
        method = getattr(owner, name)

        def called(instance, *arguments):
            self.put(*tell(instance, *arguments))
            return method(instance, *arguments)

        setattr(owner, name, called)

    def told(self):
        return [self.count, self.sum.hexdigest()]


def play(relayed, packets, timing):
    """Two friends meet, talk, part, and meet again; what they noticed, and what they leave behind."""
    from tests.support.worlds import SimulatedWorld
    from toxpy.save import savedata
    from toxpy.wire.sections import EXTENSIONS

    world = SimulatedWorld(seed=5, relayed=relayed)
    alice, bob = world.friends()
    seen = []
    for sender in (alice, bob):
        sender.friend_send_message(0, 0, b"message")
        sender.friend_send_lossless_packet(0, TOXEXT)
    if not relayed:
        # the first message of another handshake
        bob.socket.send(alice.socket.address, b"\x1c\x01" + bytes(320))
    world.run_for(5)
    seen += [repr(event) for actor in (alice, bob) for event in actor.seen]
    state = bob.tox.saved()
    state.put({EXTENSIONS: RECORDS})
    world.vanish(bob)
    world.until(lambda: not alice.is_online(), "alice to see that bob left", 60)
    bob = world.actor("bob", savedata.build(state))
    bob.bootstrap_to(world.actors[0])
    world.connect(alice, bob)
    world.run_for(60)
    seen += [repr(event) for actor in (alice, bob) for event in actor.seen]
    saves = [bob.tox.get_savedata(), alice.tox.get_savedata()]
    alice.friend_delete(0)
    world.run_for(5)
    counters = {actor.name: actor.tox.rt.counters.values for actor in world.actors}
    world.close()
    return {
        "seen": seen,
        "saves": [hashlib.sha256(save).hexdigest() for save in saves],
        "records": [kept.data.hex() for kept in savedata.parse(saves[0]).kept],
        "counters": counters,
        "packets": packets.told(),
        "timing": timing.told(),
    }


def main():
    if sys.argv[1:] == ["without"]:
        sys.meta_path.insert(0, LeaveOut())
    from tests.support.sim_streams import SimStream
    from tests.support.universe import Universe
    from toxpy.core import Core
    from toxpy.runtime import Timers

    packets, timing = Log(), Log()
    packets.follow(Universe, "carry", lambda _, source, to, data: (source.address, to, data))
    packets.follow(SimStream, "write", lambda stream, data: (stream.address, data))
    timing.follow(Core, "iterate", lambda core: (core.rt.clock.now_ms, core.deadline_in_ms()))
    timing.follow(Timers, "call_at", lambda _, deadline_ms, callback: (deadline_ms, callback.__qualname__))
    told = {way: play(way == "relayed", packets, timing) for way in ("direct", "relayed")}
    print(json.dumps({**told, "modules": sorted(sys.modules)}))


def run(*arguments):
    """Play it in a process of its own: what it printed."""
    return run_code("from tests.support import off; off.main()", *arguments)


def run_code(code, *arguments):
    """The same with another beginning."""
    command = [sys.executable, "-c", code, *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


if __name__ == "__main__":
    main()
