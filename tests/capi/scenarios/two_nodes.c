/* Two instances that know only each other become friends: the smallest network there is. */
#include "scenario.h"

static void find(Side *side)
{
    uint8_t ours[TOX_PUBLIC_KEY_SIZE];
    uint8_t theirs[TOX_PUBLIC_KEY_SIZE];
    join_each_other(side);
    tox_self_get_public_key(side->tox, ours);
    tell(side, ours, sizeof(ours));
    hear(side, theirs, sizeof(theirs));
    CHECK(tox_friend_add_norequest(side->tox, theirs, NULL) == 0);
    wait_online(side, 120);
}

void scenario_alice(Side *side)
{
    find(side);
    CHECK(tox_friend_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"hi", 2, NULL)
          != 0);
}

void scenario_bob(Side *side)
{
    find(side);
    CHECK(take(side, &side->messages, 30)->length == 2);
}
