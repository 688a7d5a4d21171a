"""The C scenarios: one program per behaviour, with the real library as either side and with ours on both."""

import glob
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support import newer_tox
from tests.support.made_once import made_once
from tests.support.prefix import ROOT, compile_c, library_dir
from tests.support.private_network import HOST, PrivateNetwork

HERE = Path(__file__).parent / "scenarios"
PYTHON = Path(__file__).parents[1] / "scenarios"
SUPPORT = Path(__file__).parents[1] / "support" / "files.py"
GROUP_SUPPORT = SUPPORT.with_name("groups.py")
CALL_SUPPORT = SUPPORT.with_name("calls.py")
NAMES = sorted(path.stem for path in HERE.glob("*.c") if path.stem not in ("scenario", "groups", "calls"))
#: they are about sound and pictures
CALLS = [name for name in NAMES if name.startswith("toxav_") or name == "conference_av"]
#: they need a newer real library than Debian 12 has
GROUPS = [name for name in NAMES if name.startswith("group_")]
#: those that run with the real library each time
WITH_REAL = {"group_general", "group_moderation"}
#: With Noise also when the real library is not asked for. And never: these are about the DHT, or about what
#: is an extension of a program without Noise, and one of ours with it.
WITH_NOISE = {"save_friend", "send_message"}
NOT_WITH_NOISE = {"dht_mixed", "dht_nodes_response", "custom_packets"}
#: what needs more than alice and bob
MORE_THAN_TWO = {"hundred_nodes"}


def real_dir():
    (path,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    return os.path.dirname(path)


SIDES = {
    "ours-ours": (library_dir, library_dir),
    "ours-real": (library_dir, real_dir),
    "real-ours": (real_dir, library_dir),
}
#: bob's node is the relay: the real library's, then ours
RELAYED = ["ours-real", "real-ours"]
#: What is played in C without UDP as well: the ways to a friend and back, sealed packets, many or few. All
#: scenarios are played without UDP in Python, which is the same core below, and in C with it.
WITHOUT_UDP = [
    "conference",
    "connection_status",
    "custom_packets",
    "file_transfer",
    "send_message",
    "toxav_basic",
]


def test_the_same_scenarios_in_c_and_python():
    python = {path.stem.removeprefix("test_") for path in PYTHON.glob("test_*.py")}
    assert set(NAMES) == python - MORE_THAN_TWO
    assert python >= MORE_THAN_TWO


def test_every_callback_of_groups_is_waited_for():
    """In C and in Python: a scenario that waits for an event cannot pass without it."""
    header = (ROOT / "include" / "toxcore.h").read_text()
    callbacks = re.findall(r"^void tox_callback_(group_\w+)\(", header, re.MULTILINE)
    assert len(callbacks) == 18
    c = "".join(path.read_text() for path in HERE.glob("group*.c"))
    python = "".join(path.read_text() for path in [*PYTHON.glob("test_group_*.py"), GROUP_SUPPORT])
    waited_c = set(re.findall(r"take_group\(\w+, (GROUP_\w+),", c))
    waited_python = set(re.findall(r"wait\(\s*events\.(Group\w+)", python))
    assert [name for name in callbacks if name.upper() not in waited_c] == []
    events = ["".join(word.capitalize() for word in name.split("_")) for name in callbacks]
    assert [name for name in events if name not in waited_python] == []


def test_every_callback_of_calls_is_waited_for():
    """In C and in Python, where frames come to `Phone` by their marks."""
    header = (ROOT / "include" / "toxcore.h").read_text()
    callbacks = re.findall(r"^void toxav_callback_(\w+)\(", header, re.MULTILINE)
    assert len(callbacks) == 6
    c, python = (HERE / "calls.c").read_text(), CALL_SUPPORT.read_text()
    controls = (HERE / "toxav_controls.c").read_text()
    for name in callbacks:
        assert f"toxav_callback_{name}(" in c, name
        event = "Toxav" + "".join(word.capitalize() for word in name.split("_"))
        assert name.endswith("_frame") or f'"{event}": "{name}"' in python, name
    for control in re.findall(r"TOXAV_CALL_CONTROL_\w+(?=,\n)", header):
        assert control in controls, control


def test_every_callback_has_a_scenario():
    """In C and in Python; what is set for single packet IDs has its scenario in C, where alone it exists.

    What the real library lacks is in tests/capi/host.
    """
    header = (ROOT / "include" / "toxcore.h").read_text()
    callbacks = re.findall(
        r"^void tox_callback_((?:self|friend|file|dht|conference)_\w+)\(", header, re.MULTILINE
    )
    callbacks.remove("friend_handshake_downgrade")
    assert len(callbacks) == 24
    c = "".join(path.read_text() for path in HERE.iterdir())
    python = "".join(path.read_text() for path in [*PYTHON.glob("*.py"), SUPPORT])
    for name in callbacks:
        assert f"tox_callback_{name}" in c, name
        event = "".join(word.capitalize() for word in name.split("_"))
        assert name.endswith("_per_pktid") or f"events.{event}" in python, name


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Builds each program once."""

    def program(name):
        def build(folder):
            sources, flags = [HERE / f"{name}.c", HERE / "scenario.c"], ["-std=gnu11", f"-I{HERE}"]
            if name in GROUPS:
                sources.append(HERE / "groups.c")
                flags.append("-DSCENARIO_GROUPS")
            if name in CALLS:
                sources.append(HERE / "calls.c")
            compile_c(folder / name, *sources, flags=flags)

        return made_once(tmp_path_factory, f"scenario-{name}", build) / name

    return program


def run(program, sides, **environment):
    alice, bob = SIDES[sides]
    run_with(program, alice(), bob(), **environment)


def run_with(program, alice, bob, **environment):
    """With the libraries in those folders."""
    environment.update(TOX_LIB_ALICE=str(alice), TOX_LIB_BOB=str(bob), PATH=os.environ["PATH"])
    ran = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=320)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.timeout(330)
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("name", sorted(set(NAMES) - set(GROUPS)))
def test_scenario(name, sides, programs):
    run(programs(name), sides)


@pytest.mark.timeout(330)
@pytest.mark.parametrize("name", GROUPS)
def test_group_scenario(name, programs):
    run(programs(name), "ours-ours")


@pytest.mark.timeout(330)
def test_with_noise(noise_scenario, programs):
    """Both are ours, and have nothing but Noise."""
    run(programs(noise_scenario), "ours-ours", TOX_NOISE="1")


@pytest.mark.timeout(330)
@pytest.mark.namespaces
def test_with_noise_and_without_udp(noise_scenario_without_udp, programs):
    program = programs(noise_scenario_without_udp)
    with PrivateNetwork():
        run(program, "ours-ours", TOX_NOISE="1", TOX_RELAY="bob", TOX_HOST=HOST)


def pytest_generate_tests(metafunc):
    """The real library where it has groups: for a few scenarios, and for all with the releases asked for.

    With Noise: the same. All of these are played with Noise in Python, which is the same core below.
    """
    all_of_them = bool(metafunc.config.getoption("releases"))
    if "noise_scenario" in metafunc.fixturenames:
        others = [*GROUPS, *CALLS, *(name for name in NAMES if name.startswith("conference"))]
        of_friends = set(NAMES) - set(others) - NOT_WITH_NOISE
        metafunc.parametrize("noise_scenario", sorted(of_friends if all_of_them else WITH_NOISE))
    if "noise_scenario_without_udp" in metafunc.fixturenames:
        of_friends = {"connection_status", "file_transfer", "send_message"}
        metafunc.parametrize(
            "noise_scenario_without_udp", sorted(of_friends if all_of_them else {"send_message"})
        )
    if "group_with" in metafunc.fixturenames:
        named = [
            pytest.param((name, which), id=f"{name}-{which}", marks=pytest.mark.newer_tox(release=which))
            for name in GROUPS
            for which in newer_tox.asked_for(metafunc.config, always=name in WITH_REAL)
        ]
        metafunc.parametrize("group_with", named)


@pytest.mark.timeout(330)
@pytest.mark.parametrize("sides", ["ours-real", "real-ours"])
def test_group_scenario_with_the_real_library(group_with, sides, programs):
    name, release = group_with
    folders = [library_dir(), newer_tox.library_dir(release)]
    run_with(programs(name), *(folders if sides == "ours-real" else reversed(folders)))


@pytest.mark.timeout(330)
@pytest.mark.parametrize("sides", RELAYED)
@pytest.mark.parametrize("name", WITHOUT_UDP)
@pytest.mark.namespaces
def test_without_udp(name, sides, programs):
    """Alice and bob have no UDP. On addresses that look public, as c-toxcore wants it for this."""
    program = programs(name)
    with PrivateNetwork():
        run(program, sides, TOX_RELAY="bob", TOX_HOST=HOST)


@pytest.mark.namespaces
def test_a_group_without_udp(programs):
    program = programs("group_tcp")
    with PrivateNetwork():
        run(program, "ours-ours", TOX_RELAY="bob", TOX_HOST=HOST)


@pytest.mark.timeout(330)
@pytest.mark.parametrize(("ours", "real"), [(4, 2), (2, 4)])
@pytest.mark.parametrize("sides", ["ours-real", "real-ours"])
def test_dht_mixed(sides, ours, real, programs):
    """A DHT of so many instances of ours and of the real library, alice and bob among them."""
    of_alice, of_bob = (ours, real) if sides == "ours-real" else (real, ours)
    run(programs("dht_mixed"), sides, TOX_NODES_ALICE=str(of_alice - 1), TOX_NODES_BOB=str(of_bob - 1))
