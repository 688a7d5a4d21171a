/* One user in calls with three at once: each hears its own tone, and each is heard. */
#include "calls.h"

enum { OTHERS = 2, TO_ALL = 7 };

/* Bob's process has carol and dave as well; all three are alice's friends. */
static void meet_all(Side *side, Side *others)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    become_friends(side);
    for (int i = 0; i < OTHERS; ++i) {
        if (others == NULL) {
            hear(side, key, sizeof(key));
            CHECK(tox_friend_add_norequest(side->tox, key, NULL) == 1u + (uint32_t)i);
            tox_self_get_public_key(side->tox, key);
            tell(side, key, sizeof(key));
            UNTIL(side, tox_friend_get_connection_status(side->tox, 1 + i, NULL) != TOX_CONNECTION_NONE, 120);
        } else {
            others[i].node = side->node;
            others[i].relay = side->relay;
            start_tox(&others[i], NULL, 0);
            rejoin(&others[i]);
            /* iterated with the side from now on */
            others[i].third = side->third;
            side->third = &others[i];
            tox_self_get_public_key(others[i].tox, key);
            tell(side, key, sizeof(key));
            hear(side, key, sizeof(key));
            CHECK(tox_friend_add_norequest(others[i].tox, key, NULL) == 0);
            UNTIL(side, is_online(&others[i]), 120);
        }
        meet(side);
    }
}

void scenario_alice(Side *side)
{
    Phone phone;
    meet_all(side, NULL);
    get_phone(&phone, side, side);
    meet(side);
    for (uint32_t number = 0; number <= OTHERS; ++number) {
        call(&phone, number, AUDIO_KBIT, 0);
        wait_state(&phone, number, ACCEPTING | TOXAV_FRIEND_CALL_STATE_SENDING_A);
        phone.audience[number] = number;
    }
    phone.audience_size = OTHERS + 1;
    phone.tone = TO_ALL;
    meet(side);
    for (uint32_t number = 0; number <= OTHERS; ++number) {
        phone.audience_size = 1;
        phone.audience[0] = number;
        phone.tone = (int)number;
        hears(&phone, number, 6 - (int)number);
        meet(side);
    }
    silence(&phone);
    wait_state(&phone, 1, TOXAV_FRIEND_CALL_STATE_FINISHED);
    for (uint32_t number = 0; number <= OTHERS; number += 2) {
        phone.audience[number / 2] = number;
    }
    phone.audience_size = 2;
    phone.tone = 5;
    meet(side);
    silence(&phone);
    for (uint32_t number = 0; number <= OTHERS; number += 2) {
        CHECK(control(&phone, number, TOXAV_CALL_CONTROL_CANCEL) == TOXAV_ERR_CALL_CONTROL_OK);
    }
    meet(side);
    CHECK(nothing_left(&phone));
    give_back(&phone);
}

void scenario_bob(Side *side)
{
    static Side others[OTHERS] = {{.name = "carol"}, {.name = "dave"}};
    static Phone phones[OTHERS + 1];
    Side *owners[OTHERS + 1] = {side, &others[0], &others[1]};
    meet_all(side, others);
    for (int i = 0; i <= OTHERS; ++i) {
        get_phone(&phones[i], side, owners[i]);
    }
    meet(side);
    for (int i = 0; i <= OTHERS; ++i) {
        answer(&phones[i], 0, AUDIO_KBIT, 0);
    }
    for (int i = 0; i <= OTHERS; ++i) {
        hears(&phones[i], 0, TO_ALL);
    }
    meet(side);
    for (int i = 0; i <= OTHERS; ++i) {
        phones[i].tone = 6 - i;
        hears(&phones[i], 0, i);
        meet(side);
        silence(&phones[i]);
        /* the others' tones went nowhere else */
        for (int tone = 0; tone < TO_ALL; ++tone) {
            CHECK(tone == i || phones[i].heard[0][tone] == 0);
        }
    }
    /* one ends, two go on */
    CHECK(control(&phones[1], 0, TOXAV_CALL_CONTROL_CANCEL) == TOXAV_ERR_CALL_CONTROL_OK);
    hears(&phones[0], 0, 5);
    hears(&phones[2], 0, 5);
    meet(side);
    wait_state(&phones[0], 0, TOXAV_FRIEND_CALL_STATE_FINISHED);
    wait_state(&phones[2], 0, TOXAV_FRIEND_CALL_STATE_FINISHED);
    meet(side);
    for (int i = 0; i <= OTHERS; ++i) {
        CHECK(nothing_left(&phones[i]));
        give_back(&phones[i]);
    }
}
