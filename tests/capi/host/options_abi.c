/* struct Tox_Options had 80 bytes in 0.2.18 and has 88 since; uTox has one on its stack. The library must
 * neither write behind the 80th byte of a caller's block nor trust anything after the 64th. */
#include <string.h>
#include <tox/tox.h>

#include "check.h"

struct block {
    uint8_t before[64];
    union {
        struct Tox_Options options;
        uint8_t bytes[80 + 64];
    } u;
};

static void check_canaries(const struct block *block)
{
    for (size_t i = 0; i < sizeof block->before; i++) {
        CHECK(block->before[i] == 0xc5);
    }
    for (size_t i = 80; i < sizeof block->u.bytes; i++) {
        CHECK(block->u.bytes[i] == 0xc5);
    }
}

static void stack_block(void)
{
    struct block block;
    memset(&block, 0xc5, sizeof block);
    struct Tox_Options *options = &block.u.options;
    tox_options_default(options);
    check_canaries(&block);
    CHECK(options->ipv6_enabled && options->udp_enabled && options->hole_punching_enabled);
    CHECK(options->local_discovery_enabled && options->dht_announcements_enabled);
    CHECK(options->proxy_type == TOX_PROXY_TYPE_NONE && options->savedata_type == TOX_SAVEDATA_TYPE_NONE);
    CHECK(options->start_port == 0 && options->end_port == 0 && options->tcp_port == 0);
    CHECK(!options->experimental_thread_safety && options->log_callback == NULL);

    /* what an old program leaves in the bytes it does not know */
    memset(block.u.bytes + 65, 0xc5, 80 - 65);
    CHECK(!tox_options_get_experimental_groups_persistence(options));
    CHECK(!tox_options_get_experimental_disable_dns(options));
    CHECK(!tox_options_get_experimental_owned_data(options));
    tox_options_set_experimental_handshake_mode(options, TOX_HANDSHAKE_MODE_NOISE_ONLY);
    CHECK(tox_options_get_experimental_handshake_mode(options) == TOX_HANDSHAKE_MODE_LEGACY_ONLY);
    tox_options_set_experimental_offline_messages(options, true);
    CHECK(!tox_options_get_experimental_offline_messages(options));
    options->proxy_host = "";
    tox_options_set_proxy_host(options, "host");
    CHECK(tox_options_get_proxy_host(options) == options->proxy_host);
    CHECK(tox_options_set_savedata_data(options, block.before, 3));
    CHECK(options->savedata_data == block.before && options->savedata_length == 3);
    tox_options_set_experimental_owned_data(options, true);
    check_canaries(&block);
    tox_options_default(options);
    options->proxy_host = "";
    Tox *tox = tox_new(options, NULL);
    CHECK(tox != NULL);
    tox_kill(tox);
    tox_options_free(options); /* not ours: must do nothing */
    check_canaries(&block);
}

static void own_block(void)
{
    Tox_Err_Options_New error = TOX_ERR_OPTIONS_NEW_MALLOC;
    Tox_Options *options = tox_options_new(&error), *copy = tox_options_new(NULL);
    CHECK(options != NULL && copy != NULL && error == TOX_ERR_OPTIONS_NEW_OK);
    tox_options_set_experimental_owned_data(options, true);
    CHECK(tox_options_get_experimental_owned_data(options));

    char host[] = "proxy.example";
    uint8_t save[] = {1, 2, 3, 4};
    CHECK(tox_options_set_proxy_host(options, host));
    CHECK(tox_options_set_savedata_data(options, save, sizeof save));
    memset(host, 'x', sizeof host - 1);
    memset(save, 9, sizeof save);
    CHECK(strcmp(tox_options_get_proxy_host(options), "proxy.example") == 0);
    CHECK(tox_options_get_savedata_length(options) == 4 && tox_options_get_savedata_data(options)[3] == 4);

    tox_options_set_tcp_port(options, 1234);
    tox_options_set_experimental_groups_persistence(options, true);
    CHECK(tox_options_get_experimental_handshake_mode(options) == TOX_HANDSHAKE_MODE_LEGACY_ONLY);
    tox_options_set_experimental_handshake_mode(options, TOX_HANDSHAKE_MODE_NOISE_ONLY);
    tox_options_set_experimental_handshake_mode(options, (Tox_Handshake_Mode)3);
    tox_options_set_experimental_handshake_mode(options, (Tox_Handshake_Mode)-1);
    CHECK(tox_options_get_experimental_handshake_mode(options) == TOX_HANDSHAKE_MODE_NOISE_ONLY);
    char path[] = "/a";
    CHECK(tox_options_get_experimental_config_file(options) == NULL);
    CHECK(tox_options_set_experimental_config_file(options, path));
    path[1] = 'b';
    CHECK(!tox_options_get_experimental_offline_messages(options));
    tox_options_set_experimental_offline_messages(options, true);
    CHECK(strcmp(tox_options_get_experimental_config_file(options), "/a") == 0);
    CHECK(tox_options_get_experimental_endpoint_type(options) == TOX_ENDPOINT_TYPE_NONE);
    CHECK(!tox_options_set_experimental_endpoint(options, (Tox_Endpoint_Type)5, NULL, 0, NULL));
    CHECK(!tox_options_set_experimental_endpoint(options, (Tox_Endpoint_Type)-1, NULL, 0, NULL));
    CHECK(tox_options_set_experimental_endpoint(options, TOX_ENDPOINT_TYPE_TOR, path, 1, path));
    CHECK(!tox_options_set_experimental_only_networks(options, 1));
    CHECK(!tox_options_set_experimental_only_networks(options, 1u << 5));
    CHECK(tox_options_set_experimental_only_networks(options, 1u << TOX_NETWORK_TYPE_ONION));
    tox_options_copy(copy, options);
    CHECK(tox_options_get_proxy_host(copy) != tox_options_get_proxy_host(options));
    tox_options_default(options);
    CHECK(tox_options_get_proxy_host(options) == NULL && tox_options_get_savedata_length(options) == 0);
    CHECK(strcmp(tox_options_get_proxy_host(copy), "proxy.example") == 0);
    CHECK(tox_options_get_savedata_data(copy)[0] == 1 && tox_options_get_tcp_port(copy) == 1234);
    CHECK(tox_options_get_experimental_groups_persistence(copy));
    CHECK(tox_options_get_experimental_handshake_mode(options) == TOX_HANDSHAKE_MODE_LEGACY_ONLY);
    CHECK(tox_options_get_experimental_handshake_mode(copy) == TOX_HANDSHAKE_MODE_NOISE_ONLY);
    CHECK(tox_options_get_experimental_config_file(options) == NULL);
    CHECK(strcmp(tox_options_get_experimental_config_file(copy), "/a") == 0);
    CHECK(!tox_options_get_experimental_offline_messages(options));
    CHECK(tox_options_get_experimental_offline_messages(copy));
    CHECK(tox_options_get_experimental_endpoint_type(options) == TOX_ENDPOINT_TYPE_NONE);
    CHECK(tox_options_get_experimental_endpoint_type(copy) == TOX_ENDPOINT_TYPE_TOR);
    CHECK(tox_options_get_experimental_only_networks(options) == 0);
    CHECK(tox_options_get_experimental_only_networks(copy) == 1u << TOX_NETWORK_TYPE_ONION);
    tox_options_copy(copy, NULL);
    tox_options_copy(NULL, copy);
    CHECK(tox_options_set_proxy_host(copy, NULL) && tox_options_get_proxy_host(copy) == NULL);

    tox_options_free(copy);
    tox_options_free(options);
    tox_options_free(NULL);
    tox_options_default(NULL);
    tox_options_set_experimental_handshake_mode(NULL, TOX_HANDSHAKE_MODE_NOISE_ONLY);
    CHECK(tox_options_get_experimental_handshake_mode(NULL) == TOX_HANDSHAKE_MODE_LEGACY_ONLY);
    CHECK(!tox_options_set_experimental_config_file(NULL, "/a"));
    CHECK(tox_options_get_experimental_config_file(NULL) == NULL);
    tox_options_set_experimental_offline_messages(NULL, true);
    CHECK(!tox_options_get_experimental_offline_messages(NULL));
    CHECK(!tox_options_set_experimental_endpoint(NULL, TOX_ENDPOINT_TYPE_TOR, NULL, 0, NULL));
    CHECK(tox_options_get_experimental_endpoint_type(NULL) == TOX_ENDPOINT_TYPE_NONE);
    CHECK(!tox_options_set_experimental_only_networks(NULL, 0));
    CHECK(tox_options_get_experimental_only_networks(NULL) == 0);
    CHECK(tox_options_get_operating_system(NULL) == NULL);
}

static void bad_options(void)
{
    Tox_Options *options = tox_options_new(NULL);
    Tox_Err_New error;
    tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_TOX_SAVE);
    CHECK(tox_new(options, &error) == NULL && error == TOX_ERR_NEW_LOAD_BAD_FORMAT);
    uint8_t junk[100] = {1};
    tox_options_set_savedata_data(options, junk, sizeof junk);
    CHECK(tox_new(options, &error) == NULL && error == TOX_ERR_NEW_LOAD_BAD_FORMAT);
    tox_options_default(options);
    tox_options_set_proxy_type(options, TOX_PROXY_TYPE_SOCKS5);
    CHECK(tox_new(options, &error) == NULL && error == TOX_ERR_NEW_PROXY_BAD_PORT);
    tox_options_free(options);
}

int main(void)
{
    CHECK(offsetof(struct Tox_Options, experimental_thread_safety) == 64);
    stack_block();
    own_block();
    bad_options();
    puts("ok");
    return 0;
}
