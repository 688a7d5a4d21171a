"""Audio of conferences with stand-in codecs: what goes in as a value comes out as that value."""

import random
from array import array

import pytest

from tests.unit.conference.room import STEP_MS, Room
from toxpy.conference import audio, packets
from toxpy.conference.audio import ConferenceAudioFrame
from toxpy.generated import events as ev
from toxpy.media import codecs

FRAME_MS = 20
RATE = 48_000


def pcm(value, samples=960, channels=1):
    return array("h", [value] * (samples * channels)).tobytes()


@pytest.fixture
def room():
    return Room()


def together(room, *names):
    """Members of one conference with audio, number 0 to all, which the first founded."""
    founder, *others = members = room.friends(*names)
    for member in members:
        member.conferences.codecs = codecs.load(standin=True)
    assert founder.audio.toxav_add_av_groupchat() == 0
    for other in others:
        founder.conference_invite(founder.messenger.friend_by_key(other.real_pk).number, 0)
    room.until(lambda: all(any(isinstance(e, ev.ConferenceInvite) for e in m.seen) for m in others))
    for other in others:
        (invite,) = other.take(ev.ConferenceInvite)
        assert other.audio.toxav_join_av_groupchat(invite.friend_number, invite.cookie) == 0
    room.until(lambda: all(sorted(m.names()) == sorted(names) for m in members))
    room.run(1)
    for member in members:
        member.seen.clear()
    return members


@pytest.fixture
def two(room):
    return together(room, "alice", "bob")


def say(member, value, samples=960, channels=1, rate=RATE):
    return member.audio.toxav_group_send_audio(0, pcm(value, samples, channels), samples, channels, rate)


def speak(room, member, values):
    """One frame after the other, as a microphone gives them."""
    for value in values:
        assert say(member, value) == 0
        room.run(FRAME_MS / 1000)


def heard(member):
    """The first value of each frame."""
    return [array("h", frame.pcm)[0] for frame in member.take(ConferenceAudioFrame)]


def test_everybody_hears_everybody(room):
    names = [f"m{i}" for i in range(5)]
    members = together(room, *names)
    for turn in range(10):
        for place, member in enumerate(members):
            assert say(member, 1000 * place + turn + 1) == 0
        room.run(FRAME_MS / 1000)
    room.run(0.01)
    for member in members:
        frames = member.take(ConferenceAudioFrame)
        for place, other in enumerate(members):
            of_other = [frame for frame in frames if member.names()[frame.peer_number] == other.name]
            expected = [1000 * place + turn + 1 for turn in range(10)] if member is not other else []
            assert [array("h", frame.pcm)[0] for frame in of_other][:10] == expected


@pytest.mark.parametrize("rate", [8000, 12000, 16000, 24000, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("units", [1, 2, 4, 8, 16, 24, 48])
def test_all_is_heard_at_48_khz(two, room, rate, channels, units):
    alice, bob = two
    assert say(alice, 77, units * rate // 400, channels, rate) == 0
    room.run(0.01)
    (frame,) = bob.take(ConferenceAudioFrame)
    assert (frame.conference_number, frame.sample_rate, frame.channels) == (0, RATE, channels)
    assert bob.names()[frame.peer_number] == "alice"
    assert frame.samples == units * RATE // 400
    assert set(array("h", frame.pcm)) == {77} and len(frame.pcm) == 2 * channels * frame.samples


def test_what_cannot_be_sent(two, room):
    alice, _ = two
    send = alice.audio.toxav_group_send_audio
    for wrong in (
        (1, pcm(1), 960, 1, RATE), (0, None, 960, 1, RATE), (0, 0, 960, 1, RATE), (0, pcm(1), 960, 0, RATE),
        (0, pcm(1), 960, 3, RATE), (0, pcm(1), 960, 1, 44100), (0, pcm(1), 961, 1, RATE),
        (0, pcm(1), 0, 1, RATE), (0, pcm(1), 959, 1, RATE),
    ):  # fmt: skip
        assert send(*wrong) == -1, wrong
    assert send(0, pcm(1), 960, 1, RATE) == 0
    alone = room.member("alone")
    alone.conferences.codecs = codecs.load(standin=True)
    assert alone.audio.toxav_add_av_groupchat() == 0
    assert say(alone, 1) == -1
    assert alone.conference_new() == 1
    assert alone.audio.toxav_group_send_audio(1, pcm(1), 960, 1, RATE) == -1


def test_enabled_and_disabled(two, room):
    alice, bob = two
    assert bob.audio.toxav_groupchat_av_enabled(0)
    assert bob.audio.toxav_groupchat_enable_av(0) == -1
    assert bob.audio.toxav_groupchat_disable_av(0) == 0
    assert not bob.audio.toxav_groupchat_av_enabled(0)
    assert bob.audio.toxav_groupchat_disable_av(0) == -1
    assert say(bob, 1) == -1
    speak(room, alice, [5])
    assert heard(bob) == []
    assert bob.audio.toxav_groupchat_enable_av(0, 11, 12) == 0
    speak(room, alice, [6])
    (frame,) = bob.take(ConferenceAudioFrame)
    assert (frame.callback, frame.userdata) == (11, 12)
    assert bob.conference_new() == 1
    for other in (1, 2):
        assert bob.audio.toxav_groupchat_enable_av(other) == -1
        assert bob.audio.toxav_groupchat_disable_av(other) == -1
        assert not bob.audio.toxav_groupchat_av_enabled(other)


def test_who_has_it_disabled_passes_it_on(room):
    members = together(room, *[f"m{i}" for i in range(7)])
    speaker, *others = members
    far = next(m for m in others if m.name not in speaker.links())
    for name in speaker.links():
        assert (
            room.by_key[next(m for m in others if m.name == name).real_pk].audio.toxav_groupchat_disable_av(0)
            == 0
        )
    speak(room, speaker, [1, 2, 3])
    assert heard(far)[:3] == [1, 2, 3]


def test_what_came_before_it_was_disabled_is_not_delivered(two, room):
    alice, bob = two
    assert say(alice, 1) == 0
    room.clock.now_ms += STEP_MS
    alice.iterate()
    room._carry()
    room.clock.now_ms += STEP_MS
    for _, one, other, packet in room.flying:
        other.hear(one, packet)
    room.flying.clear()
    bob.conferences.begin_pass()
    assert bob.audio.toxav_groupchat_disable_av(0) == 0
    bob.iterate()
    assert heard(bob) == []


def test_a_lost_frame_is_concealed_and_late_ones_are_dropped(two, room):
    alice, bob = two
    room.loses = lambda one, packet: packet[0] == packets.LOSSY and array("h", packet[-2:])[0] == 1003
    speak(room, alice, range(1000, 1010))
    # the stand-in makes half of the last value of a missing frame
    assert heard(bob)[:10] == [1000, 1001, 1002, 501, *range(1004, 1010)]


def test_frames_out_of_order_and_twice(two, room):
    alice, bob = two
    speak(room, alice, [1])
    sent = []
    room.loses = lambda _one, packet: packet[0] == packets.LOSSY and not sent.append(packet)
    for value in (2, 3, 4):
        assert say(alice, value) == 0
    room.step()
    two_, three, four = sent
    assert heard(bob) == [1]
    for packet in (three, two_, three, two_, four):
        bob.hear(alice, packet)
    bob.iterate()
    assert heard(bob) == [2, 3, 4]
    bob.hear(alice, three)
    bob.iterate()
    assert heard(bob) == []


def test_sequence_numbers_go_round(two, room):
    alice, bob = two
    alice.conference().audio._sequence = 0xFFFE
    speak(room, alice, [1, 2, 3, 4])
    assert heard(bob)[:4] == [1, 2, 3, 4]


def test_somebody_who_begins_anew_is_heard(two, room):
    alice, bob = two
    speak(room, alice, range(1, 40))
    room.run(5)
    bob.seen.clear()
    # as after disabling and enabling
    assert alice.audio.toxav_groupchat_disable_av(0) == alice.audio.toxav_groupchat_enable_av(0) == 0
    speak(room, alice, [7, 8, 9])
    assert heard(bob)[:3] == [7, 8, 9]


def test_another_form_takes_another_encoder(two, room):
    alice, bob = two
    for rate, channels in ((48000, 1), (8000, 1), (8000, 2), (48000, 2), (48000, 1)):
        assert say(alice, 9, rate // 50, channels, rate) == 0
        room.run(FRAME_MS / 1000)
    assert [frame.channels for frame in bob.take(ConferenceAudioFrame)][:5] == [1, 1, 2, 2, 1]


def test_a_conference_of_a_save_has_no_audio_yet(two, room):
    alice, _ = two
    other = room.member("again")
    other.conferences.load([alice.conferences.collect()])
    assert other.conference().type == packets.TYPE_AV
    assert not other.audio.toxav_groupchat_av_enabled(0)
    other.conferences.codecs = codecs.load(standin=True)
    assert other.audio.toxav_groupchat_enable_av(0) == 0


def test_without_codecs_it_is_for_text(room, monkeypatch):
    def load():
        raise codecs.CodecError("built without")

    monkeypatch.setattr(codecs, "load", load)
    alice = room.member("alice")
    said = []
    alice.rt.log = lambda level, text: said.append(text)
    assert alice.audio.toxav_add_av_groupchat() == 0
    assert not alice.audio.toxav_groupchat_av_enabled(0)
    assert alice.audio.toxav_groupchat_enable_av(0) == say(alice, 1) == -1
    assert said[0] == "conference 0 has no audio: built without"


def opus_frame(samples=960, channels=1):
    encoder = codecs.load(standin=True).AudioEncoder(
        RATE, channels, application="audio", bit_rate=32_000 * channels, fec=False, vbr=True
    )
    return encoder.encode(pcm(3, samples, channels), samples)


def frame_packet(member, lossy, sequence, opus, kind=packets.AUDIO):
    number = member.conference().own.number
    head = packets.LOSSY_HEADER.pack(packets.LOSSY, 0, number, lossy)
    return head + bytes([kind]) + sequence.to_bytes(2, "big") + opus


def test_damaged_frames_are_counted_and_dropped(two, room):
    alice, bob = two
    opus = opus_frame()
    rng = random.Random(1)
    for lossy in range(300):
        damaged = bytearray(opus[: rng.randrange(len(opus) + 1)])
        for _ in range(rng.randrange(3)):
            if damaged:
                damaged[rng.randrange(min(len(damaged), 6))] = rng.randrange(256)
        bob.hear(alice, frame_packet(alice, 1000 + lossy, lossy, bytes(damaged)))
        bob.iterate()
    assert bob.dropped("conference_audio_damaged") > 50
    bob.hear(alice, frame_packet(alice, 2000, 0, b"")[:-1])
    bob.hear(alice, frame_packet(alice, 2001, 0, b""))
    assert bob.dropped("conference_audio_size") >= 2
    room.run(5)
    bob.seen.clear()
    alice.conference().lossy_number = 3000
    speak(room, alice, [41, 42])
    assert 42 in heard(bob)


def test_a_flood_makes_few_frames(two):
    alice, bob = two
    opus = opus_frame(5760, 2)
    for lossy in range(4096):
        bob.hear(alice, frame_packet(alice, 100 + lossy, lossy, opus))
    bob.iterate()
    assert len(bob.take(ConferenceAudioFrame)) <= audio.WINDOW


def test_not_all_of_many_speakers_have_a_decoder(two, room, monkeypatch):
    monkeypatch.setattr(audio, "MAX_SPEAKERS", 2)
    _, bob = two
    opus = opus_frame()
    data = bytes([packets.AUDIO, 0, 0]) + opus
    peers = bob.conference().peers
    others = [peers.renew(100 + i, bytes([i]) * 32, bytes(32)) for i in range(3)]
    for peer in others:
        bob.conference().audio.on_packet(peer, data)
    bob.iterate()
    assert len(bob.take(ConferenceAudioFrame)) == 2 and bob.dropped("conference_audio_speakers") == 1
    bob.rt.clock.now_ms += audio.SILENT_MS
    bob.conference().audio.on_packet(others[2], data)
    bob.conferences.begin_pass()
    assert isinstance(bob.events[-1], ConferenceAudioFrame)


def test_nobody_is_waited_for_who_has_left(two, room):
    alice, bob = two
    speak(room, alice, [1, 2])
    heard(bob)
    alice.core.conference_delete(0)
    room.run(1)
    assert bob.take(ConferenceAudioFrame) == []
    assert bob.names() == ["bob"]


def test_a_deleted_conference_is_silent(two, room):
    alice, bob = two
    assert say(alice, 1) == 0
    room.run(STEP_MS / 1000)
    bob.core.conference_delete(0)
    room.run(1)
    assert bob.take(ConferenceAudioFrame) == []
    assert bob.conferences.due_speakers == []
