/* VP8 for calls. */
#include "avcodecs.h"

#include <stdlib.h>
#include <string.h>
#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

struct video_encoder {
    vpx_codec_ctx_t codec;
    vpx_codec_enc_cfg_t config;
    vpx_image_t image;
    int64_t time_us;
    /* u and v of a picture with an odd side, with the column or row that callers do not give; else NULL */
    uint8_t *chroma;
};

struct video_decoder {
    vpx_codec_ctx_t codec;
};

enum {
    /* Effort: -8 is 0.3 dB better than c-toxcore's 16 at the same time. Positive numbers change their own
     * meaning with the time that encoding took. */
    CPU_USED = -8,
    /* Pictures between key frames that nobody asked for. */
    KEY_FRAME_DISTANCE = 300,
    MICROSECONDS = 1000000,
    /* The colour of a picture that has no room for one. */
    GREY = 128,
};

/* A steady rate with a short queue. Without dropped pictures hard ones overshoot it, and then the line's. */
static void configure(vpx_codec_enc_cfg_t *config, unsigned int width, unsigned int height, unsigned int kbit)
{
    config->g_w = width;
    config->g_h = height;
    config->g_threads = 1;
    config->g_timebase.num = 1;
    config->g_timebase.den = MICROSECONDS;
    config->g_pass = VPX_RC_ONE_PASS;
    config->g_lag_in_frames = 0;
    config->g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT;
    config->kf_mode = VPX_KF_AUTO;
    config->kf_min_dist = 0;
    config->kf_max_dist = KEY_FRAME_DISTANCE;
    config->rc_end_usage = VPX_CBR;
    config->rc_target_bitrate = kbit;
    config->rc_buf_initial_sz = 500;
    config->rc_buf_optimal_sz = 600;
    config->rc_buf_sz = 1000;
    config->rc_undershoot_pct = 100;
    config->rc_overshoot_pct = 15;
    config->rc_min_quantizer = 2;
    config->rc_max_quantizer = 60;
    config->rc_dropframe_thresh = 30;
    config->rc_resize_allowed = 0;
}

static int init_encoder(video_encoder *encoder, unsigned int width, unsigned int height, unsigned int kbit)
{
    int error = vpx_codec_enc_config_default(vpx_codec_vp8_cx(), &encoder->config, 0);
    if (error != VPX_CODEC_OK) {
        return error;
    }
    configure(&encoder->config, width, height, kbit);
    /* the planes are set for each picture */
    vpx_img_wrap(&encoder->image, VPX_IMG_FMT_I420, width, height, 1, (unsigned char *)encoder);
    if (width % 2 != 0 || height % 2 != 0) {
        encoder->chroma = malloc((size_t)(width + 1) / 2 * ((height + 1) / 2) * 2);
        if (encoder->chroma == NULL) {
            return VPX_CODEC_MEM_ERROR;
        }
    }
    error = vpx_codec_enc_init(&encoder->codec, vpx_codec_vp8_cx(), &encoder->config, 0);
    if (error == VPX_CODEC_OK) {
        vpx_codec_control(&encoder->codec, VP8E_SET_CPUUSED, CPU_USED);
    }
    return error;
}

video_encoder *video_encoder_new(unsigned int width, unsigned int height, unsigned int kbit, int *error)
{
    video_encoder *encoder = calloc(1, sizeof *encoder);
    *error = encoder == NULL ? VPX_CODEC_MEM_ERROR : init_encoder(encoder, width, height, kbit);
    if (*error != VPX_CODEC_OK) {
        video_encoder_free(encoder);
        return NULL;
    }
    return encoder;
}

void video_encoder_free(video_encoder *encoder)
{
    if (encoder != NULL) {
        vpx_codec_destroy(&encoder->codec);
        free(encoder->chroma);
        free(encoder);
    }
}

int video_encoder_set_bit_rate(video_encoder *encoder, unsigned int kbit)
{
    encoder->config.rc_target_bitrate = kbit;
    return -(int)vpx_codec_enc_config_set(&encoder->codec, &encoder->config);
}

/* Copy a plane into one that may have a column and a row more: these repeat the last. */
static void widen(uint8_t *to, const uint8_t *from, size_t width, size_t height, size_t wide, size_t high)
{
    if (width == 0 || height == 0) {
        memset(to, GREY, wide * high);
        return;
    }
    for (size_t row = 0; row < high; row++) {
        const uint8_t *line = from + (row < height ? row : height - 1) * width;
        memcpy(to + row * wide, line, width);
        to[row * wide + wide - 1] = line[width - 1];
    }
}

static void set_planes(video_encoder *encoder, const void *y, const void *u, const void *v)
{
    vpx_image_t *image = &encoder->image;
    const size_t width = image->d_w, height = image->d_h, wide = (width + 1) / 2, high = (height + 1) / 2;
    const void *chroma[] = {u, v};
    image->planes[VPX_PLANE_Y] = (unsigned char *)y;
    image->stride[VPX_PLANE_Y] = (int)width;
    for (int i = 0; i < 2; i++) {
        image->planes[VPX_PLANE_U + i] = (unsigned char *)chroma[i];
        image->stride[VPX_PLANE_U + i] = (int)wide;
        if (encoder->chroma != NULL) {
            image->planes[VPX_PLANE_U + i] = encoder->chroma + i * wide * high;
            widen(image->planes[VPX_PLANE_U + i], chroma[i], width / 2, height / 2, wide, high);
        }
    }
}

int video_encode(video_encoder *encoder, const void *y, const void *u, const void *v, int key_frame,
                 int64_t duration_us, video_frame *frame)
{
    set_planes(encoder, y, u, v);
    const int error =
        vpx_codec_encode(&encoder->codec, &encoder->image, encoder->time_us, (unsigned long)duration_us,
                         key_frame ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME);
    if (error != VPX_CODEC_OK) {
        return -error;
    }
    encoder->time_us += duration_us;
    vpx_codec_iter_t iterator = NULL;
    const vpx_codec_cx_pkt_t *packet;
    while ((packet = vpx_codec_get_cx_data(&encoder->codec, &iterator)) != NULL) {
        if (packet->kind == VPX_CODEC_CX_FRAME_PKT) {
            frame->data = packet->data.frame.buf;
            frame->size = packet->data.frame.sz;
            frame->is_key = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
            return 1;
        }
    }
    return 0;
}

video_decoder *video_decoder_new(int *error)
{
    const vpx_codec_dec_cfg_t config = {.threads = 1};
    video_decoder *decoder = calloc(1, sizeof *decoder);
    *error = decoder == NULL ? VPX_CODEC_MEM_ERROR
                             : vpx_codec_dec_init(&decoder->codec, vpx_codec_vp8_dx(), &config, 0);
    if (*error != VPX_CODEC_OK) {
        free(decoder);
        return NULL;
    }
    return decoder;
}

void video_decoder_free(video_decoder *decoder)
{
    if (decoder != NULL) {
        vpx_codec_destroy(&decoder->codec);
        free(decoder);
    }
}

int video_decode(video_decoder *decoder, const void *frame, size_t size, video_picture *picture)
{
    if (size > UINT32_MAX) {
        return -VPX_CODEC_INVALID_PARAM;
    }
    const int error = vpx_codec_decode(&decoder->codec, frame, (unsigned int)size, NULL, 0);
    if (error != VPX_CODEC_OK) {
        return -error;
    }
    vpx_codec_iter_t iterator = NULL;
    const vpx_image_t *image = vpx_codec_get_frame(&decoder->codec, &iterator);
    if (image == NULL) {
        return 0;
    }
    picture->width = image->d_w;
    picture->height = image->d_h;
    for (int i = 0; i < 3; i++) {
        picture->planes[i] = image->planes[i];
        picture->strides[i] = image->stride[i];
    }
    return 1;
}

const char *video_error(int error)
{
    return vpx_codec_err_to_string((vpx_codec_err_t)-error);
}
