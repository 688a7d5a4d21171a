/* An ordinary C99 program: make an instance, use it, end it; then calls on the dead one. */
#include <tox/tox.h>

#include <string.h>

#include "check.h"

static int log_lines;

static void on_log(Tox *tox, Tox_Log_Level level, const char *file, uint32_t line, const char *func,
                   const char *message, void *user_data)
{
    CHECK(tox != NULL && file != NULL && func != NULL && message != NULL);
    CHECK(user_data == &log_lines);
    (void)level;
    (void)line;
    log_lines++;
}

int main(void)
{
    Tox_Options *options = tox_options_new(NULL);
    CHECK(options != NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_log_callback(options, on_log);
    tox_options_set_log_user_data(options, &log_lines);

    Tox_Err_New error = TOX_ERR_NEW_NULL;
    Tox *tox = tox_new(options, &error);
    CHECK(tox != NULL && error == TOX_ERR_NEW_OK);
    CHECK(log_lines > 0); /* already inside tox_new */
    tox_options_free(options);
    tox_options_free(NULL);

    uint8_t address[TOX_ADDRESS_SIZE] = {0}, key[TOX_PUBLIC_KEY_SIZE] = {1};
    tox_self_get_address(tox, address);
    tox_self_get_public_key(tox, key);
    CHECK(memcmp(address, key, sizeof key) == 0);

    Tox_Err_Set_Info set = TOX_ERR_SET_INFO_NULL;
    CHECK(tox_self_set_name(tox, (const uint8_t *)"someone", 7, &set) && set == TOX_ERR_SET_INFO_OK);
    char name[8] = "#######";
    CHECK(tox_self_get_name_size(tox) == 7);
    tox_self_get_name(tox, (uint8_t *)name);
    CHECK(strcmp(name, "someone") == 0); /* and no byte after it was written */
    CHECK(tox_self_set_name(tox, NULL, 0, &set) && tox_self_get_name_size(tox) == 0);
    CHECK(!tox_self_set_name(tox, NULL, 3, &set) && set == TOX_ERR_SET_INFO_NULL);
    uint8_t one = 'x';
    /* more bytes than there are: must not be read */
    CHECK(!tox_self_set_name(tox, &one, SIZE_MAX, &set) && set == TOX_ERR_SET_INFO_TOO_LONG);

    for (int i = 0; i < 3; i++) {
        tox_iterate(tox, NULL);
        CHECK(tox_iteration_interval(tox) > 0 && tox_iteration_interval(tox) <= 50);
    }
    uint8_t hash[TOX_HASH_LENGTH];
    CHECK(tox_hash(hash, (const uint8_t *)"abc", 3) && hash[0] == 0xba && hash[31] == 0xad);

    Tox_Err_Friend_Send_Message sent;
    CHECK(tox_friend_send_message(tox, 7, TOX_MESSAGE_TYPE_NORMAL, &one, 1, &sent) == 0);
    CHECK(sent == TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_FOUND);
    CHECK(tox_friend_send_message(tox, 7, TOX_MESSAGE_TYPE_NORMAL, NULL, 0, &sent) == 0);
    CHECK(sent == TOX_ERR_FRIEND_SEND_MESSAGE_NULL);
    Tox_Err_Friend_Query query;
    CHECK(tox_friend_get_name_size(tox, 7, &query) == SIZE_MAX
          && query == TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND);
    CHECK(!tox_friend_get_name(tox, 7, NULL, &query) && query == TOX_ERR_FRIEND_QUERY_NULL);

    Tox_Err_Friend_Add added;
    key[0] ^= 0x55;
    CHECK(tox_friend_add_norequest(tox, key, &added) == 0 && added == TOX_ERR_FRIEND_ADD_OK);
    key[0] ^= 0x33;
    CHECK(tox_friend_add_norequest(tox, key, &added) == 1 && added == TOX_ERR_FRIEND_ADD_OK);
    uint32_t numbers[3] = {77, 77, 77};
    CHECK(tox_self_get_friend_list_size(tox) == 2);
    tox_self_get_friend_list(tox, numbers);
    CHECK(numbers[0] == 0 && numbers[1] == 1 && numbers[2] == 77);

    int av;
    tox_set_av_object(tox, &av);
    CHECK(tox_get_av_object(tox) == &av);

    tox_kill(tox);
    CHECK(tox_self_get_name_size(tox) == 0);
    CHECK(tox_friend_get_name_size(tox, 0, &query) == SIZE_MAX && query != TOX_ERR_FRIEND_QUERY_OK);
    CHECK(tox_get_av_object(tox) == NULL);
    tox_iterate(tox, NULL);
    tox_kill(tox);
    tox_kill(NULL);
    puts("ok");
    return 0;
}
