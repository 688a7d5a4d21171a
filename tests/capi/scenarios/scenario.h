/* Frame of the C scenarios: alice and bob run in a process each, every process with its own
 * libtoxcore.so.2 (chosen by TOX_LIB_ALICE and TOX_LIB_BOB), and talk to each other through a socket
 * pair for what users would tell each other by other means: addresses, "your turn", "done". */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <tox/tox.h>

enum { MAX_COMPANIONS = 4, MAX_SEEN = 64, TEXT_SIZE = 1400 };

/* One event as it was seen; unused fields are zero. */
typedef struct Seen {
    uint32_t friend_number; /* or that of the conference */
    uint32_t value; /* status, connection, typing, type, message id or peer of a conference */
    size_t length;
    uint8_t text[TEXT_SIZE];
    uint8_t public_key[TOX_PUBLIC_KEY_SIZE];
} Seen;

typedef struct Seen_List {
    Seen items[MAX_SEEN];
    size_t count; /* seen in all */
    size_t taken; /* handed out by `take` */
} Seen_List;

typedef struct Contact {
    uint8_t dht_id[TOX_PUBLIC_KEY_SIZE];
    uint16_t port;
} Contact;

typedef struct Side {
    const char *name;
    int other; /* the socket to the other side */
    Tox *tox;
    void (*on_iterate)(struct Side *side); /* called in every round, if set */
    void (*on_end)(void);                  /* called when nothing is iterated any more, before tox_kill */
    struct Side *third; /* one more user in this process, see become_friends; who may have one more */
    Tox *companions[MAX_COMPANIONS]; /* plain nodes of this side's library, TOX_NODES_<SIDE> of them or 2 */
    int companion_count;
    Contact node,
        relay; /* after join_network: a companion to bootstrap from; with TOX_RELAY also the relay */
    Seen_List requests, messages, receipts, names, status_messages, statuses, typings, connections, lossy,
        lossless;
    Seen_List invites, joined, conference_messages, titles, peer_names, peer_lists;
    struct Group_Lists *groups; /* see groups.h */
    struct Side *beside; /* the side in whose process this instance runs as well */
} Side;

/* Run everything of this side once and sleep a little. */
void side_iterate(Side *side);

/* Stop with a message unless the condition holds. */
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                  \
            scenario_failed();                                                                               \
        }                                                                                                    \
    } while (0)

/* Iterate until the condition holds; stop with a message when `seconds` are over. */
#define UNTIL(side, condition, seconds)                                                                      \
    do {                                                                                                     \
        const uint64_t until_ms = scenario_now_ms() + (uint64_t)(seconds) * 1000;                            \
        while (!(condition)) {                                                                               \
            if (scenario_now_ms() > until_ms) {                                                              \
                fprintf(stderr, "%s:%d: %s waited %d s for: %s\n", __FILE__, __LINE__, (side)->name,         \
                        (int)(seconds), #condition);                                                         \
                scenario_failed();                                                                           \
            }                                                                                                \
            side_iterate(side);                                                                              \
        }                                                                                                    \
    } while (0)

void scenario_failed(void);
uint64_t scenario_now_ms(void);

/* The next event of that list, waiting for it. */
Seen *take(Side *side, Seen_List *list, int seconds);

/* Bytes to and from the other side; receiving iterates meanwhile. */
void tell(Side *side, const void *data, size_t length);
void hear(Side *side, void *data, size_t length);

/* Both sides arrive here before either goes on. */
void meet(Side *side);

/* Bootstrap this side's nodes to the other side's companions. */
void join_network(Side *side);

/* After a restart: know a companion again, and the relay. */
void rejoin(Side *side);

/* No network but the two of us: alice bootstraps to bob. */
void join_each_other(Side *side);

/* Know the other's public key and become friends (number 0) without a request, and get connected. Who is the
 * `third` of somebody starts as well, and is a friend of that one: number 1 there, and 0 the other way. */
void become_friends(Side *side);
void wait_online(Side *side, int seconds);
bool is_online(const Side *side);

/* Alice founds a conference, bob joins on her invitation: number 0 to both, and both see two peers. */
void share_conference(Side *side);
uint32_t peer_count(const Side *side);

/* Kill the instance; start one from `save`. */
uint8_t *get_save(Side *side, size_t *length);
void start_tox(Side *side, const uint8_t *save, size_t length);
void restart(Side *side);

/* Iterate for a while. */
void run_for(Side *side, int seconds);

void scenario_alice(Side *side);
void scenario_bob(Side *side);

#endif
