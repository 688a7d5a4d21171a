/* A friend in a call is deleted: the call is over on both sides, and there is no other. */
#include "calls.h"

void scenario_alice(Side *side)
{
    Phone phone;
    Toxav_Err_Call error;
    become_friends(side);
    get_phone(&phone, side, side);
    meet(side);
    call(&phone, 0, AUDIO_KBIT, VIDEO_KBIT);
    wait_state(&phone, 0, ALL);
    phone.tone = 3;
    hears(&phone, 0, 3);
    CHECK(tox_friend_delete(side->tox, 0, NULL));
    silence(&phone);
    CHECK(!toxav_call(phone.av, 0, AUDIO_KBIT, 0, &error) && error == TOXAV_ERR_CALL_FRIEND_NOT_FOUND);
    meet(side);
    run_for(side, 1);
    give_back(&phone);
}

void scenario_bob(Side *side)
{
    Phone phone;
    Toxav_Err_Call error;
    become_friends(side);
    get_phone(&phone, side, side);
    meet(side);
    answer(&phone, 0, AUDIO_KBIT, VIDEO_KBIT);
    phone.tone = 3;
    wait_state(&phone, 0, TOXAV_FRIEND_CALL_STATE_ERROR);
    silence(&phone);
    UNTIL(side, !is_online(side), CALL_S);
    CHECK(!toxav_call(phone.av, 0, AUDIO_KBIT, 0, &error) && error == TOXAV_ERR_CALL_FRIEND_NOT_CONNECTED);
    CHECK(control(&phone, 0, TOXAV_CALL_CONTROL_CANCEL) == TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_IN_CALL);
    meet(side);
    CHECK(nothing_left(&phone));
    give_back(&phone);
}
