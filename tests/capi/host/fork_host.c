/* fork() while another thread is inside the library nearly all the time: every child must be able to go on
 * with an instance of its own or with the one it inherited, as a daemon does, and so must the parent. */
#include <pthread.h>
#include <sys/wait.h>
#include <tox/tox.h>
#include <unistd.h>

#include "check.h"
#include "local.h"

static volatile int stop;

static void *iterate(void *tox)
{
    while (!stop) {
        tox_iterate((Tox *)tox, NULL);
    }
    return NULL;
}

static void child(Tox *inherited)
{
    alarm(30); /* a hang would be the failure */
    Tox *tox = inherited != NULL ? inherited : new_local(false, NULL);
    if (tox == NULL) {
        _exit(2);
    }
    for (int i = 0; i < 3; i++) {
        tox_iterate(tox, NULL);
        if (!tox_self_set_name(tox, (const uint8_t *)"child", 5, NULL) || tox_self_get_name_size(tox) != 5) {
            _exit(3);
        }
    }
    tox_kill(tox);
    _exit(0);
}

int main(void)
{
    Tox *tox = new_local(false, NULL), *busy = new_local(false, NULL);
    CHECK(tox != NULL && busy != NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, iterate, busy) == 0);
    for (int i = 0; i < 20; i++) {
        usleep(2000 + 37 * i); /* or the other thread has not got the interpreter back from us yet */
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            child(i % 2 == 0 ? tox : NULL);
        }
        int status;
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        tox_iterate(tox, NULL);
        CHECK(tox_self_get_name_size(tox) == 0);
    }
    stop = 1;
    CHECK(pthread_join(thread, NULL) == 0);
    tox_kill(busy);
    tox_kill(tox);
    puts("ok");
    return 0;
}
