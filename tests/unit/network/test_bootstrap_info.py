"""Answers to bootstrap-info requests."""

import pytest

from tests.support.universe import SeededRng, SimClock
from toxpy.network.bootstrap_info import ANSWERS_BURST, ANSWERS_PER_S, BootstrapInfo, version_number
from toxpy.network.bootstrap_node import VERSION
from toxpy.runtime import Dispatch, Runtime

STRANGER = (bytes((20, 1, 2, 3)), 33445)
REQUEST = b"\xf0" + bytes(77)


class Asked:
    def __init__(self, motd=b"hello\0", version=1_000_002_023):
        self.clock = SimClock()
        self.rt = Runtime(self.clock, SeededRng(1))
        self.sent = []
        self.udp = Dispatch()
        BootstrapInfo(
            version,
            motd,
            rt=self.rt,
            send=lambda address, data: self.sent.append((address, data)),
            udp=self.udp,
        )

    def ask(self, data=REQUEST, address=STRANGER):
        self.sent.clear()
        self.udp.handlers[0xF0](address, data)
        return list(self.sent)


def test_the_answer():
    # the bytes that tox-bootstrapd 0.2.18 sends
    asked = Asked(b"tox-bootstrapd\0", version_number(0, 2, 18))
    assert asked.ask() == [(STRANGER, b"\xf0;\x9a\xd1\xe2tox-bootstrapd\x00")]


def test_what_follows_the_kind_does_not_matter():
    assert Asked().ask(b"\xf0" * 78) == Asked().ask()


@pytest.mark.parametrize("size", [1, 2, 77, 79, 1000])
def test_other_sizes_are_dropped(size):
    asked = Asked()
    assert asked.ask(b"\xf0" * size) == []
    assert asked.rt.counters.values == {"drop.bootstrap_info_size": 1}


def test_the_version_reads_as_a_number():
    assert version_number(0, 2, 23) == 1_000_002_023 == VERSION
    assert version_number(1, 23, 456) == 1_001_023_456


def test_the_motd_has_its_limit():
    assert len(Asked(b"x" * 256).ask()[0][1]) == 261
    with pytest.raises(ValueError, match="256"):
        Asked(b"x" * 257)


def test_a_flood_from_one_network_does_not_hurt_the_others():
    asked = Asked()
    answers = sum(len(asked.ask(address=(bytes((20, 1, 2, host)), 1))) for host in range(256) for _ in "12")
    assert answers == ANSWERS_BURST
    assert asked.rt.counters.values["drop.bootstrap_info_budget"] == 512 - ANSWERS_BURST
    assert asked.ask(address=(bytes((20, 1, 3, 1)), 1))
    asked.clock.now_ms += 1000
    assert sum(len(asked.ask()) for _ in range(100)) == ANSWERS_PER_S
    assert all(asked.ask(address=(bytes((192, 168, 0, 1)), 1)) for _ in range(500))
