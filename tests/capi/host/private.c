/* The functions of tox_private.h: DHT queries, the close list, counted traffic, the lock, the AV pointer, groups,
 * systems. */
#include <string.h>
#include <time.h>
#include <tox/tox.h>
#include <tox/tox_events.h>
#include <tox/tox_private.h>

#include "check.h"
#include "local.h"

#define UDP TOX_NETPROF_PACKET_TYPE_UDP
#define SENT TOX_NETPROF_DIRECTION_SENT
#define RECV TOX_NETPROF_DIRECTION_RECV

enum { NODES = 5 };

static Tox *nodes[NODES];
static uint8_t wanted[TOX_DHT_NODE_PUBLIC_KEY_SIZE];
static uint16_t wanted_port;
static int found, told;

static void on_node(Tox *tox, const uint8_t *public_key, const char *ip, uint32_t length, uint16_t port,
                    void *user_data)
{
    CHECK(tox == nodes[0] && user_data == &found);
    CHECK(strlen(ip) == length && length < tox_dht_node_ip_string_size());
    told++;
    if (memcmp(public_key, wanted, sizeof wanted) == 0) {
        CHECK(strcmp(ip, "127.0.0.1") == 0 && port == wanted_port);
        found++;
    }
}

static void run(int passes)
{
    const struct timespec pause = {0, 10000000};
    for (int i = 0; i < passes; i++) {
        for (int n = 0; n < NODES; n++) {
            tox_iterate(nodes[n], &found);
        }
        nanosleep(&pause, NULL);
    }
}

static void dht_errors(Tox *tox, const uint8_t *id, uint16_t port)
{
    const struct {
        const uint8_t *id;
        const char *ip;
        uint16_t port;
        const uint8_t *target;
        Tox_Err_Dht_Send_Nodes_Request error;
    } calls[] = {
        {NULL, "127.0.0.1", port, id, TOX_ERR_DHT_SEND_NODES_REQUEST_NULL},
        {id, NULL, port, id, TOX_ERR_DHT_SEND_NODES_REQUEST_NULL},
        {id, "127.0.0.1", port, NULL, TOX_ERR_DHT_SEND_NODES_REQUEST_NULL},
        {id, NULL, 0, id, TOX_ERR_DHT_SEND_NODES_REQUEST_NULL},
        {id, "127.0.0.1", 0, id, TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_PORT},
        {id, "not an address", port, id, TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_IP},
        {id, "", port, id, TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_IP},
        {id, "127.0.0.1", port, id, TOX_ERR_DHT_SEND_NODES_REQUEST_OK},
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        Tox_Err_Dht_Send_Nodes_Request error = (Tox_Err_Dht_Send_Nodes_Request)-1;
        bool sent =
            tox_dht_send_nodes_request(tox, calls[i].id, calls[i].ip, calls[i].port, calls[i].target, &error);
        CHECK(error == calls[i].error && sent == (error == TOX_ERR_DHT_SEND_NODES_REQUEST_OK));
        CHECK(sent
              == tox_dht_send_nodes_request(tox, calls[i].id, calls[i].ip, calls[i].port, calls[i].target,
                                            NULL));
    }
    uint8_t own[TOX_DHT_ID_SIZE];
    Tox_Err_Dht_Send_Nodes_Request error;
    tox_self_get_dht_id(tox, own);
    CHECK(!tox_dht_send_nodes_request(tox, own, "127.0.0.1", port, id, &error));
    CHECK(error == TOX_ERR_DHT_SEND_NODES_REQUEST_FAIL);

    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_udp_enabled(options, false);
    Tox *without = tox_new(options, NULL);
    tox_options_free(options);
    CHECK(without != NULL && !tox_dht_send_nodes_request(without, NULL, NULL, 0, NULL, &error));
    CHECK(error == TOX_ERR_DHT_SEND_NODES_REQUEST_UDP_DISABLED);
    CHECK(tox_dht_get_num_closelist(without) == 0
          && tox_dht_get_num_closelist_announce_capable(without) == 0);
    tox_kill(without);
}

static void dht(void)
{
    Tox *tox = nodes[0];
    uint8_t id[TOX_DHT_ID_SIZE];
    CHECK(tox_dht_node_public_key_size() == sizeof wanted);
    CHECK(tox_dht_get_num_closelist(tox) == NODES - 1);
    CHECK(tox_dht_get_num_closelist_announce_capable(tox) == NODES - 1);
    tox_self_get_dht_id(nodes[1], id);
    tox_self_get_dht_id(nodes[2], wanted);
    wanted_port = tox_self_get_udp_port(nodes[2], NULL);
    const uint16_t port = tox_self_get_udp_port(nodes[1], NULL);
    CHECK(told == 0);
    tox_callback_dht_nodes_response(tox, on_node);
    CHECK(tox_dht_send_nodes_request(tox, id, "127.0.0.1", port, wanted, NULL));
    for (int i = 0; i < 300 && found == 0; i++) {
        run(1);
    }
    CHECK(found > 0 && told >= found);
    tox_callback_dht_nodes_response(tox, NULL);
    const int before = told;
    CHECK(tox_dht_send_nodes_request(tox, id, "127.0.0.1", port, wanted, NULL));
    run(30);
    CHECK(told == before);
    dht_errors(tox, id, port);
}

static void traffic(void)
{
    const Tox *tox = nodes[0];
    uint64_t packets[2] = {0, 0}, bytes[2] = {0, 0};
    for (int way = SENT; way <= RECV; way++) {
        for (int id = 0; id < 256; id++) {
            if (id != TOX_NETPROF_PACKET_ID_TCP_DATA) {
                packets[way] +=
                    tox_netprof_get_packet_id_count(tox, UDP, (uint8_t)id, (Tox_Netprof_Direction)way);
                bytes[way] +=
                    tox_netprof_get_packet_id_bytes(tox, UDP, (uint8_t)id, (Tox_Netprof_Direction)way);
            }
        }
        CHECK(packets[way] == tox_netprof_get_packet_total_count(tox, UDP, (Tox_Netprof_Direction)way));
        CHECK(bytes[way] == tox_netprof_get_packet_total_bytes(tox, UDP, (Tox_Netprof_Direction)way));
        CHECK(packets[way] > 10 && bytes[way] > 40 * packets[way]);
        for (int type = TOX_NETPROF_PACKET_TYPE_TCP_CLIENT; type <= TOX_NETPROF_PACKET_TYPE_TCP; type++) {
            CHECK(tox_netprof_get_packet_total_count(tox, (Tox_Netprof_Packet_Type)type,
                                                     (Tox_Netprof_Direction)way)
                  == 0);
            CHECK(tox_netprof_get_packet_total_bytes(tox, (Tox_Netprof_Packet_Type)type,
                                                     (Tox_Netprof_Direction)way)
                  == 0);
        }
    }
    const uint64_t requests = tox_netprof_get_packet_id_count(tox, UDP, TOX_NETPROF_PACKET_ID_TWO, SENT);
    CHECK(requests > 0);
    CHECK(tox_netprof_get_packet_id_bytes(tox, UDP, TOX_NETPROF_PACKET_ID_TWO, SENT) == 113 * requests);
    CHECK(tox_netprof_get_packet_total_count(tox, (Tox_Netprof_Packet_Type)9, SENT) == 0);
    CHECK(tox_netprof_get_packet_total_count(NULL, UDP, SENT) == 0);
}

static void others(void)
{
    Tox *tox = nodes[0];
    uint8_t text[TOX_GROUP_PEER_IP_STRING_MAX_LENGTH];
    int object;
    CHECK(tox_get_av_object(tox) == NULL);
    tox_set_av_object(tox, &object);
    CHECK(tox_get_av_object(tox) == &object && tox_get_av_object(nodes[1]) == NULL);
    tox_set_av_object(tox, NULL);
    CHECK(tox_get_av_object(tox) == NULL);

    /* nothing without experimental_thread_safety: neither does one wait, nor is one too many an error */
    for (int i = 0; i < 3; i++) {
        tox_unlock(tox);
        tox_lock(tox);
    }
    Tox *safe = new_local(true, NULL);
    CHECK(safe != NULL);
    tox_lock(safe);
    tox_lock(safe);
    tox_unlock(safe);
    tox_unlock(safe);
    tox_unlock(safe); /* one too many: ignored */
    CHECK(tox_self_set_name(safe, (const uint8_t *)"n", 1, NULL));
    tox_iterate(safe, NULL);
    tox_kill(safe);
    tox_lock(safe); /* dead */
    tox_unlock(safe);

    Tox_Err_Group_Peer_Query error;
    CHECK(tox_group_peer_ip_string_max_length() == sizeof text);
    CHECK(tox_group_peer_get_ip_address_size(tox, 0, 0, &error) == SIZE_MAX);
    CHECK(error == TOX_ERR_GROUP_PEER_QUERY_GROUP_NOT_FOUND);
    CHECK(!tox_group_peer_get_ip_address(tox, 0, 0, text, &error));
    CHECK(error == TOX_ERR_GROUP_PEER_QUERY_GROUP_NOT_FOUND);

    Tox_Err_Iterate_Options_New failed = (Tox_Err_Iterate_Options_New)-1;
    Tox_Iterate_Options *options = tox_iterate_options_new(&failed);
    CHECK(options != NULL && failed == TOX_ERR_ITERATE_OPTIONS_NEW_OK
          && !tox_iterate_options_get_fail_hard(options));
    tox_iterate_options_set_fail_hard(options, true);
    CHECK(tox_iterate_options_get_fail_hard(options) && !tox_iterate_options_get_fail_hard(NULL));
    tox_iterate_options_set_fail_hard(NULL, true);
    const int before = told;
    tox_callback_dht_nodes_response(tox, on_node);
    const struct timespec pause = {0, 10000000};
    uint8_t id[TOX_DHT_ID_SIZE];
    tox_self_get_dht_id(nodes[1], id);
    CHECK(tox_dht_send_nodes_request(tox, id, "127.0.0.1", tox_self_get_udp_port(nodes[1], NULL), wanted,
                                     NULL));
    for (int i = 0; i < 300 && told == before; i++) {
        tox_iterate(nodes[1], NULL);
        tox_iterate_with_options(tox, i % 2 == 0 ? options : NULL, &found);
        nanosleep(&pause, NULL);
    }
    CHECK(told > before);
    tox_iterate_options_free(options);
    tox_iterate_options_free(NULL);
}

static uint64_t other_clock(void *user_data)
{
    (void)user_data;
    return 0;
}

/* c-toxcore's only system is a working one here as well, and every other one is refused */
static void systems(void)
{
    const Tox_System *system = tox_get_system(nodes[0]);
    CHECK(system != NULL && system == tox_get_system(nodes[1]) && tox_get_system(NULL) == NULL);
    const uint8_t empty[] = {0x90};
    Tox_Events *events = tox_events_load(system, empty, sizeof empty);
    CHECK(tox_events_get_size(events) == 0 && tox_events_equal(system, events, NULL));
    tox_events_free(events);

    Tox_System own = tox_default_system();
    CHECK(own.mono_time_callback == NULL && own.rng != NULL && own.ns != NULL && own.mem != NULL);
    Tox_Options_Testing testing = {&own};
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    Tox_Err_New error;
    Tox_Err_New_Testing testing_error;
    Tox *tox = tox_new_testing(options, &error, &testing, &testing_error);
    CHECK(tox != NULL && error == TOX_ERR_NEW_OK && testing_error == TOX_ERR_NEW_TESTING_OK);
    CHECK(tox_self_get_udp_port(tox, NULL) != 0);
    tox_kill(tox);
    /* the error of the instance itself */
    tox_options_set_proxy_type(options, (Tox_Proxy_Type)9);
    CHECK(tox_new_testing(options, &error, &testing, &testing_error) == NULL);
    CHECK(error == TOX_ERR_NEW_PROXY_BAD_TYPE && testing_error == TOX_ERR_NEW_TESTING_OK);
    for (int i = 0; i < 6; i++) {
        own = tox_default_system();
        testing.operating_system = i == 1 ? NULL : &own;
        own.rng = i == 2 ? NULL : own.rng;
        own.ns = i == 3 ? (const void *)&own : own.ns;
        own.mem = i == 4 ? NULL : own.mem;
        own.mono_time_callback = i == 5 ? other_clock : NULL;
        error = TOX_ERR_NEW_OK;
        testing_error = TOX_ERR_NEW_TESTING_OK;
        CHECK(tox_new_testing(NULL, &error, i == 0 ? NULL : &testing, &testing_error) == NULL);
        CHECK(error == TOX_ERR_NEW_NULL && testing_error == TOX_ERR_NEW_TESTING_NULL);
        CHECK(tox_new_testing(NULL, NULL, i == 0 ? NULL : &testing, NULL) == NULL);
    }
    tox_options_free(options);
}

int main(void)
{
    for (int i = 0; i < NODES; i++) {
        nodes[i] = new_local(false, NULL);
        CHECK(nodes[i] != NULL);
    }
    for (int i = 1; i < NODES; i++) {
        uint8_t id[TOX_DHT_ID_SIZE];
        tox_self_get_dht_id(nodes[0], id);
        CHECK(tox_bootstrap(nodes[i], "127.0.0.1", tox_self_get_udp_port(nodes[0], NULL), id, NULL));
    }
    for (int i = 0; i < 3000 && tox_dht_get_num_closelist_announce_capable(nodes[0]) < NODES - 1; i++) {
        run(1);
    }
    run(100);
    dht();
    traffic();
    others();
    systems();
    for (int i = 0; i < NODES; i++) {
        tox_kill(nodes[i]);
    }
    puts("ok");
    return 0;
}
