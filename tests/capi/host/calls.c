/* A ToxAV without calls, as far as clients rely on it. */
#include <tox/toxav.h>

#include "check.h"
#include "local.h"

/* What the functions about a call say of a friend with that number. */
static void without_call(ToxAV *av, uint32_t friend_number, bool exists)
{
    Toxav_Err_Answer answer;
    CHECK(!toxav_answer(av, friend_number, 48, 0, &answer));
    CHECK(answer == (exists ? TOXAV_ERR_ANSWER_FRIEND_NOT_CALLING : TOXAV_ERR_ANSWER_FRIEND_NOT_FOUND));
    Toxav_Err_Call_Control control;
    CHECK(!toxav_call_control(av, friend_number, TOXAV_CALL_CONTROL_CANCEL, &control));
    CHECK(control
          == (exists ? TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_IN_CALL : TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_FOUND));
    Toxav_Err_Bit_Rate_Set rate, not_set = exists ? TOXAV_ERR_BIT_RATE_SET_FRIEND_NOT_IN_CALL
                                                  : TOXAV_ERR_BIT_RATE_SET_FRIEND_NOT_FOUND;
    CHECK(!toxav_audio_set_bit_rate(av, friend_number, 48, &rate) && rate == not_set);
    CHECK(!toxav_video_set_bit_rate(av, friend_number, 48, &rate) && rate == not_set);
    const int16_t pcm[480] = {0};
    const uint8_t plane[256] = {0};
    Toxav_Err_Send_Frame sent,
        not_sent = exists ? TOXAV_ERR_SEND_FRAME_FRIEND_NOT_IN_CALL : TOXAV_ERR_SEND_FRAME_FRIEND_NOT_FOUND;
    CHECK(!toxav_audio_send_frame(av, friend_number, pcm, 480, 1, 48000, &sent) && sent == not_sent);
    CHECK(!toxav_video_send_frame(av, friend_number, 16, 16, plane, plane, plane, &sent) && sent == not_sent);
}

/* Here -1 stands for failure: 0 is a conference's number, or success. */
static void conferences_with_no_audio_yet(Tox *tox)
{
    static const uint8_t cookie[35];
    static const int16_t pcm[960];
    CHECK(toxav_add_av_groupchat(tox, NULL, NULL) == 0);
    CHECK(tox_conference_get_type(tox, 0, NULL) == TOX_CONFERENCE_TYPE_AV);
    CHECK(toxav_join_av_groupchat(tox, 0, cookie, sizeof cookie, NULL, NULL) == -1);
    CHECK(toxav_join_av_groupchat(tox, 0, NULL, 0, NULL, NULL) == -1);
    CHECK(toxav_group_send_audio(tox, 0, pcm, 960, 1, 48000) == -1);
    CHECK(toxav_groupchat_enable_av(tox, 0, NULL, NULL) == -1);
    CHECK(toxav_groupchat_disable_av(tox, 0) == -1);
    CHECK(!toxav_groupchat_av_enabled(tox, 0));
}

int main(void)
{
    Toxav_Err_New error;
    CHECK(toxav_new(NULL, &error) == NULL);
    CHECK(error == TOXAV_ERR_NEW_NULL);

    Tox *tox = new_local(false, NULL);
    ToxAV *av = toxav_new(tox, &error);
    CHECK(av != NULL && error == TOXAV_ERR_NEW_OK);
    CHECK(toxav_get_tox(av) == tox);
    CHECK(toxav_new(tox, &error) == NULL);
    CHECK(error == TOXAV_ERR_NEW_MULTIPLE);
    /* a thread that sleeps this long must not spin */
    CHECK(toxav_iteration_interval(av) == 1000);
    CHECK(toxav_audio_iteration_interval(av) == 1000);
    CHECK(toxav_video_iteration_interval(av) == 1000);
    toxav_iterate(av);
    conferences_with_no_audio_yet(tox);

    Toxav_Err_Call call;
    CHECK(!toxav_call(av, 0, 48, 0, &call));
    CHECK(call == TOXAV_ERR_CALL_FRIEND_NOT_FOUND);
    without_call(av, 0, false);
    uint8_t key[TOX_PUBLIC_KEY_SIZE] = {0};
    Tox *other = new_local(false, NULL);
    tox_self_get_public_key(other, key);
    CHECK(tox_friend_add_norequest(tox, key, NULL) == 0);
    CHECK(!toxav_call(av, 0, 48, 0, &call));
    CHECK(call == TOXAV_ERR_CALL_FRIEND_NOT_CONNECTED);
    without_call(av, 0, true);
    without_call(av, 1, false);
    without_call(NULL, 0, false);
    tox_kill(other);

    /* one at a time, but as often as wanted */
    toxav_kill(av);
    av = toxav_new(tox, NULL);
    CHECK(av != NULL);
    toxav_kill(av);
    toxav_kill(NULL);
    tox_kill(tox);
    CHECK(toxav_new(tox, &error) == NULL);
    CHECK(error == TOXAV_ERR_NEW_MALLOC);
    puts("ok");
    return 0;
}
