"""Debian's toxic, unmodified, in a conference with our command line: on our library and on Debian's."""

import pytest

from tests.interop.test_cli import new
from tests.support.bootstrapd import until
from tests.support.cli import Command, objects, run
from tests.support.private_network import HOST
from tests.support.toxic import (
    ONLINE_TIMEOUT_S,
    TIMEOUT_S,
    Toxic,
    debians_library,
    our_library,
)


@pytest.mark.parametrize("library", [our_library, debians_library])
def test_toxic_in_a_conference_of_ours(tmp_path, toxic_network, users, library):
    node = toxic_network.node
    where = ["--no-lan", "--node", f"{HOST}:{node.port}:{node.public_key.hex()}"]
    toxic = Toxic(tmp_path / "toxic", node, library)
    users.append(toxic)
    until(toxic.is_online, ONLINE_TIMEOUT_S, toxic.text)
    toxic.enter("/nick Tina")
    address = toxic.address()
    path, alice_id = new(tmp_path, "Alice")
    ran = run("conference", "create", "Chess club", "-p", path, "--json", *where)
    (made,) = [entry for entry in objects(ran) if entry["event"] == "conference"]
    invite = Command("conference", "invite", "Chess club", address, "-p", path, *where)
    users.append(invite)
    toxic.shows("Friend request with the message", ONLINE_TIMEOUT_S)
    toxic.says("/accept 0", "Friend request accepted.")
    toxic.shows("has come online", ONLINE_TIMEOUT_S)
    toxic.chat()
    toxic.shows('Type "/join" to join the chat', TIMEOUT_S)
    toxic.enter("/join")
    status, said = invite.finish()
    assert status == 0 and sorted(said[-1]["peers"]) == sorted([alice_id[:64], address[:64]])

    talk = Command("conference", "chat", "-p", path, *where)
    users.append(talk)
    tina = {"peer": address[:64], "name": "Tina"}
    talk.wait_for("conference_peer", status="here", **tina)
    talk.say("hello toxic", "/me waves")
    toxic.shows("hello toxic", TIMEOUT_S)
    toxic.shows("Alice waves", TIMEOUT_S)
    toxic.enter("hello toxpy")
    talk.wait_for("conference_message", type="normal", text="hello toxpy", **tina)
    toxic.enter("/title Go club")
    talk.wait_for("conference_title", title="Go club")
    talk.say("/title Checkers")
    # toxic names the window so
    toxic.shows("[0 Checkers]", TIMEOUT_S)

    # toxic ends and is back in it, and so are we
    toxic.quit()
    talk.wait_for("conference_peer", status="gone", **tina)
    toxic = Toxic(tmp_path / "toxic", node, library)
    users.append(toxic)
    talk.wait_for("conference_peer", status="here", timeout_s=ONLINE_TIMEOUT_S, **tina)
    talk.say("/quit")
    assert talk.finish()[0] == 0
    talk = Command("conference", "chat", "Checkers", "-p", path, *where)
    users.append(talk)
    talk.wait_for("conference_peer", status="here", **tina)
    assert objects(run("conference", "list", "-p", path, "--json"))[0]["conference"] == made["conference"]
