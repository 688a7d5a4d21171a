/* What the log callback gets: levels as c-toxcore's (no trace), whole strings, its own pointer; from tox_new on. */
#include <string.h>
#include <time.h>
#include <tox/tox.h>

#include "check.h"

static int lines[TOX_LOG_LEVEL_ERROR + 1];
static int in_new = 1, during_new;
static Tox *logging;

static void on_log(Tox *tox, Tox_Log_Level level, const char *file, uint32_t line, const char *func,
                   const char *message, void *user_data)
{
    CHECK(user_data == lines);
    /* below our package: no folder of this machine */
    CHECK(file[0] != '/' && strstr(file, "toxpy") == NULL && strstr(file, ".py") != NULL);
    CHECK(func[0] != '\0' && line > 0);
    CHECK((int)level >= TOX_LOG_LEVEL_TRACE && level <= TOX_LOG_LEVEL_ERROR);
    CHECK(file != NULL && func != NULL && message != NULL);
    CHECK(message[0] != '\0' && strchr(message, '\n') == NULL);
    CHECK(tox != NULL && (logging == NULL || tox == logging));
    lines[level]++;
    during_new += in_new;
}

static Tox *start(bool log, uint16_t port)
{
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_tcp_port(options, port);
    if (log) {
        tox_options_set_log_callback(options, on_log);
        tox_options_set_log_user_data(options, lines);
        CHECK(tox_options_get_log_callback(options) == on_log
              && tox_options_get_log_user_data(options) == lines);
    }
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    CHECK(tox != NULL);
    return tox;
}

int main(void)
{
    uint8_t id[TOX_DHT_ID_SIZE];
    Tox *other = start(false, 0);
    Tox *tox = logging = start(true, 0);
    in_new = 0;
    CHECK(during_new > 0 && lines[TOX_LOG_LEVEL_INFO] > 0);
    tox_self_get_dht_id(other, id);
    CHECK(tox_bootstrap(tox, "127.0.0.1", tox_self_get_udp_port(other, NULL), id, NULL));
    /* nobody listens there */
    CHECK(tox_add_tcp_relay(tox, "127.0.0.1", 9, id, NULL));
    const struct timespec pause = {0, 10000000};
    for (int i = 0; i < 1000 && lines[TOX_LOG_LEVEL_DEBUG] < 2; i++) {
        tox_iterate(tox, NULL);
        tox_iterate(other, NULL);
        nanosleep(&pause, NULL);
    }
    CHECK(lines[TOX_LOG_LEVEL_DEBUG] >= 2);
    CHECK(lines[TOX_LOG_LEVEL_TRACE] == 0 && lines[TOX_LOG_LEVEL_ERROR] == 0);
    tox_kill(tox);
    tox_kill(other);
    puts("ok");
    return 0;
}
