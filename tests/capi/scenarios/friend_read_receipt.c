/* Every message is answered by one receipt with its id, in the order of sending. */
#include "scenario.h"

enum { MESSAGES = 20 };

static void speak(Side *side)
{
    uint32_t ids[MESSAGES];
    for (int i = 0; i < MESSAGES; ++i) {
        const uint8_t text[2] = {'m', (uint8_t)('a' + i)};
        ids[i] = tox_friend_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, text, sizeof(text), NULL);
        CHECK(i == 0 || ids[i] != ids[i - 1]);
    }
    for (int i = 0; i < MESSAGES; ++i) {
        CHECK(take(side, &side->receipts, 30)->value == ids[i]);
    }
    meet(side);
}

static void listen_to(Side *side)
{
    for (int i = 0; i < MESSAGES; ++i) {
        CHECK(take(side, &side->messages, 30)->text[1] == 'a' + i);
    }
    meet(side);
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
