/* fork() while another thread is inside the library nearly all the time: every child must be able to go on
 * (with an instance of its own), and so must the parent. */
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

static void child(void)
{
    alarm(30); /* a hang would be the failure */
    Tox *tox = new_local(false, NULL);
    if (tox == NULL) {
        _exit(2);
    }
    tox_iterate(tox, NULL);
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
            child();
        }
        int status;
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        tox_iterate(tox, NULL);
    }
    stop = 1;
    CHECK(pthread_join(thread, NULL) == 0);
    tox_kill(busy);
    tox_kill(tox);
    puts("ok");
    return 0;
}
