/* Opus for calls and conferences. */
#include "avcodecs.h"

#include <opus/opus.h>

typedef void audio_receive_frame(void *av, uint32_t friend_number, const int16_t *pcm, size_t samples,
                                 uint8_t channels, uint32_t rate, void *user_data);
typedef void audio_data(void *tox, uint32_t conference, uint32_t peer, const int16_t *pcm, uint32_t samples,
                        uint8_t channels, uint32_t rate, void *user_data);

OpusEncoder *audio_encoder_new(int rate, int channels, int is_voip, int fec, int vbr, int *error)
{
    const int application = is_voip ? OPUS_APPLICATION_VOIP : OPUS_APPLICATION_AUDIO;
    OpusEncoder *encoder = opus_encoder_create(rate, channels, application, error);
    if (encoder != NULL) {
        opus_encoder_ctl(encoder, OPUS_SET_VBR(vbr));
        opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(fec));
        opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(10));
    }
    return encoder;
}

void audio_encoder_free(OpusEncoder *encoder)
{
    opus_encoder_destroy(encoder);
}

int audio_encoder_set(OpusEncoder *encoder, int setting, int value)
{
    if (encoder == NULL) {
        return OPUS_INVALID_STATE;
    }
    switch (setting) {
        case AUDIO_BIT_RATE:
            return opus_encoder_ctl(encoder, OPUS_SET_BITRATE(value));
        case AUDIO_EXPECTED_LOSS:
            return opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(value));
        case AUDIO_COMPLEXITY:
            return opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(value));
        default:
            return OPUS_UNIMPLEMENTED;
    }
}

int audio_encode(OpusEncoder *encoder, const void *pcm, int samples, unsigned char *packet, int room)
{
    return encoder == NULL ? OPUS_INVALID_STATE : opus_encode(encoder, pcm, samples, packet, room);
}

OpusDecoder *audio_decoder_new(int rate, int channels, int *error)
{
    return opus_decoder_create(rate, channels, error);
}

void audio_decoder_free(OpusDecoder *decoder)
{
    opus_decoder_destroy(decoder);
}

int audio_decode(OpusDecoder *decoder, const unsigned char *packet, int size, int16_t *pcm, int samples,
                 int is_before)
{
    return decoder == NULL ? OPUS_INVALID_STATE : opus_decode(decoder, packet, size, pcm, samples, is_before);
}

const char *audio_error(int error)
{
    return opus_strerror(error);
}

void audio_deliver(uintptr_t callback, uintptr_t av, uint32_t friend_number, const int16_t *pcm,
                   size_t samples, uint8_t channels, uint32_t rate, uintptr_t user_data)
{
    ((audio_receive_frame *)callback)((void *)av, friend_number, pcm, samples, channels, rate,
                                      (void *)user_data);
}

void audio_deliver_to_conference(uintptr_t callback, uintptr_t tox, uint32_t conference, uint32_t peer,
                                 const int16_t *pcm, uint32_t samples, uint8_t channels, uint32_t rate,
                                 uintptr_t user_data)
{
    ((audio_data *)callback)((void *)tox, conference, peer, pcm, samples, channels, rate, (void *)user_data);
}
