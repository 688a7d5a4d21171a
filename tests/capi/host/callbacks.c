/* Callbacks that change callbacks, delete the friend they were called for, and kill their own instance. */
#include <string.h>
#include <time.h>
#include <tox/tox.h>

#include "check.h"

static int first, second, after_kill, per_packet;
static bool killed;

static void on_second(Tox *tox, Tox_Friend_Number friend_number, Tox_Message_Type type,
                      const uint8_t *message, size_t length, void *user_data)
{
    (void)type;
    CHECK(user_data == &second && length == 3 && memcmp(message, "two", 3) == 0);
    second++;
    Tox_Err_Friend_Send_Message error;
    tox_friend_send_message(tox, friend_number, TOX_MESSAGE_TYPE_NORMAL, message, length, &error);
    CHECK(error == TOX_ERR_FRIEND_SEND_MESSAGE_OK); /* the whole API works inside */
    tox_kill(tox);
    killed = true;
    CHECK(tox_self_get_friend_list_size(tox) == 0);
}

static void on_first(Tox *tox, Tox_Friend_Number friend_number, Tox_Message_Type type, const uint8_t *message,
                     size_t length, void *user_data)
{
    (void)friend_number;
    CHECK(user_data == &second && type == TOX_MESSAGE_TYPE_ACTION);
    CHECK(length == 3 && memcmp(message, "one", 3) == 0);
    first++;
    tox_callback_friend_message(tox, on_second);
}

static void on_packet(Tox *tox, Tox_Friend_Number friend_number, const uint8_t *data, size_t length,
                      void *user_data)
{
    (void)tox;
    (void)friend_number;
    (void)user_data;
    CHECK(length == 2 && (data[0] == 160 || data[0] == 161));
    per_packet += data[0] == 160 ? 1 : 100;
}

static void on_status(Tox *tox, Tox_Friend_Number friend_number, Tox_Connection status, void *user_data)
{
    (void)tox;
    (void)friend_number;
    (void)status;
    (void)user_data;
    after_kill += killed;
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

static void befriend(Tox *tox, Tox *other)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_public_key(other, key);
    CHECK(tox_friend_add_norequest(tox, key, NULL) != UINT32_MAX);
}

int main(void)
{
    /* the onion needs some nodes around */
    enum { NODES = 6 };
    Tox *nodes[NODES];
    for (int i = 0; i < NODES; i++) {
        nodes[i] = make();
    }
    Tox *sender = nodes[0], *receiver = nodes[1];
    befriend(sender, receiver);
    befriend(receiver, sender);
    for (int i = 1; i < NODES; i++) {
        uint8_t id[TOX_DHT_ID_SIZE];
        tox_self_get_dht_id(nodes[i - 1], id);
        CHECK(tox_bootstrap(nodes[i], "127.0.0.1", tox_self_get_udp_port(nodes[i - 1], NULL), id, NULL));
    }
    tox_callback_friend_message(receiver, on_first);
    tox_callback_friend_connection_status(receiver, on_status);
    tox_callback_friend_lossless_packet_per_pktid(receiver, on_packet, 160);

    bool sent = false;
    for (int i = 0; i < 6000 && !killed; i++) {
        for (int n = 0; n < NODES; n++) {
            if (n != 1 || !killed) {
                tox_iterate(nodes[n], n == 1 ? (void *)&second : NULL);
            }
        }
        if (!sent && tox_friend_get_connection_status(sender, 0, NULL) != TOX_CONNECTION_NONE) {
            CHECK(tox_friend_send_lossless_packet(sender, 0, (const uint8_t *)"\xa0x", 2, NULL));
            CHECK(tox_friend_send_lossless_packet(sender, 0, (const uint8_t *)"\xa1x", 2, NULL));
            CHECK(tox_friend_send_message(sender, 0, TOX_MESSAGE_TYPE_ACTION, (const uint8_t *)"one", 3, NULL)
                  != 0);
            for (int copies = 0; copies < 3; copies++) {
                tox_friend_send_message(sender, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"two", 3, NULL);
            }
            sent = true;
        }
        struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
    }
    CHECK(sent && killed);
    for (int i = 0; i < 10; i++) {
        tox_iterate(receiver, NULL); /* dead: nothing happens */
    }
    CHECK(first == 1 && second == 1 && after_kill == 0 && per_packet == 1);
    for (int i = 0; i < NODES; i++) {
        tox_kill(nodes[i]);
    }
    puts("ok");
    return 0;
}
