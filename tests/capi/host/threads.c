/* Two threads: the first calls race to start the interpreter; then each has an instance of its own; then
 * both use one instance that was asked to be thread-safe; and the program ends while both are inside. */
#include <pthread.h>
#include <tox/tox.h>
#include <unistd.h>

#include "check.h"
#include "local.h"

static pthread_barrier_t barrier;

static void *own_instance(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&barrier);
    Tox *tox = new_local(false, NULL);
    CHECK(tox != NULL);
    for (int i = 0; i < 500; i++) {
        tox_iterate(tox, NULL);
        CHECK(tox_self_set_name(tox, (const uint8_t *)"name", 4, NULL));
    }
    tox_kill(tox);
    return NULL;
}

static void *shared_instance(void *tox)
{
    for (int i = 0; i < 500; i++) {
        tox_iterate((Tox *)tox, NULL);
        tox_lock((Tox *)tox);
        CHECK(tox_self_set_name((Tox *)tox, (const uint8_t *)"a longer name", (size_t)(i % 13), NULL));
        CHECK(tox_self_get_name_size((Tox *)tox) == (size_t)(i % 13));
        tox_unlock((Tox *)tox);
    }
    return NULL;
}

static void *forever(void *tox)
{
    for (;;) {
        tox_iterate((Tox *)tox, NULL);
    }
    return NULL;
}

static void both(void *(*function)(void *), void *argument)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], NULL, function, argument) == 0);
    }
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

int main(void)
{
    CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
    both(own_instance, NULL);

    Tox *tox = new_local(true, NULL);
    CHECK(tox != NULL);
    both(shared_instance, tox);

    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], NULL, forever, tox) == 0);
    }
    usleep(50000);
    puts("ok");
    return 0;
}
