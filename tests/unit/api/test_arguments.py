"""What a program passes by mistake is an error in words: every method, every parameter, many bad values.

The methods are found, and the kinds of bad values follow from the annotations. A method whose parameter is
not in one of the tables fails: add it. An error counts as one in words when a `raise` of ours, or of an enum,
made it; what comes out of the depths (cffi, int.to_bytes, a missing attribute) does not.
"""

import asyncio
import inspect
import io
import linecache
import re

import pytest

import toxpy
from toxpy.handlers import Handlers
from toxpy.network.nodes import NodeAddress
from toxpy.options import FIELDS
from toxpy.tox import Tox

KEY = "AB" * 32
NOT_BYTES = [None, 5, "text", [1], object()]
NOT_TEXT = [None, 5, 1.5, ["text"], object()]
NOT_A_NUMBER = [None, "5", b"5", 1.5, [0], object(), True]
NOT_A_FLAG = [None, "no", 2, [], object()]
NOT_A_FUNCTION = [5, "print", [print]]
NOT_A_PATH = [None, 5, b"path", io.StringIO("text"), object()]
NOT_SECONDS = ["5", -1, float("nan"), float("inf"), [], True]
#: Bad values by the annotation of a parameter.
BAD = {
    "int": [*NOT_A_NUMBER, -1, 2**70],
    "int | None": [value for value in NOT_A_NUMBER if value is not None] + [-1, 2**70],
    "bool": NOT_A_FLAG,
    "bytes": NOT_BYTES,
    "bytes | None": [value for value in NOT_BYTES if value is not None],
    "str": NOT_TEXT,
    "str | None": [5, 1.5, ["text"], object()],
    "str | bytes": [*NOT_TEXT, "\udc80"],
    "str | bytes | None": [5, 1.5, ["text"], object(), "\udc80"],
    "str | bytes | PublicKey": [*NOT_TEXT, "", "AB", KEY + "A", "x" * 64, bytes(31)],
    "str | bytes | ToxId": [*NOT_TEXT, "", "AB", "AB" * 38, bytes(37)],
    "UserStatus | int": [None, "x", -1, 3, 2**70, []],
    "GroupLock | int": [None, "x", -1, 2, 2**70, []],
    "GroupPrivacy | int": [None, "x", -1, 2, 2**70, []],
    "GroupRole | int": [None, "x", -1, 4, 2**70, []],
    "GroupVoice | int": [None, "x", -1, 3, 2**70, []],
    "HandshakePolicy | int | str": [None, "x", -1, 3, 2**70, []],
    "MessageType | int": [None, "x", -1, 2, 2**70, []],
    "FileControl | int": [None, "x", -1, 3, 2**70, []],
    "CallControl | int": [None, "x", -1, 7, 2**70, []],
    "bool | int": [None, "5", 1.5, [0], object(), -1, 2**70],
    "bool | int | None": ["5", 1.5, [0], object(), -1, 2**70],
    "Picture": [None, 5, b"picture", object()],
    "Buffer | AudioFrame": [None, 5, 1.5, "sound", ["sound"], object(), b"odd"],
    "float | None": NOT_SECONDS,
    "Path": NOT_A_PATH[:4],
    "Path | BinaryIO": NOT_A_PATH,
    "ConferenceInvite": [None, 5, b"cookie", object()],
    "FileRecv": [None, 5, object()],
    "str | bytes | GroupInvite": [*NOT_TEXT, "\udc80", "AB", KEY + "A", bytes(31)],
    "GroupPeer | int": [*NOT_A_NUMBER, -1, 2**70],
    "FriendPart | int": [*NOT_A_NUMBER, -1, 2**70],
    "Iterable[bytes]": [None, 5, "text", b"x" * 16, [None], ["x" * 16], [b"short"], object()],
    "Iterable[ExtendedNode]": [None, 5, "nodes", [None], ["x.onion:1"], object()],
    "Iterable[NodeAddress]": [None, 5, "nodes", [None], ["host"], [("host", 1, KEY, 0)], object()],
    "type[E]": [None, 5, str, "FriendMessage"],
    "AudioHandler | None": NOT_A_FUNCTION,
    "CallHandler | None": NOT_A_FUNCTION,
    "PictureHandler | None": NOT_A_FUNCTION,
    "MessageHandler | None": NOT_A_FUNCTION,
    "TypedMessageHandler | None": NOT_A_FUNCTION,
    "PacketHandler | None": NOT_A_FUNCTION,
    "ConferenceAudioHandler | None": NOT_A_FUNCTION,
}
#: Good values by the name of a parameter, for the others of a call.
GOOD = {
    "address": toxpy.ToxId.build(KEY, 1),
    "conference_number": 0,
    "audio": True,
    "audio_bit_rate": 48,
    "bit_rate": 48,
    "channels": 1,
    "chat_id": bytes(32),
    "control": toxpy.FileControl.PAUSE,
    "cookie": bytes(35),
    "data": b"\xa0x",
    "file_id": bytes(32),
    "event": toxpy.FileRecv(0, 1 << 16, 0, 5, b"name"),
    "file_number": 0,
    "file_size": 5,
    "filename": "name",
    "friend_number": 0,
    "group": bytes(32),
    "group_number": 0,
    "handler": print,
    "host": "127.0.0.1",
    "id": bytes(32),
    "ids": [bytes(16)],
    "ignore": True,
    "invite_data": bytes(64),
    "ip": "127.0.0.1",
    "kind": toxpy.FriendTyping,
    "limit": 5,
    "lock": 0,
    "lossless": True,
    "max_offline": 5,
    "message": "hi",
    "name": "name",
    "nodes": [],
    "nospam": 1,
    "number": 0,
    "offline_peer_number": 0,
    "original": bytes(16),
    "own_name": "name",
    "packet_id": 160,
    "part_message": "bye",
    "password": "secret",
    "pcm": bytes(1920),
    "peer": 0,
    "peer_id": 0,
    "peer_number": 0,
    "picture": toxpy.Picture(2, 2, bytes(4), b"u", b"v"),
    "policy": "auto",
    "port": 33445,
    "position": 0,
    "privacy": 0,
    "public_key": KEY,
    "rate": 48000,
    "role": 2,
    "savedata": b"save",
    "sent_id": bytes(16),
    "source": __file__,
    "status": 0,
    "target": "target",
    "target_public_key": KEY,
    "title": "title",
    "topic": "topic",
    "typing": True,
    "uid": bytes(32),
    "unpin": False,
    "video": False,
    "video_bit_rate": 0,
    "voice": 0,
}
#: Bad values of some parameters besides.
ALSO_BAD = {
    ("call", "name"): [b"hash", "", "no such name", "__init__", "_core", "core", "handlers", "closed"],
}
ALSO_BAD["call", "name"] += ["close", "kill", "iterate", "events", "take_events", "load"]
#: Bad values of some parameters that a method has a good answer to.
FINE = {
    # nobody has that number
    ("friend_exists", "friend_number"): [-1, 2**70],
    ("current_call", "number"): [-1, 2**70],
}


def bad_values(name, parameter, annotation):
    is_function = annotation.startswith("Callable[") and annotation.endswith("| None")
    assert is_function or annotation in BAD, f"{name}: which values are no {annotation}? Add them to BAD"
    found = NOT_A_FUNCTION if is_function else BAD[annotation]
    fine = FINE.get((name, parameter), [])
    return [value for value in found if value not in fine] + ALSO_BAD.get((name, parameter), [])


def methods(kind):
    """Public methods and what can be set, with their parameters."""
    for name, member in inspect.getmembers(kind):
        if name.startswith("_") or name in ("core", "closed"):
            continue
        if isinstance(member, property):
            if member.fset is not None:
                yield name, list(inspect.signature(member.fset).parameters.values())[1:]
        elif callable(member):
            parameters = list(inspect.signature(getattr(kind, name)).parameters.values())
            is_static = isinstance(inspect.getattr_static(kind, name), staticmethod)
            wanted = parameters if is_static else parameters[1:]
            yield name, [p for p in wanted if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def cases(kind):
    """(method, parameter, annotation) for each parameter of each method."""
    return [
        pytest.param(name, parameter.name, parameter.annotation, id=f"{name}-{parameter.name}")
        for name, parameters in methods(kind)
        for parameter in parameters
    ]


def arguments(kind, name, wrong, value):
    """A call's arguments, positional and by name, all good but for one."""
    positional, by_name = [], {}
    for parameter in dict(methods(kind))[name]:
        if parameter.name == wrong:
            given = value
        elif parameter.default is parameter.empty:
            assert parameter.name in GOOD, f"{name}: what is a good {parameter.name}? Add it to GOOD"
            given = GOOD[parameter.name]
        else:
            continue
        if parameter.kind == parameter.KEYWORD_ONLY or parameter.default is not parameter.empty:
            by_name[parameter.name] = given
        else:
            positional.append(given)
    return positional, by_name


def check_words(error, what):
    """The error is of a kind that programs catch, and somebody wrote it."""
    assert isinstance(error, TypeError | ValueError | toxpy.ToxError), what
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno).strip()
    assert line.startswith("raise "), f"{what}: {type(error).__name__}: {error}, from {line!r}"
    assert re.search(r"\w+ \w+", str(error)), f"{what}: {error}"


@pytest.fixture(scope="module")
def tox():
    with Tox(local_discovery_enabled=False, ipv6_enabled=False) as made:
        made.friend_add_norequest(made.self_get_dht_id())
        made.conference_new()
        made.group_new("group", "name", 0)
        yield made


@pytest.mark.parametrize("name, wrong, annotation", cases(Tox))
def test_every_method_of_tox(tox, name, wrong, annotation, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for value in bad_values(name, wrong, annotation):
        positional, by_name = arguments(Tox, name, wrong, value)
        what = f"{name}({wrong}={value!r})"
        with pytest.raises(Exception) as caught:
            getattr(tox, name)(*positional, **by_name)
            pytest.fail(f"{what} raised nothing")
        check_words(caught.value, what)
    assert not tox.closed and tox.self_get_friend_list() == tox.conference_get_chatlist() == [0]
    assert tox.group_get_group_list() == [0]


ASYNC = [toxpy.AsyncTox, toxpy.Friend, toxpy.AsyncConference, toxpy.AsyncGroup, toxpy.GroupSettings]


@pytest.mark.parametrize("kind", ASYNC)
def test_every_method_of_async_tox(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def scene():
        async with (
            asyncio.timeout(60),
            toxpy.AsyncTox(local_discovery_enabled=False, ipv6_enabled=False) as made,
        ):
            friend = made.friend_add_norequest(made.sync.self_get_dht_id())
            conference = made.conference_new("title")
            group = await made.group_new("group", "name")
            targets = {
                toxpy.Friend: friend,
                toxpy.AsyncConference: conference,
                toxpy.AsyncGroup: group,
                toxpy.GroupSettings: group.settings,
            }
            target = targets.get(kind, made)
            for case in cases(kind):
                await check_async(kind, target, *case.values)
            assert not made.closed and made.sync.self_get_friend_list() == [0]

    asyncio.run(scene())


async def check_async(kind, target, name, wrong, annotation):
    for value in bad_values(name, wrong, annotation):
        positional, by_name = arguments(kind, name, wrong, value)
        what = f"{name}({wrong}={value!r})"
        with pytest.raises(Exception) as caught:
            if isinstance(inspect.getattr_static(kind, name), property):
                setattr(target, name, value)
            else:
                result = getattr(target, name)(*positional, **by_name)
                if inspect.isawaitable(result):
                    async with asyncio.timeout(2):
                        await result
            pytest.fail(f"{what} raised nothing")
        check_words(caught.value, what)


@pytest.mark.parametrize("field", FIELDS)
def test_every_option(field):
    good = getattr(toxpy.Options(), field)
    if isinstance(good, bool):
        bad = NOT_A_FLAG
    elif field == "proxy_type":
        bad = [None, "socks5", -1, 3]
    elif isinstance(good, int):
        bad = [*NOT_A_NUMBER, -1, 65536, 2**70]
    else:
        bad = {
            "proxy_host": [5, ["host"]],
            "endpoint": [5, "tor", ("tor", "127.0.0.1:9051"), object()],
            "only_networks": [5, print, "onion", {"onion"}, {9}, {255}, [None]],
            "savedata_data": NOT_BYTES,
            "log_callback": NOT_A_FUNCTION,
            "capabilities": [None, 5, print, ["print"], [None], "print"],
        }[field]
    for value in bad:
        for make in (
            lambda: Tox(**{field: value}),  # noqa: B023 -- called at once
            lambda: Tox(toxpy.Options(**{field: value})),  # noqa: B023
            lambda: toxpy.AsyncTox(**{field: value}).close(),  # noqa: B023
        ):
            if field in ("proxy_type", "savedata_type") and isinstance(value, int):
                # a ToxError of the start
                continue
            with pytest.raises(Exception) as caught:
                make()
            check_words(caught.value, f"{field}={value!r}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"savedata": "text"},
        {"savedata": None},
        {"options": 5},
        {"profile": "alice.tox"},
        {"nonsense": 1},
        {"proxy_type": 3},
        {"savedata_type": 3, "savedata_data": b"x"},
    ],
)
def test_what_a_tox_is_made_with(wrong):
    with pytest.raises(Exception) as caught:
        Tox(**wrong)
    check_words(caught.value, repr(wrong))


def test_no_value_that_may_be_secret_is_shown():
    for call in (
        lambda: toxpy.SecretKey(KEY),
        lambda: Tox(savedata=KEY),
        lambda: Tox(savedata_type=2, savedata_data=KEY),
    ):
        with pytest.raises(TypeError) as caught:
            call()
        assert KEY[:6] not in str(caught.value)


@pytest.mark.parametrize(
    "wrong, words",
    [(5, "not an int"), ([], "not a list"), ({}, "not a dict"), (toxpy.UserStatus.AWAY, "not a UserStatus")],
)
def test_a_wrong_type_has_its_article(wrong, words):
    with pytest.raises(TypeError, match=words):
        Tox(savedata=wrong)


def test_numbers_of_other_kinds_are_numbers(tox):
    class Index(int):
        pass

    assert tox.friend_exists(Index(0)) and tox.friend_get_connection_status(Index(0)) == 0
    tox.self_set_typing(0, 1)
    assert Handlers().set_packet(Index(160), None) is None
    assert NodeAddress("host", 1, toxpy.PublicKey(KEY)).tcp_port == 0
