/* Lossless and lossy custom packets arrive as sent. */
#include "scenario.h"

static void speak(Side *side)
{
    uint8_t data[TOX_MAX_CUSTOM_PACKET_SIZE];
    memset(data, 'l', sizeof(data));
    data[0] = 160;
    CHECK(tox_friend_send_lossless_packet(side->tox, 0, data, sizeof(data), NULL));
    data[0] = 200;
    CHECK(tox_friend_send_lossy_packet(side->tox, 0, data, 6, NULL));
    data[0] = 16;
    CHECK(!tox_friend_send_lossless_packet(side->tox, 0, data, 6, NULL));
    meet(side);
}

static void listen_to(Side *side)
{
    const Seen *lossless = take(side, &side->lossless, 30);
    CHECK(lossless->length == TOX_MAX_CUSTOM_PACKET_SIZE && lossless->text[0] == 160 && lossless->text[9] == 'l');
    const Seen *lossy = take(side, &side->lossy, 30);
    CHECK(lossy->length == 6 && lossy->text[0] == 200);
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
