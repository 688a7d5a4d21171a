/* A new status message reaches the friend. */
#include "scenario.h"

static const size_t lengths[] = {8, TOX_MAX_STATUS_MESSAGE_LENGTH};

static void speak(Side *side)
{
    uint8_t message[TOX_MAX_STATUS_MESSAGE_LENGTH];
    for (int i = 0; i < 2; ++i) {
        memset(message, 's' + i, sizeof(message));
        CHECK(tox_self_set_status_message(side->tox, message, lengths[i], NULL));
        meet(side);
    }
}

static void listen_to(Side *side)
{
    uint8_t message[TOX_MAX_STATUS_MESSAGE_LENGTH];
    uint8_t got[TOX_MAX_STATUS_MESSAGE_LENGTH];
    for (int i = 0; i < 2; ++i) {
        memset(message, 's' + i, sizeof(message));
        const Seen *seen = take(side, &side->status_messages, 30);
        CHECK(seen->length == lengths[i] && memcmp(seen->text, message, lengths[i]) == 0);
        CHECK(tox_friend_get_status_message_size(side->tox, 0, NULL) == lengths[i]);
        CHECK(tox_friend_get_status_message(side->tox, 0, got, NULL)
              && memcmp(got, message, lengths[i]) == 0);
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
