/* Three in a row in a conference with audio, of whom the ends are no friends: everybody hears everybody. */
#include "calls.h"

enum { WAIT_S = 60, MEMBERS = 3 };

/* Tones that were heard, by whom. */
typedef struct Voice {
    Tox *tox;
    int tone; /* what it says, or NOTHING */
    uint64_t due_ms;
    uint32_t heard[TONES];
} Voice;

static Voice voices[2]; /* of the side, and of carol */

static void on_audio(void *tox, uint32_t number, uint32_t peer, const int16_t *pcm, uint32_t samples,
                     uint8_t channels, uint32_t rate, void *voice)
{
    const int tone = read_tone(pcm, samples, channels);
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    CHECK(((Voice *)voice)->tox == tox && number == 0 && rate == RATE && channels == 1);
    CHECK(tox_conference_peer_get_public_key((Tox *)tox, number, peer, key, NULL));
    CHECK(!tox_conference_peer_number_is_ours((Tox *)tox, number, peer, NULL));
    if (tone != NOTHING) {
        ++((Voice *)voice)->heard[tone];
    }
}

static int say(const Voice *voice, int tone)
{
    int16_t pcm[SAMPLES];
    make_tone(tone, pcm);
    return toxav_group_send_audio(voice->tox, 0, pcm, SAMPLES, 1, RATE);
}

static void speak(Side *side)
{
    const uint64_t now_ms = scenario_now_ms();
    (void)side;
    for (int i = 0; i < 2; ++i) {
        Voice *voice = &voices[i];
        if (voice->tox != NULL && voice->tone != NOTHING && voice->due_ms <= now_ms) {
            voice->due_ms = now_ms + TONE_MS;
            say(voice, voice->tone);
        }
    }
}

static Voice *get_voice(Side *side, Side *owner, int tone)
{
    Voice *voice = &voices[owner == side ? 0 : 1];
    voice->tox = owner->tox;
    voice->tone = tone;
    side->on_iterate = speak;
    return voice;
}

/* This voice hears these two from now on. */
static void hears_both(Side *side, const Voice *voice, int one, int other)
{
    const uint32_t ones = voice->heard[one], others = voice->heard[other];
    UNTIL(side, voice->heard[one] > ones && voice->heard[other] > others, WAIT_S);
}

static Voice *join(Side *side, Side *owner, int tone)
{
    Voice *voice = get_voice(side, owner, NOTHING);
    const Seen *invite = take(side, &owner->invites, WAIT_S);
    CHECK(invite->value == TOX_CONFERENCE_TYPE_AV);
    CHECK(toxav_join_av_groupchat(owner->tox, 0, invite->text, (uint16_t)invite->length, on_audio, voice)
          == 0);
    take(side, &owner->joined, WAIT_S);
    voice->tone = tone;
    return voice;
}

void scenario_alice(Side *side)
{
    become_friends(side);
    Voice *voice = get_voice(side, side, 0);
    CHECK(toxav_add_av_groupchat(side->tox, on_audio, voice) == 0);
    CHECK(toxav_groupchat_av_enabled(side->tox, 0));
    CHECK(toxav_groupchat_enable_av(side->tox, 0, on_audio, voice) == -1);
    CHECK(say(voice, 0) == -1); /* nobody is there yet */
    CHECK(tox_conference_invite(side->tox, 0, 0, NULL));
    UNTIL(side, peer_count(side) == MEMBERS, 2 * WAIT_S);
    hears_both(side, voice, 1, 2);
    meet(side);
    /* who wants no sound hears none and says none */
    CHECK(toxav_groupchat_disable_av(side->tox, 0) == 0 && toxav_groupchat_disable_av(side->tox, 0) == -1);
    CHECK(!toxav_groupchat_av_enabled(side->tox, 0) && say(voice, 0) == -1);
    const uint32_t heard = voice->heard[1] + voice->heard[2];
    meet(side);
    meet(side);
    CHECK(voice->heard[1] + voice->heard[2] == heard);
    CHECK(toxav_groupchat_enable_av(side->tox, 0, on_audio, voice) == 0);
    hears_both(side, voice, 1, 2);
    meet(side);
}

void scenario_bob(Side *side)
{
    static Side carol = {.name = "carol"};
    side->third = &carol;
    become_friends(side);
    Voice *voice = join(side, side, 1);
    UNTIL(side, tox_conference_invite(side->tox, 1, 0, NULL), 2 * WAIT_S);
    const Voice *carols = join(side, &carol, 2);
    UNTIL(side, peer_count(side) == MEMBERS && peer_count(&carol) == MEMBERS, WAIT_S);
    hears_both(side, voice, 0, 2);
    hears_both(side, carols, 0, 1);
    meet(side);
    meet(side);
    /* the others go on */
    const uint32_t heard = voice->heard[2];
    UNTIL(side, voice->heard[2] > heard + 5, WAIT_S);
    meet(side);
    hears_both(side, carols, 0, 1);
    meet(side);
}
