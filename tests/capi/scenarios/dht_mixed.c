/* Friends who share no bootstrap node find each other in a DHT of both kinds of nodes. */
#include "scenario.h"

void scenario_alice(Side *side)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    join_network(side);
    hear(side, address, sizeof(address));
    CHECK(tox_friend_add(side->tox, address, (const uint8_t *)"far away", 8, NULL) == 0);
    wait_online(side, 120);
    CHECK(take(side, &side->messages, 30)->length == 9);
}

void scenario_bob(Side *side)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    join_network(side);
    tox_self_get_address(side->tox, address);
    tell(side, address, sizeof(address));
    const Seen *request = take(side, &side->requests, 90);
    CHECK(tox_friend_add_norequest(side->tox, request->public_key, NULL) == 0);
    wait_online(side, 120);
    CHECK(
        tox_friend_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"found you", 9, NULL)
        != 0);
}
