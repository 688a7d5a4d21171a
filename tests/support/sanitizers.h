/* Included into every test program of `make test-asan`: the interpreter frees little of what it has at the end. */
#ifndef SUPPORT_SANITIZERS_H
#define SUPPORT_SANITIZERS_H

#ifdef __cplusplus
extern "C"
#endif
    const char *__asan_default_options(void);

__attribute__((weak)) const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

#endif
