/* Every control and bit rate of a call: what the friend is told, and what may be sent then. */
#include "calls.h"

enum { TONE = 4, PICTURE = 0xCA, BANDWIDTH = 196, REPORT_SIZE = 9 };

/* The friend may send what `kinds` has: bit 0 sound, bit 1 pictures. The rest is refused to him. */
static void listen_for(Phone *phone, uint32_t kinds)
{
    if ((kinds & 1) != 0) {
        hears(phone, 0, TONE);
    }
    if ((kinds & 2) != 0) {
        sees(phone, 0, PICTURE);
    }
    meet(phone->side);
    meet(phone->side);
}

static void send_kinds(Phone *phone, uint32_t kinds)
{
    const Toxav_Err_Send_Frame refused = TOXAV_ERR_SEND_FRAME_PAYLOAD_TYPE_DISABLED;
    phone->tone = TONE;
    phone->picture = PICTURE;
    phone->audio_error = phone->video_error = TOXAV_ERR_SEND_FRAME_SYNC;
    UNTIL(phone->side,
          phone->audio_error != TOXAV_ERR_SEND_FRAME_SYNC && phone->video_error != TOXAV_ERR_SEND_FRAME_SYNC,
          CALL_S);
    meet(phone->side);
    CHECK(phone->audio_error == ((kinds & 1) != 0 ? TOXAV_ERR_SEND_FRAME_OK : refused));
    CHECK(phone->video_error == ((kinds & 2) != 0 ? TOXAV_ERR_SEND_FRAME_OK : refused));
    silence(phone);
    meet(phone->side);
}

static void ok(Phone *phone, Toxav_Call_Control what)
{
    CHECK(control(phone, 0, what) == TOXAV_ERR_CALL_CONTROL_OK);
}

static void impossible(Phone *phone, Toxav_Call_Control what)
{
    CHECK(control(phone, 0, what) == TOXAV_ERR_CALL_CONTROL_INVALID_TRANSITION);
}

/* What this side does, while the other one `follow`s. */
static void lead(Phone *phone)
{
    Toxav_Err_Bit_Rate_Set error;
    ok(phone, TOXAV_CALL_CONTROL_MUTE_AUDIO);
    impossible(phone, TOXAV_CALL_CONTROL_MUTE_AUDIO);
    listen_for(phone, 2);
    ok(phone, TOXAV_CALL_CONTROL_UNMUTE_AUDIO);
    ok(phone, TOXAV_CALL_CONTROL_HIDE_VIDEO);
    impossible(phone, TOXAV_CALL_CONTROL_HIDE_VIDEO);
    listen_for(phone, 1);
    ok(phone, TOXAV_CALL_CONTROL_SHOW_VIDEO);
    impossible(phone, TOXAV_CALL_CONTROL_RESUME);
    ok(phone, TOXAV_CALL_CONTROL_PAUSE);
    impossible(phone, TOXAV_CALL_CONTROL_PAUSE);
    listen_for(phone, 0);
    ok(phone, TOXAV_CALL_CONTROL_RESUME);
    listen_for(phone, 3);
    /* 0 stops sending; a change between two rates is nothing to tell */
    CHECK(toxav_audio_set_bit_rate(phone->av, 0, 0, &error) && error == TOXAV_ERR_BIT_RATE_SET_OK);
    CHECK(toxav_video_set_bit_rate(phone->av, 0, 0, &error) && error == TOXAV_ERR_BIT_RATE_SET_OK);
    send_kinds(phone, 0);
    CHECK(toxav_audio_set_bit_rate(phone->av, 0, AUDIO_KBIT, NULL));
    CHECK(toxav_video_set_bit_rate(phone->av, 0, VIDEO_KBIT, NULL));
    CHECK(toxav_audio_set_bit_rate(phone->av, 0, 2 * AUDIO_KBIT, NULL));
    CHECK(toxav_video_set_bit_rate(phone->av, 0, 2 * VIDEO_KBIT, NULL));
    CHECK(!toxav_audio_set_bit_rate(phone->av, 0, 5, &error));
    CHECK(error == TOXAV_ERR_BIT_RATE_SET_INVALID_BIT_RATE);
    send_kinds(phone, 3);
}

static void follow(Phone *phone)
{
    wait_state(phone, 0, ALL - TOXAV_FRIEND_CALL_STATE_ACCEPTING_A);
    send_kinds(phone, 2);
    wait_state(phone, 0, ALL);
    wait_state(phone, 0, ALL - TOXAV_FRIEND_CALL_STATE_ACCEPTING_V);
    send_kinds(phone, 1);
    wait_state(phone, 0, ALL);
    wait_state(phone, 0, TOXAV_FRIEND_CALL_STATE_NONE);
    send_kinds(phone, 0);
    wait_state(phone, 0, ALL);
    send_kinds(phone, 3);
    wait_state(phone, 0, ALL - TOXAV_FRIEND_CALL_STATE_SENDING_A);
    wait_state(phone, 0, ACCEPTING);
    listen_for(phone, 0);
    wait_state(phone, 0, ALL - TOXAV_FRIEND_CALL_STATE_SENDING_V);
    wait_state(phone, 0, ALL);
    listen_for(phone, 3);
}

/* Tell the friend, as the library does, that a quarter of what came was lost. */
static void report_losses(const Phone *phone)
{
    const uint8_t report[REPORT_SIZE] = {BANDWIDTH, 0, 0, 64, 0, 0, 1, 0, 0};
    CHECK(tox_friend_send_lossy_packet(phone->side->tox, 0, report, sizeof(report), NULL));
}

/* Reports are suggestions to send less: video if there is any, else audio. */
static void heed_losses(Phone *phone)
{
    report_losses(phone);
    uint32_t rate = take(phone->side, &phone->video_rates, CALL_S)->value;
    CHECK(rate > 0 && rate < 2 * VIDEO_KBIT && phone->audio_rates.count == 0);
    meet(phone->side);
    CHECK(toxav_video_set_bit_rate(phone->av, 0, 0, NULL));
    wait_state(phone, 0, ALL - TOXAV_FRIEND_CALL_STATE_SENDING_V);
    run_for(phone->side, 1); /* another one is believed then */
    meet(phone->side);
    report_losses(phone);
    rate = take(phone->side, &phone->audio_rates, CALL_S)->value;
    CHECK(rate > 0 && rate < 2 * AUDIO_KBIT);
    meet(phone->side);
}

void scenario_alice(Side *side)
{
    Phone phone;
    Toxav_Err_Call error;
    become_friends(side);
    get_phone(&phone, side, side);
    meet(side);
    call(&phone, 0, AUDIO_KBIT, VIDEO_KBIT);
    CHECK(!toxav_call(phone.av, 0, AUDIO_KBIT, 0, &error) && error == TOXAV_ERR_CALL_FRIEND_ALREADY_IN_CALL);
    CHECK(control(&phone, 0, TOXAV_CALL_CONTROL_PAUSE) == TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_IN_CALL);
    wait_state(&phone, 0, ALL);
    lead(&phone);
    follow(&phone);
    heed_losses(&phone);
    ok(&phone, TOXAV_CALL_CONTROL_CANCEL);
    meet(side);
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
    follow(&phone);
    lead(&phone);
    heed_losses(&phone);
    wait_state(&phone, 0, TOXAV_FRIEND_CALL_STATE_FINISHED);
    meet(side);
    CHECK(nothing_left(&phone));
    give_back(&phone);
}
