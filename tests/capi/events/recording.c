/* tox_events_init() and tox_events_iterate(): what is recorded, what is called back, and memory that runs out. */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <tox/tox.h>
#include <tox/tox_events.h>
#include <tox/tox_private.h>

#include "../host/check.h"

/* the network around: an instance is connected when the onion works */
enum { HUBS = 5 };
static Tox *hubs[HUBS];
static int called;
static Tox *nested;
static Tox_Events *from_nested;

static Tox *make(void)
{
    Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    CHECK(tox != NULL);
    return tox;
}

/* Record all but what the DHT is told, which comes all the time. */
static void record(Tox *tox)
{
    tox_events_init(tox);
    tox_callback_dht_nodes_response(tox, NULL);
}

static void join(Tox *tox, Tox *other)
{
    uint8_t id[TOX_DHT_ID_SIZE];
    tox_self_get_dht_id(other, id);
    CHECK(tox_bootstrap(tox, "127.0.0.1", tox_self_get_udp_port(other, NULL), id, NULL));
}

static void serve_hubs(void)
{
    for (int i = 0; i < HUBS; i++) {
        tox_iterate(hubs[i], NULL);
    }
    struct timespec pause = {0, 10000000};
    nanosleep(&pause, NULL);
}

static void on_status(Tox *tox, Tox_Connection status, void *user_data)
{
    (void)tox;
    CHECK(status != TOX_CONNECTION_NONE && user_data == NULL);
    called++;
}

/* An iteration of another instance inside: its events do not get mixed up with ours. */
static void on_status_nested(Tox *tox, Tox_Connection status, void *user_data)
{
    on_status(tox, status, user_data);
    for (int i = 0; i < 500 && from_nested == NULL; i++) {
        from_nested = tox_events_iterate(nested, NULL, NULL);
        serve_hubs();
    }
}

/* The events of the first iteration that has some. Our own connection is the only thing that happens here. */
static Tox_Events *first_events(Tox *tox, const Tox_Iterate_Options *options, Tox_Err_Events_Iterate *error)
{
    int before = called;
    for (int i = 0; i < 1000; i++) {
        serve_hubs();
        Tox_Events *events = tox_events_iterate(tox, options, error);
        if (events != NULL || *error != TOX_ERR_EVENTS_ITERATE_OK || called != before) {
            return events;
        }
    }
    return NULL;
}

static void check_status(const Tox_Events *events)
{
    CHECK(tox_events_get_size(events) == 1);
    const Tox_Event *event = tox_events_get(events, 0);
    CHECK(tox_event_get_type(event) == TOX_EVENT_SELF_CONNECTION_STATUS);
    CHECK(tox_event_self_connection_status_get_connection_status(tox_event_get_self_connection_status(event))
          != TOX_CONNECTION_NONE);
}

int main(void)
{
    Tox_Err_Events_Iterate error = (Tox_Err_Events_Iterate)-1;
    CHECK(tox_events_iterate(NULL, NULL, &error) == NULL && error == TOX_ERR_EVENTS_ITERATE_MALLOC);

    for (int i = 0; i < HUBS; i++) {
        hubs[i] = make();
        if (i != 0) {
            join(hubs[i], hubs[i - 1]);
        }
    }
    /* recorded; and the events outlive the instance */
    Tox *tox = make();
    tox_callback_self_connection_status(tox, on_status);
    record(tox);
    join(tox, hubs[0]);
    Tox_Events *events = first_events(tox, NULL, &error);
    tox_kill(tox);
    CHECK(error == TOX_ERR_EVENTS_ITERATE_OK && called == 0);
    check_status(events);
    tox_events_free(events);
    CHECK(tox_events_iterate(tox, NULL, &error) == NULL && error == TOX_ERR_EVENTS_ITERATE_MALLOC);

    /* without tox_events_init(), or with a callback set after it, the callback gets its event */
    for (int init = 0; init < 2; init++) {
        tox = make();
        if (init == 1) {
            record(tox);
        }
        tox_callback_self_connection_status(tox, on_status);
        join(tox, hubs[0]);
        events = first_events(tox, NULL, &error);
        CHECK(events == NULL && error == TOX_ERR_EVENTS_ITERATE_OK && called == init + 1);
        tox_kill(tox);
    }

    /* a plain tox_iterate() has nowhere to record to */
    tox = make();
    record(tox);
    join(tox, hubs[0]);
    for (int i = 0; i < 1000 && tox_self_get_connection_status(tox) == TOX_CONNECTION_NONE; i++) {
        serve_hubs();
        tox_iterate(tox, &called);
    }
    CHECK(tox_self_get_connection_status(tox) != TOX_CONNECTION_NONE);
    CHECK(tox_events_iterate(tox, NULL, &error) == NULL && error == TOX_ERR_EVENTS_ITERATE_OK);
    tox_kill(tox);

    /* one inside the other */
    tox = make();
    nested = make();
    record(tox);
    record(nested);
    tox_callback_self_connection_status(tox, on_status_nested);
    join(tox, hubs[0]);
    join(nested, hubs[1]);
    events = first_events(tox, NULL, &error);
    CHECK(events == NULL && error == TOX_ERR_EVENTS_ITERATE_OK);
    check_status(from_nested);
    tox_events_free(from_nested);
    tox_kill(nested);
    tox_kill(tox);

    /* out of memory, at each of the three places: the event is lost, and the instance goes on */
    Tox_Iterate_Options *options = tox_iterate_options_new(NULL);
    for (int after = 0; after < 6; after++) {
        tox_iterate_options_set_fail_hard(options, after % 2 == 1);
        tox = make();
        record(tox);
        join(tox, hubs[0]);
        long blocks = memory_blocks;
        memory_refuse_after = after / 2;
        events = first_events(tox, options, &error);
        memory_refuse_after = -1;
        CHECK(error == TOX_ERR_EVENTS_ITERATE_MALLOC);
        CHECK(tox_events_get_size(events) == 0 && (after % 2 == 0 || events == NULL));
        tox_events_free(events);
        CHECK(memory_blocks == blocks);
        events = tox_events_iterate(tox, options, &error);
        CHECK(events == NULL && error == TOX_ERR_EVENTS_ITERATE_OK);
        tox_kill(tox);
    }
    tox_iterate_options_free(options);
    for (int i = 0; i < HUBS; i++) {
        tox_kill(hubs[i]);
    }
    puts("ok");
    return 0;
}
