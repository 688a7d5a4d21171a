"""Every control and bit rate of a call: what the friend is told, and what may be sent then."""

from tests.support.calls import (
    ACCEPTING_A,
    ACCEPTING_V,
    ALL,
    AUDIO_KBIT,
    FINISHED,
    SENDING_A,
    SENDING_V,
    VIDEO_KBIT,
    fails,
    phones,
    silence,
)
from toxpy.generated import enums

NOT_POSSIBLE = "TOXAV_ERR_CALL_CONTROL_INVALID_TRANSITION"
DISABLED = enums.TOXAV_ERR_SEND_FRAME_PAYLOAD_TYPE_DISABLED
#: Reports that come faster are not believed, seconds.
REPORT_S = 1
#: A control, what it takes from what the friend may do, and its opposite.
SWITCHES = [("MUTE_AUDIO", ACCEPTING_A, "UNMUTE_AUDIO"), ("HIDE_VIDEO", ACCEPTING_V, "SHOW_VIDEO")]


def test_toxav_controls(call_world):
    alice, bob = phones(call_world, *call_world.friends())
    alice.call()
    # only one call with a friend, and nothing to control before it is answered
    bob.rings()
    fails("TOXAV_ERR_CALL_FRIEND_ALREADY_IN_CALL", alice.call)
    fails("TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_IN_CALL", alice.control, "PAUSE")
    bob.av.toxav_answer(0, AUDIO_KBIT, VIDEO_KBIT)
    alice.state(ALL)
    for user, friend in ((alice, bob), (bob, alice)):
        switch(user, friend)
        pause(user, friend)
        change_rates(user, friend)
    say_what_is_lost(call_world, alice, bob)
    alice.hang_up()
    bob.state(FINISHED)
    assert alice.states == bob.states == []


def switch(user, friend):
    """The user wants no sound, then no pictures."""
    for off, flag, on in SWITCHES:
        user.control(off)
        friend.state(ALL - flag)
        fails(NOT_POSSIBLE, user.control, off)
        tell_apart(user, friend, sound=flag != ACCEPTING_A, pictures=flag != ACCEPTING_V)
        user.control(on)
        friend.state(ALL)
    tell_apart(user, friend, sound=True, pictures=True)


def tell_apart(listener, speaker, *, sound, pictures):
    """What the speaker may send comes, the rest is refused."""
    speaker.refused.clear()
    speaker.tone, speaker.picture = 4, 0b11001010
    if sound:
        listener.hears(4)
    if pictures:
        listener.sees(0b11001010)
    kinds = {"audio": sound, "video": pictures}
    expected = {(kind, DISABLED) for kind, may in kinds.items() if not may}
    speaker.world.until(lambda: set(speaker.refused) == expected, f"{expected}, not {speaker.refused}")
    silence(speaker)


def pause(user, friend):
    """Nothing both ways, and back again."""
    fails(NOT_POSSIBLE, user.control, "RESUME")
    user.control("PAUSE")
    friend.state(0)
    fails(NOT_POSSIBLE, user.control, "PAUSE")
    tell_apart(user, friend, sound=False, pictures=False)
    user.control("RESUME")
    friend.state(ALL)
    tell_apart(user, friend, sound=True, pictures=True)


def change_rates(user, friend):
    """0 stops sending, and the friend is told; a change between two rates is nothing to tell."""
    user.av.toxav_audio_set_bit_rate(0, 0)
    friend.state(ALL - SENDING_A)
    user.av.toxav_video_set_bit_rate(0, 0)
    friend.state(ALL - SENDING_A - SENDING_V)
    tell_apart(friend, user, sound=False, pictures=False)
    user.av.toxav_audio_set_bit_rate(0, AUDIO_KBIT)
    friend.state(ALL - SENDING_V)
    user.av.toxav_video_set_bit_rate(0, VIDEO_KBIT)
    friend.state(ALL)
    user.av.toxav_audio_set_bit_rate(0, 2 * AUDIO_KBIT)
    user.av.toxav_video_set_bit_rate(0, 2 * VIDEO_KBIT)
    tell_apart(friend, user, sound=True, pictures=True)
    fails("TOXAV_ERR_BIT_RATE_SET_INVALID_BIT_RATE", user.av.toxav_audio_set_bit_rate, 0, 5)
    fails("TOXAV_ERR_BIT_RATE_SET_INVALID_BIT_RATE", user.av.toxav_audio_set_bit_rate, 0, 511)


def say_what_is_lost(world, alice, bob):
    """A report on losses is a suggestion to send less: video if there is any, else audio."""
    for user, friend in ((alice, bob), (bob, alice)):
        name, number, kbit = suggestion(world, user, friend)
        assert (name, number) == ("video_bit_rate", 0) and 0 < kbit < 2 * VIDEO_KBIT
        user.av.toxav_video_set_bit_rate(0, 0)
        friend.state(ALL - SENDING_V)
    world.run_for(REPORT_S)
    for user, friend in ((alice, bob), (bob, alice)):
        name, number, kbit = suggestion(world, user, friend)
        assert (name, number) == ("audio_bit_rate", 0) and 0 < kbit < 2 * AUDIO_KBIT


def suggestion(world, user, friend):
    """The first one after the friend's report, which may get lost itself."""
    user.rates.clear()
    for _ in range(10):
        friend.report(25_000, 100_000)
        if world.run_until(lambda: user.actor.collect() or user.rates, REPORT_S):
            return user.rates[0]
    raise AssertionError("no suggestion")
