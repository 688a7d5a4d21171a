/* Each side pauses and resumes on its own; data flows while neither does. */
#include "files.h"

enum { SIZE = 6000000, STEP = 20000 };

/* What was on its way arrives; then nothing more moves for two seconds. */
static void stands_still(Side *side, const File *file)
{
    uint64_t bytes;

    for (int tries = 0; tries < 15; ++tries) {
        bytes = file->bytes;
        run_for(side, 2);
        if (file->bytes == bytes) {
            break;
        }
    }

    CHECK(file->bytes == bytes && !file->done);
}

static void pause_and_resume(Side *side, const File *file)
{
    CHECK(control(side, file, TOX_FILE_CONTROL_PAUSE) == TOX_ERR_FILE_CONTROL_OK);
    CHECK(control(side, file, TOX_FILE_CONTROL_PAUSE) == TOX_ERR_FILE_CONTROL_ALREADY_PAUSED);
    meet(side);
    stands_still(side, file);
    meet(side);
    resume(side, file);
    CHECK(control(side, file, TOX_FILE_CONTROL_RESUME) == TOX_ERR_FILE_CONTROL_NOT_PAUSED);
    meet(side);
}

static void be_paused(Side *side, const File *file)
{
    meet(side);
    UNTIL(side, file->paused == 1, 30);
    CHECK(control(side, file, TOX_FILE_CONTROL_RESUME) == TOX_ERR_FILE_CONTROL_DENIED);
    stands_still(side, file);
    /* before the other one may go on: it may have done so when it was met */
    const int resumed = file->resumed;
    const uint64_t bytes = file->bytes;
    meet(side);
    meet(side);
    UNTIL(side, file->resumed > resumed || file->bytes > bytes + STEP, 60);
}

void scenario_alice(Side *side)
{
    files_start(side);
    become_friends(side);
    File *file = send_data(side, SIZE);
    be_paused(side, file);
    meet(side);
    pause_and_resume(side, file);
    CHECK(control(side, file, TOX_FILE_CONTROL_PAUSE) == TOX_ERR_FILE_CONTROL_OK);
    meet(side);
    stands_still(side, file);
    meet(side);
    stands_still(side, file);
    resume(side, file);
    UNTIL(side, file->done, 90);
}

void scenario_bob(Side *side)
{
    files_start(side);
    become_friends(side);
    File *file = accept_offer(side);
    UNTIL(side, file->bytes > STEP, 60);
    pause_and_resume(side, file);
    meet(side);
    be_paused(side, file);
    CHECK(control(side, file, TOX_FILE_CONTROL_PAUSE) == TOX_ERR_FILE_CONTROL_OK);
    meet(side);
    stands_still(side, file);
    resume(side, file);
    meet(side);
    UNTIL(side, file->done, 90);
    CHECK(file->bytes == SIZE);
}
