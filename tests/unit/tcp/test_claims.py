"""What a relay or a proxy claims costs no memory."""

import contextlib
import tracemalloc

import pytest

from tests.support.fake_streams import pair, pump_all
from toxpy.tcp.proxy import HTTP, SOCKS5, Proxy
from toxpy.tcp.secure import SecureStream

ELSEWHERE = (bytes((20, 9, 9, 9)), 33445)


# lengths that are claimed


@contextlib.contextmanager
def little_memory(most=1_000_000):
    """Nothing inside may allocate much."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        yield
        assert tracemalloc.get_traced_memory()[1] - before < most
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("claim", [0, 16, 2049, 0x7FFF, 0xFFFF])
def test_a_frame_of_a_relay_cannot_claim_more_than_a_frame_has(claim):
    ours, theirs = pair(ELSEWHERE, ELSEWHERE)
    secure = SecureStream(ours, bytes(32), 0, 0)
    theirs.write(claim.to_bytes(2, "big"))
    pump_all(ours, theirs)
    with little_memory():
        assert secure.receive() is None
    assert "length" in secure.failure


@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
def test_a_proxy_that_never_stops_talking_is_not_listened_to(kind):
    handshake = Proxy(kind, ELSEWHERE).handshake(ELSEWHERE)
    fed = 0
    with little_memory():
        while handshake.failure is None and not handshake.done:
            handshake.feed((b"HTTP/1.1 200 x" if not fed else b"x") * 100)
            fed += 100
            assert fed < 10_000
    assert handshake.failure
