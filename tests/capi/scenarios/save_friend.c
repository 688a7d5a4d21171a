/* Both restart from savedata without any bootstrap by hand and find each other again. */
#include "scenario.h"

static void check_after_restart(Side *side)
{
    run_for(side, 5);
    meet(side);
    restart(side);
    CHECK(tox_self_get_friend_list_size(side->tox) == 1);
    CHECK(tox_friend_exists(side->tox, 0));
    wait_online(side, 120);
}

void scenario_alice(Side *side)
{
    become_friends(side);
    CHECK(tox_self_set_name(side->tox, (const uint8_t *)"Alice", 5, NULL));
    check_after_restart(side);
    CHECK(tox_self_get_name_size(side->tox) == 5);
    const Seen *message = take(side, &side->messages, 30);
    CHECK(message->length == 5 && memcmp(message->text, "still", 5) == 0);
}

void scenario_bob(Side *side)
{
    uint8_t name[TOX_MAX_NAME_LENGTH] = {0};
    become_friends(side);
    CHECK(take(side, &side->names, 30)->length == 5);
    check_after_restart(side);
    CHECK(tox_friend_get_name(side->tox, 0, name, NULL) && memcmp(name, "Alice", 5) == 0);
    CHECK(tox_friend_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"still", 5, NULL)
          != 0);
}
