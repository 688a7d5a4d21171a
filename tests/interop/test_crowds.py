"""Many of Debian's clients at once on our bootstrap node and its relay.

More of them, and figures, are what `python -m tests.support.crowd` is for.
"""

import pytest

from tests.support.crowd import Meeting

#: On a machine with other work to do.
pytestmark = [pytest.mark.timeout(400), pytest.mark.namespaces]


def test_thirty_clients_join_through_our_node(tmp_path):
    with Meeting(tmp_path, 30, udp=True) as meeting:
        meeting.join()
        meeting.befriend()
        meeting.talk(20)
        assert meeting.node.process.poll() is None


def test_clients_without_udp_talk_over_our_relay(tmp_path):
    """It carries two hundred as well, which is more than other tests beside this one should bear."""
    count = 60
    with Meeting(tmp_path, count, udp=False) as meeting:
        meeting.join()
        # each has a connection, and keeps it
        connected = meeting.usage().files
        meeting.befriend()
        meeting.talk(20)
        assert meeting.usage().files >= connected >= count
        assert meeting.node.process.poll() is None
