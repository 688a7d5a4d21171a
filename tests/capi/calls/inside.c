/* What callbacks of calls may do: everything. They answer, refuse and hang up, ask and change, and use what they were
 * given after the call has ended. While one of them waits, other threads go on with the same instance; and frames do
 * not wait for a thread that has the instance for itself. */
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <tox/tox_private.h>
#include <unistd.h>

#include "pair.h"

enum { WIDTH = 320, HEIGHT = 240, SAMPLES = 960 };

static int16_t pcm[SAMPLES];
static uint8_t plane[WIDTH * HEIGHT];

/* What the callbacks do this time, and what they saw. */
static enum { REFUSE, ANSWER } on_ringing;
static bool hang_up_on_state, hang_up_on_sound, hang_up_on_picture, wait_on_sound, delete_on_picture;
static int calls, sounds, pictures;
static uint32_t states[2][16];
static int state_count[2];

static uint32_t last_state(int side)
{
    return state_count[side] > 0 ? states[side][state_count[side] - 1] : 0xffff;
}

static bool is_over(int side)
{
    return last_state(side) == TOXAV_FRIEND_CALL_STATE_FINISHED
           || last_state(side) == TOXAV_FRIEND_CALL_STATE_ERROR;
}

static void on_call(ToxAV *av, uint32_t friend_number, bool audio, bool video, void *user_data);

/* Functions of all kinds, which change nothing. */
static void ask(ToxAV *av)
{
    Tox *tox = toxav_get_tox(av);
    CHECK(tox == nodes[side_of(av)]);
    CHECK(tox_get_savedata_size(tox) > 0);
    CHECK(toxav_iteration_interval(av) > 0);
    CHECK(toxav_new(tox, NULL) == NULL);
    Toxav_Err_Call error;
    CHECK(!toxav_call(av, 0, 1, 0, &error) && error == TOXAV_ERR_CALL_INVALID_BIT_RATE);
    CHECK(!toxav_call_control(av, 9, TOXAV_CALL_CONTROL_CANCEL, NULL));
    toxav_callback_call(av, on_call, NULL);
}

static void hang_up(ToxAV *av)
{
    CHECK(toxav_call_control(av, 0, TOXAV_CALL_CONTROL_CANCEL, NULL));
    Toxav_Err_Send_Frame error;
    CHECK(!toxav_audio_send_frame(av, 0, pcm, SAMPLES, 1, 48000, &error));
    CHECK(error == TOXAV_ERR_SEND_FRAME_FRIEND_NOT_IN_CALL);
}

static void on_call(ToxAV *av, uint32_t friend_number, bool audio, bool video, void *user_data)
{
    (void)audio, (void)video, (void)user_data;
    calls++;
    ask(av);
    if (on_ringing == REFUSE) {
        hang_up(av);
    } else {
        CHECK(toxav_answer(av, friend_number, 48, 500, NULL));
        CHECK(toxav_audio_send_frame(av, friend_number, pcm, SAMPLES, 1, 48000, NULL));
        CHECK(toxav_call_control(av, friend_number, TOXAV_CALL_CONTROL_PAUSE, NULL));
        CHECK(toxav_call_control(av, friend_number, TOXAV_CALL_CONTROL_RESUME, NULL));
    }
}

static void on_state(ToxAV *av, uint32_t friend_number, uint32_t state, void *user_data)
{
    (void)friend_number, (void)user_data;
    const int side = side_of(av);
    CHECK(state_count[side] < 16);
    states[side][state_count[side]++] = state;
    ask(av);
    if (hang_up_on_state && state > TOXAV_FRIEND_CALL_STATE_FINISHED) {
        hang_up(av);
    }
}

/* Another thread, while a callback waits. */
static atomic_bool others_done;

static void *go_on(void *of_callback)
{
    ToxAV *av = of_callback;
    Tox *tox = toxav_get_tox(av);
    for (int i = 0; i < 5; i++) {
        pass();
    }
    CHECK(toxav_call_control(av, 0, TOXAV_CALL_CONTROL_HIDE_VIDEO, NULL));
    CHECK(toxav_call_control(av, 0, TOXAV_CALL_CONTROL_SHOW_VIDEO, NULL));
    CHECK(toxav_audio_send_frame(av, 0, pcm, SAMPLES, 1, 48000, NULL));
    CHECK(toxav_audio_set_bit_rate(av, 0, 40, NULL));
    CHECK(tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, plane + 1, 1, NULL) != 0);
    toxav_video_iterate(av);
    atomic_store(&others_done, true);
    return NULL;
}

static void on_sound(ToxAV *av, uint32_t friend_number, const int16_t *samples, size_t count,
                     uint8_t channels, uint32_t rate, void *user_data)
{
    (void)user_data;
    CHECK(friend_number == 0 && count == SAMPLES && channels == 1 && rate == 48000);
    sounds++;
    ask(av);
    if (wait_on_sound) {
        wait_on_sound = false;
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, go_on, av) == 0);
        UNTIL(atomic_load(&others_done), );
        CHECK(pthread_join(thread, NULL) == 0);
    }
    if (hang_up_on_sound) {
        hang_up(av);
    }
    long sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += samples[i];
    }
    CHECK(sum > -33000L * SAMPLES && sum < 33000L * SAMPLES);
}

static void on_picture(ToxAV *av, uint32_t friend_number, uint16_t width, uint16_t height, const uint8_t *y,
                       const uint8_t *u, const uint8_t *v, int32_t ystride, int32_t ustride, int32_t vstride,
                       void *user_data)
{
    (void)user_data;
    CHECK(friend_number == 0 && width == WIDTH && height == HEIGHT);
    pictures++;
    ask(av);
    if (delete_on_picture) {
        CHECK(tox_friend_delete(toxav_get_tox(av), friend_number, NULL));
    } else if (hang_up_on_picture) {
        hang_up(av);
    }
    /* all of the picture is still there; it is grey */
    long sum = 0;
    for (int line = 0; line < height; line++) {
        for (int column = 0; column < width; column++) {
            sum += y[line * ystride + column];
            sum += u[line / 2 * ustride + column / 2] + v[line / 2 * vstride + column / 2];
        }
    }
    CHECK(sum / (WIDTH * HEIGHT) > 3 * 100 && sum / (WIDTH * HEIGHT) < 3 * 156);
}

static void step(void)
{
    pass();
    for (int i = 0; i < 2; i++) {
        toxav_iterate(avs[i]);
    }
}

static void send_both(void)
{
    toxav_audio_send_frame(avs[ALICE], 0, pcm, SAMPLES, 1, 48000, NULL);
    toxav_video_send_frame(avs[ALICE], 0, WIDTH, HEIGHT, plane, plane, plane, NULL);
    step();
    rest_ms(5);
}

/* From the call to its end, in a callback of one of them. */
static void call_and_send(void)
{
    sounds = pictures = state_count[0] = state_count[1] = 0;
    CHECK(toxav_call(avs[ALICE], 0, 48, 500, NULL));
    UNTIL(state_count[ALICE] > 0, step());
    UNTIL(is_over(ALICE) || is_over(BOB), send_both());
    for (int i = 0; i < 100; i++) {
        step();
    }
    /* who hangs up hears nothing of it */
    CHECK(is_over(ALICE) != is_over(BOB));
}

/* A line that loses every third packet. */
static bool losing;

/* In place of the C library's, which the datapath would call. */
int sendmmsg(int fd, struct mmsghdr *made, unsigned int count, int flags)
{
    static unsigned sent;
    if (!losing) {
        return (int)syscall(SYS_sendmmsg, fd, made, count, flags);
    }
    if (sent++ % 3 != 0) {
        return (int)syscall(SYS_sendmmsg, fd, made, 1, flags);
    }
    made->msg_len = 0;
    return 1;
}

static int rates_told;

static void on_video_rate(ToxAV *av, uint32_t friend_number, uint32_t kbit, void *user_data)
{
    CHECK(av == avs[ALICE] && friend_number == 0 && kbit > 0 && kbit < 500 && user_data == &rates_told);
    rates_told++;
    ask(av);
    CHECK(toxav_video_set_bit_rate(av, friend_number, kbit, NULL));
    hang_up(av);
}

static void lossy_line(void)
{
    sounds = pictures = state_count[0] = state_count[1] = 0;
    toxav_callback_video_bit_rate(avs[ALICE], on_video_rate, &rates_told);
    CHECK(toxav_call(avs[ALICE], 0, 48, 500, NULL));
    UNTIL(state_count[ALICE] > 0, step());
    losing = true;
    UNTIL(rates_told > 0, send_both());
    losing = false;
    UNTIL(last_state(BOB) == TOXAV_FRIEND_CALL_STATE_FINISHED, step());
    CHECK(rates_told == 1 && pictures > 0);
}

/* A thread has the instance: frames do not wait for it, everything else does. */
static atomic_int sent_beside, controlled_beside;

static void *send_beside(void *unused)
{
    (void)unused;
    CHECK(toxav_audio_send_frame(avs[BOB], 0, pcm, SAMPLES, 1, 48000, NULL));
    CHECK(toxav_video_send_frame(avs[BOB], 0, WIDTH, HEIGHT, plane, plane, plane, NULL));
    toxav_iterate(avs[BOB]);
    CHECK(toxav_audio_iteration_interval(avs[BOB]) > 0);
    atomic_store(&sent_beside, 1);
    return NULL;
}

static void *control_beside(void *unused)
{
    (void)unused;
    CHECK(toxav_call_control(avs[BOB], 0, TOXAV_CALL_CONTROL_MUTE_AUDIO, NULL));
    atomic_store(&controlled_beside, 1);
    return NULL;
}

static void beside_a_lock(void)
{
    state_count[0] = state_count[1] = sounds = 0;
    CHECK(toxav_call(avs[ALICE], 0, 48, 500, NULL));
    UNTIL(state_count[ALICE] > 0, step());
    pthread_t sending, controlling;
    tox_lock(nodes[BOB]);
    CHECK(pthread_create(&sending, NULL, send_beside, NULL) == 0);
    CHECK(pthread_create(&controlling, NULL, control_beside, NULL) == 0);
    UNTIL(atomic_load(&sent_beside), );
    rest_ms(20);
    CHECK(!atomic_load(&controlled_beside));
    tox_unlock(nodes[BOB]);
    CHECK(pthread_join(sending, NULL) == 0);
    /* the frame left with the lock, without a pass of BOB's */
    UNTIL(sounds > 0, (tox_iterate(nodes[ALICE], NULL), toxav_iterate(avs[ALICE])));
    UNTIL(atomic_load(&controlled_beside), );
    CHECK(pthread_join(controlling, NULL) == 0);
    hang_up(avs[ALICE]);
    UNTIL(last_state(BOB) == TOXAV_FRIEND_CALL_STATE_FINISHED, step());
}

int main(void)
{
    memset(plane, 128, sizeof plane);
    /* so that tox_lock() does something */
    meet(true);
    for (int i = 0; i < 2; i++) {
        toxav_callback_call(avs[i], on_call, NULL);
        toxav_callback_call_state(avs[i], on_state, NULL);
        toxav_callback_audio_receive_frame(avs[i], on_sound, NULL);
        toxav_callback_video_receive_frame(avs[i], on_picture, NULL);
    }
    on_ringing = REFUSE;
    CHECK(toxav_call(avs[ALICE], 0, 48, 0, NULL));
    UNTIL(state_count[ALICE] > 0, step());
    CHECK(calls == 1 && last_state(ALICE) == TOXAV_FRIEND_CALL_STATE_FINISHED);

    on_ringing = ANSWER;
    hang_up_on_state = true;
    state_count[0] = state_count[1] = 0;
    CHECK(toxav_call(avs[ALICE], 0, 48, 0, NULL));
    UNTIL(last_state(BOB) == TOXAV_FRIEND_CALL_STATE_FINISHED, step());
    hang_up_on_state = false;

    wait_on_sound = hang_up_on_picture = true;
    call_and_send();
    CHECK(sounds > 0 && pictures == 1 && atomic_load(&others_done));
    hang_up_on_picture = false;
    hang_up_on_sound = true;
    call_and_send();
    CHECK(sounds == 1);
    hang_up_on_sound = false;

    beside_a_lock();
    lossy_line();

    /* the friend goes together with the call; nobody may call any more */
    delete_on_picture = true;
    sounds = pictures = state_count[0] = state_count[1] = 0;
    CHECK(toxav_call(avs[ALICE], 0, 48, 500, NULL));
    UNTIL(state_count[ALICE] > 0, step());
    UNTIL(pictures > 0, send_both());
    UNTIL(last_state(BOB) == TOXAV_FRIEND_CALL_STATE_ERROR, step());
    CHECK(!tox_friend_exists(nodes[BOB], 0)
          && !toxav_audio_send_frame(avs[BOB], 0, pcm, SAMPLES, 1, 48000, NULL));
    part();
    puts("ok");
    return 0;
}
