/* Bob ends and is offline to alice; loaded from his save he is back in the conference, with its title. */
#include "scenario.h"

#include <stdlib.h>

void scenario_alice(Side *side)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    uint8_t bob[TOX_PUBLIC_KEY_SIZE];
    become_friends(side);
    share_conference(side);
    CHECK(tox_conference_set_title(side->tox, 0, (const uint8_t *)"lasting", 7, NULL));
    meet(side);
    UNTIL(side, peer_count(side) == 1, 60);
    UNTIL(side, tox_conference_offline_peer_count(side->tox, 0, NULL) == 1, 1);
    CHECK(tox_friend_get_public_key(side->tox, 0, bob, NULL));
    CHECK(tox_conference_offline_peer_get_public_key(side->tox, 0, 0, key, NULL));
    CHECK(memcmp(key, bob, sizeof(key)) == 0);
    CHECK(tox_conference_offline_peer_get_last_active(side->tox, 0, 0, NULL) > 1000000000);
    meet(side);
    UNTIL(side, peer_count(side) == 2, 120);
    CHECK(tox_conference_offline_peer_count(side->tox, 0, NULL) == 0);
    meet(side);
    /* a moment later there is a link as well */
    UNTIL(
        side,
        tox_conference_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"back", 4, NULL),
        30);
}

void scenario_bob(Side *side)
{
    uint8_t title[TOX_MAX_NAME_LENGTH];
    become_friends(side);
    share_conference(side);
    CHECK(take(side, &side->titles, 30)->length == 7);
    meet(side);
    size_t length;
    uint8_t *save = get_save(side, &length);
    tox_kill(side->tox);
    side->tox = NULL;
    meet(side);
    start_tox(side, save, length);
    free(save);
    CHECK(tox_conference_get_chatlist_size(side->tox) == 1);
    CHECK(peer_count(side) == 1 && tox_conference_offline_peer_count(side->tox, 0, NULL) == 1);
    CHECK(tox_conference_get_title(side->tox, 0, title, NULL) && memcmp(title, "lasting", 7) == 0);
    rejoin(side);
    UNTIL(side, peer_count(side) == 2, 120);
    meet(side);
    CHECK(take(side, &side->conference_messages, 30)->length == 4);
}
