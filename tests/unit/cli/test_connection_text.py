"""toxpy.cli.session: what the commands say of our own connection."""

import pytest

from toxpy.cli.session import connection_text
from toxpy.generated.typed_enums import Connection


@pytest.mark.parametrize(
    ("status", "near", "wants_udp", "text"),
    [
        (Connection.NONE, True, True, "not connected"),
        (Connection.UDP, True, True, "connected over UDP"),
        # between instances of one machine, where no relay is used
        (Connection.TCP, True, True, "connected over UDP to nodes of this machine or its LAN only"),
        (Connection.TCP, False, True, "connected over TCP: a relay answered, and no node over UDP yet"),
        (Connection.TCP, False, False, "connected over TCP"),
    ],
)
def test_the_text_says_what_carries_the_data(status, near, wants_udp, text):
    said = connection_text(status, near=near, wants_udp=wants_udp)
    assert said.startswith(text) and (near or said == text)
