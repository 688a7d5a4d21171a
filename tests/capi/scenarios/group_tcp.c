/* A member comes in by the chat id, and by a friend's invitation; run without UDP, both talk over relays. */
#include "groups.h"

#include <stdlib.h>

static Tox_Connection expected(void)
{
    return getenv("TOX_RELAY") == NULL ? TOX_CONNECTION_UDP : TOX_CONNECTION_TCP;
}

static void check_way(Side *side, const char *name)
{
    const uint32_t peer = peer_called(side, 0, name);
    UNTIL(side, tox_group_peer_get_connection_status(side->tox, 0, peer, NULL) == expected(), WAIT_S);
}

void scenario_alice(Side *side)
{
    become_friends(side);
    CHECK(found_group(side, TOX_GROUP_PRIVACY_STATE_PUBLIC, "The group") == 0);
    tell_chat_id(side, 0);
    take_group(side, GROUP_PEER_JOIN, 120);
    check_way(side, "bob");
    tox_group_send_private_message(side->tox, 0, peer_called(side, 0, "bob"), TOX_MESSAGE_TYPE_NORMAL,
                                   TEXT("the codeword"), NULL);
    CHECK(take_group(side, GROUP_PEER_EXIT, WAIT_S)->value == TOX_GROUP_EXIT_TYPE_QUIT);
    meet(side);
    CHECK(tox_group_invite_friend(side->tox, 0, 0, NULL));
    take_group(side, GROUP_PEER_JOIN, WAIT_S);
    check_way(side, "bob");
    CHECK(has_text(take_group(side, GROUP_MESSAGE, WAIT_S), "the codeword"));
    /* at once, before it is known anywhere */
    CHECK(found_group(side, TOX_GROUP_PRIVACY_STATE_PRIVATE, "Another") == 1);
    CHECK(tox_group_invite_friend(side->tox, 1, 0, NULL));
    CHECK(take_group(side, GROUP_PEER_JOIN, WAIT_S)->group == 1);
}

void scenario_bob(Side *side)
{
    uint8_t chat_id[TOX_GROUP_CHAT_ID_SIZE];
    become_friends(side);
    hear_chat_id(side, chat_id);
    CHECK(join_group(side, chat_id, "") == 0);
    take_group(side, GROUP_SELF_JOIN, 120);
    take_group(side, GROUP_PEER_JOIN, WAIT_S);
    check_way(side, "alice");
    CHECK(has_text(take_group(side, GROUP_PRIVATE_MESSAGE, WAIT_S), "the codeword"));
    CHECK(tox_group_leave(side->tox, 0, NULL, 0, NULL));
    run_for(side, 1);
    meet(side);
    CHECK(accept_group(side, "") == 0);
    take_group(side, GROUP_SELF_JOIN, WAIT_S);
    take_group(side, GROUP_PEER_JOIN, WAIT_S);
    check_way(side, "alice");
    CHECK(tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, TEXT("the codeword"), NULL)
          != UINT32_MAX);
    CHECK(accept_group(side, "") == 1);
    CHECK(take_group(side, GROUP_SELF_JOIN, WAIT_S)->group == 1);
}
