/* What a getter answered once is remembered in C until something changes: no answer is ever an old one, one about
 * another friend or instance, or one of an instance that is gone. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <tox/tox.h>
#include <tox/tox_private.h>

#include "check.h"
#include "local.h"

enum { ROUNDS = 300, FRIENDS = 600, MANY = 40 };

static void key_of(uint32_t number, uint8_t *key)
{
    memset(key, 0, TOX_PUBLIC_KEY_SIZE);
    memcpy(key, &number, sizeof number);
    key[20] = 7;
}

static void ourselves(Tox *tox)
{
    uint8_t text[TOX_MAX_STATUS_MESSAGE_LENGTH], back[TOX_MAX_STATUS_MESSAGE_LENGTH + 1];
    for (unsigned i = 0; i < ROUNDS; i++) {
        memset(text, 'a' + (int)(i % 26), sizeof text);
        size_t name_length = i % (TOX_MAX_NAME_LENGTH + 1);
        size_t length = i * 7 % (TOX_MAX_STATUS_MESSAGE_LENGTH + 1);
        CHECK(tox_self_set_name(tox, text, name_length, NULL));
        CHECK(tox_self_set_status_message(tox, text, length, NULL));
        tox_self_set_status(tox, (Tox_User_Status)(i % 3));
        tox_self_set_nospam(tox, i);
        for (int again = 0; again < 3; again++) {
            CHECK(tox_self_get_name_size(tox) == name_length);
            CHECK(tox_self_get_status_message_size(tox) == length);
            memset(back, '#', sizeof back);
            tox_self_get_name(tox, back);
            CHECK(memcmp(back, text, name_length) == 0 && back[name_length] == '#');
            memset(back, '#', sizeof back);
            tox_self_get_status_message(tox, back);
            CHECK(memcmp(back, text, length) == 0 && back[length] == '#');
            CHECK(tox_self_get_status(tox) == (Tox_User_Status)(i % 3));
            CHECK(tox_self_get_nospam(tox) == i);
            uint8_t address[TOX_ADDRESS_SIZE], key[TOX_PUBLIC_KEY_SIZE];
            tox_self_get_address(tox, address);
            tox_self_get_public_key(tox, key);
            CHECK(memcmp(address, key, sizeof key) == 0);
            CHECK(address[TOX_PUBLIC_KEY_SIZE + 3] == (i & 0xff)
                  && address[TOX_PUBLIC_KEY_SIZE + 2] == i >> 8);
            tox_self_get_name(tox, NULL);
        }
        if (i % 8 == 0) {
            tox_iterate(tox, NULL);
        }
    }
}

/* More friends than there is room for. */
static void friends(Tox *tox)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE], back[TOX_PUBLIC_KEY_SIZE];
    static uint32_t list[FRIENDS];
    Tox_Err_Friend_Query query;
    Tox_Err_Friend_Get_Public_Key error;
    for (uint32_t i = 0; i < FRIENDS; i++) {
        for (int again = 0; again < 2; again++) {
            CHECK(!tox_friend_exists(tox, i));
            CHECK(tox_friend_get_name_size(tox, i, &query) == SIZE_MAX);
            CHECK(query == TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND);
            memset(back, '#', sizeof back);
            CHECK(!tox_friend_get_public_key(tox, i, back, &error));
            CHECK(error == TOX_ERR_FRIEND_GET_PUBLIC_KEY_FRIEND_NOT_FOUND && back[0] == '#');
        }
        key_of(i, key);
        CHECK(tox_friend_add_norequest(tox, key, NULL) == i);
        CHECK(tox_friend_exists(tox, i));
        CHECK(tox_friend_get_public_key(tox, i, back, &error) && error == TOX_ERR_FRIEND_GET_PUBLIC_KEY_OK);
        CHECK(memcmp(key, back, sizeof key) == 0);
    }
    for (int again = 0; again < 3; again++) {
        CHECK(tox_self_get_friend_list_size(tox) == FRIENDS);
        memset(list, 0xff, sizeof list);
        tox_self_get_friend_list(tox, list);
        for (uint32_t i = 0; i < FRIENDS; i++) {
            key_of(i, key);
            CHECK(list[i] == i);
            CHECK(tox_friend_get_public_key(tox, i, back, NULL) && memcmp(key, back, sizeof key) == 0);
            CHECK(!tox_friend_get_public_key(tox, i, NULL, NULL));
            CHECK(tox_friend_get_connection_status(tox, i, &query) == TOX_CONNECTION_NONE);
            CHECK(query == TOX_ERR_FRIEND_QUERY_OK);
            CHECK(!tox_friend_get_typing(tox, i, &query) && query == TOX_ERR_FRIEND_QUERY_OK);
        }
    }
    CHECK(tox_friend_delete(tox, 5, NULL));
    CHECK(!tox_friend_exists(tox, 5) && tox_friend_exists(tox, 6));
    CHECK(tox_self_get_friend_list_size(tox) == FRIENDS - 1);
    tox_self_get_friend_list(tox, list);
    CHECK(list[4] == 4 && list[5] == 6);
}

/* Two instances at once, and then dead ones: their answers end with them. */
static void instances(void)
{
    Tox *toxes[MANY];
    uint8_t keys[MANY][TOX_PUBLIC_KEY_SIZE], key[TOX_PUBLIC_KEY_SIZE];
    for (int i = 0; i < MANY; i++) {
        toxes[i] = new_local(i % 2 == 0, NULL);
        CHECK(toxes[i] != NULL);
        tox_self_get_public_key(toxes[i], keys[i]);
        tox_self_set_nospam(toxes[i], (uint32_t)i);
    }
    for (int i = 0; i < 3 * MANY; i++) {
        tox_iterate(toxes[i % MANY], NULL);
        tox_self_get_public_key(toxes[i % MANY], key);
        CHECK(memcmp(key, keys[i % MANY], sizeof key) == 0);
        CHECK(tox_self_get_nospam(toxes[i % MANY]) == (uint32_t)(i % MANY));
        CHECK(i == 0 || memcmp(key, keys[(i - 1) % MANY], sizeof key) != 0);
    }
    for (int i = 0; i < MANY; i++) {
        tox_kill(toxes[i]);
        memset(key, '#', sizeof key);
        tox_self_get_public_key(toxes[i], key);
        CHECK(key[0] == '#' && tox_self_get_nospam(toxes[i]) == 0);
        tox_iterate(toxes[i], NULL);
        CHECK(tox_iteration_interval(toxes[i]) == 50);
        Tox *next = new_local(false, NULL);
        CHECK(next != NULL && next != toxes[i]);
        tox_self_get_public_key(next, key);
        CHECK(memcmp(key, keys[i], sizeof key) != 0);
        CHECK(tox_self_get_nospam(next) != (uint32_t)i && tox_self_get_name_size(next) == 0);
        tox_kill(next);
    }
    CHECK(tox_self_get_nospam((Tox *)(void *)key) == 0);
    CHECK(tox_self_get_nospam((Tox *)((char *)toxes[0] + 1)) == 0);
    CHECK(tox_iteration_interval(NULL) == 50);
}

/* A log callback in the middle of tox_iterate() asks; what it was told then may not be remembered for later. */
static Tox *logged;
static size_t told;

static void on_log(Tox *tox, TOX_LOG_LEVEL level, const char *file, uint32_t line, const char *func,
                   const char *message, void *user_data)
{
    (void)level, (void)file, (void)line, (void)func, (void)message, (void)user_data;
    if (tox == logged) {
        told += tox_self_get_name_size(tox) + 1;
    }
}

static void log_callback(void)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_log_callback(options, on_log);
    logged = tox_new(options, NULL);
    tox_options_free(options);
    CHECK(logged != NULL);
    for (size_t i = 1; i <= TOX_MAX_NAME_LENGTH; i++) {
        uint8_t name[TOX_MAX_NAME_LENGTH] = {0};
        CHECK(tox_self_set_name(logged, name, i, NULL));
        tox_iterate(logged, NULL);
        CHECK(tox_self_get_name_size(logged) == i);
    }
    tox_kill(logged);
}

/* A thread changes, others ask: they see what was, in the order in which it was. */
static atomic_bool over;

static void *ask(void *tox)
{
    uint32_t last = 0;
    while (!atomic_load(&over)) {
        uint32_t nospam = tox_self_get_nospam((const Tox *)tox);
        CHECK(nospam >= last);
        last = nospam;
        uint8_t name[TOX_MAX_NAME_LENGTH] = {0};
        tox_self_get_name((const Tox *)tox, name);
        for (size_t i = 1; i < 20; i++) {
            CHECK(name[i] == name[0]);
        }
    }
    return NULL;
}

static void threads(bool thread_safe)
{
    Tox *tox = new_local(thread_safe, NULL);
    CHECK(tox != NULL);
    tox_self_set_nospam(tox, 0);
    pthread_t asking[2];
    atomic_store(&over, false);
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_create(&asking[i], NULL, ask, tox) == 0);
    }
    for (uint32_t i = 1; i < 2000; i++) {
        uint8_t name[20];
        memset(name, (int)(i % 200), sizeof name);
        CHECK(tox_self_set_name(tox, name, sizeof name, NULL));
        tox_self_set_nospam(tox, i);
        CHECK(tox_self_get_nospam(tox) == i);
        if (i % 50 == 0) {
            tox_iterate(tox, NULL);
        }
    }
    atomic_store(&over, true);
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_join(asking[i], NULL) == 0);
    }
    tox_kill(tox);
}

int main(void)
{
    Tox *tox = new_local(false, NULL);
    CHECK(tox != NULL);
    ourselves(tox);
    friends(tox);
    tox_kill(tox);
    instances();
    log_callback();
    threads(false);
    threads(true);
    puts("ok");
    return 0;
}
