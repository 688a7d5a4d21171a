/* Files of more than 4 GiB: positions and sizes are 64 bits all the way. */
#include "files.h"

static const uint64_t SIZES[] = {(UINT64_C(1) << 32) + 50000, (UINT64_C(1) << 63) + 50000};
enum { TAIL = 100000 };

void scenario_alice(Side *side)
{
    files_start(side);
    become_friends(side);
    for (int i = 0; i < 2; ++i) {
        File *file = send_data(side, SIZES[i]);
        UNTIL(side, file->done, 60);
        CHECK(file->bytes == TAIL && file->position == SIZES[i]);
    }
}

void scenario_bob(Side *side)
{
    files_start(side);
    become_friends(side);
    for (int i = 0; i < 2; ++i) {
        File *file = get_offer(side);
        CHECK(file->size == SIZES[i]);
        CHECK(seek(side, file, SIZES[i] - TAIL) == TOX_ERR_FILE_SEEK_OK);
        resume(side, file);
        UNTIL(side, file->done, 60);
        CHECK(file->bytes == TAIL && file->position == SIZES[i]);
    }
}
