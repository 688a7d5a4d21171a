/* See remembered.h. */
#include "remembered.h"

#include <string.h>

#include "instances.h"

static unsigned place(int function, uint64_t arguments)
{
    return (unsigned)function * 37u + (unsigned)arguments + (unsigned)(arguments >> 32) * 11u;
}

static bool matches(const struct toxpy_entry *entry, uint64_t version, int function, uint64_t arguments)
{
    return entry->version == version && entry->function == function && entry->arguments == arguments;
}

bool toxpy_recall(const void *tox, int function, uint64_t arguments, struct toxpy_answer *answer, void *data)
{
    answer->version = 0;
    struct toxpy_instance *instance = toxpy_instance_of((uintptr_t)tox);
    if (instance == NULL) {
        return false;
    }
    uint64_t version = atomic_load(&instance->version);
    if ((version & TOXPY_CALLS) != 0) {
        return false;
    }
    answer->version = version;
    if (pthread_mutex_trylock(&instance->mutex) != 0) {
        return false;
    }
    unsigned number = place(function, arguments);
    const struct toxpy_block *block = &instance->blocks[number & (TOXPY_BLOCKS - 1)];
    const struct toxpy_entry *entry =
        data != NULL ? &block->entry : &instance->answers[number & (TOXPY_ANSWERS - 1)];
    bool found = matches(entry, version, function, arguments);
    if (found) {
        answer->result = entry->result;
        answer->code = entry->code;
        if (data != NULL && block->length != 0) {
            memcpy(data, block->data, block->length);
        }
    }
    pthread_mutex_unlock(&instance->mutex);
    return found;
}

void toxpy_remember(const void *tox, int function, uint64_t arguments, const struct toxpy_answer *answer,
                    const void *data, size_t length)
{
    struct toxpy_instance *instance = toxpy_instance_of((uintptr_t)tox);
    if (instance == NULL || answer->version == 0 || length > TOXPY_MAX_REMEMBERED
        || pthread_mutex_trylock(&instance->mutex) != 0) {
        return;
    }
    unsigned number = place(function, arguments);
    struct toxpy_block *block = &instance->blocks[number & (TOXPY_BLOCKS - 1)];
    struct toxpy_entry *entry =
        data != NULL ? &block->entry : &instance->answers[number & (TOXPY_ANSWERS - 1)];
    /* if the version is not the same any more, this is an entry that nobody finds */
    *entry = (struct toxpy_entry){answer->version, arguments, answer->result, answer->code, function};
    if (data != NULL) {
        block->length = length;
        memcpy(block->data, data, length);
    }
    pthread_mutex_unlock(&instance->mutex);
}
