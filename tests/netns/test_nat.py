"""Pairs of NATs that stand for the 4 x 4 of `python -m tests.netns.nat_matrix`, at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.netns.nat_matrix import LIBRARIES, run_pair

#: kinds, and what c-toxcore gets to: no port can be guessed where both or one of a strict pair are random
PAIRS = {
    ("full_cone", "port_restricted"): "udp",
    ("restricted", "symmetric"): "udp",
    ("port_restricted", "port_restricted"): "udp",
    ("port_restricted", "symmetric"): "tcp",
    ("symmetric", "symmetric"): "tcp",
}
LIMIT_S = 120
#: how long a direct connection may take to show up where none is expected
SETTLE_S = 20


@pytest.mark.timeout(3 * LIMIT_S)
@pytest.mark.parametrize("library", ["ours", "mixed"])
def test_pairs_connect_as_with_c_toxcore(library, client_program):
    with ThreadPoolExecutor(len(PAIRS)) as pool:
        runs = {
            kinds: pool.submit(
                run_pair,
                client_program,
                kinds,
                LIBRARIES[library],
                LIMIT_S if connection == "udp" else SETTLE_S,
            )
            for kinds, connection in PAIRS.items()
        }
        got = {kinds: run.result().connection for kinds, run in runs.items()}
    assert got == PAIRS
