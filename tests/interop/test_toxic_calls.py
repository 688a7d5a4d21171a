"""Debian's toxic, unmodified, on our library: it calls, is called, hears and is heard, and hangs up."""

import os

import pytest

from tests.interop.test_gui_calls import Line
from tests.support.bootstrapd import until
from tests.support.calls import ACCEPTING_A, FINISHED, SENDING_A, Phone
from tests.support.client_peer import Peer, debians_instance
from tests.support.sound import Sound
from tests.support.toxic import ONLINE_TIMEOUT_S, Toxic, our_library

#: What toxic says, and its friend.
SPOKEN, ANSWERED = 5, 2


@pytest.fixture
def sound(tmp_path):
    made = Sound(tmp_path, SPOKEN)
    yield made
    made.close()


@pytest.fixture
def phone(toxic_network):
    peer = Peer(toxic_network.node, debians_instance)
    made = Phone(Line(peer))
    yield made
    made.close()
    peer.core.kill()


@pytest.mark.timeout(300)
def test_toxic_calls_and_is_called(toxic_network, tmp_path, sound, phone, monkeypatch):
    for name, value in sound.environment.items():
        monkeypatch.setenv(name, value)
    toxic = Toxic(tmp_path / "toxic", toxic_network.node, our_library)
    try:
        until(toxic.is_online, ONLINE_TIMEOUT_S, toxic.text)
        line = phone.world
        phone.actor.tox.friend_add(bytes.fromhex(toxic.address()), b"hello")

        def shows(text):
            line.until(lambda: text in toxic.text(), f"{text}:\n{toxic.text()}", ONLINE_TIMEOUT_S)

        def talk():
            phone.tone = ANSWERED
            phone.hears(SPOKEN)
            line.until(lambda: sound.plays(ANSWERED), "the friend's tone from the speaker")
            phone.tone = None

        shows("Friend request with the message")
        toxic.enter("/accept 0")
        line.until(lambda: line.peer.online, "toxic to come online", ONLINE_TIMEOUT_S)
        toxic.chat()
        toxic.enter("/call")
        assert phone.answer(video=0) == (True, False)
        shows("Call started")
        talk()
        toxic.enter("/hangup")
        phone.state(FINISHED)
        shows("Call ended")

        phone.call(video=0)
        shows("Incoming audio call")
        toxic.enter("/answer")
        line.until(lambda: phone.states, "an answer")
        assert phone.states.pop(0)[1] & (SENDING_A | ACCEPTING_A) == SENDING_A | ACCEPTING_A
        talk()
        phone.hang_up()
        line.until(lambda: toxic.text().count("Call ended") == 2, "the end of the call")
        assert os.path.exists(f"/proc/{toxic.pid}")
    finally:
        toxic.close()
