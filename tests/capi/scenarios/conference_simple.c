/* Three in a row, of whom the ends are no friends: everybody sees everybody and hears everybody. */
#include "scenario.h"

enum { WAIT_S = 60 };

static void speak(Side *side)
{
    /* a moment after the peers are seen there is a link */
    UNTIL(side,
          tox_conference_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)side->name,
                                      strlen(side->name), NULL),
          WAIT_S);
}

/* `user`, who is run with this side, hears so. */
static void hears(Side *side, Side *user, const char *name)
{
    const Seen *message = take(side, &user->conference_messages, WAIT_S);
    CHECK(message->length == strlen(name) && memcmp(message->text, name, message->length) == 0);
}

void scenario_alice(Side *side)
{
    become_friends(side);
    share_conference(side);
    UNTIL(side, peer_count(side) == 3, 2 * WAIT_S);
    meet(side);
    speak(side);
    hears(side, side, "alice");
    meet(side);
    hears(side, side, "carol");
    CHECK(tox_self_get_friend_list_size(side->tox) == 1);
    meet(side);
}

void scenario_bob(Side *side)
{
    static Side carol = {.name = "carol"};
    side->third = &carol;
    become_friends(side);
    share_conference(side);
    UNTIL(side, tox_conference_invite(side->tox, 1, 0, NULL), 2 * WAIT_S);
    const Seen *invite = take(side, &carol.invites, WAIT_S);
    CHECK(tox_conference_join(carol.tox, 0, invite->text, invite->length, NULL) == 0);
    take(side, &carol.joined, WAIT_S);
    UNTIL(side, peer_count(side) == 3 && peer_count(&carol) == 3, WAIT_S);
    meet(side);
    hears(side, side, "alice");
    hears(side, &carol, "alice");
    meet(side);
    const uint64_t end_ms = scenario_now_ms() + WAIT_S * 1000;
    while (!tox_conference_send_message(carol.tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"carol", 5,
                                        NULL)) {
        CHECK(scenario_now_ms() < end_ms);
        side_iterate(side);
    }
    hears(side, side, "carol");
    hears(side, &carol, "carol");
    CHECK(tox_self_get_friend_list_size(carol.tox) == 1);
    meet(side);
}
