/* Every callback of conferences, to either side: each founds a conference and the other joins. */
#include "scenario.h"

#include <stddef.h>

enum { WAIT_S = 60, MAX_HEARD = 4, ANY = -1 };

/* What this side calls the conference. */
static uint32_t number;

/* An event that a side gets: in which list of its, with which value and text. */
typedef struct Heard {
    size_t list;
    int64_t value; /* type, or peer */
    const char *text; /* NULL when there is none, or any will do */
} Heard;

typedef void act(Side *side);

/* What founder and joiner do (the founder first), and then hear. */
typedef struct Step {
    act *founder, *joiner;
    Heard to_founder[MAX_HEARD], to_joiner[MAX_HEARD];
} Step;

static const uint8_t *bytes(const char *text)
{
    return (const uint8_t *)text;
}

static void found(Side *side)
{
    number = tox_conference_new(side->tox, NULL);
    CHECK(tox_conference_set_title(side->tox, number, bytes("before"), 6, NULL));
    CHECK(tox_conference_invite(side->tox, 0, number, NULL));
}

static void join(Side *side)
{
    const Seen *invite = take(side, &side->invites, WAIT_S);
    CHECK(invite->friend_number == 0 && invite->value == TOX_CONFERENCE_TYPE_TEXT && invite->length == 35);
    number = tox_conference_join(side->tox, 0, invite->text, invite->length, NULL);
    CHECK(number != UINT32_MAX);
}

static void name_after(Side *side)
{
    CHECK(tox_conference_set_title(side->tox, number, bytes("after"), 5, NULL));
}

static void name_last(Side *side)
{
    CHECK(tox_conference_set_title(side->tox, number, bytes("last"), 4, NULL));
}

static void speak(Side *side)
{
    CHECK(tox_conference_send_message(side->tox, number, TOX_MESSAGE_TYPE_NORMAL, bytes("says"), 4, NULL));
    CHECK(tox_conference_send_message(side->tox, number, TOX_MESSAGE_TYPE_ACTION, bytes("does"), 4, NULL));
}

static void rename_us(Side *side)
{
    CHECK(tox_self_set_name(side->tox, bytes("renamed"), 7, NULL));
}

static void leave(Side *side)
{
    CHECK(tox_conference_delete(side->tox, number, NULL));
}

#define IN(list) offsetof(Side, list)
#define SAID                                                                                                 \
    {IN(conference_messages), TOX_MESSAGE_TYPE_NORMAL, "says"},                                              \
        {IN(conference_messages), TOX_MESSAGE_TYPE_ACTION, "does"}

static const Step steps[] = {
    {found,
     join,
     {{IN(peer_lists), ANY, NULL}, {IN(peer_names), ANY, "joiner"}},
     {{IN(joined), ANY, NULL},
      {IN(peer_lists), ANY, NULL},
      {IN(peer_names), ANY, "founder"},
      {IN(titles), UINT32_MAX, "before"}}},
    {name_after, NULL, {{0}}, {{IN(titles), ANY, "after"}}},
    {NULL, name_last, {{IN(titles), ANY, "last"}}, {{0}}},
    {speak, NULL, {SAID}, {SAID}},
    {rename_us, NULL, {{0}}, {{IN(peer_names), ANY, "renamed"}}},
    {NULL, leave, {{IN(peer_lists), ANY, NULL}}, {{0}}},
};

static void hears(Side *side, const Heard *heard)
{
    const Seen *seen;
    bool found_it;
    do {
        seen = take(side, (Seen_List *)((char *)side + heard->list), WAIT_S);
        found_it = seen->friend_number == number && (heard->value == ANY || seen->value == heard->value)
                   && (heard->text == NULL
                       || (seen->length == strlen(heard->text)
                           && memcmp(seen->text, heard->text, seen->length) == 0));
    } while (!found_it);
}

static void meet_in(Side *side, bool founds)
{
    const char *name = founds ? "founder" : "joiner";
    CHECK(tox_self_set_name(side->tox, bytes(name), strlen(name), NULL));
    meet(side);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); ++i) {
        const Step *step = &steps[i];
        act *ours = founds ? step->founder : step->joiner;
        if (ours != NULL) {
            ours(side);
        }
        const Heard *heard = founds ? step->to_founder : step->to_joiner;
        for (size_t j = 0; j < MAX_HEARD && heard[j].list != 0; ++j) {
            hears(side, &heard[j]);
        }
        meet(side);
    }
}

void scenario_alice(Side *side)
{
    become_friends(side);
    meet_in(side, true);
    meet_in(side, false);
}

void scenario_bob(Side *side)
{
    become_friends(side);
    meet_in(side, false);
    meet_in(side, true);
}
