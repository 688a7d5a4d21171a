"""Every example in the README and in docs/ is run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import toxpy
from tests.support.prefix import library_dir, prefix

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)


def blocks(language):
    """All code blocks of one language, with a name for each."""
    found = []
    for page in PAGES:
        for number, (kind, code) in enumerate(BLOCK.findall(page.read_text())):
            if kind == language:
                found.append(pytest.param(code, id=f"{page.name}-{number}"))
    return found


@pytest.mark.parametrize("code", blocks("python"))
def test_python_example(code, tmp_path):
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.strip()


@pytest.mark.parametrize("code", blocks("sh"))
def test_shell_example(code, tmp_path):
    """`make` targets must exist, build commands name what is there, the rest is run."""
    if code.startswith("make "):
        subprocess.run(["make", "-n", "-s", *code.split()[1:]], cwd=ROOT, check=True, capture_output=True)
    elif code.startswith("cmake "):
        # the same build that made the library under test
        assert (ROOT / "CMakeLists.txt").exists()
        assert (prefix() / "lib" / "libtoxcore.so.2").exists()
    else:
        environment = dict(os.environ, PKG_CONFIG_PATH=str(library_dir() / "pkgconfig"))
        code = code.replace("-o echo_bot", f"-o {tmp_path}/echo_bot")
        subprocess.run(["sh", "-ec", code], cwd=ROOT, env=environment, check=True)
        assert (tmp_path / "echo_bot").exists()


def test_all_blocks_are_of_a_kind_that_is_checked():
    kinds = {kind for page in PAGES for kind, _ in BLOCK.findall(page.read_text())}
    # diagrams are drawn from the tables: test_states_page.py
    assert kinds <= {"python", "sh", "mermaid", ""}
    assert blocks("python")


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_python_page_names_everything():
    page = (ROOT / "docs" / "python.md").read_text()
    listed = page.partition("## All names\n")[2]
    for title in ("Tox", "AsyncTox", "Friend"):
        (paragraph,) = re.findall(rf"^\*\*`{title}`\*\*: (.*?)(?:\n\n|\Z)", listed, re.M | re.S)
        names = set(re.findall(r"`(\w+)`", paragraph))
        public = {name for name in dir(getattr(toxpy, title)) if not name.startswith("_")}
        assert names == public, title
    assert set(toxpy.__all__) <= set(re.findall(r"`(\w+)`", listed))
