/* A message to a friend who is away, through the C API: refused by default; with the option it is kept, also in the
 * save, and the receipt has the number that it was given before the restart. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "local.h"

enum { LIMIT_S = 60 };

static uint32_t confirmed;
static char heard[16];

static void on_receipt(Tox *tox, uint32_t friend_number, uint32_t message_id, void *user_data)
{
    (void)tox;
    (void)user_data;
    CHECK(friend_number == 0 && confirmed == 0);
    confirmed = message_id;
}

static void on_message(Tox *tox, uint32_t friend_number, Tox_Message_Type type, const uint8_t *message,
                       size_t length, void *user_data)
{
    (void)tox;
    (void)user_data;
    CHECK(friend_number == 0 && type == TOX_MESSAGE_TYPE_NORMAL && length < sizeof heard && heard[0] == '\0');
    memcpy(heard, message, length);
}

static Tox *start(bool offline, const uint8_t *save, size_t length)
{
    Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_start_port(options, 33600);
    tox_options_set_end_port(options, 33999);
    tox_options_set_experimental_offline_messages(options, offline);
    if (save != NULL) {
        tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_TOX_SAVE);
        tox_options_set_savedata_data(options, save, length);
    }
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    CHECK(tox != NULL);
    return tox;
}

static void befriend(Tox *tox, Tox *other)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_public_key(other, key);
    CHECK(tox_friend_add_norequest(tox, key, NULL) == 0);
}

static uint32_t say(Tox *tox, const char *text, Tox_Err_Friend_Send_Message *error)
{
    return tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)text, strlen(text),
                                   error);
}

int main(void)
{
    Tox_Err_Friend_Send_Message error;
    Tox *bob = start(false, NULL, 0), *alice = start(false, NULL, 0);
    befriend(alice, bob);
    CHECK(say(alice, "hi", &error) == 0 && error == TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED);
    tox_kill(alice);

    alice = start(true, NULL, 0);
    befriend(alice, bob);
    uint32_t number = say(alice, "hi", &error);
    CHECK(number != 0 && error == TOX_ERR_FRIEND_SEND_MESSAGE_OK);
    CHECK(say(alice, "", &error) == 0 && error == TOX_ERR_FRIEND_SEND_MESSAGE_EMPTY);
    static uint8_t save[1 << 16];
    size_t length = tox_get_savedata_size(alice);
    CHECK(length <= sizeof save);
    tox_get_savedata(alice, save);
    tox_kill(alice);

    alice = start(true, save, length);
    befriend(bob, alice);
    tox_callback_friend_read_receipt(alice, on_receipt);
    tox_callback_friend_message(bob, on_message);
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_dht_id(bob, key);
    CHECK(tox_bootstrap(alice, "127.0.0.1", tox_self_get_udp_port(bob, NULL), key, NULL));
    time_t end = time(NULL) + LIMIT_S;
    while (confirmed == 0 && time(NULL) < end) {
        tox_iterate(alice, NULL);
        tox_iterate(bob, NULL);
        usleep(2000);
    }
    CHECK(confirmed == number && strcmp(heard, "hi") == 0);
    tox_kill(alice);
    tox_kill(bob);
    puts("ok");
    return 0;
}
