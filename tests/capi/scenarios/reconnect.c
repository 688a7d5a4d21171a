/* A friend who leaves is seen offline; one who vanishes is noticed by time-out; both come back. */
#include "scenario.h"

#include <stdlib.h>

static void welcome(Side *side)
{
    wait_online(side, 120);
    CHECK(tox_friend_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"back", 4, NULL)
          != 0);
    meet(side);
}

void scenario_alice(Side *side)
{
    become_friends(side);
    meet(side);
    UNTIL(side, !is_online(side), 40);
    CHECK(take(side, &side->connections, 1)->value == TOX_CONNECTION_NONE);
    meet(side);
    welcome(side);
    UNTIL(side, !is_online(side), 60);
    CHECK(take(side, &side->connections, 1)->value == TOX_CONNECTION_NONE);
    meet(side);
    welcome(side);
}

static void come_back(Side *side, const uint8_t *save, size_t length)
{
    start_tox(side, save, length);
    rejoin(side);
    wait_online(side, 120);
    const Seen *message = take(side, &side->messages, 30);
    CHECK(message->length == 4 && memcmp(message->text, "back", 4) == 0);
    meet(side);
}

void scenario_bob(Side *side)
{
    become_friends(side);
    size_t length;
    uint8_t *save = get_save(side, &length);
    meet(side);
    tox_kill(side->tox);
    side->tox = NULL;
    meet(side);
    come_back(side, save, length);
    Tox *vanished = side->tox;
    side->tox = NULL;
    meet(side);
    come_back(side, save, length);
    tox_kill(vanished);
    free(save);
}
