"""Mutated and random datagrams of every kind at a node that has a friend online.

    python -m tests.fuzz.datagrams COUNT [SEED]

Packets are recorded from a small simulated network while two friends connect and
talk, then cut, flipped, spliced, replayed from other addresses and mixed with noise.
After every batch the node must answer a ping; memory must stay flat; at the end the
friends still talk. Anything raised out of the core ends the run.
"""

from __future__ import annotations

import random
import resource
import sys
import time

from tests.support.worlds import SimulatedWorld, events

BATCH = 10_000
SEEDS_KEPT = 4000


def memory_mb():
    """Resident size now."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 1e6


class Recorder:
    """Keeps a sample of every packet kind that crosses the simulated network."""

    def __init__(self, universe):
        self.samples = {}
        self._carry = universe.carry
        universe.carry = self.carry

    def carry(self, source, address, data):
        kept = self.samples.setdefault(data[0], [])
        if len(kept) < SEEDS_KEPT // 20:
            kept.append((source.address, address, data))
        self._carry(source, address, data)


def mutate(rng, samples):
    """One hostile datagram and the address it pretends to come from."""
    kinds = sorted(samples)
    source, _, data = rng.choice(samples[rng.choice(kinds)])
    how = rng.randrange(8)
    if how == 0:
        data = data[: rng.randrange(len(data))]
    elif how == 1:
        data = data + rng.randbytes(rng.randrange(1, 40))
    elif how == 2:
        data = data[:1] + rng.randbytes(len(data) - 1)
    elif how == 3:
        data = rng.randbytes(rng.randrange(0, 1500))
    elif how == 4:
        other = rng.choice(samples[rng.choice(kinds)])[2]
        data = data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]
    elif how < 7:
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        data = bytes(changed)
    if rng.randrange(2):
        host = bytes([20, rng.randrange(256), rng.randrange(256), rng.randrange(256)])
        source = (host, rng.randrange(1, 65536))
    return data[:2048], source


def prepare(seed):
    """Friends online in a recorded universe, with samples of everything they exchanged."""
    world = SimulatedWorld(seed=seed)
    recorder = Recorder(world.universe)
    alice, bob = world.strangers()
    alice.friend_add(bob.self_get_address(), b"hello")
    bob.friend_add_norequest(bob.wait(events.FriendRequest).public_key)
    world.connect(alice, bob)
    for i in range(50):
        alice.friend_send_message(0, 0, b"message %d" % i)
        world.run_for(1)
    return world, alice, bob, recorder.samples


def still_talks(world, alice, bob):
    """A message each way arrives."""
    for sender, receiver in ((alice, bob), (bob, alice)):
        receiver.seen.clear()
        sender.friend_send_message(0, 0, b"alive")
        receiver.wait(events.FriendMessage, message=b"alive", timeout_s=30)


def answers_pings(world, node):
    """A newcomer who bootstraps to the node gets to know it."""
    newcomer = world.actor(f"newcomer {world.started}")
    newcomer.bootstrap_to(node)
    pings = len(newcomer.tox.dht.nodes.closest_nodes(node.self_get_dht_id(), 4))
    world.until(
        lambda: any(n.public_key == node.self_get_dht_id() for n in newcomer.tox.dht.saved_nodes()),
        f"an answer to a newcomer ({pings} nodes)",
        10,
    )
    world.stop(newcomer)


def attack(count, seed=1, report=print):
    """Run the whole thing; returns the figures."""
    world, alice, bob, samples = prepare(seed)
    rng = random.Random(seed)
    report(f"kinds recorded: {' '.join(f'{kind:02x}' for kind in sorted(samples))}")
    before_mb, spent = None, 0.0
    for done in range(0, count, BATCH):
        hostile = [mutate(rng, samples) for _ in range(min(BATCH, count - done))]
        start = time.process_time()
        for i in range(0, len(hostile), 200):
            alice.socket.inbox.extend(hostile[i : i + 200])
            world.run_until(lambda: not alice.socket.inbox, 1)
        spent += time.process_time() - start
        answers_pings(world, alice)
        # the tables fill up in the first tenth: flat means flat from there
        if before_mb is None and done + BATCH >= count // 10:
            before_mb = memory_mb()
        so_far = done + len(hostile)
        report(f"{so_far:>8} datagrams, {memory_mb():.1f} MB, {spent / so_far * 1e6:.0f} us each")
    still_talks(world, alice, bob)
    drops = {k: v for k, v in sorted(alice.tox.rt.counters.values.items()) if k.startswith("drop.")}
    world.close()
    return {"before_mb": before_mb, "after_mb": memory_mb(), "drops": drops, "cpu_s": spent}


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    figures = attack(count, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for name, number in figures.pop("drops").items():
        print(f"{number:>9} {name}")
    print(figures)


if __name__ == "__main__":
    main()
