/* The founder and a member start again from what they saved: all is as it was, and they are in the group. */
#include "groups.h"

#include <stdlib.h>

static void wait_for(Side *side, const char *name)
{
    UNTIL(side, peer_called(side, 0, name) != 0, WAIT_S);
    meet(side);
}

static void start_again(Side *side)
{
    uint8_t before[TOX_GROUP_PEER_PUBLIC_KEY_SIZE], after[TOX_GROUP_PEER_PUBLIC_KEY_SIZE];
    CHECK(tox_group_self_get_public_key(side->tox, 0, before, NULL));
    restart(side);
    CHECK(tox_group_get_number_groups(side->tox) == 1);
    CHECK(tox_group_self_get_public_key(side->tox, 0, after, NULL));
    CHECK(memcmp(before, after, sizeof(before)) == 0);
    CHECK(has_topic(side, "They wait for you") && has_password(side, "password123"));
    CHECK(group_is_called(side, 0, "The Test Chamber"));
    CHECK(tox_group_get_peer_limit(side->tox, 0, NULL) == 69);
    CHECK(tox_group_get_topic_lock(side->tox, 0, NULL) == TOX_GROUP_TOPIC_LOCK_DISABLED);
    CHECK(tox_group_get_privacy_state(side->tox, 0, NULL) == TOX_GROUP_PRIVACY_STATE_PRIVATE);
    CHECK(tox_group_get_voice_state(side->tox, 0, NULL) == TOX_GROUP_VOICE_STATE_MODERATOR);
    forget_groups(side);
    rejoin(side);
    take_group(side, GROUP_SELF_JOIN, 120);
}

void scenario_alice(Side *side)
{
    become_friends(side);
    CHECK(found_group(side, TOX_GROUP_PRIVACY_STATE_PRIVATE, "The Test Chamber") == 0);
    CHECK(tox_group_invite_friend(side->tox, 0, 0, NULL));
    wait_for(side, "bob");
    Tox *tox = side->tox;
    CHECK(tox_group_set_topic(tox, 0, TEXT("They wait for you"), NULL));
    CHECK(tox_group_set_topic_lock(tox, 0, TOX_GROUP_TOPIC_LOCK_DISABLED, NULL));
    CHECK(tox_group_set_voice_state(tox, 0, TOX_GROUP_VOICE_STATE_MODERATOR, NULL));
    CHECK(tox_group_set_password(tox, 0, TEXT("password123"), NULL));
    CHECK(tox_group_set_peer_limit(tox, 0, 69, NULL));
    CHECK(tox_group_set_role(tox, 0, peer_called(side, 0, "bob"), TOX_GROUP_ROLE_MODERATOR, NULL));
    CHECK(tox_group_self_set_name(tox, 0, TEXT("Mike"), NULL));
    CHECK(tox_group_self_set_status(tox, 0, TOX_USER_STATUS_BUSY, NULL));
    meet(side);

    start_again(side);
    CHECK(tox_group_self_get_role(side->tox, 0, NULL) == TOX_GROUP_ROLE_FOUNDER);
    CHECK(tox_group_self_get_status(side->tox, 0, NULL) == TOX_USER_STATUS_BUSY);
    wait_for(side, "bob");
    CHECK(tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, TEXT("back"), NULL) != UINT32_MAX);
    meet(side);
    UNTIL(side, peer_called(side, 0, "bob") == 0, WAIT_S);
    meet(side);
    wait_for(side, "bob");
    UNTIL(side, role_of(side, "bob") == TOX_GROUP_ROLE_MODERATOR, WAIT_S);
    CHECK(has_text(take_group(side, GROUP_MESSAGE, WAIT_S), "back too"));
}

void scenario_bob(Side *side)
{
    become_friends(side);
    CHECK(accept_group(side, "") == 0);
    wait_for(side, "alice");
    UNTIL(side, tox_group_self_get_role(side->tox, 0, NULL) == TOX_GROUP_ROLE_MODERATOR, WAIT_S);
    UNTIL(side, peer_called(side, 0, "Mike") != 0, WAIT_S);
    CHECK(take_group(side, GROUP_PEER_STATUS, WAIT_S)->value == TOX_USER_STATUS_BUSY);
    forget_groups(side);
    meet(side);

    take_group(side, GROUP_PEER_EXIT, WAIT_S);
    wait_for(side, "Mike");
    CHECK(role_of(side, "Mike") == TOX_GROUP_ROLE_FOUNDER);
    CHECK(has_text(take_group(side, GROUP_MESSAGE, WAIT_S), "back"));
    meet(side);
    size_t length;
    uint8_t *save = get_save(side, &length);
    tox_kill(side->tox);
    side->tox = NULL;
    meet(side);
    start_tox(side, save, length);
    free(save);
    start_again(side);
    CHECK(tox_group_self_get_role(side->tox, 0, NULL) == TOX_GROUP_ROLE_MODERATOR);
    wait_for(side, "Mike");
    CHECK(tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, TEXT("back too"), NULL)
          != UINT32_MAX);
}
