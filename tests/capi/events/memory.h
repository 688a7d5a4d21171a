/* What the library itself asks malloc() for: counted, and refused when a test says so. Python's memory is not meant. */
#ifndef EVENTS_MEMORY_H
#define EVENTS_MEMORY_H

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);

static long memory_blocks, memory_bytes; /* in use */
static long memory_most; /* bytes at once, since the test set it to 0 */
static long memory_refuse_after = -1; /* that many succeed, all later ones fail; -1: all succeed */

static bool from_library(void *caller)
{
    Dl_info info;
    return dladdr(caller, &info) != 0 && strstr(info.dli_fname, "libtoxcore.so") != NULL;
}

static bool refused(void)
{
    if (memory_refuse_after == 0) {
        errno = ENOMEM;
        return true;
    }
    memory_refuse_after -= memory_refuse_after > 0;
    return false;
}

/* Blocks of the library carry a mark in their last bytes: a call of free() in tail position hides where it is from. */
#define MARK_SIZE sizeof(uintptr_t)

static void *end_of(void *block)
{
    return (char *)block + malloc_usable_size(block) - MARK_SIZE;
}

static bool marked(void *block)
{
    uintptr_t mark = ~(uintptr_t)block;
    return block != NULL && memcmp(end_of(block), &mark, MARK_SIZE) == 0;
}

static void *counted(void *block)
{
    if (block != NULL) {
        uintptr_t mark = ~(uintptr_t)block;
        memcpy(end_of(block), &mark, MARK_SIZE);
        memory_blocks++;
        memory_bytes += (long)malloc_usable_size(block);
        memory_most = memory_bytes > memory_most ? memory_bytes : memory_most;
    }
    return block;
}

static void forget(void *block)
{
    if (marked(block)) {
        memset(end_of(block), 0, MARK_SIZE);
        memory_blocks--;
        memory_bytes -= (long)malloc_usable_size(block);
    }
}

void *malloc(size_t size)
{
    if (!from_library(__builtin_return_address(0))) {
        return __libc_malloc(size);
    }
    return refused() ? NULL : counted(__libc_malloc(size + MARK_SIZE));
}

void *calloc(size_t count, size_t size)
{
    if (!from_library(__builtin_return_address(0))) {
        return __libc_calloc(count, size);
    }
    return refused() ? NULL : counted(__libc_calloc(1, count * size + MARK_SIZE));
}

void *realloc(void *block, size_t size)
{
    if (!from_library(__builtin_return_address(0))) {
        return __libc_realloc(block, size);
    }
    if (refused()) {
        return NULL;
    }
    forget(block);
    return counted(__libc_realloc(block, size + MARK_SIZE));
}

void free(void *block)
{
    forget(block);
    __libc_free(block);
}

#endif
