/* A ToxAV without calls: what programs need that do not expect toxav_new() to fail.
 *
 * toxic reads through a null pointer then, and qTox refuses to start. All other functions of toxav are generated
 * and answer that there is no such call. */
#include <stdlib.h>

#include "library.h"
#include "toxcore.h"

enum { IDLE_INTERVAL_MS = 1000 };

struct ToxAV {
    Tox *tox;
};

static ToxAV *new_av(Tox *tox, Toxav_Err_New *code)
{
    if (tox == NULL) {
        *code = TOXAV_ERR_NEW_NULL;
        return NULL;
    }
    if (tox_get_av_object(tox) != NULL) {
        *code = TOXAV_ERR_NEW_MULTIPLE;
        return NULL;
    }
    *code = TOXAV_ERR_NEW_MALLOC;
    ToxAV *av = malloc(sizeof *av);
    if (av == NULL) {
        return NULL;
    }
    av->tox = tox;
    tox_set_av_object(tox, av);
    /* a Tox that is no longer there keeps nothing */
    if (tox_get_av_object(tox) != av) {
        free(av);
        return NULL;
    }
    *code = TOXAV_ERR_NEW_OK;
    return av;
}

ToxAV *toxav_new(Tox *tox, Toxav_Err_New *error)
{
    Toxav_Err_New code;
    ToxAV *av = new_av(tox, &code);
    if (error != NULL) {
        *error = code;
    }
    return av;
}

void toxav_kill(ToxAV *av)
{
    if (av != NULL) {
        tox_set_av_object(av->tox, NULL);
        free(av);
    }
}

Tox *toxav_get_tox(const ToxAV *av)
{
    return av != NULL ? av->tox : NULL;
}

uint32_t toxav_iteration_interval(const ToxAV *av)
{
    (void)av;
    return IDLE_INTERVAL_MS;
}

uint32_t toxav_audio_iteration_interval(const ToxAV *av)
{
    (void)av;
    return IDLE_INTERVAL_MS;
}

uint32_t toxav_video_iteration_interval(const ToxAV *av)
{
    (void)av;
    return IDLE_INTERVAL_MS;
}

bool toxav_call(ToxAV *av, Tox_Friend_Number friend_number, uint32_t audio_bit_rate, uint32_t video_bit_rate,
                Toxav_Err_Call *error)
{
    (void)audio_bit_rate;
    (void)video_bit_rate;
    Toxav_Err_Call code = TOXAV_ERR_CALL_MALLOC;
    Tox_Err_Friend_Query query = TOX_ERR_FRIEND_QUERY_OK;
    Tox *tox = toxav_get_tox(av);
    toxpy_missing(tox, "toxav_call");
    Tox_Connection status = tox_friend_get_connection_status(tox, friend_number, &query);
    if (query != TOX_ERR_FRIEND_QUERY_OK) {
        code = TOXAV_ERR_CALL_FRIEND_NOT_FOUND;
    } else if (status == TOX_CONNECTION_NONE) {
        code = TOXAV_ERR_CALL_FRIEND_NOT_CONNECTED;
    }
    if (error != NULL) {
        *error = code;
    }
    return false;
}
