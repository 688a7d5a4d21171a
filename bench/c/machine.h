/* What the machine was doing while a case ran, and a network namespace for it. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>

/* Everything that crossed loopback so far, and datagrams dropped at full sockets. Only
 * meaningful in a network namespace of our own. */
struct wire {
    double packets, bytes, dropped;
};

struct wire wire_now(void);

/* Seconds all processors were busy so far, and seconds the hypervisor took away. */
void machine_seconds(double *busy, double *stolen);

/* CPU milliseconds of a fixed piece of work. */
double spin(void);

/* A network namespace of our own: only loopback, every port free. False: the kernel does not let us. */
bool enter_netns(void);

#endif
