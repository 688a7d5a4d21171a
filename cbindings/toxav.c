/* The functions of a ToxAV that are not the same as all others: see classify.py.
 *
 * A ToxAV is a second address of its Tox (instances.h). So there is no memory that could be freed while another thread
 * is inside, and calls with one that has ended fail. */
#include "api_generated.h"
#include "instances.h"
#include "library.h"
#include "resting.h"

ToxAV *toxav_new(Tox *tox, Toxav_Err_New *error)
{
    int code = tox == NULL ? TOXAV_ERR_NEW_NULL : TOXAV_ERR_NEW_MALLOC;
    ToxAV *av = NULL;
    if (tox != NULL && toxpy_call_begin()) {
        int failure = TOXAV_ERR_NEW_MALLOC;
        toxpy_begin((uintptr_t)tox);
        bool made = py_toxav_new((uintptr_t)tox, (uintptr_t)toxpy_av_of((uintptr_t)tox), &failure);
        toxpy_end((uintptr_t)tox);
        if (!toxpy_call_end()) {
            code = failure;
            if (made) {
                av = toxpy_av_of((uintptr_t)tox);
                toxpy_set_av((uintptr_t)tox, true);
            }
        }
    }
    if (error != NULL) {
        *error = (Toxav_Err_New)code;
    }
    return av;
}

void toxav_kill(ToxAV *av)
{
    Tox *tox = toxpy_tox_of(av);
    if (tox != NULL && toxpy_set_av((uintptr_t)tox, false) && toxpy_call_begin()) {
        toxpy_begin((uintptr_t)tox);
        py_toxav_kill((uintptr_t)tox);
        toxpy_call_end();
        toxpy_end((uintptr_t)tox);
    }
}

Tox *toxav_get_tox(const ToxAV *av)
{
    return toxpy_tox_of(av);
}

/* What was received comes out of the queues of the calls: nothing that the instance remembers changes. */
static void play(const ToxAV *av, bool audio, bool video)
{
    Tox *tox = toxpy_tox_of(av);
    if (tox != NULL && toxpy_call_begin()) {
        py_toxav_iterate((uintptr_t)tox, audio, video);
        toxpy_call_end();
        toxpy_end_media((uintptr_t)tox);
    }
}

void toxav_iterate(ToxAV *av)
{
    play(av, true, true);
}

void toxav_audio_iterate(ToxAV *av)
{
    play(av, true, false);
}

void toxav_video_iterate(ToxAV *av)
{
    play(av, false, true);
}

void toxpy_set_av_callback(ToxAV *av, int index, void (*callback)(void), void *user_data)
{
    Tox *tox = toxpy_tox_of(av);
    if (tox != NULL && toxpy_call_begin()) {
        py_toxav_set_callback((uintptr_t)tox, index, (uintptr_t)callback, (uintptr_t)user_data);
        toxpy_call_end();
    }
}
