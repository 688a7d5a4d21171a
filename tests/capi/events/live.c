/* Two friends who only look at recorded events: a request, presence, messages, packets and a file.
 *
 * Runs on c-toxcore as well: dump.h, made by packing.py, brings the functions that not every version has. What each of
 * them saw is printed at the end, by kind: the library compared with reports the same.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tox/tox.h>
#include <tox/tox_events.h>

#include "../host/check.h"

/* the onion needs some nodes around */
enum { NODES = 6, LINES = 64, LONGEST = 200 };

static const uint8_t DATA[] = "0123456789";

struct friend_side {
    const char *name;
    Tox *tox;
    char seen[LINES][LONGEST];
    int lines;
    bool online, done;
};

/* the line that dump() is at */
static struct friend_side *seeing;
static char line[LONGEST];

static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t used = strlen(line);
    CHECK((size_t)vsnprintf(line + used, LONGEST - used, format, arguments) < LONGEST - used);
    va_end(arguments);
}

static void say_bytes(const char *name, const uint8_t *bytes, uint32_t length)
{
    say(" %s=%u:", name, (unsigned)length);
    for (uint32_t i = 0; i < length; i++) {
        say("%02x", bytes[i]);
    }
}

/* Each line once: presence is told again whenever the way between the two changes. */
static void end_of_event(void)
{
    bool known = false;
    for (int i = 0; i < seeing->lines; i++) {
        known |= strcmp(seeing->seen[i], line) == 0;
    }
    if (!known) {
        CHECK(seeing->lines < LINES);
        strcpy(seeing->seen[seeing->lines++], line);
    }
    line[0] = '\0';
}

#include "dump.h"

static void answer(struct friend_side *side, const Tox_Events *events)
{
    Tox *tox = side->tox;
    if (tox_events_get_friend_request_size(events) != 0) {
        const Tox_Event_Friend_Request *request = tox_events_get_friend_request(events, 0);
        CHECK(tox_friend_add_norequest(tox, tox_event_friend_request_get_public_key(request), NULL) == 0);
    }
    for (uint32_t i = 0; i < tox_events_get_friend_connection_status_size(events); i++) {
        const Tox_Event_Friend_Connection_Status *status = tox_events_get_friend_connection_status(events, i);
        side->online =
            tox_event_friend_connection_status_get_connection_status(status) != TOX_CONNECTION_NONE;
    }
    for (uint32_t i = 0; i < tox_events_get_file_recv_size(events); i++) {
        const Tox_Event_File_Recv *file = tox_events_get_file_recv(events, i);
        CHECK(tox_file_control(tox, tox_event_file_recv_get_friend_number(file),
                               tox_event_file_recv_get_file_number(file), TOX_FILE_CONTROL_RESUME, NULL));
    }
    for (uint32_t i = 0; i < tox_events_get_file_chunk_request_size(events); i++) {
        const Tox_Event_File_Chunk_Request *want = tox_events_get_file_chunk_request(events, i);
        uint64_t position = tox_event_file_chunk_request_get_position(want);
        uint16_t length = tox_event_file_chunk_request_get_length(want);
        side->done |= length == 0;
        CHECK(position + length <= sizeof DATA - 1);
        CHECK(length == 0
              || tox_file_send_chunk(tox, 0, tox_event_file_chunk_request_get_file_number(want), position,
                                     DATA + position, length, NULL));
    }
    for (uint32_t i = 0; i < tox_events_get_file_recv_chunk_size(events); i++) {
        side->done |= tox_event_file_recv_chunk_get_length(tox_events_get_file_recv_chunk(events, i)) == 0;
    }
}

static void iterate(struct friend_side *side)
{
    Tox_Err_Events_Iterate error = (Tox_Err_Events_Iterate)-1;
    Tox_Events *events = tox_events_iterate(side->tox, NULL, &error);
    CHECK(error == TOX_ERR_EVENTS_ITERATE_OK);
    seeing = side;
    dump(events);
    answer(side, events);
    tox_events_free(events);
}

static Tox *make(void)
{
    Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    CHECK(tox != NULL);
    return tox;
}

static void step(Tox **others, struct friend_side *ann, struct friend_side *bob)
{
    for (int i = 2; i < NODES; i++) {
        tox_iterate(others[i], NULL);
    }
    iterate(ann);
    iterate(bob);
    struct timespec pause = {0, 10000000};
    nanosleep(&pause, NULL);
}

static void talk(Tox *ann)
{
    CHECK(tox_friend_send_message(ann, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"hello", 5, NULL) != 0);
    CHECK(tox_friend_send_message(ann, 0, TOX_MESSAGE_TYPE_ACTION, (const uint8_t *)"waves", 5, NULL) != 0);
    CHECK(tox_friend_send_lossless_packet(ann, 0, (const uint8_t *)"\xa0sure", 5, NULL));
    CHECK(tox_friend_send_lossy_packet(ann, 0, (const uint8_t *)"\xc8maybe", 6, NULL));
    CHECK(tox_self_set_typing(ann, 0, true, NULL));
    CHECK(tox_self_set_name(ann, (const uint8_t *)"Ann A.", 6, NULL));
    CHECK(tox_self_set_status_message(ann, (const uint8_t *)"here", 4, NULL));
    tox_self_set_status(ann, TOX_USER_STATUS_BUSY);
    CHECK(
        tox_file_send(ann, 0, TOX_FILE_KIND_DATA, sizeof DATA - 1, NULL, (const uint8_t *)"ten.txt", 7, NULL)
        == 0);
}

int main(void)
{
    Tox *nodes[NODES];
    for (int i = 0; i < NODES; i++) {
        nodes[i] = make();
    }
    for (int i = 1; i < NODES; i++) {
        uint8_t id[TOX_DHT_ID_SIZE];
        tox_self_get_dht_id(nodes[i - 1], id);
        CHECK(tox_bootstrap(nodes[i], "127.0.0.1", tox_self_get_udp_port(nodes[i - 1], NULL), id, NULL));
    }
    static struct friend_side ann = {.name = "ann"}, bob = {.name = "bob"};
    ann.tox = nodes[0];
    bob.tox = nodes[1];
    tox_events_init(ann.tox);
    tox_events_init(bob.tox);
    CHECK(tox_self_set_name(ann.tox, (const uint8_t *)"Ann", 3, NULL));
    CHECK(tox_self_set_name(bob.tox, (const uint8_t *)"Bob", 3, NULL));
    uint8_t address[TOX_ADDRESS_SIZE];
    tox_self_get_address(bob.tox, address);
    CHECK(tox_friend_add(ann.tox, address, (const uint8_t *)"please", 6, NULL) == 0);

    for (int i = 0; i < 9000 && !(ann.online && bob.online); i++) {
        step(nodes, &ann, &bob);
    }
    CHECK(ann.online && bob.online);
    talk(ann.tox);
    for (int i = 0; i < 3000 && !(ann.done && bob.done); i++) {
        step(nodes, &ann, &bob);
    }
    CHECK(ann.done && bob.done);
    for (int i = 0; i < 100; i++) {
        step(nodes, &ann, &bob);
    }
    for (int i = 0; i < ann.lines; i++) {
        printf("ann %s\n", ann.seen[i]);
    }
    for (int i = 0; i < bob.lines; i++) {
        printf("bob %s\n", bob.seen[i]);
    }
    for (int i = 0; i < NODES; i++) {
        tox_kill(nodes[i]);
    }
    return 0;
}
