/* Two conferences of one instance, and of the same two people: each has its own peers, title and messages. */
#include "scenario.h"

static void say(Side *side, uint32_t number, const char *text)
{
    CHECK(tox_conference_send_message(side->tox, number, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)text,
                                      strlen(text), NULL));
}

static void hear_in(Side *side, uint32_t number, const char *text)
{
    const Seen *message = take(side, &side->conference_messages, 30);
    CHECK(message->friend_number == number);
    CHECK(message->length == strlen(text) && memcmp(message->text, text, message->length) == 0);
}

static void check_ids(Side *side)
{
    uint8_t first[TOX_CONFERENCE_ID_SIZE], second[TOX_CONFERENCE_ID_SIZE];
    uint32_t numbers[2] = {9, 9};
    CHECK(tox_conference_get_chatlist_size(side->tox) == 2);
    tox_conference_get_chatlist(side->tox, numbers);
    CHECK(numbers[0] == 0 && numbers[1] == 1);
    CHECK(tox_conference_get_id(side->tox, 0, first) && tox_conference_get_id(side->tox, 1, second));
    CHECK(!tox_conference_get_id(side->tox, 2, second) && tox_conference_get_id(side->tox, 1, second));
    CHECK(memcmp(first, second, sizeof(first)) != 0);
    CHECK(tox_conference_by_id(side->tox, second, NULL) == 1);
}

void scenario_alice(Side *side)
{
    become_friends(side);
    share_conference(side);
    CHECK(tox_conference_new(side->tox, NULL) == 1);
    CHECK(tox_conference_invite(side->tox, 0, 1, NULL));
    UNTIL(side, tox_conference_peer_count(side->tox, 1, NULL) == 2, 30);
    check_ids(side);
    meet(side);
    say(side, 1, "in the second");
    say(side, 0, "in the first");
    hear_in(side, 1, "in the second");
    hear_in(side, 0, "in the first");
}

void scenario_bob(Side *side)
{
    become_friends(side);
    share_conference(side);
    const Seen *invite = take(side, &side->invites, 30);
    CHECK(tox_conference_join(side->tox, 0, invite->text, invite->length, NULL) == 1);
    UNTIL(side, tox_conference_peer_count(side->tox, 1, NULL) == 2, 30);
    check_ids(side);
    meet(side);
    hear_in(side, 1, "in the second");
    hear_in(side, 0, "in the first");
}
