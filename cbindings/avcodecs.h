/* Opus and VP8 as toxpy.media uses them. What never changes is set here, all else comes from Python.
 *
 * cbindings/avcodecs.py gives the declarations to cffi as they stand. Every function runs without the
 * interpreter's lock. Those that return an int return a negative error of the library for failure. Memory of
 * callers comes as `void *`. */
#ifndef TOXPY_AVCODECS_H
#define TOXPY_AVCODECS_H

#include <stddef.h>
#include <stdint.h>

/* What toxpy.media.native expects; another number with each change below. */
enum { AVCODECS_INTERFACE = 1 };

typedef struct OpusEncoder OpusEncoder;
typedef struct OpusDecoder OpusDecoder;
typedef struct video_encoder video_encoder;
typedef struct video_decoder video_decoder;

/* Rates in Hz and bit/s. With `is_voip` for calls, otherwise for conferences. */
OpusEncoder *audio_encoder_new(int rate, int channels, int is_voip, int fec, int vbr, int *error);
void audio_encoder_free(OpusEncoder *encoder);
int audio_encoder_set_bit_rate(OpusEncoder *encoder, int bits);
int audio_encoder_set_expected_loss(OpusEncoder *encoder, int percent);
/* The size of the packet. */
int audio_encode(OpusEncoder *encoder, const void *pcm, int samples, unsigned char *packet, int room);

OpusDecoder *audio_decoder_new(int rate, int channels, int *error);
void audio_decoder_free(OpusDecoder *decoder);
/* Samples of each channel. NULL as the packet conceals so many samples; with `is_before` the frame before the
 * packet is meant. */
int audio_decode(OpusDecoder *decoder, const unsigned char *packet, int size, int16_t *pcm, int samples,
                 int is_before);
const char *audio_error(int error);

typedef struct video_frame {
    const uint8_t *data;
    size_t size;
    int is_key;
} video_frame;

typedef struct video_picture {
    unsigned int width, height;
    const uint8_t *planes[3];
    int strides[3];
} video_picture;

/* The bit rate in kbit/s. */
video_encoder *video_encoder_new(unsigned int width, unsigned int height, unsigned int kbit, int *error);
void video_encoder_free(video_encoder *encoder);
int video_encoder_set_bit_rate(video_encoder *encoder, unsigned int kbit);
/* Planes without gaps, u and v of half the size rounded down. 1, or 0 when the picture was dropped. The frame
 * belongs to the encoder until the next call. */
int video_encode(video_encoder *encoder, const void *y, const void *u, const void *v, int key_frame,
                 int64_t duration_us, video_frame *frame);

video_decoder *video_decoder_new(int *error);
void video_decoder_free(video_decoder *decoder);
/* 1, or 0 when there is nothing to show. The planes belong to the decoder, and change with the next call. */
int video_decode(video_decoder *decoder, const void *frame, size_t size, video_picture *picture);
const char *video_error(int error);

#endif
