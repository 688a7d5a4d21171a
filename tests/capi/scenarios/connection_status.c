/* Going online is told once to ourselves and once for each friend, with the way: UDP, or relays only. */
#include <stdlib.h>

#include "scenario.h"

static int told;
static TOX_CONNECTION status;

static void on_self(Tox *tox, TOX_CONNECTION now, void *user_data)
{
    (void)user_data;
    CHECK(tox_self_get_connection_status(tox) == now);
    status = now;
    ++told;
}

static void come_online(Side *side)
{
    const bool relayed = getenv("TOX_RELAY") != NULL;
    const uint32_t way = relayed ? TOX_CONNECTION_TCP : TOX_CONNECTION_UDP;
    uint8_t ours[TOX_PUBLIC_KEY_SIZE + 1];
    uint8_t theirs[TOX_PUBLIC_KEY_SIZE + 1];
    tox_callback_self_connection_status(side->tox, on_self);
    CHECK(tox_self_get_connection_status(side->tox) == TOX_CONNECTION_NONE);
    join_network(side);
    UNTIL(side, told > 0, 60);
    tox_self_get_public_key(side->tox, ours);
    ours[TOX_PUBLIC_KEY_SIZE] = (uint8_t)status;
    tell(side, ours, sizeof(ours));
    hear(side, theirs, sizeof(theirs));
    /* both libraries say the same; over UDP that is what they take the addresses of the network for */
    CHECK(status != TOX_CONNECTION_NONE && theirs[TOX_PUBLIC_KEY_SIZE] == status);
    CHECK(!relayed || status == TOX_CONNECTION_TCP);
    CHECK(tox_friend_add_norequest(side->tox, theirs, NULL) == 0);
    const Seen *seen = take(side, &side->connections, 90);
    while (seen->value != way) {
        seen = take(side, &side->connections, 60);
    }
    CHECK(seen->friend_number == 0);
    CHECK(tox_friend_get_connection_status(side->tox, 0, NULL) == way);
    CHECK(told == 1);
    meet(side);
}

void scenario_alice(Side *side)
{
    come_online(side);
}

void scenario_bob(Side *side)
{
    come_online(side);
}
