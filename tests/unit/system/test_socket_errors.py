"""Errors of the system reach the log: each once a minute at most, with its count."""

import errno

import pytest

from tests.support.universe import SeededRng, SimClock
from toxpy.core import Core
from toxpy.options import Options
from toxpy.runtime import LOG_DEBUG, LOG_WARNING, Runtime
from toxpy.system.socket_errors import INTERVAL_MS, ErrorLog


class Stage:
    """Counts of two sockets and what was written about them."""

    def __init__(self):
        self.lines, self.udp, self.tcp = [], {}, {}
        self.rt = Runtime(SimClock(), SeededRng(1), lambda level, text: self.lines.append((level, text)))
        self.log = ErrorLog({"UDP": self.udp, "TCP": self.tcp}, rt=self.rt)


@pytest.fixture
def stage():
    return Stage()


def test_a_line_names_the_error_and_its_count(stage):
    stage.log.look()
    assert stage.lines == []
    stage.udp[errno.ENETDOWN] = 3
    stage.tcp[errno.EMFILE] = 1
    stage.log.look()
    assert stage.lines == [
        (LOG_WARNING, "UDP: Network is down (ENETDOWN), 3 times"),
        (LOG_WARNING, "TCP: Too many open files (EMFILE), 1 times"),
    ]


def test_one_line_a_minute_for_each_and_nothing_is_left_out(stage):
    for i in range(600_000 // 100):
        stage.udp[errno.ENOBUFS] = stage.udp.get(errno.ENOBUFS, 0) + 1
        stage.tcp[errno.ENOBUFS] = 2 * i + 2
        stage.log.look()
        stage.rt.clock.now_ms += 100
    assert len(stage.lines) == 2 * 10
    udp = [int(text.split()[-2]) for _, text in stage.lines if text.startswith("UDP")]
    assert udp == [1] + [600] * 9


def test_the_end_of_a_burst_is_told_after_a_minute(stage):
    stage.udp[errno.ENOBUFS] = 1
    stage.log.look()
    stage.udp[errno.ENOBUFS] = 1000
    stage.log.look()
    assert len(stage.lines) == 1
    stage.rt.clock.now_ms += INTERVAL_MS
    stage.log.look()
    stage.log.look()
    assert [text.split()[-2] for _, text in stage.lines] == ["1", "999"]


def test_what_happens_in_any_network_is_for_debugging(stage):
    for number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ECONNREFUSED, errno.ECONNRESET):
        stage.udp[number] = 1
    stage.udp[99_999] = 1
    stage.log.look()
    assert [level for level, _ in stage.lines] == [LOG_DEBUG] * 4 + [LOG_WARNING]
    assert "(99999)" in stage.lines[-1][1]


def test_an_instance_tells_its_log_callback():
    lines = []
    options = Options(ipv6_enabled=False, local_discovery_enabled=False, start_port=34600, end_port=34700)
    options.log_callback = lambda level, _file, _line, _function, text: lines.append((level, text))
    core = Core(options)
    try:
        lines.clear()
        # more than a datagram can hold, and a family that the socket does not speak
        core.socket.send((b"\x7f\0\0\1", 9), bytes(70_000))
        core.socket.send((bytes(15) + b"\1", 9), b"x")
        core.iterate()
        core.iterate()
        told = [(level, text) for level, text in lines if "times" in text]
        assert told == [
            (LOG_WARNING, "UDP: Message too long (EMSGSIZE), 1 times"),
            (LOG_DEBUG, "UDP: Address family not supported by protocol (EAFNOSUPPORT), 1 times"),
        ]
    finally:
        core.kill()
