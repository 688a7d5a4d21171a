/* A member vanishes and comes back from its save, and so does the founder after an end as usual; all meet again. */
#include "groups.h"

#include <stdlib.h>

static void is_gone(Side *side, const char *name, Tox_Group_Exit_Type type)
{
    const Group_Seen *seen = take_group(side, GROUP_PEER_EXIT, 90);
    CHECK(seen->value == (uint32_t)type && has_text(seen, name));
    meet(side);
}

static void is_back(Side *side, const char *name, const char *word)
{
    take_group(side, GROUP_PEER_JOIN, WAIT_S);
    CHECK(peer_called(side, 0, name) != 0);
    CHECK(has_text(take_group(side, GROUP_MESSAGE, WAIT_S), word));
    meet(side);
}

/* The new one has other keys of the DHT and another port. */
static void come_back(Side *side, bool farewell, const char *word)
{
    size_t length;
    uint8_t *save = get_save(side, &length);
    Tox *before = side->tox;
    if (farewell) {
        tox_kill(before);
    }
    side->tox = NULL;
    meet(side);
    start_tox(side, save, length);
    free(save);
    rejoin(side);
    take_group(side, GROUP_SELF_JOIN, 120);
    CHECK(take_group(side, GROUP_PEER_JOIN, WAIT_S)->group == 0);
    CHECK(tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)word, strlen(word),
                                 NULL)
          != UINT32_MAX);
    meet(side);
    if (!farewell) {
        tox_kill(before);
    }
}

void scenario_alice(Side *side)
{
    share_group(side);
    is_gone(side, "bob", TOX_GROUP_EXIT_TYPE_TIMEOUT);
    is_back(side, "bob", "bob is back");
    come_back(side, true, "alice is back");
    CHECK(tox_group_self_get_role(side->tox, 0, NULL) == TOX_GROUP_ROLE_FOUNDER);
}

void scenario_bob(Side *side)
{
    share_group(side);
    come_back(side, false, "bob is back");
    is_gone(side, "alice", TOX_GROUP_EXIT_TYPE_QUIT);
    is_back(side, "alice", "alice is back");
    CHECK(role_of(side, "alice") == TOX_GROUP_ROLE_FOUNDER);
}
