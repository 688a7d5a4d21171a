/* Calls with bad arguments about a friend who is online, one line of transcript each: what was called, the
 * result, the error code. Run against the real library and ours, the transcripts must be equal. */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tox/tox.h>

#include "../host/check.h"

/* the onion needs some nodes around */
enum { NODES = 6, CHUNK = 1371, PASSES = 9000 };

static Tox *nodes[NODES];
static uint8_t bytes[2000];
static int error;

#define AT ((void *)&error)
#define CALL(call)                                                                                           \
    do {                                                                                                     \
        error = -1;                                                                                          \
        const int64_t result = (int64_t)(call);                                                              \
        printf("%s = %" PRId64 " error %d\n", #call, result, error);                                         \
    } while (0)

/* What the friend was told: offers, the last offer, controls, chunks. */
static int offers, controls, chunks;
static uint32_t offered;

static void on_offer(Tox *tox, uint32_t friend_number, uint32_t number, uint32_t kind, uint64_t size,
                     const uint8_t *name, size_t length, void *user_data)
{
    (void)tox;
    (void)friend_number;
    (void)kind;
    (void)size;
    (void)name;
    (void)length;
    (void)user_data;
    offered = number;
    ++offers;
}

static void on_control(Tox *tox, uint32_t friend_number, uint32_t number, TOX_FILE_CONTROL control,
                       void *user_data)
{
    (void)tox;
    (void)friend_number;
    (void)number;
    (void)control;
    (void)user_data;
    ++controls;
}

static void on_chunk(Tox *tox, uint32_t friend_number, uint32_t number, uint64_t position,
                     const uint8_t *data, size_t length, void *user_data)
{
    (void)tox;
    (void)friend_number;
    (void)number;
    (void)position;
    (void)data;
    (void)length;
    (void)user_data;
    ++chunks;
}

static void pass(void)
{
    const struct timespec pause = {0, 5000000};
    for (int i = 0; i < NODES; ++i) {
        tox_iterate(nodes[i], NULL);
    }
    nanosleep(&pause, NULL);
}

#define UNTIL(condition)                                                                                     \
    do {                                                                                                     \
        int passes = 0;                                                                                      \
        while (!(condition)) {                                                                               \
            CHECK(passes++ < PASSES);                                                                        \
            pass();                                                                                          \
        }                                                                                                    \
    } while (0)

/* Let everything that is on its way arrive: the friend has got a packet that was sent behind it. */
static int marks;

static void on_packet(Tox *tox, uint32_t friend_number, const uint8_t *data, size_t length, void *user_data)
{
    (void)tox;
    (void)friend_number;
    (void)user_data;
    marks += length == 4 && data[0] == 161;
}

static void settle(Tox *from)
{
    const int before = marks;
    CHECK(tox_friend_send_lossless_packet(from, 0,
                                          (const uint8_t *)"\xa1"
                                                           "end",
                                          4, NULL));
    UNTIL(marks > before);
}

static void start(void)
{
    for (int i = 0; i < NODES; ++i) {
        struct Tox_Options *options = tox_options_new(NULL);
        tox_options_set_local_discovery_enabled(options, false);
        nodes[i] = tox_new(options, NULL);
        tox_options_free(options);
        CHECK(nodes[i] != NULL);
        if (i > 0) {
            uint8_t id[TOX_PUBLIC_KEY_SIZE];
            tox_self_get_dht_id(nodes[i - 1], id);
            CHECK(tox_bootstrap(nodes[i], "127.0.0.1", tox_self_get_udp_port(nodes[i - 1], NULL), id, NULL));
        }
    }
    for (int i = 0; i < 2; ++i) {
        uint8_t key[TOX_PUBLIC_KEY_SIZE];
        tox_self_get_public_key(nodes[1 - i], key);
        CHECK(tox_friend_add_norequest(nodes[i], key, NULL) == 0);
        tox_callback_file_recv(nodes[i], on_offer);
        tox_callback_file_recv_control(nodes[i], on_control);
        tox_callback_file_recv_chunk(nodes[i], on_chunk);
        tox_callback_friend_lossless_packet(nodes[i], on_packet);
    }
    UNTIL(tox_friend_get_connection_status(nodes[0], 0, NULL)
          && tox_friend_get_connection_status(nodes[1], 0, NULL));
    settle(nodes[0]);
    settle(nodes[1]);
}

static void messages(Tox *tox)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    CALL(tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, bytes, 1372, AT) != 0);
    CALL(tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_ACTION, bytes, 1, AT) != 0);
    CALL(tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, bytes, 1373, AT));
    CALL(tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, bytes, 0, AT));
    CALL(tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, NULL, 0, AT));
    CALL(tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, NULL, 3, AT));
    CALL(tox_self_set_typing(tox, 0, true, AT));
    CALL(tox_self_set_typing(tox, 0, false, AT));
    tox_self_get_address(nodes[1], address);
    CALL(tox_friend_add(tox, address, bytes, 5, AT));
    CALL(tox_friend_add_norequest(tox, address, AT));
    CALL(tox_friend_get_connection_status(tox, 0, AT));
    CALL(tox_friend_get_last_online(tox, 0, AT) > 1000000);
    CALL(tox_friend_get_name_size(tox, 0, AT));
    CALL(tox_friend_get_status_message_size(tox, 0, AT));
}

static void packets(Tox *tox)
{
    for (int first = 0; first < 256; ++first) {
        printf("first byte %d\n", first);
        bytes[0] = (uint8_t)first;
        CALL(tox_friend_send_lossless_packet(tox, 0, bytes, 2, AT));
        CALL(tox_friend_send_lossy_packet(tox, 0, bytes, 2, AT));
        CALL(tox_friend_send_lossless_packet(tox, 0, bytes, 1374, AT));
        CALL(tox_friend_send_lossy_packet(tox, 0, bytes, 1374, AT));
        CALL(tox_friend_send_lossless_packet(tox, 0, bytes, 0, AT));
        CALL(tox_friend_send_lossy_packet(tox, 0, bytes, 0, AT));
    }
    CALL(tox_friend_send_lossless_packet(tox, 0, NULL, 1, AT));
    CALL(tox_friend_send_lossy_packet(tox, 0, NULL, 0, AT));
    bytes[0] = 160;
    CALL(tox_friend_send_lossless_packet(tox, 0, bytes, 1373, AT));
    bytes[0] = 200;
    CALL(tox_friend_send_lossy_packet(tox, 0, bytes, 1373, AT));
}

static void all_about(Tox *tox, uint32_t number)
{
    static const uint64_t positions[] = {0, 1, CHUNK, 4999, 5000, 5001, UINT64_MAX};
    uint8_t id[TOX_FILE_ID_LENGTH];
    printf("file %" PRIu32 "\n", number);
    CALL(tox_file_get_file_id(tox, 0, number, id, AT));
    CALL(tox_file_get_file_id(tox, 0, number, NULL, AT));
    for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); ++i) {
        CALL(tox_file_seek(tox, 0, number, positions[i], AT));
    }
    CALL(tox_file_send_chunk(tox, 0, number, 1, bytes, CHUNK, AT));
    CALL(tox_file_send_chunk(tox, 0, number, 0, bytes, CHUNK + 1, AT));
    CALL(tox_file_send_chunk(tox, 0, number, 0, bytes, 5, AT));
    CALL(tox_file_send_chunk(tox, 0, number, 0, bytes, 0, AT));
    CALL(tox_file_send_chunk(tox, 0, number, 0, NULL, 0, AT));
}

/* What 0.2.18 does not have, or answers by ending the program. */
static void newer(Tox *tox, uint32_t number)
{
    typedef uint32_t by_id(const Tox *tox, uint32_t friend_number, const uint8_t *id, void *error);
    by_id *find = (by_id *)(uintptr_t)dlsym(RTLD_DEFAULT, "tox_file_by_id");
    if (find == NULL) {
        return;
    }
    enum { OK, IS_NULL, FRIEND_NOT_FOUND, NOT_FOUND };
    uint8_t id[TOX_FILE_ID_LENGTH];
    CHECK(tox_file_get_file_id(tox, 0, number, id, NULL));
    CHECK(find(tox, 0, id, AT) == number && error == OK && find(tox, 0, id, NULL) == number);
    CHECK(find(tox, 0, NULL, AT) == UINT32_MAX && error == IS_NULL);
    CHECK(find(tox, 5, id, AT) == UINT32_MAX && error == FRIEND_NOT_FOUND);
    id[0] ^= 1;
    CHECK(find(tox, 0, id, AT) == UINT32_MAX && error == NOT_FOUND);
    CHECK(!tox_file_send_chunk(tox, 0, number, 0, NULL, 5, AT) && error == TOX_ERR_FILE_SEND_CHUNK_NULL);
}

#define CONTROL(tox, number, what) CALL(tox_file_control(tox, 0, number, TOX_FILE_CONTROL_##what, AT))

static void one_file(Tox *ann, Tox *bob)
{
    offers = 0;
    CALL(tox_file_send(ann, 0, 0, 5000, NULL, bytes, 256, AT));
    CALL(tox_file_send(ann, 0, 0, 5000, NULL, NULL, 1, AT));
    CALL(tox_file_send(ann, 0, 77, 5000, NULL, bytes, 255, AT));
    all_about(ann, 0);
    newer(ann, 0);
    CONTROL(ann, 0, RESUME);
    UNTIL(offers == 1);
    printf("offered %" PRIu32 "\n", offered);
    CONTROL(bob, offered, PAUSE);
    CONTROL(bob, offered, PAUSE);
    all_about(bob, offered);
    newer(bob, offered);
    CONTROL(bob, 0, RESUME);
    CALL(tox_file_seek(bob, 0, offered, 0, AT));
    controls = 0;
    CONTROL(bob, offered, RESUME);
    CONTROL(bob, offered, RESUME);
    UNTIL(controls > 0);
    settle(bob);
    all_about(ann, 0);
    all_about(bob, offered);
    CALL(tox_file_send_chunk(ann, 0, 0, 0, bytes, CHUNK, AT));
    CALL(tox_file_send_chunk(ann, 0, 0, 0, bytes, CHUNK, AT));
    CALL(tox_file_send_chunk(ann, 0, 0, CHUNK, bytes, CHUNK, AT));
    CALL(tox_file_send_chunk(ann, 0, 0, 2 * CHUNK, bytes, 5, AT));
    CALL(tox_file_send_chunk(ann, 0, 0, 2 * CHUNK, bytes, CHUNK, AT));
    CALL(tox_file_send_chunk(ann, 0, 0, 3 * CHUNK, bytes, CHUNK, AT));
    CONTROL(ann, 0, PAUSE);
    CONTROL(ann, 0, PAUSE);
    CALL(tox_file_send_chunk(ann, 0, 0, 3 * CHUNK, bytes, 5000 - 3 * CHUNK, AT));
    settle(ann);
    CONTROL(bob, offered, RESUME);
    CONTROL(bob, offered, PAUSE);
    CONTROL(bob, offered, RESUME);
    settle(bob);
    CONTROL(ann, 0, RESUME);
    CALL(tox_file_send_chunk(ann, 0, 0, 3 * CHUNK, bytes, 5000 - 3 * CHUNK, AT));
    CALL(tox_file_send_chunk(ann, 0, 0, 5000, bytes, 0, AT));
    UNTIL(chunks == 5); /* the last says that it is complete */
    settle(ann);
    settle(bob);
    all_about(bob, offered);
    CONTROL(bob, offered, CANCEL);
    CONTROL(ann, 0, CANCEL);
}

/* The user of the sender cancels before anybody accepted, the user of the receiver refuses. */
static void cancelled(Tox *ann, Tox *bob)
{
    for (int refused = 0; refused < 2; ++refused) {
        offers = controls = 0;
        error = -1;
        const uint32_t number = tox_file_send(ann, 0, 0, 5000, NULL, bytes, 3, AT);
        CHECK(error == 0);
        UNTIL(offers == 1);
        if (refused == 0) {
            CALL(tox_file_control(ann, 0, number, TOX_FILE_CONTROL_CANCEL, AT));
        } else {
            CALL(tox_file_control(bob, 0, offered, TOX_FILE_CONTROL_CANCEL, AT));
        }
        UNTIL(controls == 1);
        CALL(tox_file_control(ann, 0, number, TOX_FILE_CONTROL_CANCEL, AT));
        CALL(tox_file_control(bob, 0, offered, TOX_FILE_CONTROL_RESUME, AT));
        CALL(tox_file_send_chunk(ann, 0, number, 0, bytes, CHUNK, AT));
        CALL(tox_file_seek(bob, 0, offered, 0, AT));
    }
}

static void too_many(Tox *ann)
{
    int sent = 0;
    do {
        error = -1;
        tox_file_send(ann, 0, 0, 5000, NULL, bytes, 3, AT);
        ++sent;
    } while (error == 0 && sent < 300);
    printf("offer %d: error %d\n", sent, error);
}

/* One file that ann sends and bob has accepted, and one that bob offers. */
static uint32_t sending;

static void two_ways(Tox *ann, Tox *bob)
{
    offers = controls = 0;
    sending = tox_file_send(ann, 0, 0, 5000, NULL, bytes, 3, NULL);
    UNTIL(offers == 1);
    CHECK(tox_file_control(bob, 0, offered, TOX_FILE_CONTROL_RESUME, NULL));
    UNTIL(controls == 1);
    CHECK(tox_file_send(bob, 0, 0, 5000, NULL, bytes, 3, NULL) != UINT32_MAX);
    UNTIL(offers == 2);
}

/* Nothing is sent to the network meanwhile, so the queue is full in the end. */
static void full_queue(Tox *ann)
{
    int sent = 0;
    do {
        error = -1;
        tox_friend_send_message(ann, 0, TOX_MESSAGE_TYPE_NORMAL, bytes, 1, AT);
    } while (error == 0 && ++sent < 100000);
    printf("messages until error %d\n", error);
    /* messages are refused earlier than what keeps a file going: fill the rest with that */
    do {
        tox_file_seek(ann, 0, offered, 5, AT);
    } while (error == 0 && ++sent < 100000);
    printf("positions until error %d\n", error);
    bytes[0] = 160;
    CALL(tox_friend_send_lossless_packet(ann, 0, bytes, 1, AT));
    CALL(tox_self_set_typing(ann, 0, true, AT));
    CALL(tox_file_control(ann, 0, sending == 7 ? 8 : 7, TOX_FILE_CONTROL_PAUSE, AT));
    CALL(tox_file_control(ann, 0, sending, TOX_FILE_CONTROL_PAUSE, AT));
    CALL(tox_file_control(ann, 0, sending, TOX_FILE_CONTROL_CANCEL, AT));
    CALL(tox_file_control(ann, 0, offered, TOX_FILE_CONTROL_RESUME, AT));
    CALL(tox_file_seek(ann, 0, offered, 5, AT));
    CALL(tox_file_seek(ann, 0, offered, 5000, AT));
    CALL(tox_file_send_chunk(ann, 0, sending, 0, bytes, CHUNK, AT));
    CALL(tox_file_send_chunk(ann, 0, sending, 1, bytes, CHUNK, AT));
}

int main(void)
{
    memset(bytes, 'x', sizeof(bytes));
    start();
    Tox *ann = nodes[0], *bob = nodes[1];
    messages(ann);
    packets(ann);
    settle(ann);
    one_file(ann, bob);
    cancelled(ann, bob);
    two_ways(ann, bob);
    too_many(ann);
    full_queue(ann);
    for (int i = 0; i < NODES; ++i) {
        tox_kill(nodes[i]);
    }
    return 0;
}
