/* tox_events_*: recording, storing, packing and loading events of any kind; see events.h.
 *
 * Recording is calling back: tox_events_init() sets callbacks that keep what they are given, so that tox_iterate()
 * knows nothing of events and costs nothing more. What they fill is known to the thread, not passed as user_data:
 * a recorder that runs outside of tox_events_iterate(), in a plain tox_iterate(), has nowhere to put its event and
 * drops it.
 *
 * Memory: one block for each event, one array for all. Loading takes at most some 25 bytes for each byte of input,
 * whatever the input claims.
 */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "api_generated.h"
#include "event_structs.h"
#include "library.h"
#include "msgpack.h"

/* Bytes of a 4-byte enumerator are read and written as uint32_t. */
_Static_assert(sizeof(Tox_Event_Type) == sizeof(uint32_t), "enumerators have 4 bytes");

static bool holds_bytes(const struct toxpy_field *field)
{
    return field->kind >= TOXPY_FIELD_BYTES;
}

static const struct toxpy_bytes *bytes_of(const void *event, const struct toxpy_field *field)
{
    return (const struct toxpy_bytes *)((const char *)event + field->offset);
}

/* storing */

static size_t stored_size(const struct toxpy_layout *layout, const void *event)
{
    size_t size = layout->size;
    for (unsigned i = 0; i < layout->count; i++) {
        if (holds_bytes(&layout->fields[i])) {
            size += (size_t)bytes_of(event, &layout->fields[i])->length
                    + (layout->fields[i].kind == TOXPY_FIELD_TEXT);
        }
    }
    return size;
}

/* A copy of the event and its bytes in one block, to be freed with free(). */
static void *store(const struct toxpy_layout *layout, const void *event)
{
    uint8_t *block = (uint8_t *)malloc(stored_size(layout, event));
    if (block == NULL) {
        return NULL;
    }
    memcpy(block, event, layout->size);
    uint8_t *free_bytes = block + layout->size;
    for (unsigned i = 0; i < layout->count; i++) {
        const struct toxpy_field *field = &layout->fields[i];
        if (!holds_bytes(field)) {
            continue;
        }
        struct toxpy_bytes *bytes = (struct toxpy_bytes *)(block + field->offset);
        bool terminated = field->kind == TOXPY_FIELD_TEXT;
        if (bytes->length != 0) {
            memcpy(free_bytes, bytes->data, bytes->length);
        }
        bytes->data = bytes->length != 0 || terminated ? free_bytes : NULL;
        free_bytes += bytes->length;
        if (terminated) {
            *free_bytes++ = '\0';
        }
    }
    return block;
}

static bool grow(Tox_Events *events)
{
    uint64_t capacity = events->capacity == 0 ? 4 : (uint64_t)events->capacity * 2;
    if (capacity > UINT32_MAX) {
        return false;
    }
    Tox_Event *larger = (Tox_Event *)realloc(events->events, capacity * sizeof *larger);
    if (larger == NULL) {
        return false;
    }
    events->events = larger;
    events->capacity = (uint32_t)capacity;
    return true;
}

static bool add(Tox_Events *events, Tox_Event_Type type, const void *event)
{
    if (events->size == events->capacity && !grow(events)) {
        return false;
    }
    void *data = store(&toxpy_event_layouts[type], event);
    if (data == NULL) {
        return false;
    }
    events->events[events->size] = (Tox_Event){type, data};
    events->size++;
    return true;
}

void tox_events_free(Tox_Events *events)
{
    if (events == NULL) {
        return;
    }
    for (uint32_t i = 0; i < events->size; i++) {
        free((void *)(uintptr_t)events->events[i].data);
    }
    free(events->events);
    free(events);
}

uint32_t tox_events_get_size(const Tox_Events *events)
{
    return events != NULL ? events->size : 0;
}

const Tox_Event *tox_events_get(const Tox_Events *events, uint32_t index)
{
    return index < tox_events_get_size(events) ? &events->events[index] : NULL;
}

Tox_Event_Type tox_event_get_type(const Tox_Event *event)
{
    return event != NULL ? event->type : TOX_EVENT_INVALID;
}

uint32_t toxpy_events_count(const Tox_Events *events, Tox_Event_Type type)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < tox_events_get_size(events); i++) {
        count += events->events[i].type == type;
    }
    return count;
}

const void *toxpy_events_find(const Tox_Events *events, Tox_Event_Type type, uint32_t index)
{
    for (uint32_t i = 0; i < tox_events_get_size(events); i++) {
        if (events->events[i].type == type && index-- == 0) {
            return events->events[i].data;
        }
    }
    return NULL;
}

/* recording */

/* One tox_events_iterate() in progress. A callback may call it again, for the same or another instance. */
struct recording {
    const Tox *tox;
    Tox_Events *events; /* NULL until there is one */
    bool lost; /* an event could not be stored */
    struct recording *outer;
};

static __thread struct recording *innermost;

void toxpy_record(const Tox *tox, Tox_Event_Type type, const void *event)
{
    struct recording *recording = innermost;
    while (recording != NULL && recording->tox != tox) {
        recording = recording->outer;
    }
    if (recording == NULL) {
        return;
    }
    if (recording->events == NULL) {
        recording->events = (Tox_Events *)calloc(1, sizeof(Tox_Events));
    }
    if (recording->events == NULL || !add(recording->events, type, event)) {
        recording->lost = true;
    }
}

void tox_events_init(Tox *tox)
{
    for (unsigned type = 0; type < TOXPY_EVENT_KINDS; type++) {
        toxpy_set_callback(tox, toxpy_recorders[type].callback_index, -1, toxpy_recorders[type].record);
    }
}

Tox_Events *tox_events_iterate(Tox *tox, const Tox_Iterate_Options *options, Tox_Err_Events_Iterate *error)
{
    struct recording recording = {tox, NULL, true, innermost};
    if (tox != NULL && toxpy_boot()) {
        recording.lost = false;
        innermost = &recording;
        bool passed = toxpy_iterate(tox, NULL);
        innermost = recording.outer;
        recording.lost |= !passed;
    }
    if (error != NULL) {
        *error = recording.lost ? TOX_ERR_EVENTS_ITERATE_MALLOC : TOX_ERR_EVENTS_ITERATE_OK;
    }
    if (recording.lost && tox_iterate_options_get_fail_hard(options)) {
        tox_events_free(recording.events);
        return NULL;
    }
    return recording.events;
}

void tox_events_dispatch(Tox *tox, Tox_Events *events, void *user_data)
{
    for (uint32_t i = 0; tox != NULL && i < tox_events_get_size(events); i++) {
        const Tox_Event *event = &events->events[i];
        int index = toxpy_recorders[event->type].callback_index;
        int packet_id = -1;
        if (event->type == TOX_EVENT_FRIEND_LOSSY_PACKET || event->type == TOX_EVENT_FRIEND_LOSSLESS_PACKET) {
            const struct toxpy_bytes *packet =
                bytes_of(event->data, &toxpy_event_layouts[event->type].fields[1]);
            if (packet->length == 0) {
                continue;
            }
            packet_id = packet->data[0];
        }
        /* asked for each event: the callback before may have changed it, or killed the instance */
        uintptr_t callback = toxpy_call_begin() ? py_tox_get_callback((uintptr_t)tox, index, packet_id) : 0;
        if (!toxpy_call_end() && callback != 0) {
            toxpy_deliver(tox, event, (void (*)(void))callback, user_data);
        }
    }
}

/* dispatch */

Tox_Dispatch *tox_dispatch_new(Tox_Err_Dispatch_New *error)
{
    Tox_Dispatch *dispatch = (Tox_Dispatch *)calloc(1, sizeof *dispatch);
    if (error != NULL) {
        *error = dispatch != NULL ? TOX_ERR_DISPATCH_NEW_OK : TOX_ERR_DISPATCH_NEW_MALLOC;
    }
    return dispatch;
}

void tox_dispatch_free(Tox_Dispatch *dispatch)
{
    free(dispatch);
}

void tox_dispatch_invoke(const Tox_Dispatch *dispatch, const Tox_Events *events, void *user_data)
{
    for (uint32_t i = 0; dispatch != NULL && i < tox_events_get_size(events); i++) {
        toxpy_invoke(dispatch, &events->events[i], user_data);
    }
}

/* packing */

static void pack_field(struct toxpy_writer *writer, const struct toxpy_field *field, const void *event)
{
    const char *place = (const char *)event + field->offset;
    switch ((enum toxpy_field_kind)field->kind) {
        case TOXPY_FIELD_BOOL:
            toxpy_write_bool(writer, *(const bool *)place);
            break;
        case TOXPY_FIELD_UINT16:
            toxpy_write_unsigned(writer, *(const uint16_t *)place);
            break;
        case TOXPY_FIELD_UINT32:
        case TOXPY_FIELD_ENUM:
            toxpy_write_unsigned(writer, *(const uint32_t *)place);
            break;
        case TOXPY_FIELD_UINT64:
            toxpy_write_unsigned(writer, *(const uint64_t *)place);
            break;
        case TOXPY_FIELD_BYTES:
        case TOXPY_FIELD_KEY:
            toxpy_write_bytes(writer, bytes_of(event, field)->data, bytes_of(event, field)->length);
            break;
        case TOXPY_FIELD_TEXT:
            toxpy_write_text(writer, bytes_of(event, field)->data, bytes_of(event, field)->length);
            break;
    }
}

/* [[type, contents], ...], where the contents are an array of the fields, or the field if there is only one */
static void pack_events(struct toxpy_writer *writer, const Tox_Events *events)
{
    uint32_t size = tox_events_get_size(events);
    toxpy_write_array(writer, size);
    for (uint32_t i = 0; i < size; i++) {
        const Tox_Event *event = &events->events[i];
        const struct toxpy_layout *layout = &toxpy_event_layouts[event->type];
        toxpy_write_array(writer, 2);
        toxpy_write_unsigned(writer, event->type);
        if (layout->count > 1) {
            toxpy_write_array(writer, layout->count);
        }
        for (unsigned n = 0; n < layout->count; n++) {
            pack_field(writer, &layout->fields[n], event->data);
        }
    }
}

uint32_t tox_events_bytes_size(const Tox_Events *events)
{
    struct toxpy_writer writer = {NULL, 0};
    pack_events(&writer, events);
    /* the largest number also stands for everything larger, which cannot be packed */
    return writer.size < UINT32_MAX ? (uint32_t)writer.size : UINT32_MAX;
}

bool tox_events_get_bytes(const Tox_Events *events, uint8_t *bytes)
{
    if (tox_events_bytes_size(events) == UINT32_MAX) {
        return false;
    }
    struct toxpy_writer writer = {bytes, 0};
    pack_events(&writer, events);
    return true;
}

/* loading */

static bool load_field(struct toxpy_reader *reader, const struct toxpy_field *field, void *event)
{
    char *place = (char *)event + field->offset;
    struct toxpy_bytes *bytes = (struct toxpy_bytes *)place;
    uint64_t number;
    switch ((enum toxpy_field_kind)field->kind) {
        case TOXPY_FIELD_BOOL:
            return toxpy_read_bool(reader, (bool *)place);
        case TOXPY_FIELD_UINT16:
            if (!toxpy_read_unsigned(reader, 2, &number)) {
                return false;
            }
            *(uint16_t *)place = (uint16_t)number;
            return true;
        case TOXPY_FIELD_UINT32:
        case TOXPY_FIELD_ENUM:
            if (!toxpy_read_unsigned(reader, 4, &number)
                || (field->kind == TOXPY_FIELD_ENUM && number >= field->limit)) {
                return false;
            }
            *(uint32_t *)place = (uint32_t)number;
            return true;
        case TOXPY_FIELD_UINT64:
            return toxpy_read_unsigned(reader, 8, (uint64_t *)place);
        case TOXPY_FIELD_BYTES:
            return toxpy_read_bytes(reader, &bytes->data, &bytes->length);
        case TOXPY_FIELD_KEY:
            return toxpy_read_bytes(reader, &bytes->data, &bytes->length) && bytes->length == field->limit;
        case TOXPY_FIELD_TEXT:
            return toxpy_read_text(reader, &bytes->data, &bytes->length);
    }
    return false;
}

static bool load_event(struct toxpy_reader *reader, Tox_Events *events)
{
    uint32_t count;
    uint64_t type;
    if (!toxpy_read_array(reader, &count) || count != 2 || !toxpy_read_unsigned(reader, 4, &type)
        || type >= TOXPY_EVENT_KINDS) {
        return false;
    }
    const struct toxpy_layout *layout = &toxpy_event_layouts[type];
    if (layout->count > 1 && (!toxpy_read_array(reader, &count) || count != layout->count)) {
        return false;
    }
    /* its bytes stay where they are until it is stored, so that a malformed event leaves nothing behind */
    union toxpy_any_event event;
    memset(&event, 0, sizeof event);
    for (unsigned n = 0; n < layout->count; n++) {
        if (!load_field(reader, &layout->fields[n], &event)) {
            return false;
        }
    }
    return add(events, (Tox_Event_Type)type, &event);
}

Tox_Events *tox_events_load(const struct Tox_System *sys, const uint8_t *bytes, uint32_t bytes_size)
{
    (void)sys;
    struct toxpy_reader reader = {bytes, bytes != NULL ? bytes_size : 0};
    uint32_t count;
    if (!toxpy_read_array(&reader, &count) || count > reader.left) {
        return NULL;
    }
    Tox_Events *events = (Tox_Events *)calloc(1, sizeof *events);
    if (events == NULL) {
        return NULL;
    }
    /* bytes after the last event are left alone, as in c-toxcore */
    for (uint32_t i = 0; i < count; i++) {
        if (!load_event(&reader, events)) {
            tox_events_free(events);
            return NULL;
        }
    }
    return events;
}

static bool same_field(const struct toxpy_field *field, const void *a, const void *b)
{
    if (holds_bytes(field)) {
        const struct toxpy_bytes *left = bytes_of(a, field), *right = bytes_of(b, field);
        return left->length == right->length
               && (left->length == 0 || memcmp(left->data, right->data, left->length) == 0);
    }
    static const uint8_t widths[] = {sizeof(bool), sizeof(uint16_t), sizeof(uint32_t), sizeof(uint64_t), 4};
    return memcmp((const char *)a + field->offset, (const char *)b + field->offset, widths[field->kind]) == 0;
}

bool tox_events_equal(const struct Tox_System *sys, const Tox_Events *a, const Tox_Events *b)
{
    (void)sys;
    uint32_t size = tox_events_get_size(a);
    if (size != tox_events_get_size(b)) {
        return false;
    }
    for (uint32_t i = 0; i < size; i++) {
        const Tox_Event *left = &a->events[i], *right = &b->events[i];
        if (left->type != right->type) {
            return false;
        }
        const struct toxpy_layout *layout = &toxpy_event_layouts[left->type];
        for (unsigned n = 0; n < layout->count; n++) {
            if (!same_field(&layout->fields[n], left->data, right->data)) {
                return false;
            }
        }
    }
    return true;
}
