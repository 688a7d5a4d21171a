/* Who may set the topic: all but observers while it is not locked, else only moderators and the founder. */
#include "groups.h"

static void set_topic(Side *side, const char *topic)
{
    CHECK(tox_group_set_topic(side->tox, 0, (const uint8_t *)topic, strlen(topic), NULL));
    CHECK(has_topic(side, topic));
    meet(side);
}

static void hear_topic(Side *side, const char *topic, const char *by)
{
    const Group_Seen *seen = take_group(side, GROUP_TOPIC, WAIT_S);
    CHECK(has_text(seen, topic) && seen->peer == peer_called(side, 0, by));
    CHECK(has_topic(side, topic));
    meet(side);
}

static void may_not(Side *side)
{
    Tox_Err_Group_Topic_Set error;
    CHECK(!tox_group_set_topic(side->tox, 0, TEXT("x"), &error));
    CHECK(error == TOX_ERR_GROUP_TOPIC_SET_PERMISSIONS);
}

static void make_bob(Side *side, Tox_Group_Role role)
{
    CHECK(tox_group_set_role(side->tox, 0, peer_called(side, 0, "bob"), role, NULL));
    meet(side);
}

void scenario_alice(Side *side)
{
    uint8_t long_topic[TOX_GROUP_MAX_TOPIC_LENGTH + 1] = {0};
    Tox_Err_Group_Topic_Set error;
    share_group(side);
    CHECK(!tox_group_set_topic(side->tox, 0, long_topic, sizeof(long_topic), &error));
    CHECK(error == TOX_ERR_GROUP_TOPIC_SET_TOO_LONG);
    set_topic(side, "the founder's");
    CHECK(tox_group_set_topic_lock(side->tox, 0, TOX_GROUP_TOPIC_LOCK_DISABLED, NULL));
    meet(side);
    hear_topic(side, "of bob", "bob");
    make_bob(side, TOX_GROUP_ROLE_OBSERVER);
    CHECK(tox_group_set_topic_lock(side->tox, 0, TOX_GROUP_TOPIC_LOCK_ENABLED, NULL));
    CHECK(has_topic(side, "of bob"));
    meet(side);
    make_bob(side, TOX_GROUP_ROLE_MODERATOR);
    hear_topic(side, "of the moderator", "bob");
    set_topic(side, "");
}

static void wait_role(Side *side, Tox_Group_Role role)
{
    UNTIL(side, tox_group_self_get_role(side->tox, 0, NULL) == role, WAIT_S);
    meet(side);
}

void scenario_bob(Side *side)
{
    share_group(side);
    may_not(side);
    hear_topic(side, "the founder's", "alice");
    CHECK(take_group(side, GROUP_TOPIC_LOCK, WAIT_S)->value == TOX_GROUP_TOPIC_LOCK_DISABLED);
    meet(side);
    set_topic(side, "of bob");
    wait_role(side, TOX_GROUP_ROLE_OBSERVER);
    may_not(side);
    CHECK(take_group(side, GROUP_TOPIC_LOCK, WAIT_S)->value == TOX_GROUP_TOPIC_LOCK_ENABLED);
    CHECK(has_topic(side, "of bob") && left_in_group(side, GROUP_TOPIC) == 0);
    meet(side);
    wait_role(side, TOX_GROUP_ROLE_MODERATOR);
    set_topic(side, "of the moderator");
    hear_topic(side, "", "alice");
}
