/* Thread-safe instances used by eight threads at once, as experimental_thread_safety promises: each calls what it
 * likes, some iterate, one replaces callbacks, a callback waits for another thread's call, and every message
 * between two instances arrives exactly once and in order. Then all kill the same instance. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <tox/tox.h>
#include <tox/tox_private.h>

#include "check.h"
#include "local.h"

enum { NODES = 6, SENDERS = 4, EACH = 250, MESSAGES = SENDERS * EACH, THREADS = SENDERS + 4, LIMIT_S = 90 };

static Tox *nodes[NODES];
static atomic_bool done;
static atomic_int seen[MESSAGES];
static atomic_int arrived, receipts, inside, packets, answers, saves;
static int last[SENDERS];

static void on_message(Tox *tox, Tox_Friend_Number friend_number, Tox_Message_Type type,
                       const uint8_t *message, size_t length, void *user_data)
{
    (void)friend_number;
    (void)type;
    CHECK(tox == nodes[1] && user_data == NULL && length == sizeof(int));
    /* callbacks of one instance never run at the same time */
    CHECK(atomic_fetch_add(&inside, 1) == 0);
    int number;
    memcpy(&number, message, sizeof number);
    CHECK(number >= 0 && number < MESSAGES && atomic_fetch_add(&seen[number], 1) == 0);
    CHECK(number % EACH == 0 || last[number / EACH] == number - 1);
    last[number / EACH] = number;
    if (number == EACH / 2) {
        /* the lock is free meanwhile: another thread's calls go on */
        const int before = atomic_load(&saves);
        const struct timespec pause = {0, 1000000};
        for (int i = 0; i < LIMIT_S * 500 && atomic_load(&saves) < before + 2; i++) {
            nanosleep(&pause, NULL);
        }
        CHECK(atomic_load(&saves) >= before + 2);
    }
    /* the API works inside */
    uint8_t answer[3] = {160, (uint8_t)number, (uint8_t)(number >> 8)};
    Tox_Err_Friend_Custom_Packet error;
    if (tox_friend_send_lossless_packet(tox, 0, answer, sizeof answer, &error)) {
        atomic_fetch_add(&answers, 1);
    } else {
        CHECK(error == TOX_ERR_FRIEND_CUSTOM_PACKET_SENDQ);
    }
    atomic_fetch_add(&arrived, 1);
    atomic_fetch_sub(&inside, 1);
}

static void on_message_too(Tox *tox, Tox_Friend_Number friend_number, Tox_Message_Type type,
                           const uint8_t *message, size_t length, void *user_data)
{
    on_message(tox, friend_number, type, message, length, user_data);
}

static void on_receipt(Tox *tox, Tox_Friend_Number friend_number, Tox_Friend_Message_Id id, void *user_data)
{
    (void)friend_number;
    (void)id;
    (void)user_data;
    CHECK(tox == nodes[0]);
    atomic_fetch_add(&receipts, 1);
}

static void on_packet(Tox *tox, Tox_Friend_Number friend_number, const uint8_t *data, size_t length,
                      void *user_data)
{
    (void)friend_number;
    (void)user_data;
    CHECK(tox == nodes[0] && length == 3 && data[0] == 160);
    atomic_fetch_add(&packets, 1);
}

static void *sender(void *which)
{
    const int first = (int)(intptr_t)which * EACH;
    for (int i = first; i < first + EACH; i++) {
        Tox_Err_Friend_Send_Message error;
        tox_friend_send_message(nodes[0], 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)&i, sizeof i, &error);
        CHECK(error == TOX_ERR_FRIEND_SEND_MESSAGE_OK);
        if (i % 3 == 0) {
            tox_iterate(nodes[0], NULL);
        }
    }
    return NULL;
}

/* Two of these run for both instances, beside the senders. */
static void *iterator(void *unused)
{
    (void)unused;
    const struct timespec pause = {0, 1000000};
    while (!atomic_load(&done)) {
        for (int i = 0; i < NODES; i++) {
            tox_iterate(nodes[i], NULL);
        }
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void *changer(void *unused)
{
    (void)unused;
    for (int i = 0; !atomic_load(&done); i++) {
        tox_callback_friend_message(nodes[1], i % 2 == 0 ? on_message_too : on_message);
        /* two calls that nobody comes between */
        char name[20];
        const size_t length = (size_t)snprintf(name, sizeof name, "name %d", i);
        tox_lock(nodes[1]);
        CHECK(tox_self_set_name(nodes[1], (const uint8_t *)name, length, NULL));
        uint8_t now[TOX_MAX_NAME_LENGTH];
        CHECK(tox_self_get_name_size(nodes[1]) == length);
        tox_self_get_name(nodes[1], now);
        CHECK(memcmp(now, name, length) == 0);
        tox_unlock(nodes[1]);
        const struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void *saver(void *unused)
{
    (void)unused;
    while (!atomic_load(&done)) {
        static uint8_t save[100000];
        for (int i = 0; i < 2; i++) {
            tox_lock(nodes[i]);
            const size_t size = tox_get_savedata_size(nodes[i]);
            CHECK(size > 0 && size <= sizeof save);
            tox_get_savedata(nodes[i], save);
            tox_unlock(nodes[i]);
            CHECK(tox_friend_exists(nodes[i], 0));
        }
        atomic_fetch_add(&saves, 1);
        const struct timespec pause = {0, 2000000};
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void *killer(void *tox)
{
    const uint8_t key[TOX_PUBLIC_KEY_SIZE] = {9};
    for (int i = 0; i < 40; i++) {
        if (i == 20) {
            tox_kill((Tox *)tox);
        }
        tox_iterate((Tox *)tox, NULL);
        tox_self_set_name((Tox *)tox, key, 1, NULL);
        tox_bootstrap((Tox *)tox, "127.0.0.1", 9, key, NULL);
        tox_add_tcp_relay((Tox *)tox, "127.0.0.1", 9, key, NULL);
    }
    return NULL;
}

static void befriend(void)
{
    for (int i = 0; i < NODES; i++) {
        nodes[i] = new_local(true, NULL);
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
    }
    tox_callback_friend_message(nodes[1], on_message);
    tox_callback_friend_read_receipt(nodes[0], on_receipt);
    tox_callback_friend_lossless_packet(nodes[0], on_packet);
    const struct timespec pause = {0, 10000000};
    for (int i = 0; i < 9000; i++) {
        if (tox_friend_get_connection_status(nodes[0], 0, NULL)
            && tox_friend_get_connection_status(nodes[1], 0, NULL)) {
            return;
        }
        for (int n = 0; n < NODES; n++) {
            tox_iterate(nodes[n], NULL);
        }
        nanosleep(&pause, NULL);
    }
    CHECK(false);
}

static int open_files(void)
{
    int count = 0;
    for (int file = 0; file < 1000; file++) {
        count += fcntl(file, F_GETFD) != -1;
    }
    return count;
}

int main(void)
{
    tox_kill(new_local(true, NULL)); /* what the interpreter keeps open */
    const int files = open_files();
    befriend();
    pthread_t threads[THREADS];
    for (int i = 0; i < SENDERS; i++) {
        CHECK(pthread_create(&threads[i], NULL, sender, (void *)(intptr_t)i) == 0);
    }
    void *(*const rest[])(void *) = {iterator, iterator, changer, saver};
    for (int i = SENDERS; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, rest[i - SENDERS], NULL) == 0);
    }
    const struct timespec pause = {0, 10000000};
    for (int i = 0; i < LIMIT_S * 100; i++) {
        if (atomic_load(&arrived) == MESSAGES && atomic_load(&receipts) == MESSAGES
            && atomic_load(&packets) == atomic_load(&answers)) {
            break;
        }
        nanosleep(&pause, NULL);
    }
    atomic_store(&done, true);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK(atomic_load(&arrived) == MESSAGES && atomic_load(&receipts) == MESSAGES
          && atomic_load(&packets) == atomic_load(&answers));
    /* what they still call when it is dead leaves nothing open */
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, killer, nodes[i % 2]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    for (int i = 2; i < NODES; i++) {
        tox_kill(nodes[i]);
    }
    CHECK(open_files() == files);
    puts("ok");
    return 0;
}
