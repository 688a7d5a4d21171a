"""`toxpy group` as people and scripts use it: ours with ours, and with c-toxcore's library."""

import signal

import pytest

from tests.interop.test_cli import Debian, new, node, start, where  # noqa: F401
from tests.interop.test_cli_conference import befriend
from tests.support.cli import objects, run
from tests.support.newer_tox import of_release
from toxpy.generated import enums, events
from toxpy.group.keys import ExtendedKeyPair

NOBODYS_ID = ExtendedKeyPair(b"\7" * 32).public.sig.hex()


def result(said):
    """The group that a command tells of in the end."""
    (group,) = (one for one in said if one["event"] == "group")
    return group


def create(path, *words):
    ran = run("group", "create", *words, "-p", path, "--no-lan", "--json")
    assert ran.returncode == 0, ran.stderr
    return result(objects(ran))


def test_by_chat_id(tmp_path, start, where):  # noqa: F811
    alice, bob = new(tmp_path, "Alice")[0], new(tmp_path, "Bob")[0]
    made = create(alice, "Chess club", "--topic", "Openings", "--password", "secret", "--limit", "2")
    chat_id = made["group"]
    assert (made["title"], made["topic"], made["role"]) == ("Chess club", "Openings", "founder")
    assert (made["privacy"], len(made["peers"])) == ("public", 1)
    talk = start("group", "chat", "-p", alice, *where)
    ran = run("group", "join", chat_id, "--password", "wrong", "-p", bob, *where)
    assert ran.returncode == 1 and "it is not this one: give --password" in ran.stderr, ran.stderr
    join = start("group", "join", chat_id, "--password", "secret", "--nick", "Robert", "-p", bob, *where)
    assert join.wait_for("group_searching")["group"] == chat_id
    status, said = join.finish()
    assert status == 0 and result(said)["title"] == "Chess club" and len(result(said)["peers"]) == 2
    talk.wait_for("group_peer", name="Robert", status="gone")
    # nobody is there now
    talk.say("first words")
    talk.wait_for("group_waiting")
    ran = run("group", "list", "-p", bob)
    assert ran.stdout == f"{chat_id} Chess club (user, public, 1 other member known): Openings\n"

    other = start("group", "chat", chat_id[:6], "-p", bob, *where)
    talk.wait_for("group_sent", text="first words", to=None)
    other.wait_for("group_message", text="first words", name="Alice", private=False)
    long = "word " * 300
    other.say("/me waves", "//topic is a word", long, "/nick Bob the rook", "/whisper Alice hush", "/list")
    fields = {"group": chat_id, "title": "Chess club", "private": False}
    talk.wait_for("group_message", type="action", text="waves", name="Robert", **fields)
    talk.wait_for("group_message", text="/topic is a word", **fields)
    assert "".join(talk.wait_for("group_message", **fields)["text"] for _ in range(2)) == long
    talk.wait_for("group_name", before="Robert", name="Bob the rook")
    talk.wait_for("group_message", text="hush", private=True, name="Bob the rook")
    assert len(other.wait_for("group_peers")["peers"]) == 2
    talk.say("/whisper bob the rook yes?", "/topic Endgames", "/mod Bob the rook", "/peerlimit 7")
    other.wait_for("group_message", text="yes?", private=True)
    other.wait_for("group_topic", topic="Endgames", by="Alice")
    other.wait_for("group_moderation", change="moderator", by="Alice")
    other.wait_for("group_setting", setting="peer limit", value="7")
    talk.say("/kick Bob the rook")
    other.wait_for("group_moderation", change="kick")
    other.say("unheard", "/rejoin")
    assert "not said: we are not in the group now" in other.wait_for("warning")["message"]
    talk.wait_for("group_peer", name="Bob the rook", status="here")
    other.wait_for("group_self", status="joined")
    other.say("/close farewell")
    talk.wait_for("group_peer", name="Bob the rook", status="gone", message="farewell")
    assert other.finish()[0] == 1
    assert run("group", "list", "-p", bob).stdout == ""
    talk.end_input()
    assert talk.finish()[0] == 0
    (listed,) = objects(run("group", "list", "-p", alice, "--json"))
    assert (listed["topic"], listed["role"]) == ("Endgames", "founder")


def test_by_invitation(tmp_path, start, where):  # noqa: F811
    alice, _, bob, bob_key = befriend(start, tmp_path, where)
    made = create(alice, "Secrets", "--private")
    join = start("group", "join", "--from", "Alice", "-p", bob, *where)
    invite = start("group", "invite", "secrets", "Bob", "-p", alice, *where)
    assert invite.wait_for("group_invited")["friend"] == bob_key
    assert join.wait_for("group_invitation", accepted=True)["group"] == made["group"]
    for command in (join, invite):
        status, said = command.finish()
        group = result(said)
        assert status == 0 and (group["group"], group["privacy"]) == (made["group"], "private")
        assert len(group["peers"]) == 2
    # both are in it for good
    talks = [start("group", "chat", "-p", path, *where) for path in (bob, alice)]
    for talk in talks:
        talk.wait_for("group_self", status="joined")
        talk.wait_for("group_peer", status="here")
        assert talk.stop(signal.SIGTERM)[0] == 143


def test_what_cannot_be_done_is_said(tmp_path, start, where):  # noqa: F811
    path = new(tmp_path, "Alice")[0]
    join = start("group", "join", NOBODYS_ID, "-p", path, *where)
    assert join.wait_for("group_searching")["found"] == 0
    assert join.stop(signal.SIGINT)[0] == 130
    assert run("group", "list", "-p", path).stdout == ""
    for words, problem, status in [
        (["chat"], "is in no group: python -m toxpy group create, or join", 1),
        (["invite", "club", "Bob"], "is in no group", 1),
        (["join", "--timeout", "0.5"], "in no group after 0.5 s", 3),
        (["join", NOBODYS_ID, "--timeout", "1"], "group invite there, group join --from here", 3),
        (["join", "02" * 32], "no group has that chat ID", 1),
        (["join", "02" * 31], "chat ID", 2),
        (["join", NOBODYS_ID, "--from", "Bob"], "give one", 2),
        (["create", "x" * 49], "cannot be founded", 1),
        (["create", "x", "--limit", "0"], "'0' is no number of members", 2),
    ]:
        ran = run("group", *words, "-p", path, *where)
        assert (ran.returncode, problem in ran.stderr) == (status, True), ran.stderr
    one, two = create(path, "one"), create(path, "two")
    ran = run("group", "chat", "-p", path, *where)
    assert ran.returncode == 1 and "which group? one (" in ran.stderr, ran.stderr
    ran = run("group", "chat", "one", "--timeout", "0.5", "-p", path, *where, stdin="hi\n")
    assert ran.returncode == 3 and "nobody is in one after 0.5 s" in ran.stderr
    listed = objects(run("group", "list", "-p", path, "--json"))
    assert {entry["group"] for entry in listed} == {one["group"], two["group"]}
    ran = run("group", "leave", "one", "-p", path, *where)
    assert ran.returncode == 0 and ran.stdout.startswith(f"{one['group']} one (founder, public, ")
    assert run("group", "list", "-p", path).stdout.startswith(f"{two['group']} two (")


@pytest.mark.parametrize("release", [of_release("sid", "sid")])
def test_in_a_group_of_the_real_library(release, tmp_path, start, where, node):  # noqa: F811
    real = Debian(node, release)
    try:
        talk_with(real, tmp_path, start, where)
    finally:
        real.tox.kill()


def talk_with(real, tmp_path, start, where):  # noqa: F811
    path = new(tmp_path, "Alice")[0]
    number = real.tox.group_new(enums.TOX_GROUP_PRIVACY_STATE_PUBLIC, b"Mixed", b"Real")
    real.tox.group_set_topic(number, b"of both")
    chat_id = real.tox.group_get_chat_id(number).hex().upper()
    join = start("group", "join", chat_id, "-p", path, *where)
    real.run_until(lambda: join.process.poll() is not None)
    status, said = join.finish()
    assert status == 0, said
    assert (result(said)["title"], result(said)["topic"], len(result(said)["peers"])) == (
        "Mixed",
        "of both",
        2,
    )
    talk = start("group", "chat", "-p", path, *where)
    # the others saw us leave, and come back
    real.until(events.GroupPeerExit)
    peer = real.until(events.GroupPeerJoin).peer_id
    # a line waits for somebody to be there, commands do not
    talk.say("żółw")
    assert real.until(events.GroupMessage).message == "żółw".encode()
    talk.say("/whisper real hush", "/nick Alicja")
    assert real.until(events.GroupPrivateMessage).message == b"hush"
    assert real.until(events.GroupPeerName).name == b"Alicja"
    real.tox.group_send_message(number, 1, b"waves")
    real.tox.group_send_private_message(number, peer, 0, b"hush too")
    real.tox.group_set_role(number, peer, enums.TOX_GROUP_ROLE_MODERATOR)
    real.run_for(2)
    talk.wait_for("group_message", type="action", text="waves", name="Real", private=False)
    talk.wait_for("group_message", text="hush too", private=True)
    talk.wait_for("group_moderation", change="moderator", by="Real")
    talk.say("/topic Still of both", "/close bye")
    assert real.until(events.GroupTopic).topic == b"Still of both"
    assert real.until(events.GroupPeerExit).part_message == b"bye"
    real.run_until(lambda: talk.process.poll() is not None)
    assert talk.finish()[0] == 0
