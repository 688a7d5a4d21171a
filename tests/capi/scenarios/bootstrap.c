/* Bootstrapping by IPv4 address, IPv6 address and host name reaches the other node. */
#include "scenario.h"

static const char *const hosts[] = {"127.0.0.1", "::1", "localhost"};

typedef struct Greeting {
    uint8_t dht_id[TOX_PUBLIC_KEY_SIZE];
    uint8_t public_key[TOX_PUBLIC_KEY_SIZE];
    uint16_t port;
} Greeting;

static void find(Side *side, const char *host)
{
    Greeting ours;
    Greeting theirs;
    memset(&ours, 0, sizeof(ours));
    tox_kill(side->tox);
    start_tox(side, NULL, 0);
    tox_self_get_dht_id(side->tox, ours.dht_id);
    tox_self_get_public_key(side->tox, ours.public_key);
    ours.port = tox_self_get_udp_port(side->tox, NULL);
    tell(side, &ours, sizeof(ours));
    hear(side, &theirs, sizeof(theirs));
    if (host != NULL) {
        CHECK(tox_bootstrap(side->tox, host, theirs.port, theirs.dht_id, NULL));
    }
    CHECK(tox_friend_add_norequest(side->tox, theirs.public_key, NULL) == 0);
    wait_online(side, 90);
}

void scenario_alice(Side *side)
{
    for (int i = 0; i < 3; ++i) {
        find(side, hosts[i]);
    }
}

void scenario_bob(Side *side)
{
    for (int i = 0; i < 3; ++i) {
        find(side, NULL);
    }
}
