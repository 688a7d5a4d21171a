/* One random schedule of sends, changes, questions and passes of two friends, printed: events, packets and
 * state. With the argument "full" no pass is ever left out, since something changes before each; the two runs must
 * be the same. "paced": when the first packet that waits for its turn leaves. "joining": how long 400 passes take. */
#include <stdio.h>
#include <string.h>
#include <tox/tox.h>

#include "check.h"
#include "fake_world.h"
#include "local.h"

static Tox *toxes[2];
static bool full;
static uint64_t schedule_state = 1;

static void on_message(Tox *tox, uint32_t friend_number, Tox_Message_Type type, const uint8_t *message,
                       size_t length, void *user_data)
{
    (void)friend_number, (void)type, (void)user_data;
    printf("%lld %d message %.*s\n", (long long)fake_ms, tox == toxes[1], (int)length, (const char *)message);
}

static void on_receipt(Tox *tox, uint32_t friend_number, uint32_t number, void *user_data)
{
    (void)friend_number, (void)user_data;
    printf("%lld %d receipt %u\n", (long long)fake_ms, tox == toxes[1], number);
}

static void on_status(Tox *tox, uint32_t friend_number, Tox_Connection status, void *user_data)
{
    (void)friend_number, (void)user_data;
    printf("%lld %d friend %d\n", (long long)fake_ms, tox == toxes[1], (int)status);
}

static void on_packet(Tox *tox, uint32_t friend_number, const uint8_t *data, size_t length, void *user_data)
{
    (void)friend_number, (void)user_data;
    printf("%lld %d packet %d %zu\n", (long long)fake_ms, tox == toxes[1], data[0], length);
}

static void on_name(Tox *tox, uint32_t friend_number, const uint8_t *name, size_t length, void *user_data)
{
    (void)friend_number, (void)name, (void)user_data;
    printf("%lld %d name %zu\n", (long long)fake_ms, tox == toxes[1], length);
}

static void pass(Tox *tox)
{
    if (full) {
        tox_self_set_nospam(tox, tox_self_get_nospam(tox));
    }
    tox_iterate(tox, NULL);
}

static unsigned choose(unsigned limit)
{
    schedule_state = schedule_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(schedule_state >> 33) % limit;
}

static void act(unsigned step)
{
    uint8_t data[TOX_MAX_CUSTOM_PACKET_SIZE] = {0};
    Tox *tox = toxes[choose(2)];
    switch (choose(12)) {
        case 0: {
            char text[32];
            int length = snprintf(text, sizeof text, "%u", step);
            tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)text, (size_t)length,
                                    NULL);
            break;
        }
        case 1:
            /* more than may leave at once */
            for (unsigned i = choose(60); i > 0; i--) {
                data[0] = 160;
                tox_friend_send_lossless_packet(tox, 0, data, sizeof data, NULL);
            }
            break;
        case 2:
            data[0] = 200;
            tox_friend_send_lossy_packet(tox, 0, data, 1 + choose(1000), NULL);
            break;
        case 3:
            tox_self_set_name(tox, data, choose(100), NULL);
            break;
        case 4:
            printf("%zu %d\n", tox_self_get_name_size(tox),
                   (int)tox_friend_get_connection_status(tox, 0, NULL));
            break;
        default:
            pass(tox);
            break;
    }
}

static void meet(void)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    for (int i = 0; i < 2; i++) {
        toxes[i] = new_local(false, NULL);
        CHECK(toxes[i] != NULL);
        tox_callback_friend_message(toxes[i], on_message);
        tox_callback_friend_read_receipt(toxes[i], on_receipt);
        tox_callback_friend_connection_status(toxes[i], on_status);
        tox_callback_friend_lossless_packet(toxes[i], on_packet);
        tox_callback_friend_lossy_packet(toxes[i], on_packet);
        tox_callback_friend_name(toxes[i], on_name);
    }
    for (int i = 0; i < 2; i++) {
        tox_self_get_public_key(toxes[1 - i], key);
        CHECK(tox_friend_add_norequest(toxes[i], key, NULL) == 0);
    }
    tox_self_get_dht_id(toxes[0], key);
    CHECK(tox_bootstrap(toxes[1], "127.0.0.1", tox_self_get_udp_port(toxes[0], NULL), key, NULL));
    for (int i = 0; i < 6000; i++) {
        pass(toxes[0]);
        pass(toxes[1]);
        if (tox_friend_get_connection_status(toxes[0], 0, NULL) != TOX_CONNECTION_NONE
            && tox_friend_get_connection_status(toxes[1], 0, NULL) != TOX_CONNECTION_NONE) {
            return;
        }
        fake_ms += 10;
    }
    CHECK(!"connected");
}

static void random_schedule(unsigned steps)
{
    for (unsigned step = 0; step < steps; step++) {
        /* mostly busy, and now and then so long that timers of every kind fall due */
        fake_ms += choose(40) == 0 ? choose(3000) : choose(8);
        act(step);
        if (step % 50 == 0) {
            printf("%u packets, hash %llx\n", packets, (unsigned long long)packets_hash);
        }
    }
}

static void print_state(Tox *tox)
{
    static uint8_t saved[65536];
    size_t length = tox_get_savedata_size(tox);
    CHECK(length <= sizeof saved);
    tox_get_savedata(tox, saved);
    mix(saved, length);
    printf("state of %zu bytes, hash %llx\n", length, (unsigned long long)packets_hash);
}

/* More packets at once than may leave: the next ones leave after the pace of 3 ms, also if nothing arrives meanwhile. */
static void paced(void)
{
    for (int i = 0; i < 300; i++) {
        fake_ms += 10;
        pass(toxes[0]);
        pass(toxes[1]);
    }
    for (int i = 0; i < 300; i++) {
        CHECK(tox_friend_send_message(toxes[0], 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"m", 1, NULL)
              != 0);
    }
    const int64_t start_ms = fake_ms;
    const unsigned before = packets;
    while (packets == before) {
        fake_ms++;
        CHECK(fake_ms < start_ms + 1000);
        pass(toxes[0]);
    }
    printf("paced after %lld ms\n", (long long)(fake_ms - start_ms));
}

/* 400 passes of a client that joins at a node that is dead (0) or lives (1). */
static void joining(bool alive)
{
    uint8_t key[TOX_DHT_ID_SIZE];
    Tox *tox = new_local(false, NULL), *node = new_local(false, NULL);
    CHECK(tox != NULL && node != NULL);
    tox_self_get_dht_id(node, key);
    uint16_t port = tox_self_get_udp_port(node, NULL);
    if (!alive) {
        tox_kill(node);
    }
    CHECK(tox_bootstrap(tox, "127.0.0.1", port, key, NULL));
    const int64_t start_ms = fake_ms;
    int64_t online_ms = -1;
    for (int i = 0; i < 400; i++) {
        tox_iterate(tox, NULL);
        if (alive) {
            tox_iterate(node, NULL);
        }
        if (online_ms < 0 && tox_self_get_connection_status(tox) != TOX_CONNECTION_NONE) {
            online_ms = fake_ms - start_ms;
        }
        fake_ms += tox_iteration_interval(tox);
    }
    printf("%lld %lld\n", (long long)(fake_ms - start_ms), (long long)online_ms);
    tox_kill(tox);
    tox_kill(node);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    if (strcmp(argv[1], "joining") == 0) {
        joining(argv[2][0] == '1');
        return 0;
    }
    schedule_state = strtoull(argv[2], NULL, 10);
    full = strcmp(argv[1], "full") == 0;
    meet();
    if (strcmp(argv[1], "paced") == 0) {
        paced();
    } else {
        random_schedule(3000);
        print_state(toxes[0]);
        print_state(toxes[1]);
    }
    tox_kill(toxes[0]);
    tox_kill(toxes[1]);
    return 0;
}
