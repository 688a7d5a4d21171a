/* Groups by number and by chat id: both lead to the same one, and a number is free again after the leave. */
#include "groups.h"

static void look_for(Side *side, const uint8_t *chat_id, uint32_t number)
{
    Tox_Err_Group_By_Id error;
    CHECK(tox_group_by_id(side->tox, chat_id, &error) == number);
    CHECK(error == (number == UINT32_MAX ? TOX_ERR_GROUP_BY_ID_NOT_FOUND : TOX_ERR_GROUP_BY_ID_OK));
}

static void run(Side *side)
{
    uint8_t first[TOX_GROUP_CHAT_ID_SIZE], second[TOX_GROUP_CHAT_ID_SIZE], nobodys[TOX_GROUP_CHAT_ID_SIZE];
    Tox_Err_Group_State_Query error;
    Tox_Err_Group_By_Id unknown;
    memset(nobodys, 0xaa, sizeof(nobodys));
    CHECK(tox_group_get_number_groups(side->tox) == 0);
    CHECK(found_group(side, TOX_GROUP_PRIVACY_STATE_PUBLIC, "First") == 0);
    CHECK(found_group(side, TOX_GROUP_PRIVACY_STATE_PRIVATE, "Second") == 1);
    CHECK(tox_group_get_number_groups(side->tox) == 2);
    CHECK(tox_group_get_chat_id(side->tox, 0, first, NULL)
          && tox_group_get_chat_id(side->tox, 1, second, NULL));
    look_for(side, first, 0);
    look_for(side, second, 1);
    look_for(side, nobodys, UINT32_MAX);
    CHECK(tox_group_by_id(side->tox, NULL, &unknown) == UINT32_MAX && unknown == TOX_ERR_GROUP_BY_ID_NULL);

    CHECK(tox_group_leave(side->tox, 0, NULL, 0, NULL));
    run_for(side, 1);
    CHECK(tox_group_get_number_groups(side->tox) == 1);
    look_for(side, first, UINT32_MAX);
    look_for(side, second, 1);
    CHECK(!tox_group_get_chat_id(side->tox, 0, first, &error));
    CHECK(error == TOX_ERR_GROUP_STATE_QUERY_GROUP_NOT_FOUND);
    CHECK(found_group(side, TOX_GROUP_PRIVACY_STATE_PUBLIC, "Third") == 0);
    CHECK(group_is_called(side, 0, "Third") && group_is_called(side, 1, "Second"));
}

void scenario_alice(Side *side)
{
    run(side);
}

void scenario_bob(Side *side)
{
    run(side);
}
