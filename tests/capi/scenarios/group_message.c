/* Members talk: messages, actions, private ones and custom packets come once, in order, and from whom. */
#include "groups.h"

enum { MANY = 100, LONGEST = TOX_GROUP_MAX_MESSAGE_LENGTH, LONGEST_PRIVATE = 1367, LONGEST_PACKET = 1373 };

static uint8_t letters[TEXT_SIZE];

static bool is_letters(const Group_Seen *seen, size_t length)
{
    return seen->length == length && memcmp(seen->text, letters, length) == 0;
}

static void cannot_say(Side *side, uint32_t peer)
{
    Tox_Err_Group_Send_Message error;
    Tox_Err_Group_Send_Private_Message private_error;
    Tox_Err_Group_Send_Custom_Packet custom_error;
    tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, letters, LONGEST + 1, &error);
    CHECK(error == TOX_ERR_GROUP_SEND_MESSAGE_TOO_LONG);
    tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, letters, 0, &error);
    CHECK(error == TOX_ERR_GROUP_SEND_MESSAGE_EMPTY);
    tox_group_send_message(side->tox, 1, TOX_MESSAGE_TYPE_NORMAL, letters, 1, &error);
    CHECK(error == TOX_ERR_GROUP_SEND_MESSAGE_GROUP_NOT_FOUND);
    tox_group_send_private_message(side->tox, 0, peer + 50, TOX_MESSAGE_TYPE_NORMAL, letters, 1,
                                   &private_error);
    CHECK(private_error == TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_PEER_NOT_FOUND);
    CHECK(!tox_group_send_custom_packet(side->tox, 0, true, letters, LONGEST_PACKET + 1, &custom_error));
    CHECK(custom_error == TOX_ERR_GROUP_SEND_CUSTOM_PACKET_TOO_LONG);
}

static void speak(Side *side, uint32_t peer)
{
    uint32_t ids[3];
    ids[0] = tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, TEXT("hello"), NULL);
    ids[1] = tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_ACTION, letters, LONGEST, NULL);
    ids[2] = tox_group_send_private_message(side->tox, 0, peer, TOX_MESSAGE_TYPE_ACTION, letters,
                                            LONGEST_PRIVATE, NULL);
    CHECK(tox_group_send_custom_packet(side->tox, 0, true, letters, LONGEST_PACKET, NULL));
    CHECK(tox_group_send_custom_packet(side->tox, 0, false, TEXT("lossy"), NULL));
    CHECK(tox_group_send_custom_private_packet(side->tox, 0, peer, true, TEXT("lossless"), NULL));
    CHECK(tox_group_send_custom_private_packet(side->tox, 0, peer, false, letters, LONGEST_PACKET, NULL));
    tell(side, ids, sizeof(ids));
    cannot_say(side, peer);
    meet(side);
    for (uint32_t i = 0; i < MANY; ++i) {
        CHECK(tox_group_send_message(side->tox, 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)&i, sizeof(i),
                                     NULL)
              != UINT32_MAX);
    }
    meet(side);
}

static void listen_to(Side *side, uint32_t peer)
{
    uint32_t ids[3];
    hear(side, ids, sizeof(ids));
    const Group_Seen *seen = take_group(side, GROUP_MESSAGE, WAIT_S);
    CHECK(seen->peer == peer && seen->value == TOX_MESSAGE_TYPE_NORMAL && has_text(seen, "hello"));
    CHECK(seen->message_id == ids[0]);
    seen = take_group(side, GROUP_MESSAGE, WAIT_S);
    CHECK(seen->peer == peer && seen->value == TOX_MESSAGE_TYPE_ACTION && is_letters(seen, LONGEST));
    CHECK(seen->message_id == ids[1]);
    seen = take_group(side, GROUP_PRIVATE_MESSAGE, WAIT_S);
    CHECK(seen->peer == peer && seen->value == TOX_MESSAGE_TYPE_ACTION && is_letters(seen, LONGEST_PRIVATE));
    CHECK(seen->message_id == ids[2]);
    /* lossy ones may come before */
    bool lossless = false, lossy = false;
    for (int i = 0; i < 2; ++i) {
        seen = take_group(side, GROUP_CUSTOM_PACKET, WAIT_S);
        lossless = lossless || (seen->peer == peer && is_letters(seen, LONGEST_PACKET));
        lossy = lossy || (seen->peer == peer && has_text(seen, "lossy"));
    }
    CHECK(lossless && lossy);
    lossless = lossy = false;
    for (int i = 0; i < 2; ++i) {
        seen = take_group(side, GROUP_CUSTOM_PRIVATE_PACKET, WAIT_S);
        lossless = lossless || (seen->peer == peer && has_text(seen, "lossless"));
        lossy = lossy || (seen->peer == peer && is_letters(seen, LONGEST_PACKET));
    }
    CHECK(lossless && lossy);
    meet(side);
    for (uint32_t i = 0; i < MANY; ++i) {
        seen = take_group(side, GROUP_MESSAGE, WAIT_S);
        CHECK(seen->length == sizeof(i) && memcmp(seen->text, &i, sizeof(i)) == 0);
    }
    meet(side);
    CHECK(left_in_group(side, GROUP_MESSAGE) == 0 && left_in_group(side, GROUP_PRIVATE_MESSAGE) == 0);
}

void scenario_alice(Side *side)
{
    memset(letters, 'x', sizeof(letters));
    share_group(side);
    const uint32_t bob = peer_called(side, 0, "bob");
    speak(side, bob);
    listen_to(side, bob);
}

void scenario_bob(Side *side)
{
    memset(letters, 'x', sizeof(letters));
    share_group(side);
    const uint32_t alice = peer_called(side, 0, "alice");
    listen_to(side, alice);
    speak(side, alice);
}
