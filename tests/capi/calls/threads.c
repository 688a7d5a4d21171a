/* A call as desktop clients make it: on either side one thread each for tox_iterate, for playing sound, for playing
 * pictures, for the microphone, for the camera and for the user, who writes messages and presses buttons, and no lock
 * among them. Everything arrives that must arrive, in order, and no data packet has the nonce of another one. */
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pair.h"

enum { ROUNDS = 250, WIDTH = 64, HEIGHT = 48, SAMPLES = 480, MAX_FD = 256, DATA_PACKET = 0x1b };

static atomic_bool done;
static atomic_int sounds[2], pictures[2], messages[2], states[2], users;

/* The last two bytes of the nonces of data packets, by socket: each packet has the next one, and there are fewer than
 * 65536 of them. */
static atomic_uchar seen[MAX_FD][65536];
static atomic_int data_packets;

static void look_at(int fd, const uint8_t *packet, size_t size)
{
    if (size > 3 && packet[0] == DATA_PACKET) {
        CHECK(fd < MAX_FD && atomic_fetch_add(&seen[fd][packet[1] << 8 | packet[2]], 1) == 0);
        atomic_fetch_add(&data_packets, 1);
    }
}

/* In place of the C library's, which the datapath would call. */
int sendmmsg(int fd, struct mmsghdr *made, unsigned int count, int flags)
{
    for (unsigned i = 0; i < count; i++) {
        const struct msghdr *message = &made[i].msg_hdr;
        const struct cmsghdr *control = message->msg_controllen > 0 ? CMSG_FIRSTHDR(message) : NULL;
        uint16_t row = 0;
        if (control != NULL && control->cmsg_level == IPPROTO_UDP) {
            memcpy(&row, CMSG_DATA(control), sizeof row);
        }
        for (size_t part = 0; part < message->msg_iovlen; part++) {
            const struct iovec *data = &message->msg_iov[part];
            const size_t step = row != 0 ? row : data->iov_len;
            for (size_t at = 0; at < data->iov_len; at += step) {
                const size_t left = data->iov_len - at;
                look_at(fd, (const uint8_t *)data->iov_base + at, left < step ? left : step);
            }
        }
    }
    return (int)syscall(SYS_sendmmsg, fd, made, count, flags);
}

static void on_call(ToxAV *av, uint32_t friend_number, bool audio, bool video, void *user_data)
{
    CHECK(audio && video && user_data == &done);
    CHECK(toxav_answer(av, friend_number, 32, 200, NULL));
}

static void on_state(ToxAV *av, uint32_t friend_number, uint32_t state, void *user_data)
{
    CHECK(friend_number == 0 && user_data == &states);
    /* the call goes on until the end */
    CHECK((state & (TOXAV_FRIEND_CALL_STATE_ERROR | TOXAV_FRIEND_CALL_STATE_FINISHED)) == 0);
    atomic_fetch_add(&states[side_of(av)], 1);
}

static void on_sound(ToxAV *av, uint32_t friend_number, const int16_t *pcm, size_t count, uint8_t channels,
                     uint32_t rate, void *user_data)
{
    CHECK(friend_number == 0 && user_data == &sounds);
    CHECK(count == SAMPLES && channels == 1 && rate == 48000 && pcm != NULL);
    atomic_fetch_add(&sounds[side_of(av)], 1);
}

static void on_picture(ToxAV *av, uint32_t friend_number, uint16_t width, uint16_t height, const uint8_t *y,
                       const uint8_t *u, const uint8_t *v, int32_t ystride, int32_t ustride, int32_t vstride,
                       void *user_data)
{
    CHECK(friend_number == 0 && user_data == &pictures);
    CHECK(width == WIDTH && height == HEIGHT && ystride >= WIDTH);
    CHECK(ustride >= WIDTH / 2 && vstride >= WIDTH / 2);
    CHECK(y != NULL && u != NULL && v != NULL);
    atomic_fetch_add(&pictures[side_of(av)], 1);
}

static void on_message(Tox *tox, uint32_t friend_number, Tox_Message_Type type, const uint8_t *message,
                       size_t length, void *user_data)
{
    (void)friend_number, (void)type, (void)user_data;
    int number;
    CHECK(length == sizeof number);
    memcpy(&number, message, sizeof number);
    /* every one of them, in order */
    CHECK(atomic_fetch_add(&messages[tox == nodes[BOB]], 1) == number);
}

static void *network(void *which)
{
    const int side = (int)(intptr_t)which;
    while (!atomic_load(&done)) {
        tox_iterate(nodes[side], NULL);
        for (int i = 2 + side; i < NODES; i += 2) {
            tox_iterate(nodes[i], NULL);
        }
        rest_ms(2);
    }
    return NULL;
}

static void *play_sound(void *which)
{
    ToxAV *av = avs[(intptr_t)which];
    while (!atomic_load(&done)) {
        toxav_audio_iterate(av);
        const uint32_t interval_ms = toxav_audio_iteration_interval(av);
        CHECK(interval_ms > 0 && interval_ms <= 20);
        rest_ms(interval_ms);
    }
    return NULL;
}

static void *play_pictures(void *which)
{
    ToxAV *av = avs[(intptr_t)which];
    while (!atomic_load(&done)) {
        toxav_video_iterate(av);
        rest_ms(5);
    }
    return NULL;
}

/* A frame is not sent while the friend takes none: muted, hidden. */
static void check_sent(bool sent, Toxav_Err_Send_Frame error)
{
    CHECK(error == (sent ? TOXAV_ERR_SEND_FRAME_OK : TOXAV_ERR_SEND_FRAME_PAYLOAD_TYPE_DISABLED));
}

static void *microphone(void *which)
{
    int16_t pcm[SAMPLES];
    for (int round = 0; !atomic_load(&done); round++) {
        for (int i = 0; i < SAMPLES; i++) {
            pcm[i] = (int16_t)((i * (round % 7 + 1) % 96 - 48) * 200);
        }
        Toxav_Err_Send_Frame error;
        const bool sent = toxav_audio_send_frame(avs[(intptr_t)which], 0, pcm, SAMPLES, 1, 48000, &error);
        check_sent(sent, error);
        rest_ms(5);
    }
    return NULL;
}

static void *camera(void *which)
{
    static uint8_t pixels[2][WIDTH * HEIGHT];
    uint8_t *y = pixels[(intptr_t)which];
    for (int round = 0; !atomic_load(&done); round++) {
        memset(y, round, WIDTH * HEIGHT);
        Toxav_Err_Send_Frame error;
        const bool sent = toxav_video_send_frame(avs[(intptr_t)which], 0, WIDTH, HEIGHT, y, y, y, &error);
        check_sent(sent, error);
        rest_ms(10);
    }
    return NULL;
}

static void *user(void *which)
{
    const int side = (int)(intptr_t)which;
    ToxAV *av = avs[side];
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(tox_friend_send_message(nodes[side], 0, TOX_MESSAGE_TYPE_NORMAL, (const uint8_t *)&round,
                                      sizeof round, NULL)
              != 0);
        if (round % 25 == 0) {
            CHECK(toxav_call_control(av, 0, TOXAV_CALL_CONTROL_MUTE_AUDIO, NULL));
            CHECK(toxav_call_control(av, 0, TOXAV_CALL_CONTROL_HIDE_VIDEO, NULL));
            CHECK(toxav_call_control(av, 0, TOXAV_CALL_CONTROL_UNMUTE_AUDIO, NULL));
            CHECK(toxav_call_control(av, 0, TOXAV_CALL_CONTROL_SHOW_VIDEO, NULL));
        }
        CHECK(toxav_audio_set_bit_rate(av, 0, 24 + (uint32_t)round % 40, NULL));
        CHECK(toxav_video_set_bit_rate(av, 0, 100 + (uint32_t)round % 200, NULL));
        Toxav_Err_Call error;
        CHECK(!toxav_call(av, 0, 32, 0, &error) && error == TOXAV_ERR_CALL_FRIEND_ALREADY_IN_CALL);
        rest_ms(6);
    }
    UNTIL(atomic_load(&messages[1 - side]) == ROUNDS, );
    UNTIL(atomic_load(&sounds[side]) >= 50 && atomic_load(&pictures[side]) >= 25, );
    atomic_fetch_add(&users, 1);
    UNTIL(atomic_load(&users) == 2, );
    atomic_store(&done, true);
    return NULL;
}

int main(void)
{
    meet(false);
    for (int i = 0; i < 2; i++) {
        toxav_callback_call(avs[i], on_call, &done);
        toxav_callback_call_state(avs[i], on_state, &states);
        toxav_callback_audio_receive_frame(avs[i], on_sound, &sounds);
        toxav_callback_video_receive_frame(avs[i], on_picture, &pictures);
        tox_callback_friend_message(nodes[i], on_message);
    }
    CHECK(toxav_call(avs[ALICE], 0, 32, 200, NULL));
    UNTIL(atomic_load(&states[ALICE]) > 0, pass());

    static void *(*const parts[])(void *) = {network, play_sound, play_pictures, microphone, camera, user};
    enum { PARTS = sizeof parts / sizeof *parts };
    pthread_t threads[2 * PARTS];
    for (int i = 0; i < 2 * PARTS; i++) {
        CHECK(pthread_create(&threads[i], NULL, parts[i / 2], (void *)(intptr_t)(i % 2)) == 0);
    }
    for (int i = 0; i < 2 * PARTS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    part();
    CHECK(atomic_load(&data_packets) > 4 * ROUNDS && atomic_load(&data_packets) < 65536);
    printf("%d data packets, %d and %d sounds, %d and %d pictures\nok\n", atomic_load(&data_packets),
           atomic_load(&sounds[0]), atomic_load(&sounds[1]), atomic_load(&pictures[0]),
           atomic_load(&pictures[1]));
    return 0;
}
