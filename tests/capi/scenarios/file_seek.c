/* The receiver has the file start later; only before accepting, and only inside the file. */
#include "files.h"

enum { SIZE = 200000, POSITION = 123457 };

void scenario_alice(Side *side)
{
    files_start(side);
    become_friends(side);
    File *file = send_data(side, SIZE);
    CHECK(seek(side, file, 5) == TOX_ERR_FILE_SEEK_DENIED);
    UNTIL(side, file->done, 60);
    CHECK(file->bytes == SIZE - POSITION);
}

void scenario_bob(Side *side)
{
    files_start(side);
    become_friends(side);
    File *file = get_offer(side);
    TOX_ERR_FILE_SEEK error;
    CHECK(seek(side, file, SIZE) == TOX_ERR_FILE_SEEK_INVALID_POSITION);
    CHECK(!tox_file_seek(side->tox, 0, 9 << 16, 5, &error) && error == TOX_ERR_FILE_SEEK_NOT_FOUND);
    CHECK(!tox_file_seek(side->tox, 3, file->number, 5, &error)
          && error == TOX_ERR_FILE_SEEK_FRIEND_NOT_FOUND);
    CHECK(seek(side, file, 77) == TOX_ERR_FILE_SEEK_OK);
    CHECK(seek(side, file, POSITION) == TOX_ERR_FILE_SEEK_OK);
    resume(side, file);
    CHECK(seek(side, file, 5) == TOX_ERR_FILE_SEEK_DENIED);
    UNTIL(side, file->done, 60);
    CHECK(file->bytes == SIZE - POSITION);
}
