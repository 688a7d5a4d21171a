/* See msgpack.h. The first byte of each value, by https://github.com/msgpack/msgpack/blob/master/spec.md */
#include "msgpack.h"

#include <string.h>

enum {
    FIX_INTEGER_MAX = 0x7f,
    FIX_ARRAY = 0x90,
    FIX_ARRAY_MAX = 15,
    FIX_TEXT = 0xa0,
    FIX_TEXT_MAX = 31,
    FALSE_BYTE = 0xc2,
    TRUE_BYTE = 0xc3,
    BYTES_8 = 0xc4, /* then _16 and _32 */
    UNSIGNED_8 = 0xcc, /* then _16, _32 and _64 */
    SIGNED_8 = 0xd0, /* then _16, _32 and _64 */
    TEXT_8 = 0xd9, /* then _16 and _32 */
    ARRAY_16 = 0xdc, /* then _32 */
};

static void put(struct toxpy_writer *writer, const uint8_t *data, size_t length)
{
    if (writer->bytes != NULL && length != 0) {
        memcpy(writer->bytes + writer->size, data, length);
    }
    writer->size += length;
}

/* A first byte, and `width` bytes of a number, highest first. */
static void put_number(struct toxpy_writer *writer, unsigned first, uint64_t number, unsigned width)
{
    uint8_t bytes[9] = {(uint8_t)first};
    for (unsigned i = width; i > 0; i--) {
        bytes[i] = (uint8_t)number;
        number >>= 8;
    }
    put(writer, bytes, width + 1);
}

/* How often 1 byte must be doubled to hold the number. */
static unsigned doublings(uint64_t number)
{
    return number <= UINT8_MAX ? 0 : number <= UINT16_MAX ? 1 : number <= UINT32_MAX ? 2 : 3;
}

void toxpy_write_unsigned(struct toxpy_writer *writer, uint64_t value)
{
    if (value <= FIX_INTEGER_MAX) {
        put_number(writer, (unsigned)value, 0, 0);
    } else {
        unsigned exponent = doublings(value);
        put_number(writer, UNSIGNED_8 + exponent, value, 1U << exponent);
    }
}

void toxpy_write_bool(struct toxpy_writer *writer, bool value)
{
    put_number(writer, value ? TRUE_BYTE : FALSE_BYTE, 0, 0);
}

void toxpy_write_array(struct toxpy_writer *writer, uint32_t count)
{
    if (count <= FIX_ARRAY_MAX) {
        put_number(writer, FIX_ARRAY + count, 0, 0);
    } else if (count <= UINT16_MAX) {
        put_number(writer, ARRAY_16, count, 2);
    } else {
        put_number(writer, ARRAY_16 + 1, count, 4);
    }
}

void toxpy_write_bytes(struct toxpy_writer *writer, const uint8_t *data, uint32_t length)
{
    unsigned exponent = doublings(length);
    put_number(writer, BYTES_8 + exponent, length, 1U << exponent);
    put(writer, data, length);
}

void toxpy_write_text(struct toxpy_writer *writer, const uint8_t *data, uint32_t length)
{
    if (length <= FIX_TEXT_MAX) {
        put_number(writer, FIX_TEXT + length, 0, 0);
    } else {
        unsigned exponent = doublings(length);
        put_number(writer, TEXT_8 + exponent, length, 1U << exponent);
    }
    put(writer, data, length);
}

static bool take(struct toxpy_reader *reader, size_t length, const uint8_t **data)
{
    if (length > reader->left) {
        return false;
    }
    *data = reader->bytes;
    reader->bytes += length;
    reader->left -= length;
    return true;
}

static bool take_number(struct toxpy_reader *reader, unsigned width, uint64_t *number)
{
    const uint8_t *bytes;
    if (!take(reader, width, &bytes)) {
        return false;
    }
    *number = 0;
    for (unsigned i = 0; i < width; i++) {
        *number = *number << 8 | bytes[i];
    }
    return true;
}

bool toxpy_read_unsigned(struct toxpy_reader *reader, unsigned widest, uint64_t *value)
{
    uint64_t first;
    if (!take_number(reader, 1, &first)) {
        return false;
    }
    if (first <= FIX_INTEGER_MAX) {
        *value = first;
        return true;
    }
    if (first < UNSIGNED_8 || first > SIGNED_8 + 3) {
        return false;
    }
    bool is_signed = first >= SIGNED_8;
    unsigned width = 1U << (first - (is_signed ? SIGNED_8 : UNSIGNED_8));
    return width <= widest && take_number(reader, width, value)
           && !(is_signed && *value >> (8 * width - 1) != 0);
}

bool toxpy_read_bool(struct toxpy_reader *reader, bool *value)
{
    uint64_t first;
    if (!take_number(reader, 1, &first)) {
        return false;
    }
    *value = first == TRUE_BYTE;
    return first == TRUE_BYTE || first == FALSE_BYTE;
}

/* The count or length of something with a short form below `fix` + `fix_max`, if it has one, and long forms from
 * `wide` on, the first of them with 1 << `narrowest` bytes. */
static bool read_size(struct toxpy_reader *reader, unsigned fix, unsigned fix_max, unsigned wide,
                      unsigned narrowest, uint32_t *size)
{
    uint64_t number;
    if (!take_number(reader, 1, &number)) {
        return false;
    }
    if (fix_max != 0 && number >= fix && number <= fix + fix_max) {
        *size = (uint32_t)number - fix;
        return true;
    }
    if (number < wide || number > wide + 2 - narrowest
        || !take_number(reader, 1U << (number - wide + narrowest), &number)) {
        return false;
    }
    *size = (uint32_t)number;
    return true;
}

bool toxpy_read_array(struct toxpy_reader *reader, uint32_t *count)
{
    return read_size(reader, FIX_ARRAY, FIX_ARRAY_MAX, ARRAY_16, 1, count);
}

bool toxpy_read_bytes(struct toxpy_reader *reader, const uint8_t **data, uint32_t *length)
{
    return read_size(reader, 0, 0, BYTES_8, 0, length) && take(reader, *length, data);
}

bool toxpy_read_text(struct toxpy_reader *reader, const uint8_t **data, uint32_t *length)
{
    return read_size(reader, FIX_TEXT, FIX_TEXT_MAX, TEXT_8, 0, length) && take(reader, *length, data);
}
