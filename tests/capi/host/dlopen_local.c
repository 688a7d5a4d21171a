/* A plugin host: opens the library RTLD_LOCAL, uses it, closes it, and does so again. */
#include <dlfcn.h>
#include <tox/tox.h>

#include "check.h"

typedef Tox *new_function(const struct Tox_Options *options, Tox_Err_New *error);
typedef void kill_function(Tox *tox);
typedef void address_function(const Tox *tox, uint8_t *address);

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    for (int round = 0; round < 2; round++) {
        void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        new_function *new_tox = (new_function *)dlsym(library, "tox_new");
        kill_function *kill_tox = (kill_function *)dlsym(library, "tox_kill");
        address_function *get_address = (address_function *)dlsym(library, "tox_self_get_address");
        Tox_Err_New error = TOX_ERR_NEW_NULL;
        Tox *tox = new_tox(NULL, &error);
        CHECK(tox != NULL && error == TOX_ERR_NEW_OK);
        uint8_t address[TOX_ADDRESS_SIZE] = {0};
        get_address(tox, address);
        kill_tox(tox);
        CHECK(dlclose(library) == 0);
    }
    puts("ok");
    return 0;
}
