/* Messages both ways: normal, action, UTF-8, the longest; one byte more is refused. */
#include "scenario.h"

enum { MESSAGES = 5, LONGEST = 1372 };

static const TOX_MESSAGE_TYPE types[MESSAGES] = {TOX_MESSAGE_TYPE_NORMAL, TOX_MESSAGE_TYPE_ACTION,
                                                 TOX_MESSAGE_TYPE_NORMAL, TOX_MESSAGE_TYPE_NORMAL,
                                                 TOX_MESSAGE_TYPE_ACTION};

static size_t make_text(int index, uint8_t *text)
{
    static const char *const texts[MESSAGES] = {"hello", "waves",
                                                "\xc5\xbc\xc3\xb3\xc5\x82w \xf0\x9f\x90\xa2", NULL, "."};
    if (texts[index] != NULL) {
        memcpy(text, texts[index], strlen(texts[index]));
        return strlen(texts[index]);
    }
    for (int i = 0; i < LONGEST; ++i) {
        text[i] = (uint8_t)(i % 255 + 1);
    }
    return LONGEST;
}

static void speak(Side *side)
{
    uint8_t text[LONGEST + 1];
    TOX_ERR_FRIEND_SEND_MESSAGE error;
    for (int i = 0; i < MESSAGES; ++i) {
        const size_t length = make_text(i, text);
        tox_friend_send_message(side->tox, 0, types[i], text, length, &error);
        CHECK(error == TOX_ERR_FRIEND_SEND_MESSAGE_OK);
    }
    memset(text, 'x', sizeof(text));
    CHECK(tox_friend_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, text, sizeof(text), &error) == 0);
    CHECK(error == TOX_ERR_FRIEND_SEND_MESSAGE_TOO_LONG);
    CHECK(tox_friend_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, text, 0, &error) == 0);
    CHECK(error == TOX_ERR_FRIEND_SEND_MESSAGE_EMPTY);
    meet(side);
}

static void listen_to(Side *side)
{
    uint8_t text[LONGEST];
    for (int i = 0; i < MESSAGES; ++i) {
        const size_t length = make_text(i, text);
        const Seen *message = take(side, &side->messages, 30);
        CHECK(message->value == (uint32_t)types[i] && message->friend_number == 0);
        CHECK(message->length == length && memcmp(message->text, text, length) == 0);
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
