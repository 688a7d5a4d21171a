/* Groups in scenarios: every callback is recorded in a list of its own. Everything is about group 0 unless a
 * number is given. Whoever else is in a group than alice and bob runs in the process of one of them. */
#ifndef SCENARIO_GROUPS_H
#define SCENARIO_GROUPS_H

#include "scenario.h"

enum { MAX_GROUP_SEEN = 128, WAIT_S = 60 };

/* In the order of the callbacks in the header. */
typedef enum Group_Event {
    GROUP_PEER_NAME,
    GROUP_PEER_STATUS,
    GROUP_TOPIC,
    GROUP_PRIVACY_STATE,
    GROUP_VOICE_STATE,
    GROUP_TOPIC_LOCK,
    GROUP_PEER_LIMIT,
    GROUP_PASSWORD,
    GROUP_MESSAGE,
    GROUP_PRIVATE_MESSAGE,
    GROUP_CUSTOM_PACKET,
    GROUP_CUSTOM_PRIVATE_PACKET,
    GROUP_INVITE,
    GROUP_PEER_JOIN,
    GROUP_PEER_EXIT,
    GROUP_SELF_JOIN,
    GROUP_JOIN_FAIL,
    GROUP_MODERATION,
    GROUP_EVENTS
} Group_Event;

/* One event as it was seen; unused fields are zero. */
typedef struct Group_Seen {
    uint32_t group; /* or the friend who invites */
    uint32_t peer; /* or who made another one something */
    uint32_t target; /* who was made something */
    uint32_t value; /* type, state, limit or status */
    uint32_t message_id;
    size_t length;
    uint8_t text[TEXT_SIZE]; /* or name of a peer that is gone */
    size_t more_length;
    uint8_t more[TOX_MAX_NAME_LENGTH]; /* name of the group, or farewell */
} Group_Seen;

typedef struct Group_Lists {
    Group_Seen items[GROUP_EVENTS][MAX_GROUP_SEEN];
    size_t count[GROUP_EVENTS]; /* seen in all */
    size_t taken[GROUP_EVENTS]; /* handed out by `take_group` */
} Group_Lists;

#define TEXT(text) (const uint8_t *)(text), sizeof(text) - 1

/* Have every callback recorded; `start_tox` does it. */
void record_groups(Side *side);

/* The next event of that kind, waiting for it. */
Group_Seen *take_group(Side *side, Group_Event kind, int seconds);

/* Forget what came until now. */
void forget_groups(Side *side);

/* How many came that nobody took. */
size_t left_in_group(const Side *side, Group_Event kind);

bool has_text(const Group_Seen *seen, const char *text);

/* Whether name, topic or password is that. */
bool group_is_called(const Side *side, uint32_t number, const char *name);
bool has_topic(const Side *side, const char *topic);
bool has_password(const Side *side, const char *password);

/* The number of the peer with that name, 0 if there is none. */
uint32_t peer_called(const Side *side, uint32_t number, const char *name);
Tox_Group_Role role_of(const Side *side, const char *name);

/* Found a group under the side's name: its number. */
uint32_t found_group(Side *side, Tox_Group_Privacy_State privacy, const char *name);

/* Come in by the chat id, under the side's name, without waiting: the number. */
uint32_t join_group(Side *side, const uint8_t *chat_id, const char *password);

/* Tell the other side, or hear from it, what the chat id is. */
void tell_chat_id(Side *side, uint32_t number);
void hear_chat_id(Side *side, uint8_t *chat_id);

/* Alice founds a public group, bob comes in by the chat id: number 0 to both, and both see each other. What
 * happened until then is forgotten. */
void share_group(Side *side);

/* Accept the next invitation: the number. */
uint32_t accept_group(Side *side, const char *password);

/* One more instance in this process, which knows a node; it is iterated with the side. */
Side *one_more(Side *side, const char *name);

#endif
