/* What events.c and the generated events_generated.c share.
 *
 * An event is a struct of numbers, enumerators and `struct toxpy_bytes`; a table of layouts, by Tox_Event_Type, says
 * where its fields are, so that storing, packing, loading and comparing are written once for all kinds. The fields
 * are in the order of the getters in toxcore.h, which is that of the packed form.
 */
#ifndef TOXPY_EVENTS_H
#define TOXPY_EVENTS_H

#include "toxcore.h"

/* In a stored event the bytes belong to its own block of memory; NULL when there are none. */
struct toxpy_bytes {
    const uint8_t *data;
    uint32_t length;
};

enum toxpy_field_kind {
    TOXPY_FIELD_BOOL,
    TOXPY_FIELD_UINT16,
    TOXPY_FIELD_UINT32,
    TOXPY_FIELD_UINT64,
    TOXPY_FIELD_ENUM, /* `limit`: the first value that is none */
    TOXPY_FIELD_BYTES,
    TOXPY_FIELD_KEY, /* bytes, exactly `limit` of them */
    TOXPY_FIELD_TEXT, /* stored with a terminating NUL that is not counted */
};

struct toxpy_field {
    uint8_t kind; /* enum toxpy_field_kind */
    uint8_t limit;
    uint16_t offset;
};

struct toxpy_layout {
    const struct toxpy_field *fields;
    uint16_t count;
    uint16_t size; /* of the struct */
};

struct Tox_Event {
    Tox_Event_Type type;
    const void *data; /* the struct of that type, with its bytes behind it */
};

struct Tox_Events {
    Tox_Event *events;
    uint32_t size, capacity;
};

/* Made by the generator, all by Tox_Event_Type: */
extern const struct toxpy_layout toxpy_event_layouts[];
/* index of the event's callback (TOXPY_CALLBACK_...), and the callback that records it */
extern const struct toxpy_recorder {
    int callback_index;
    void (*record)(void);
} toxpy_recorders[];
/* call a tox_..._cb with the contents of an event */
void toxpy_deliver(Tox *tox, const Tox_Event *event, void (*callback)(void), void *user_data);

/* call what a table has for an event */
void toxpy_invoke(const Tox_Dispatch *dispatch, const Tox_Event *event, void *user_data);

/* A recorder got `event`, whose bytes are the caller's: store a copy with what tox_events_iterate() collects. */
void toxpy_record(const Tox *tox, Tox_Event_Type type, const void *event);
/* Among the events of one kind, as the functions that only 0.2.18 had see them. */
uint32_t toxpy_events_count(const Tox_Events *events, Tox_Event_Type type);
const void *toxpy_events_find(const Tox_Events *events, Tox_Event_Type type, uint32_t index);

#endif
