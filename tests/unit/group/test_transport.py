"""Which way packets take to a peer of a group."""

from tests.support.universe import SimClock
from toxpy.group.transport import DIRECT_TIMEOUT_MS, TRY_INTERVAL_MS, GroupTransport

HOME, ELSEWHERE = (bytes([20, 0, 0, 1]), 33445), (bytes([20, 0, 0, 2]), 33445)


class Ways:
    """What left, and how."""

    def __init__(self, relay=True):
        self.clock = SimClock()
        self.clock.now_ms = 1_000_000
        self.relay = relay
        self.left = []
        self.transport = GroupTransport(self, self.clock)

    def send_udp(self, address, packet):
        self.left.append(address)

    def send_relay(self, packet):
        if self.relay:
            self.left.append("relay")
        return self.relay

    def sent(self, send):
        self.left.clear()
        send()
        return self.left


def packet(ways):
    return ways.sent(lambda: ways.transport.send(b"x"))


def handshake(ways):
    return ways.sent(lambda: ways.transport.send_handshake(b"x"))


def test_only_the_address_while_it_works():
    ways = Ways()
    ways.transport.heard_from(HOME, moves=True)
    ways.clock.now_ms += DIRECT_TIMEOUT_MS - 1
    assert packet(ways) == [HOME] and ways.transport.is_direct()
    ways.clock.now_ms += 1
    assert packet(ways) == ["relay", HOME] and not ways.transport.is_direct()


def test_the_relay_and_the_address_once_per_second_while_it_does_not():
    ways = Ways()
    ways.transport.set_address(HOME)
    assert packet(ways) == ["relay", HOME]
    assert packet(ways) == ["relay"]
    ways.clock.now_ms += TRY_INTERVAL_MS
    assert packet(ways) == ["relay", HOME]


def test_always_the_address_without_a_relay():
    ways = Ways(relay=False)
    assert not ways.transport.send(b"x") and ways.left == []
    assert not ways.transport.send_handshake(b"x")
    ways.transport.set_address(HOME)
    assert packet(ways) == packet(ways) == [HOME]


def test_handshakes_take_turns():
    ways = Ways()
    assert handshake(ways) == ["relay"]
    ways = Ways()
    ways.transport.set_address(HOME)
    assert [handshake(ways)[0] for _ in range(4)] == [HOME, "relay", HOME, "relay"]
    ways = Ways(relay=False)
    ways.transport.set_address(HOME)
    assert [handshake(ways) for _ in range(3)] == [[HOME]] * 3


def test_an_answer_goes_the_way_the_request_came():
    ways = Ways()
    ways.transport.set_address(HOME)
    assert ways.sent(lambda: ways.transport.answer(b"x", None)) == ["relay"]
    assert ways.sent(lambda: ways.transport.answer(b"x", ELSEWHERE)) == [ELSEWHERE]
    ways.relay = False
    assert ways.sent(lambda: ways.transport.answer(b"x", None)) == [HOME]


def test_hearsay_does_not_replace_an_address_that_works():
    ways = Ways()
    ways.transport.heard_from(HOME, moves=True)
    ways.transport.set_address(ELSEWHERE)
    assert ways.transport.address == HOME
    ways.clock.now_ms += DIRECT_TIMEOUT_MS
    ways.transport.set_address((bytes(4), 33445))
    assert ways.transport.address == HOME
    ways.transport.set_address(ELSEWHERE)
    assert ways.transport.address == ELSEWHERE


def test_a_copy_from_elsewhere_is_no_sign_of_the_address():
    ways = Ways()
    ways.transport.set_address(HOME)
    ways.transport.heard_from(ELSEWHERE, moves=False)
    ways.transport.heard_from(None, moves=True)
    assert ways.transport.address == HOME and not ways.transport.is_direct()
    ways.transport.heard_from(HOME, moves=False)
    assert ways.transport.is_direct()
