/* A program that has no file descriptor left: tox_new fails with an error, whether or not the interpreter runs
 * already, and works again when there are some. With the argument "first" the first tox_new meets the shortage. */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"
#include "local.h"

enum { LIMIT = 64 };

static int held[LIMIT], count;

static void hold_all(void)
{
    for (count = 0; count < LIMIT; count++) {
        held[count] = open("/dev/null", O_RDONLY);
        if (held[count] < 0) {
            return;
        }
    }
}

static void give_back(int left)
{
    while (count > left) {
        close(held[--count]);
    }
}

int main(int argc, char **argv)
{
    struct rlimit limit = {LIMIT, LIMIT};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    Tox_Err_New error = TOX_ERR_NEW_OK;
    if (argc > 1 && strcmp(argv[1], "first") == 0) {
        hold_all();
        CHECK(new_local(false, &error) == NULL);
        CHECK(error == TOX_ERR_NEW_MALLOC || error == TOX_ERR_NEW_PORT_ALLOC);
        give_back(0);
    }
    Tox *running = new_local(false, &error);
    CHECK(running != NULL && error == TOX_ERR_NEW_OK);
    hold_all();
    for (int i = 0; i < 100; i++) {
        CHECK(new_local(false, &error) == NULL && error == TOX_ERR_NEW_PORT_ALLOC);
        tox_iterate(running, NULL);
    }
    uint8_t key[TOX_PUBLIC_KEY_SIZE] = {9};
    CHECK(tox_add_tcp_relay(running, "127.0.0.1", 9, key, NULL));
    for (int i = 0; i < 100; i++) {
        tox_iterate(running, NULL);
    }
    /* enough for the socket, and not for what it is watched with: nothing stays open */
    give_back(count - 1);
    for (int i = 0; i < 100; i++) {
        CHECK(new_local(false, &error) == NULL && error == TOX_ERR_NEW_MALLOC);
    }
    int last = open("/dev/null", O_RDONLY);
    CHECK(last >= 0);
    Tox_Err_Bootstrap looked_up;
    CHECK(!tox_bootstrap(running, "no-such-host.invalid", 9, key, &looked_up));
    CHECK(looked_up == TOX_ERR_BOOTSTRAP_BAD_HOST);
    close(last);
    give_back(0);
    Tox *again = new_local(false, &error);
    CHECK(again != NULL && error == TOX_ERR_NEW_OK);
    tox_iterate(again, NULL);
    tox_kill(again);
    tox_kill(running);
    puts("ok");
    return 0;
}
