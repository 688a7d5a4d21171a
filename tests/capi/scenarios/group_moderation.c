/* The founder and moderators: who may make whom what, who may speak then, and who is sent away. */
#include "groups.h"

static bool can_speak(Side *side)
{
    Tox_Err_Group_Send_Message error;
    tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, TEXT("x"), &error);
    CHECK(error == TOX_ERR_GROUP_SEND_MESSAGE_OK || error == TOX_ERR_GROUP_SEND_MESSAGE_PERMISSIONS);
    return error == TOX_ERR_GROUP_SEND_MESSAGE_OK;
}

static Tox_Group_Role own_role(const Side *side)
{
    return tox_group_self_get_role(side->tox, 0, NULL);
}

static void make(Side *side, const char *name, Tox_Group_Role role)
{
    CHECK(tox_group_set_role(side->tox, 0, peer_called(side, 0, name), role, NULL));
    UNTIL(side, role_of(side, name) == role, WAIT_S);
}

static void is_made(Side *side, Tox_Group_Mod_Event kind, uint32_t by)
{
    const Group_Seen *seen;
    do {
        seen = take_group(side, GROUP_MODERATION, WAIT_S);
        /* c-toxcore tells of a whole list so, changed or not */
    } while (seen->peer == UINT32_MAX);
    CHECK(seen->value == (uint32_t)kind && seen->peer == by);
    CHECK(seen->target == tox_group_self_get_peer_id(side->tox, 0, NULL));
}

void scenario_alice(Side *side)
{
    share_group(side);
    take_group(side, GROUP_PEER_JOIN, WAIT_S); /* carol, who is beside bob */
    UNTIL(side, peer_called(side, 0, "carol") != 0, WAIT_S);
    meet(side);
    make(side, "bob", TOX_GROUP_ROLE_MODERATOR);
    meet(side);
    UNTIL(side, role_of(side, "carol") == TOX_GROUP_ROLE_OBSERVER, WAIT_S);
    meet(side);
    CHECK(tox_group_set_voice_state(side->tox, 0, TOX_GROUP_VOICE_STATE_MODERATOR, NULL));
    meet(side);
    CHECK(tox_group_set_voice_state(side->tox, 0, TOX_GROUP_VOICE_STATE_FOUNDER, NULL));
    CHECK(can_speak(side));
    meet(side);
    CHECK(tox_group_set_voice_state(side->tox, 0, TOX_GROUP_VOICE_STATE_ALL, NULL));
    meet(side);
    UNTIL(side, role_of(side, "carol") == TOX_GROUP_ROLE_USER, WAIT_S);
    meet(side);
    /* bob sends carol away */
    Group_Seen *seen;
    do {
        seen = take_group(side, GROUP_MODERATION, WAIT_S);
    } while (seen->value != TOX_GROUP_MOD_EVENT_KICK);
    CHECK(seen->peer == peer_called(side, 0, "bob"));
    seen = take_group(side, GROUP_PEER_EXIT, WAIT_S);
    CHECK(seen->value == TOX_GROUP_EXIT_TYPE_KICK && has_text(seen, "carol"));
    meet(side);
    CHECK(tox_group_kick_peer(side->tox, 0, peer_called(side, 0, "bob"), NULL));
    run_for(side, 1);
    CHECK(peer_called(side, 0, "bob") == 0);
}

static void powerless(Side *side)
{
    Tox_Err_Group_Set_Role error;
    Tox_Err_Group_Kick_Peer kick_error;
    const uint32_t alice = peer_called(side, 0, "alice");
    CHECK(!tox_group_kick_peer(side->tox, 0, alice, &kick_error));
    CHECK(kick_error == TOX_ERR_GROUP_KICK_PEER_PERMISSIONS);
    CHECK(!tox_group_set_role(side->tox, 0, alice, TOX_GROUP_ROLE_USER, &error));
    CHECK(error == TOX_ERR_GROUP_SET_ROLE_PERMISSIONS);
}

void scenario_bob(Side *side)
{
    uint8_t chat_id[TOX_GROUP_CHAT_ID_SIZE];
    share_group(side);
    CHECK(tox_group_get_chat_id(side->tox, 0, chat_id, NULL));
    Side *carol = one_more(side, "carol");
    CHECK(join_group(carol, chat_id, "") == 0);
    take_group(carol, GROUP_SELF_JOIN, WAIT_S);
    UNTIL(side, peer_called(carol, 0, "alice") != 0 && peer_called(carol, 0, "bob") != 0, WAIT_S);
    UNTIL(side, peer_called(side, 0, "carol") != 0, WAIT_S);
    const uint32_t alice = peer_called(side, 0, "alice"), carols_bob = peer_called(carol, 0, "bob");
    powerless(side);
    forget_groups(carol);
    meet(side);
    is_made(side, TOX_GROUP_MOD_EVENT_MODERATOR, alice);
    CHECK(own_role(side) == TOX_GROUP_ROLE_MODERATOR);
    powerless(side);
    UNTIL(side, role_of(carol, "bob") == TOX_GROUP_ROLE_MODERATOR, WAIT_S);
    forget_groups(carol);
    meet(side);
    make(side, "carol", TOX_GROUP_ROLE_OBSERVER);
    is_made(carol, TOX_GROUP_MOD_EVENT_OBSERVER, carols_bob);
    CHECK(own_role(carol) == TOX_GROUP_ROLE_OBSERVER);
    meet(side);

    CHECK(take_group(side, GROUP_VOICE_STATE, WAIT_S)->value == TOX_GROUP_VOICE_STATE_MODERATOR);
    CHECK(take_group(carol, GROUP_VOICE_STATE, WAIT_S)->value == TOX_GROUP_VOICE_STATE_MODERATOR);
    CHECK(can_speak(side) && !can_speak(carol));
    meet(side);
    CHECK(take_group(side, GROUP_VOICE_STATE, WAIT_S)->value == TOX_GROUP_VOICE_STATE_FOUNDER);
    CHECK(!can_speak(side));
    meet(side);
    CHECK(take_group(side, GROUP_VOICE_STATE, WAIT_S)->value == TOX_GROUP_VOICE_STATE_ALL);
    CHECK(can_speak(side) && !can_speak(carol));
    meet(side);
    make(side, "carol", TOX_GROUP_ROLE_USER);
    is_made(carol, TOX_GROUP_MOD_EVENT_USER, carols_bob);
    CHECK(take_group(carol, GROUP_VOICE_STATE, WAIT_S) && can_speak(carol));
    meet(side);

    CHECK(tox_group_kick_peer(side->tox, 0, peer_called(side, 0, "carol"), NULL));
    is_made(carol, TOX_GROUP_MOD_EVENT_KICK, carols_bob);
    for (int i = 0; i < 2; ++i) {
        CHECK(take_group(carol, GROUP_PEER_EXIT, WAIT_S)->value == TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED);
    }
    CHECK(!tox_group_is_connected(carol->tox, 0, NULL));
    meet(side);
    /* no moderator is sent away as such */
    is_made(side, TOX_GROUP_MOD_EVENT_USER, alice);
    is_made(side, TOX_GROUP_MOD_EVENT_KICK, alice);
    UNTIL(side, !tox_group_is_connected(side->tox, 0, NULL), WAIT_S);
}
