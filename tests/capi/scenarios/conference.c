/* Two talk in a conference: messages, actions and titles of any length; what cannot be sent is refused; one
 * leaves. */
#include "scenario.h"

enum { LONGEST = 1363 };

static void speak(Side *side)
{
    uint8_t text[LONGEST + 1];
    TOX_ERR_CONFERENCE_SEND_MESSAGE error;
    memset(text, 'x', sizeof(text));
    CHECK(tox_conference_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"hello", 5,
                                      NULL));
    CHECK(tox_conference_send_message(side->tox, 0, TOX_MESSAGE_TYPE_ACTION, text, LONGEST, NULL));
    CHECK(!tox_conference_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, text, LONGEST + 1, &error));
    CHECK(error == TOX_ERR_CONFERENCE_SEND_MESSAGE_TOO_LONG);
    CHECK(!tox_conference_send_message(side->tox, 1, TOX_MESSAGE_TYPE_NORMAL, text, 1, &error));
    CHECK(error == TOX_ERR_CONFERENCE_SEND_MESSAGE_CONFERENCE_NOT_FOUND);
}

/* Both hear it, the speaker too. */
static void listen_to(Side *side, const uint8_t *speaker)
{
    const Seen *message = take(side, &side->conference_messages, 30);
    CHECK(message->length == 5 && memcmp(message->text, "hello", 5) == 0);
    CHECK(message->value == TOX_MESSAGE_TYPE_NORMAL);
    CHECK(memcmp(message->public_key, speaker, TOX_PUBLIC_KEY_SIZE) == 0);
    message = take(side, &side->conference_messages, 30);
    CHECK(message->length == LONGEST && message->value == TOX_MESSAGE_TYPE_ACTION);
    CHECK(memcmp(message->public_key, speaker, TOX_PUBLIC_KEY_SIZE) == 0);
    meet(side);
}

static void name_it(Side *side, const char *title, bool ours)
{
    uint8_t got[TOX_MAX_NAME_LENGTH];
    const size_t length = strlen(title);
    if (ours) {
        TOX_ERR_CONFERENCE_TITLE error;
        CHECK(!tox_conference_set_title(side->tox, 0, (const uint8_t *)title, 0, &error));
        CHECK(error == TOX_ERR_CONFERENCE_TITLE_INVALID_LENGTH);
        CHECK(tox_conference_set_title(side->tox, 0, (const uint8_t *)title, length, NULL));
    } else {
        const Seen *seen = take(side, &side->titles, 30);
        CHECK(seen->length == length && memcmp(seen->text, title, length) == 0);
    }
    CHECK(tox_conference_get_title_size(side->tox, 0, NULL) == length);
    CHECK(tox_conference_get_title(side->tox, 0, got, NULL) && memcmp(got, title, length) == 0);
    meet(side);
}

static void talk(Side *side, bool is_alice)
{
    uint8_t ours[TOX_PUBLIC_KEY_SIZE];
    uint8_t theirs[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_public_key(side->tox, ours);
    CHECK(tox_friend_get_public_key(side->tox, 0, theirs, NULL));
    share_conference(side);
    if (is_alice) {
        speak(side);
    }
    listen_to(side, is_alice ? ours : theirs);
    if (!is_alice) {
        speak(side);
    }
    listen_to(side, is_alice ? theirs : ours);
    name_it(side, "what alice calls it", is_alice);
    name_it(side, "what bob calls it", !is_alice);
}

void scenario_alice(Side *side)
{
    become_friends(side);
    talk(side, true);
    UNTIL(side, peer_count(side) == 1, 30);
    CHECK(tox_conference_offline_peer_count(side->tox, 0, NULL) == 0);
    TOX_ERR_CONFERENCE_SEND_MESSAGE error;
    CHECK(
        !tox_conference_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)"x", 1, &error));
    CHECK(error == TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION);
}

void scenario_bob(Side *side)
{
    become_friends(side);
    talk(side, false);
    CHECK(tox_conference_delete(side->tox, 0, NULL));
    CHECK(tox_conference_get_chatlist_size(side->tox) == 0);
    CHECK(is_online(side));
}
