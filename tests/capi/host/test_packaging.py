"""The ways a program finds the library: pkg-config, find_package, pip; from a prefix that was moved."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.prefix import ROOT, prefix

#: What a build needs of the environment, and nothing of ours.
CLEAN = {"PATH": "/usr/bin:/bin"}


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


def test_pip_install(tmp_path):
    """Python finds toxpy, and below the same prefix lies all that `cmake --install` gives."""
    source, target = tmp_path / "source", tmp_path / "installed"
    ignored = shutil.ignore_patterns("build", ".venv", ".git", "*.egg-info", "__pycache__", ".mypy_cache")
    shutil.copytree(ROOT, source, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, f"--prefix={target}", source], check=True, env=dict(os.environ, PIP_NO_INPUT="1"))
    (package,) = target.glob("lib/python3*/site-packages/toxpy")
    script = f"import sys; sys.path.insert(0, {str(package.parent)!r}); import toxpy; print(toxpy.__file__)"
    assert str(package) in subprocess.check_output([sys.executable, "-c", script], text=True, cwd=tmp_path)
    for name in ("lib/libtoxcore.so.2", "lib/pkgconfig/toxcore.pc", "include/toxcore.h", "include/tox/tox.h"):
        assert (target / name).exists()
    assert (target / "lib" / "toxpy-site" / "toxpy" / "core.py").exists()
    assert (target / "lib" / "cmake" / "toxcore" / "toxcoreConfig.cmake").exists()
