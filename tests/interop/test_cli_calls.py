"""Calls on the command line: what is in one WAV file at one end comes into another at the other end."""

import array
import math
import signal
import time
import wave

import pytest

from tests.interop.test_cli import debian, new, node, start, where  # noqa: F401
from tests.support.cli import objects, run
from tests.support.marks import frequency, tone
from tests.support.real_calls import RealCalls
from toxpy.generated import enums, events

RATE = 48000
#: Tones of the two ends, Hz.
QUESTION, ANSWER = 440, 1000


def make_tone(path, hertz, seconds):
    samples = [round(9000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(round(RATE * seconds))]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(array.array("h", samples).tobytes())
    return path


def pitch(path):
    """Seconds of sound, and the frequency in the middle of it."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        rate, samples = file.getframerate(), array.array("h", file.readframes(file.getnframes())).tolist()
    part = samples[len(samples) // 4 : len(samples) * 3 // 4]
    ups = sum(a < 0 <= b for a, b in zip(part, part[1:], strict=False))
    return len(samples) / rate, ups * rate / max(len(part), 1)


def is_tone(path, hertz, at_least_s):
    length_s, found = pitch(path)
    assert length_s > at_least_s and abs(found - hertz) < hertz / 20, (path, length_s, found)


def test_sound_goes_both_ways(tmp_path, start, where):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    question = make_tone(tmp_path / "question.wav", QUESTION, 1.2)
    answer = make_tone(tmp_path / "answer.wav", ANSWER, 5)
    answering = start(
        "answer", "--accept", "--wav", answer, "--record", tmp_path / "b.wav", "-p", bob, *where
    )
    answering.wait_for("listening")
    words = ["--wav", question, "--record", tmp_path / "a.wav", "-p", alice, *where]
    ran = run("call", bob_id, *words, "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = {entry["event"]: entry for entry in objects(ran)}
    assert said["call_begun"]["incoming"] is False and said["call_over"]["message"] == "we hung up"
    assert said["call_over"]["record"] == str(tmp_path / "a.wav") and said["call_over"]["heard_s"] > 0.8
    assert said["call_over"]["sent_s"] == 1.2 and 0 < said["call_progress"]["sent_s"] <= 1.2
    status, said = answering.finish()
    assert status == 0
    (over,) = [entry for entry in said if entry["event"] == "call_over"]
    assert over["message"] == "the friend hung up" and over["name"] == "Alice"
    is_tone(tmp_path / "a.wav", ANSWER, 0.8)
    is_tone(tmp_path / "b.wav", QUESTION, 0.8)
    # a recording is not replaced, and nobody was called
    ran = run("call", bob_id, *words)
    assert ran.returncode == 1 and "choose another name for --record" in ran.stderr


def test_a_call_ends_with_a_signal_and_the_next_is_taken(tmp_path, start, where):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    words = ["--accept", "--count", 0, "--record", tmp_path / "b.wav", "-p", bob, *where]
    answering = start("answer", *words)
    answering.wait_for("listening")
    tone = make_tone(tmp_path / "tone.wav", QUESTION, 0.5)
    calling = start("call", bob_id, "-p", alice, *where)
    calling.wait_for("call_begun")
    calling.process.send_signal(signal.SIGINT)
    status, said = calling.finish()
    assert status == 130 and said[-1]["event"] == "call_over"
    assert answering.wait_for("call_over")["message"] == "the friend hung up"
    ran = run("call", "Bob", "--wav", tone, "-p", alice, *where)
    assert ran.returncode == 0 and "the call with Bob is over: we hung up" in ran.stdout
    assert answering.wait_for("call_over")["record"] == str(tmp_path / "b-2.wav")
    answering.process.send_signal(signal.SIGTERM)
    status, said = answering.finish()
    assert status == 0
    is_tone(tmp_path / "b-2.wav", QUESTION, 0.3)


def test_who_cannot_be_called(tmp_path, start, where):  # noqa: F811
    alice, alice_id = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    # nobody takes calls there
    other = start("receive", "--accept", "-p", bob, *where)
    other.wait_for("ready")
    ran = run("call", bob_id, "-p", alice, *where)
    assert ran.returncode == 1
    assert ran.stderr.endswith(" cannot be called: the friend's program takes no calls\n")
    other.close()
    ran = run("answer", "-p", bob, "--timeout", 0.5, *where)
    assert ran.returncode == 3 and "nobody called within 0.5 s" in ran.stderr
    # only one friend is answered
    answering = start("answer", "--from", "AA" * 32, "-p", bob, *where)
    status, said = answering.finish()
    assert status == 1 and said[-1]["message"].startswith("no friend has that public key")
    (tmp_path / "cd.wav").write_bytes(
        make_tone(tmp_path / "x.wav", 440, 0.1)
        .read_bytes()
        .replace(RATE.to_bytes(4, "little"), (44100).to_bytes(4, "little"))
    )
    for command in (["call", alice_id], ["answer"]):
        ran = run(*command, "--wav", tmp_path / "cd.wav", "-p", bob, *where)
        assert ran.returncode == 1
        assert "44100 samples a second cannot be sent" in ran.stderr and "ffmpeg -i" in ran.stderr


@pytest.mark.parametrize("command", ["call", "answer"])
def test_mistakes_are_found_before_anybody_is_called(tmp_path, command):
    path = new(tmp_path, "Alice")[0]
    friend = ["AA" * 32] if command == "call" else []
    words = {
        "missing.wav": "cannot read missing.wav",
        "": "an empty name is none of a file",
    }
    for name, problem in words.items():
        ran = run(command, *friend, "--wav", name, "-p", path)
        assert ran.returncode in (1, 2) and problem in ran.stderr
    ran = run(command, *friend, "--record", tmp_path / "none" / "x.wav", "-p", path)
    assert ran.returncode == 1 and "there is no folder" in ran.stderr


def test_a_real_client_calls(tmp_path, debian, start, where):  # noqa: F811
    """It hears our file, and what it says is recorded."""
    bob, bob_id = new(tmp_path, "Bob")
    answer = make_tone(tmp_path / "answer.wav", frequency(3), 10)
    words = ["--accept", "--wav", answer, "--record", tmp_path / "b.wav", "-p", bob, *where]
    answering = start("answer", *words)
    answering.wait_for("listening")
    friend = debian.tox.friend_add(bytes.fromhex(bob_id), b"hello")
    debian.until(events.FriendConnectionStatus)
    told, heard = [], []
    calls = RealCalls(
        debian.tox, lambda *what: told.append(what), lambda *frame: heard.append(frame[1]), lambda *_: None
    )
    calls.toxav_call(friend, 48, 0)
    end, due = time.monotonic() + 60, 0.0
    while heard.count(3) < 50:
        assert time.monotonic() < end, (told, heard)
        debian.tox.iterate()
        calls.iterate()
        if told and time.monotonic() >= due:
            due = time.monotonic() + 0.02
            calls.toxav_audio_send_frame(friend, tone(0), 960, 1, 48000)
        time.sleep(0.005)
    assert told[0][:2] == ("call_state", friend)
    calls.toxav_call_control(friend, enums.TOXAV_CALL_CONTROL_CANCEL)
    debian.tox.iterate()
    calls.kill()
    status, said = answering.finish()
    assert status == 0
    (over,) = [entry for entry in said if entry["event"] == "call_over"]
    assert over["message"] == "the friend hung up"
    is_tone(tmp_path / "b.wav", frequency(0), 0.5)
