/* A link that loses packets, without the kernel's help: what a library sends passes here, since a program's own
 * functions come before libc's. A row of packets (sendmmsg with UDP_SEGMENT) is lost as a whole. */
#define _GNU_SOURCE
#include "roles.h"

#include <dlfcn.h>
#include <sys/socket.h>

double lost_percent;

static bool is_lost(void)
{
    static uint64_t state = 1;
    return lost_percent > 0 && (double)(rng_next(&state) % 100000) < 1000 * lost_percent;
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t to_size)
{
    static ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);

    if (next == NULL) {
        *(void **)&next = dlsym(RTLD_NEXT, "sendto");
    }

    return to != NULL && is_lost() ? (ssize_t)size : next(fd, data, size, flags, to, to_size);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    static int (*next)(int, struct mmsghdr *, unsigned, int);

    if (next == NULL) {
        *(void **)&next = dlsym(RTLD_NEXT, "sendmmsg");
    }

    if (lost_percent <= 0) {
        return next(fd, messages, count, flags);
    }

    for (unsigned i = 0; i < count; ++i) {
        if (!is_lost() && next(fd, messages + i, 1, flags) != 1) {
            return i > 0 ? (int)i : -1;
        }
    }

    return (int)count;
}
