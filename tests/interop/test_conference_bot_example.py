"""examples/conference_bot.py as its users run it: guests come in, talk, and find it again after a restart."""

import signal

import pytest

from tests.interop.test_cli import new, node, start, where  # noqa: F401
from tests.support.bots import bots
from tests.support.cli import objects, run


@pytest.fixture
def bot(tmp_path, node):  # noqa: F811
    """Start the bot; all that were started are ended with the test."""
    with bots(tmp_path, node, "conference_bot.py") as starter:
        yield starter


def test_guests_come_in_and_find_it_again(tmp_path, bot, start, where):  # noqa: F811
    first = bot()
    tox_id = first.wait_for("Tox ID:").split()[-1]
    made = {name: new(tmp_path, name) for name in ("Alice", "Bob")}
    guests = {name: path for name, (path, _) in made.items()}
    for path in guests.values():
        ran = run("conference", "join", tox_id, "-p", path, "--json", *where)
        assert ran.returncode == 0, ran.stderr
        assert tox_id[:64] in objects(ran)[-1]["peers"]
    talks = {name: start("conference", "chat", "-p", path, *where) for name, path in guests.items()}
    for talk in talks.values():
        talk.wait_for("conference_peer", peer=tox_id[:64], status="here")
    talks["Alice"].wait_for("conference_peer", peer=made["Bob"][1][:64], status="here")
    talks["Alice"].say("!peers")
    for talk in talks.values():
        told = talk.wait_for("conference_message", peer=tox_id[:64])["text"].split(", ")
        # of somebody who has just come in the bot may not know the name yet
        assert {"Alice", "Conference bot"} <= {*told} <= {"Alice", "Bob", "?", "Conference bot"}
    assert talks["Bob"].seen[-1]["title"] == "Open house"

    assert first.stop() == 0
    for talk in talks.values():
        talk.wait_for("conference_peer", peer=tox_id[:64], status="gone")
    again = bot()
    assert again.wait_for("Tox ID:").split()[-1] == tox_id
    for talk in talks.values():
        talk.wait_for("conference_peer", peer=tox_id[:64], status="here")
    talks["Bob"].say("!peers")
    talks["Alice"].wait_for("conference_message", peer=tox_id[:64])
    assert again.stop(signal.SIGINT) == 0
    assert not any("Traceback" in line or "never retrieved" in line for line in first.lines + again.lines)
