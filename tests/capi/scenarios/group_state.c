/* What the founder decides is the same to all, also to those who come later; nobody else may decide it. */
#include "groups.h"

static bool is_as_decided(const Side *side, Tox_Group_Privacy_State privacy)
{
    return tox_group_get_privacy_state(side->tox, 0, NULL) == privacy
           && tox_group_get_voice_state(side->tox, 0, NULL) == TOX_GROUP_VOICE_STATE_MODERATOR
           && tox_group_get_topic_lock(side->tox, 0, NULL) == TOX_GROUP_TOPIC_LOCK_DISABLED
           && tox_group_get_peer_limit(side->tox, 0, NULL) == 7 && has_password(side, "password")
           && group_is_called(side, 0, "The group");
}

void scenario_alice(Side *side)
{
    Tox_Err_Group_Set_Password error;
    share_group(side);
    Tox *tox = side->tox;
    CHECK(!tox_group_set_password(tox, 0, TEXT("123456789 123456789 123456789 123"), &error));
    CHECK(error == TOX_ERR_GROUP_SET_PASSWORD_TOO_LONG);
    CHECK(tox_group_set_password(tox, 0, TEXT("password"), NULL));
    CHECK(tox_group_set_topic_lock(tox, 0, TOX_GROUP_TOPIC_LOCK_DISABLED, NULL));
    CHECK(tox_group_set_voice_state(tox, 0, TOX_GROUP_VOICE_STATE_MODERATOR, NULL));
    CHECK(tox_group_set_privacy_state(tox, 0, TOX_GROUP_PRIVACY_STATE_PRIVATE, NULL));
    CHECK(tox_group_set_peer_limit(tox, 0, 7, NULL));
    CHECK(is_as_decided(side, TOX_GROUP_PRIVACY_STATE_PRIVATE));
    meet(side);
    CHECK(tox_group_set_privacy_state(tox, 0, TOX_GROUP_PRIVACY_STATE_PUBLIC, NULL));
    meet(side);
    UNTIL(side, peer_called(side, 0, "carol") != 0, WAIT_S);
    meet(side);
    CHECK(tox_group_disconnect(tox, 0, NULL));
    CHECK(!tox_group_set_password(tox, 0, TEXT("x"), &error));
    CHECK(error == TOX_ERR_GROUP_SET_PASSWORD_DISCONNECTED);
}

static void cannot_decide(Side *side)
{
    Tox_Err_Group_Set_Password password;
    Tox_Err_Group_Set_Topic_Lock lock;
    Tox_Err_Group_Set_Voice_State voice;
    Tox_Err_Group_Set_Privacy_State privacy;
    Tox_Err_Group_Set_Peer_Limit limit;
    CHECK(!tox_group_set_password(side->tox, 0, TEXT("x"), &password));
    CHECK(password == TOX_ERR_GROUP_SET_PASSWORD_PERMISSIONS);
    CHECK(!tox_group_set_topic_lock(side->tox, 0, TOX_GROUP_TOPIC_LOCK_DISABLED, &lock));
    CHECK(lock == TOX_ERR_GROUP_SET_TOPIC_LOCK_PERMISSIONS);
    CHECK(!tox_group_set_voice_state(side->tox, 0, TOX_GROUP_VOICE_STATE_FOUNDER, &voice));
    CHECK(voice == TOX_ERR_GROUP_SET_VOICE_STATE_PERMISSIONS);
    CHECK(!tox_group_set_privacy_state(side->tox, 0, TOX_GROUP_PRIVACY_STATE_PRIVATE, &privacy));
    CHECK(privacy == TOX_ERR_GROUP_SET_PRIVACY_STATE_PERMISSIONS);
    CHECK(!tox_group_set_peer_limit(side->tox, 0, 3, &limit));
    CHECK(limit == TOX_ERR_GROUP_SET_PEER_LIMIT_PERMISSIONS);
}

void scenario_bob(Side *side)
{
    uint8_t chat_id[TOX_GROUP_CHAT_ID_SIZE];
    share_group(side);
    cannot_decide(side);
    CHECK(has_text(take_group(side, GROUP_PASSWORD, WAIT_S), "password"));
    CHECK(take_group(side, GROUP_TOPIC_LOCK, WAIT_S)->value == TOX_GROUP_TOPIC_LOCK_DISABLED);
    CHECK(take_group(side, GROUP_VOICE_STATE, WAIT_S)->value == TOX_GROUP_VOICE_STATE_MODERATOR);
    CHECK(take_group(side, GROUP_PRIVACY_STATE, WAIT_S)->value == TOX_GROUP_PRIVACY_STATE_PRIVATE);
    CHECK(take_group(side, GROUP_PEER_LIMIT, WAIT_S)->value == 7);
    CHECK(is_as_decided(side, TOX_GROUP_PRIVACY_STATE_PRIVATE));
    meet(side);
    meet(side);
    CHECK(take_group(side, GROUP_PRIVACY_STATE, WAIT_S)->value == TOX_GROUP_PRIVACY_STATE_PUBLIC);
    CHECK(tox_group_get_chat_id(side->tox, 0, chat_id, NULL));
    Side *carol = one_more(side, "carol");
    CHECK(join_group(carol, chat_id, "password") == 0);
    take_group(carol, GROUP_SELF_JOIN, WAIT_S);
    CHECK(is_as_decided(carol, TOX_GROUP_PRIVACY_STATE_PUBLIC));
    CHECK(left_in_group(carol, GROUP_PEER_LIMIT) == 1 && left_in_group(carol, GROUP_TOPIC_LOCK) == 1);
    UNTIL(side, peer_called(carol, 0, "alice") != 0 && peer_called(side, 0, "carol") != 0, WAIT_S);
    meet(side);
    UNTIL(side, peer_called(side, 0, "alice") == 0, WAIT_S);
    cannot_decide(side);
    CHECK(is_as_decided(side, TOX_GROUP_PRIVACY_STATE_PUBLIC));
}
