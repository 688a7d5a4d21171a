/* A host that embeds another Python: these two symbols are what the library sees of it. Anything
 * else of that Python's C API would be another ABI, so nothing else may be called. */
#include <tox/tox.h>

#include "check.h"

int Py_IsInitialized(void);
const char *Py_GetVersion(void);

int Py_IsInitialized(void)
{
    return 1;
}

const char *Py_GetVersion(void)
{
    return "3.8.20 (default, Oct  1 2024)";
}

int main(void)
{
    for (int round = 0; round < 3; round++) {
        Tox_Err_New error = TOX_ERR_NEW_OK;
        CHECK(tox_new(NULL, &error) == NULL && error == TOX_ERR_NEW_MALLOC);
    }
    CHECK(tox_new(NULL, NULL) == NULL);
    uint8_t hash[TOX_HASH_LENGTH];
    CHECK(!tox_hash(hash, hash, sizeof hash));
    CHECK(tox_max_name_length() == 128);
    puts("ok");
    return 0;
}
