"""examples/group_bot.py as its users run it: one founds a group, one joins, both are back after a restart."""

import pytest

from tests.interop.test_cli import new, node, start, where  # noqa: F401
from tests.support.bots import bots
from tests.support.cli import run


@pytest.fixture
def bot(tmp_path, node):  # noqa: F811
    """Start a bot; all that were started are ended with the test."""
    with bots(tmp_path, node, "group_bot.py") as starter:
        yield starter


def test_two_bots_live_in_a_group(tmp_path, bot, start, where):  # noqa: F811
    words = {"founder": ["--group", "Chess club", "--password", "secret"]}
    founder = bot(*words["founder"])
    chat_id = founder.wait_for("Chat ID:").split()[-1]
    words["member"] = ["--join", chat_id, "--password", "secret", "--profile", "member.tox"]
    member = bot(*words["member"])
    assert member.wait_for("Chat ID:").split()[-1] == chat_id
    path = new(tmp_path, "Alice")[0]
    ran = run("group", "join", chat_id, "--password", "secret", "-p", path, *where)
    assert ran.returncode == 0, ran.stderr
    talk = start("group", "chat", "-p", path, *where)
    keys = {talk.wait_for("group_peer", name="Group bot", status="here")["peer"] for _ in range(2)}
    talk.say("!peers", "/whisper " + min(keys)[:8] + " hello")
    answers = [talk.wait_for("group_message", private=False) for _ in range(2)]
    assert {answer["peer"] for answer in answers} == keys
    assert {*answers[0]["text"].split(", ")} == {"Alice", "Group bot"}
    answer = talk.wait_for("group_message", private=True)
    assert (answer["peer"], answer["text"]) == (min(keys), "I know !peers and !topic")
    for running in (founder, member):
        assert running.stop() == 0
    for _ in keys:
        talk.wait_for("group_peer", name="Group bot", status="gone")
    for words_of_one in words.values():
        bot(*words_of_one)
    again = {talk.wait_for("group_peer", name="Group bot", status="here")["peer"] for _ in range(2)}
    assert again == keys
    talk.say("!topic")
    answers = [talk.wait_for("group_message", private=False) for _ in range(2)]
    assert {answer["text"] for answer in answers} == {"there is no topic"}
    for running in (founder, member):
        assert not any("Traceback" in line or "never retrieved" in line for line in running.lines)
