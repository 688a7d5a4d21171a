"""Calls that are answered, refused and given up; sound and pictures both ways, by their marks."""

from tests.support.calls import ACCEPTING_A, ACCEPTING_V, ALL, FINISHED, HEIGHT, WIDTH, phones, silence

#: The numbers that one side sends, then the other.
TONES, PICTURES = (2, 6), (0b10100101, 0b00111001)


def test_toxav_basic(call_world):
    alice, bob = phones(call_world, *call_world.friends())
    alice.call()
    assert bob.answer() == (True, True)
    alice.state(ALL)
    for speaker, listener, tone, picture in zip((alice, bob), (bob, alice), TONES, PICTURES, strict=True):
        speaker.tone, speaker.picture = tone, picture
        listener.hears(tone)
        listener.sees(picture)
    assert alice.pictures[-1] == (0, PICTURES[1], WIDTH, HEIGHT)
    # what is sent changes, and so does what comes
    alice.tone, alice.picture = TONES[1], PICTURES[1]
    bob.hears(TONES[1])
    bob.sees(PICTURES[1])
    silence(alice, bob)
    bob.hang_up()
    alice.state(FINISHED)

    # it rings, and is refused
    alice.call(video=0)
    assert bob.rings() == (0, True, False)
    bob.hang_up()
    alice.state(FINISHED)

    # it rings, and is given up
    alice.call(audio=0)
    assert bob.rings() == (0, False, True)
    alice.hang_up()
    bob.state(FINISHED)

    # the other way, with sound from one side alone
    bob.call(video=0)
    assert alice.answer(audio=0, video=0) == (True, False)
    bob.state(ACCEPTING_A | ACCEPTING_V)
    bob.tone = TONES[0]
    alice.hears(TONES[0])
    silence(alice, bob)
    alice.hang_up()
    bob.state(FINISHED)
    for phone in (alice, bob):
        # who ends a call or answers it is told nothing
        assert phone.states == phone.calls == phone.refused == []
