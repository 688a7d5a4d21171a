/* After a nospam change the old address is refused and the new one works. */
#include "scenario.h"

void scenario_alice(Side *side)
{
    uint8_t addresses[2][TOX_ADDRESS_SIZE];
    join_network(side);
    hear(side, addresses, sizeof(addresses));
    CHECK(memcmp(addresses[0], addresses[1], sizeof(addresses[0])) != 0);
    CHECK(tox_friend_add(side->tox, addresses[0], (const uint8_t *)"old", 3, NULL) == 0);
    run_for(side, 25);
    meet(side);
    CHECK(tox_friend_delete(side->tox, 0, NULL));
    CHECK(tox_friend_add(side->tox, addresses[1], (const uint8_t *)"new one", 7, NULL) == 0);
}

void scenario_bob(Side *side)
{
    uint8_t addresses[2][TOX_ADDRESS_SIZE];
    join_network(side);
    tox_self_get_address(side->tox, addresses[0]);
    tox_self_set_nospam(side->tox, 0x12345678);
    CHECK(tox_self_get_nospam(side->tox) == 0x12345678);
    tox_self_get_address(side->tox, addresses[1]);
    tell(side, addresses, sizeof(addresses));
    meet(side);
    CHECK(side->requests.count == 0);
    CHECK(take(side, &side->requests, 90)->length == 7);
}
