/* Endpoints in another network: what tox_new makes of the options, and what is told and taken as text. */
#include <string.h>
#include <time.h>
#include <tox/tox.h>

#include "check.h"

#define NAME "4wyr34l4byk2fi76shoej32ttjjwsef6aqkjtqcwgwo4aqoep374xmid.onion"

static char logged[4096];

static void on_log(Tox *tox, Tox_Log_Level level, const char *file, uint32_t line, const char *func,
                   const char *message, void *user_data)
{
    (void)tox;
    (void)file;
    (void)line;
    (void)func;
    (void)user_data;
    if (level >= TOX_LOG_LEVEL_WARNING) {
        snprintf(logged, sizeof logged, "%s", message);
    }
}

static void wait_a_little(Tox *tox)
{
    struct timespec pause = {0, 10 * 1000 * 1000};
    tox_iterate(tox, NULL);
    nanosleep(&pause, NULL);
}

static Tox *start(Tox_Endpoint_Type type, const char *address, uint16_t port, const char *secret)
{
    Tox_Options *options = tox_options_new(NULL);
    tox_options_set_log_callback(options, on_log);
    tox_options_set_start_port(options, 33600);
    tox_options_set_end_port(options, 33999);
    /* nothing leaves this machine: a proxy that is not there, no name looked up, no LAN, no UDP socket */
    tox_options_set_proxy_type(options, TOX_PROXY_TYPE_SOCKS5);
    CHECK(tox_options_set_proxy_host(options, "127.0.0.1"));
    tox_options_set_proxy_port(options, 9);
    CHECK(tox_options_set_experimental_only_networks(options, 1u << TOX_NETWORK_TYPE_ONION));
    CHECK(tox_options_set_experimental_endpoint(options, type, address, port, secret));
    Tox_Err_New error = TOX_ERR_NEW_NULL;
    Tox *tox = tox_new(options, &error);
    tox_options_free(options);
    CHECK(error == (tox != NULL ? TOX_ERR_NEW_OK : TOX_ERR_NEW_PROXY_BAD_TYPE));
    return tox;
}

static void refused(Tox_Endpoint_Type type, const char *address, uint16_t port, const char *words)
{
    CHECK(start(type, address, port, NULL) == NULL);
    CHECK(strstr(logged, words) != NULL);
}

int main(void)
{
    refused(TOX_ENDPOINT_TYPE_TOR, "localhost:9051", 0, "is neither an IP nor a name ending in");
    refused(TOX_ENDPOINT_TYPE_I2P, "127.0.0.1", 0, "does not end with a port");
    refused(TOX_ENDPOINT_TYPE_ADDRESS, NAME ":33445", 0, "there is no port 0");
    refused(TOX_ENDPOINT_TYPE_ADDRESS, "5" NAME ":33445", 33801, "no onion service of version 3");
    refused(TOX_ENDPOINT_TYPE_ADDRESS, NULL, 33801, "does not end with a port");

    /* nobody is at the control port: that is no reason not to start, and the log says it */
    Tox *tox = start(TOX_ENDPOINT_TYPE_TOR, "127.0.0.1:9", 0, "secret");
    CHECK(tox_self_get_udp_port(tox, NULL) == 0);
    for (int i = 0; i < 200 && strstr(logged, "nobody listens at tor's control port") == NULL; ++i) {
        wait_a_little(tox);
    }
    CHECK(strstr(logged, "nobody listens at tor's control port") != NULL && strstr(logged, "secret") == NULL);
    CHECK(tox_self_get_endpoint_size(tox) == 0);
    tox_kill(tox);

    Tox *bob = start(TOX_ENDPOINT_TYPE_ADDRESS, NAME ":33445", 33801, NULL);
    Tox *alice = start(TOX_ENDPOINT_TYPE_FRIENDS, NULL, 0, NULL);
    Tox *carol = start(TOX_ENDPOINT_TYPE_NONE, NULL, 0, NULL);
    for (int i = 0; i < 200 && tox_self_get_endpoint_size(bob) == 0; ++i) {
        wait_a_little(bob);
    }
    uint8_t place[200];
    size_t size = tox_self_get_endpoint_size(bob);
    CHECK(size == strlen(NAME ":33445:") + 2 * TOX_PUBLIC_KEY_SIZE);
    tox_self_get_endpoint(bob, place);
    CHECK(memcmp(place, NAME ":33445:", strlen(NAME ":33445:")) == 0);
    CHECK(tox_self_get_endpoint_size(alice) == 0 && tox_self_get_endpoint_size(NULL) == 0);

    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_public_key(bob, key);
    tox_friend_add_norequest(alice, key, NULL);
    tox_friend_add_norequest(carol, key, NULL);
    Tox_Err_Friend_Set_Endpoint error;
    CHECK(tox_friend_set_endpoint(alice, 0, place, size, &error) && error == TOX_ERR_FRIEND_SET_ENDPOINT_OK);
    CHECK(!tox_friend_set_endpoint(alice, 0, place, size - 1, &error)
          && error == TOX_ERR_FRIEND_SET_ENDPOINT_INVALID);
    CHECK(!tox_friend_set_endpoint(alice, 0, NULL, size, &error)
          && error == TOX_ERR_FRIEND_SET_ENDPOINT_NULL);
    CHECK(!tox_friend_set_endpoint(alice, 1, place, size, &error)
          && error == TOX_ERR_FRIEND_SET_ENDPOINT_FRIEND_NOT_FOUND);
    CHECK(!tox_friend_set_endpoint(carol, 0, place, size, &error)
          && error == TOX_ERR_FRIEND_SET_ENDPOINT_DISABLED);
    CHECK(strcmp(tox_endpoint_type_to_string(TOX_ENDPOINT_TYPE_ADDRESS), "TOX_ENDPOINT_TYPE_ADDRESS") == 0);
    CHECK(strcmp(tox_network_type_to_string((Tox_Network_Type)0), "<invalid Tox_Network_Type>") == 0);
    tox_kill(alice);
    tox_kill(bob);
    tox_kill(carol);
    printf("ok\n");
    return 0;
}
