/* A new name reaches the friend, and the friend's getter returns it. */
#include "scenario.h"

enum { NAMES = 3 };

static size_t make_name(int index, uint8_t *name)
{
    static const char alisa[] = "\xd0\x90\xd0\xbb\xd0\xb8\xd1\x81\xd0\xb0";
    if (index == 0) {
        memcpy(name, alisa, sizeof(alisa) - 1);
        return sizeof(alisa) - 1;
    }
    memset(name, 'n', TOX_MAX_NAME_LENGTH);
    return index == 1 ? TOX_MAX_NAME_LENGTH : 0;
}

static void speak(Side *side)
{
    uint8_t name[TOX_MAX_NAME_LENGTH];
    for (int i = 0; i < NAMES; ++i) {
        CHECK(tox_self_set_name(side->tox, name, make_name(i, name), NULL));
        meet(side);
    }
}

static void listen_to(Side *side)
{
    uint8_t name[TOX_MAX_NAME_LENGTH];
    uint8_t got[TOX_MAX_NAME_LENGTH];
    for (int i = 0; i < NAMES; ++i) {
        const size_t length = make_name(i, name);
        const Seen *seen = take(side, &side->names, 30);
        CHECK(seen->length == length && memcmp(seen->text, name, length) == 0);
        CHECK(tox_friend_get_name_size(side->tox, 0, NULL) == length);
        CHECK(tox_friend_get_name(side->tox, 0, got, NULL) && memcmp(got, name, length) == 0);
        meet(side);
    }
}

void scenario_alice(Side *side)
{
    become_friends(side);
    speak(side);
    listen_to(side);
}

void scenario_bob(Side *side)
{
    become_friends(side);
    listen_to(side);
    speak(side);
}
