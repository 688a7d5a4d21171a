"""The library inside every kind of host program: each a small C program built as a user would build it."""

import glob
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.prefix import compile_c, library_dir, prefix
from tests.support.private_network import HOST, PrivateNetwork

HERE = Path(__file__).parent
LIBRARY = "libtoxcore.so.2"


def environment(**more):
    return {"LD_LIBRARY_PATH": str(library_dir()), **more}


def run(*command, env=None, timeout=110):
    """Run to a zero exit code with nothing on stderr."""
    command = [str(word) for word in command]
    env = environment() if env is None else env
    ran = subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=timeout)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture
def build(tmp_path):
    def build(name, *flags, compiler="cc"):
        flags = flags or ("-std=c11", "-D_GNU_SOURCE")
        return compile_c(tmp_path / name, HERE / name, flags=[*flags, f"-I{HERE}"], compiler=compiler)

    return build


def test_plain_c(build):
    assert run(build("plain_c.c", "-std=c99", "-Wpedantic")) == "ok\n"


def test_plain_cpp(build):
    assert run(build("plain_cpp.cpp", "-std=c++17", "-Wpedantic", compiler="c++")) == "ok\n"


def test_empty_environment_and_moved_prefix(build, tmp_path):
    moved = tmp_path / "somewhere else"
    shutil.copytree(prefix(), moved, symlinks=True)
    program = build("plain_c.c")
    # neither PATH nor HOME nor a locale; the folder the library was installed to plays no part
    assert run(program, env={"LD_LIBRARY_PATH": str(moved / "lib")}) == "ok\n"


def test_a_polluted_environment(build, tmp_path):
    (tmp_path / "encodings.py").write_text("raise SystemExit('the host environment leaked in')")
    pollution = {"PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path), "PYTHONSTARTUP": "/nonexistent"}
    assert run(build("plain_c.c"), env=environment(**pollution)) == "ok\n"


def test_dlopen_local(build):
    assert run(build("dlopen_local.c"), library_dir() / LIBRARY, env={}) == "ok\n"


def test_host_of_another_python_version_is_refused(build):
    program = build("other_python.c", "-rdynamic")
    ran = subprocess.run(
        [str(program)], check=False, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (0, "ok\n"), ran.stderr
    assert ran.stderr.count("\n") == 1
    assert "3.8.20" in ran.stderr


PYTHON_HOST = """
    import ctypes, sys
    library = ctypes.CDLL(sys.argv[1])
    library.tox_new.restype = library.tox_options_new.restype = ctypes.c_void_p
    library.tox_new.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.tox_kill.argtypes = library.tox_options_free.argtypes = [ctypes.c_void_p]
    library.tox_options_set_local_discovery_enabled.argtypes = [ctypes.c_void_p, ctypes.c_bool]
    library.tox_iterate.argtypes = library.tox_self_get_address.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    before = list(sys.path)
    options = library.tox_options_new(None)
    library.tox_options_set_local_discovery_enabled(options, False)
    tox = library.tox_new(options, None)
    library.tox_options_free(options)
    assert tox
    address = ctypes.create_string_buffer(38)
    library.tox_self_get_address(tox, address)
    assert any(address.raw)
    for _ in range(10):
        library.tox_iterate(tox, None)
    assert sys.path[:len(before)] == before and len(sys.path) == len(before) + 1
    library.tox_kill(tox)
    print("ok")
"""


def test_python_host(tmp_path):
    """ctypes from a Python of the same version: one interpreter, shared; its own packages come first."""
    script = tmp_path / "host.py"
    script.write_text(textwrap.dedent(PYTHON_HOST))
    assert run(sys.executable, "-I", script, library_dir() / LIBRARY, env={}) == "ok\n"


HOSTS = ["fork_host", "threads", "many_threads", "small_stack", "many", "options_abi", "constants", "calls"]
HOSTS += ["private", "log", "safety", "handshakes"]


@pytest.mark.parametrize("name", HOSTS)
def test_host(build, name):
    assert run(build(f"{name}.c")).endswith("ok\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "error 0, UDP on, relay on"),
        ("[network]\nudp = false", "error 0, UDP off, relay on"),
        ('[network]\nproxy = "socks5://127.0.0.1:9"', "error 0, UDP off, relay off"),
        ('[network]\nporxy = "socks5://127.0.0.1:9"', "error 4, UDP off, relay off"),
    ],
    ids=["no file", "no UDP", "proxy", "mistyped"],
)
def test_the_settings_of_the_user(build, tmp_path, text, expected):
    """TOXPY_CONFIG, for a program that knows nothing of it. One that cannot be followed ends the start."""
    file = tmp_path / "toxpy.toml"
    file.write_text(text or "[")
    variable = {} if text is None else {"TOXPY_CONFIG": str(file)}
    said = run(build("config.c"), env={**environment(), **variable}).splitlines()
    assert said[-1] == expected
    assert (f"the settings in {file}: [network] has no 'porxy'" in said[0]) == (
        text is not None and "porxy" in text
    )


def test_the_settings_of_the_program(build, tmp_path):
    """An endpoint whose service is not there yet is no reason not to start; the user's file goes first."""
    own, users = tmp_path / "own.toml", tmp_path / "users.toml"
    own.write_text(
        '[network]\nudp = false\nonly = ["tor"]\n[endpoint]\ntype = "tor"\ncontrol = "127.0.0.1:9"\n'
    )
    users.write_text("")
    program = build("config.c")
    assert run(program, own).splitlines()[-1].startswith("error 0, UDP off")
    said = run(program, own, env={**environment(), "TOXPY_CONFIG": str(users)})
    assert said.splitlines()[-1] == "error 0, UDP on, relay on"


def test_a_message_waits_for_a_friend_who_is_away(build):
    """Not by default. Here without mailboxes."""
    assert run(build("offline.c")) == "ok\n"


def test_endpoints(build):
    assert run(build("endpoints.c")) == "ok\n"


@pytest.mark.parametrize("argument", [[], ["safe"]], ids=["plain", "thread-safe"])
def test_instances_ended_while_others_use_them(build, argument):
    assert run(build("kill_race.c", "-std=gnu11", "-pthread"), *argument) == "ok\n"


@pytest.mark.parametrize("argument", [[], ["first"]], ids=["later", "first"])
def test_no_files_left(build, argument):
    """tox_new and what follows it, in a program without a descriptor; also when it is the first one."""
    assert run(build("no_files.c"), *argument).endswith("ok\n")


def test_encryptsave_both_ways_with_the_real_library(build):
    """Before any tox_new, as qTox does it."""
    (real,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    assert run(build("encryptsave.c"), library_dir() / LIBRARY, real, env={}) == "ok\n"


def test_callbacks(build):
    assert run(build("callbacks.c")) == "ok\n"


def test_remembered_answers_are_never_old(build):
    assert run(build("remembered.c", "-std=gnu11", "-pthread")) == "ok\n"


def test_getters_and_idle_passes_need_no_python(build):
    assert run(build("resting.c", "-std=gnu11", "-pthread")) == "ok\n"


def fake_world(build, *arguments):
    """What same_run.c says in a network of its own, where the same ports are free each time."""
    program = build("same_run.c", "-std=gnu11", "-D_GNU_SOURCE", "-rdynamic")
    with PrivateNetwork():
        return [run(program, *words).splitlines() for words in arguments]


@pytest.mark.namespaces
def test_a_pass_that_is_left_out_would_have_changed_nothing(build):
    """Events, packets and state of a random schedule, with passes left out and without."""
    said = fake_world(build, *((mode, seed) for seed in range(1, 13) for mode in ("quick", "full")))
    for quick, full in zip(said[::2], said[1::2], strict=True):
        assert quick == full
        assert len(quick) > 2000


@pytest.mark.namespaces
def test_the_first_packet_that_waits_for_its_turn_is_on_time(build):
    (said,) = fake_world(build, ("paced", 1))
    assert said[-1] == "paced after 3 ms"


@pytest.mark.namespaces
def test_passes_of_a_client_that_joins_take_time(build):
    """Programs count passes as if one took 50 ms; where a node answers, joining is quick nevertheless."""
    ((dead,), (alive,)) = fake_world(build, ("joining", 0), ("joining", 1))
    passed_ms, online_ms = map(int, dead.split())
    assert 19_000 <= passed_ms <= 20_000 and online_ms == -1
    passed_ms, online_ms = map(int, alive.split())
    assert 15_000 <= passed_ms <= 20_000 and 0 < online_ms <= 500


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_what_a_call_sends_has_left_when_it_returns(build, way):
    program = build("leaves.c", "-std=gnu11")
    with PrivateNetwork():
        assert run(program, HOST, way) == "ok\n"


def test_memory_of_a_start(build):
    """The budget for the first instance: 16 MB resident. (Its CPU time is printed, not tested.)"""
    _cpu_ms, resident_kb = map(float, run(build("start_cost.c")).split())
    assert resident_kb <= 16 * 1024


def test_the_library_cannot_be_unloaded_and_has_the_soname():
    dynamic = subprocess.check_output(["readelf", "-d", str(library_dir() / LIBRARY)], text=True)
    assert "NODELETE" in dynamic
    assert f"Library soname: [{LIBRARY}]" in dynamic


def test_nothing_on_the_start_path_is_slow(build):
    """Modules that cost milliseconds must not be imported by the first tox_new."""
    script = "import sys, ctypes; l = ctypes.CDLL(sys.argv[1]); l.tox_new(None, None); print(*sys.modules)"
    bare = set(
        run(sys.executable, "-I", "-S", "-c", "import sys, ctypes; print(*sys.modules)", env={}).split()
    )
    loaded = set(run(sys.executable, "-I", "-S", "-c", script, library_dir() / LIBRARY, env={}).split())
    heavy = {
        "typing",
        "dataclasses",
        "enum",
        "logging",
        "asyncio",
        "nacl.bindings",
        "random",
        "re",
        "collections",
    }
    assert not (loaded - bare) & heavy
    assert "toxpy.core" in loaded
    # few programs have calls
    of_calls = {name for name in loaded if name.startswith(("toxpy.av", "toxpy.media", "toxpy.capi_av"))}
    assert of_calls == {"toxpy.av", "toxpy.av.core"}


def test_pip_files_belong_to_the_prefix():
    assert (prefix() / "include" / "tox" / "tox.h").exists()
    assert (prefix() / "lib" / "libtoxcore.so").resolve() == (library_dir() / LIBRARY).resolve()
    assert os.access(library_dir() / "toxpy-site" / "toxpy" / "capi.py", os.R_OK)


def test_a_start_reads_one_file_and_can_do_without_it(build, tmp_path):
    """All that a start imports of us is in it; where it is missing, the modules' own files serve."""
    program = build("start_cost.c")
    shutil.copytree(library_dir(), tmp_path / "lib", symlinks=True)
    site = tmp_path / "lib" / "toxpy-site"
    packed, modules = site / "_toxcore_start.bin", site / "toxpy"
    own_files = environment(LD_LIBRARY_PATH=str(tmp_path / "lib"))
    packed.rename(tmp_path / "packed")
    run(program, env=own_files)
    (tmp_path / "packed").rename(packed)
    for file in [*modules.rglob("*.py"), *modules.rglob("*.pyc")]:
        file.unlink()
    run(program, env=own_files)
