/* A friend request by Tox ID arrives once with its text, and accepting it connects both. */
#include "scenario.h"

static const uint8_t hello[] = "Gr\xc3\xbc\xc3\x9f" "e aus K\xc3\xb6ln";

void scenario_alice(Side *side)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    join_network(side);
    hear(side, address, sizeof(address));
    tox_self_get_public_key(side->tox, key);
    tell(side, key, sizeof(key));
    CHECK(tox_friend_add(side->tox, address, hello, sizeof(hello) - 1, NULL) == 0);
    CHECK(!is_online(side));
    wait_online(side, 120);
}

void scenario_bob(Side *side)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    join_network(side);
    tox_self_get_address(side->tox, address);
    tell(side, address, sizeof(address));
    hear(side, key, sizeof(key));
    const Seen *request = take(side, &side->requests, 90);
    CHECK(memcmp(request->public_key, key, sizeof(key)) == 0);
    CHECK(request->length == sizeof(hello) - 1 && memcmp(request->text, hello, request->length) == 0);
    CHECK(tox_friend_add_norequest(side->tox, request->public_key, NULL) == 0);
    wait_online(side, 120);
    CHECK(side->requests.count == 1);
}
