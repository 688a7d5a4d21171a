"""Hosts that are Python: every kind of binding, with the interpreter's lock held or not, in two threads."""

import os
import signal
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

from tests.capi.host.python_hosts import DECLARATIONS
from tests.capi.host.test_exports import argument
from tests.support.prefix import ROOT, compile_c, library_dir
from tests.support.private_network import PrivateNetwork

sys.path.insert(0, str(ROOT / "cbindings"))

from describe import describe_header

HERE = Path(__file__).parent
EXTENSION = ["-shared", "-fPIC", f"-I{sysconfig.get_paths()['include']}"]


def run(folder, *command):
    """Run a script that finds modules of `folder` in a network of its own; to exit code 0 in silence."""
    environment = {"LD_LIBRARY_PATH": str(library_dir()), "PYTHONPATH": str(folder)}
    command = [sys.executable, *map(str, command)]
    with PrivateNetwork():
        ran = subprocess.run(
            command, check=False, env=environment, capture_output=True, text=True, timeout=100
        )
    assert (ran.returncode, ran.stderr) == (0, ""), (ran.returncode, ran.stdout + ran.stderr)
    return ran.stdout


@pytest.fixture
def gilhost(tmp_path):
    compile_c(tmp_path / "gilhost.so", HERE / "gilhost.c", flags=EXTENSION)
    return tmp_path


def script(folder, text):
    path = folder / "script.py"
    path.write_text(textwrap.dedent(text))
    return run(folder, path)


@pytest.fixture
def api_host(tmp_path):
    """A cffi module that is compiled against the library."""
    build = f"""
        from cffi import FFI
        ffi = FFI()
        ffi.cdef({DECLARATIONS!r})
        ffi.set_source(
            "api_host", "#include <stdbool.h>\\n#include <stdint.h>\\n" + {DECLARATIONS!r},
            libraries=["toxcore"], library_dirs=[{str(library_dir())!r}],
        )
        ffi.compile()
    """
    path = tmp_path / "build.py"
    path.write_text(textwrap.dedent(build))
    subprocess.run([sys.executable, path], check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    return tmp_path


@pytest.mark.parametrize("kind", ["cdll", "pydll", "cffi-abi"])
def test_two_threads(tmp_path, kind):
    assert run(tmp_path, HERE / "python_hosts.py", kind, library_dir() / "libtoxcore.so.2") == "ok\n"


def test_two_threads_of_an_extension_that_keeps_the_lock(gilhost):
    assert run(gilhost, HERE / "python_hosts.py", "extension", "-") == "ok\n"


def test_two_threads_of_a_compiled_cffi_module(api_host):
    assert run(api_host, HERE / "python_hosts.py", "cffi-api", "-") == "ok\n"


def test_callbacks_have_the_lock_and_what_they_raise_arrives_after_the_call(gilhost):
    said = script(
        gilhost,
        """
        import gilhost, time

        seen, raising = [], None

        def hook(name, number):
            seen.append(name)
            # calls from inside of a callback
            gilhost.pending_ok = number
            if name == raising:
                raise KeyError(name)

        def expect(function, *arguments):
            try:
                function(*arguments)
            except KeyError as error:
                return error.args[0]
            return None

        gilhost.set_hook(hook)
        a, b = gilhost.new(True), gilhost.new(False)
        assert "log" in seen, "in tox_new"
        gilhost.bootstrap(b, a)
        raising = "status"
        raised = None
        for _ in range(3000):
            raised = expect(gilhost.iterate, a) or expect(gilhost.iterate, b)
            if raised:
                break
            time.sleep(0.005)
        assert raised == "status", raised
        raising = "log"
        assert expect(gilhost.new, True) == "log"
        raising = None
        assert expect(gilhost.pending, a) == "pending"
        gilhost.iterate(a)
        gilhost.kill(a)
        gilhost.kill(b)
        gilhost.iterate(a)
        print("ok")
        """,
    )
    assert said == "ok\n"


EVERY_CALL = """
#include <Python.h>
#include <toxcore.h>

static PyObject *pending;

static void check(const char *name)
{
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    if (value != pending || !PyGILState_Check()) {
        printf("%%s: the exception is another one\\n", name);
    }
    PyErr_Restore(type, value, trace);
}

static void call_all(Tox *tox)
{
    (void)tox;
    PyErr_SetObject(PyExc_KeyError, pending);
%s    PyErr_Clear();
}

static PyObject *go(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    pending = PyObject_CallNoArgs(PyExc_KeyError);
    call_all(NULL);
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    call_all(tox);
    tox_kill(tox);
    call_all(tox);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"go", go, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "every", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_every(void)
{
    return PyModule_Create(&module);
}
"""


def test_an_exception_stays_pending_in_every_call(tmp_path):
    api = describe_header(ROOT / "include" / "toxcore.h")
    calls = ""
    for function in api.functions.values():
        if function.name in ("tox_new", "tox_kill") or function.name.endswith("_to_string"):
            continue
        arguments = ", ".join(argument(function, index, False) for index in range(len(function.params)))
        calls += f'    (void){function.name}({arguments});\n    check("{function.name}");\n'
    source = tmp_path / "every.c"
    source.write_text(EVERY_CALL % calls)
    flags = [*EXTENSION, "-O0", "-Wno-nonnull", "-Wno-deprecated-declarations"]
    compile_c(tmp_path / "every.so", source, flags=flags)
    assert script(tmp_path, "import every; every.go(); print('ok')") == "ok\n"


def test_an_interrupt_during_a_call_is_the_hosts(tmp_path):
    """SIGINT while our Python code runs: the host sees KeyboardInterrupt, and may call us on the way out."""
    host = f"""
        import ctypes, sys
        library = ctypes.CDLL({str(library_dir() / "libtoxcore.so.2")!r})
        library.tox_new.restype = ctypes.c_void_p
        library.tox_kill.argtypes = [ctypes.c_void_p]
        library.tox_self_set_nospam.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
        tox = library.tox_new(None, None)
        try:
            print("go", flush=True)
            while True:
                library.tox_self_set_nospam(tox, 1)
        except KeyboardInterrupt:
            library.tox_kill(tox)
            print("ok", flush=True)
    """
    path = tmp_path / "host.py"
    path.write_text(textwrap.dedent(host))
    with PrivateNetwork():
        for _ in range(5):
            process = subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True)
            assert process.stdout.readline() == "go\n"
            os.kill(process.pid, signal.SIGINT)
            said, _ = process.communicate(timeout=60)
            assert (said, process.returncode) == ("ok\n", 0)
