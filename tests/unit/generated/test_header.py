"""include/toxcore.h: it compiles everywhere, declares the API only, and keeps c-toxcore's numbers.

`vectors/symbols_all.txt` has the names that c-toxcore 0.2.18, 0.2.20 and 0.2.23 export, and
`vectors/enumerators_0.2.18.txt` what a C program compiled with the headers of Debian's
libtoxcore-dev 0.2.18 prints for every enumerator and constant in them.
"""

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from pycparser import c_ast, c_parser

ROOT = Path(__file__).parents[3]
INCLUDE = ROOT / "include"
VECTORS = ROOT / "tests" / "vectors"

LANGUAGES = {"c": ["cc", "-std=c99", "-xc"], "c++": ["c++", "-std=c++17", "-xc++"]}
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", f"-I{INCLUDE}"]

#: what programs include: Debian's package and an installation of 0.2.23 together
THIN = {
    "tox.h",
    "tox_attributes.h",
    "tox_dispatch.h",
    "tox_event.h",
    "tox_events.h",
    "tox_log_level.h",
    "tox_options.h",
    "tox_private.h",
    "toxav.h",
    "toxencryptsave.h",
}
HEADERS = ["toxcore.h", *(f"tox/{name}" for name in sorted(THIN))]

#: numbers that are not those of 0.2.18, because 0.2.23 changed them
CHANGED = {"TOX_VERSION_PATCH": 23, "TOX_MAX_FRIEND_REQUEST_LENGTH": 921}

#: offsets in struct Tox_Options on a 64-bit machine: up to 64 those of 0.2.18, all of them those of 0.2.23
OFFSETS = {
    "ipv6_enabled": 0,
    "udp_enabled": 1,
    "local_discovery_enabled": 2,
    "dht_announcements_enabled": 3,
    "proxy_type": 4,
    "proxy_host": 8,
    "proxy_port": 16,
    "start_port": 18,
    "end_port": 20,
    "tcp_port": 22,
    "hole_punching_enabled": 24,
    "savedata_type": 28,
    "savedata_data": 32,
    "savedata_length": 40,
    "log_callback": 48,
    "log_user_data": 56,
    "experimental_thread_safety": 64,
    "experimental_groups_persistence": 65,
    "experimental_disable_dns": 66,
    "experimental_owned_data": 67,
    "owned_savedata_data": 72,
    "owned_proxy_host": 80,
}

#: the standard headers as far as pycparser needs them
FAKES = {
    "stdbool.h": "typedef _Bool bool;\n",
    "stddef.h": "typedef unsigned long size_t;\n",
    "stdint.h": "".join(
        f"typedef {sign} {kind} {prefix}{bits}_t;\n"
        for bits, kind in ((8, "char"), (16, "short"), (32, "int"), (64, "long"))
        for sign, prefix in (("signed", "int"), ("unsigned", "uint"))
    ),
}


def compile_text(text, language, *flags):
    """What the compiler has to say about a program: nothing, if all is well."""
    command = [*LANGUAGES[language], *STRICT, *flags, "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False).stderr


def run_c(tmp_path, text):
    """The words on each line that a C program prints."""
    program = tmp_path / "program"
    subprocess.run(["cc", f"-I{INCLUDE}", "-xc", "-o", str(program), "-"], input=text, text=True, check=True)
    lines = subprocess.check_output([str(program)], text=True).splitlines()
    return dict(line.split() for line in lines)


def numbers(names_and_expressions):
    """A C program that prints one number per name."""
    prints = "".join(
        f'    printf("{name} %lld\\n", (long long)({expression}));\n'
        for name, expression in names_and_expressions
    )
    return f"#include <stdio.h>\n#include <toxcore.h>\nint main(void)\n{{\n{prints}    return 0;\n}}\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The header as pycparser sees it behind the real preprocessor."""
    fakes = tmp_path_factory.mktemp("fakes")
    for name, text in FAKES.items():
        (fakes / name).write_text(text)
    command = ["cc", "-E", "-P", "-nostdinc", f"-I{fakes}", str(INCLUDE / "toxcore.h")]
    return c_parser.CParser().parse(subprocess.check_output(command, text=True))


def declared(tree):
    """The names of all functions, as often as they are declared."""
    declarations = (node for node in tree.ext if isinstance(node, c_ast.Decl))
    return [node.name for node in declarations if isinstance(node.type, c_ast.FuncDecl)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("header", HEADERS)
def test_compiles_alone_and_twice(header, language):
    text = f"#include <{header}>\n#include <{header}>\nTox *tox_of_this_test;\n"
    assert compile_text(text, language) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiles_together_and_without_what_is_deprecated(language):
    text = "".join(f"#include <{header}>\n" for header in reversed(HEADERS))
    assert compile_text(text, language) == ""
    assert compile_text(text, language, "-DTOX_HIDE_DEPRECATED") == ""


def test_thin_headers_are_those_that_programs_include():
    assert {path.name for path in (INCLUDE / "tox").iterdir()} == THIN


#: what only this library has
OURS = [
    "tox_callback_friend_handshake_downgrade",
    "tox_endpoint_type_to_string",
    "tox_err_friend_set_endpoint_to_string",
    "tox_err_friend_set_handshake_to_string",
    "tox_friend_get_handshake",
    "tox_friend_get_handshake_pin",
    "tox_friend_get_handshake_policy",
    "tox_friend_get_offline_reason",
    "tox_friend_get_offline_reason_age",
    "tox_friend_get_safety_number",
    "tox_friend_offline_reason_to_string",
    "tox_friend_set_endpoint",
    "tox_friend_set_handshake",
    "tox_handshake_mode_to_string",
    "tox_handshake_policy_to_string",
    "tox_handshake_version_to_string",
    "tox_network_type_to_string",
    "tox_options_get_experimental_config_file",
    "tox_options_get_experimental_endpoint_type",
    "tox_options_get_experimental_handshake_mode",
    "tox_options_get_experimental_offline_messages",
    "tox_options_get_experimental_only_networks",
    "tox_options_set_experimental_config_file",
    "tox_options_set_experimental_endpoint",
    "tox_options_set_experimental_handshake_mode",
    "tox_options_set_experimental_offline_messages",
    "tox_options_set_experimental_only_networks",
    "tox_self_get_endpoint",
    "tox_self_get_endpoint_size",
]


def test_every_exported_name_is_declared_once_and_nothing_more(tree):
    expected = (VECTORS / "symbols_all.txt").read_text().split()
    assert len(expected) == 665
    assert Counter(declared(tree)) == Counter(expected + OURS)


def test_numbers_are_those_of_0_2_18(tmp_path):
    lines = (VECTORS / "enumerators_0.2.18.txt").read_text().splitlines()
    expected = {name: int(value) for name, value in map(str.split, lines)}
    assert expected.keys() >= CHANGED.keys()
    ours = run_c(tmp_path, numbers((name, name) for name in expected))
    assert {name: int(value) for name, value in ours.items()} == expected | CHANGED


def test_options_have_the_layout_of_0_2_23(tmp_path):
    asked = [(name, f"offsetof(struct Tox_Options, {name})") for name in OFFSETS]
    ours = run_c(tmp_path, numbers([*asked, ("size", "sizeof(struct Tox_Options)")]))
    assert {name: int(value) for name, value in ours.items()} == OFFSETS | {"size": 88}


@pytest.mark.parametrize(
    ("version", "compatible"),
    [
        ((0, 2, 23), 1),
        ((0, 2, 18), 1),
        ((0, 2, 0), 1),
        ((0, 2, 24), 0),
        ((0, 1, 0), 0),
        ((0, 3, 0), 0),
        ((1, 2, 23), 0),
        ((1, 0, 0), 0),
    ],
)
def test_version_macro(version, compatible):
    condition = "TOX_VERSION_IS_API_COMPATIBLE({}, {}, {})".format(*version)
    text = f"#include <tox/tox.h>\n#if {condition} != {compatible}\n#error {condition}\n#endif\n"
    assert compile_text(text, "c") == ""


@pytest.mark.parametrize(
    ("ours", "version", "compatible"),
    [
        ((1, 4, 2), (1, 4, 2), 1),
        ((1, 4, 2), (1, 3, 9), 1),
        ((1, 4, 2), (1, 4, 3), 0),
        ((1, 4, 2), (1, 5, 0), 0),
        ((1, 4, 2), (2, 0, 0), 0),
        ((0, 0, 7), (0, 0, 7), 1),
        ((0, 0, 7), (0, 0, 6), 0),
    ],
)
def test_version_macro_of_other_versions(ours, version, compatible):
    condition = "TOX_VERSION_IS_API_COMPATIBLE({}, {}, {})".format(*version)
    numbers_of_ours = "".join(
        f"#undef TOX_VERSION_{part}\n#define TOX_VERSION_{part} {value}\n"
        for part, value in zip(("MAJOR", "MINOR", "PATCH"), ours, strict=True)
    )
    check = f"#if {condition} != {compatible}\n#error {condition}\n#endif\n"
    text = f"#include <toxcore.h>\n{numbers_of_ours}{check}"
    assert compile_text(text, "c") == ""


#: as programs for 0.2.18 are written: options as a variable, upper-case type names, plain uint32_t numbers
WRITTEN_FOR_0_2_18 = """
#include <string.h>
#include <tox/tox.h>
#include <tox/tox_events.h>
#include <tox/toxav.h>
#include <tox/toxencryptsave.h>

static void on_message(Tox *tox, uint32_t friend_number, TOX_MESSAGE_TYPE type, const uint8_t *message,
                       size_t length, void *user_data)
{
    TOX_ERR_FRIEND_SEND_MESSAGE error;
    (void)user_data;
    tox_friend_send_message(tox, friend_number, type, message, length, &error);
}

static void on_file(Tox *tox, uint32_t friend_number, uint32_t file_number, uint32_t kind, uint64_t file_size,
                    const uint8_t *filename, size_t filename_length, void *user_data)
{
    TOX_FILE_KIND avatar = TOX_FILE_KIND_AVATAR;
    (void)file_size, (void)filename, (void)filename_length, (void)user_data;
    if (kind == (uint32_t)avatar) {
        TOX_ERR_FILE_CONTROL error;
        tox_file_control(tox, friend_number, file_number, TOX_FILE_CONTROL_CANCEL, &error);
    }
}

static void on_log(Tox *tox, TOX_LOG_LEVEL level, const char *file, uint32_t line, const char *func,
                   const char *message, void *user_data)
{
    (void)tox, (void)level, (void)file, (void)line, (void)func, (void)message, (void)user_data;
}

static void on_call(ToxAV *av, uint32_t friend_number, bool audio, bool video, void *user_data)
{
    TOXAV_ERR_ANSWER error;
    (void)user_data;
    toxav_answer(av, friend_number, audio ? 48 : 0, video ? 5000 : 0, &error);
}

int start(const uint8_t *save, size_t length);
int start(const uint8_t *save, size_t length)
{
    struct Tox_Options options;
    tox_options_default(&options);
    options.savedata_type = TOX_SAVEDATA_TYPE_TOX_SAVE;
    options.savedata_data = save;
    options.savedata_length = length;
    options.proxy_type = TOX_PROXY_TYPE_NONE;
    options.experimental_thread_safety = true;
    tox_options_set_log_callback(&options, on_log);
    tox_options_set_operating_system(&options, NULL);
    tox_options_set_proxy_host(&options, "");

    TOX_ERR_NEW error_new;
    Tox *tox = tox_new(&options, &error_new);
    uint8_t address[TOX_ADDRESS_SIZE], id[TOX_CONFERENCE_UID_SIZE];
    memset(address, 0, sizeof address);
    TOX_ERR_FRIEND_ADD error_add;
    uint32_t number = tox_friend_add(tox, address, (const uint8_t *)"hi", 2, &error_add);
    tox_conference_get_uid(tox, number, id);
    tox_callback_friend_message(tox, on_message);
    tox_callback_file_recv(tox, on_file);
    TOX_USER_STATUS status = tox_self_get_status(tox);
    TOX_CONNECTION connection = tox_self_get_connection_status(tox);

    TOXAV_ERR_NEW error_av;
    ToxAV *av = toxav_new(tox, &error_av);
    toxav_callback_call(av, on_call, NULL);
    TOXAV_FRIEND_CALL_STATE state = TOXAV_FRIEND_CALL_STATE_SENDING_A;
    TOX_ERR_ENCRYPTION error_encryption;
    uint8_t encrypted[1 + TOX_PASS_ENCRYPTION_EXTRA_LENGTH];
    tox_pass_encrypt(address, 1, id, 1, encrypted, &error_encryption);
    Tox_Events *events = NULL;
    uint32_t messages = tox_events_get_friend_message_size(events);
    const Tox_Event_Friend_Message *message = tox_events_get_friend_message(events, 0);
    return status == TOX_USER_STATUS_NONE && connection == TOX_CONNECTION_UDP && message != NULL
           && messages > 0 && (int)state > 0 && TOX_VERSION_IS_ABI_COMPATIBLE();
}
"""

#: as programs for 0.2.23 are written, groups, events and the less stable functions included
WRITTEN_FOR_0_2_23 = """
#define TOX_HIDE_DEPRECATED
#include <tox/tox.h>
#include <tox/tox_attributes.h>
#include <tox/tox_dispatch.h>
#include <tox/tox_events.h>
#include <tox/tox_options.h>
#include <tox/tox_private.h>
#include <tox/toxav.h>
#include <tox/toxencryptsave.h>

static void on_group_message(Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
                             Tox_Message_Type type, const uint8_t message[], size_t message_length,
                             Tox_Group_Message_Id message_id, void *_Nullable user_data)
{
    Tox_Err_Group_Send_Private_Message error;
    (void)user_data, (void)message_id;
    tox_group_send_private_message(tox, group_number, peer_id, type, message, message_length, &error);
}

static void on_friend_message(const Tox_Event_Friend_Message *event, void *user_data)
{
    (void)user_data;
    (void)tox_event_friend_message_get_message(event)[tox_event_friend_message_get_message_length(event) - 1];
}

int start(const uint8_t *save, size_t length);
int start(const uint8_t *save, size_t length)
{
    Tox_Err_Options_New error_options;
    Tox_Options *options = tox_options_new(&error_options);
    tox_options_set_experimental_owned_data(options, true);
    tox_options_set_experimental_groups_persistence(options, true);
    tox_options_set_experimental_disable_dns(options, true);
    if (!tox_options_set_savedata_data(options, save, length)) {
        return 1;
    }
    Tox_Err_New error;
    Tox *tox = tox_new(options, &error);
    tox_options_free(options);
    Tox_Public_Key public_key;
    tox_self_get_public_key(tox, public_key);
    Tox_Err_Friend_Add error_add;
    Tox_Friend_Number friend_number = tox_friend_add_norequest(tox, public_key, &error_add);
    const char *text = tox_err_friend_add_to_string(error_add);
    Tox_File_Id file_id;
    Tox_Err_File_Get error_file;
    tox_file_get_file_id(tox, friend_number, 0, file_id, &error_file);
    tox_callback_group_message(tox, on_group_message);
    Tox_Err_Conference_Join error_join = TOX_ERR_CONFERENCE_JOIN_NULL;

    Tox_Err_Events_Iterate error_events;
    Tox_Dispatch *dispatch = tox_dispatch_new(NULL);
    tox_events_callback_friend_message(dispatch, on_friend_message);
    tox_events_init(tox);
    Tox_Iterate_Options *iterate_options = tox_iterate_options_new(NULL);
    Tox_Events *events = tox_events_iterate(tox, iterate_options, &error_events);
    tox_dispatch_invoke(dispatch, events, NULL);
    tox_events_free(events);
    uint64_t sent = tox_netprof_get_packet_total_bytes(
        tox, TOX_NETPROF_PACKET_TYPE_UDP, TOX_NETPROF_DIRECTION_SENT);
    Toxav *av = toxav_new(tox, NULL);
    toxav_kill(av);
    Tox_Pass_Salt salt = {0};
    Tox_Pass_Key *key = tox_pass_key_derive_with_salt(public_key, sizeof public_key, salt, NULL);
    tox_pass_key_free(key);
    return text == NULL || sent > 0 || error_join == TOX_ERR_CONFERENCE_JOIN_OK;
}
"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("program", [WRITTEN_FOR_0_2_18, WRITTEN_FOR_0_2_23], ids=["0.2.18", "0.2.23"])
def test_programs_for_either_version_compile(program, language):
    assert compile_text(program, language) == ""


def test_a_program_may_name_the_types_itself():
    """Headers of 0.2.18 let programs declare the opaque types first, in C99 too."""
    names = ("Tox", "ToxAV", "Tox_Pass_Key")
    own = "".join(f"typedef struct {name} {name};\n#define {name.upper()}_DEFINED\n" for name in names)
    assert compile_text(f"{own}#include <tox/toxav.h>\n#include <tox/toxencryptsave.h>\n", "c") == ""
