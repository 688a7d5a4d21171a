/* A ToxAV without calls, as far as clients rely on it. */
#include <tox/toxav.h>

#include "check.h"
#include "local.h"

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

    Toxav_Err_Call call;
    CHECK(!toxav_call(av, 0, 48, 0, &call));
    CHECK(call == TOXAV_ERR_CALL_FRIEND_NOT_FOUND);
    uint8_t key[TOX_PUBLIC_KEY_SIZE] = {0};
    Tox *other = new_local(false, NULL);
    tox_self_get_public_key(other, key);
    CHECK(tox_friend_add_norequest(tox, key, NULL) == 0);
    CHECK(!toxav_call(av, 0, 48, 0, &call));
    CHECK(call == TOXAV_ERR_CALL_FRIEND_NOT_CONNECTED);
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
