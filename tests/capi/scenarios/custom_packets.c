/* Lossless and lossy custom packets arrive as sent, with every first byte that is for them. */
#include <dlfcn.h>

#include "scenario.h"

enum { FIRST_LOSSLESS = 160, END_LOSSLESS = 192, FIRST_LOSSY = 200, END_LOSSY = 255, OF_ITS_OWN = 3 };

/* those for calls: the general callback does not hear of them */
static const uint8_t of_calls[] = {69, 192, 193, 194, 195, 196, 197, 198, 199};

/* what ToxExt's library sends: without extensions of ours it is the program's, like all others */
static const uint8_t toxext[] = {0xac, 0x03, 0xdf, 0xfe, 0x00, 0x00, 0x16, 0x00, 0x00, 0x00,
                                 0x00, 0x9e, 0x10, 0x03, 0x16, 0xd2, 0x6f, 0x45, 0x39, 0x8c,
                                 0xdb, 0xae, 0x81, 0x00, 0x42, 0xf8, 0x64, 0x00, 0x18};

typedef void set_lossless(Tox *tox, tox_friend_lossless_packet_cb *callback, uint8_t id);
typedef void set_lossy(Tox *tox, tox_friend_lossy_packet_cb *callback, uint8_t id);

static int on_its_own;

static void on_special(Tox *tox, uint32_t friend_number, const uint8_t *data, size_t length, void *side)
{
    CHECK(((Side *)side)->tox == tox && friend_number == 0 && length == 5 && data[0] % OF_ITS_OWN == 0);
    ++on_its_own;
}

static void special(Side *side, bool on)
{
    set_lossless *lossless =
        (set_lossless *)(uintptr_t)dlsym(RTLD_DEFAULT, "tox_callback_friend_lossless_packet_per_pktid");
    set_lossy *lossy =
        (set_lossy *)(uintptr_t)dlsym(RTLD_DEFAULT, "tox_callback_friend_lossy_packet_per_pktid");
    if (lossless == NULL) {
        return; /* 0.2.18 keeps them to itself */
    }
    for (int id = 0; id < 256; ++id) {
        if (id % OF_ITS_OWN == 0) {
            lossless(side->tox, on ? on_special : NULL, (uint8_t)id);
            lossy(side->tox, on ? on_special : NULL, (uint8_t)id);
        }
    }
}

static bool have_special(void)
{
    return dlsym(RTLD_DEFAULT, "tox_callback_friend_lossless_packet_per_pktid") != NULL;
}

static void speak(Side *side)
{
    uint8_t data[TOX_MAX_CUSTOM_PACKET_SIZE];
    memset(data, 'l', sizeof(data));
    data[0] = 160;
    CHECK(tox_friend_send_lossless_packet(side->tox, 0, data, sizeof(data), NULL));
    data[0] = 254;
    CHECK(tox_friend_send_lossy_packet(side->tox, 0, data, sizeof(data), NULL));
    meet(side);
    CHECK(tox_friend_send_lossless_packet(side->tox, 0, toxext, sizeof(toxext), NULL));
    for (int first = FIRST_LOSSLESS; first < END_LOSSLESS; ++first) {
        data[0] = (uint8_t)first;
        CHECK(tox_friend_send_lossless_packet(side->tox, 0, data, 5, NULL));
    }
    for (int first = FIRST_LOSSY; first < END_LOSSY; ++first) {
        data[0] = (uint8_t)first;
        CHECK(tox_friend_send_lossy_packet(side->tox, 0, data, 5, NULL));
        meet(side); /* one by one, so that none is lost for want of room */
    }
    for (size_t i = 0; i < sizeof(of_calls); ++i) {
        data[0] = of_calls[i];
        CHECK(of_calls[i] == 69 ? tox_friend_send_lossless_packet(side->tox, 0, data, 5, NULL)
                                : tox_friend_send_lossy_packet(side->tox, 0, data, 5, NULL));
        meet(side);
    }
    data[0] = 16;
    CHECK(!tox_friend_send_lossless_packet(side->tox, 0, data, 6, NULL));
    data[0] = 160;
    CHECK(!tox_friend_send_lossy_packet(side->tox, 0, data, 6, NULL));
    meet(side);
}

static int taken;

/* The next packet, from the list or, if `id` is one that has it, from its own callback. */
static void expect(Side *side, Seen_List *list, int id)
{
    if (have_special() && id % OF_ITS_OWN == 0) {
        ++taken;
        UNTIL(side, on_its_own >= taken, 30);
    } else if (list != NULL) {
        const Seen *seen = take(side, list, 30);
        CHECK(seen->length == 5 && seen->text[0] == id && seen->text[4] == 'l');
    }
}

static void listen_to(Side *side)
{
    const Seen *lossless = take(side, &side->lossless, 30);
    CHECK(lossless->length == TOX_MAX_CUSTOM_PACKET_SIZE && lossless->text[0] == 160
          && lossless->text[9] == 'l');
    const Seen *lossy = take(side, &side->lossy, 30);
    CHECK(lossy->length == TOX_MAX_CUSTOM_PACKET_SIZE && lossy->text[0] == 254);
    special(side, true);
    meet(side);
    const Seen *question = take(side, &side->lossless, 30);
    CHECK(question->length == sizeof(toxext) && memcmp(question->text, toxext, sizeof(toxext)) == 0);
    for (int first = FIRST_LOSSLESS; first < END_LOSSLESS; ++first) {
        expect(side, &side->lossless, first);
    }
    for (int first = FIRST_LOSSY; first < END_LOSSY; ++first) {
        expect(side, &side->lossy, first);
        meet(side);
    }
    for (size_t i = 0; i < sizeof(of_calls); ++i) {
        expect(side, NULL, of_calls[i]);
        meet(side);
    }
    CHECK(on_its_own == taken);
    CHECK(side->lossless.count == side->lossless.taken && side->lossy.count == side->lossy.taken);
    special(side, false);
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
