/* Record a save with any real library, also of another machine or a newer one: record OUT.tox OUT.json NOTE.
 *
 * Alice has a name, NOTE as status message, a friend who is online, one who is not, a request under way, a
 * TCP relay, two conferences, and a group if the library has them; the JSON is what the library says about
 * the save after loading it again.
 *
 * For a big-endian machine, with Debian's packages libtoxcore2, libsodium23, libopus0, libvpx7 and libc6 for
 * s390x unpacked in ROOT (likewise in a chroot of a newer Debian, with its library in place of this one):
 *
 *   s390x-linux-gnu-gcc record.c -o record ROOT/usr/lib/s390x-linux-gnu/libtoxcore.so.2 \
 *       -Wl,--unresolved-symbols=ignore-all
 *   qemu-s390x-static -L ROOT ./record big_endian.tox big_endian.json "recorded on s390x"
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tox/tox.h>
#include <unistd.h>

enum { TOXES = 5, RELAY_PORT = 43389 };

static Tox *start(const uint8_t *data, size_t length, uint16_t tcp_port)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_ipv6_enabled(options, false);
    tox_options_set_tcp_port(options, tcp_port);
    void (*keep_groups)(struct Tox_Options *, bool);
    *(void **)&keep_groups = dlsym(RTLD_DEFAULT, "tox_options_set_experimental_groups_persistence");
    if (keep_groups != NULL) {
        keep_groups(options, true);
    }
    if (data != NULL) {
        tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_TOX_SAVE);
        tox_options_set_savedata_data(options, data, length);
    }
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    if (tox == NULL) {
        fputs("tox_new failed\n", stderr);
        exit(1);
    }
    return tox;
}

static void on_invite(Tox *tox, uint32_t friend_number, Tox_Conference_Type type, const uint8_t *cookie,
                      size_t length, void *data)
{
    (void)type;
    (void)data;
    tox_conference_join(tox, friend_number, cookie, length, NULL);
}

static void hex(FILE *file, const char *name, const uint8_t *bytes, size_t length, const char *end)
{
    fprintf(file, "\"%s\": \"", name);
    for (size_t i = 0; i < length; i++) {
        fprintf(file, "%02x", bytes[i]);
    }
    fprintf(file, "\"%s", end);
}

static void describe(Tox *tox, const char *path)
{
    FILE *file = fopen(path, "w");
    uint8_t bytes[2048];
    fputs("{\n ", file);
    tox_self_get_address(tox, bytes);
    hex(file, "address", bytes, 38, ",\n ");
    tox_self_get_secret_key(tox, bytes);
    hex(file, "secret_key", bytes, 32, ",\n ");
    tox_self_get_name(tox, bytes);
    hex(file, "name", bytes, tox_self_get_name_size(tox), ",\n ");
    tox_self_get_status_message(tox, bytes);
    hex(file, "status_message", bytes, tox_self_get_status_message_size(tox), ",\n ");
    fprintf(file, "\"status\": %d,\n \"friends\": [\n", (int)tox_self_get_status(tox));
    size_t friends = tox_self_get_friend_list_size(tox);
    for (uint32_t i = 0; i < friends; i++) {
        fprintf(file, "  {\"number\": %u, ", i);
        tox_friend_get_public_key(tox, i, bytes, NULL);
        hex(file, "public_key", bytes, 32, ",\n   ");
        tox_friend_get_name(tox, i, bytes, NULL);
        hex(file, "name", bytes, tox_friend_get_name_size(tox, i, NULL), ",\n   ");
        tox_friend_get_status_message(tox, i, bytes, NULL);
        hex(file, "status_message", bytes, tox_friend_get_status_message_size(tox, i, NULL), ",\n   ");
        fprintf(file, "\"last_online\": %llu}%s\n",
                (unsigned long long)tox_friend_get_last_online(tox, i, NULL), i + 1 < friends ? "," : "");
    }
    fprintf(file, " ],\n \"conferences\": %u\n}\n", (unsigned)tox_conference_get_chatlist_size(tox));
    fclose(file);
}

/* Only libraries from 0.2.19 on have groups, so these are looked up. */
static void found_group(Tox *tox)
{
    uint32_t (*group_new)(Tox *, int, const uint8_t *, size_t, const uint8_t *, size_t, int *);
    bool (*set_topic)(Tox *, uint32_t, const uint8_t *, size_t, int *);
    bool (*set_password)(Tox *, uint32_t, const uint8_t *, size_t, int *);
    *(void **)&group_new = dlsym(RTLD_DEFAULT, "tox_group_new");
    *(void **)&set_topic = dlsym(RTLD_DEFAULT, "tox_group_set_topic");
    *(void **)&set_password = dlsym(RTLD_DEFAULT, "tox_group_set_password");
    if (group_new != NULL) {
        uint32_t number = group_new(tox, 0, (const uint8_t *)"a group", 7, (const uint8_t *)"Alice", 5, NULL);
        set_topic(tox, number, (const uint8_t *)"a topic", 7, NULL);
        set_password(tox, number, (const uint8_t *)"a password", 10, NULL);
    }
}

static void meet(Tox **toxes)
{
    Tox *alice = toxes[0], *bob = toxes[1];
    uint8_t key[32], id[38];
    tox_callback_conference_invite(bob, on_invite);
    tox_self_get_public_key(bob, key);
    tox_friend_add_norequest(alice, key, NULL);
    tox_self_get_public_key(alice, key);
    tox_friend_add_norequest(bob, key, NULL);
    tox_self_get_public_key(toxes[2], key);
    tox_friend_add_norequest(alice, key, NULL);
    tox_self_get_address(toxes[3], id);
    tox_friend_add(alice, id, (const uint8_t *)"please add me", 13, NULL);
    tox_self_get_dht_id(alice, key);
    for (int i = 1; i < TOXES; i++) {
        tox_bootstrap(toxes[i], "127.0.0.1", tox_self_get_udp_port(alice, NULL), key, NULL);
    }
    tox_self_get_dht_id(toxes[4], key);
    tox_add_tcp_relay(alice, "127.0.0.1", RELAY_PORT, key, NULL);
    found_group(alice);
    uint32_t room = tox_conference_new(alice, NULL);
    tox_conference_set_title(alice, room, (const uint8_t *)"a room", 6, NULL);
    tox_conference_new(alice, NULL);
    bool invited = false;
    time_t end = 0, limit = time(NULL) + 120;
    while (end == 0 || time(NULL) < end) {
        for (int i = 0; i < TOXES; i++) {
            tox_iterate(toxes[i], NULL);
        }
        if (!invited && tox_friend_get_connection_status(alice, 0, NULL) != TOX_CONNECTION_NONE) {
            invited = tox_conference_invite(alice, 0, room, NULL);
        }
        if (end == 0 && tox_conference_peer_count(alice, room, NULL) == 2) {
            end = time(NULL) + 12;
        }
        if (time(NULL) > limit) {
            fputs("they did not meet\n", stderr);
            exit(1);
        }
        usleep(20000);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    Tox *toxes[TOXES];
    for (int i = 0; i < TOXES; i++) {
        toxes[i] = start(NULL, 0, i == 4 ? RELAY_PORT : 0);
    }
    tox_self_set_name(toxes[0], (const uint8_t *)"Alice", 5, NULL);
    tox_self_set_status_message(toxes[0], (const uint8_t *)argv[3], strlen(argv[3]), NULL);
    tox_self_set_status(toxes[0], TOX_USER_STATUS_BUSY);
    tox_self_set_name(toxes[1], (const uint8_t *)"Bob", 3, NULL);
    tox_self_set_status_message(toxes[1], (const uint8_t *)"also there", 10, NULL);
    meet(toxes);
    size_t size = tox_get_savedata_size(toxes[0]);
    uint8_t *data = malloc(size);
    tox_get_savedata(toxes[0], data);
    FILE *file = fopen(argv[1], "wb");
    fwrite(data, 1, size, file);
    fclose(file);
    for (int i = 0; i < TOXES; i++) {
        tox_kill(toxes[i]);
    }
    Tox *again = start(data, size, 0);
    describe(again, argv[2]);
    tox_kill(again);
    free(data);
    return 0;
}
