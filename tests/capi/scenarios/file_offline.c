/* A side goes away in the middle: the transfer is gone, and a new one under the same ID goes on from there. */
#include "files.h"

enum { SIZE = 4000000, STEP = 100000 };

void scenario_alice(Side *side)
{
    uint8_t id[TOX_FILE_ID_LENGTH], got[TOX_FILE_ID_LENGTH];
    TOX_ERR_FILE_SEND error;
    files_start(side);
    become_friends(side);
    File *file = send_data(side, SIZE);
    CHECK(tox_file_get_file_id(side->tox, 0, file->number, id, NULL));
    UNTIL(side, !is_online(side), 90);
    file->used = false;
    CHECK(control(side, file, TOX_FILE_CONTROL_CANCEL) == TOX_ERR_FILE_CONTROL_FRIEND_NOT_CONNECTED);
    CHECK(tox_file_send(side->tox, 0, 0, 1, NULL, NULL, 0, &error) == UINT32_MAX);
    CHECK(error == TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED);
    CHECK(!tox_file_get_file_id(side->tox, 0, file->number, got, NULL));
    wait_online(side, 120);
    CHECK(control(side, file, TOX_FILE_CONTROL_CANCEL) == TOX_ERR_FILE_CONTROL_NOT_FOUND);
    file = send_file(side, TOX_FILE_KIND_DATA, SIZE, SIZE, id, "again");
    UNTIL(side, file->done, 90);
    CHECK(file->bytes < SIZE);
    meet(side);

    file = send_data(side, SIZE);
    UNTIL(side, file->bytes > STEP, 60);
    file->used = false;
    CHECK(tox_friend_delete(side->tox, 0, NULL));
    CHECK(control(side, file, TOX_FILE_CONTROL_CANCEL) == TOX_ERR_FILE_CONTROL_FRIEND_NOT_FOUND);
    meet(side);
}

void scenario_bob(Side *side)
{
    files_start(side);
    become_friends(side);
    File *file = accept_offer(side);
    UNTIL(side, file->bytes > STEP, 60);
    const uint64_t kept = file->position;
    restart(side);
    files_start(side);
    rejoin(side);
    wait_online(side, 120);
    file = get_offer(side);
    CHECK(file->name_length == 5 && seek(side, file, kept) == TOX_ERR_FILE_SEEK_OK);
    resume(side, file);
    UNTIL(side, file->done, 90);
    CHECK(file->bytes == SIZE - kept);
    meet(side);

    file = accept_offer(side);
    UNTIL(side, !is_online(side), 90);
    CHECK(control(side, file, TOX_FILE_CONTROL_CANCEL) == TOX_ERR_FILE_CONTROL_FRIEND_NOT_CONNECTED);
    meet(side);
}
