/* What a worker of the benchmark can be; chosen by name in node.c. */
#ifndef BENCH_ROLES_H
#define BENCH_ROLES_H

#include "worker.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each returns the role of that name, or NULL when it is not among its own. */
const struct role *message_role(const char *name);
const struct role *file_role(const char *name);
const struct role *fanout_role(const char *name);   /* "conf" (conferences), "group" (tox_group_*) */
const struct role *voices_role(const char *name);   /* "voices": the sound of conferences */

int run_startup(char **argv, int64_t t_main);
int run_save(char **argv);
int run_api(char **argv);
int run_calls(char **argv);

extern double lost_percent;     /* of the datagrams that this process sends: lossy_link.c */

#endif
