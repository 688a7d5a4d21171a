"""The C code compiles without a warning, with every compiler that is here."""

import shutil
import subprocess
import sys
import sysconfig

import pytest

from tests.support.prefix import ROOT

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    subprocess.run([sys.executable, ROOT / "cbindings" / "generate.py", "--build", folder], check=True)
    return folder


def test_there_is_a_compiler():
    assert COMPILERS


@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_warnings(generated, compiler):
    sources = [*(ROOT / "cbindings").glob("*.c"), *generated.glob("*_generated.c")]
    assert len(sources) > 15
    folders = [ROOT / "include", ROOT / "cbindings", generated, sysconfig.get_paths()["include"]]
    command = [compiler, "-std=gnu11", "-O1", "-Wall", "-Wextra", *(f"-I{folder}" for folder in folders)]
    said = [
        subprocess.run(
            [*command, "-c", source, "-o", "/dev/null"], capture_output=True, text=True, check=False
        )
        for source in sources
    ]
    assert "".join(each.stderr for each in said) == ""
    assert {each.returncode for each in said} == {0}
