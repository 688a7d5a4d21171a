/* The names of peers, at joining and when they change; one is the other's, one is ours. */
#include "scenario.h"

static bool is_called(const Side *side, bool ours, const char *name)
{
    for (uint32_t peer = 0; peer < peer_count(side); ++peer) {
        uint8_t got[TOX_MAX_NAME_LENGTH];
        const size_t length = tox_conference_peer_get_name_size(side->tox, 0, peer, NULL);
        CHECK(tox_conference_peer_get_name(side->tox, 0, peer, got, NULL));
        if (tox_conference_peer_number_is_ours(side->tox, 0, peer, NULL) == ours) {
            return length == strlen(name) && memcmp(got, name, length) == 0;
        }
    }
    return false;
}

static void run(Side *side, const char *ours, const char *ours_later, const char *theirs,
                const char *theirs_later)
{
    become_friends(side);
    CHECK(tox_self_set_name(side->tox, (const uint8_t *)ours, strlen(ours), NULL));
    meet(side);
    share_conference(side);
    UNTIL(side, is_called(side, false, theirs) && is_called(side, true, ours), 30);
    meet(side);
    CHECK(side->peer_names.count > 0);
    side->peer_names.taken = side->peer_names.count;
    CHECK(tox_self_set_name(side->tox, (const uint8_t *)ours_later, strlen(ours_later), NULL));
    UNTIL(side, is_called(side, false, theirs_later) && is_called(side, true, ours_later), 30);
    UNTIL(side, side->peer_names.count > side->peer_names.taken, 30);
}

void scenario_alice(Side *side)
{
    run(side, "Alice", "Alice the second", "Bob", "");
}

void scenario_bob(Side *side)
{
    run(side, "Bob", "", "Alice", "Alice the second");
}
