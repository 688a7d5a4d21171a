/* Typing starts and stops at the friend. */
#include "scenario.h"

static void speak(Side *side)
{
    CHECK(tox_self_set_typing(side->tox, 0, true, NULL));
    meet(side);
    CHECK(tox_self_set_typing(side->tox, 0, false, NULL));
    meet(side);
}

static void listen_to(Side *side)
{
    CHECK(take(side, &side->typings, 30)->value == 1);
    CHECK(tox_friend_get_typing(side->tox, 0, NULL));
    meet(side);
    CHECK(take(side, &side->typings, 30)->value == 0);
    CHECK(!tox_friend_get_typing(side->tox, 0, NULL));
    meet(side);
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
