"""Lines of the daemon's log, on a terminal and in syslog."""

import logging
import re
import sys
import syslog

import pytest

from toxpy.cli.bootstrapd import logs
from toxpy.network.bootstrap_node import VERSION
from toxpy.runtime import LOG_DEBUG, LOG_ERROR, LOG_INFO, LOG_WARNING

LINE = re.compile(r"\[\d\d:\d\d:\d\d\.\d\d\d UTC\] \(([a-z.]+)\) (\w+\.py):\d+ : (\w+): (.*)\n")


def test_streams_and_form(capsys):
    log = logs.open_log("stdout")
    log.info("one %d", 1)
    log.debug("not wanted")
    log.warning("two")
    log.error("three")
    out, err = capsys.readouterr()
    assert [match.groups() for match in LINE.finditer(out)] == [
        ("tox.bootstrap", "test_logs.py", "Info", "one 1")
    ]
    assert [match.groups()[2:] for match in LINE.finditer(err)] == [("Warning", "two"), ("Critical", "three")]


def test_the_time_of_day():
    record = logging.LogRecord("tox.bootstrap", logging.INFO, "/a/b.py", 7, "text", (), None)
    record.created, record.msecs = 86_400.0 * 3 + 3661.25, 250.0
    assert logs.format_line(record) == "[01:01:01.250 UTC] (tox.bootstrap) b.py:7 : Info: text"


def test_a_text_cannot_look_like_another_line(capsys):
    logs.open_log("stdout").info("%s", "Grüße\n[00:00:00.000 UTC] \x1b[31m\udcff")
    out, _ = capsys.readouterr()
    assert out.count("\n") == 1
    assert "Grüße\\n[00:00:00.000 UTC] \\x1b[31m\\udcff" in out


@pytest.mark.parametrize("trace", [False, True])
def test_what_the_core_says(capsys, trace):
    say = logs.core_log(logs.open_log("stdout", trace=trace))
    for level in (LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR):
        say(level, "100 %s")
    out, err = capsys.readouterr()
    assert [match[3] for match in LINE.finditer(out)] == (["Debug"] if trace else []) + ["Info"]
    assert [match[3] for match in LINE.finditer(err)] == ["Warning", "Critical"]
    assert {match[1] for match in LINE.finditer(out + err)} == {"tox.core"}
    assert out.endswith(": 100 %s\n")


def test_syslog(monkeypatch):
    said = []
    monkeypatch.setattr(syslog, "openlog", lambda *given: said.append(given))
    monkeypatch.setattr(syslog, "syslog", lambda *given: said.append(given))
    log = logs.open_log("syslog")
    log.info("one")
    log.error("two\nthree")
    logs.core_log(log)(LOG_WARNING, "four")
    assert said[0][0] == "toxpy-bootstrapd" and said[0][2] == syslog.LOG_DAEMON
    assert said[1:] == [
        (syslog.LOG_INFO, "(tox.bootstrap) one"),
        (syslog.LOG_ERR, "(tox.bootstrap) two\\nthree"),
        (syslog.LOG_WARNING, "(tox.core) four"),
    ]


def test_a_terminal_that_went_away(monkeypatch):
    class Gone:
        def write(self, _text):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdout", Gone())
    logs.open_log("stdout").info("to nobody")


def test_a_crash_is_logged(monkeypatch, capsys):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    logs.report_crash(logs.open_log("stdout"))
    try:
        raise KeyError("something")
    except KeyError:
        sys.excepthook(*sys.exc_info())
    texts = [match[4] for match in LINE.finditer(capsys.readouterr().err)]
    assert texts[0].startswith(f"Ended by an error in the program, version {VERSION}")
    assert texts[-1] == "KeyError: 'something'"
    assert any("test_a_crash_is_logged" in text for text in texts)
