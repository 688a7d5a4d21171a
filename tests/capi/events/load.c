/* For each line of hex: load the events in it, print them, and pack them again.
 *
 * dump.h, with `dump`, is made from toxcore.h by packing.py. The program runs on c-toxcore as well, when its only
 * argument is what the two functions want there first: "nothing" before 0.2.20, "system" from then on.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tox/tox.h>
#include <tox/tox_events.h>

#include "../host/check.h"

static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}

static void say_bytes(const char *name, const uint8_t *bytes, uint32_t length)
{
    say(" %s=%u:", name, (unsigned)length);
    for (uint32_t i = 0; i < length; i++) {
        say("%02x", bytes[i]);
    }
}

static void end_of_event(void)
{
    puts("");
}

#include "dump.h"

/* without the first parameter */
static Tox_Events *(*load_old)(const uint8_t *bytes, uint32_t bytes_size);
static bool (*equal_old)(const Tox_Events *a, const Tox_Events *b);
/* NULL will do for ours only */
static const Tox_System *first;

static Tox_Events *load(const uint8_t *bytes, uint32_t bytes_size)
{
    return load_old != NULL ? load_old(bytes, bytes_size) : tox_events_load(first, bytes, bytes_size);
}

static bool equal(const Tox_Events *a, const Tox_Events *b)
{
    return equal_old != NULL ? equal_old(a, b) : tox_events_equal(first, a, b);
}

/* A system with what 0.2.20 uses of it: the C library's memory. Debian's exports no function that makes one. */
static void *get(void *object, uint32_t size)
{
    (void)object;
    return malloc(size);
}

static void *get_zeroed(void *object, uint32_t count, uint32_t size)
{
    (void)object;
    return calloc(count, size);
}

static void *resize(void *object, void *block, uint32_t size)
{
    (void)object;
    return realloc(block, size);
}

static void give_back(void *object, void *block)
{
    (void)object;
    free(block);
}

static const struct {
    void *(*get)(void *object, uint32_t size);
    void *(*get_zeroed)(void *object, uint32_t count, uint32_t size);
    void *(*resize)(void *object, void *block, uint32_t size);
    void (*give_back)(void *object, void *block);
} FUNCTIONS = {get, get_zeroed, resize, give_back};

static const struct {
    const void *functions;
    void *object;
} MEMORY = {&FUNCTIONS, NULL};

static const Tox_System SYSTEM = {.mem = &MEMORY};

static unsigned digit(char c)
{
    return c >= 'a' ? (unsigned)(c - 'a') + 10 : (unsigned)(c - '0');
}

static void try(const char *line, size_t digits)
{
    /* a block of exactly that size, so that valgrind sees every step beyond it */
    uint32_t size = (uint32_t)(digits / 2);
    uint8_t *bytes = malloc(size != 0 ? size : 1);
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(digit(line[2 * i]) << 4 | digit(line[2 * i + 1]));
    }
    Tox_Events *events = load(bytes, size);
    free(bytes);
    if (events == NULL) {
        puts("refused");
        return;
    }
    dump(events);
    uint32_t packed_size = tox_events_bytes_size(events);
    uint8_t *packed = malloc(packed_size);
    CHECK(tox_events_get_bytes(events, packed));
    say_bytes("packed", packed, packed_size);
    end_of_event();
    Tox_Events *again = load(packed, packed_size);
    CHECK(again != NULL && equal(events, again));
    tox_events_free(again);
    free(packed);
    tox_events_free(events);
}

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "";
    if (strcmp(wanted, "nothing") == 0) {
        *(void **)&load_old = dlsym(RTLD_DEFAULT, "tox_events_load");
        *(void **)&equal_old = dlsym(RTLD_DEFAULT, "tox_events_equal");
    } else if (strcmp(wanted, "system") == 0) {
        first = &SYSTEM;
    }
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, stdin)) > 0) {
        try(line, (size_t)length - 1);
    }
    free(line);
    return 0;
}
