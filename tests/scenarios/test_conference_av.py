"""Three in a conference with audio, of whom two are no friends: everybody hears everybody, who wants to."""

from tests.support.conferences import count
from tests.support.voices import Voice
from toxpy.generated import enums, events


def test_conference_av(call_world):
    alice, bob = call_world.friends()
    carol = call_world.actor("carol")
    carol.bootstrap_to(call_world.actors[0])
    number = bob.friend_add_norequest(carol.self_get_public_key())
    carol.friend_add_norequest(bob.self_get_public_key())
    call_world.until(lambda: bob.is_online(number) and carol.is_online(), "bob and carol to be online", 120)
    voices = [Voice(actor) for actor in (alice, bob, carol)]
    assert voices[0].found() == 0
    # nobody is there yet
    assert voices[0].say(0) == -1
    come_in(alice, bob, voices[1])
    come_in(bob, carol, voices[2], number)
    three = (alice, bob, carol)
    call_world.until(lambda: all(count(actor) == 3 for actor in three), "all to see all")
    for own, speaker in enumerate(voices):
        assert speaker.enabled() and speaker.enable() == -1
        assert speaker.actor.conference_get_type(0) == enums.TOX_CONFERENCE_TYPE_AV
        call_world.until(lambda speaker=speaker, own=own: speaker.say(own) == 0, "a way to the others")
        speaker.saying = own
        for listener in voices:
            if listener is not speaker:
                listener.hears(own, speaker)
    # all at once
    for listener in voices:
        for own, speaker in enumerate(voices):
            if listener is not speaker:
                listener.hears(own, speaker)
    # who wants no sound hears none and says none, and the others go on
    assert voices[1].disable() == 0 and voices[1].disable() == -1 and not voices[1].enabled()
    assert voices[1].say(1) == -1
    voices[1].tones.clear()
    voices[0].hears(2, voices[2])
    voices[2].hears(0, voices[0])
    assert voices[1].tones == []
    assert voices[1].enable() == 0
    voices[1].hears(0, voices[0])


def come_in(inviter, joiner, voice, friend_number=0):
    inviter.conference_invite(friend_number, 0)
    invite = joiner.wait(events.ConferenceInvite)
    assert invite.type == enums.TOX_CONFERENCE_TYPE_AV
    assert voice.join(invite.friend_number, invite.cookie) == 0
    joiner.wait(events.ConferenceConnected, conference_number=0)
