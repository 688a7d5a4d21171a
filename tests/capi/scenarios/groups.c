#include "groups.h"

#include <stdlib.h>

/* ---- recording events ---- */

static Group_Seen *record_group(void *side, Group_Event kind, uint32_t group, uint32_t peer, uint32_t value)
{
    Group_Lists *lists = ((Side *)side)->groups;
    Group_Seen *seen = &lists->items[kind][lists->count[kind] % MAX_GROUP_SEEN];
    CHECK(lists->count[kind] - lists->taken[kind] < MAX_GROUP_SEEN);
    memset(seen, 0, sizeof(*seen));
    seen->group = group;
    seen->peer = peer;
    seen->value = value;
    ++lists->count[kind];
    return seen;
}

static void keep_text(Group_Seen *seen, const uint8_t *text, size_t length)
{
    CHECK(length <= TEXT_SIZE);
    if (length > 0) {
        memcpy(seen->text, text, length);
    }
    seen->length = length;
}

static void keep_more(Group_Seen *seen, const uint8_t *text, size_t length)
{
    CHECK(length <= sizeof(seen->more));
    if (length > 0) {
        memcpy(seen->more, text, length);
    }
    seen->more_length = length;
}

static void on_peer_name(Tox *tox, uint32_t group, uint32_t peer, const uint8_t *name, size_t length,
                         void *side)
{
    (void)tox;
    keep_text(record_group(side, GROUP_PEER_NAME, group, peer, 0), name, length);
}

static void on_peer_status(Tox *tox, uint32_t group, uint32_t peer, Tox_User_Status status, void *side)
{
    (void)tox;
    record_group(side, GROUP_PEER_STATUS, group, peer, (uint32_t)status);
}

static void on_topic(Tox *tox, uint32_t group, uint32_t peer, const uint8_t *topic, size_t length, void *side)
{
    (void)tox;
    keep_text(record_group(side, GROUP_TOPIC, group, peer, 0), topic, length);
}

static void on_privacy_state(Tox *tox, uint32_t group, Tox_Group_Privacy_State state, void *side)
{
    (void)tox;
    record_group(side, GROUP_PRIVACY_STATE, group, 0, (uint32_t)state);
}

static void on_voice_state(Tox *tox, uint32_t group, Tox_Group_Voice_State state, void *side)
{
    (void)tox;
    record_group(side, GROUP_VOICE_STATE, group, 0, (uint32_t)state);
}

static void on_topic_lock(Tox *tox, uint32_t group, Tox_Group_Topic_Lock lock, void *side)
{
    (void)tox;
    record_group(side, GROUP_TOPIC_LOCK, group, 0, (uint32_t)lock);
}

static void on_peer_limit(Tox *tox, uint32_t group, uint32_t limit, void *side)
{
    (void)tox;
    record_group(side, GROUP_PEER_LIMIT, group, 0, limit);
}

static void on_password(Tox *tox, uint32_t group, const uint8_t *password, size_t length, void *side)
{
    (void)tox;
    keep_text(record_group(side, GROUP_PASSWORD, group, 0, 0), password, length);
}

static void on_message(Tox *tox, uint32_t group, uint32_t peer, Tox_Message_Type type, const uint8_t *text,
                       size_t length, uint32_t message_id, void *side)
{
    (void)tox;
    Group_Seen *seen = record_group(side, GROUP_MESSAGE, group, peer, (uint32_t)type);
    keep_text(seen, text, length);
    seen->message_id = message_id;
}

static void on_private_message(Tox *tox, uint32_t group, uint32_t peer, Tox_Message_Type type,
                               const uint8_t *text, size_t length, uint32_t message_id, void *side)
{
    (void)tox;
    Group_Seen *seen = record_group(side, GROUP_PRIVATE_MESSAGE, group, peer, (uint32_t)type);
    keep_text(seen, text, length);
    seen->message_id = message_id;
}

static void on_custom(Tox *tox, uint32_t group, uint32_t peer, const uint8_t *data, size_t length, void *side)
{
    (void)tox;
    keep_text(record_group(side, GROUP_CUSTOM_PACKET, group, peer, 0), data, length);
}

static void on_custom_private(Tox *tox, uint32_t group, uint32_t peer, const uint8_t *data, size_t length,
                              void *side)
{
    (void)tox;
    keep_text(record_group(side, GROUP_CUSTOM_PRIVATE_PACKET, group, peer, 0), data, length);
}

static void on_invite(Tox *tox, uint32_t number, const uint8_t *data, size_t length, const uint8_t *name,
                      size_t name_length, void *side)
{
    (void)tox;
    Group_Seen *seen = record_group(side, GROUP_INVITE, number, 0, 0);
    keep_text(seen, data, length);
    keep_more(seen, name, name_length);
}

static void on_peer_join(Tox *tox, uint32_t group, uint32_t peer, void *side)
{
    (void)tox;
    record_group(side, GROUP_PEER_JOIN, group, peer, 0);
}

static void on_peer_exit(Tox *tox, uint32_t group, uint32_t peer, Tox_Group_Exit_Type type,
                         const uint8_t *name, size_t name_length, const uint8_t *farewell, size_t length,
                         void *side)
{
    (void)tox;
    Group_Seen *seen = record_group(side, GROUP_PEER_EXIT, group, peer, (uint32_t)type);
    keep_text(seen, name, name_length);
    keep_more(seen, farewell, length);
}

static void on_self_join(Tox *tox, uint32_t group, void *side)
{
    (void)tox;
    record_group(side, GROUP_SELF_JOIN, group, 0, 0);
}

static void on_join_fail(Tox *tox, uint32_t group, Tox_Group_Join_Fail reason, void *side)
{
    (void)tox;
    record_group(side, GROUP_JOIN_FAIL, group, 0, (uint32_t)reason);
}

static void on_moderation(Tox *tox, uint32_t group, uint32_t source, uint32_t target,
                          Tox_Group_Mod_Event kind, void *side)
{
    (void)tox;
    record_group(side, GROUP_MODERATION, group, source, (uint32_t)kind)->target = target;
}

void record_groups(Side *side)
{
    Tox *tox = side->tox;
    if (side->groups == NULL) {
        side->groups = (Group_Lists *)calloc(1, sizeof(Group_Lists));
        CHECK(side->groups != NULL);
    }
    tox_callback_group_peer_name(tox, on_peer_name);
    tox_callback_group_peer_status(tox, on_peer_status);
    tox_callback_group_topic(tox, on_topic);
    tox_callback_group_privacy_state(tox, on_privacy_state);
    tox_callback_group_voice_state(tox, on_voice_state);
    tox_callback_group_topic_lock(tox, on_topic_lock);
    tox_callback_group_peer_limit(tox, on_peer_limit);
    tox_callback_group_password(tox, on_password);
    tox_callback_group_message(tox, on_message);
    tox_callback_group_private_message(tox, on_private_message);
    tox_callback_group_custom_packet(tox, on_custom);
    tox_callback_group_custom_private_packet(tox, on_custom_private);
    tox_callback_group_invite(tox, on_invite);
    tox_callback_group_peer_join(tox, on_peer_join);
    tox_callback_group_peer_exit(tox, on_peer_exit);
    tox_callback_group_self_join(tox, on_self_join);
    tox_callback_group_join_fail(tox, on_join_fail);
    tox_callback_group_moderation(tox, on_moderation);
}

Group_Seen *take_group(Side *side, Group_Event kind, int seconds)
{
    Group_Lists *lists = side->groups;
    const uint64_t end_ms = scenario_now_ms() + (uint64_t)seconds * 1000;
    while (lists->count[kind] == lists->taken[kind]) {
        if (scenario_now_ms() > end_ms) {
            fprintf(stderr, "%s waited %d s for group event %d\n", side->name, seconds, (int)kind);
            scenario_failed();
        }
        side_iterate(side);
    }
    return &lists->items[kind][lists->taken[kind]++ % MAX_GROUP_SEEN];
}

void forget_groups(Side *side)
{
    memcpy(side->groups->taken, side->groups->count, sizeof(side->groups->taken));
}

size_t left_in_group(const Side *side, Group_Event kind)
{
    return side->groups->count[kind] - side->groups->taken[kind];
}

/* ---- what there is ---- */

static bool is_same(const uint8_t *bytes, size_t length, const char *text)
{
    return length == strlen(text) && memcmp(bytes, text, length) == 0;
}

bool has_text(const Group_Seen *seen, const char *text)
{
    return is_same(seen->text, seen->length, text);
}

bool group_is_called(const Side *side, uint32_t number, const char *name)
{
    uint8_t got[TOX_GROUP_MAX_GROUP_NAME_LENGTH];
    const size_t length = tox_group_get_name_size(side->tox, number, NULL);
    return tox_group_get_name(side->tox, number, got, NULL) && is_same(got, length, name);
}

bool has_topic(const Side *side, const char *topic)
{
    uint8_t got[TOX_GROUP_MAX_TOPIC_LENGTH];
    const size_t length = tox_group_get_topic_size(side->tox, 0, NULL);
    return tox_group_get_topic(side->tox, 0, got, NULL) && is_same(got, length, topic);
}

bool has_password(const Side *side, const char *password)
{
    uint8_t got[TOX_GROUP_MAX_PASSWORD_SIZE];
    const size_t length = tox_group_get_password_size(side->tox, 0, NULL);
    return tox_group_get_password(side->tox, 0, got, NULL) && is_same(got, length, password);
}

uint32_t peer_called(const Side *side, uint32_t number, const char *name)
{
    for (uint32_t peer = 1; peer < 20; ++peer) {
        uint8_t got[TOX_MAX_NAME_LENGTH];
        const size_t length = tox_group_peer_get_name_size(side->tox, number, peer, NULL);
        if (length == strlen(name) && tox_group_peer_get_name(side->tox, number, peer, got, NULL)
            && memcmp(got, name, length) == 0) {
            return peer;
        }
    }
    return 0;
}

Tox_Group_Role role_of(const Side *side, const char *name)
{
    return tox_group_peer_get_role(side->tox, 0, peer_called(side, 0, name), NULL);
}

/* ---- coming in ---- */

uint32_t found_group(Side *side, Tox_Group_Privacy_State privacy, const char *name)
{
    const size_t length = strlen(name), own_length = strlen(side->name);
    const uint32_t number = tox_group_new(side->tox, privacy, (const uint8_t *)name, length,
                                          (const uint8_t *)side->name, own_length, NULL);
    CHECK(number != UINT32_MAX);
    return number;
}

uint32_t join_group(Side *side, const uint8_t *chat_id, const char *password)
{
    const uint32_t number =
        tox_group_join(side->tox, chat_id, (const uint8_t *)side->name, strlen(side->name),
                       (const uint8_t *)password, strlen(password), NULL);
    CHECK(number != UINT32_MAX);
    return number;
}

void tell_chat_id(Side *side, uint32_t number)
{
    uint8_t chat_id[TOX_GROUP_CHAT_ID_SIZE];
    CHECK(tox_group_get_chat_id(side->tox, number, chat_id, NULL));
    tell(side, chat_id, sizeof(chat_id));
}

void hear_chat_id(Side *side, uint8_t *chat_id)
{
    hear(side, chat_id, TOX_GROUP_CHAT_ID_SIZE);
}

void share_group(Side *side)
{
    uint8_t chat_id[TOX_GROUP_CHAT_ID_SIZE];
    join_network(side);
    if (strcmp(side->name, "alice") == 0) {
        UNTIL(side, tox_self_get_connection_status(side->tox) != TOX_CONNECTION_NONE, WAIT_S);
        CHECK(found_group(side, TOX_GROUP_PRIVACY_STATE_PUBLIC, "The group") == 0);
        tell_chat_id(side, 0);
    } else {
        UNTIL(side, tox_self_get_connection_status(side->tox) != TOX_CONNECTION_NONE, WAIT_S);
        hear_chat_id(side, chat_id);
        CHECK(join_group(side, chat_id, "") == 0);
        CHECK(take_group(side, GROUP_SELF_JOIN, WAIT_S)->group == 0);
        CHECK(group_is_called(side, 0, "The group"));
    }
    take_group(side, GROUP_PEER_JOIN, WAIT_S);
    meet(side);
    forget_groups(side);
    meet(side);
}

uint32_t accept_group(Side *side, const char *password)
{
    const Group_Seen *invite = take_group(side, GROUP_INVITE, WAIT_S);
    const uint32_t number = tox_group_invite_accept(side->tox, invite->group, invite->text, invite->length,
                                                    (const uint8_t *)side->name, strlen(side->name),
                                                    (const uint8_t *)password, strlen(password), NULL);
    CHECK(number != UINT32_MAX);
    return number;
}

static Side another;

static void iterate_another(Side *side)
{
    (void)side;
    if (another.tox != NULL) {
        tox_iterate(another.tox, &another);
    }
}

/* Waiting for an event of the other instance has to run this side as well. */
static void iterate_side(Side *other)
{
    (void)other;
    if (another.beside->tox != NULL) {
        tox_iterate(another.beside->tox, another.beside);
    }
    for (int i = 0; i < another.beside->companion_count; ++i) {
        tox_iterate(another.beside->companions[i], NULL);
    }
}

Side *one_more(Side *side, const char *name)
{
    CHECK(another.tox == NULL);
    another.name = name;
    another.other = -1;
    another.beside = side;
    another.node = side->node;
    another.relay = side->relay;
    another.on_iterate = iterate_side;
    start_tox(&another, NULL, 0);
    rejoin(&another);
    side->on_iterate = iterate_another;
    return &another;
}
