/* Two friends with Noise, through the C API: mode, version, pin, policy, and the callback when one of them comes back
 * without it. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "local.h"

enum { LIMIT_S = 60 };

static int downgrades;

static void on_downgrade(Tox *tox, uint32_t friend_number, void *user_data)
{
    (void)tox;
    CHECK(friend_number == 0 && user_data == &downgrades);
    downgrades++;
}

static Tox *start(Tox_Handshake_Mode mode, const uint8_t *save, size_t length)
{
    Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_start_port(options, 33600);
    tox_options_set_end_port(options, 33999);
    tox_options_set_experimental_handshake_mode(options, mode);
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

static void meet(Tox *tox, Tox *other)
{
    uint8_t dht_id[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_dht_id(other, dht_id);
    tox_bootstrap(tox, "127.0.0.1", tox_self_get_udp_port(other, NULL), dht_id, NULL);
}

static bool online(Tox *tox)
{
    return tox_friend_get_connection_status(tox, 0, NULL) != TOX_CONNECTION_NONE;
}

static Tox_Handshake_Version version(Tox *tox)
{
    Tox_Err_Friend_Query error = TOX_ERR_FRIEND_QUERY_NULL;
    Tox_Handshake_Version found = tox_friend_get_handshake(tox, 0, &error);
    CHECK(error == TOX_ERR_FRIEND_QUERY_OK);
    return found;
}

static void pass(Tox *alice, Tox *bob)
{
    tox_iterate(alice, &downgrades);
    tox_iterate(bob, NULL);
    usleep(5000);
}

#define UNTIL(condition)                                                                                     \
    do {                                                                                                     \
        const time_t end = time(NULL) + LIMIT_S;                                                             \
        while (!(condition)) {                                                                               \
            CHECK(time(NULL) < end);                                                                         \
            pass(alice, bob);                                                                                \
        }                                                                                                    \
    } while (0)

static Tox_Err_Friend_Set_Handshake set(Tox *tox, int policy, bool unpin)
{
    Tox_Err_Friend_Set_Handshake error = TOX_ERR_FRIEND_SET_HANDSHAKE_MODE;
    bool done = tox_friend_set_handshake(tox, 0, (Tox_Handshake_Policy)policy, unpin, &error);
    CHECK(done == (error == TOX_ERR_FRIEND_SET_HANDSHAKE_OK));
    return error;
}

static void check_nobody(Tox *tox)
{
    Tox_Err_Friend_Query error = TOX_ERR_FRIEND_QUERY_OK;
    CHECK(tox_friend_get_handshake(tox, 7, &error) == TOX_HANDSHAKE_VERSION_NONE);
    CHECK(error == TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND);
    CHECK(tox_friend_get_handshake_pin(tox, 7, NULL) == TOX_HANDSHAKE_VERSION_NONE);
    CHECK(tox_friend_get_handshake_policy(tox, 7, NULL) == TOX_HANDSHAKE_POLICY_AUTO);
    Tox_Err_Friend_Set_Handshake refused;
    CHECK(!tox_friend_set_handshake(tox, 7, TOX_HANDSHAKE_POLICY_AUTO, false, &refused));
    CHECK(refused == TOX_ERR_FRIEND_SET_HANDSHAKE_FRIEND_NOT_FOUND);
    CHECK(tox_friend_get_handshake(NULL, 0, NULL) == TOX_HANDSHAKE_VERSION_NONE);
    CHECK(!tox_friend_set_handshake(NULL, 0, TOX_HANDSHAKE_POLICY_AUTO, false, NULL));
    tox_callback_friend_handshake_downgrade(NULL, on_downgrade);
}

int main(void)
{
    Tox *alice = start(TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY, NULL, 0);
    Tox *bob = start(TOX_HANDSHAKE_MODE_NOISE_ONLY, NULL, 0);
    tox_callback_friend_handshake_downgrade(alice, on_downgrade);
    check_nobody(alice);
    befriend(alice, bob);
    befriend(bob, alice);
    CHECK(version(alice) == TOX_HANDSHAKE_VERSION_NONE);
    meet(alice, bob);
    UNTIL(online(alice) && online(bob));
    CHECK(version(alice) == TOX_HANDSHAKE_VERSION_NOISE_IK && version(bob) == TOX_HANDSHAKE_VERSION_NOISE_IK);
    CHECK(tox_friend_get_handshake_pin(alice, 0, NULL) == TOX_HANDSHAKE_VERSION_NOISE_IK);
    CHECK(tox_friend_get_handshake_policy(alice, 0, NULL) == TOX_HANDSHAKE_POLICY_AUTO);
    CHECK(set(alice, 3, false) == TOX_ERR_FRIEND_SET_HANDSHAKE_INVALID);
    CHECK(set(alice, TOX_HANDSHAKE_POLICY_LEGACY, false) == TOX_ERR_FRIEND_SET_HANDSHAKE_PINNED);
    CHECK(set(bob, TOX_HANDSHAKE_POLICY_LEGACY, true) == TOX_ERR_FRIEND_SET_HANDSHAKE_MODE);
    CHECK(set(alice, TOX_HANDSHAKE_POLICY_REQUIRE, false) == TOX_ERR_FRIEND_SET_HANDSHAKE_OK);
    CHECK(tox_friend_get_handshake_policy(alice, 0, NULL) == TOX_HANDSHAKE_POLICY_REQUIRE);
    CHECK(set(alice, TOX_HANDSHAKE_POLICY_AUTO, false) == TOX_ERR_FRIEND_SET_HANDSHAKE_OK);

    /* bob uses an older program */
    uint8_t save[4096];
    size_t length = tox_get_savedata_size(bob);
    CHECK(length <= sizeof save);
    tox_get_savedata(bob, save);
    tox_kill(bob);
    bob = start(TOX_HANDSHAKE_MODE_LEGACY_ONLY, save, length);
    CHECK(set(bob, TOX_HANDSHAKE_POLICY_AUTO, true) == TOX_ERR_FRIEND_SET_HANDSHAKE_MODE);
    CHECK(tox_friend_get_handshake_pin(bob, 0, NULL) == TOX_HANDSHAKE_VERSION_NONE);
    meet(alice, bob);
    UNTIL(downgrades > 0);
    CHECK(downgrades == 1 && !online(alice));
    CHECK(tox_friend_get_offline_reason(alice, 0, NULL) == TOX_FRIEND_OFFLINE_REASON_FRIEND_LACKS_NOISE);
    CHECK(set(alice, TOX_HANDSHAKE_POLICY_AUTO, true) == TOX_ERR_FRIEND_SET_HANDSHAKE_OK);
    UNTIL(online(alice));
    CHECK(version(alice) == TOX_HANDSHAKE_VERSION_LEGACY);
    CHECK(tox_friend_get_handshake_pin(alice, 0, NULL) == TOX_HANDSHAKE_VERSION_NONE && downgrades == 1);
    tox_kill(alice);
    tox_kill(bob);
    puts("ok");
    return 0;
}
