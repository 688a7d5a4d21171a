/* Files in scenarios: content whose every byte follows from its position, sent and checked as it comes. */
#ifndef SCENARIO_FILES_H
#define SCENARIO_FILES_H

#include "scenario.h"

enum { FILE_COUNT = 256, CHUNK_SIZE = 1371 };

typedef struct File {
    bool used;
    bool fresh; /* an offer nobody has looked at */
    uint32_t number;
    uint32_t kind;
    uint64_t size;
    uint64_t content_end; /* of what we send; the size, unless that is unknown */
    uint8_t name[256];
    size_t name_length;
    uint64_t position; /* of the next byte to send or to come */
    uint64_t wanted; /* end of what was asked for */
    uint64_t bytes; /* moved so far */
    bool ended; /* we sent the last byte */
    bool done;
    int resumed, paused, cancelled; /* controls of the other side */
} File;

static File files_sent[FILE_COUNT], files_received[FILE_COUNT];

static inline uint8_t file_byte(uint64_t position)
{
    return (uint8_t)((position * 2654435761u) >> 13);
}

static File *file_of(uint32_t number)
{
    File *file = number >= 1 << 16 ? &files_received[(number >> 16) - 1] : &files_sent[number];
    CHECK(file->used && file->number == number);
    return file;
}

/* Send what was asked for, as far as the library takes it. */
static void file_push(Tox *tox, File *file)
{
    while (!file->ended && file->position < file->wanted) {
        uint64_t length = file->wanted - file->position;
        uint64_t left = file->content_end - file->position;
        uint8_t data[CHUNK_SIZE];
        TOX_ERR_FILE_SEND_CHUNK error;
        length = length > CHUNK_SIZE ? CHUNK_SIZE : length;
        length = length > left ? left : length;
        for (uint64_t i = 0; i < length; ++i) {
            data[i] = file_byte(file->position + i);
        }
        if (!tox_file_send_chunk(tox, 0, file->number, file->position, data, (size_t)length, &error)) {
            CHECK(error == TOX_ERR_FILE_SEND_CHUNK_SENDQ);
            return;
        }
        file->position += length;
        file->bytes += length;
        file->ended = length < CHUNK_SIZE || file->position == file->size;
    }
}

static void on_chunk_request(Tox *tox, uint32_t friend_number, uint32_t number, uint64_t position,
                             size_t length, void *side)
{
    (void)side;
    CHECK(friend_number == 0);
    File *file = file_of(number);
    CHECK(!file->done);
    if (length == 0) {
        CHECK(position == file->position && (file->ended || file->size == 0));
        file->done = true;
        return;
    }
    if (file->wanted == 0) {
        file->position = position;
    } else {
        CHECK(position == file->wanted);
    }
    file->wanted = position + length;
    file_push(tox, file);
}

static void on_recv(Tox *tox, uint32_t friend_number, uint32_t number, uint32_t kind, uint64_t size,
                    const uint8_t *name, size_t length, void *side)
{
    (void)tox;
    (void)side;
    CHECK(friend_number == 0 && number >= 1 << 16 && (number >> 16) <= FILE_COUNT && length <= 255);
    File *file = &files_received[(number >> 16) - 1];
    memset(file, 0, sizeof(*file));
    file->used = file->fresh = true;
    file->number = number;
    file->kind = kind;
    file->size = size;
    if (length > 0) {
        memcpy(file->name, name, length);
    }
    file->name_length = length;
}

static void on_recv_chunk(Tox *tox, uint32_t friend_number, uint32_t number, uint64_t position,
                          const uint8_t *data, size_t length, void *side)
{
    (void)tox;
    (void)side;
    CHECK(friend_number == 0);
    File *file = file_of(number);
    CHECK(!file->done && position == file->position && length <= CHUNK_SIZE);
    for (size_t i = 0; i < length; ++i) {
        CHECK(data[i] == file_byte(position + i));
    }
    file->position += length;
    file->bytes += length;
    file->done = length == 0;
}

static void on_recv_control(Tox *tox, uint32_t friend_number, uint32_t number, TOX_FILE_CONTROL control,
                            void *side)
{
    (void)tox;
    (void)side;
    CHECK(friend_number == 0);
    File *file = file_of(number);
    file->resumed += control == TOX_FILE_CONTROL_RESUME;
    file->paused += control == TOX_FILE_CONTROL_PAUSE;
    file->cancelled += control == TOX_FILE_CONTROL_CANCEL;
}

static void files_push(Side *side)
{
    for (int i = 0; i < FILE_COUNT; ++i) {
        if (files_sent[i].used && !files_sent[i].done && !files_sent[i].cancelled) {
            file_push(side->tox, &files_sent[i]);
        }
    }
}

/* Become friends, ready for files. */
static void files_start(Side *side)
{
    memset(files_sent, 0, sizeof(files_sent));
    tox_callback_file_chunk_request(side->tox, on_chunk_request);
    tox_callback_file_recv(side->tox, on_recv);
    tox_callback_file_recv_chunk(side->tox, on_recv_chunk);
    tox_callback_file_recv_control(side->tox, on_recv_control);
    side->on_iterate = files_push;
}

/* Offer `end` bytes under a size, which may be UINT64_MAX. */
static inline File *send_file(Side *side, uint32_t kind, uint64_t size, uint64_t end, const uint8_t *id,
                              const char *name)
{
    TOX_ERR_FILE_SEND error;
    const uint8_t *text = name[0] != '\0' ? (const uint8_t *)name : NULL;
    const uint32_t number = tox_file_send(side->tox, 0, kind, size, id, text, strlen(name), &error);
    CHECK(number < FILE_COUNT && error == TOX_ERR_FILE_SEND_OK);
    File *file = &files_sent[number];
    memset(file, 0, sizeof(*file));
    file->used = true;
    file->number = number;
    file->kind = kind;
    file->size = size;
    file->content_end = end;
    return file;
}

static inline File *send_data(Side *side, uint64_t size)
{
    return send_file(side, TOX_FILE_KIND_DATA, size, size, NULL, "a file");
}

static inline File *fresh_file(void)
{
    for (int i = 0; i < FILE_COUNT; ++i) {
        if (files_received[i].fresh) {
            files_received[i].fresh = false;
            return &files_received[i];
        }
    }
    return NULL;
}

/* The next offer. */
static inline File *get_offer(Side *side)
{
    File *file = NULL;
    UNTIL(side, (file = fresh_file()) != NULL, 60);
    return file;
}

static inline TOX_ERR_FILE_CONTROL control(Side *side, const File *file, TOX_FILE_CONTROL what)
{
    TOX_ERR_FILE_CONTROL error;
    const bool good = tox_file_control(side->tox, 0, file->number, what, &error);
    CHECK(good == (error == TOX_ERR_FILE_CONTROL_OK));
    return error;
}

static inline TOX_ERR_FILE_SEEK seek(Side *side, File *file, uint64_t position)
{
    TOX_ERR_FILE_SEEK error;
    if (tox_file_seek(side->tox, 0, file->number, position, &error)) {
        file->position = position;
    }
    return error;
}

static inline void resume(Side *side, const File *file)
{
    CHECK(control(side, file, TOX_FILE_CONTROL_RESUME) == TOX_ERR_FILE_CONTROL_OK);
}

static inline File *accept_offer(Side *side)
{
    File *file = get_offer(side);
    resume(side, file);
    return file;
}

#endif
