"""Two friends who restart at once find each other without waiting for the 30 s between DHT-key packets.

Each first hears from nodes that still hold the other's old announcement, and sends its DHT key to
a data key that no longer exists; the fresh announcement must be answered at once.
"""

import pytest

from tests.support.worlds import SimulatedWorld


@pytest.mark.parametrize("seed", range(6))
def test_both_restart(seed):
    world = SimulatedWorld(seed=seed)
    alice, bob = world.friends()
    world.run_for(5)
    alice, bob = world.restart(alice), world.restart(bob)
    world.connect(alice, bob, timeout_s=20)
    world.close()
