"""`toxpy send --later` and what the commands after it do with what waits, in processes of their own."""

from tests.interop.test_cli import NETWORK, new, node, start, where  # noqa: F401 -- fixtures
from tests.support.cli import objects, run
from tests.support.programs import free_port


def states(found):
    return [(said["id"], said["state"]) for said in found if said["event"] == "message_state"]


def test_what_waits_goes_with_a_later_command(tmp_path, where, start):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    ran = run("send", bob_id, "first", "second", "--later", "-p", alice, *where, "--timeout", 1, "--json")
    assert ran.returncode == 3, ran.stderr
    first, second = states(objects(ran))
    assert first[1] == second[1] == "queued"
    assert "2 messages wait in the profile" in ran.stderr

    # what nobody has can be taken back; the chat ends without the friend
    ran = run("chat", bob_id, "-p", alice, *where, "--json", stdin="third\n/delete\nfourth\n")
    assert ran.returncode == 0, ran.stderr
    (_, _), fourth = states(objects(ran))

    receiving = start("receive", "-p", bob, *where, "--accept", "--count", 4)
    # it goes on also where nobody asks for it
    ran = run("send", bob_id, "fifth", "-p", alice, *where, "--timeout", 60, "--json")
    assert ran.returncode == 0, ran.stderr
    said = states(objects(ran))
    assert [said.count((message[0], "delivered")) for message in (first, second, fourth)] == [1, 1, 1]
    texts = [receiving.wait_for("message")["text"] for _ in range(4)]
    assert texts == ["first", "second", "fourth", "fifth"]
    assert receiving.finish()[0] == 0


def test_two_who_are_never_there_together(tmp_path, where, start):  # noqa: F811
    """But once: then they tell each other of the mailbox and of keys."""
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    box = start("mailbox", "--data", tmp_path / "box", "--host", "127.0.0.1", "--port", free_port(), *NETWORK)
    for_bob = box.wait_for("mailbox")["mailbox"]
    (invited,) = objects(run("mailbox", "invite", "--data", tmp_path / "box", "--json"))
    receiving = start("receive", "-p", bob, *where, "--accept", "--count", 1, "--mailbox", for_bob)
    ours = ["--mailbox", invited["mailbox"], "-p", alice]
    ran = run("send", bob_id, "first", "--later", *ours, *where, "--timeout", 60)
    assert ran.returncode == 0, ran.stderr
    assert receiving.finish()[0] == 0

    ran = run("send", "Bob", "second", "third", "--later", "-p", alice, *where, "--timeout", 60, "--json")
    assert ran.returncode == 0, (ran.stderr, ran.stdout)
    ids = [message for message, state in states(objects(ran)) if state == "queued"]
    assert [(message, "stored") for message in ids] == states(objects(ran))[-2:]

    receiving = start("receive", "-p", bob, *where, "--count", 2, "--timeout", 60)
    texts = {receiving.wait_for("message")["text"] for _ in range(2)}
    assert texts == {"second", "third"} and receiving.finish()[0] == 0

    sending = start("chat", "Bob", "-p", alice, *where)
    for message in ids:
        sending.wait_for("message_state", id=message, state="delivered")
    sending.end_input()
    assert sending.finish()[0] == 0
