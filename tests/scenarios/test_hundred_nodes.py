"""A hundred simulated nodes with 5% loss: fifty random pairs of friends all connect, reproducibly."""

import random

from tests.support.worlds import SimulatedWorld


def run(seed, size, timeout_s=180):
    world = SimulatedWorld(seed=seed, loss=0.05)
    actors = [world.actor(f"n{i}") for i in range(size)]
    for i, actor in enumerate(actors[1:], 1):
        actor.bootstrap_to(actors[i // 2])
    order = list(range(size))
    random.Random(seed).shuffle(order)
    pairs = [(actors[a], actors[b]) for a, b in zip(order[::2], order[1::2], strict=True)]
    for a, b in pairs:
        a.friend_add_norequest(b.self_get_public_key())
        b.friend_add_norequest(a.self_get_public_key())
    waiting = list(pairs)

    def all_online():
        waiting[:] = [(a, b) for a, b in waiting if not (a.is_online() and b.is_online())]
        return not waiting

    connected = world.run_until(all_online, timeout_s)
    assert connected, f"{len(waiting)} of {len(pairs)} pairs not connected"
    trace = world.universe.trace.hexdigest()
    world.close()
    return trace


def test_hundred_nodes():
    run(seed=7, size=100)


def test_same_seed_same_trace():
    assert run(seed=3, size=12) == run(seed=3, size=12)
    assert run(seed=3, size=12) != run(seed=4, size=12)
