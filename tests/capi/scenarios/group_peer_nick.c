/* The names of members: at joining and when they change; the same name twice is two members. */
#include "groups.h"

static void rename_to(Side *side, const char *name)
{
    uint8_t got[TOX_MAX_NAME_LENGTH];
    const size_t length = strlen(name);
    CHECK(tox_group_self_set_name(side->tox, 0, (const uint8_t *)name, length, NULL));
    CHECK(tox_group_self_get_name_size(side->tox, 0, NULL) == length);
    CHECK(tox_group_self_get_name(side->tox, 0, got, NULL) && memcmp(got, name, length) == 0);
    meet(side);
}

static void see_name(Side *side, uint32_t peer, const char *name)
{
    const Group_Seen *seen = take_group(side, GROUP_PEER_NAME, WAIT_S);
    CHECK(seen->peer == peer && has_text(seen, name));
    CHECK(peer_called(side, 0, name) == peer);
    meet(side);
}

static void cannot_be_called(Side *side)
{
    uint8_t name[TOX_MAX_NAME_LENGTH + 1] = {0};
    Tox_Err_Group_Self_Name_Set error;
    Tox_Err_Group_Peer_Query unknown;
    CHECK(!tox_group_self_set_name(side->tox, 0, name, sizeof(name), &error));
    CHECK(error == TOX_ERR_GROUP_SELF_NAME_SET_TOO_LONG);
    CHECK(!tox_group_self_set_name(side->tox, 0, name, 0, &error));
    CHECK(error == TOX_ERR_GROUP_SELF_NAME_SET_INVALID);
    CHECK(!tox_group_peer_get_name(side->tox, 0, 99, name, &unknown));
    CHECK(unknown == TOX_ERR_GROUP_PEER_QUERY_PEER_NOT_FOUND);
}

static void run(Side *side, bool begins, const char *other)
{
    share_group(side);
    const uint32_t peer = peer_called(side, 0, other);
    CHECK(peer != 0);
    cannot_be_called(side);
    /* both have found the other one by its name */
    meet(side);
    for (int i = 0; i < 2; ++i) {
        if ((i == 0) == begins) {
            rename_to(side, "\xc5\xbc\xc3\xb3\xc5\x82w");
            rename_to(side, other);
        } else {
            see_name(side, peer, "\xc5\xbc\xc3\xb3\xc5\x82w");
            see_name(side, peer, side->name);
        }
    }
}

void scenario_alice(Side *side)
{
    run(side, true, "bob");
}

void scenario_bob(Side *side)
{
    run(side, false, "alice");
}
