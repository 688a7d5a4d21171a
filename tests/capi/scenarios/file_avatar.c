/* Avatars: the ID is the hash; one we know is refused, and an empty one without a name removes it. */
#include "files.h"

enum { SIZE = 40000 };

static void hash_of_picture(uint8_t *hash)
{
    static uint8_t picture[SIZE];
    for (int i = 0; i < SIZE; ++i) {
        picture[i] = file_byte((uint64_t)i);
    }
    CHECK(tox_hash(hash, picture, SIZE));
}

void scenario_alice(Side *side)
{
    uint8_t hash[TOX_HASH_LENGTH];
    files_start(side);
    become_friends(side);
    hash_of_picture(hash);
    File *file = send_file(side, TOX_FILE_KIND_AVATAR, SIZE, SIZE, hash, "avatar.png");
    UNTIL(side, file->done, 60);
    file = send_file(side, TOX_FILE_KIND_AVATAR, SIZE, SIZE, hash, "avatar.png");
    UNTIL(side, file->cancelled == 1, 60);
    file = send_file(side, TOX_FILE_KIND_AVATAR, 0, 0, NULL, "");
    UNTIL(side, file->done, 60);
}

void scenario_bob(Side *side)
{
    uint8_t hash[TOX_HASH_LENGTH], id[TOX_FILE_ID_LENGTH];
    files_start(side);
    become_friends(side);
    hash_of_picture(hash);
    File *file = accept_offer(side);
    CHECK(file->kind == TOX_FILE_KIND_AVATAR && file->size == SIZE);
    UNTIL(side, file->done, 60);
    file = get_offer(side);
    CHECK(tox_file_get_file_id(side->tox, 0, file->number, id, NULL) && memcmp(id, hash, sizeof(id)) == 0);
    CHECK(control(side, file, TOX_FILE_CONTROL_CANCEL) == TOX_ERR_FILE_CONTROL_OK);
    file = get_offer(side);
    CHECK(file->kind == TOX_FILE_KIND_AVATAR && file->size == 0 && file->name_length == 0);
    resume(side, file);
    UNTIL(side, file->done, 60);
}
