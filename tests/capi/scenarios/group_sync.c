/* All do things at the same time, and some miss what others do: in the end everybody has the same. */
#include "groups.h"

static void set_topics(Side *side, Side *other)
{
    for (int i = 0; i < 5; ++i) {
        char topic[32];
        snprintf(topic, sizeof(topic), "%d of %s", i, side->name);
        CHECK(tox_group_set_topic(side->tox, 0, (const uint8_t *)topic, strlen(topic), NULL));
        if (other != NULL) {
            snprintf(topic, sizeof(topic), "%d of %s", i, other->name);
            CHECK(tox_group_set_topic(other->tox, 0, (const uint8_t *)topic, strlen(topic), NULL));
        }
        side_iterate(side);
    }
}

typedef struct Topic {
    size_t length;
    uint8_t text[TOX_GROUP_MAX_TOPIC_LENGTH];
} Topic;

static Topic topic_of(const Side *side)
{
    Topic topic;
    memset(&topic, 0, sizeof(topic));
    topic.length = tox_group_get_topic_size(side->tox, 0, NULL);
    CHECK(tox_group_get_topic(side->tox, 0, topic.text, NULL));
    return topic;
}

/* Both sides compare until they have the same. */
static void agree_on_topic(Side *side, Side *other)
{
    for (int i = 0; i < 90; ++i) {
        Topic ours, theirs;
        run_for(side, 1);
        ours = topic_of(side);
        if (other != NULL) {
            const Topic others = topic_of(other);
            if (memcmp(&ours, &others, sizeof(ours)) != 0) {
                memset(&ours, 0xff, sizeof(ours));
            }
        }
        tell(side, &ours, sizeof(ours));
        hear(side, &theirs, sizeof(theirs));
        if (memcmp(&ours, &theirs, sizeof(ours)) == 0 && ours.length <= sizeof(ours.text)) {
            return;
        }
    }
    CHECK(!"one topic");
}

void scenario_alice(Side *side)
{
    share_group(side);
    UNTIL(side, peer_called(side, 0, "carol") != 0, WAIT_S);
    CHECK(tox_group_set_topic_lock(side->tox, 0, TOX_GROUP_TOPIC_LOCK_DISABLED, NULL));
    meet(side);
    meet(side);
    set_topics(side, NULL);
    agree_on_topic(side, NULL);
    /* both become moderators, and one of them makes the other an observer while the founder makes it a user */
    CHECK(tox_group_set_role(side->tox, 0, peer_called(side, 0, "bob"), TOX_GROUP_ROLE_MODERATOR, NULL));
    CHECK(tox_group_set_role(side->tox, 0, peer_called(side, 0, "carol"), TOX_GROUP_ROLE_MODERATOR, NULL));
    meet(side);
    meet(side);
    CHECK(tox_group_set_role(side->tox, 0, peer_called(side, 0, "carol"), TOX_GROUP_ROLE_USER, NULL));
    meet(side);
    UNTIL(side, role_of(side, "carol") == TOX_GROUP_ROLE_OBSERVER, WAIT_S);
    CHECK(role_of(side, "bob") == TOX_GROUP_ROLE_MODERATOR);
}

void scenario_bob(Side *side)
{
    uint8_t chat_id[TOX_GROUP_CHAT_ID_SIZE];
    share_group(side);
    CHECK(tox_group_get_chat_id(side->tox, 0, chat_id, NULL));
    Side *carol = one_more(side, "carol");
    CHECK(join_group(carol, chat_id, "") == 0);
    UNTIL(side, peer_called(carol, 0, "alice") != 0 && peer_called(carol, 0, "bob") != 0, WAIT_S);
    UNTIL(side, peer_called(side, 0, "carol") != 0, WAIT_S);
    meet(side);
    UNTIL(side, tox_group_get_topic_lock(side->tox, 0, NULL) == TOX_GROUP_TOPIC_LOCK_DISABLED, WAIT_S);
    UNTIL(side, tox_group_get_topic_lock(carol->tox, 0, NULL) == TOX_GROUP_TOPIC_LOCK_DISABLED, WAIT_S);
    meet(side);
    set_topics(side, carol);
    agree_on_topic(side, carol);
    meet(side);
    UNTIL(side, tox_group_self_get_role(side->tox, 0, NULL) == TOX_GROUP_ROLE_MODERATOR, WAIT_S);
    UNTIL(side, tox_group_self_get_role(carol->tox, 0, NULL) == TOX_GROUP_ROLE_MODERATOR, WAIT_S);
    UNTIL(side, role_of(carol, "bob") == TOX_GROUP_ROLE_MODERATOR, WAIT_S);
    meet(side);
    UNTIL(side, role_of(side, "carol") == TOX_GROUP_ROLE_USER, WAIT_S);
    CHECK(tox_group_set_role(side->tox, 0, peer_called(side, 0, "carol"), TOX_GROUP_ROLE_OBSERVER, NULL));
    meet(side);
    UNTIL(side, tox_group_self_get_role(carol->tox, 0, NULL) == TOX_GROUP_ROLE_OBSERVER, WAIT_S);
    CHECK(role_of(carol, "bob") == TOX_GROUP_ROLE_MODERATOR);
    /* carol may not set the topic any more */
    CHECK(!tox_group_set_topic(carol->tox, 0, TEXT("x"), NULL));
}
