/* A file arrives whole, under the name and ID it was sent with, in both directions. */
#include "files.h"

enum { SIZE = 150000 };

static void make_id(uint8_t *id)
{
    for (int i = 0; i < TOX_FILE_ID_LENGTH; ++i) {
        id[i] = (uint8_t)i;
    }
}

static void send_one(Side *side)
{
    char name[257];
    uint8_t id[TOX_FILE_ID_LENGTH], got[TOX_FILE_ID_LENGTH];
    TOX_ERR_FILE_SEND error;
    TOX_ERR_FILE_SEND_CHUNK chunk_error;
    memset(name, 'n', 256);
    make_id(id);
    CHECK(tox_file_send(side->tox, 0, 0, 1, NULL, (uint8_t *)name, 256, &error) == UINT32_MAX);
    CHECK(error == TOX_ERR_FILE_SEND_NAME_TOO_LONG);
    CHECK(tox_file_send(side->tox, 7, 0, 1, NULL, (uint8_t *)name, 1, &error) == UINT32_MAX);
    CHECK(error == TOX_ERR_FILE_SEND_FRIEND_NOT_FOUND);
    CHECK(tox_file_send(side->tox, 0, 0, 1, NULL, NULL, 1, &error) == UINT32_MAX);
    CHECK(error == TOX_ERR_FILE_SEND_NULL);
    name[255] = '\0';
    File *file = send_file(side, TOX_FILE_KIND_DATA, SIZE, SIZE, id, name);
    CHECK(file->number == 0);
    CHECK(tox_file_get_file_id(side->tox, 0, 0, got, NULL) && memcmp(id, got, sizeof(id)) == 0);
    CHECK(!tox_file_send_chunk(side->tox, 0, 0, 0, id, 1, &chunk_error));
    CHECK(chunk_error == TOX_ERR_FILE_SEND_CHUNK_NOT_TRANSFERRING);
    CHECK(control(side, file, TOX_FILE_CONTROL_RESUME) == TOX_ERR_FILE_CONTROL_DENIED);
    meet(side);
    UNTIL(side, file->done, 90);
    CHECK(file->resumed == 1 && file->bytes == SIZE);
    CHECK(!tox_file_get_file_id(side->tox, 0, 0, got, NULL));
    meet(side);
}

static void receive_one(Side *side)
{
    uint8_t id[TOX_FILE_ID_LENGTH], got[TOX_FILE_ID_LENGTH];
    TOX_ERR_FILE_GET error;
    make_id(id);
    File *file = get_offer(side);
    CHECK(file->number == 1 << 16 && file->kind == TOX_FILE_KIND_DATA && file->size == SIZE);
    CHECK(file->name_length == 255 && file->name[0] == 'n' && file->name[254] == 'n');
    CHECK(tox_file_get_file_id(side->tox, 0, file->number, got, NULL) && memcmp(id, got, sizeof(id)) == 0);
    CHECK(!tox_file_get_file_id(side->tox, 0, file->number, NULL, &error) && error == TOX_ERR_FILE_GET_NULL);
    meet(side);
    resume(side, file);
    UNTIL(side, file->done, 90);
    CHECK(file->bytes == SIZE);
    CHECK(!tox_file_get_file_id(side->tox, 0, file->number, got, &error)
          && error == TOX_ERR_FILE_GET_NOT_FOUND);
    meet(side);
}

void scenario_alice(Side *side)
{
    files_start(side);
    become_friends(side);
    send_one(side);
    receive_one(side);
}

void scenario_bob(Side *side)
{
    files_start(side);
    become_friends(side);
    receive_one(side);
    send_one(side);
}
