/* Whoever is ignored is not heard; no more than that. */
#include "groups.h"

static void say(Side *side, const char *text)
{
    CHECK(tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)text, strlen(text),
                                 NULL)
          != UINT32_MAX);
}

void scenario_alice(Side *side)
{
    share_group(side);
    const uint32_t bob = peer_called(side, 0, "bob");
    meet(side);
    say(side, "unheard");
    tox_group_send_private_message(side->tox, 0, bob, TOX_MESSAGE_TYPE_NORMAL, TEXT("unheard"), NULL);
    /* this is no message, and comes after those */
    CHECK(tox_group_send_custom_packet(side->tox, 0, true, TEXT("custom"), NULL));
    meet(side);
    say(side, "heard again");
    CHECK(has_text(take_group(side, GROUP_MESSAGE, WAIT_S), "of bob"));
}

void scenario_bob(Side *side)
{
    Tox_Err_Group_Set_Ignore error;
    share_group(side);
    const uint32_t alice = peer_called(side, 0, "alice");
    CHECK(tox_group_set_ignore(side->tox, 0, alice, true, NULL));
    CHECK(!tox_group_set_ignore(side->tox, 0, alice + 50, true, &error));
    CHECK(error == TOX_ERR_GROUP_SET_IGNORE_PEER_NOT_FOUND);
    CHECK(!tox_group_set_ignore(side->tox, 0, tox_group_self_get_peer_id(side->tox, 0, NULL), true, &error));
    CHECK(error == TOX_ERR_GROUP_SET_IGNORE_SELF);
    meet(side);
    CHECK(has_text(take_group(side, GROUP_CUSTOM_PACKET, WAIT_S), "custom"));
    CHECK(left_in_group(side, GROUP_MESSAGE) == 0 && left_in_group(side, GROUP_PRIVATE_MESSAGE) == 0);
    CHECK(tox_group_set_ignore(side->tox, 0, alice, false, NULL));
    meet(side);
    CHECK(has_text(take_group(side, GROUP_MESSAGE, WAIT_S), "heard again"));
    say(side, "of bob");
}
