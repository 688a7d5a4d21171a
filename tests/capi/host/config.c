/* What tox_new makes of TOXPY_CONFIG: the error, whether there is a UDP socket, and what the log says of it. */
#include <string.h>
#include <tox/tox.h>

#include "check.h"

static void on_log(Tox *tox, Tox_Log_Level level, const char *file, uint32_t line, const char *func,
                   const char *message, void *user_data)
{
    (void)tox;
    (void)func;
    (void)user_data;
    if (level == TOX_LOG_LEVEL_ERROR) {
        CHECK(strcmp(file, "capi.py") == 0 && line > 0);
        printf("%s\n", message);
    }
}

int main(int argc, char **argv)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_tcp_port(options, 33798);
    tox_options_set_start_port(options, 33600);
    tox_options_set_end_port(options, 33999);
    tox_options_set_log_callback(options, on_log);
    /* the program's own file */
    CHECK(tox_options_set_experimental_config_file(options, argc > 1 ? argv[1] : NULL));
    Tox_Err_New error = TOX_ERR_NEW_NULL;
    Tox *tox = tox_new(options, &error);
    tox_options_free(options);
    CHECK((tox != NULL) == (error == TOX_ERR_NEW_OK));
    uint16_t port = tox_self_get_udp_port(tox, NULL), relay_port = tox_self_get_tcp_port(tox, NULL);
    printf("error %d, UDP %s, relay %s\n", (int)error, port != 0 ? "on" : "off",
           relay_port != 0 ? "on" : "off");
    tox_kill(tox);
    return 0;
}
