/* Two groups of the same two people: each has its own keys, members, settings and messages. */
#include "groups.h"

static void check_keys(Side *side)
{
    uint8_t first[TOX_GROUP_PEER_PUBLIC_KEY_SIZE], second[TOX_GROUP_PEER_PUBLIC_KEY_SIZE];
    CHECK(tox_group_get_number_groups(side->tox) == 2);
    CHECK(tox_group_self_get_public_key(side->tox, 0, first, NULL));
    CHECK(tox_group_self_get_public_key(side->tox, 1, second, NULL));
    CHECK(memcmp(first, second, sizeof(first)) != 0);
    meet(side);
}

static void say(Side *side, uint32_t number, const char *text)
{
    CHECK(tox_group_send_message(side->tox, number, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)text,
                                 strlen(text), NULL)
          != UINT32_MAX);
}

void scenario_alice(Side *side)
{
    share_group(side);
    const uint32_t second = found_group(side, TOX_GROUP_PRIVACY_STATE_PUBLIC, "Second");
    CHECK(second == 1);
    tell_chat_id(side, second);
    CHECK(take_group(side, GROUP_PEER_JOIN, WAIT_S)->group == second);
    check_keys(side);
    CHECK(tox_group_set_topic(side->tox, second, TEXT("of the second"), NULL));
    say(side, second, "in the second");
    say(side, 0, "in the first");
    meet(side);
    /* leaving one is not leaving the other */
    CHECK(tox_group_leave(side->tox, 0, NULL, 0, NULL));
    const Group_Seen *seen = take_group(side, GROUP_MESSAGE, WAIT_S);
    CHECK(seen->group == second && has_text(seen, "still here"));
}

void scenario_bob(Side *side)
{
    uint8_t chat_id[TOX_GROUP_CHAT_ID_SIZE];
    share_group(side);
    hear_chat_id(side, chat_id);
    CHECK(join_group(side, chat_id, "") == 1);
    CHECK(take_group(side, GROUP_PEER_JOIN, WAIT_S)->group == 1);
    CHECK(group_is_called(side, 0, "The group") && group_is_called(side, 1, "Second"));
    check_keys(side);
    const Group_Seen *seen = take_group(side, GROUP_TOPIC, WAIT_S);
    CHECK(seen->group == 1 && has_text(seen, "of the second") && has_topic(side, ""));
    bool first = false, second = false;
    for (int i = 0; i < 2; ++i) {
        seen = take_group(side, GROUP_MESSAGE, WAIT_S);
        first = first || (seen->group == 0 && has_text(seen, "in the first"));
        second = second || (seen->group == 1 && has_text(seen, "in the second"));
    }
    CHECK(first && second);
    meet(side);
    CHECK(take_group(side, GROUP_PEER_EXIT, WAIT_S)->group == 0);
    say(side, 1, "still here");
}
