"""A toxic that knows groups, unmodified, with our command line: on our library and on c-toxcore's.

Debian's toxic knows none, so these tests need another one that comes first in PATH.
"""

import re
import time

import pytest

from tests.interop.test_cli import new
from tests.support import newer_tox
from tests.support.bootstrapd import until
from tests.support.cli import Command, run
from tests.support.private_network import HOST
from tests.support.toxic import ONLINE_TIMEOUT_S, TIMEOUT_S, Toxic, our_library


def newer_library():
    folder = newer_tox.library_dir("sid")
    return {"LD_LIBRARY_PATH": str(folder)}, folder / "libtoxcore.so.2"


def turn_to(toxic, text):
    """Turn to the next window, until one shows that."""

    def there():
        if text not in toxic.text():
            toxic.type("C-p")
            time.sleep(0.2)
        return text in toxic.text()

    until(there, TIMEOUT_S, toxic.text)


def chat_id(toxic):
    """In the window of a group: its id."""
    toxic.enter("/chatid")
    # a long line is broken
    until(lambda: re.search(r"\b[0-9A-F]{64}\b", toxic.text()), TIMEOUT_S, toxic.text)
    return re.search(r"\b[0-9A-F]{64}\b", toxic.text())[0]


@pytest.mark.toxic_with_groups
@pytest.mark.parametrize("library", [our_library, newer_tox.of_release(newer_library, "sid")])
def test_toxic_in_a_group_of_ours_and_we_in_its(tmp_path, toxic_network, users, library):
    node = toxic_network.node
    where = ["--no-lan", "--node", f"{HOST}:{node.port}:{node.public_key.hex()}"]
    toxic = Toxic(tmp_path / "toxic", node, library)
    users.append(toxic)
    until(toxic.is_online, ONLINE_TIMEOUT_S, toxic.text)
    toxic.enter("/nick Tina")
    address = toxic.address()
    toxic.enter("/group Chess")
    toxic.shows("[0 Chess]", TIMEOUT_S)
    path, _alice_id = new(tmp_path, "Alice")
    ran = run("group", "join", chat_id(toxic), "-p", path, *where)
    assert ran.returncode == 0, ran.stderr
    toxic.shows("<-- Alice", TIMEOUT_S)

    talk = Command("group", "chat", "-p", path, *where)
    users.append(talk)
    talk.wait_for("group_peer", status="here", name="Tina")
    talk.say("hello toxic", "/me waves", "/whisper Tina psst")
    toxic.shows("hello toxic", TIMEOUT_S)
    toxic.shows("Alice waves", TIMEOUT_S)
    toxic.shows("psst", TIMEOUT_S)
    toxic.enter("hello toxpy")
    talk.wait_for("group_message", text="hello toxpy", name="Tina")
    toxic.enter("/topic Openings")
    talk.wait_for("group_topic", topic="Openings", by="Tina")
    toxic.enter("/mod Alice")
    talk.wait_for("group_moderation", change="moderator", by="Tina")
    talk.say("/topic Endgames")
    toxic.shows("Endgames", TIMEOUT_S)

    # toxic ends and is back in it, and so are we
    toxic.quit()
    talk.wait_for("group_peer", status="gone", name="Tina")
    toxic = Toxic(tmp_path / "toxic", node, library)
    users.append(toxic)
    talk.wait_for("group_peer", status="here", name="Tina", timeout_s=ONLINE_TIMEOUT_S)
    talk.say("/quit")
    assert talk.finish()[0] == 0
    talk = Command("group", "chat", "-p", path, *where)
    users.append(talk)
    talk.wait_for("group_peer", status="here", name="Tina", timeout_s=ONLINE_TIMEOUT_S)
    turn_to(toxic, "Endgames")
    toxic.enter("/kick Alice")
    talk.wait_for("group_moderation", change="kick")
    talk.say("/close")
    assert talk.finish()[0] in (0, 1)

    # by invitation into a group of ours
    ran = run("group", "create", "Secrets", "--private", "-p", path, "--no-lan", "--json")
    assert ran.returncode == 0, ran.stderr
    invite = Command("group", "invite", "Secrets", address, "-p", path, *where)
    users.append(invite)
    toxic.home()
    toxic.shows("Friend request with the message", ONLINE_TIMEOUT_S)
    toxic.says("/accept 0", "Friend request accepted.")
    toxic.shows("has come online", ONLINE_TIMEOUT_S)
    toxic.chat()
    toxic.shows("/gaccept", TIMEOUT_S)
    toxic.enter("/gaccept")
    assert invite.finish()[0] == 0
    talk = Command("group", "chat", "Secrets", "-p", path, *where)
    users.append(talk)
    talk.wait_for("group_peer", status="here", name="Tina", timeout_s=ONLINE_TIMEOUT_S)
    talk.say("only here")
    toxic.shows("only here", TIMEOUT_S)
    talk.say("/kick Tina")
    toxic.shows("kicked", TIMEOUT_S)
