/* leaves HOST udp|tcp: what a call sends has left when the call returns. Whoever made the call does not iterate
 * until the other side has what was sent. And while this goes on, tox_iteration_interval() is short. */
#include <string.h>
#include <time.h>
#include <tox/tox.h>

#include "check.h"

enum { RELAY_PORT = 33999, LIMIT_S = 100, FILE_SIZE = 100000, CHUNK = 1371 };

struct peer {
    Tox *tox;
    int messages, typings, lossy, lossless, files, controls, chunks, requests, names;
    uint32_t file_number;
    uint64_t position;
    size_t length;
};

static struct peer alice, bob;
static Tox *node;

static void on_message(Tox *tox, Tox_Friend_Number friend_number, Tox_Message_Type type,
                       const uint8_t *message, size_t length, void *peer)
{
    (void)tox, (void)friend_number, (void)type, (void)message, (void)length;
    ((struct peer *)peer)->messages++;
}

static void on_typing(Tox *tox, Tox_Friend_Number friend_number, bool typing, void *peer)
{
    (void)tox, (void)friend_number, (void)typing;
    ((struct peer *)peer)->typings++;
}

static void on_lossy(Tox *tox, Tox_Friend_Number friend_number, const uint8_t *data, size_t length,
                     void *peer)
{
    (void)tox, (void)friend_number, (void)data, (void)length;
    ((struct peer *)peer)->lossy++;
}

static void on_lossless(Tox *tox, Tox_Friend_Number friend_number, const uint8_t *data, size_t length,
                        void *peer)
{
    (void)tox, (void)friend_number, (void)data, (void)length;
    ((struct peer *)peer)->lossless++;
}

static void on_name(Tox *tox, Tox_Friend_Number friend_number, const uint8_t *name, size_t length, void *peer)
{
    (void)tox, (void)friend_number, (void)name, (void)length;
    ((struct peer *)peer)->names++;
}

static void on_file(Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number, uint32_t kind,
                    uint64_t size, const uint8_t *name, size_t length, void *peer)
{
    (void)tox, (void)friend_number, (void)kind, (void)size, (void)name, (void)length;
    ((struct peer *)peer)->files++;
    ((struct peer *)peer)->file_number = file_number;
}

static void on_control(Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number,
                       Tox_File_Control control, void *peer)
{
    (void)tox, (void)friend_number, (void)file_number, (void)control;
    ((struct peer *)peer)->controls++;
}

static void on_request(Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number,
                       uint64_t position, size_t length, void *user_data)
{
    (void)tox, (void)friend_number;
    struct peer *peer = (struct peer *)user_data;
    if (peer->requests++ == 0) {
        peer->file_number = file_number;
        peer->position = position;
        peer->length = length;
    }
}

static void on_chunk(Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number,
                     uint64_t position, const uint8_t *data, size_t length, void *peer)
{
    (void)tox, (void)friend_number, (void)file_number, (void)position, (void)data, (void)length;
    ((struct peer *)peer)->chunks++;
}

static Tox *start(bool udp, uint16_t tcp_port)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_ipv6_enabled(options, false);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_udp_enabled(options, udp);
    tox_options_set_tcp_port(options, tcp_port);
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    CHECK(tox != NULL);
    return tox;
}

static void start_peer(struct peer *peer, bool udp, const char *host)
{
    uint8_t node_key[TOX_PUBLIC_KEY_SIZE];
    peer->tox = start(udp, 0);
    tox_callback_friend_message(peer->tox, on_message);
    tox_callback_friend_typing(peer->tox, on_typing);
    tox_callback_friend_lossy_packet(peer->tox, on_lossy);
    tox_callback_friend_lossless_packet(peer->tox, on_lossless);
    tox_callback_friend_name(peer->tox, on_name);
    tox_callback_file_recv(peer->tox, on_file);
    tox_callback_file_recv_control(peer->tox, on_control);
    tox_callback_file_recv_chunk(peer->tox, on_chunk);
    tox_callback_file_chunk_request(peer->tox, on_request);
    tox_self_get_dht_id(node, node_key);
    CHECK(tox_bootstrap(peer->tox, host, tox_self_get_udp_port(node, NULL), node_key, NULL));
    if (!udp) {
        CHECK(tox_add_tcp_relay(peer->tox, host, RELAY_PORT, node_key, NULL));
    }
}

static void befriend(struct peer *one, struct peer *other)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_public_key(other->tox, key);
    CHECK(tox_friend_add_norequest(one->tox, key, NULL) == 0);
}

static void rest_ms(long duration_ms)
{
    struct timespec pause = {0, duration_ms * 1000000};
    nanosleep(&pause, NULL);
}

/* Let one side and the node run, or both sides when `peer` is NULL, until the number is reached. */
static void until(struct peer *peer, const int *number, int wanted)
{
    time_t end = time(NULL) + LIMIT_S;
    while (*number < wanted) {
        CHECK(time(NULL) < end);
        tox_iterate(node, NULL);
        if (peer != NULL) {
            tox_iterate(peer->tox, peer);
        } else {
            tox_iterate(alice.tox, &alice);
            tox_iterate(bob.tox, &bob);
        }
        rest_ms(1);
    }
}

static void wait_online(Tox_Connection connection)
{
    time_t end = time(NULL) + LIMIT_S;
    while (tox_friend_get_connection_status(alice.tox, 0, NULL) != connection
           || tox_friend_get_connection_status(bob.tox, 0, NULL) != connection) {
        CHECK(time(NULL) < end);
        tox_iterate(node, NULL);
        tox_iterate(alice.tox, &alice);
        tox_iterate(bob.tox, &bob);
        rest_ms(5);
    }
    for (int i = 0; i < 200; i++) {
        tox_iterate(node, NULL);
        tox_iterate(alice.tox, &alice);
        tox_iterate(bob.tox, &bob);
        rest_ms(1);
    }
}

int main(int argc, char **argv)
{
    static const uint8_t lossy[] = {200, 1}, lossless[] = {160, 1};
    static uint8_t chunk[CHUNK];
    CHECK(argc == 3);
    bool udp = strcmp(argv[2], "udp") == 0;
    node = start(true, RELAY_PORT);
    start_peer(&alice, udp, argv[1]);
    start_peer(&bob, udp, argv[1]);
    befriend(&alice, &bob);
    befriend(&bob, &alice);
    wait_online(udp ? TOX_CONNECTION_UDP : TOX_CONNECTION_TCP);

    CHECK(tox_friend_send_message(alice.tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"hi", 2, NULL)
          != 0);
    until(&bob, &bob.messages, 1);
    CHECK(tox_iteration_interval(alice.tox) <= 5 && tox_iteration_interval(bob.tox) <= 5);
    CHECK(tox_self_set_typing(alice.tox, 0, true, NULL));
    until(&bob, &bob.typings, 2);
    CHECK(tox_friend_send_lossy_packet(alice.tox, 0, lossy, sizeof lossy, NULL));
    until(&bob, &bob.lossy, 1);
    CHECK(tox_friend_send_lossless_packet(alice.tox, 0, lossless, sizeof lossless, NULL));
    until(&bob, &bob.lossless, 1);
    int names = bob.names;
    CHECK(tox_self_set_name(alice.tox, (const uint8_t *)"alice", 5, NULL));
    until(&bob, &bob.names, names + 1);

    uint32_t file =
        tox_file_send(alice.tox, 0, TOX_FILE_KIND_DATA, FILE_SIZE, NULL, (const uint8_t *)"f", 1, NULL);
    CHECK(file != UINT32_MAX);
    until(&bob, &bob.files, 1);
    CHECK(tox_file_control(bob.tox, 0, bob.file_number, TOX_FILE_CONTROL_RESUME, NULL));
    until(&alice, &alice.controls, 1);
    until(NULL, &alice.requests, 1);
    CHECK(alice.length == CHUNK);
    CHECK(tox_file_send_chunk(alice.tox, 0, file, alice.position, chunk, alice.length, NULL));
    until(&bob, &bob.chunks, 1);
    CHECK(tox_file_control(bob.tox, 0, bob.file_number, TOX_FILE_CONTROL_CANCEL, NULL));
    until(&alice, &alice.controls, 2);

    tox_kill(alice.tox);
    tox_kill(bob.tox);
    tox_kill(node);
    puts("ok");
    return 0;
}
