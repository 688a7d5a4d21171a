"""The Python side of libtoxcore.so: arguments of C, callbacks, what glue cannot be generated.

    C wrapper (generated) -> extern "Python" (cffi) -> _toxcore_glue (generated) -> Core and its parts

Imported only inside the library, when its first function is called; `_toxcore` and
`_toxcore_glue` exist only there. A C wrapper asks `py_bind` for its Python function at its
first call, so that a start pays for the functions a program uses and for no others.

`capi_instances.py` knows which addresses are in use, `capi_av.py` has what is only for calls.
"""

from __future__ import annotations

import sys
from _struct import pack
from _thread import get_ident
from gc import freeze

from _toxcore import ffi, lib  # type: ignore[import-not-found]

from toxpy.capi_instances import (
    Instance,
    bare,
    instances,
    live,
    new_handle,
    on_unexpected,
    shared,
)
from toxpy.core import Core
from toxpy.errors import ToxError, api_error
from toxpy.friend.packets import (
    FIRST_CUSTOM_LOSSLESS,
    FIRST_CUSTOM_LOSSY,
    FIRST_LOSSY,
    LAST_CUSTOM_LOSSLESS,
    LAST_LOSSY,
    PACKET_MSI,
)
from toxpy.generated.enums import (
    TOX_LOG_LEVEL_ERROR,
    TOX_MAX_CUSTOM_PACKET_SIZE,
    TOX_MAX_HOSTNAME_LENGTH,
)
from toxpy.options import Options
from toxpy.runtime import Rng
from toxpy.save import savedata as save
from toxpy.start import log_sink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

#: Inputs are cut here: no function takes as many bytes, so the core answers TOO_LONG, and the
#: caller's memory is not read beyond what a valid call would have.
MAX_INPUT = TOX_MAX_CUSTOM_PACKET_SIZE
_TOO_LONG = bytes(MAX_INPUT + 1)
#: Longest C string read: one byte more than a host name may have.
MAX_STRING = TOX_MAX_HOSTNAME_LENGTH + 1

memmove = ffi.memmove
_unpack = ffi.unpack
_random_bytes = Rng().bytes
_touch = lib.toxpy_touch
_end = lib.toxpy_end
_string = ffi.string


# reading C arguments


def data_in(pointer: Any, length: int) -> bytes | None:
    """Bytes with a length; None for NULL."""
    if not pointer:
        return None
    if length > MAX_INPUT:
        # the first byte tells the kind of a custom packet, whose errors come before its length's
        return bytes(_unpack(pointer, 1)) + _TOO_LONG[1:]
    data: bytes = _unpack(pointer, length)
    return data


def data_or_empty_in(pointer: Any, length: int) -> bytes | None:
    """As `data_in`, where NULL of length 0 means empty."""
    if pointer and length <= MAX_INPUT:
        data: bytes = _unpack(pointer, length)
        return data
    return data_in(pointer, length) if pointer or length else b""


def fixed_in(pointer: Any, size: int) -> bytes | None:
    """A key or another array of a fixed size."""
    if not pointer:
        return None
    data: bytes = _unpack(pointer, size)
    return data


def string_in(pointer: Any) -> bytes | None:
    """A C string without its zero."""
    if not pointer:
        return None
    text: bytes = _string(pointer, MAX_STRING)
    return text


def list_out(pointer: Any, numbers: Iterable[int]) -> None:
    """Numbers into a uint32_t array."""
    items = tuple(numbers)
    memmove(pointer, pack(f"{len(items)}I", *items), 4 * len(items))


def savedata_out(pointer: Any, saved: save.SaveData) -> None:
    """A savedata, without a copy in between."""
    save.build_into(memoryview(ffi.buffer(pointer, save.size(saved))), saved)


# instances


def _options(flat: Any) -> Options:
    """The Options that `struct toxpy_options` stands for. All memory is copied."""
    options = Options()
    for name in (
        "ipv6_enabled",
        "udp_enabled",
        "local_discovery_enabled",
        "dht_announcements_enabled",
        "proxy_type",
        "proxy_port",
        "start_port",
        "end_port",
        "tcp_port",
        "hole_punching_enabled",
        "savedata_type",
        "experimental_thread_safety",
        "experimental_groups_persistence",
        "experimental_disable_dns",
        "handshake",
    ):
        setattr(options, name, getattr(flat, name))
    if flat.proxy_type:
        options.proxy_host = string_in(flat.proxy_host)
        # what a C program may do beside its proxy is as in c-toxcore
        options.proxy_may_leak = True
    if flat.savedata_type and flat.savedata_data:
        options.savedata_data = _unpack(flat.savedata_data, flat.savedata_length)
    options.offline_messages = flat.offline_messages
    return options


def _follow_networks(flat: Any, options: Options) -> None:
    """What is said of other networks, and in the user's file; tox_new's ToxError for what makes no sense."""
    # most programs have nothing of it; these texts are copies of ours, however long
    if flat.endpoint_type or flat.only_networks:
        from toxpy.ext.networks.from_c import apply_networks

        address, secret = (_text(text) for text in (flat.endpoint_address, flat.endpoint_secret))
        endpoint = flat.endpoint_type, address, flat.endpoint_port, secret
        _follow("options", lambda: apply_networks(options, flat.only_networks, *endpoint), options)
    if flat.config_path:
        from toxpy.config_file import apply_config

        path = _text(flat.config_path)
        words = f"settings in {path.decode('utf-8', 'replace')}"
        _follow(words, lambda: apply_config(path, options), options)
    if options.endpoint is not None and options.only_networks:
        from toxpy.network.only_networks import OnlyNetworks

        only, kind = OnlyNetworks(options.only_networks), options.endpoint.kind
        _follow("options", lambda: only.check_endpoint(kind), options)


def _text(pointer: Any) -> bytes:
    """A whole C string; b"" for NULL."""
    text: bytes = ffi.string(pointer) if pointer else b""
    return text


def _follow(what: str, apply: Callable[[], None], options: Options) -> None:
    try:
        apply()
    except ValueError as error:
        message = f"the {what}: {error}"
        log = log_sink(options)
        if log is not None:
            log(TOX_LOG_LEVEL_ERROR, message)
        raise api_error("TOX_ERR_NEW_PROXY_BAD_TYPE", message) from error


# the functions behind api_special.c


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_bind(index: int) -> None:
    """Install the Python function of a C wrapper."""
    function, failure = FUNCTIONS[index]
    ffi.def_extern("py_" + function.__name__, failure, on_unexpected)(function)


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_tox_new(flat: Any, failure: Any, fd: Any) -> int:
    """tox_new."""
    tox = new_handle()
    if not tox:
        raise MemoryError
    log = (flat.log_callback, flat.log_user_data) if flat.log_callback else None
    instance = Instance(tox, log, len(DELIVER) + FRAME_CALLBACKS)
    options = _options(flat)
    if instance.log is not None:
        options.log_callback = instance.on_log
    instances[tox] = instance
    try:
        if flat.config_path or flat.endpoint_type or flat.only_networks:
            _follow_networks(flat, options)
        core = Core(options)
        try:
            fd[0] = core.fileno()
        except OSError:
            # the last descriptor is the socket's
            core.kill()
            raise
        core.tell_sooner(lib.toxpy_due_sooner)
        instance.core = core
    except ToxError as error:
        failure[0] = error.code
        return 0
    finally:
        if instance.core is None:
            del instances[tox]
    live[tox] = bare[tox] = core
    if flat.experimental_thread_safety:
        instance.share(core)
    return tox


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_tox_kill(tox: int) -> None:
    """tox_kill."""
    instance = instances.get(tox)
    if instance is None:
        return
    if instance.lock is None:
        instance.close()
    else:
        with instance.lock:
            instance.close()


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_tox_iterate(tox: int, user_data: Any, rest: Any) -> None:
    """tox_iterate: run the protocol, then the callbacks; `rest` is a struct toxpy_rest."""
    core = bare[tox]
    instance = instances[tox]
    # another thread may begin to share the instance meanwhile
    lock = instance.lock
    if lock is None:
        _iterate(instance, core, None, user_data, rest)
        return
    lock.acquire()
    try:
        _iterate(instance, core, lock, user_data, rest)
    finally:
        lock.release()
        core.messenger.outbox.flush()


def _iterate(instance: Instance, core: Core, lock: Any, user_data: Any, rest: Any) -> None:
    tox = instance.tox
    nested, instance.iterating = instance.iterating, True
    outer, us = instance.deliverer, get_ident()
    try:
        core.rt.clock.left_out(rest.left_out_ms)
        core.iterate()
        # what callbacks ask for may be remembered again
        _end(tox)
        rest.open = False
        # of threads that iterate at the same time one delivers what all received: events stay in order
        if lock is None or outer in (0, us):
            instance.deliverer = us
            _deliver(instance, core, lock, user_data)
        # in this order: what another thread changes meanwhile is of a later version
        rest.version = _touch(tox)
        core.tell_rest(rest)
    finally:
        instance.deliverer = outer
        instance.iterating = nested
        if instance.doomed and not nested:
            instance.close()


def _deliver(instance: Instance, core: Core, lock: Any, user_data: Any) -> None:
    """The callbacks of a pass, each with the lock open for others, as in c-toxcore.

    A callback may wait for a lock of the program, whose owner may be calling us.
    """
    tox, callbacks, by_packet_id = instance.tox, instance.callbacks, instance.by_packet_id
    for event in core.drain_events():
        if instance.doomed:
            break
        index = event.callback_index
        callback, deliver = callbacks[index], DELIVER[index]
        if by_packet_id and index in _PACKET_EVENTS:
            callback = by_packet_id.get((index, event.data[0]), callback)
        if not callback:
            if index >= 0 or not getattr(event, "callback", 0):
                continue
            deliver = deliver_conference_audio
        if lock is None:
            deliver(callback, tox, event, user_data)
            continue
        lock.release()
        core.messenger.outbox.flush()
        try:
            deliver(callback, tox, event, user_data)
        finally:
            lock.acquire()


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_tox_iteration_interval(tox: int) -> int:
    """tox_iteration_interval, where resting.c does not know it."""
    interval_ms: int = live[tox].iteration_interval()
    return interval_ms


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_tox_hash(out: Any, data: Any, length: int) -> bool:
    """tox_hash."""
    digest = Core.hash(_bytes(data, length))
    memmove(out, digest, len(digest))
    return True


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_pass_random(out: Any, length: int) -> bool:
    """A fresh salt."""
    memmove(out, _random_bytes(length), length)
    return True


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_pass_derive(key_out: Any, salt_out: Any, salt: Any, passphrase: Any, length: int) -> bool:
    """tox_pass_key_derive_with_salt."""
    derived = _passkey().PassKey.derive(_bytes(passphrase, length), _unpack(salt, 32))
    memmove(key_out, derived.key, 32)
    memmove(salt_out, derived.salt, 32)
    return True


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_pass_encrypt(out: Any, plain: Any, length: int, key: Any, salt: Any) -> bool:
    """tox_pass_key_encrypt."""
    pass_key = _passkey().PassKey(_unpack(key, 32), _unpack(salt, 32))
    sealed = ffi.buffer(out, length + _passkey().EXTRA_SIZE)
    pass_key.encrypt_into(sealed, ffi.buffer(plain, length), _random_bytes(24))
    return True


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_pass_decrypt(out: Any, data: Any, length: int, key: Any, salt: Any) -> bool:
    """tox_pass_key_decrypt."""
    pass_key = _passkey().PassKey(_unpack(key, 32), _unpack(salt, 32))
    plain = ffi.buffer(out, length - _passkey().EXTRA_SIZE)
    opened: bool = pass_key.decrypt_into(plain, ffi.buffer(data, length))
    return opened


def _bytes(pointer: Any, length: int) -> bytes:
    """Bytes of any length."""
    data: bytes = _unpack(pointer, length) if length else b""
    return data


def _passkey() -> Any:
    """Imported when first used: not every program encrypts."""
    from toxpy.save import passkey

    return passkey


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_tox_lock(tox: int, locked: bool) -> None:
    """tox_lock and tox_unlock: nothing without `experimental_thread_safety`."""
    core = bare[tox]
    lock = instances[tox].lock
    if lock is not None and core.options.experimental_thread_safety:
        if locked:
            lock.acquire()
        else:
            lock.release()
            core.messenger.outbox.flush()


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_tox_set_av_object(tox: int, av_object: int) -> None:
    """tox_set_av_object."""
    if tox in live:
        instances[tox].av_object = av_object


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_tox_get_av_object(tox: int) -> int:
    """tox_get_av_object."""
    return instances[tox].av_object if tox in live else 0


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_toxav_new(tox: int, av: int, failure: Any) -> bool:
    """toxav_new. The other functions of a ToxAV are in toxpy/capi_av.py, which is imported here."""
    core = shared(tox)
    from toxpy import capi_av

    try:
        core.calls.toxav_new()
    except ToxError as error:
        failure[0] = error.code
        return False
    instances[tox].av_object = av
    capi_av.begin(tox, core.calls)
    failure[0] = 0
    return True


def deliver_conference_audio(_callback: int, tox: int, event: Any, _user_data: Any) -> None:
    """Sound of a conference, to the callback that it was turned on with."""
    numbers = event.conference_number, event.peer_number
    pcm = ffi.from_buffer("int16_t[]", event.pcm)
    form = event.samples, event.channels, event.sample_rate
    lib.toxpy_call_toxav_audio_data(event.callback, tox, *numbers, pcm, *form, event.userdata)


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_tox_set_callback(tox: int, index: int, packet_id: int, callback: int) -> None:
    """All tox_callback_*; `packet_id` is -1 except for the two that name one."""
    if tox not in live:
        return
    instance = instances[tox]
    if packet_id < 0:
        instance.callbacks[index] = callback
        if index == _DHT_NODES_EVENT and instance.core is not None:
            # several a second, which only few programs ask for
            instance.core.network.report_dht_nodes(callback != 0)
        # as in c-toxcore, the general setter replaces what was set for single IDs, but those for calls
        for key in [key for key in instance.by_packet_id if key[0] == index and _is_custom(*key)]:
            del instance.by_packet_id[key]
    elif _is_custom(index, packet_id):
        instance.by_packet_id[index, packet_id] = callback
    elif packet_id in _CALL_PACKETS[index] and instance.core is not None:
        instance.by_packet_id[index, packet_id] = callback
        instance.core.messenger.incoming.report_call_packets(packet_id, callback != 0)


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_tox_get_callback(tox: int, index: int, packet_id: int) -> int:
    """What is called for an event, 0 for nothing; `packet_id` is -1 except for custom packets."""
    if tox not in live:
        return 0
    instance = instances[tox]
    general = instance.callbacks[index] if packet_id < 0 or _is_custom(index, packet_id) else 0
    callback: int = instance.by_packet_id.get((index, packet_id), general)
    return callback


def _is_custom(index: int, packet_id: int) -> bool:
    """Is the packet ID one that the general callback hears of."""
    return packet_id in _CUSTOM_PACKETS[index]


# The glue needs `live` and the readers above, and this module needs its tables.
from _toxcore_glue import DELIVER, FRAME_CALLBACKS, FUNCTIONS  # type: ignore[import-not-found] # noqa: E402

_NAMES = [deliver.__name__.removeprefix("deliver_") for deliver in DELIVER]
_LOSSY, _LOSSLESS = _NAMES.index("friend_lossy_packet"), _NAMES.index("friend_lossless_packet")
_PACKET_EVENTS = frozenset((_LOSSY, _LOSSLESS))
#: Packet IDs by event: for programs, and for calls.
_CUSTOM_PACKETS = {
    _LOSSY: range(FIRST_CUSTOM_LOSSY, LAST_LOSSY + 1),
    _LOSSLESS: range(FIRST_CUSTOM_LOSSLESS, LAST_CUSTOM_LOSSLESS + 1),
}
_CALL_PACKETS = {_LOSSY: range(FIRST_LOSSY, FIRST_CUSTOM_LOSSY), _LOSSLESS: (PACKET_MSI,)}
_DHT_NODES_EVENT = _NAMES.index("dht_nodes_response")

if lib.toxpy_owns_python():
    # a thread inside toxav_iterate or tox_iterate must not wait 5 ms for each turn of another
    sys.setswitchinterval(0.0005)
    freeze()
