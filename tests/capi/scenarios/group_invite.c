/* Who comes in and who does not: by an invitation, by the chat id, with a password, when it is full. */
#include "groups.h"

void scenario_alice(Side *side)
{
    Tox_Err_Group_Invite_Friend error;
    become_friends(side);
    CHECK(found_group(side, TOX_GROUP_PRIVACY_STATE_PRIVATE, "Private") == 0);
    CHECK(tox_group_set_peer_limit(side->tox, 0, 1, NULL));
    CHECK(tox_group_invite_friend(side->tox, 0, 0, NULL));
    meet(side); /* it is full */
    CHECK(tox_group_set_peer_limit(side->tox, 0, 5, NULL));
    CHECK(tox_group_invite_friend(side->tox, 0, 0, NULL));
    take_group(side, GROUP_PEER_JOIN, WAIT_S);
    CHECK(peer_called(side, 0, "bob") != 0);
    meet(side);
    /* whoever is in it is not asked again */
    CHECK(tox_group_invite_friend(side->tox, 0, 0, NULL));
    CHECK(!tox_group_invite_friend(side->tox, 0, 1, &error));
    CHECK(error == TOX_ERR_GROUP_INVITE_FRIEND_FRIEND_NOT_FOUND);
    CHECK(!tox_group_invite_friend(side->tox, 9, 0, &error));
    CHECK(error == TOX_ERR_GROUP_INVITE_FRIEND_GROUP_NOT_FOUND);
    meet(side);

    /* a public one with a password */
    CHECK(found_group(side, TOX_GROUP_PRIVACY_STATE_PUBLIC, "Public") == 1);
    CHECK(tox_group_set_password(side->tox, 1, TEXT("dadada"), NULL));
    tell_chat_id(side, 1);
    forget_groups(side);
    CHECK(take_group(side, GROUP_PEER_JOIN, WAIT_S)->group == 1);
}

void scenario_bob(Side *side)
{
    uint8_t chat_id[TOX_GROUP_CHAT_ID_SIZE];
    Tox_Err_Group_Invite_Accept error;
    become_friends(side);
    const uint32_t refused = accept_group(side, "");
    CHECK(take_group(side, GROUP_JOIN_FAIL, WAIT_S)->value == TOX_GROUP_JOIN_FAIL_PEER_LIMIT);
    CHECK(tox_group_leave(side->tox, refused, NULL, 0, NULL));
    run_for(side, 1);
    meet(side);
    CHECK(accept_group(side, "") == 0);
    CHECK(take_group(side, GROUP_SELF_JOIN, WAIT_S)->group == 0);
    CHECK(group_is_called(side, 0, "Private"));
    meet(side);
    run_for(side, 2);
    CHECK(left_in_group(side, GROUP_INVITE) == 0);
    CHECK(tox_group_invite_accept(side->tox, 0, TEXT("too short"), TEXT("bob"), NULL, 0, &error)
          == UINT32_MAX);
    CHECK(error == TOX_ERR_GROUP_INVITE_ACCEPT_BAD_INVITE);
    meet(side);

    hear_chat_id(side, chat_id);
    uint32_t number = join_group(side, chat_id, "dadadada");
    CHECK(take_group(side, GROUP_JOIN_FAIL, WAIT_S)->value == TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD);
    CHECK(left_in_group(side, GROUP_SELF_JOIN) == 0);
    CHECK(tox_group_leave(side->tox, number, NULL, 0, NULL));
    run_for(side, 1);
    number = join_group(side, chat_id, "dadada");
    CHECK(take_group(side, GROUP_SELF_JOIN, WAIT_S)->group == number);
    CHECK(group_is_called(side, number, "Public"));
}
