/* A second invitation to a conference that bob is in is answered without asking him, and changes nothing. */
#include "scenario.h"

void scenario_alice(Side *side)
{
    become_friends(side);
    share_conference(side);
    CHECK(tox_conference_invite(side->tox, 0, 0, NULL));
    run_for(side, 3);
    CHECK(peer_count(side) == 2);
    meet(side);
    CHECK(
        tox_conference_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"once", 4, NULL));
    CHECK(take(side, &side->conference_messages, 30)->length == 4);
    run_for(side, 1);
    CHECK(side->conference_messages.count == 1);
}

void scenario_bob(Side *side)
{
    uint8_t cookie[TEXT_SIZE];
    TOX_ERR_CONFERENCE_JOIN error;
    become_friends(side);
    share_conference(side);
    const Seen *invite = &side->invites.items[0];
    memcpy(cookie, invite->text, invite->length);
    CHECK(tox_conference_join(side->tox, 0, cookie, invite->length, &error) == UINT32_MAX);
    CHECK(error == TOX_ERR_CONFERENCE_JOIN_DUPLICATE);
    CHECK(tox_conference_join(side->tox, 0, cookie, invite->length - 1, &error) == UINT32_MAX);
    CHECK(error == TOX_ERR_CONFERENCE_JOIN_INVALID_LENGTH);
    run_for(side, 3);
    CHECK(side->invites.count == 1);
    CHECK(peer_count(side) == 2);
    meet(side);
    CHECK(take(side, &side->conference_messages, 30)->length == 4);
    run_for(side, 1);
    CHECK(side->conference_messages.count == 1);
}
