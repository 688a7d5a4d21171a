"""`toxpy conference` as people and scripts use it: ours with ours, and with Debian's library."""

import signal

from tests.interop.test_cli import debian, new, node, start, where  # noqa: F401
from tests.support.cli import objects, run
from toxpy.generated import events
from toxpy.ids import ToxId


def befriend(start, tmp_path, where):  # noqa: F811
    """Profiles of Alice and Bob, who are friends."""
    alice, alice_id = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    host = start("receive", "--accept", "-p", alice, *where)
    host.wait_for("ready")
    ran = run("send", alice_id, "hello", "-p", bob, *where)
    assert ran.returncode == 0, ran.stderr
    assert host.stop(signal.SIGTERM)[0] == 0
    return alice, alice_id[:64], bob, bob_id[:64]


def create(path, *words):
    ran = run("conference", "create", *words, "-p", path, "--no-lan", "--json")
    assert ran.returncode == 0, ran.stderr
    return objects(ran)[-1]


def test_two_profiles(tmp_path, start, where):  # noqa: F811
    alice, alice_key, bob, bob_key = befriend(start, tmp_path, where)
    made = create(alice, "Chess club")
    assert (made["event"], made["title"], made["peers"]) == ("conference", "Chess club", [alice_key])
    join = start("conference", "join", "Alice", "-p", bob, *where)
    invite = start("conference", "invite", "chess CLUB", "Bob", "-p", alice, *where)
    assert invite.wait_for("conference_invited")["friend"] == bob_key
    assert join.wait_for("conference_invitation", accepted=True)["conference"] == made["conference"]
    status, said = join.finish()
    assert status == 0 and said[-1]["conference"] == made["conference"]
    assert sorted(said[-1]["peers"]) == sorted([alice_key, bob_key])
    status, said = invite.finish()
    assert status == 0 and said[-1]["event"] == "conference"
    # both are in it for good
    ran = run("conference", "list", "-p", bob)
    assert ran.stdout == f"{made['conference']} Chess club\n"
    (listed,) = objects(run("conference", "list", "-p", alice, "--json"))
    assert listed["offline_peers"] == [bob_key] and listed["type"] == "text"

    talk = start("conference", "chat", "-p", alice, *where)
    # nobody is there yet
    talk.say("first words")
    talk.wait_for("conference_waiting")
    other = start("conference", "chat", made["conference"][:6], "-p", bob, *where)
    talk.wait_for("conference_peer", peer=bob_key, status="here")
    other.wait_for("conference_peer", peer=alice_key, status="here")
    talk.wait_for("conference_sent", text="first words")
    other.wait_for("conference_message", text="first words", peer=alice_key)
    long = "word " * 300
    other.say("/me waves", "//title is a word", long, "/title Go club", "/peers", "/help")
    fields = {"peer": bob_key, "name": "Bob", "conference": made["conference"]}
    talk.wait_for("conference_message", type="action", text="waves", **fields)
    talk.wait_for("conference_message", type="normal", text="/title is a word", **fields)
    parts = [talk.wait_for("conference_message", type="normal", **fields)["text"] for _ in range(2)]
    assert "".join(parts) == long
    talk.wait_for("conference_title", title="Go club")
    assert sorted(other.wait_for("conference_peers")["peers"]) == sorted([alice_key, bob_key])
    other.wait_for("help")
    other.say("/quit")
    assert other.finish()[0] == 0
    talk.wait_for("conference_peer", peer=bob_key, status="gone")
    talk.end_input()
    assert talk.finish()[0] == 0


def test_who_is_away_keeps_nobody_waiting(tmp_path, start, where):  # noqa: F811
    alice, _, bob, bob_key = befriend(start, tmp_path, where)
    create(alice, "club")
    away = str(ToxId.build(bytes([1]) * 32, 1))
    join = start("conference", "join", "Alice", "-p", bob, *where)
    invite = start("conference", "invite", "club", away, "Bob", "--timeout", "10", "-p", alice, *where)
    assert invite.wait_for("conference_invited")["friend"] == bob_key
    assert join.finish()[0] == 0
    status, said = invite.finish()
    assert status == 3
    assert [one["message"].partition(" is")[0] for one in said if one["event"] == "error"] == ["01010101…"]


def test_what_cannot_be_done_is_said(tmp_path, where):  # noqa: F811
    path, _ = new(tmp_path, "Alice")
    for words, problem, status in [
        (["chat"], "is in no conference: python -m toxpy conference create, or join", 1),
        (["invite", "club", "Bob"], "is in no conference", 1),
        (["join", "--timeout", "0.5"], "in no conference after 0.5 s", 3),
        (["create", "x" * 129], "has no bytes or more than 128", 1),
    ]:
        ran = run("conference", *words, "-p", path, *where)
        assert (ran.returncode, problem in ran.stderr) == (status, True), ran.stderr
    one, two = create(path, "one"), create(path)
    for words, problem in [
        (["chat"], "which conference? "),
        (["chat", "three"], "no conference is called 'three'. Conferences: one ("),
        (["invite", "one", "Bob"], "no friend is called 'Bob'"),
    ]:
        ran = run("conference", *words, "-p", path, *where)
        assert ran.returncode == 1 and problem in ran.stderr, ran.stderr
    # all are waited for at once
    ids = [str(ToxId.build(bytes([digit]) * 32, 1)) for digit in (1, 2)]
    ran = run("conference", "invite", "one", *ids, ids[0], "--timeout", "0.5", "-p", path, *where)
    assert ran.returncode == 3, ran.stderr
    for name in ("01010101…", "02020202…"):
        assert ran.stderr.count(f"waiting for {name}") == 1
        assert ran.stderr.count(f"{name} is not online after 0.5 s") == 1
    ran = run("conference", "chat", "one", "--timeout", "0.5", "-p", path, *where, stdin="hi\n")
    assert ran.returncode == 3 and "nobody is in one after 0.5 s" in ran.stderr
    listed = objects(run("conference", "list", "-p", path, "--json"))
    assert [entry["conference"] for entry in listed] == [one["conference"], two["conference"]]
    ran = run("conference", "leave", "one", "-p", path, *where)
    assert ran.returncode == 0 and ran.stdout == f"{one['conference']} one\n"
    assert run("conference", "list", "-p", path).stdout == f"{two['conference']}\n"


def test_with_debians_library(tmp_path, start, where, debian):  # noqa: F811
    alice, alice_id = new(tmp_path, "Alice")
    create(alice, "Mixed")
    address = debian.tox.self_get_address().hex().upper()
    debian.tox.friend_add_norequest(bytes.fromhex(alice_id[:64]))
    debian.tox.self_set_name(b"Debian")
    invite = start("conference", "invite", "Mixed", address, "-p", alice, *where)
    asked = debian.until(events.ConferenceInvite)
    number = debian.tox.conference_join(asked.friend_number, asked.cookie)
    debian.run_until(lambda: invite.process.poll() is not None)
    assert invite.finish()[0] == 0
    talk = start("conference", "chat", "-p", alice, *where)
    debian.run_until(lambda: debian.tox.conference_peer_count(number) == 2)
    talk.say("żółw", "/title Still mixed")
    assert debian.until(events.ConferenceMessage).message == "żółw".encode()
    assert debian.until(events.ConferenceTitle, title=b"Still mixed")
    debian.tox.conference_send_message(number, 1, b"waves")
    debian.run_for(3)
    found = talk.wait_for("conference_message", type="action", text="waves")
    assert (found["name"], found["peer"]) == ("Debian", address[:64])
    talk.end_input()
    debian.run_until(lambda: talk.process.poll() is not None)
    assert talk.finish()[0] == 0
