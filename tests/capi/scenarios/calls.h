/* Calls in scenarios: a telephone per side, which sends marked frames and reads the marks of those that come.
 * A tone's frequency is a number, and so are the bars of a picture. */
#ifndef SCENARIO_CALLS_H
#define SCENARIO_CALLS_H

#include "scenario.h"

#include <tox/toxav.h>

enum {
    RATE = 48000,
    SAMPLES = 960, /* of a frame */
    TONE_MS = 20,
    TONES = 8,
    PICTURES = 256,
    MAX_CALLED = 3,
    AUDIO_KBIT = 48,
    VIDEO_KBIT = 500,
    WIDTH = 160,
    HEIGHT = 96,
    CALL_S = 60,
    ACCEPTING = TOXAV_FRIEND_CALL_STATE_ACCEPTING_A | TOXAV_FRIEND_CALL_STATE_ACCEPTING_V,
    SENDING = TOXAV_FRIEND_CALL_STATE_SENDING_A | TOXAV_FRIEND_CALL_STATE_SENDING_V,
    ALL = ACCEPTING | SENDING,
    NOTHING = -1 /* no tone, no picture */
};

/* A frame of that tone, and the tone in a frame, or NOTHING. */
void make_tone(int tone, int16_t *pcm);
int read_tone(const int16_t *pcm, size_t samples, uint8_t channels);

typedef struct Phone {
    Side *side;
    ToxAV *av;
    int tone, picture; /* what it sends, or NOTHING */
    uint32_t audience[MAX_CALLED]; /* and to whom */
    size_t audience_size;
    Seen_List calls; /* value: bit 0 audio, bit 1 video */
    Seen_List states; /* value: the state */
    Seen_List audio_rates, video_rates; /* value: the suggestion */
    uint32_t heard[MAX_CALLED][TONES], seen[MAX_CALLED][PICTURES]; /* frames with that mark */
    Toxav_Err_Send_Frame audio_error, video_error; /* of the last frame that was sent */
    uint64_t tone_ms, picture_ms; /* when the next one is due */
    struct Phone *next;
} Phone;

/* A telephone for this side, which rings from now on; it is iterated with the process's `side`. */
void get_phone(Phone *phone, Side *side, Side *owner);
void give_back(Phone *phone);

/* Call that friend, or wait for the call and answer it. */
void call(Phone *phone, uint32_t friend_number, uint32_t audio_kbit, uint32_t video_kbit);
void answer(Phone *phone, uint32_t friend_number, uint32_t audio_kbit, uint32_t video_kbit);

/* Wait for a call with (1) audio, (2) video. */
void rings(Phone *phone, uint32_t friend_number, uint32_t kinds);

/* Wait for that state, with no other before. */
void wait_state(Phone *phone, uint32_t friend_number, uint32_t state);

Toxav_Err_Call_Control control(Phone *phone, uint32_t friend_number, Toxav_Call_Control what);

/* Wait for that tone or picture, from now on. */
void hears(Phone *phone, uint32_t friend_number, int tone);
void sees(Phone *phone, uint32_t friend_number, int picture);

/* Send nothing more. */
void silence(Phone *phone);

/* Nothing came that nobody waited for. */
bool nothing_left(const Phone *phone);

#endif
