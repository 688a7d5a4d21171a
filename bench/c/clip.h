/* What calls of the benchmark show and say: pictures as from a camera, tones that tell their number. */
#ifndef BENCH_CLIP_H
#define BENCH_CLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLIP_W = 640,
    CLIP_H = 480,
    CLIP_SIZE = CLIP_W * CLIP_H * 3 / 2,
    CLIP_PICTURES = 60,     /* then it begins anew, without a jump */
    TONE_RATE = 48000,
    TONE_SAMPLES = 960,
    TONE_NS = 20000000,     /* frame N is sent N times this after the clock's beginning */
    TONES = 16,             /* a frame has the tone of its number modulo this */
};

/* One picture, y, u and v behind each other. */
void clip_picture(uint8_t *picture, int number);
/* The number that a picture shows; -1 when it cannot be read. */
int clip_number(const uint8_t *y, int stride);
/* Peak signal to noise ratio of a picture's luma, dB. */
double clip_psnr(const uint8_t *source, const uint8_t *y, int stride);

void tone_frame(int16_t *pcm, int number);
/* The tone that a received frame has; -1 for silence. */
int tone_number(const int16_t *pcm, size_t samples);
/* The number of the youngest frame with that tone; -1 for silence. */
int64_t tone_sent(int tone, int64_t now);

#endif
