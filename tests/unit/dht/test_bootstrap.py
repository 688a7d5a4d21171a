"""Bootstrap nodes are asked again, later and later."""

from tests.support.universe import SeededRng, SimClock
from toxpy.dht.bootstrap import MAX_RETRY_MS, RETRY_MS, Bootstrap
from toxpy.runtime import Runtime

# back-off


def test_bootstrap_nodes_are_asked_again_with_growing_pauses_and_jitter():
    """While nobody answers; from the start again once somebody did."""
    rt = Runtime(SimClock(), SeededRng(2))
    asked = []
    nodes = Bootstrap(lambda *_: asked.append(rt.clock.now_ms), rt=rt)
    nodes.remember((bytes((9, 9, 9, 9)), 1), bytes(32))

    def pauses(connected_after):
        asked[:] = [rt.clock.now_ms]
        while len(asked) <= connected_after:
            rt.clock.now_ms += 5
            nodes.run(False, False)
        return [after - before for before, after in zip(asked, asked[1:], strict=False)]

    expected = [min(RETRY_MS << i, MAX_RETRY_MS) for i in range(12)]
    first = pauses(12)
    assert all(base <= pause <= 1.25 * base + 5 for pause, base in zip(first, expected, strict=True))
    assert len({round(pause / base, 2) for pause, base in zip(first, expected, strict=True)}) > 6
    nodes.run(True, True)
    assert all(base <= pause <= 1.25 * base + 5 for pause, base in zip(pauses(3), expected, strict=False))
