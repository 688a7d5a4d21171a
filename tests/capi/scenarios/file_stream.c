/* A file of unknown size ends with a short chunk, also with an empty one. */
#include "files.h"

static const uint64_t SIZES[] = {50 * CHUNK_SIZE + 17, 50 * CHUNK_SIZE, 0};

void scenario_alice(Side *side)
{
    files_start(side);
    become_friends(side);
    for (int i = 0; i < 3; ++i) {
        File *file = send_file(side, TOX_FILE_KIND_DATA, UINT64_MAX, SIZES[i], NULL, "stream");
        UNTIL(side, file->done, 60);
        CHECK(file->bytes == SIZES[i]);
        meet(side);
    }
}

void scenario_bob(Side *side)
{
    files_start(side);
    become_friends(side);
    for (int i = 0; i < 3; ++i) {
        File *file = accept_offer(side);
        CHECK(file->size == UINT64_MAX);
        UNTIL(side, file->done, 60);
        CHECK(file->bytes == SIZES[i]);
        meet(side);
    }
}
