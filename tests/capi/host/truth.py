"""A Python host that asks the C library and, behind its back, the cores: `truth.py LIBRARY HOST SEED STEPS`.

Two friends do things in random order; after every step, in every callback and at every line of the log
each getter must answer what the core itself says, and so must its second answer, which comes from C.
"""

import ctypes as c
import random
import sys
import time

LIBRARY, HOST, SEED, STEPS = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3]), int(sys.argv[4])
rng = random.Random(SEED)
lib = c.CDLL(LIBRARY)
TOX = c.c_void_p
MAX_FRIENDS = 6
PACE_S = 0.002


def function(name, result, *arguments):
    made = getattr(lib, "tox_" + name)
    made.restype, made.argtypes = result, arguments
    return made


u8, u16, u32, u64, size, flag = c.c_uint8, c.c_uint16, c.c_uint32, c.c_uint64, c.c_size_t, c.c_bool
data, error = c.c_char_p, c.POINTER(c.c_int)
options_new = function("options_new", c.c_void_p, c.c_void_p)
options_free = function("options_free", None, c.c_void_p)
set_lan = function("options_set_local_discovery_enabled", None, c.c_void_p, flag)
set_log = function("options_set_log_callback", None, c.c_void_p, c.c_void_p)
tox_new = function("new", TOX, c.c_void_p, error)
tox_kill = function("kill", None, TOX)
iterate = function("iterate", None, TOX, c.c_void_p)
interval = function("iteration_interval", u32, TOX)
bootstrap = function("bootstrap", flag, TOX, data, u16, data, error)
set_name = function("self_set_name", flag, TOX, data, size, error)
set_message = function("self_set_status_message", flag, TOX, data, size, error)
set_status = function("self_set_status", None, TOX, c.c_int)
set_nospam = function("self_set_nospam", None, TOX, u32)
set_typing = function("self_set_typing", flag, TOX, u32, flag, error)
add = function("friend_add_norequest", u32, TOX, data, error)
delete = function("friend_delete", flag, TOX, u32, error)
send_message = function("friend_send_message", u32, TOX, u32, c.c_int, data, size, error)
send_lossy = function("friend_send_lossy_packet", flag, TOX, u32, data, size, error)
send_lossless = function("friend_send_lossless_packet", flag, TOX, u32, data, size, error)
file_send = function("file_send", u32, TOX, u32, u32, u64, data, data, size, error)
file_control = function("file_control", flag, TOX, u32, u32, c.c_int, error)

#: of the instance: name, result, size of the output (its own getter says it when 0, none when -1), what the
#: core says
OWN = [
    ("self_get_address", None, 38, lambda core: core.user.self_get_address()),
    ("self_get_public_key", None, 32, lambda core: core.user.self_get_public_key()),
    ("self_get_secret_key", None, 32, lambda core: core.user.self_get_secret_key()),
    ("self_get_dht_id", None, 32, lambda core: core.network.self_get_dht_id()),
    ("self_get_nospam", u32, -1, lambda core: core.user.self_get_nospam()),
    ("self_get_name_size", size, -1, lambda core: len(core.user.self_get_name())),
    ("self_get_name", None, 0, lambda core: core.user.self_get_name()),
    ("self_get_status_message_size", size, -1, lambda core: len(core.user.self_get_status_message())),
    ("self_get_status_message", None, 0, lambda core: core.user.self_get_status_message()),
    ("self_get_status", c.c_int, -1, lambda core: core.user.self_get_status()),
    ("self_get_connection_status", c.c_int, -1, lambda core: core.network.self_get_connection_status()),
    ("self_get_friend_list_size", size, -1, lambda core: len(core.friends.self_get_friend_list())),
    ("self_get_udp_port", u16, -1, lambda core: core.network.self_get_udp_port()),
]
#: of a friend: name, result, size of the output, what the core says
FRIENDS = [
    ("friend_get_public_key", flag, 32, lambda core, n: core.friends.friend_get_public_key(n)),
    ("friend_get_name_size", size, -1, lambda core, n: len(core.friends.friend_get_name(n))),
    ("friend_get_name", flag, 0, lambda core, n: core.friends.friend_get_name(n)),
    (
        "friend_get_status_message_size",
        size,
        -1,
        lambda core, n: len(core.friends.friend_get_status_message(n)),
    ),
    ("friend_get_status_message", flag, 0, lambda core, n: core.friends.friend_get_status_message(n)),
    ("friend_get_status", c.c_int, -1, lambda core, n: core.friends.friend_get_status(n)),
    (
        "friend_get_connection_status",
        c.c_int,
        -1,
        lambda core, n: core.friends.friend_get_connection_status(n),
    ),
    ("friend_get_typing", flag, -1, lambda core, n: core.friends.friend_get_typing(n)),
]
HAS_ERROR = {"self_get_udp_port"}
friend_exists = function("friend_exists", flag, TOX, u32)
friend_list = function("self_get_friend_list", None, TOX, c.c_void_p)
for getter, result, room, _ in OWN:
    out, failure = [c.c_void_p] if room >= 0 else [], [error] if getter in HAS_ERROR else []
    function(getter, result, TOX, *out, *failure)
for getter, result, room, _ in FRIENDS:
    function(getter, result, TOX, u32, *([c.c_void_p] if room >= 0 else []), error)

buffer = c.create_string_buffer(4096)
asked = compared = 0


def ask(getter, room, tox, *arguments):
    """What C answers: bytes or a number; None for an error."""
    call = getattr(lib, "tox_" + getter)
    failure = c.c_int(0)
    more = [failure] if arguments or getter in HAS_ERROR else []
    c.memset(buffer, 0xA5, len(buffer))
    if room < 0:
        answer = call(tox, *arguments, *more)
        return None if failure.value else answer
    call(tox, *arguments, buffer, *more)
    if failure.value:
        assert set(buffer.raw) == {0xA5}, f"{getter} wrote something although it failed"
        return None
    length = room
    if not room:
        while_sized = getattr(lib, f"tox_{getter}_size")
        length = while_sized(tox, *arguments, *more)
    assert set(buffer.raw[length:]) == {0xA5}, f"{getter} wrote more than {length} bytes"
    return buffer.raw[:length]


def truth(say, *arguments):
    try:
        return say(*arguments)
    except sys.modules["toxpy.errors"].ToxError:
        return None


def compare(tox):
    """Ask everything twice."""
    global asked, compared
    core = live[tox]
    # never longer than the core says just before or just after
    before_ms, interval_ms = core.iteration_interval(), interval(tox)
    assert 1 <= interval_ms <= max(before_ms, core.iteration_interval()), (before_ms, interval_ms)
    for again in (1, 2):
        for getter, _result, room, say in OWN:
            # a chosen few: what was remembered at other moments stays in the table
            if rng.random() < 0.7:
                said, true = ask(getter, room, tox), truth(say, core)
                assert said == true, (getter, again, said, true)
                asked += 1
        for number in range(MAX_FRIENDS + 1):
            assert friend_exists(tox, number) == core.friends.friend_exists(number)
            for getter, _result, room, say in FRIENDS:
                if rng.random() < 0.3:
                    said, true = ask(getter, room, tox, number), truth(say, core, number)
                    assert said == true, (getter, number, again, said, true)
                    asked += 1
        numbers = (c.c_uint32 * (MAX_FRIENDS + 8))()
        friend_list(tox, numbers)
        true_numbers = core.friends.self_get_friend_list()
        assert list(numbers[: len(true_numbers)]) == true_numbers
        assert set(numbers[len(true_numbers) :]) <= {0}
    compared += 1


failures = []
called = {}


def checked(what, tox):
    """In a callback: an exception must not get lost in ctypes."""
    called[what] = called.get(what, 0) + 1
    try:
        if tox in live:
            compare(tox)
            if rng.random() < 0.3:
                act(tox)
                compare(tox)
    except (AssertionError, LookupError, TypeError, NameError) as problem:
        failures.append((what, problem))


CALLBACKS = {
    "self_connection_status": [c.c_int],
    "friend_name": [u32, c.c_void_p, size],
    "friend_status_message": [u32, c.c_void_p, size],
    "friend_status": [u32, c.c_int],
    "friend_connection_status": [u32, c.c_int],
    "friend_typing": [u32, flag],
    "friend_read_receipt": [u32, u32],
    "friend_message": [u32, c.c_int, c.c_void_p, size],
    "friend_lossy_packet": [u32, c.c_void_p, size],
    "friend_lossless_packet": [u32, c.c_void_p, size],
    "file_recv": [u32, u32, u32, u64, c.c_void_p, size],
    "file_recv_control": [u32, u32, c.c_int],
    "file_chunk_request": [u32, u32, u64, size],
}
kept = []


def listen(tox):
    for name, parameters in CALLBACKS.items():
        kind = c.CFUNCTYPE(None, TOX, *parameters, c.c_void_p)
        kept.append(kind(lambda tox, *_rest, name=name: checked(name, tox)))
        function("callback_" + name, None, TOX, kind)(tox, kept[-1])


def start():
    options = options_new(None)
    set_lan(options, False)
    kind = c.CFUNCTYPE(None, TOX, c.c_int, data, u32, data, data, c.c_void_p)
    kept.append(kind(lambda tox, *_rest: on_log(tox)))
    set_log(options, c.cast(kept[-1], c.c_void_p))
    tox = tox_new(options, None)
    options_free(options)
    assert tox
    return tox


inside_log = False


def on_log(tox):
    """Getters only: whoever logs may be in the middle of something."""
    global inside_log
    if inside_log or rng.random() > 0.2:
        return
    inside_log = True
    called["log"] = called.get("log", 0) + 1
    try:
        if tox in live:
            compare(tox)
    except (AssertionError, LookupError, TypeError, NameError) as problem:
        failures.append(("log", problem))
    finally:
        inside_log = False


def text(longest):
    return bytes(rng.randrange(97, 123) for _ in range(rng.choice([0, 1, 5, longest - 1, longest])))


def strangers_key():
    return bytes([rng.randrange(1, 4)]) + bytes(30) + b"\x09"


def act(tox):
    """One random call."""
    friend = 0 if rng.random() < 0.7 else rng.randrange(MAX_FRIENDS)
    packet = bytes([rng.choice([160, 200])]) + text(500)
    message = text(1300) or b"x"
    name, status_message = text(128), text(1007)
    file = rng.choice([0, 1 << 16])
    rng.choice(
        [
            lambda: set_name(tox, name, len(name), None),
            lambda: set_message(tox, status_message, len(status_message), None),
            lambda: set_status(tox, rng.randrange(4)),
            lambda: set_nospam(tox, rng.randrange(2**32)),
            lambda: set_typing(tox, friend, rng.random() < 0.5, None),
            lambda: add(tox, strangers_key(), None),
            lambda: delete(tox, rng.randrange(1, MAX_FRIENDS), None),
            lambda: send_message(tox, friend, 0, message, len(message), None),
            lambda: send_lossy(tox, friend, packet, len(packet), None),
            lambda: send_lossless(tox, friend, packet, len(packet), None),
            lambda: file_send(tox, friend, 0, 1000, None, b"name", 4, None),
            lambda: file_control(tox, friend, file, rng.randrange(3), None),
            lambda: interval(tox),
        ]
    )()


live = {}
toxes = [start(), start()]
live = sys.modules["toxpy.capi_instances"].live

a, b = toxes
for tox in toxes:
    listen(tox)
keys = [live[tox].user.self_get_public_key() for tox in toxes]
add(a, keys[1], None)
add(b, keys[0], None)
port, dht_id = live[b].network.self_get_udp_port(), live[b].network.self_get_dht_id()
assert bootstrap(a, HOST, port, dht_id, None)
online, steps, deadline = False, 0, time.monotonic() + 90
while steps < STEPS and not failures:
    assert time.monotonic() < deadline, called
    tox = rng.choice(toxes)
    if rng.random() < 0.6:
        iterate(tox, None)
    elif online:
        act(tox)
    compare(tox)
    online = online or all(core.friends.friend_get_connection_status(0) for core in live.values())
    steps += online
    if not online or rng.random() < 0.1:
        time.sleep(PACE_S)
# a friend who is deleted, and instances that end, leave nothing behind
delete(a, 0, None)
compare(a)
for tox in toxes:
    tox_kill(tox)
    assert ask("self_get_name_size", -1, tox) == 0
    assert ask("friend_get_name_size", -1, tox, 0) is None
assert not failures, failures[0]
print("ok", asked, compared, *sorted(called))
