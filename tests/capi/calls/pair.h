/* Two friends with a ToxAV each, who meet over loopback with some nodes around, and what a caller needs to wait. */
#ifndef CALLS_PAIR_H
#define CALLS_PAIR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <tox/tox.h>
#include <tox/toxav.h>

#include "../host/check.h"
#include "../host/local.h"

/* the onion needs some nodes around */
enum { NODES = 6, ALICE = 0, BOB = 1, LIMIT_S = 60 };

static Tox *nodes[NODES];
static ToxAV *avs[2];

static inline void rest_ms(int ms)
{
    const struct timespec pause = {0, ms * 1000000};
    nanosleep(&pause, NULL);
}

static inline int side_of(const ToxAV *av)
{
    CHECK(av == avs[ALICE] || av == avs[BOB]);
    return av == avs[BOB];
}

/* Wait for `condition` and do `step` meanwhile. */
#define UNTIL(condition, step)                                                                               \
    do {                                                                                                     \
        const time_t end = time(NULL) + LIMIT_S;                                                             \
        while (!(condition)) {                                                                               \
            CHECK(time(NULL) < end);                                                                         \
            step;                                                                                            \
            rest_ms(1);                                                                                      \
        }                                                                                                    \
    } while (0)

static inline void pass(void)
{
    for (int i = 0; i < NODES; i++) {
        tox_iterate(nodes[i], NULL);
    }
}

static inline void meet(bool thread_safe)
{
    for (int i = 0; i < NODES; i++) {
        nodes[i] = new_local(thread_safe, NULL);
        CHECK(nodes[i] != NULL);
        if (i > 0) {
            uint8_t id[TOX_DHT_ID_SIZE];
            tox_self_get_dht_id(nodes[i - 1], id);
            CHECK(tox_bootstrap(nodes[i], "127.0.0.1", tox_self_get_udp_port(nodes[i - 1], NULL), id, NULL));
        }
    }
    for (int i = 0; i < 2; i++) {
        uint8_t key[TOX_PUBLIC_KEY_SIZE];
        tox_self_get_public_key(nodes[1 - i], key);
        CHECK(tox_friend_add_norequest(nodes[i], key, NULL) == 0);
        avs[i] = toxav_new(nodes[i], NULL);
        CHECK(avs[i] != NULL);
    }
    UNTIL(tox_friend_get_connection_status(nodes[ALICE], 0, NULL) == TOX_CONNECTION_UDP
              && tox_friend_get_connection_status(nodes[BOB], 0, NULL) == TOX_CONNECTION_UDP,
          pass());
}

static inline void part(void)
{
    for (int i = 0; i < 2; i++) {
        toxav_kill(avs[i]);
    }
    for (int i = 0; i < NODES; i++) {
        tox_kill(nodes[i]);
    }
}

#endif
