"""The man page and the systemd unit say what the program does."""

import re
import shlex
from pathlib import Path

from toxpy.cli.bootstrapd.bootstrapd_config import Config
from toxpy.cli.bootstrapd.main import HELP, parse_arguments

PACKAGING = Path(__file__).parents[2] / "packaging"


def test_the_man_page_has_every_flag_and_setting():
    page = (PACKAGING / "toxpy-bootstrapd.8").read_text().replace("\\-", "-")
    flags = set(re.findall(r"^  (--[a-z-]+)", HELP, re.M))
    assert len(flags) == 7
    options = page.partition(".SH OPTIONS")[2].partition(".SH CONFIGURATION")[0]
    assert set(re.findall(r"^\.BI? (--[a-z-]+)", options, re.M)) == flags
    settings = page.partition(".SH CONFIGURATION")[2].partition(".SH FILES")[0]
    assert set(re.findall(r"^\.B (\w+)", settings, re.M)) == set(Config.__slots__)


def test_the_unit_runs_the_program_with_flags_that_it_has():
    unit = (PACKAGING / "toxpy-bootstrapd.service").read_text()
    (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.M)
    arguments = shlex.split(command)
    assert arguments[1:4] == ["-m", "toxpy", "bootstrapd"]
    options = parse_arguments(arguments[4:])
    assert options.foreground and options.log_backend == "syslog"
    assert options.config == "/etc/tox-bootstrapd.conf"
