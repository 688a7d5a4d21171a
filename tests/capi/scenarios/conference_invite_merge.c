/* A conference falls apart while its middle is away, one half grows, an invitation makes them one again.
 * In a row: dave - bob - alice - carol - erin; dave is run with bob, carol and erin are with alice. */
#include "scenario.h"

#include <stdlib.h>

enum { WAIT_S = 60, LONG_S = 120 };

/* `inviter` brings in its third; both are run with this side. */
static void bring_in_third(Side *side, Side *inviter)
{
    Side *user = inviter->third;
    UNTIL(side, tox_conference_invite(inviter->tox, 1, 0, NULL), LONG_S);
    const Seen *invite = take(side, &user->invites, WAIT_S);
    CHECK(tox_conference_join(user->tox, 0, invite->text, invite->length, NULL) == 0);
    take(side, &user->joined, WAIT_S);
}

static void hears(Side *side, Side *user)
{
    const Seen *message = take(side, &user->conference_messages, WAIT_S);
    CHECK(message->length == 6 && memcmp(message->text, "to all", 6) == 0);
    CHECK(user->invites.taken == user->invites.count);
}

void scenario_alice(Side *side)
{
    static Side carol = {.name = "carol"}, erin = {.name = "erin"};
    side->third = &carol;
    carol.third = &erin;
    become_friends(side);
    share_conference(side);
    UNTIL(side, peer_count(side) == 3, LONG_S);
    /* alice and dave, who are no friends, connect */
    run_for(side, 5);
    meet(side);
    UNTIL(side, peer_count(side) == 2, LONG_S);
    meet(side);
    bring_in_third(side, side);
    bring_in_third(side, &carol);
    meet(side);
    UNTIL(side, peer_count(side) == 5 && peer_count(&carol) == 5 && peer_count(&erin) == 5, LONG_S);
    meet(side);
    const uint64_t end_ms = scenario_now_ms() + WAIT_S * 1000;
    while (!tox_conference_send_message(erin.tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"to all", 6,
                                        NULL)) {
        CHECK(scenario_now_ms() < end_ms);
        side_iterate(side);
    }
    hears(side, side);
    hears(side, &carol);
    hears(side, &erin);
    meet(side);
}

void scenario_bob(Side *side)
{
    static Side dave = {.name = "dave"};
    side->third = &dave;
    become_friends(side);
    share_conference(side);
    bring_in_third(side, side);
    UNTIL(side, peer_count(side) == 3 && peer_count(&dave) == 3, WAIT_S);
    run_for(side, 5);
    meet(side);
    size_t length;
    uint8_t *save = get_save(side, &length);
    tox_kill(side->tox);
    side->tox = NULL;
    UNTIL(side, peer_count(&dave) == 2, LONG_S);
    meet(side);
    /* the other half grows */
    meet(side);
    start_tox(side, save, length);
    free(save);
    rejoin(side);
    UNTIL(side,
          is_online(side) && tox_friend_get_connection_status(side->tox, 1, NULL) != TOX_CONNECTION_NONE,
          LONG_S);
    CHECK(tox_conference_invite(side->tox, 0, 0, NULL));
    UNTIL(side, peer_count(side) == 5 && peer_count(&dave) == 5, LONG_S);
    meet(side);
    hears(side, side);
    hears(side, &dave);
    meet(side);
}
