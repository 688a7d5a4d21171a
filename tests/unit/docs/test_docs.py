"""Every example in the README and in docs/ is run."""

import importlib
import os
import re
import subprocess
import sys

import pytest

import toxpy
from tests.support.doc_shell import install_packages, run_blocks
from tests.support.made_once import made_once
from tests.support.prefix import ROOT
from toxpy.cli.bootstrapd.metrics import Snapshot, metrics_of

README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
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


def pages_with_shell_lines():
    found = {page: [code for kind, code in BLOCK.findall(page.read_text()) if kind == "sh"] for page in PAGES}
    return [pytest.param(code, id=page.name) for page, code in found.items() if code]


@pytest.mark.namespaces
@pytest.mark.parametrize("code", pages_with_shell_lines())
def test_shell_lines(code, tmp_path, tmp_path_factory, request):
    """Those of a page, in their order, as they stand."""
    real = request.config.getoption("walk")
    if real:
        every = [block.values[0] for block in blocks("sh")]
        made_once(tmp_path_factory, "packages", lambda _: install_packages(every))
    ran = run_blocks(code, tmp_path, real)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_library_that_the_readme_builds_is_the_one_that_is_used(tmp_path):
    """Its own last lines say so; without the two variables it would be Debian's."""
    (code,) = (code for kind, code in BLOCK.findall(README.read_text()) if "PKG_CONFIG_PATH" in code)
    ran = run_blocks([code], tmp_path / "with")
    assert f"=> {tmp_path}/with/checkout/prefix/lib/libtoxcore.so.2" in ran.stdout, ran.stderr
    without = re.sub(r"(?m)^export .*\n", "", code)
    ran = run_blocks([without], tmp_path / "without")
    assert "prefix/lib" not in ran.stdout


def test_examples_are_typed(tmp_path):
    """mypy --strict over every Python example, as a user's checker sees it."""
    for number, example in enumerate(blocks("python")):
        (tmp_path / f"example_{number}.py").write_text(example.values[0])
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", ROOT / "pyproject.toml", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout


def test_all_blocks_are_of_a_kind_that_is_checked():
    kinds = {kind for page in PAGES for kind, _ in BLOCK.findall(page.read_text())}
    # diagrams are drawn from the tables: test_states_page.py; settings are read in test_config_file.py
    assert kinds <= {"python", "sh", "mermaid", "toml", ""}
    assert blocks("python")


def anchors(page):
    """The headings of a page, as they are named in a link."""
    headings = re.findall(r"(?m)^#+ +(.*)$", BLOCK.sub("", page.read_text()))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_between_pages_lead_somewhere():
    """To a file that exists, and to a heading in it."""
    found = 0
    for page in [*PAGES, ROOT / "CHANGELOG.md"]:
        text = BLOCK.sub("", page.read_text())
        for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]*))?\)", text):
            aim = (page.parent / target).resolve() if target else page
            assert aim.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(aim), f"{page.name}: {target}#{anchor}"
            found += 1
    assert found >= 30


def test_the_python_page_names_everything():
    page = (ROOT / "docs" / "python.md").read_text()
    listed = page.partition("## All names\n")[2]
    titles = (
        "Tox AsyncTox Friend AsyncConference AsyncGroup AsyncCall Picture AudioFrame WavSource WavRecorder"
    )
    for title in titles.split():
        (paragraph,) = re.findall(rf"^\*\*`{title}`\*\*: (.*?)(?:\n\n|\Z)", listed, re.M | re.S)
        names = set(re.findall(r"`(\w+)`", paragraph))
        public = {name for name in dir(getattr(toxpy, title)) if not name.startswith("_")}
        assert names == public, title
    assert set(toxpy.__all__) <= set(re.findall(r"`(\w+)`", listed))


def test_the_pages_of_the_api_have_every_public_name():
    """Each once: events and enums on a page of their own, all else with its docstrings."""
    api, events = ((ROOT / "docs" / page).read_text() for page in ("api.md", "events.md"))
    shown = re.findall(r"(?m)^::: ([\w.]+)\.(\w+)$", api)
    for module, name in shown:
        assert getattr(importlib.import_module(module), name).__doc__, name
    names = [name for _, name in shown] + re.findall(r"(?m)^### (\w+)$", events)
    # a capability is for programs that extend the core, and not loaded for others
    assert sorted(names) == sorted([*toxpy.__all__, "Capability"])


def test_contributors_are_told_of_every_folder():
    page = (ROOT / "CONTRIBUTING.md").read_text().partition("## Where things are\n")[2].partition("\n## ")[0]
    named = {name.removeprefix("toxpy/") for name in re.findall(r"`([\w/]+)`", page)}
    assert {path.parent.name for path in (ROOT / "toxpy").glob("*/__init__.py")} <= named


def test_prose_fits_the_page():
    """120 columns; tables and code are as wide as they must be, and so is what programs write."""
    for page in [*PAGES, ROOT / "CHANGELOG.md"]:
        text = re.sub(r"^<!-- written by .*?^\|", "|", BLOCK.sub("", page.read_text()), flags=re.M | re.S)
        wide = [line for line in text.splitlines() if len(line) > 120 and not line.startswith(("|", "    "))]
        assert not wide, f"{page.name}: {wide}"


def test_the_node_page_has_every_metric():
    """Names and labels, as a scrape shows them."""
    page = (ROOT / "docs" / "bootstrapd.md").read_text()
    rows = re.findall(r"(?m)^\| `([a-z_0-9*]+)` \| ([^|]*)\|", page.partition("## Metrics")[2])
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    snapshot = Snapshot()
    snapshot.traffic = {("udp", "sent", "ping_request"): (1, 82)}
    snapshot.errors = {("udp", "EPERM"): 1}
    snapshot.counters = {"drop.udp_malformed": 1, "forwarded": 1}
    snapshot.nodes = {"ipv4": 1}
    snapshot.answers = {"ok": 1}
    found = {sample.name: set(sample.labels) for family in metrics_of(snapshot) for sample in family.samples}
    assert documented == {**found, "process_*": set()}


def test_people_are_they():
    """In docs, comments and messages."""
    places = [*PAGES, *(path for folder in ("toxpy", "cbindings", "include") for path in files_of(folder))]
    word = re.compile(r"\b([Hh]e|[Hh]im(self)?|[Hh]is|[Ss]he|[Hh]ers?(elf)?)\b")
    found = [f"{path.name}: {match[0]}" for path in places for match in word.finditer(path.read_text())]
    assert found == []


def files_of(folder):
    return [path for path in (ROOT / folder).rglob("*.*") if path.suffix in (".py", ".c", ".h")]
