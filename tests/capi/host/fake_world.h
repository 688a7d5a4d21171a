/* A program with a clock and randomness of its own, so that the same calls make the same run to the byte: defined here
 * they take the place of the C library's, also for libtoxcore and its Python. Loopback delivers at once.
 *
 * Every packet that leaves is counted and goes into `packets_hash`, with its moment. Build with -rdynamic. */
#ifndef HOST_FAKE_WORLD_H
#define HOST_FAKE_WORLD_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int64_t fake_ms = 1000000;
static uint64_t random_state = 88172645463325252u, packets_hash = 14695981039346656037u;
static unsigned packets;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int64_t ms = fake_ms + (clock == CLOCK_REALTIME ? 1700000000000 : 0);
    *now = (struct timespec){ms / 1000, ms % 1000 * 1000000};
    return 0;
}

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

ssize_t getrandom(void *out, size_t length, unsigned flags)
{
    (void)flags;
    for (size_t i = 0; i < length; i++) {
        ((uint8_t *)out)[i] = (uint8_t)(next_random() >> 24);
    }
    return (ssize_t)length;
}

static void mix(const void *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        packets_hash = (packets_hash ^ ((const uint8_t *)data)[i]) * 1099511628211u;
    }
}

static void sent(const struct msghdr *message)
{
    packets++;
    mix(&fake_ms, sizeof fake_ms);
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        mix(message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
    }
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    sent(message);
    return syscall(SYS_sendmsg, fd, message, flags);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    for (unsigned i = 0; i < count; i++) {
        sent(&messages[i].msg_hdr);
    }
    return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size)
{
    struct iovec part = {(void *)data, length};
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    sent(&message);
    return syscall(SYS_sendto, fd, data, length, flags, to, size);
}

#endif
