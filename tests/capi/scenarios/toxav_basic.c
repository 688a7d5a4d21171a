/* Calls that are answered, refused and given up; sound and pictures both ways, by their marks. */
#include "calls.h"

enum { ALICES_TONE = 2, BOBS_TONE = 6, ALICES_PICTURE = 0xA5, BOBS_PICTURE = 0x39 };

void scenario_alice(Side *side)
{
    Phone phone;
    become_friends(side);
    get_phone(&phone, side, side);
    meet(side);
    call(&phone, 0, AUDIO_KBIT, VIDEO_KBIT);
    wait_state(&phone, 0, ALL);
    phone.tone = ALICES_TONE;
    phone.picture = ALICES_PICTURE;
    hears(&phone, 0, BOBS_TONE);
    sees(&phone, 0, BOBS_PICTURE);
    wait_state(&phone, 0, TOXAV_FRIEND_CALL_STATE_FINISHED);
    silence(&phone);
    meet(side);

    /* it rings, and is refused */
    call(&phone, 0, AUDIO_KBIT, 0);
    wait_state(&phone, 0, TOXAV_FRIEND_CALL_STATE_FINISHED);
    meet(side);

    /* it rings, and is given up */
    call(&phone, 0, 0, VIDEO_KBIT);
    meet(side);
    CHECK(control(&phone, 0, TOXAV_CALL_CONTROL_CANCEL) == TOXAV_ERR_CALL_CONTROL_OK);
    meet(side);

    /* the other way, with sound from one side alone */
    rings(&phone, 0, 1);
    CHECK(toxav_answer(phone.av, 0, 0, 0, NULL));
    hears(&phone, 0, BOBS_TONE);
    CHECK(control(&phone, 0, TOXAV_CALL_CONTROL_CANCEL) == TOXAV_ERR_CALL_CONTROL_OK);
    meet(side);
    /* who ends a call or answers it is told nothing */
    CHECK(nothing_left(&phone));
    give_back(&phone);
}

void scenario_bob(Side *side)
{
    Phone phone;
    become_friends(side);
    get_phone(&phone, side, side);
    meet(side);
    answer(&phone, 0, AUDIO_KBIT, VIDEO_KBIT);
    phone.tone = BOBS_TONE;
    phone.picture = BOBS_PICTURE;
    hears(&phone, 0, ALICES_TONE);
    sees(&phone, 0, ALICES_PICTURE);
    run_for(side, 1); /* alice hears too */
    silence(&phone);
    CHECK(control(&phone, 0, TOXAV_CALL_CONTROL_CANCEL) == TOXAV_ERR_CALL_CONTROL_OK);
    meet(side);

    rings(&phone, 0, 1);
    CHECK(control(&phone, 0, TOXAV_CALL_CONTROL_CANCEL) == TOXAV_ERR_CALL_CONTROL_OK);
    meet(side);

    rings(&phone, 0, 2);
    meet(side);
    wait_state(&phone, 0, TOXAV_FRIEND_CALL_STATE_FINISHED);
    meet(side);

    call(&phone, 0, AUDIO_KBIT, 0);
    wait_state(&phone, 0, ACCEPTING);
    phone.tone = BOBS_TONE;
    wait_state(&phone, 0, TOXAV_FRIEND_CALL_STATE_FINISHED);
    silence(&phone);
    meet(side);
    CHECK(nothing_left(&phone));
    give_back(&phone);
}
