"""The real libtoxcore through ctypes, with the methods and events of `toxpy.core.Core`.

So a scenario need not know which of the two it talks to. How each function is called follows from the header,
as in the C library's own glue. The library is opened by its absolute path: whatever LD_LIBRARY_PATH says,
this is the real one. Several may be open in one process.
"""

from __future__ import annotations

import ctypes as c
import functools
import glob
import sys

from tests.support import newer_tox
from tests.support.prefix import ROOT
from toxpy.errors import ToxError
from toxpy.generated import events

sys.path.insert(0, str(ROOT / "cbindings"))

from classify import FIXED_SIZES, plan
from describe import describe_header
from generate_python import class_name, event_callbacks, event_fields, is_length

TYPES = {
    "bool": c.c_bool,
    "int32_t": c.c_int32,
    "uint8_t": c.c_uint8,
    "uint16_t": c.c_uint16,
    "uint32_t": c.c_uint32,
    "uint64_t": c.c_uint64,
    "size_t": c.c_size_t,
    "void": None,
}


def library_path():
    """Where Debian keeps the real library."""
    (path,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    return path


def installed_version():
    """(major, minor, patch) of the installed library."""
    lib = opened(library_path())
    return lib.tox_version_major(), lib.tox_version_minor(), lib.tox_version_patch()


def ctype(kind):
    """The ctypes type of a type of the header."""
    if kind.pointers or kind.array:
        return c.c_void_p
    return c.c_int if kind.is_enum else TYPES[kind.base]


@functools.cache
def header():
    """What the header declares."""
    return describe_header(ROOT / "include" / "toxcore.h")


@functools.cache
def functions():
    """How the functions on an instance are called, by name without tox_."""
    return {planned.function.name.removeprefix("tox_"): planned for planned in plan(header())}


@functools.cache
def opened(library):
    """The library of that release of Debian, or at that path."""
    newer = library in newer_tox.RELEASES
    lib = newer_tox.load(library) if newer else c.CDLL(library, mode=c.RTLD_LOCAL)
    lib.tox_new.restype = c.c_void_p
    lib.tox_options_new.restype = c.c_void_p
    return lib


@functools.cache
def listeners():
    """For each callback: its name, the types of its parameters after the instance, what makes its event."""
    made = []
    for callback, kind in zip(event_callbacks(header()), events.ALL, strict=True):
        assert class_name(callback) == kind.__name__
        params = callback.params[1:]
        name = callback.name.removesuffix("_cb").removeprefix("tox_")
        made.append((name, [ctype(param.type) for param in params], _event_maker(kind, callback)))
    return made


def _event_maker(kind, callback):
    """A function of the callback's arguments that returns the event."""
    params = callback.params[1:]
    readers = [_field_reader(params, params.index(field)) for field in event_fields(callback)]

    def make(*arguments):
        return kind(*[read(arguments) for read in readers])

    return make


def _field_reader(params, at):
    """A function of a callback's arguments that returns the one at that place."""
    param, following = params[at], params[at + 1]
    if is_length(following, param):
        return lambda arguments: c.string_at(arguments[at], arguments[at + 1]) if arguments[at + 1] else b""
    if param.type.array or param.type.pointers:
        size = param.type.array or FIXED_SIZES[param.name]
        return lambda arguments: c.string_at(arguments[at], size)
    return lambda arguments: arguments[at]


class RealTox:
    """One instance of the real library; bytes in, bytes out, ToxError on failure.

    `release` is a newer release of Debian; `library` the path of any library with the API, as ours.
    """

    def __init__(
        self,
        *,
        start_port=None,
        end_port=33999,
        savedata=b"",
        ipv6=True,
        udp=True,
        tcp_port=0,
        local_discovery=False,
        groups_persistence=False,
        release="",
        library="",
    ):
        lib = self.lib = opened(release or library or library_path())
        if start_port is None:
            # programs under test have the ports of the default for themselves
            start_port = 33445 if local_discovery else 33600
        options = c.c_void_p(lib.tox_options_new(None))
        lib.tox_options_set_ipv6_enabled(options, c.c_bool(ipv6))
        lib.tox_options_set_local_discovery_enabled(options, c.c_bool(local_discovery))
        lib.tox_options_set_udp_enabled(options, c.c_bool(udp))
        lib.tox_options_set_tcp_port(options, c.c_uint16(tcp_port))
        lib.tox_options_set_start_port(options, c.c_uint16(start_port))
        lib.tox_options_set_end_port(options, c.c_uint16(end_port))
        if groups_persistence:
            lib.tox_options_set_experimental_groups_persistence(options, c.c_bool(True))
        if savedata:
            lib.tox_options_set_savedata_type(options, c.c_int(1))
            lib.tox_options_set_savedata_data(options, savedata, c.c_size_t(len(savedata)))
        error = c.c_int()
        pointer = lib.tox_new(options, c.byref(error))
        lib.tox_options_free(options)
        if not pointer:
            raise ToxError(error.value, "tox_new")
        self.tox = c.c_void_p(pointer)
        self._queue = []
        self._callbacks = []
        # as a `Core`, whose functions are in parts
        self.user = self.friends = self.files = self.network = self.conferences = self.conference_audio = self
        self.groups = self.group_state = self
        self._register()

    def _register(self):
        for name, types, make in listeners():
            setter = getattr(self.lib, "tox_callback_" + name, None)
            if setter is None:
                # older than this callback
                continue
            prototype = c.CFUNCTYPE(None, c.c_void_p, *types)
            callback = prototype(lambda _tox, *args, make=make: self._queue.append(make(*args)))
            self._callbacks.append(callback)
            setter(self.tox, callback)

    # running

    def iterate(self):
        self.lib.tox_iterate(self.tox, None)

    def drain_events(self):
        queue, self._queue = self._queue, []
        yield from queue

    def kill(self):
        if self.tox is not None:
            self.lib.tox_kill(self.tox)
            self.tox = None

    # calls

    def __getattr__(self, name):
        """A function of the C API that this library has, without tox_."""
        planned = functions().get(name)
        if planned is None or planned.kind != "core" or not hasattr(self.lib, planned.function.name):
            raise AttributeError(name)
        return functools.partial(self._call, planned)

    def _call(self, planned, *values):
        function = planned.function
        words = self._words(planned, values)
        if planned.output is None:
            return self._raw(function, words)
        size = planned.output_size
        if not size:
            size = self._raw(header().functions[function.name + "_size"], words)
        numbers = planned.output.type.base == "uint32_t"
        out = (c.c_uint32 * max(size, 1))() if numbers else c.create_string_buffer(max(size, 1))
        done = self._raw(function, [*words, out])
        assert done is not False, function.name
        return list(out)[:size] if numbers else out.raw[:size]

    def _words(self, planned, values):
        """The arguments of the C function after the instance."""
        # a callback and what it is given may be left out
        inputs = [row for row in planned.inputs if row[0] != "address" or len(values) == len(planned.inputs)]
        words = []
        for (kind, param, _length), value in zip(inputs, values, strict=True):
            if kind == "value":
                words.append(ctype(param.type)(value))
            elif kind == "string":
                words.append(value.encode())
            elif kind == "data":
                words += [value, c.c_size_t(len(value or b""))]
            else:
                words.append(value)
        return words + [None] * (len(planned.inputs) - len(inputs))

    def _raw(self, function, words):
        """Call it; ToxError when it reports an error."""
        called = getattr(self.lib, function.name)
        called.restype = ctype(function.result)
        if function.error is None:
            return called(self.tox, *words)
        error = c.c_int(-1)
        result = called(self.tox, *words, c.byref(error))
        if error.value != 0:
            raise ToxError(error.value, function.name)
        return result
