/* Without a lock: a topic that was replaced comes back when somebody sets it anew, and no other way. */
#include "groups.h"

static void say_topic(Side *side, const char *topic)
{
    CHECK(tox_group_set_topic(side->tox, 0, (const uint8_t *)topic, strlen(topic), NULL));
    meet(side);
}

static void see_topic(Side *side, const char *topic)
{
    UNTIL(side, has_topic(side, topic), WAIT_S);
    meet(side);
}

void scenario_alice(Side *side)
{
    share_group(side);
    CHECK(tox_group_set_topic_lock(side->tox, 0, TOX_GROUP_TOPIC_LOCK_DISABLED, NULL));
    meet(side);
    say_topic(side, "Topic A");
    say_topic(side, "Topic B");
    see_topic(side, "Topic A");
    CHECK(take_group(side, GROUP_TOPIC, WAIT_S)->peer == peer_called(side, 0, "bob"));
    say_topic(side, "Topic C");
    run_for(side, 2);
    CHECK(has_topic(side, "Topic C") && left_in_group(side, GROUP_TOPIC) == 0);
}

void scenario_bob(Side *side)
{
    share_group(side);
    take_group(side, GROUP_TOPIC_LOCK, WAIT_S);
    meet(side);
    see_topic(side, "Topic A");
    see_topic(side, "Topic B");
    /* the same text, of somebody else, is no late copy */
    say_topic(side, "Topic A");
    see_topic(side, "Topic C");
    run_for(side, 2);
    CHECK(has_topic(side, "Topic C"));
}
