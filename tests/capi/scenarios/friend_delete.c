/* A deleted friend is gone on our side, goes offline on theirs, and can be added again. */
#include "scenario.h"

void scenario_alice(Side *side)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    TOX_ERR_FRIEND_DELETE error;
    become_friends(side);
    hear(side, address, sizeof(address));
    CHECK(tox_friend_delete(side->tox, 0, NULL));
    CHECK(tox_self_get_friend_list_size(side->tox) == 0);
    CHECK(!tox_friend_delete(side->tox, 0, &error) && error == TOX_ERR_FRIEND_DELETE_FRIEND_NOT_FOUND);
    meet(side);
    CHECK(tox_friend_add(side->tox, address, (const uint8_t *)"me again", 8, NULL) == 0);
    wait_online(side, 120);
    CHECK(tox_friend_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"hi", 2, NULL)
          != 0);
}

void scenario_bob(Side *side)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    become_friends(side);
    tox_self_get_address(side->tox, address);
    tell(side, address, sizeof(address));
    CHECK(take(side, &side->connections, 60)->value == TOX_CONNECTION_NONE);
    meet(side);
    wait_online(side, 120);
    CHECK(take(side, &side->messages, 30)->length == 2);
}
