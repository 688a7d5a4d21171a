/* A member comes in by the chat id, sees who is there, and both change, part for a while, and leave. */
#include "groups.h"

void scenario_alice(Side *side)
{
    Tox_Err_Group_Disconnect error;
    Tox_Err_Group_Send_Message unsent;
    share_group(side);
    CHECK(role_of(side, "bob") == TOX_GROUP_ROLE_USER);
    CHECK(tox_group_self_get_role(side->tox, 0, NULL) == TOX_GROUP_ROLE_FOUNDER);
    /* bob knows us by the old name */
    meet(side);
    CHECK(tox_group_self_set_name(side->tox, 0, TEXT("Alice the second"), NULL));
    CHECK(tox_group_self_set_status(side->tox, 0, TOX_USER_STATUS_BUSY, NULL));
    meet(side);

    CHECK(tox_group_disconnect(side->tox, 0, NULL));
    const Group_Seen *left = take_group(side, GROUP_PEER_EXIT, WAIT_S);
    CHECK(left->value == TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED && has_text(left, "bob"));
    CHECK(!tox_group_is_connected(side->tox, 0, NULL));
    CHECK(!tox_group_disconnect(side->tox, 0, &error));
    CHECK(error == TOX_ERR_GROUP_DISCONNECT_ALREADY_DISCONNECTED);
    tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, TEXT("x"), &unsent);
    CHECK(unsent == TOX_ERR_GROUP_SEND_MESSAGE_DISCONNECTED);
    meet(side);
    meet(side);

    CHECK(tox_group_reconnect(side->tox, 0, NULL));
    CHECK(tox_group_is_connected(side->tox, 0, NULL));
    take_group(side, GROUP_PEER_JOIN, WAIT_S);
    UNTIL(side,
          tox_group_peer_get_status(side->tox, 0, peer_called(side, 0, "bob"), NULL) == TOX_USER_STATUS_AWAY,
          WAIT_S);
    meet(side);
    CHECK(tox_group_leave(side->tox, 0, TEXT("Goodbye world"), NULL));
    run_for(side, 1);
    CHECK(tox_group_get_number_groups(side->tox) == 0);
}

void scenario_bob(Side *side)
{
    share_group(side);
    const uint32_t alice = peer_called(side, 0, "alice");
    CHECK(alice != 0 && role_of(side, "alice") == TOX_GROUP_ROLE_FOUNDER);
    CHECK(tox_group_is_connected(side->tox, 0, NULL));
    meet(side);
    const Group_Seen *seen = take_group(side, GROUP_PEER_NAME, WAIT_S);
    CHECK(seen->peer == alice && has_text(seen, "Alice the second"));
    seen = take_group(side, GROUP_PEER_STATUS, WAIT_S);
    CHECK(seen->peer == alice && seen->value == TOX_USER_STATUS_BUSY);
    CHECK(peer_called(side, 0, "Alice the second") == alice);
    meet(side);

    seen = take_group(side, GROUP_PEER_EXIT, WAIT_S);
    CHECK(seen->peer == alice && seen->value == TOX_GROUP_EXIT_TYPE_QUIT
          && has_text(seen, "Alice the second"));
    meet(side);
    CHECK(tox_group_self_set_status(side->tox, 0, TOX_USER_STATUS_AWAY, NULL));
    meet(side);

    take_group(side, GROUP_PEER_JOIN, WAIT_S);
    CHECK(role_of(side, "Alice the second") == TOX_GROUP_ROLE_FOUNDER);
    meet(side);
    seen = take_group(side, GROUP_PEER_EXIT, WAIT_S);
    CHECK(seen->value == TOX_GROUP_EXIT_TYPE_QUIT && seen->more_length == strlen("Goodbye world"));
    CHECK(memcmp(seen->more, "Goodbye world", seen->more_length) == 0);
}
