/* A file is refused, or given up by either side in the middle; both forget it. */
#include "files.h"

enum { SIZE = 6000000, STEP = 20000 };

static void cancel(Side *side, const File *file)
{
    CHECK(control(side, file, TOX_FILE_CONTROL_CANCEL) == TOX_ERR_FILE_CONTROL_OK);
    CHECK(control(side, file, TOX_FILE_CONTROL_CANCEL) == TOX_ERR_FILE_CONTROL_NOT_FOUND);
    meet(side);
}

static void be_cancelled(Side *side, const File *file)
{
    UNTIL(side, file->cancelled == 1, 60);
    CHECK(control(side, file, TOX_FILE_CONTROL_CANCEL) == TOX_ERR_FILE_CONTROL_NOT_FOUND);
    meet(side);
}

void scenario_alice(Side *side)
{
    files_start(side);
    become_friends(side);
    be_cancelled(side, send_data(side, SIZE)); /* refused */
    File *file = send_data(side, SIZE);
    meet(side);
    cancel(side, file); /* taken back */
    be_cancelled(side, send_data(side, SIZE)); /* by the receiver, in the middle */
    file = send_data(side, SIZE);
    UNTIL(side, file->bytes > STEP, 60);
    cancel(side, file);
    file = send_data(side, 5000);
    UNTIL(side, file->done, 60);
}

void scenario_bob(Side *side)
{
    files_start(side);
    become_friends(side);
    cancel(side, get_offer(side));
    File *file = get_offer(side);
    meet(side);
    be_cancelled(side, file);
    file = accept_offer(side);
    UNTIL(side, file->bytes > STEP, 60);
    cancel(side, file);
    be_cancelled(side, accept_offer(side));
    file = accept_offer(side);
    UNTIL(side, file->done, 60);
    CHECK(file->bytes == 5000);
}
