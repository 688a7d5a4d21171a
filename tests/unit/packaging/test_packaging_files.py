"""What is packaged says what the program does, versions are said once, and what a build lacks in one line."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import toxpy
from tests.support.prefix import ROOT, library_dir
from toxpy.cli import about
from toxpy.cli.bootstrapd.bootstrapd_config import Config
from toxpy.cli.bootstrapd.main import HELP, parse_arguments

PACKAGING = ROOT / "packaging"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NEEDS = ROOT / "cbindings" / "build_needs.py"


def test_the_man_page_has_every_flag_and_setting():
    page = (PACKAGING / "toxpy-bootstrapd.8").read_text().replace("\\-", "-")
    flags = set(re.findall(r"^  (--[a-z-]+)", HELP, re.M))
    assert len(flags) == 9
    options = page.partition(".SH OPTIONS")[2].partition(".SH CONFIGURATION")[0]
    assert set(re.findall(r"^\.BI? (--[a-z-]+)", options, re.M)) == flags
    settings = page.partition(".SH CONFIGURATION")[2].partition(".SH FILES")[0]
    assert set(re.findall(r"^\.B (\w+)", settings, re.M)) == set(Config.__slots__)


def test_the_unit_runs_the_program_with_flags_that_it_has():
    unit = (PACKAGING / "toxpy-bootstrapd.service.in").read_text()
    (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.M)
    arguments = shlex.split(command)
    assert arguments[:2] == ["@TOXPY_COMMAND@", "bootstrapd"]
    options = parse_arguments(arguments[2:])
    assert options.foreground and options.log_backend == "syslog"
    assert options.config == "/etc/tox-bootstrapd.conf"


def named(requirements):
    return {re.split("[<>=]", line)[0]: line for line in requirements}


def test_requirements_are_the_same_everywhere_and_bounded():
    build = named(PROJECT["build-system"]["requires"])
    run = named(PROJECT["project"]["dependencies"])
    tests = named(line for line in (ROOT / "tests" / "requirements.txt").read_text().splitlines() if line)
    assert build.keys() == {"setuptools", "cffi", "pycparser", "pynacl", "noiseprotocol"}
    assert run.keys() == {"cffi", "pynacl", "argon2-cffi", "noiseprotocol"}
    assert build.items() | run.items() <= tests.items()
    assert all(re.fullmatch(r"[\w-]+>=[\d.]+,<\d+", line) for line in (build | run).values())
    cmake = subprocess.check_output([sys.executable, NEEDS, "--requirements"], text=True)
    assert set(named(cmake.strip().split(";")).items()) == build.items() - {
        ("setuptools", build["setuptools"])
    }


def test_the_version_and_the_licence_are_said_as_setuptools_wants_them():
    assert re.fullmatch(r"\d+\.\d+\.\d+", toxpy.__version__)
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "toxpy.__version__"}
    assert PROJECT["project"]["license"] == "GPL-3.0-or-later"


def lacking(tmp_path, *tools):
    """What the check says on a machine with those tools only."""
    for name in tools:
        (tmp_path / name).symlink_to(subprocess.check_output(["which", name], text=True).strip())
    ran = subprocess.run(
        [sys.executable, NEEDS],
        env={"PATH": str(tmp_path), "COMPILER_PATH": os.defpath},
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "" and ran.stderr.count("\n") == bool(ran.returncode)
    return ran.stderr


def test_missing_tools_are_said_in_one_line(tmp_path):
    packages = "apt-get install cmake make gcc libc6-dev"
    assert lacking(tmp_path).endswith(f"cmake, make, a C compiler. On Debian: {packages}\n")


def test_nothing_is_said_when_nothing_is_missing(tmp_path):
    assert lacking(tmp_path, "cmake", "make", "gcc") == ""
    assert subprocess.run([sys.executable, NEEDS, "--modules"]).returncode == 0


#: What is put in the place of the machine's, and what must be said.
MISSING = {
    "headers": ("sysconfig.get_path = lambda name: '/nowhere'", "Python.h of"),
    "libpython": ("sysconfig.get_config_var = lambda name: '/nowhere'", "libpython3."),
    "old": ("sys.version_info = (3, 9)", "Python 3.11 or newer"),
    "cffi": ("sys.modules['_cffi_backend'] = None", "the Python package cffi>=1.15,<3"),
    "pynacl": ("sys.modules['nacl._sodium'] = None", "the Python package pynacl>=1.5,<2"),
    "pycparser": ("sys.modules['pycparser'] = None", "python3-pycparser"),
}


@pytest.mark.parametrize("kind", MISSING)
def test_what_a_python_lacks_is_said_in_one_line(kind):
    change, said = MISSING[kind]
    code = f"import sys, sysconfig\nsys.path.insert(0, {str(NEEDS.parent)!r})\nimport build_needs\n{change}\n"
    code += "sys.argv[1:] = ['--modules']\nsys.exit(build_needs.main())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 1 and ran.stdout == ""
    assert said in ran.stderr and ran.stderr.count("\n") == 1


def run_toxpy(*arguments, flags=(), path=ROOT, cwd=ROOT):
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(
        [sys.executable, "-W", "error", *flags, "-m", "toxpy", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_the_libraries_it_says_what_to_do():
    """As in a fresh checkout: no site-packages."""
    ran = run_toxpy("id", flags=["-S"])
    assert ran.returncode == 1 and ran.stdout == ""
    assert ran.stderr.startswith("Error: ") and ran.stderr.count("\n") == 1
    for word in "cffi", "pynacl", "pip install .", "apt-get install python3-":
        assert word in ran.stderr


def test_version_says_which_toxpy_this_is():
    ran = run_toxpy("--version")
    assert ran.stdout.startswith(f"toxpy {toxpy.__version__} (source) from {ROOT / 'toxpy'}\nPython 3.")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_source_does_not_hide_an_installed_package_without_a_word(tmp_path):
    info = tmp_path / "toxpy-9.8.7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toxpy\nVersion: 9.8.7\n")
    assert run_toxpy("--version", path=tmp_path).stderr == ""
    (tmp_path / "toxpy").mkdir()
    ran = run_toxpy("--version", path=tmp_path)
    assert ran.returncode == 0
    assert ran.stderr.startswith(
        f"Warning: this is the source in {ROOT / 'toxpy'}, not the installed toxpy 9.8.7"
    )
    assert str(tmp_path / "toxpy") in ran.stderr and ran.stderr.count("\n") == 1


def test_a_library_without_its_python_is_told_with_the_package_to_install(tmp_path):
    source = tmp_path / "needy.c"
    source.write_text("int needy;")
    needed, library = tmp_path / "libpython3.99.so.1.0", tmp_path / "libtoxcore.so.2"
    for target, words in (needed, [source, f"-Wl,-soname,{needed.name}"]), (library, [source, needed]):
        subprocess.run(["cc", "-shared", "-Wl,--no-as-needed", "-o", target, *words], check=True)
    needed.unlink()
    said = about.library_state(library)
    assert said == f"{library} needs libpython3.99.so.1.0. On Debian: apt-get install libpython3.99"


def test_the_librarys_folder_has_all_that_noise_needs():
    """A handshake within it, on a machine that has nothing else."""
    site = library_dir() / "toxpy-site"
    code = f"import sys\nsys.path.insert(0, {str(site)!r})\nsys.modules['cryptography'] = None\n"
    code += "from toxpy.crypto.keys import KeyPair\nfrom toxpy.crypto.noise import NoiseIK\n"
    code += "a, b, c, d = (KeyPair(bytes(31) + bytes([i])) for i in (1, 2, 3, 4))\n"
    code += "i, r = NoiseIK(a, b'', b.public), NoiseIK(b, b'')\n"
    code += "print(r.read(i.write(b'there', c)), i.read(r.write(b'back', d)), i.send_key == r.receive_key)"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert ran.stdout == "b'there' b'back' True\n", ran.stderr
    assert not (site / "noise" / "connection.py").exists() and not (site / "cryptography").exists()
    assert (site / "licences" / "noiseprotocol" / "LICENSE").is_file()


def test_licences_of_what_is_shipped_are_found_from_pip_and_from_debian():
    code = f"import sys\nsys.path.insert(0, {str(NEEDS.parent)!r})\nfrom site_folder import licences\n"
    code += "print(*licences('pynacl', 'nacl'), sep='\\n')\n"
    debians = next(iter(sorted(Path("/usr/share/doc").glob("python3-*/copyright"))))
    code += f"print(*licences('of-nobody', {debians.parent.name.removeprefix('python3-')!r}))\n"
    code += "assert licences('of-nobody', 'nothing') == []"
    *pip, debian = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()
    assert pip and all(Path(path).is_file() for path in pip)
    assert debian == str(debians)


def test_packages_that_a_release_lacks_are_told_from_the_others(tmp_path):
    """With apt's lists; without lists nothing counts as lacking."""
    for name, body in {
        "ls": "exit $LISTS",
        "apt-cache": "echo make:; echo '  Installed: 4'; echo utox:",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    words = ["sh", ROOT / "cmake" / "known_packages.sh", "make", "dante-server", "utox"]

    def known(lists):
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LISTS": lists}
        return subprocess.check_output(words, env=environment, text=True)

    assert known("0") == "make utox"
    assert known("1") == "make dante-server utox\n"
