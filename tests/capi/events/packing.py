"""Events as Python values and as MessagePack, written here anew so that the library is not its own judge."""

import sys

from tests.support.prefix import ROOT

sys.path.insert(0, str(ROOT / "cbindings"))

from describe import describe_header
from generate_events import events

API = describe_header(ROOT / "include" / "toxcore.h")
KINDS = events(API)
BITS = {"UINT16": 16, "UINT32": 32, "UINT64": 64}


def number(value, first, width):
    return bytes([first]) + value.to_bytes(width, "big")


def pack(value):
    """The shortest MessagePack form of a number, bool, bytes, text or list."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        if value < 0x80:
            return bytes([value])
        exponent = next(e for e in range(4) if value < 1 << (8 << e))
        return number(value, 0xCC + exponent, 1 << exponent)
    if isinstance(value, list):
        head = bytes([0x90 + len(value)]) if len(value) < 16 else number(len(value), 0xDC, 2)
        return head + b"".join(map(pack, value))
    data, first = (value.encode(), 0xD9) if isinstance(value, str) else (value, 0xC4)
    if isinstance(value, str) and len(data) < 32:
        return bytes([0xA0 + len(data)]) + data
    exponent = next(e for e in range(3) if len(data) < 1 << (8 << e))
    return number(len(data), first + exponent, 1 << exponent) + data


def pack_events(recorded):
    """`recorded`: (kind, values) pairs."""
    return pack([[kind.number, values[0] if len(values) == 1 else values] for kind, values in recorded])


def random_value(rng, field):
    if field.kind == "BOOL":
        return rng.random() < 0.5
    if field.kind == "ENUM":
        return rng.randrange(field.limit)
    if field.kind in BITS:
        return rng.getrandbits(rng.choice((3, 7, 8, 9, 16, 17, 32, 33, 64))) & (1 << BITS[field.kind]) - 1
    length = field.limit or rng.choice((0, 1, 31, 32, 255, 256, 1373, 70000))
    if field.kind == "TEXT":
        return "".join(rng.choice("0123456789abcdef:.") for _ in range(min(length, 255)))
    return rng.randbytes(length)


def random_event(rng, kind):
    return kind, [random_value(rng, field) for field in kind.fields]


def line_of(kind, values):
    """What the C programs print for one event."""
    words = [kind.name]
    for field, value in zip(kind.fields, values, strict=True):
        if field.is_bytes:
            data = value.encode() if isinstance(value, str) else value
            value = f"{len(data)}:{data.hex()}"
        words.append(f"{field.name}={int(value) if isinstance(value, bool) else value}")
    return " ".join(words)


def damaged(rng, data):
    """One of: cut off, bits flipped, bytes replaced, a part doubled."""
    data = bytearray(data)
    way = rng.randrange(4)
    if way == 0:
        return bytes(data[: rng.randrange(len(data))])
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(min(len(data), 64))
        if way == 1:
            data[place] ^= 1 << rng.randrange(8)
        elif way == 2:
            data[place] = rng.randrange(256)
        else:
            data[place:place] = data[place : place + rng.randrange(1, 9)]
    return bytes(data)


# C that prints events, made from the header; it calls `say`, `say_bytes` and `end_of_event` of its program


def _print_fields(kind, exported):
    lines = [f'            say("{kind.name}");']
    for field in kind.fields:
        value = f"{field.getters[0].name}(event)"
        if not field.is_bytes:
            lines.append(f'            say(" {field.name}=%llu", (unsigned long long){value});')
            continue
        lengths = [function.name for function in field.length_getters if function.name in exported]
        assert lengths or field.kind == "KEY"
        length = f"{lengths[0]}(event)" if lengths else str(field.limit)
        lines.append(f'            say_bytes("{field.name}", (const uint8_t *){value}, {length});')
    return "\n".join([*lines, "            end_of_event();"])


def dump_in_order(exported):
    """`dump` by tox_events_get, in the order of the events."""
    cases = "".join(
        f"        case {kind.type}: {{\n"
        f"            const {kind.struct} *event = tox_event_get_{kind.name}(any);\n"
        f"{_print_fields(kind, exported)}\n            break;\n        }}\n"
        for kind in KINDS
    )
    return (
        "static void dump(const Tox_Events *events)\n{\n"
        "    for (uint32_t i = 0; i < tox_events_get_size(events); i++) {\n"
        "        const Tox_Event *any = tox_events_get(events, i);\n"
        "        switch (tox_event_get_type(any)) {\n"
        f'{cases}        case TOX_EVENT_INVALID:\n            puts("invalid");\n        }}\n    }}\n}}\n'
    )


#: What has functions of its own in 0.2.18, made from those of 0.2.20.
LOOKED_UP = """static const Tox_Event *nth_of(const Tox_Events *events, Tox_Event_Type type, uint32_t n)
{
    for (uint32_t i = 0; i < tox_events_get_size(events); i++) {
        const Tox_Event *any = tox_events_get(events, i);
        if (tox_event_get_type(any) == type && n-- == 0) {
            return any;
        }
    }
    return NULL;
}
static uint32_t count_of(const Tox_Events *events, Tox_Event_Type type)
{
    uint32_t count = 0;
    while (nth_of(events, type, count) != NULL) {
        count++;
    }
    return count;
}
"""


def has_kinds(exported):
    """True if the library has functions for each kind, as 0.2.18 has."""
    return "tox_events_get_friend_request_size" in exported


def dump_by_kind(exported):
    """`dump` by the functions for each kind; a library without them gets them."""
    looked_up = LOOKED_UP + "".join(
        f"#define tox_events_get_{kind.name}_size(events) count_of(events, {kind.type})\n"
        f"#define tox_events_get_{kind.name}(events, i) "
        f"tox_event_get_{kind.name}(nth_of(events, {kind.type}, i))\n"
        for kind in old_kinds()
    )
    # live.c uses the name of 0.2.18
    looked_up += "#define tox_event_file_recv_chunk_get_length tox_event_file_recv_chunk_get_data_length\n"
    loops = "".join(
        f"    for (uint32_t i = 0; i < tox_events_get_{kind.name}_size(events); i++) {{\n"
        f"        const {kind.struct} *event = tox_events_get_{kind.name}(events, i);\n"
        f"{_print_fields(kind, exported)}\n    }}\n"
        for kind in old_kinds()
    )
    before = "" if has_kinds(exported) else looked_up
    return f"{before}static void dump(const Tox_Events *events)\n{{\n{loops}}}\n"


def old_kinds():
    """The kinds that 0.2.18 knows."""
    return [kind for kind in KINDS if f"tox_events_get_{kind.name}_size" in API.functions]
