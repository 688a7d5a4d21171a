/* toxbench-node: a worker; what it does is named by its first argument. */
#include "roles.h"

static const struct role plain = {.name = "plain"};

static const struct role *role_named(const char *name)
{
    const struct role *role = strcmp(name, plain.name) == 0 ? &plain : message_role(name);
    role = role != NULL ? role : file_role(name);
    role = role != NULL ? role : fanout_role(name);
    return role != NULL ? role : voices_role(name);
}

int main(int argc, char **argv)
{
    const int64_t t_main = now_ns();
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "startup") == 0) {
        return run_startup(argv + 2, t_main);
    }

    if (strcmp(name, "save") == 0) {
        return run_save(argv + 2);
    }

    if (strcmp(name, "api") == 0) {
        return run_api(argv + 2);
    }

    if (strcmp(name, "calls") == 0) {
        return run_calls(argv + 2);
    }

    const struct role *role = role_named(name);

    if (role == NULL) {
        fprintf(stderr, "a worker of the benchmark; start it through toxbench\n");
        return 2;
    }

    return worker_main(argv + 2, role);
}
