/* Away, busy and back are told to the friend. */
#include "scenario.h"

static const TOX_USER_STATUS statuses[] = {TOX_USER_STATUS_AWAY, TOX_USER_STATUS_BUSY, TOX_USER_STATUS_NONE};

static void speak(Side *side)
{
    for (int i = 0; i < 3; ++i) {
        tox_self_set_status(side->tox, statuses[i]);
        meet(side);
    }
}

static void listen_to(Side *side)
{
    for (int i = 0; i < 3; ++i) {
        CHECK(take(side, &side->statuses, 30)->value == (uint32_t)statuses[i]);
        CHECK(tox_friend_get_status(side->tox, 0, NULL) == statuses[i]);
        meet(side);
    }
}

void scenario_alice(Side *side)
{
    become_friends(side);
    speak(side);
    listen_to(side);
}

void scenario_bob(Side *side)
{
    become_friends(side);
    listen_to(side);
    speak(side);
}
