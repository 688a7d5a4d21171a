#include "clip.h"

#include "common.h"

#include <math.h>
#include <stdlib.h>

enum {
    MARGIN = 64,            /* how far the camera may turn */
    TEXTURE_W = CLIP_W + 2 * MARGIN,
    TEXTURE_H = CLIP_H + 2 * MARGIN,
    NOISE = 8,             /* of the camera's sensor, quarters */
    BIT = 16,               /* side of a square that shows a bit of the number */
    BITS = 8,
    DARK = 16,
    LIGHT = 235,
};

static const double PI = 3.14159265358979323846;

/* Blurred spots of all sizes, as walls and faces have them; 0 to 255. */
static void make_texture(uint8_t *texture, uint64_t seed)
{
    static const struct {
        int size;
        double height;
    } spots[] = {{96, 60}, {40, 28}, {16, 14}, {6, 8}};
    double *sum = (double *)calloc((size_t)TEXTURE_W * TEXTURE_H, sizeof(double));

    for (int k = 0; k < 4; ++k) {
        const int size = spots[k].size;
        const int columns = TEXTURE_W / size + 2;
        const int rows = TEXTURE_H / size + 2;
        double *grid = (double *)malloc((size_t)columns * rows * sizeof(double));

        for (int i = 0; i < columns * rows; ++i) {
            grid[i] = ((double)(rng_next(&seed) % 2001) / 1000 - 1) * spots[k].height;
        }

        for (int y = 0; y < TEXTURE_H; ++y) {
            for (int x = 0; x < TEXTURE_W; ++x) {
                const double fx = (1 - cos(PI * (x % size) / size)) / 2;
                const double fy = (1 - cos(PI * (y % size) / size)) / 2;
                const double *g = grid + (y / size) * columns + x / size;
                sum[y * TEXTURE_W + x] += (g[0] * (1 - fx) + g[1] * fx) * (1 - fy)
                                          + (g[columns] * (1 - fx) + g[columns + 1] * fx) * fy;
            }
        }

        free(grid);
    }

    for (int i = 0; i < TEXTURE_W * TEXTURE_H; ++i) {
        const double v = 120 + sum[i];
        texture[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }

    free(sum);
}

/* Between four pixels. */
static double texture_at(const uint8_t *texture, double x, double y)
{
    const int xi = (int)x;
    const int yi = (int)y;
    const double fx = x - xi;
    const double fy = y - yi;
    const uint8_t *t = texture + yi * TEXTURE_W + xi;
    return (t[0] * (1 - fx) + t[1] * fx) * (1 - fy) + (t[TEXTURE_W] * (1 - fx) + t[TEXTURE_W + 1] * fx) * fy;
}

static void show_number(uint8_t *y, int number)
{
    for (int bit = 0; bit < BITS; ++bit) {
        for (int i = 0; i < BIT * BIT; ++i) {
            y[(i / BIT) * CLIP_W + bit * BIT + i % BIT] = number >> bit & 1 ? LIGHT : DARK;
        }
    }
}

void clip_picture(uint8_t *picture, int number)
{
    static uint8_t *wall, *face;
    uint64_t seed = (uint64_t)number + 1;

    if (wall == NULL) {
        wall = (uint8_t *)malloc((size_t)TEXTURE_W * TEXTURE_H);
        face = (uint8_t *)malloc((size_t)TEXTURE_W * TEXTURE_H);
        make_texture(wall, 11);
        make_texture(face, 12);
    }

    /* a hand that is not quite still, and a head that moves and nods */
    const double turn = 2 * PI * number / CLIP_PICTURES;
    const double wall_x = MARGIN + 7 * sin(turn);
    const double wall_y = MARGIN + 4 * sin(2 * turn);
    const double head_x = 48 * sin(turn);
    const double head_y = 12 * sin(2 * turn);

    for (int y = 0; y < CLIP_H; ++y) {
        for (int x = 0; x < CLIP_W; ++x) {
            const double dx = (x - CLIP_W / 2.0 - head_x) / 130;
            const double dy = (y - CLIP_H / 2.0 - head_y) / 170;
            const bool in_face = dx * dx + dy * dy < 1;
            const double v = in_face ? 40 + 0.8 * texture_at(face, x + MARGIN - head_x, y + MARGIN - head_y)
                                     : texture_at(wall, x + wall_x, y + wall_y);
            const double noise = ((double)(rng_next(&seed) % (2 * NOISE + 1)) - NOISE) / 4;
            const double sum = v + noise + 0.5;
            picture[y * CLIP_W + x] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);

            if (x % 2 == 0 && y % 2 == 0) {
                uint8_t *chroma = picture + CLIP_W * CLIP_H + (y / 2) * (CLIP_W / 2) + x / 2;
                chroma[0] = (uint8_t)(in_face ? 110 : 120 + v / 16);
                chroma[CLIP_W * CLIP_H / 4] = (uint8_t)(in_face ? 150 : 140 - v / 16);
            }
        }
    }

    show_number(picture, number);
}

int clip_number(const uint8_t *y, int stride)
{
    int number = 0;

    for (int bit = 0; bit < BITS; ++bit) {
        int sum = 0;

        /* the middle of the square */
        for (int i = 0; i < BIT * BIT / 4; ++i) {
            sum += y[(BIT / 4 + i / (BIT / 2)) * stride + bit * BIT + BIT / 4 + i % (BIT / 2)];
        }

        number |= (sum / (BIT * BIT / 4) > (DARK + LIGHT) / 2) << bit;
    }

    return number < CLIP_PICTURES ? number : -1;
}

double clip_psnr(const uint8_t *source, const uint8_t *y, int stride)
{
    uint64_t sum = 0;

    for (int row = 0; row < CLIP_H; ++row) {
        uint32_t line = 0;

        for (int x = 0; x < CLIP_W; ++x) {
            const int d = source[row * CLIP_W + x] - y[row * stride + x];
            line += (uint32_t)(d * d);
        }

        sum += line;
    }

    return sum == 0 ? 100 : 10 * log10(255.0 * 255.0 * CLIP_W * CLIP_H / (double)sum);
}

/* Frequencies of which 12 ms tell one from the next. */
static double tone_turn(int number)
{
    return 2 * PI * (400 + 150 * (number % TONES)) / TONE_RATE;
}

void tone_frame(int16_t *pcm, int number)
{
    for (int i = 0; i < TONE_SAMPLES; ++i) {
        pcm[i] = (int16_t)(8000 * sin(tone_turn(number) * i));
    }
}

int tone_number(const int16_t *pcm, size_t samples)
{
    /* the codec is 6.5 ms behind: the beginning belongs to the frame before */
    enum { FIRST = 360, QUIET = 50 };
    double best = 0;
    double power = 0;
    int found = -1;

    if (samples < TONE_SAMPLES) {
        return -1;
    }

    for (int i = FIRST; i < TONE_SAMPLES; ++i) {
        power += (double)pcm[i] * pcm[i];
    }

    for (int tone = 0; tone < TONES && power > QUIET * QUIET * (TONE_SAMPLES - FIRST); ++tone) {
        /* Goertzel's way to one frequency of a spectrum */
        const double twice = 2 * cos(tone_turn(tone));
        double s1 = 0;
        double s2 = 0;

        for (int i = FIRST; i < TONE_SAMPLES; ++i) {
            const double s = pcm[i] + twice * s1 - s2;
            s2 = s1;
            s1 = s;
        }

        const double strength = s1 * s1 + s2 * s2 - twice * s1 * s2;

        if (strength > best) {
            best = strength;
            found = tone;
        }
    }

    return found;
}

int64_t tone_sent(int tone, int64_t now)
{
    const int64_t newest = now / TONE_NS;
    return tone < 0 ? -1 : newest - (newest - tone + TONES) % TONES;
}
