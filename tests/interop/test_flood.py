"""A flood of requests, valid and invalid, from everywhere on our bootstrap node.

Figures, and a million of them, are what `python -m tests.support.under_flood` is for.
"""

import pytest

from tests.support.under_flood import UnderFlood

pytestmark = pytest.mark.namespaces

COUNT = 100_000
PER_S = 20_000
#: Caches fill up to their caps; measured: 8.
GROWTH_MB = 14


def test_a_flood_leaves_the_node_small_alive_and_answering(tmp_path):
    with UnderFlood(tmp_path) as under:
        under.prepare(COUNT, PER_S)
        under.quiet(2)
        known, strangers, samples = under.flood()
        assert under.told()[1] > COUNT // 2
        assert len(known) > known.lost, str(known)
        assert len(strangers) > 0, str(strangers)
        assert samples[-1].resident_mb - samples[0].resident_mb < GROWTH_MB
        assert samples[-1].files == samples[0].files
        # then everything is as before
        known, strangers = under.quiet(2)
        assert len(known) > 9 * known.lost, str(known)
        assert len(strangers) > 9 * strangers.lost, str(strangers)
        log = under.node.text()
        status, _ = under.node.stop()
    assert status == 0
    assert "Traceback" not in log, log
