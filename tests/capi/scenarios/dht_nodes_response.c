/* A DHT node that is asked for a key answers with the nodes it knows nearest to it. */
#include <dlfcn.h>

#include <tox/tox_private.h>

#include "scenario.h"

typedef bool ask_function(const Tox *tox, const uint8_t *public_key, const char *ip, uint16_t port,
                          const uint8_t *target, Tox_Err_Dht_Send_Nodes_Request *error);
typedef void set_function(Tox *tox, tox_dht_nodes_response_cb *callback);

static Contact wanted;
static int found;

static void on_node(Tox *tox, const uint8_t *public_key, const char *ip, uint32_t length, uint16_t port,
                    void *side)
{
    CHECK(((Side *)side)->tox == tox);
    CHECK(strlen(ip) == length && length < TOX_DHT_NODE_IP_STRING_SIZE && port != 0);
    if (memcmp(public_key, wanted.dht_id, sizeof(wanted.dht_id)) == 0) {
        CHECK(strcmp(ip, "127.0.0.1") == 0 && port == wanted.port);
        ++found;
    }
}

/* Ask the other side's first node for its second. The real library of 0.2.18 has no such function: it answers. */
static void ask(Side *side)
{
    Contact ours[2], theirs[2];
    memset(ours, 0, sizeof(ours));
    join_network(side);
    for (int i = 0; i < 2; ++i) {
        tox_self_get_dht_id(side->companions[i], ours[i].dht_id);
        ours[i].port = tox_self_get_udp_port(side->companions[i], NULL);
    }
    tell(side, ours, sizeof(ours));
    hear(side, theirs, sizeof(theirs));
    run_for(side, 5);
    ask_function *send_request = (ask_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "tox_dht_send_nodes_request");
    set_function *set_callback =
        (set_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "tox_callback_dht_nodes_response");
    if (send_request != NULL) {
        Tox_Err_Dht_Send_Nodes_Request error;
        set_callback(side->tox, on_node);
        wanted = theirs[1];
        for (int i = 0; i < 10 && found == 0; ++i) {
            CHECK(send_request(side->tox, theirs[0].dht_id, "127.0.0.1", theirs[0].port, wanted.dht_id,
                               &error));
            CHECK(error == TOX_ERR_DHT_SEND_NODES_REQUEST_OK);
            run_for(side, 2);
        }
        CHECK(found > 0);
        set_callback(side->tox, NULL);
        const int before = found;
        CHECK(send_request(side->tox, theirs[0].dht_id, "127.0.0.1", theirs[0].port, wanted.dht_id, &error));
        run_for(side, 1);
        CHECK(found == before);
    }
    meet(side);
}

void scenario_alice(Side *side)
{
    ask(side);
}

void scenario_bob(Side *side)
{
    ask(side);
}
