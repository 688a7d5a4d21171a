"""The C of the events: what the generator reads from a header, and what it refuses."""

import sys

import pytest

from tests.support.prefix import ROOT

sys.path.insert(0, str(ROOT / "cbindings"))

from classify import EVENTS
from describe import describe, describe_header
from generate_events import BY_HAND, events, source, structs_source

HEADER = """
typedef struct Tox Tox;
typedef enum Tox_Mood { TOX_MOOD_GOOD, TOX_MOOD_BAD } Tox_Mood;
typedef void tox_thing_cb(Tox *tox, uint32_t friend_number, Tox_Mood mood, const uint8_t *data, size_t length,
                          const uint8_t public_key[32], const char *ip, uint32_t ip_length, uint64_t position,
                          uint16_t count, void *user_data);
typedef struct Tox_Event_Thing Tox_Event_Thing;
uint32_t tox_event_thing_get_friend_number(const Tox_Event_Thing *thing);
Tox_Mood tox_event_thing_get_mood(const Tox_Event_Thing *thing);
const uint8_t *tox_event_thing_get_data(const Tox_Event_Thing *thing);
uint32_t tox_event_thing_get_data_length(const Tox_Event_Thing *thing);
uint32_t tox_event_thing_get_length(const Tox_Event_Thing *thing);
const uint8_t *tox_event_thing_get_public_key(const Tox_Event_Thing *thing);
const char *tox_event_thing_get_ip(const Tox_Event_Thing *thing);
uint32_t tox_event_thing_get_ip_length(const Tox_Event_Thing *thing);
uint64_t tox_event_thing_get_position(const Tox_Event_Thing *thing);
uint16_t tox_event_thing_get_count(const Tox_Event_Thing *thing);
typedef enum Tox_Event_Type { TOX_EVENT_THING = 0, TOX_EVENT_INVALID = 255 } Tox_Event_Type;
"""


def test_fields_from_getters():
    (event,) = events(describe(HEADER))
    assert (event.name, event.struct, event.type) == ("thing", "Tox_Event_Thing", "TOX_EVENT_THING")
    assert [(field.name, field.kind, field.limit) for field in event.fields] == [
        ("friend_number", "UINT32", 0),
        ("mood", "ENUM", 2),
        ("data", "BYTES", 0),
        ("public_key", "KEY", 32),
        ("ip", "TEXT", 0),
        ("position", "UINT64", 0),
        ("count", "UINT16", 0),
    ]
    (data,) = (field for field in event.fields if field.name == "data")
    assert [function.name for function in data.length_getters] == [
        "tox_event_thing_get_data_length",
        "tox_event_thing_get_length",
    ]


@pytest.mark.parametrize(
    ("text", "replacement", "message"),
    [
        ("Tox_Mood mood, ", "", "does not take what"),
        ("TOX_MOOD_BAD", "TOX_MOOD_BAD = 7", "has gaps"),
        ("TOX_EVENT_THING = 0", "TOX_EVENT_THING = 1", "are not 0, 1, 2"),
        ("public_key", "private_key", "neither a length nor a known size"),
    ],
)
def test_headers_that_do_not_fit_are_refused(text, replacement, message):
    assert text in HEADER
    with pytest.raises(ValueError, match=message):
        events(describe(HEADER.replace(text, replacement)))


@pytest.fixture(scope="module")
def api():
    return describe_header(ROOT / "include" / "toxcore.h")


def test_every_function_is_generated_or_written_by_hand(api):
    text = source(api)
    names = {name for name in api.functions if name.startswith(EVENTS)} - {"tox_event_type_to_string"}
    for name in names:
        assert (f"{name}(" in text) == (name not in BY_HAND), name
    by_hand = (ROOT / "cbindings" / "events.c").read_text()
    assert names >= BY_HAND and all(f"{name}(" in by_hand for name in BY_HAND)


def test_a_function_without_a_rule_is_refused(api):
    more = describe_header(ROOT / "include" / "toxcore.h")
    more.functions["tox_events_shuffle"] = more.functions["tox_events_free"]
    with pytest.raises(ValueError, match=r"no rule for.*tox_events_shuffle"):
        source(more)


def test_the_numbers_of_kinds_are_those_of_the_packed_form(api):
    """By the documentation of c-toxcore's enum; other programs have them on disk."""
    found = {event.name: event.number for event in events(api)}
    assert len(found) == 40
    assert (found["self_connection_status"], found["friend_message"], found["group_moderation"]) == (0, 8, 38)
    assert "#define TOXPY_EVENT_KINDS 40\n" in structs_source(api)
