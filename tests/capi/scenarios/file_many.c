/* 256 files each way at once, and no more. */
#include "files.h"

enum { SIZE = 3000 };

static bool all_done(const File *files)
{
    for (int i = 0; i < FILE_COUNT; ++i) {
        if (!files[i].done) {
            return false;
        }
    }
    return true;
}

static void exchange(Side *side)
{
    TOX_ERR_FILE_SEND error;
    files_start(side);
    become_friends(side);
    for (uint32_t i = 0; i < FILE_COUNT; ++i) {
        CHECK(send_data(side, SIZE + i)->number == i);
    }
    CHECK(tox_file_send(side->tox, 0, 0, 1, NULL, NULL, 0, &error) == UINT32_MAX);
    CHECK(error == TOX_ERR_FILE_SEND_TOO_MANY);
    for (int i = 0; i < FILE_COUNT; ++i) {
        get_offer(side);
    }
    for (uint32_t i = 0; i < FILE_COUNT; ++i) {
        const File *file = &files_received[i];
        CHECK(file->used && file->number == (i + 1) << 16 && file->size == SIZE + i);
        resume(side, file);
    }
    UNTIL(side, all_done(files_sent) && all_done(files_received), 90);
    meet(side);
    send_data(side, 5); /* room again */
}

void scenario_alice(Side *side)
{
    exchange(side);
}

void scenario_bob(Side *side)
{
    exchange(side);
}
