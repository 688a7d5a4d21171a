/* Files of 0 bytes are accepted and over, each with the same number; their sender is asked for nothing. */
#include "files.h"

void scenario_alice(Side *side)
{
    files_start(side);
    become_friends(side);
    for (int i = 0; i < 3; ++i) {
        File *file = send_data(side, 0);
        CHECK(file->number == 0);
        UNTIL(side, file->done, 60);
        CHECK(file->wanted == 0 && file->resumed == 1);
    }
}

void scenario_bob(Side *side)
{
    files_start(side);
    become_friends(side);
    for (int i = 0; i < 3; ++i) {
        File *file = accept_offer(side);
        CHECK(file->size == 0 && file->name_length == 6);
        UNTIL(side, file->done, 60);
        CHECK(file->bytes == 0);
    }
}
