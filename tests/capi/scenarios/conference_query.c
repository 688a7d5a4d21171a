/* What can be asked about a conference and its peers, and how it is refused for those that do not exist. */
#include "scenario.h"

/* Of the two peers one is ours, with our key, and the other has our friend's. */
static void ask_about_peers(Side *side)
{
    uint8_t keys[2][TOX_PUBLIC_KEY_SIZE], key[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_public_key(side->tox, keys[1]);
    CHECK(tox_friend_get_public_key(side->tox, 0, keys[0], NULL));
    bool ours[2];
    for (uint32_t peer = 0; peer < 2; ++peer) {
        TOX_ERR_CONFERENCE_PEER_QUERY error;
        ours[peer] = tox_conference_peer_number_is_ours(side->tox, 0, peer, &error);
        CHECK(error == TOX_ERR_CONFERENCE_PEER_QUERY_OK);
        CHECK(tox_conference_peer_get_public_key(side->tox, 0, peer, key, NULL));
        CHECK(memcmp(key, keys[ours[peer]], sizeof(key)) == 0);
    }
    CHECK(ours[0] != ours[1]);
    CHECK(tox_conference_offline_peer_count(side->tox, 0, NULL) == 0);
}

static void ask_about_none(Side *side)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    TOX_ERR_CONFERENCE_PEER_QUERY error;
    CHECK(!tox_conference_peer_get_public_key(side->tox, 0, 2, key, &error));
    CHECK(error == TOX_ERR_CONFERENCE_PEER_QUERY_PEER_NOT_FOUND);
    CHECK(!tox_conference_peer_number_is_ours(side->tox, 0, 2, &error));
    CHECK(error == TOX_ERR_CONFERENCE_PEER_QUERY_PEER_NOT_FOUND);
    tox_conference_peer_count(side->tox, 1, &error);
    CHECK(error == TOX_ERR_CONFERENCE_PEER_QUERY_CONFERENCE_NOT_FOUND);
    CHECK(!tox_conference_offline_peer_get_public_key(side->tox, 0, 0, key, &error));
    CHECK(error == TOX_ERR_CONFERENCE_PEER_QUERY_PEER_NOT_FOUND);
    TOX_ERR_CONFERENCE_GET_TYPE type_error;
    tox_conference_get_type(side->tox, 1, &type_error);
    CHECK(type_error == TOX_ERR_CONFERENCE_GET_TYPE_CONFERENCE_NOT_FOUND);
    TOX_ERR_CONFERENCE_BY_ID id_error;
    memset(key, 7, sizeof(key));
    CHECK(tox_conference_by_id(side->tox, key, &id_error) == UINT32_MAX);
    CHECK(id_error == TOX_ERR_CONFERENCE_BY_ID_NOT_FOUND);
}

/* It has the same id on both sides. */
static void ask_about_it(Side *side)
{
    uint8_t ours[TOX_CONFERENCE_ID_SIZE], theirs[TOX_CONFERENCE_ID_SIZE];
    TOX_ERR_CONFERENCE_GET_TYPE error;
    CHECK(tox_conference_get_type(side->tox, 0, &error) == TOX_CONFERENCE_TYPE_TEXT);
    CHECK(error == TOX_ERR_CONFERENCE_GET_TYPE_OK);
    CHECK(tox_conference_get_id(side->tox, 0, ours));
    tell(side, ours, sizeof(ours));
    hear(side, theirs, sizeof(theirs));
    CHECK(memcmp(ours, theirs, sizeof(ours)) == 0);
    CHECK(tox_conference_by_id(side->tox, theirs, NULL) == 0);
    CHECK(tox_conference_get_uid(side->tox, 0, ours) && memcmp(ours, theirs, sizeof(ours)) == 0);
    CHECK(tox_conference_by_uid(side->tox, theirs, NULL) == 0);
}

static void run(Side *side)
{
    become_friends(side);
    share_conference(side);
    ask_about_peers(side);
    ask_about_none(side);
    ask_about_it(side);
    meet(side);
}

void scenario_alice(Side *side)
{
    run(side);
}

void scenario_bob(Side *side)
{
    run(side);
}
