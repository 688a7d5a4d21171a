/* The functions of the C API that are not the same as all others: see classify.py, SPECIAL. */
#define _GNU_SOURCE /* secure_getenv */
#include <stdlib.h>

#include "api_generated.h"
#include "instances.h"
#include "library.h"
#include "options.h"
#include "resting.h"

__thread bool toxpy_raised;

void toxpy_mark_raised(void)
{
    toxpy_raised = true;
}

bool toxpy_bind(int index)
{
    if (!toxpy_call_begin()) {
        return false;
    }
    py_bind(index);
    bool bound = !toxpy_call_end();
    __atomic_store_n(&toxpy_bound[index], bound, __ATOMIC_RELEASE);
    return bound;
}

/* The file with the user's settings, or with the program's; NULL without any. The user's is not for a program that runs
 * with more rights than the user has. */
static const char *config_path(const Tox_Options *options)
{
    const char *path = secure_getenv("TOXPY_CONFIG");
    return path != NULL && *path != '\0' ? path : tox_options_get_experimental_config_file(options);
}

Tox *tox_new(const Tox_Options *options, Tox_Err_New *error)
{
    int code = TOX_ERR_NEW_MALLOC;
    uintptr_t tox = 0;
    if (toxpy_call_begin()) {
        Tox_Options clean;
        struct toxpy_options flat;
        toxpy_options_read(&clean, options);
        toxpy_options_flatten(&flat, &clean);
        flat.handshake = (int)tox_options_get_experimental_handshake_mode(options);
        flat.config_path = config_path(options);
        flat.offline_messages = tox_options_get_experimental_offline_messages(options);
        const struct toxpy_networks *networks = toxpy_options_networks(options);
        flat.endpoint_type = networks->type;
        flat.endpoint_address = networks->address;
        flat.endpoint_secret = networks->secret;
        flat.endpoint_port = networks->port;
        flat.only_networks = networks->only;
        int failure = 0, fd = -1;
        tox = py_tox_new(&flat, &failure, &fd);
        code = toxpy_call_end() ? TOX_ERR_NEW_MALLOC : failure;
        if (tox != 0) {
            toxpy_attach(tox, fd);
        }
    }
    if (error != NULL) {
        *error = (Tox_Err_New)code;
    }
    return (Tox *)tox;
}

void tox_kill(Tox *tox)
{
    if (tox != NULL && toxpy_call_begin()) {
        toxpy_detach((uintptr_t)tox);
        py_tox_kill((uintptr_t)tox);
        toxpy_call_end();
    }
}

bool toxpy_iterate(Tox *tox, void *user_data)
{
    struct toxpy_rest rest = {0, 0, 0, 0, true};
    if (toxpy_is_resting(tox, &rest.left_out_ms)) {
        return true;
    }
    if (tox == NULL || !toxpy_call_begin()) {
        return false;
    }
    toxpy_begin((uintptr_t)tox);
    py_tox_iterate((uintptr_t)tox, user_data, &rest);
    if (rest.open) {
        toxpy_end((uintptr_t)tox);
    }
    if (toxpy_call_end()) {
        toxpy_touch((uintptr_t)tox);
        return false;
    }
    toxpy_rest_begins(tox, &rest);
    toxpy_end_media((uintptr_t)tox);
    return true;
}

void tox_iterate(Tox *tox, void *user_data)
{
    toxpy_iterate(tox, user_data);
}

uint32_t tox_iteration_interval(const Tox *tox)
{
    uint32_t interval_ms = toxpy_rest_interval(tox);
    if (interval_ms == 0 && tox != NULL && toxpy_call_begin()) {
        interval_ms = py_tox_iteration_interval((uintptr_t)tox);
        interval_ms = toxpy_call_end() ? 0 : interval_ms;
    }
    return interval_ms != 0 ? interval_ms : TOXPY_IDLE_INTERVAL_MS;
}

void tox_iterate_with_options(Tox *tox, const Tox_Iterate_Options *options, void *user_data)
{
    /* fail_hard asks tox_events_iterate() for an error when memory runs out; callbacks have no such case */
    (void)options;
    tox_iterate(tox, user_data);
}

bool tox_hash(uint8_t hash[TOX_HASH_LENGTH], const uint8_t *data, size_t length)
{
    if (hash == NULL || (data == NULL && length != 0) || !toxpy_call_begin()) {
        return false;
    }
    bool done = py_tox_hash((char *)hash, (const char *)data, length);
    return !toxpy_call_end() && done;
}

static void set_locked(const Tox *tox, bool locked)
{
    if (tox != NULL && toxpy_call_begin()) {
        py_tox_lock((uintptr_t)tox, locked);
        toxpy_call_end();
    }
}

void tox_lock(const Tox *tox)
{
    set_locked(tox, true);
}

void tox_unlock(const Tox *tox)
{
    set_locked(tox, false);
}

void tox_set_av_object(Tox *tox, void *object)
{
    if (tox != NULL && toxpy_call_begin()) {
        py_tox_set_av_object((uintptr_t)tox, (uintptr_t)object);
        toxpy_call_end();
    }
}

void *tox_get_av_object(const Tox *tox)
{
    if (tox == NULL || !toxpy_call_begin()) {
        return NULL;
    }
    uintptr_t object = py_tox_get_av_object((uintptr_t)tox);
    return toxpy_call_end() ? NULL : (void *)object;
}

void toxpy_set_callback(Tox *tox, int index, int packet_id, void (*callback)(void))
{
    if (tox != NULL && toxpy_call_begin()) {
        py_tox_set_callback((uintptr_t)tox, index, packet_id, (uintptr_t)callback);
        toxpy_call_end();
    }
}

void tox_callback_friend_lossy_packet_per_pktid(Tox *tox, tox_friend_lossy_packet_cb *callback, uint8_t pktid)
{
    toxpy_set_callback(tox, TOXPY_CALLBACK_FRIEND_LOSSY_PACKET, pktid, (void (*)(void))callback);
}

void tox_callback_friend_lossless_packet_per_pktid(Tox *tox, tox_friend_lossless_packet_cb *callback,
                                                   uint8_t pktid)
{
    toxpy_set_callback(tox, TOXPY_CALLBACK_FRIEND_LOSSLESS_PACKET, pktid, (void (*)(void))callback);
}
