#include "scenario.h"
#ifdef SCENARIO_GROUPS
#include "groups.h"
#endif

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TIME_LIMIT_S = 300, CONNECT_S = 120 };

void scenario_failed(void)
{
    fflush(NULL);
    _exit(1);
}

uint64_t scenario_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- recording events ---- */

static void record(Seen_List *list, uint32_t friend_number, uint32_t value, const uint8_t *text,
                   size_t length, const uint8_t *public_key)
{
    Seen *seen = &list->items[list->count % MAX_SEEN];
    CHECK(list->count - list->taken < MAX_SEEN);
    memset(seen, 0, sizeof(*seen));
    seen->friend_number = friend_number;
    seen->value = value;
    CHECK(length <= TEXT_SIZE);
    if (length > 0) {
        memcpy(seen->text, text, length);
    }
    seen->length = length;
    if (public_key != NULL) {
        memcpy(seen->public_key, public_key, TOX_PUBLIC_KEY_SIZE);
    }
    ++list->count;
}

static void on_request(Tox *tox, const uint8_t *key, const uint8_t *text, size_t length, void *side)
{
    (void)tox;
    record(&((Side *)side)->requests, 0, 0, text, length, key);
}

static void on_message(Tox *tox, uint32_t number, TOX_MESSAGE_TYPE type, const uint8_t *text, size_t length,
                       void *side)
{
    (void)tox;
    record(&((Side *)side)->messages, number, (uint32_t)type, text, length, NULL);
}

static void on_receipt(Tox *tox, uint32_t number, uint32_t id, void *side)
{
    (void)tox;
    record(&((Side *)side)->receipts, number, id, NULL, 0, NULL);
}

static void on_name(Tox *tox, uint32_t number, const uint8_t *text, size_t length, void *side)
{
    (void)tox;
    record(&((Side *)side)->names, number, 0, text, length, NULL);
}

static void on_status_message(Tox *tox, uint32_t number, const uint8_t *text, size_t length, void *side)
{
    (void)tox;
    record(&((Side *)side)->status_messages, number, 0, text, length, NULL);
}

static void on_status(Tox *tox, uint32_t number, TOX_USER_STATUS status, void *side)
{
    (void)tox;
    record(&((Side *)side)->statuses, number, (uint32_t)status, NULL, 0, NULL);
}

static void on_typing(Tox *tox, uint32_t number, bool typing, void *side)
{
    (void)tox;
    record(&((Side *)side)->typings, number, typing, NULL, 0, NULL);
}

static void on_connection(Tox *tox, uint32_t number, TOX_CONNECTION status, void *side)
{
    (void)tox;
    record(&((Side *)side)->connections, number, (uint32_t)status, NULL, 0, NULL);
}

static void on_lossy(Tox *tox, uint32_t number, const uint8_t *data, size_t length, void *side)
{
    (void)tox;
    record(&((Side *)side)->lossy, number, 0, data, length, NULL);
}

static void on_lossless(Tox *tox, uint32_t number, const uint8_t *data, size_t length, void *side)
{
    (void)tox;
    record(&((Side *)side)->lossless, number, 0, data, length, NULL);
}

static void on_invite(Tox *tox, uint32_t number, TOX_CONFERENCE_TYPE type, const uint8_t *cookie,
                      size_t length, void *side)
{
    (void)tox;
    record(&((Side *)side)->invites, number, (uint32_t)type, cookie, length, NULL);
}

static void on_joined(Tox *tox, uint32_t number, void *side)
{
    (void)tox;
    record(&((Side *)side)->joined, number, 0, NULL, 0, NULL);
}

/* With the public key of the peer, as it is known in the callback; ours among them. */
static void on_conference_message(Tox *tox, uint32_t number, uint32_t peer, TOX_MESSAGE_TYPE type,
                                  const uint8_t *text, size_t length, void *side)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    CHECK(tox_conference_peer_get_public_key(tox, number, peer, key, NULL));
    record(&((Side *)side)->conference_messages, number, (uint32_t)type, text, length, key);
}

static void on_title(Tox *tox, uint32_t number, uint32_t peer, const uint8_t *title, size_t length,
                     void *side)
{
    (void)tox;
    record(&((Side *)side)->titles, number, peer, title, length, NULL);
}

static void on_peer_name(Tox *tox, uint32_t number, uint32_t peer, const uint8_t *name, size_t length,
                         void *side)
{
    (void)tox;
    record(&((Side *)side)->peer_names, number, peer, name, length, NULL);
}

static void on_peer_list(Tox *tox, uint32_t number, void *side)
{
    (void)tox;
    record(&((Side *)side)->peer_lists, number, 0, NULL, 0, NULL);
}

/* ---- instances ---- */

/* The side whose first companion is everybody's TCP relay; NULL: everybody has UDP and needs none. */
static const char *relay_side(void)
{
    return getenv("TOX_RELAY");
}

static Tox *new_tox(const uint8_t *save, size_t length, bool udp, uint16_t tcp_port)
{
    struct Tox_Options *options = tox_options_new(NULL);
    CHECK(options != NULL);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_udp_enabled(options, udp);
    tox_options_set_tcp_port(options, tcp_port);
    /* programs under test have the ports of the default for themselves */
    tox_options_set_start_port(options, 33600);
    tox_options_set_end_port(options, 33999);
#ifdef SCENARIO_GROUPS
    tox_options_set_experimental_groups_persistence(options, true);
#endif
    if (getenv("TOX_NOISE") != NULL) {
        /* looked up, because the real library does not have it */
        void (*set_mode)(Tox_Options *, Tox_Handshake_Mode);
        *(void **)&set_mode = dlsym(RTLD_DEFAULT, "tox_options_set_experimental_handshake_mode");
        CHECK(set_mode != NULL);
        set_mode(options, TOX_HANDSHAKE_MODE_NOISE_ONLY);
    }
    if (save != NULL) {
        tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_TOX_SAVE);
        tox_options_set_savedata_data(options, save, length);
    }
    TOX_ERR_NEW error;
    Tox *tox = tox_new(options, &error);
    tox_options_free(options);
    if (tox == NULL) {
        fprintf(stderr, "tox_new: error %d\n", (int)error);
        scenario_failed();
    }
    return tox;
}

void start_tox(Side *side, const uint8_t *save, size_t length)
{
    side->tox = new_tox(save, length, relay_side() == NULL, 0);
    tox_callback_friend_request(side->tox, on_request);
    tox_callback_friend_message(side->tox, on_message);
    tox_callback_friend_read_receipt(side->tox, on_receipt);
    tox_callback_friend_name(side->tox, on_name);
    tox_callback_friend_status_message(side->tox, on_status_message);
    tox_callback_friend_status(side->tox, on_status);
    tox_callback_friend_typing(side->tox, on_typing);
    tox_callback_friend_connection_status(side->tox, on_connection);
    tox_callback_friend_lossy_packet(side->tox, on_lossy);
    tox_callback_friend_lossless_packet(side->tox, on_lossless);
    tox_callback_conference_invite(side->tox, on_invite);
    tox_callback_conference_connected(side->tox, on_joined);
    tox_callback_conference_message(side->tox, on_conference_message);
    tox_callback_conference_title(side->tox, on_title);
    tox_callback_conference_peer_name(side->tox, on_peer_name);
    tox_callback_conference_peer_list_changed(side->tox, on_peer_list);
#ifdef SCENARIO_GROUPS
    record_groups(side);
#endif
}

uint8_t *get_save(Side *side, size_t *length)
{
    *length = tox_get_savedata_size(side->tox);
    uint8_t *save = (uint8_t *)malloc(*length);
    CHECK(save != NULL);
    tox_get_savedata(side->tox, save);
    return save;
}

void restart(Side *side)
{
    size_t length;
    uint8_t *save = get_save(side, &length);
    tox_kill(side->tox);
    start_tox(side, save, length);
    free(save);
}

void side_iterate(Side *side)
{
    const struct timespec pause = {0, 4000000};
    if (side->tox != NULL) {
        tox_iterate(side->tox, side);
    }
    for (Side *user = side->third; user != NULL && user->tox != NULL; user = user->third) {
        tox_iterate(user->tox, user);
    }
    for (int i = 0; i < side->companion_count; ++i) {
        tox_iterate(side->companions[i], NULL);
    }
    if (side->on_iterate != NULL) {
        side->on_iterate(side);
    }
    nanosleep(&pause, NULL);
}

void run_for(Side *side, int seconds)
{
    const uint64_t end_ms = scenario_now_ms() + (uint64_t)seconds * 1000;
    while (scenario_now_ms() < end_ms) {
        side_iterate(side);
    }
}

Seen *take(Side *side, Seen_List *list, int seconds)
{
    UNTIL(side, list->count > list->taken, seconds);
    return &list->items[list->taken++ % MAX_SEEN];
}

/* ---- the other side ---- */

void tell(Side *side, const void *data, size_t length)
{
    CHECK(write(side->other, data, length) == (ssize_t)length);
}

void hear(Side *side, void *data, size_t length)
{
    const uint64_t end_ms = scenario_now_ms() + (uint64_t)TIME_LIMIT_S * 1000;
    size_t have = 0;
    while (have < length) {
        const ssize_t got = recv(side->other, (char *)data + have, length - have, MSG_DONTWAIT);
        CHECK(got != 0); /* the other side is gone */
        CHECK(got > 0 || errno == EAGAIN || errno == EINTR);
        CHECK(scenario_now_ms() < end_ms);
        if (got > 0) {
            have += (size_t)got;
        }
        side_iterate(side);
    }
}

void meet(Side *side)
{
    char mark = 'm';
    tell(side, &mark, 1);
    hear(side, &mark, 1);
    CHECK(mark == 'm');
}

enum { RELAY_PORT = 3389 };

static const char *host(void)
{
    const char *named = getenv("TOX_HOST");
    return named != NULL ? named : "127.0.0.1";
}

static Contact contact_of(const Tox *tox)
{
    Contact contact;
    memset(&contact, 0, sizeof(contact));
    tox_self_get_dht_id(tox, contact.dht_id);
    contact.port = tox_self_get_udp_port(tox, NULL);
    return contact;
}

static void bootstrap(Tox *tox, const Contact *contact)
{
    CHECK(tox_bootstrap(tox, host(), contact->port, contact->dht_id, NULL));
}

void rejoin(Side *side)
{
    bootstrap(side->tox, &side->node);
    if (relay_side() != NULL) {
        CHECK(tox_add_tcp_relay(side->tox, host(), RELAY_PORT, side->relay.dht_id, NULL));
    }
}

void join_network(Side *side)
{
    const Contact ours = contact_of(side->companions[0]);
    Contact theirs;
    tell(side, &ours, sizeof(ours));
    hear(side, &theirs, sizeof(theirs));
    bootstrap(side->companions[0], &theirs);
    for (int i = 1; i < side->companion_count; ++i) {
        bootstrap(side->companions[i], &ours);
    }
    side->node = ours;
    side->relay = relay_side() != NULL && strcmp(relay_side(), side->name) == 0 ? ours : theirs;
    rejoin(side);
}

void join_each_other(Side *side)
{
    const Contact ours = contact_of(side->tox);
    Contact theirs;
    tell(side, &ours, sizeof(ours));
    hear(side, &theirs, sizeof(theirs));
    if (strcmp(side->name, "alice") == 0) {
        bootstrap(side->tox, &theirs);
    }
}

bool is_online(const Side *side)
{
    return tox_friend_get_connection_status(side->tox, 0, NULL) != TOX_CONNECTION_NONE;
}

void wait_online(Side *side, int seconds)
{
    UNTIL(side, is_online(side), seconds);
    meet(side);
    side->connections.taken = side->connections.count;
    side->names.taken = side->names.count;
    side->status_messages.taken = side->status_messages.count;
    side->statuses.taken = side->statuses.count;
    side->typings.taken = side->typings.count;
    meet(side);
}

/* At once, not when they are needed: c-toxcore with few nodes finds late who comes later. */
static void start_users(Side *side)
{
    for (Side *whose = side; whose->third != NULL; whose = whose->third) {
        Side *user = whose->third;
        uint8_t key[TOX_PUBLIC_KEY_SIZE];
        user->node = side->node;
        user->relay = side->relay;
        start_tox(user, NULL, 0);
        rejoin(user);
        tox_self_get_public_key(whose->tox, key);
        CHECK(tox_friend_add_norequest(user->tox, key, NULL) == 0);
        tox_self_get_public_key(user->tox, key);
        CHECK(tox_friend_add_norequest(whose->tox, key, NULL) == 1);
    }
}

void become_friends(Side *side)
{
    uint8_t ours[TOX_PUBLIC_KEY_SIZE];
    uint8_t theirs[TOX_PUBLIC_KEY_SIZE];
    join_network(side);
    tox_self_get_public_key(side->tox, ours);
    tell(side, ours, sizeof(ours));
    hear(side, theirs, sizeof(theirs));
    CHECK(tox_friend_add_norequest(side->tox, theirs, NULL) == 0);
    start_users(side);
    wait_online(side, CONNECT_S);
    run_for(side, 1); /* names and statuses sent on connecting have arrived */
    wait_online(side, CONNECT_S);
}

uint32_t peer_count(const Side *side)
{
    return tox_conference_peer_count(side->tox, 0, NULL);
}

void share_conference(Side *side)
{
    if (strcmp(side->name, "alice") == 0) {
        CHECK(tox_conference_new(side->tox, NULL) == 0);
        CHECK(tox_conference_invite(side->tox, 0, 0, NULL));
    } else {
        const Seen *invite = take(side, &side->invites, 30);
        CHECK(invite->friend_number == 0 && invite->value == TOX_CONFERENCE_TYPE_TEXT);
        CHECK(tox_conference_join(side->tox, 0, invite->text, invite->length, NULL) == 0);
        CHECK(take(side, &side->joined, 30)->friend_number == 0);
    }
    UNTIL(side, peer_count(side) == 2, 30);
    CHECK(take(side, &side->peer_lists, 1)->friend_number == 0);
    meet(side);
}

/* ---- processes ---- */

static int run_side(const char *name, int other)
{
    static Side alone;
    Side *side = &alone;
    const bool is_alice = strcmp(name, "alice") == 0;
    const char *nodes = getenv(is_alice ? "TOX_NODES_ALICE" : "TOX_NODES_BOB");
    side->name = name;
    side->other = other;
    side->companion_count = nodes != NULL ? atoi(nodes) : 2;
    CHECK(side->companion_count >= 1 && side->companion_count <= MAX_COMPANIONS);
    alarm(TIME_LIMIT_S);
    start_tox(side, NULL, 0);
    for (int i = 0; i < side->companion_count; ++i) {
        const bool is_relay = i == 0 && relay_side() != NULL && strcmp(relay_side(), name) == 0;
        side->companions[i] = new_tox(NULL, 0, true, is_relay ? RELAY_PORT : 0);
    }
    if (is_alice) {
        scenario_alice(side);
    } else {
        scenario_bob(side);
    }
    meet(side);
    if (side->on_end != NULL) {
        side->on_end();
    }
    if (side->tox != NULL) {
        tox_kill(side->tox);
    }
    for (int i = 0; i < side->companion_count; ++i) {
        tox_kill(side->companions[i]);
    }
    return 0;
}

static pid_t start_side(char *program, const char *name, const char *library_variable, int ours, int theirs)
{
    const pid_t child = fork();
    if (child != 0) {
        return child;
    }
    char number[16];
    const char *directory = getenv(library_variable);
    close(theirs);
    snprintf(number, sizeof(number), "%d", ours);
    if (directory != NULL) {
        setenv("LD_LIBRARY_PATH", directory, 1);
    }
    execl(program, program, name, number, (char *)NULL);
    _exit(127);
}

int main(int argc, char **argv)
{
    if (argc == 3) {
        return run_side(argv[1], atoi(argv[2]));
    }
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
        perror("socketpair");
        return 2;
    }
    const pid_t alice = start_side(argv[0], "alice", "TOX_LIB_ALICE", pair[0], pair[1]);
    const pid_t bob = start_side(argv[0], "bob", "TOX_LIB_BOB", pair[1], pair[0]);
    close(pair[0]);
    close(pair[1]);
    int failed = 0;
    for (int i = 0; i < 2; ++i) {
        int status = 0;
        const pid_t ended = wait(&status);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "%s: wait status %d\n", ended == alice ? "alice" : "bob", status);
            kill(ended == alice ? bob : alice, SIGTERM);
            failed = 1;
        }
    }
    return failed;
}
