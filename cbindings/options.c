/* tox_options_*, tox_iterate_options_*, tox_version_is_compatible: plain C that never starts Python.
 *
 * struct Tox_Options had 80 bytes in 0.2.18 and has 88 now, under the same soname, and
 * programs put it on their own stack. So blocks that tox_options_new() made are
 * remembered, and bytes 65 to 87 are read and written in those only; of any other block
 * tox_options_default() writes 80 bytes and no more.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define OLD_SIZE 80

struct block {
    Tox_Options options; /* first, so that the block is the options */
    struct block *next;
    /* here, because programs know the size of the options */
    Tox_Handshake_Mode handshake_mode;
    char *config_file;
    bool offline_messages;
    struct toxpy_networks networks;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *blocks;

/* The block that has these options, NULL for those of somebody else. */
static struct block *block_of(const Tox_Options *options)
{
    pthread_mutex_lock(&lock);
    struct block *block = blocks;
    while (block != NULL && &block->options != options) {
        block = block->next;
    }
    pthread_mutex_unlock(&lock);
    return block;
}

/* Have a copy of a text, or NULL, in the place of what was there. */
static bool keep_text(char **kept, const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    free(*kept);
    *kept = copy;
    return copy != NULL || text == NULL;
}

bool toxpy_options_known(const Tox_Options *options)
{
    return block_of(options) != NULL;
}

Tox_Handshake_Mode tox_options_get_experimental_handshake_mode(const Tox_Options *options)
{
    const struct block *block = block_of(options);
    return block != NULL ? block->handshake_mode : TOX_HANDSHAKE_MODE_LEGACY_ONLY;
}

void tox_options_set_experimental_handshake_mode(Tox_Options *options, Tox_Handshake_Mode handshake_mode)
{
    struct block *block = block_of(options);
    if (block != NULL && (int)handshake_mode >= TOX_HANDSHAKE_MODE_NOISE_ONLY
        && (int)handshake_mode <= TOX_HANDSHAKE_MODE_LEGACY_ONLY) {
        block->handshake_mode = handshake_mode;
    }
}

const char *tox_options_get_experimental_config_file(const Tox_Options *options)
{
    const struct block *block = block_of(options);
    return block != NULL ? block->config_file : NULL;
}

bool tox_options_set_experimental_config_file(Tox_Options *options, const char *path)
{
    struct block *block = block_of(options);
    if (block == NULL) {
        return false;
    }
    return keep_text(&block->config_file, path);
}

const struct toxpy_networks *toxpy_options_networks(const Tox_Options *options)
{
    static const struct toxpy_networks none = {0, 0, NULL, NULL, 0};
    const struct block *block = block_of(options);
    return block != NULL ? &block->networks : &none;
}

Tox_Endpoint_Type tox_options_get_experimental_endpoint_type(const Tox_Options *options)
{
    return (Tox_Endpoint_Type)toxpy_options_networks(options)->type;
}

bool tox_options_set_experimental_endpoint(Tox_Options *options, Tox_Endpoint_Type type, const char *address,
                                           uint16_t port, const char *secret)
{
    struct block *block = block_of(options);
    if (block == NULL || (int)type < TOX_ENDPOINT_TYPE_NONE || (int)type > TOX_ENDPOINT_TYPE_ADDRESS) {
        return false;
    }
    struct toxpy_networks *networks = &block->networks;
    networks->type = (int)type;
    networks->port = port;
    bool kept = keep_text(&networks->address, address);
    return keep_text(&networks->secret, secret) && kept;
}

uint32_t tox_options_get_experimental_only_networks(const Tox_Options *options)
{
    return toxpy_options_networks(options)->only;
}

bool tox_options_set_experimental_only_networks(Tox_Options *options, uint32_t networks)
{
    const uint32_t known = 1u << TOX_NETWORK_TYPE_IPV4 | 1u << TOX_NETWORK_TYPE_IPV6
                           | 1u << TOX_NETWORK_TYPE_ONION | 1u << TOX_NETWORK_TYPE_I2P;
    struct block *block = block_of(options);
    if (block == NULL || (networks & ~known) != 0) {
        return false;
    }
    block->networks.only = networks;
    return true;
}

bool tox_options_get_experimental_offline_messages(const Tox_Options *options)
{
    const struct block *block = block_of(options);
    return block != NULL && block->offline_messages;
}

void tox_options_set_experimental_offline_messages(Tox_Options *options, bool experimental_offline_messages)
{
    struct block *block = block_of(options);
    if (block != NULL) {
        block->offline_messages = experimental_offline_messages;
    }
}

static bool owns(const Tox_Options *options)
{
    return toxpy_options_known(options) && options->experimental_owned_data;
}

static void set_defaults(Tox_Options *options)
{
    options->ipv6_enabled = true;
    options->udp_enabled = true;
    options->local_discovery_enabled = true;
    options->dht_announcements_enabled = true;
    options->hole_punching_enabled = true;
}

static void drop_owned(Tox_Options *options)
{
    free(options->owned_proxy_host);
    free(options->owned_savedata_data);
    options->owned_proxy_host = NULL;
    options->owned_savedata_data = NULL;
}

void tox_options_default(Tox_Options *options)
{
    if (options == NULL) {
        return;
    }
    if (toxpy_options_known(options)) {
        drop_owned(options);
        memset(options, 0, sizeof *options);
        tox_options_set_experimental_handshake_mode(options, TOX_HANDSHAKE_MODE_LEGACY_ONLY);
        tox_options_set_experimental_config_file(options, NULL);
        tox_options_set_experimental_offline_messages(options, false);
        tox_options_set_experimental_endpoint(options, TOX_ENDPOINT_TYPE_NONE, NULL, 0, NULL);
        tox_options_set_experimental_only_networks(options, 0);
    } else {
        memset((void *)options, 0, OLD_SIZE);
    }
    set_defaults(options);
}

Tox_Options *tox_options_new(Tox_Err_Options_New *error)
{
    struct block *block = (struct block *)calloc(1, sizeof *block);
    if (error != NULL) {
        *error = block != NULL ? TOX_ERR_OPTIONS_NEW_OK : TOX_ERR_OPTIONS_NEW_MALLOC;
    }
    if (block == NULL) {
        return NULL;
    }
    set_defaults(&block->options);
    block->handshake_mode = TOX_HANDSHAKE_MODE_LEGACY_ONLY;
    pthread_mutex_lock(&lock);
    block->next = blocks;
    blocks = block;
    pthread_mutex_unlock(&lock);
    return &block->options;
}

/* A block that tox_options_new() did not make is left alone: it is the caller's, or freed already. */
void tox_options_free(Tox_Options *options)
{
    pthread_mutex_lock(&lock);
    struct block **link = &blocks;
    while (*link != NULL && &(*link)->options != options) {
        link = &(*link)->next;
    }
    struct block *block = *link;
    if (block != NULL) {
        *link = block->next;
    }
    pthread_mutex_unlock(&lock);
    if (block != NULL) {
        drop_owned(&block->options);
        free(block->config_file);
        free(block->networks.address);
        free(block->networks.secret);
        free(block);
    }
}

bool tox_options_set_proxy_host(Tox_Options *options, const char *proxy_host)
{
    if (options == NULL) {
        return false;
    }
    if (!owns(options)) {
        options->proxy_host = proxy_host;
        return true;
    }
    char *copy = proxy_host != NULL ? strdup(proxy_host) : NULL;
    free(options->owned_proxy_host);
    options->owned_proxy_host = copy;
    options->proxy_host = copy;
    return copy != NULL || proxy_host == NULL;
}

bool tox_options_set_savedata_data(Tox_Options *options, const uint8_t *savedata_data, size_t length)
{
    if (options == NULL) {
        return false;
    }
    if (!owns(options)) {
        options->savedata_data = savedata_data;
        options->savedata_length = length;
        return true;
    }
    uint8_t *copy = savedata_data != NULL && length > 0 ? (uint8_t *)malloc(length) : NULL;
    if (copy != NULL) {
        memcpy(copy, savedata_data, length);
    }
    free(options->owned_savedata_data);
    options->owned_savedata_data = copy;
    options->savedata_data = copy;
    options->savedata_length = copy != NULL ? length : 0;
    return copy != NULL || savedata_data == NULL || length == 0;
}

void tox_options_copy(Tox_Options *dest, const Tox_Options *src)
{
    if (dest == NULL || src == NULL || dest == src) {
        return;
    }
    bool known = toxpy_options_known(dest);
    if (known) {
        drop_owned(dest);
    }
    Tox_Options clean;
    toxpy_options_read(&clean, src);
    if (known) {
        *dest = clean;
        /* the setters take copies when the source owned its data */
        tox_options_set_proxy_host(dest, clean.proxy_host);
        tox_options_set_savedata_data(dest, clean.savedata_data, clean.savedata_length);
        tox_options_set_experimental_handshake_mode(dest, tox_options_get_experimental_handshake_mode(src));
        tox_options_set_experimental_config_file(dest, tox_options_get_experimental_config_file(src));
        tox_options_set_experimental_offline_messages(dest,
                                                      tox_options_get_experimental_offline_messages(src));
        const struct toxpy_networks *networks = toxpy_options_networks(src);
        tox_options_set_experimental_endpoint(dest, (Tox_Endpoint_Type)networks->type, networks->address,
                                              networks->port, networks->secret);
        tox_options_set_experimental_only_networks(dest, networks->only);
    } else {
        memcpy((void *)dest, &clean, OLD_SIZE);
    }
}

void toxpy_options_read(Tox_Options *clean, const Tox_Options *options)
{
    memset(clean, 0, sizeof *clean);
    if (options == NULL) {
        set_defaults(clean);
        return;
    }
    memcpy(clean, options, offsetof(Tox_Options, experimental_groups_persistence));
    if (toxpy_options_known(options)) {
        clean->experimental_groups_persistence = options->experimental_groups_persistence;
        clean->experimental_disable_dns = options->experimental_disable_dns;
        clean->experimental_owned_data = options->experimental_owned_data;
    }
}

/* The abstract operating system of 0.2.18 existed for c-toxcore's own tests; there is none here. */
const struct Tox_System *tox_options_get_operating_system(const Tox_Options *options)
{
    (void)options;
    return NULL;
}

void tox_options_set_operating_system(Tox_Options *options, const struct Tox_System *operating_system)
{
    (void)options;
    (void)operating_system;
}

bool tox_version_is_compatible(uint32_t major, uint32_t minor, uint32_t patch)
{
    return TOX_VERSION_IS_API_COMPATIBLE(major, minor, patch);
}

struct Tox_Iterate_Options {
    bool fail_hard;
};

Tox_Iterate_Options *tox_iterate_options_new(Tox_Err_Iterate_Options_New *error)
{
    Tox_Iterate_Options *options = (Tox_Iterate_Options *)calloc(1, sizeof *options);
    if (error != NULL) {
        *error = options != NULL ? TOX_ERR_ITERATE_OPTIONS_NEW_OK : TOX_ERR_ITERATE_OPTIONS_NEW_MALLOC;
    }
    return options;
}

void tox_iterate_options_free(Tox_Iterate_Options *options)
{
    free(options);
}

void tox_iterate_options_set_fail_hard(Tox_Iterate_Options *options, bool fail_hard)
{
    if (options != NULL) {
        options->fail_hard = fail_hard;
    }
}

bool tox_iterate_options_get_fail_hard(const Tox_Iterate_Options *options)
{
    return options != NULL && options->fail_hard;
}
