"""Two threads, each with two instances that find each other, in a host that is Python.

python_hosts.py KIND LIBRARY: how the host calls us. The first call comes from both threads at once.
"""

import ctypes
import sys
import threading
import time

DECLARATIONS = """
    typedef struct Tox Tox;
    struct Tox_Options *tox_options_new(int *error);
    void tox_options_free(struct Tox_Options *options);
    void tox_options_set_local_discovery_enabled(struct Tox_Options *options, bool enabled);
    Tox *tox_new(const struct Tox_Options *options, int *error);
    void tox_kill(Tox *tox);
    void tox_iterate(Tox *tox, void *user_data);
    void tox_self_get_dht_id(const Tox *tox, uint8_t *id);
    uint16_t tox_self_get_udp_port(const Tox *tox, int *error);
    bool tox_bootstrap(Tox *tox, const char *host, uint16_t port, const uint8_t *key, int *error);
    void tox_callback_self_connection_status(Tox *tox, void (*callback)(Tox *, int, void *));
"""


class Ctypes:
    """CDLL gives the interpreter's lock away for each call, PyDLL keeps it."""

    def __init__(self, library, kind):
        self.lib = lib = kind(library)
        pointer = ctypes.c_void_p
        lib.tox_options_new.restype = lib.tox_new.restype = pointer
        lib.tox_new.argtypes = lib.tox_iterate.argtypes = [pointer, pointer]
        lib.tox_self_get_dht_id.argtypes = [pointer, ctypes.c_char_p]
        lib.tox_self_get_udp_port.argtypes = [pointer, pointer]
        lib.tox_bootstrap.argtypes = [pointer, ctypes.c_char_p, ctypes.c_uint16, ctypes.c_char_p, pointer]
        lib.tox_options_set_local_discovery_enabled.argtypes = [pointer, ctypes.c_bool]
        lib.tox_options_free.argtypes = lib.tox_kill.argtypes = [pointer]
        prototype = ctypes.PYFUNCTYPE if kind is ctypes.PyDLL else ctypes.CFUNCTYPE
        self.callback_type = prototype(None, pointer, ctypes.c_int, pointer)
        lib.tox_callback_self_connection_status.argtypes = [pointer, self.callback_type]
        self.kept = []

    def new(self, on_status):
        options = self.lib.tox_options_new(None)
        self.lib.tox_options_set_local_discovery_enabled(options, False)
        tox = self.lib.tox_new(options, None)
        self.lib.tox_options_free(options)
        callback = self.callback_type(lambda _tox, status, _user_data: on_status(status))
        self.kept.append(callback)
        self.lib.tox_callback_self_connection_status(tox, callback)
        return tox

    def bootstrap(self, tox, other):
        key = ctypes.create_string_buffer(32)
        self.lib.tox_self_get_dht_id(other, key)
        self.lib.tox_bootstrap(tox, b"127.0.0.1", self.lib.tox_self_get_udp_port(other, None), key.raw, None)

    def iterate(self, tox):
        self.lib.tox_iterate(tox, None)

    def kill(self, tox):
        self.lib.tox_kill(tox)


class Cffi:
    """`dlopen` at run time, or a module that was compiled against the library."""

    def __init__(self, ffi, lib):
        self.ffi, self.lib = ffi, lib
        self.null = ffi.NULL
        self.kept = []

    def new(self, on_status):
        options = self.lib.tox_options_new(self.null)
        self.lib.tox_options_set_local_discovery_enabled(options, False)
        tox = self.lib.tox_new(options, self.null)
        self.lib.tox_options_free(options)
        callback = self.ffi.callback("void(Tox *, int, void *)", lambda _t, status, _u: on_status(status))
        self.kept.append(callback)
        self.lib.tox_callback_self_connection_status(tox, callback)
        return tox

    def bootstrap(self, tox, other):
        key = self.ffi.new("uint8_t[32]")
        self.lib.tox_self_get_dht_id(other, key)
        port = self.lib.tox_self_get_udp_port(other, self.null)
        self.lib.tox_bootstrap(tox, b"127.0.0.1", port, key, self.null)

    def iterate(self, tox):
        self.lib.tox_iterate(tox, self.null)

    def kill(self, tox):
        self.lib.tox_kill(tox)


class Extension:
    """gilhost.c: no call and no callback gives the lock away."""

    def __init__(self):
        import gilhost

        self.module = gilhost
        self.hooks = {}
        self.module.set_hook(lambda name, number: self.hooks[threading.get_ident()](number))
        self.bootstrap, self.iterate, self.kill = gilhost.bootstrap, gilhost.iterate, gilhost.kill

    def new(self, on_status):
        self.hooks[threading.get_ident()] = on_status
        return self.module.new(False)


def make_host(kind, library):
    if kind == "cdll":
        return Ctypes(library, ctypes.CDLL)
    if kind == "pydll":
        return Ctypes(library, ctypes.PyDLL)
    if kind == "extension":
        return Extension()
    if kind == "cffi-api":
        import api_host

        return Cffi(api_host.ffi, api_host.lib)
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(DECLARATIONS)
    return Cffi(ffi, ffi.dlopen(library))


def two(host, together, done):
    seen = []
    together.wait()
    a, b = host.new(seen.append), host.new(seen.append)
    assert a and b
    host.bootstrap(b, a)
    for _ in range(3000):
        host.iterate(a)
        host.iterate(b)
        if len(seen) >= 2:
            break
        time.sleep(0.005)
    host.kill(a)
    host.kill(b)
    done.append(seen)


def main():
    host = make_host(sys.argv[1], sys.argv[2])
    together, done = threading.Barrier(2), []
    threads = [threading.Thread(target=two, args=(host, together, done)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 2 and all(len(seen) == 2 and all(seen) for seen in done), done
    print("ok")


if __name__ == "__main__":
    main()
