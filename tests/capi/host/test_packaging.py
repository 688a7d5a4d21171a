"""The ways a program finds the library: pkg-config, find_package, pip; from a prefix that was moved."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

import pytest

import toxpy
from tests.support.made_once import made_once
from tests.support.prefix import ROOT, compile_c, library_dir, prefix

#: What a build needs of the environment, and nothing of ours.
CLEAN = {"PATH": "/usr/bin:/bin"}
PYTHON = f"-DPython3_EXECUTABLE={sys.executable}"
#: For builds of which nobody asks how fast they are: half the time.
QUICK = {"CMAKE_BUILD_TYPE": "Debug", "CFLAGS": "-O0"}


@pytest.fixture
def moved(tmp_path):
    """The installed prefix, moved to a path with a space."""
    target = tmp_path / "another place"
    shutil.copytree(prefix(), target, symlinks=True)
    return target


def version_of(program, library_path=None):
    environment = {"LD_LIBRARY_PATH": str(library_path)} if library_path else {}
    return subprocess.check_output([program], env=environment, text=True, timeout=60)


def test_find_package_from_a_moved_prefix(moved, tmp_path):
    build = tmp_path / "build"
    configure = ["cmake", "-S", ROOT / "c_examples", "-B", build, f"-DCMAKE_PREFIX_PATH={moved}"]
    subprocess.run(configure, check=True, env=CLEAN, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build], check=True, env=CLEAN, stdout=subprocess.DEVNULL)
    assert "0.2.23" in version_of(build / "cpp_example", moved / "lib")
    assert (build / "echo_bot").exists()


def test_pkg_config_from_a_moved_prefix(moved, tmp_path):
    environment = dict(CLEAN, PKG_CONFIG_PATH=str(moved / "lib" / "pkgconfig"))
    build = ["make", "-s", "-C", ROOT / "c_examples", f"BUILD={tmp_path / 'built'}"]
    subprocess.run(build, check=True, env=environment)
    assert "0.2.23" in version_of(tmp_path / "built" / "cpp_example", moved / "lib")


def test_the_command_and_the_unit_of_a_prefix(moved):
    """The command works from where it was moved to; the unit names the prefix that it was installed into."""
    said = subprocess.check_output([moved / "bin" / "toxpy", "--version"], env=CLEAN, text=True, cwd="/")
    site = moved / "lib" / "toxpy-site" / "toxpy"
    assert said.startswith(f"toxpy {toxpy.__version__} from {site}\n")
    assert f"C library: {moved / 'lib' / 'libtoxcore.so.2'}\n" in said and "datapath in C" in said
    assert "calls with Opus and VP8\n" in said
    unit = (moved / "lib" / "systemd" / "system" / "toxpy-bootstrapd.service").read_text()
    assert f"\nExecStart={prefix() / 'bin' / 'toxpy'} bootstrapd --config=" in unit
    assert (moved / "share" / "man" / "man8" / "toxpy-bootstrapd.8").exists()
    assert (moved / "share" / "doc" / "toxpy" / "tox-bootstrapd.conf").exists()


NEVER_LOST = """
#include <tox/tox.h>
int main(void)
{
    Tox *tox = tox_new(NULL, NULL);
    tox_iterate(tox, NULL);
    tox_kill(tox);
    return tox == NULL;
}
"""


def test_valgrind_is_quiet_with_the_suppressions(tmp_path):
    (tmp_path / "program.c").write_text(NEVER_LOST)
    program = compile_c(tmp_path / "program", tmp_path / "program.c")
    check = ["valgrind", "--leak-check=full", "--errors-for-leak-kinds=definite,possible"]
    check.append(f"--suppressions={prefix()}/lib/valgrind/libtoxcore.supp")
    environment = {**CLEAN, "LD_LIBRARY_PATH": str(library_dir())}
    ran = subprocess.run([*check, program], env=environment, capture_output=True, text=True, timeout=110)
    assert "possibly lost: 0 bytes" in ran.stderr and "ERROR SUMMARY: 0 errors" in ran.stderr, ran.stderr


def test_a_build_folder_forgets_the_python_before(tmp_path):
    """What CMake remembers of another interpreter is not used for this one."""
    other = "/opt/other/python3.99"
    (tmp_path / "CMakeCache.txt").write_text(
        f"TOXPY_LAST_PYTHON:INTERNAL={other}/bin/python3\n"
        f"_Python3_INCLUDE_DIR:INTERNAL={other}/include\n"
        f"_Python3_LIBRARY_RELEASE:INTERNAL={other}/lib/libpython3.99.so\n"
    )
    subprocess.run(["cmake", "-S", ROOT, "-B", tmp_path, PYTHON], check=True, capture_output=True, text=True)
    assert "/opt/other" not in (tmp_path / "CMakeCache.txt").read_text()


#: An interpreter that lacks a package and cannot make a virtual environment.
POOR_PYTHON = f"""#!/bin/sh
case "$*" in *--modules) echo "$LACKING cffi" >&2; exit 1;; *build_needs.py) exit 0;; *venv*) exit 1;; esac
exec {sys.executable} "$@"
"""
LACKING = "toxpy cannot be built here, this is missing:"
#: What is there -> how it is said.
SAID = {
    "nothing": "make. On Debian: apt-get install make",
    "make": "a C compiler. On Debian: apt-get install gcc libc6-dev",
    "poor python": "cffi (or python3-venv, to have them installed into the build folder)",
}


@pytest.mark.parametrize("there", SAID)
def test_cmake_says_what_is_missing_in_one_line(there, tmp_path):
    """Below its own heading, and without the way that it came there."""
    path, python = str(tmp_path), PYTHON
    if there == "make":
        (tmp_path / "make").symlink_to(shutil.which("make"))
    elif there == "poor python":
        path, python = CLEAN["PATH"], f"-DPython3_EXECUTABLE={tmp_path / 'python3'}"
        (tmp_path / "python3").write_text(POOR_PYTHON)
        (tmp_path / "python3").chmod(0o755)
    configure = [shutil.which("cmake"), "-S", ROOT, "-B", tmp_path / "build", "-G", "Unix Makefiles", python]
    ran = subprocess.run(configure, env={"PATH": path, "LACKING": LACKING}, capture_output=True, text=True)
    assert ran.returncode != 0
    said = [line.strip() for line in ran.stderr.splitlines() if line.strip() and not line.startswith("--")]
    assert said[1:] == [f"{LACKING} {SAID[there]}"], ran.stderr
    assert re.fullmatch(r"CMake Error at CMakeLists\.txt:\d+ \(message\):", said[0])


def test_cmake_goes_on_without_codecs_and_says_so(tmp_path):
    """That it finds them where they are is seen by what the installed library says."""
    words = ["cmake", "-S", ROOT, "-B", tmp_path, PYTHON, "-DOPUS_INCLUDE_DIR=", "-DVPX_LIBRARY="]
    said = subprocess.check_output(words, text=True)
    assert "-- calls: without codecs, install libopus-dev libvpx-dev\n" in said
    assert "with codecs" not in said


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The source archive."""

    def build(folder):
        words = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, ROOT]
        subprocess.run(words, check=True, capture_output=True)

    folder = made_once(tmp_path_factory, "sdist", build)
    (archive,) = folder.glob("toxpy-*.tar.gz")
    assert archive.name == f"toxpy-{toxpy.__version__}.tar.gz"
    return archive


def test_the_source_archive_holds_all_that_is_versioned(sdist):
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert set(listed.split()) - held == {".ci/run", ".gitignore"}


def test_pip_installs_the_source_archive(sdist, tmp_path):
    """All that `cmake --install` gives lies below the prefix, Python finds toxpy, the source is as it was."""
    subprocess.run(["tar", "-xf", sdist, "-C", tmp_path], check=True)
    (source,) = tmp_path.glob("toxpy-*")
    before = sorted(source.rglob("*"))
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    variables = {**os.environ, **QUICK, "PIP_NO_INPUT": "1"}
    subprocess.run([*pip, f"--prefix={target}", source], check=True, env=variables)
    assert sorted(source.rglob("*")) == before
    (package,) = target.glob("lib/python3*/site-packages/toxpy")
    environment = {**CLEAN, "PYTHONPATH": str(package.parent)}
    said = subprocess.check_output(
        [target / "bin" / "toxpy", "--version"], env=environment, text=True, cwd="/"
    )
    assert said.splitlines()[0] == f"toxpy {toxpy.__version__} from {package}"
    assert f"C library: {target / 'lib' / 'libtoxcore.so.2'}\n" in said and "datapath in C" in said
    assert "calls with Opus and VP8\n" in said
    for name in ("lib/libtoxcore.so.2", "lib/pkgconfig/toxcore.pc", "include/toxcore.h", "include/tox/tox.h"):
        assert (target / name).exists()
    assert (target / "lib" / "toxpy-site" / "toxpy" / "core.py").exists()
    assert (target / "lib" / "cmake" / "toxcore" / "toxcoreConfig.cmake").exists()
    assert (target / "share" / "man" / "man8" / "toxpy-bootstrapd.8").exists()
    unit = (target / "lib" / "systemd" / "system" / "toxpy-bootstrapd.service").read_text()
    assert "\nExecStart=/opt/toxpy/bin/toxpy bootstrapd" in unit


def test_pip_says_what_is_missing_in_one_line(sdist, tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    ran = subprocess.run(
        [*pip, f"--prefix={tmp_path / 'installed'}", sdist],
        env={"PATH": str(tmp_path), "PIP_NO_INPUT": "1"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode != 0 and "Traceback" not in ran.stderr
    said = [line for line in ran.stderr.splitlines() if "missing" in line]
    assert len(said) == 1 and said[0].strip().endswith("On Debian: apt-get install cmake make gcc libc6-dev")


def run_paths(file):
    """Where an ELF file looks for libraries besides the usual places."""
    said = subprocess.check_output(["readelf", "-d", file], text=True, stderr=subprocess.DEVNULL)
    return [path for line in re.findall(r"(?:RUNPATH|RPATH).*\[(.*)\]", said) for path in line.split(":")]


def test_a_wheel_to_be_published(tmp_path):
    """Tagged for a glibc; its library needs libpython; nothing in it names a folder of this machine."""
    built, work = tmp_path / "built", tmp_path / "folder-of-the-build"
    work.mkdir()
    variables = {**os.environ, "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INPUT": "1", "TMPDIR": str(work)}
    # as a Python that lies elsewhere is built, and a user who debugs
    variables |= QUICK | {"LDFLAGS": f"-Wl,-rpath,{work}/lib", "CFLAGS": "-g -O0 -DNDEBUG"}
    make = [sys.executable, ROOT / "packaging" / "make_wheels.py", "--into", built, sys.executable]
    subprocess.run(make, check=True, env=variables)
    (wheel,) = built.glob("*.whl")
    tag = sys.implementation.cache_tag.replace("cpython-", "cp")
    assert re.fullmatch(rf"toxpy-{toxpy.__version__}-{tag}-{tag}-manylinux_2_\d+_\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "open")
    files = [path for path in (tmp_path / "open").rglob("*") if path.is_file()]
    library = tmp_path / "open" / f"toxpy-{toxpy.__version__}.data" / "data" / "lib" / "libtoxcore.so.2"
    said = subprocess.check_output(["readelf", "-d", library], text=True)
    assert f"[{sysconfig.get_config_var('INSTSONAME')}]" in said and run_paths(library) == ["$ORIGIN"]
    compiled = [path for path in files if ".so" in path.suffixes]
    assert len(compiled) >= 9
    assert {path.split("/")[0] for file in compiled for path in run_paths(file)} == {"$ORIGIN"}
    folders = [str(folder).encode() for folder in (ROOT, work)]
    assert [path for path in files if any(folder in path.read_bytes() for folder in folders)] == []
    installed_wheel_has_codecs(wheel, tmp_path / "installed")


def installed_wheel_has_codecs(wheel, target):
    """For Python and for C programs, from the libraries in the wheel."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", f"--prefix={target}", wheel]
    subprocess.run(pip, check=True, env=dict(os.environ, PIP_NO_INPUT="1"))
    (packages,) = target.glob("lib/python3*/site-packages")
    for place in packages, target / "lib" / "toxpy-site":
        (module,) = place.glob("toxpy/media/_avcodecs*.so")
        said = subprocess.check_output(["ldd", module], text=True)
        libraries = re.findall(r"lib(?:opus|vpx)\S* => (\S+)", said)
        assert len(libraries) == 2
        assert {os.path.dirname(os.path.realpath(path)) for path in libraries} == {
            str(packages / "toxpy.libs")
        }
