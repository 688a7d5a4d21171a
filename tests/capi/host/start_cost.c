/* What the first instance of a process costs. Prints: CPU milliseconds of tox_new, resident KB. */
#include <string.h>
#include <time.h>
#include <tox/tox.h>

#include "check.h"

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(void)
{
    double start = cpu_ms();
    Tox *tox = tox_new(NULL, NULL);
    double cost = cpu_ms() - start;
    CHECK(tox != NULL);
    char line[256];
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            printf("%.1f %ld\n", cost, atol(line + 6));
        }
    }
    fclose(file);
    tox_kill(tox);
    return 0;
}
