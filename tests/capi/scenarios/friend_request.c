/* A friend request by Tox ID arrives once with its text, the longest; accepting it connects both. */
#include "scenario.h"

static uint8_t hello[TOX_MAX_FRIEND_REQUEST_LENGTH];

static void write_hello(void)
{
    static const uint8_t words[] = "Gr\xc3\xbc\xc3\x9f"
                                   "e aus K\xc3\xb6ln";
    memset(hello, '.', sizeof(hello));
    memcpy(hello, words, sizeof(words) - 1);
}

void scenario_alice(Side *side)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    write_hello();
    join_network(side);
    hear(side, address, sizeof(address));
    tox_self_get_public_key(side->tox, key);
    tell(side, key, sizeof(key));
    CHECK(tox_friend_add(side->tox, address, hello, sizeof(hello), NULL) == 0);
    CHECK(!is_online(side));
    wait_online(side, 120);
}

void scenario_bob(Side *side)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    write_hello();
    join_network(side);
    tox_self_get_address(side->tox, address);
    tell(side, address, sizeof(address));
    hear(side, key, sizeof(key));
    const Seen *request = take(side, &side->requests, 90);
    CHECK(memcmp(request->public_key, key, sizeof(key)) == 0);
    CHECK(request->length == sizeof(hello) && memcmp(request->text, hello, request->length) == 0);
    CHECK(tox_friend_add_norequest(side->tox, request->public_key, NULL) == 0);
    wait_online(side, 120);
    CHECK(side->requests.count == 1);
}
