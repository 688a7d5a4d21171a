/* What tox_new makes of each savedata: standard input holds them one after the other, each behind its length
 * (4 bytes of this machine). One line each: the error, then what the getters and the next savedata say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tox/tox.h>

static uint64_t hash(uint64_t sum, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        sum = (sum ^ bytes[i]) * 1099511628211u;
    }
    return sum;
}

static void say(const uint8_t *bytes, size_t length)
{
    printf(" %zu:%016llx", length, (unsigned long long)hash(length, bytes, length));
}

static void say_friends(const Tox *tox)
{
    uint8_t bytes[2048];
    size_t count = tox_self_get_friend_list_size(tox);
    printf(" friends %zu", count);
    for (uint32_t i = 0; i < count; i++) {
        tox_friend_get_public_key(tox, i, bytes, NULL);
        say(bytes, 32);
        tox_friend_get_name(tox, i, bytes, NULL);
        say(bytes, tox_friend_get_name_size(tox, i, NULL));
        tox_friend_get_status_message(tox, i, bytes, NULL);
        say(bytes, tox_friend_get_status_message_size(tox, i, NULL));
        printf(" %llu %d", (unsigned long long)tox_friend_get_last_online(tox, i, NULL),
               (int)tox_friend_get_status(tox, i, NULL));
    }
}

/* Keys, friends and our texts as they are saved again: sections 1 and 3 to 6. */
static void say_saved(const Tox *tox)
{
    size_t size = tox_get_savedata_size(tox);
    uint8_t *data = (uint8_t *)malloc(size + 16);
    memset(data + size, 0xa5, 16);
    tox_get_savedata(tox, data);
    for (size_t i = 0; i < 16; i++) {
        if (data[size + i] != 0xa5) {
            printf(" WRITTEN BEHIND THE END");
        }
    }
    for (size_t offset = 8; offset + 8 <= size;) {
        uint32_t length;
        uint16_t type;
        memcpy(&length, data + offset, 4);
        memcpy(&type, data + offset + 4, 2);
        if (type == 1 || (type >= 3 && type <= 6)) {
            printf(" section %u", type);
            say(data + offset + 8, length);
        }
        if (type == 255) {
            break;
        }
        offset += 8 + length;
    }
    free(data);
}

static void judge(const uint8_t *data, size_t length)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_udp_enabled(options, false);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_TOX_SAVE);
    tox_options_set_savedata_data(options, data, length);
    Tox_Err_New error;
    Tox *tox = tox_new(options, &error);
    printf("%d", (int)error);
    if (error == TOX_ERR_NEW_OK) {
        uint8_t bytes[2048];
        tox_self_get_address(tox, bytes);
        say(bytes, TOX_ADDRESS_SIZE);
        tox_self_get_name(tox, bytes);
        say(bytes, tox_self_get_name_size(tox));
        tox_self_get_status_message(tox, bytes);
        say(bytes, tox_self_get_status_message_size(tox));
        printf(" %d", (int)tox_self_get_status(tox));
        say_friends(tox);
        say_saved(tox);
    }
    puts("");
    fflush(stdout);
    tox_options_free(options);
    if (tox != NULL) {
        tox_kill(tox);
    }
}

int main(void)
{
    uint32_t length;
    while (fread(&length, sizeof length, 1, stdin) == 1) {
        /* of exactly this size, so that a checker sees reading behind it */
        uint8_t *data = (uint8_t *)malloc(length > 0 ? length : 1);
        if (length > 0 && fread(data, length, 1, stdin) != 1) {
            return 2;
        }
        judge(data, length);
        free(data);
    }
    return 0;
}
