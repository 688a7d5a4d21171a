/* A ToxAV from its beginning to its end, and after it; without a friend, who is in ../errors/calls.c. */
#include <string.h>
#include <tox/tox_private.h>
#include <tox/toxav.h>

#include "check.h"
#include "local.h"

/* Neither does anything, nor breaks: nobody has this ToxAV. */
static void dead(ToxAV *av)
{
    const int16_t pcm[480] = {0};
    const uint8_t plane[256] = {0};
    Toxav_Err_Call call = TOXAV_ERR_CALL_OK;
    CHECK(!toxav_call(av, 0, 48, 0, &call) && call == TOXAV_ERR_CALL_FRIEND_NOT_FOUND);
    Toxav_Err_Answer answer = TOXAV_ERR_ANSWER_OK;
    CHECK(!toxav_answer(av, 0, 48, 0, &answer) && answer == TOXAV_ERR_ANSWER_FRIEND_NOT_FOUND);
    Toxav_Err_Call_Control control = TOXAV_ERR_CALL_CONTROL_OK;
    CHECK(!toxav_call_control(av, 0, TOXAV_CALL_CONTROL_CANCEL, &control));
    CHECK(control == TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_FOUND);
    Toxav_Err_Bit_Rate_Set rate = TOXAV_ERR_BIT_RATE_SET_OK;
    CHECK(!toxav_audio_set_bit_rate(av, 0, 48, &rate) && rate == TOXAV_ERR_BIT_RATE_SET_FRIEND_NOT_FOUND);
    CHECK(!toxav_video_set_bit_rate(av, 0, 48, NULL));
    Toxav_Err_Send_Frame sent = TOXAV_ERR_SEND_FRAME_OK;
    CHECK(!toxav_audio_send_frame(av, 0, pcm, 480, 1, 48000, &sent));
    CHECK(sent == TOXAV_ERR_SEND_FRAME_FRIEND_NOT_FOUND);
    CHECK(!toxav_video_send_frame(av, 0, 16, 16, plane, plane, plane, NULL));
    CHECK(toxav_get_tox(av) == NULL);
    /* a thread that sleeps as long must not spin */
    CHECK(toxav_iteration_interval(av) == 200);
    CHECK(toxav_audio_iteration_interval(av) == 200 && toxav_video_iteration_interval(av) == 200);
    toxav_iterate(av);
    toxav_audio_iterate(av);
    toxav_video_iterate(av);
    toxav_callback_call(av, NULL, NULL);
    toxav_callback_video_receive_frame(av, NULL, NULL);
    toxav_kill(av);
}

/* Here -1 stands for failure: 0 is a conference's number, or success. */
static void conferences(Tox *tox)
{
    static const uint8_t cookie[35];
    CHECK(toxav_add_av_groupchat(tox, NULL, NULL) == 0);
    CHECK(tox_conference_get_type(tox, 0, NULL) == TOX_CONFERENCE_TYPE_AV);
    CHECK(toxav_join_av_groupchat(tox, 0, cookie, sizeof cookie, NULL, NULL) == -1);
    CHECK(toxav_join_av_groupchat(tox, 0, NULL, 0, NULL, NULL) == -1);
}

/* None of these work without the Tox. */
static void dead_conferences(Tox *tox)
{
    static const int16_t pcm[960];
    CHECK(toxav_add_av_groupchat(tox, NULL, NULL) == -1);
    CHECK(toxav_join_av_groupchat(tox, 0, NULL, 0, NULL, NULL) == -1);
    CHECK(toxav_group_send_audio(tox, 0, pcm, 960, 1, 48000) == -1);
    CHECK(toxav_groupchat_enable_av(tox, 0, NULL, NULL) == -1);
    CHECK(toxav_groupchat_disable_av(tox, 0) == -1);
    CHECK(!toxav_groupchat_av_enabled(tox, 0));
}

int main(void)
{
    Toxav_Err_New error;
    CHECK(toxav_new(NULL, &error) == NULL && error == TOXAV_ERR_NEW_NULL);
    dead(NULL);
    dead_conferences(NULL);

    Tox *tox = new_local(false, NULL), *other = new_local(false, NULL);
    ToxAV *av = toxav_new(tox, &error);
    CHECK(av != NULL && error == TOXAV_ERR_NEW_OK);
    CHECK(toxav_get_tox(av) == tox && tox_get_av_object(tox) == av);
    CHECK(toxav_new(tox, &error) == NULL && error == TOXAV_ERR_NEW_MULTIPLE);
    CHECK(toxav_new(tox, NULL) == NULL && toxav_get_tox(av) == tox);
    ToxAV *of_other = toxav_new(other, NULL);
    CHECK(of_other != NULL && of_other != av && toxav_get_tox(of_other) == other);
    CHECK(toxav_iteration_interval(av) == 40);
    CHECK(toxav_audio_iteration_interval(av) == 40 && toxav_video_iteration_interval(av) == 40);
    toxav_iterate(av);
    conferences(tox);

    /* the instance goes on, now with a lock inside */
    CHECK(tox_self_set_name(tox, (const uint8_t *)"name", 4, NULL));
    CHECK(tox_self_get_name_size(tox) == 4);
    tox_lock(tox);
    tox_unlock(tox);
    tox_iterate(tox, NULL);

    /* one at a time, but as often as wanted */
    toxav_kill(av);
    dead(av);
    CHECK(tox_get_av_object(tox) == NULL);
    dead((ToxAV *)((char *)tox + 1));
    dead((ToxAV *)tox);
    av = toxav_new(tox, NULL);
    CHECK(av != NULL && toxav_get_tox(av) == tox);

    /* in the wrong order */
    tox_kill(tox);
    dead(av);
    CHECK(toxav_new(tox, &error) == NULL && error == TOXAV_ERR_NEW_MALLOC);
    dead_conferences(tox);
    tox_iterate(other, NULL);
    toxav_kill(of_other);
    tox_kill(other);
    toxav_kill(NULL);
    puts("ok");
    return 0;
}
