"""The generated files are what the header says, and the generator reads headers right."""

import re
import sys

import pytest

from tests.support.prefix import ROOT

sys.path.insert(0, str(ROOT / "cbindings"))

from classify import PARTS as PART_OF_PREFIX
from classify import SPECIAL as BY_HAND
from classify import fallback, part_of, plan, sentinel
from describe import describe, describe_header
from generate import built, committed
from generate_python import class_name, event_callbacks, event_fields

import toxpy
from toxpy.core import PARTS
from toxpy.generated import enums, events, typed_enums, typed_events


@pytest.fixture(scope="module")
def api():
    return describe_header(ROOT / "include" / "toxcore.h")


def test_committed_files_are_current(api):
    """When this fails: python cbindings/generate.py."""
    stale = [path.name for path, text in committed(api).items() if path.read_text() != text]
    assert stale == []


def test_every_enumerator_and_constant_is_in_enums(api):
    for values in [api.macros, *api.enums.values()]:
        for name, value in values.items():
            assert getattr(enums, name) == value


def test_every_callback_has_its_event(api):
    callbacks = event_callbacks(api)
    assert [kind.__name__ for kind in events.ALL] == [class_name(callback) for callback in callbacks]
    for index, (kind, callback) in enumerate(zip(events.ALL, callbacks, strict=True)):
        assert kind.callback_index == index
        assert list(kind.__slots__) == [field.name for field in event_fields(callback)]


def test_every_event_has_its_typed_form():
    for kind in events.ALL:
        assert hasattr(typed_events, kind.__name__) and kind in typed_events._CONVERTERS


def test_what_the_header_does_not_know_stays_as_it_is():
    event = events.Event()
    assert typed_events.from_core(event) is event


def test_unknown_numbers_of_files():
    def converted(kind, size):
        event = typed_events.from_core(events.FileRecv(1, 2, kind, size, b"a\xff"))
        assert event.filename == "a\ufffd"
        return event.kind, event.file_size

    assert converted(enums.TOX_FILE_KIND_AVATAR, 5) == (typed_enums.FileKind.AVATAR, 5)
    assert converted(77, 2**64 - 1) == (77, None)


def test_public_names_are_where_they_are_said_to_be():
    for name in toxpy.__all__:
        assert getattr(toxpy, name) is not None
    assert {"Tox", "FriendMessage", "Connection"} <= set(toxpy.__all__) <= set(dir(toxpy))
    assert not hasattr(toxpy, "to_text")


def test_events_carry_fields_and_owner():
    event = events.FriendMessage(3, enums.TOX_MESSAGE_TYPE_ACTION, b"waves", owner="friend")
    assert (event.friend_number, event.type, event.message, event.owner) == (3, 1, b"waves", "friend")
    assert event == events.FriendMessage(3, 1, b"waves") != events.FriendMessage(4, 1, b"waves")
    assert repr(event) == "FriendMessage(friend_number=3, type=1, message=b'waves')"
    assert not hasattr(event, "__dict__")


SMALL = """
#ifndef SMALL_H
#define SMALL_H
#ifdef __cplusplus
extern "C" {
#endif
/* a comment with ; and { */
#define TOX_KEY_SIZE 32 // bytes
#define TOX_TWO_KEYS (2 * TOX_KEY_SIZE)
#define TOX_NOTHING
typedef uint32_t Tox_Friend_Number;
typedef uint8_t Tox_Key[TOX_KEY_SIZE];
typedef struct Tox Tox;
typedef enum Tox_Kind { TOX_KIND_A, TOX_KIND_B = 0x10, TOX_KIND_C } Tox_Kind;
typedef enum Tox_Err_Thing {
    TOX_ERR_THING_OK, TOX_ERR_THING_NULL, TOX_ERR_THING_FRIEND_NOT_FOUND
} Tox_Err_Thing;
typedef void tox_thing_cb(Tox *tox, Tox_Friend_Number friend_number, const uint8_t *data, size_t length,
                          const Tox_Key key, void *user_data);
void tox_callback_thing(Tox *tox, tox_thing_cb *callback);
uint32_t tox_thing(Tox *tox, const Tox_Key key, const uint8_t message[], size_t length, Tox_Kind kind,
                   Tox_Err_Thing *error);
size_t tox_thing_get_name_size(const Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Thing *error);
bool tox_thing_get_name(const Tox *tox, Tox_Friend_Number friend_number, uint8_t *name, Tox_Err_Thing *error);
void tox_thing_get_list(const Tox *tox, uint32_t *numbers);
struct Tox_Pair { bool first; const char *second; };
#ifdef __cplusplus
}
#endif
#endif
"""


def test_describing_a_small_header():
    small = describe(SMALL)
    assert small.macros == {"TOX_KEY_SIZE": 32, "TOX_TWO_KEYS": 64}
    assert small.enums["Tox_Kind"] == {"TOX_KIND_A": 0, "TOX_KIND_B": 16, "TOX_KIND_C": 17}
    assert [param.name for param in small.structs["Tox_Pair"]] == ["first", "second"]
    thing = small.functions["tox_thing"]
    assert thing.error is not None and thing.error.name == "error"
    assert thing.params[1].type.array == 32 and thing.params[1].type.const
    assert thing.params[4].type.is_enum
    assert [field.name for field in event_fields(small.callbacks["tox_thing_cb"])] == [
        "friend_number",
        "data",
        "key",
    ]


def test_planning_by_parameter_type():
    small = describe(SMALL)
    planned = {item.function.name: item for item in plan(small)}
    thing = planned["tox_thing"]
    assert [(kind, param.name, length) for kind, param, length in thing.inputs] == [
        ("fixed", "key", 32),
        ("data", "message", "length"),
        ("value", "kind", 0),
    ]
    assert (sentinel(thing.function), fallback(small, thing.function)) == (
        "UINT32_MAX",
        "TOX_ERR_THING_FRIEND_NOT_FOUND",
    )
    size, name = planned["tox_thing_get_name_size"], planned["tox_thing_get_name"]
    assert size.sized and size.method == name.method == "thing_get_name"
    assert name.output is not None and name.output.name == "name"
    assert planned["tox_thing_get_list"].output is not None
    assert planned["tox_callback_thing"].kind == "callback"


def test_functions_fail_with_what_their_comment_says(api):
    """Also those that answer without Python, because their subsystem is not there."""
    header = (ROOT / "include" / "toxcore.h").read_text()
    answers = {item.function.name: sentinel(item.function) for item in plan(api)}
    text = r"(?:(?!\*/).)*?"
    rule = rf"/\*\*{text}\b(?:or (-1|\w+_MAX)\.|(\w+_MAX) on error){text}\*/\n\w[\w ]*?\b(\w+)\("
    said = {name: either or on_error for either, on_error, name in re.findall(rule, header, re.S)}
    assert said == {name: answers[name] for name in said}
    assert len([name for name in said if name.startswith("toxav_")]) == 5 and len(said) >= 20


def test_functions_belong_to_the_part_of_the_longest_prefix(api):
    assert part_of("tox_self_get_name") == "user"
    assert part_of("tox_self_get_friend_list_size") == "friends"
    assert part_of("tox_self_get_udp_port") == part_of("tox_bootstrap") == "network"
    assert part_of("tox_group_new") == "groups"
    assert part_of("tox_get_savedata") == ""
    methods = {(item.part, item.method) for item in plan(api) if item.kind == "core"}
    # messages with ids and those for friends who are away are Python's alone
    of_c = {part: kind for part, kind in PARTS.items() if part not in ("messages", "offline")}
    assert set(of_c) == set(PART_OF_PREFIX.values())
    for part, kind in of_c.items():
        named = {name for name in vars(kind) if {name, "tox_" + name} & api.functions.keys()}
        assert named and named - {*BY_HAND} <= {method for own, method in methods if own == part}


def test_the_glue_of_the_whole_header(api):
    """Every function is planned, and what is generated for Python compiles."""
    text = built(api)
    compile(text["_toxcore_glue.py"], "_toxcore_glue.py", "exec")
    for name in api.functions:
        assert f"    {name};\n" in text["exports.map"]


def test_which_answers_are_remembered(api):
    """No secrets, nothing that changes by itself; a call that changes something says so before and after."""
    text = built(api)["api_generated.c"]
    parts = {name: text.partition(f" {name}(")[2].partition("\n}\n")[0] for name in api.functions}
    bodies = {name: body for name, body in parts.items() if body}
    for name in ("tox_self_get_secret_key", "tox_group_get_password", "tox_netprof_get_packet_total_count"):
        assert "toxpy_recall" not in bodies[name]
    assert "toxpy_recall" in bodies["tox_self_get_public_key"]
    assert "toxpy_begin" not in bodies["tox_self_get_public_key"]
    changes = [name for name, body in bodies.items() if "toxpy_begin" in body]
    assert {"tox_self_set_name", "tox_friend_send_message", "tox_bootstrap"} <= set(changes)
    for name in changes:
        before, _, after = bodies[name].partition(" py_")
        assert (before.count("toxpy_begin("), after.count("toxpy_end")) == (1, 1)


def test_threads_for_sound_and_pictures_wait_for_nobody(api):
    """Their calls take no lock and make no version; those of a ToxAV are addressed by its Tox."""
    text = built(api)
    glue, c = text["_toxcore_glue.py"], text["api_generated.c"]
    assert "calls_of_media[tox].toxav_audio_send_frame(friend_number, pcm, sample_count" in glue
    assert "bare[tox].conference_audio.toxav_group_send_audio(" in glue
    assert "shared(tox).conference_audio.toxav_groupchat_enable_av(" in glue
    assert " calls[tox].toxav_call(friend_number, audio_bit_rate, video_bit_rate)" in glue
    body = c.partition(" toxav_video_send_frame(")[2].partition("\n}\n")[0]
    assert "toxpy_begin" not in body and "toxpy_end_media((uintptr_t)tox);" in body
    assert "Tox *tox = toxpy_tox_of(av);" in body and "(uintptr_t)y" in body
    body = c.partition(" toxav_call(")[2].partition("\n}\n")[0]
    assert "toxpy_begin((uintptr_t)tox);" in body and "toxpy_end((uintptr_t)tox);" in body
