/* Reads names of *_to_string functions; prints what each returns for -3 to 299. The library's path is given. */
#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    void *library = dlopen(argv[1], RTLD_NOW);
    CHECK(library != NULL);
    char name[200];
    while (fgets(name, sizeof(name), stdin) != NULL) {
        name[strcspn(name, "\n")] = '\0';
        const char *(*function)(int) = (const char *(*)(int))(uintptr_t)dlsym(library, name);
        CHECK(function != NULL);
        for (int value = -3; value < 300; value++) {
            printf("%s %d %s\n", name, value, function(value));
        }
    }
    return 0;
}
