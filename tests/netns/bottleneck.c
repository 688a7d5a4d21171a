/* A link of one rate between two TUN interfaces: a queue with a limit in front of it, a delay and random loss
 * behind it, the same in both directions.
 *
 *   bottleneck NAMESPACE INTERFACE NAMESPACE INTERFACE BITS_PER_SECOND DELAY_US LOSS LIMIT_BYTES SEED
 *
 * The queue is a calculation: a packet leaves it when those before it are through, whenever this program gets to
 * run. Every 100 ms one line of JSON tells what happened in each direction: the queue in milliseconds, looked at
 * every 10 ms, and per source address the bytes that got through and the packets dropped (queue full) and lost.
 * It prints "ready" first and ends with its standard input. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MTU = 1500, RING = 1 << 15, FLOWS = 16, LOOKS = 10, LOOK_NS = 10 * 1000 * 1000, BATCH = 64 };

typedef struct Packet {
    int64_t arrives_ns;
    size_t length;
    uint8_t data[MTU];
} Packet;

typedef struct Flow {
    uint32_t address;
    long long bytes;
    long dropped, lost;
} Flow;

typedef struct Direction {
    int in, out;
    int64_t free_ns; /* when the link will have sent what is queued */
    Packet *ring;
    size_t first, count;
    Flow flows[FLOWS];
    size_t flow_count;
    double queue_ms[LOOKS];
} Direction;

static double bits_per_second, loss;
static int64_t delay_ns;
static long long limit_bytes;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int open_interface(const char *name_space, const char *interface)
{
    char path[256];
    snprintf(path, sizeof(path), "/run/netns/%s", name_space);
    const int there = open(path, O_RDONLY | O_CLOEXEC);
    if (there < 0 || setns(there, CLONE_NEWNET) != 0) {
        fail(path);
    }
    close(there);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    const int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun < 0 || ioctl(tun, TUNSETIFF, &request) != 0) {
        fail("/dev/net/tun");
    }
    return tun;
}

static Flow *flow_of(Direction *direction, const Packet *packet)
{
    uint32_t address = 0;
    if (packet->length >= 20 && packet->data[0] >> 4 == 4) {
        memcpy(&address, packet->data + 12, sizeof(address));
    }
    for (size_t i = 0; i < direction->flow_count; ++i) {
        if (direction->flows[i].address == address) {
            return &direction->flows[i];
        }
    }
    if (direction->flow_count == FLOWS) {
        return &direction->flows[0];
    }
    Flow *flow = &direction->flows[direction->flow_count++];
    *flow = (Flow){.address = address};
    return flow;
}

/* The newest packet of the ring is put into the queue; false when it does not stay. */
static int enter(Direction *direction, Packet *packet, int64_t now)
{
    Flow *flow = flow_of(direction, packet);
    const int64_t begin_ns = direction->free_ns > now ? direction->free_ns : now;
    const double queued = (double)(begin_ns - now) * bits_per_second / 8e9;
    if (queued + (double)packet->length > (double)limit_bytes + MTU) {
        ++flow->dropped;
        return 0;
    }
    direction->free_ns = begin_ns + (int64_t)((double)packet->length * 8e9 / bits_per_second);
    if (drand48() < loss) {
        ++flow->lost;
        return 0;
    }
    flow->bytes += (long long)packet->length;
    packet->arrives_ns = direction->free_ns + delay_ns;
    return 1;
}

static void take_in(Direction *direction)
{
    const int64_t now = now_ns();
    for (int i = 0; i < BATCH && direction->count < RING; ++i) {
        Packet *packet = &direction->ring[(direction->first + direction->count) % RING];
        const ssize_t length = read(direction->in, packet->data, sizeof(packet->data));
        if (length <= 0) {
            return;
        }
        packet->length = (size_t)length;
        direction->count += (size_t)enter(direction, packet, now);
    }
}

static void let_out(Direction *direction, int64_t now)
{
    while (direction->count > 0 && direction->ring[direction->first].arrives_ns <= now) {
        const Packet *packet = &direction->ring[direction->first];
        if (write(direction->out, packet->data, packet->length) < 0) {
            fprintf(stderr, "a packet of %zu bytes was refused\n", packet->length);
        }
        direction->first = (direction->first + 1) % RING;
        --direction->count;
    }
}

static void report(Direction *direction)
{
    printf("{\"queue_ms\": [");
    for (int i = 0; i < LOOKS; ++i) {
        printf("%s%.2f", i ? ", " : "", direction->queue_ms[i]);
    }
    printf("], \"flows\": {");
    for (size_t i = 0; i < direction->flow_count; ++i) {
        Flow *flow = &direction->flows[i];
        struct in_addr address = {flow->address};
        printf("%s\"%s\": [%lld, %ld, %ld]", i ? ", " : "", inet_ntoa(address), flow->bytes, flow->dropped,
               flow->lost);
        flow->bytes = flow->dropped = flow->lost = 0;
    }
    printf("}}");
}

int main(int argc, char *argv[])
{
    if (argc != 10) {
        return 2;
    }
    Direction directions[2] = {{0}, {0}};
    const int left = open_interface(argv[1], argv[2]), right = open_interface(argv[3], argv[4]);
    bits_per_second = atof(argv[5]);
    delay_ns = atoll(argv[6]) * 1000;
    loss = atof(argv[7]);
    limit_bytes = atoll(argv[8]);
    srand48(atol(argv[9]));
    for (int i = 0; i < 2; ++i) {
        directions[i].in = i ? right : left;
        directions[i].out = i ? left : right;
        directions[i].ring = malloc(RING * sizeof(Packet));
        if (directions[i].ring == NULL) {
            fail("malloc");
        }
    }
    prctl(PR_SET_TIMERSLACK, 1);
    if (setpriority(PRIO_PROCESS, 0, -20) != 0) {
        fail("setpriority");
    }
    puts("ready");
    fflush(stdout);
    int64_t look_ns = now_ns() + LOOK_NS;
    for (int looks = 0;;) {
        int64_t next = look_ns;
        for (int i = 0; i < 2; ++i) {
            if (directions[i].count > 0 && directions[i].ring[directions[i].first].arrives_ns < next) {
                next = directions[i].ring[directions[i].first].arrives_ns;
            }
        }
        const int64_t wait_ns = next - now_ns();
        struct timespec wait = {0, wait_ns > 0 ? wait_ns : 0};
        struct pollfd ends[3] = {{left, POLLIN, 0}, {right, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        ppoll(ends, 3, &wait, NULL);
        if (ends[2].revents) {
            return 0;
        }
        const int64_t now = now_ns();
        for (int i = 0; i < 2; ++i) {
            take_in(&directions[i]);
            let_out(&directions[i], now);
        }
        for (; look_ns <= now; look_ns += LOOK_NS) {
            for (int i = 0; i < 2; ++i) {
                const int64_t queue_ns = directions[i].free_ns - now;
                directions[i].queue_ms[looks] = queue_ns > 0 ? (double)queue_ns / 1e6 : 0;
            }
            if (++looks == LOOKS) {
                looks = 0;
                printf("{\"at_ms\": %lld, \"directions\": [", (long long)(look_ns / 1000000));
                report(&directions[0]);
                printf(", ");
                report(&directions[1]);
                puts("]}");
                fflush(stdout);
            }
        }
    }
}
