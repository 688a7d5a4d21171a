/* Constants, names and options before any instance, from several threads, without starting Python. */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <tox/tox.h>
#include <tox/toxencryptsave.h>

#include "check.h"

static void *ask(void *unused)
{
    (void)unused;
    CHECK(tox_version_major() == TOX_VERSION_MAJOR && tox_version_minor() == TOX_VERSION_MINOR);
    CHECK(tox_version_patch() == TOX_VERSION_PATCH);
    CHECK(tox_version_is_compatible(TOX_VERSION_MAJOR, TOX_VERSION_MINOR, TOX_VERSION_PATCH));
    CHECK(tox_version_is_compatible(0, 2, 18) && !tox_version_is_compatible(1, 0, 0));
    CHECK(tox_address_size() == 38 && tox_public_key_size() == 32 && tox_nospam_size() == 4);
    CHECK(tox_max_name_length() == 128 && tox_max_status_message_length() == 1007);
    CHECK(tox_max_message_length() == 1372 && tox_max_custom_packet_size() == 1373);
    CHECK(tox_max_friend_request_length() == 921 && tox_max_filename_length() == 255);
    CHECK(tox_pass_salt_length() == 32 && tox_pass_key_length() == 32);
    CHECK(tox_pass_encryption_extra_length() == 80);
    CHECK(strcmp(tox_connection_to_string(TOX_CONNECTION_TCP), "TOX_CONNECTION_TCP") == 0);
    CHECK(strcmp(tox_err_friend_add_to_string(TOX_ERR_FRIEND_ADD_TOO_LONG), "TOX_ERR_FRIEND_ADD_TOO_LONG")
          == 0);
    CHECK(strcmp(tox_connection_to_string((Tox_Connection)99), "<invalid Tox_Connection>") == 0);
    Tox_Options *options = tox_options_new(NULL);
    tox_options_set_tcp_port(options, 5);
    CHECK(tox_options_get_tcp_port(options) == 5);
    tox_options_free(options);
    tox_kill(NULL);
    return NULL;
}

int main(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, ask, NULL) == 0);
    }
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    int (*is_initialized)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "Py_IsInitialized");
    CHECK(is_initialized != NULL && is_initialized() == 0);
    Tox *tox = tox_new(NULL, NULL);
    CHECK(tox != NULL && is_initialized() != 0); /* so the question above means something */
    tox_kill(tox);
    puts("ok");
    return 0;
}
