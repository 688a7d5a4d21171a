/* Everything, the start of the interpreter included, on a thread with a stack of 256 KB. */
#include <pthread.h>
#include <tox/tox.h>

#include "check.h"
#include "local.h"

static void *run(void *unused)
{
    (void)unused;
    Tox_Err_New error;
    Tox *tox = new_local(false, &error);
    CHECK(tox != NULL && error == TOX_ERR_NEW_OK);
    uint8_t key[TOX_PUBLIC_KEY_SIZE] = {9};
    tox_self_get_dht_id(tox, key);
    key[3] ^= 1;
    tox_bootstrap(tox, "127.0.0.1", 33445, key, NULL);
    for (int i = 0; i < 100; i++) {
        tox_iterate(tox, NULL);
    }
    size_t size = tox_get_savedata_size(tox);
    uint8_t *saved = (uint8_t *)malloc(size);
    CHECK(saved != NULL);
    tox_get_savedata(tox, saved);
    tox_kill(tox);
    free(saved);
    return NULL;
}

int main(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
    CHECK(pthread_create(&thread, &attributes, run, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    puts("ok");
    return 0;
}
