/* 20 instances at once; then 1000 made and killed, after which the process is as big as after the first 100. */
#include <dirent.h>
#include <string.h>
#include <tox/tox.h>

#include "check.h"
#include "local.h"

static int count_entries(const char *folder)
{
    DIR *dir = opendir(folder);
    CHECK(dir != NULL);
    int count = 0;
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count;
}

static long resident_kb(void)
{
    char line[256];
    long kb = -1;
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kb = atol(line + 6);
        }
    }
    fclose(file);
    return kb;
}

static void twenty(void)
{
    Tox *all[20];
    uint8_t keys[20][TOX_PUBLIC_KEY_SIZE];
    for (int i = 0; i < 20; i++) {
        all[i] = new_local(false, NULL);
        CHECK(all[i] != NULL);
        tox_self_get_public_key(all[i], keys[i]);
        for (int j = 0; j < i; j++) {
            CHECK(all[j] != all[i] && memcmp(keys[j], keys[i], sizeof keys[i]) != 0);
        }
    }
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 20; i++) {
            tox_iterate(all[i], NULL);
        }
    }
    for (int i = 0; i < 20; i++) {
        tox_kill(all[i]);
    }
}

static void one(void)
{
    Tox *tox = new_local(false, NULL);
    CHECK(tox != NULL);
    tox_iterate(tox, NULL);
    tox_kill(tox);
}

int main(void)
{
    twenty();
    for (int i = 0; i < 100; i++) {
        one();
    }
    long memory = resident_kb();
    int descriptors = count_entries("/proc/self/fd"), threads = count_entries("/proc/self/task");
    for (int i = 0; i < 900; i++) {
        one();
    }
    printf("resident %ld KB, then %ld KB\n", memory, resident_kb());
    CHECK(resident_kb() - memory < 512);
    CHECK(count_entries("/proc/self/fd") == descriptors);
    CHECK(count_entries("/proc/self/task") == threads);
    puts("ok");
    return 0;
}
