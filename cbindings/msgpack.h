/* The part of MessagePack that events are written in: unsigned integers, booleans, byte strings, texts, arrays.
 *
 * Nothing here allocates or recurses. A reader never goes beyond its bytes, and hands out byte strings as pointers
 * into them only after checking that all of them are there: whatever a length field claims, nothing is reserved for
 * it. What is accepted is what c-toxcore accepts: besides the shortest form also every longer one, signed forms that
 * are not negative included, as long as the form itself is not wider than the field.
 */
#ifndef TOXPY_MSGPACK_H
#define TOXPY_MSGPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where packed bytes go; `bytes` NULL counts only. The caller sizes the buffer by counting first. */
struct toxpy_writer {
    uint8_t *bytes;
    uint64_t size;
};

void toxpy_write_unsigned(struct toxpy_writer *writer, uint64_t value);
void toxpy_write_bool(struct toxpy_writer *writer, bool value);
void toxpy_write_array(struct toxpy_writer *writer, uint32_t count);
void toxpy_write_bytes(struct toxpy_writer *writer, const uint8_t *data, uint32_t length);
void toxpy_write_text(struct toxpy_writer *writer, const uint8_t *data, uint32_t length);

/* What is still to be read. After a false result its place is undefined: give up. */
struct toxpy_reader {
    const uint8_t *bytes;
    size_t left;
};

/* An integer whose form has at most `widest` bytes: 2, 4 or 8. */
bool toxpy_read_unsigned(struct toxpy_reader *reader, unsigned widest, uint64_t *value);
bool toxpy_read_bool(struct toxpy_reader *reader, bool *value);
bool toxpy_read_array(struct toxpy_reader *reader, uint32_t *count);
bool toxpy_read_bytes(struct toxpy_reader *reader, const uint8_t **data, uint32_t *length);
bool toxpy_read_text(struct toxpy_reader *reader, const uint8_t **data, uint32_t *length);

#endif
