"""Fixtures shared by all tests."""

import fcntl
import os
import signal
import tempfile

import pytest
from hypothesis import settings

from tests.support import namespaces, newer_tox, release, schedule

# how long an example takes says more about the machine than about the code
settings.register_profile("project", deadline=None)
settings.load_profile("project")

# who starts us in the background (nohup, &) lets signals be ignored, and every child would ignore them too;
# what has a handler here is at its default in children
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, lambda *_: None)

#: Fixtures that only root may make, or who has namespaces: networks, and disks to mount.
NAMESPACED = {"lab", "toxic_network", "disk", "hung"}


#: Set for tests that take long: they mostly wait for timers of the protocol.
IS_LONG = pytest.StashKey[bool]()
#: Short tests at once, which mostly compute; more would only hold each other up. Workers beyond share a turn.
TURNS = 5


def pytest_addoption(parser):
    parser.addoption("--record-durations", metavar="FILE", help="keep how long the tests of this run took")
    parser.addoption("--seeds", type=int, default=1, help="how many simulated networks a group has to stand")
    parser.addoption(
        "--releases", default="", metavar="LIST", help="whose real libraries are in all scenarios of groups"
    )
    parser.addoption("--walk", action="store_true", help="install and build for real what the documents say")


def pytest_configure(config):
    config.addinivalue_line("markers", "namespaces: needs namespaces for networks and mounts")
    config.addinivalue_line("markers", "device(path): needs to open that device")
    config.addinivalue_line("markers", "package(name): needs a Debian package that some releases lack")
    config.addinivalue_line("markers", "toxic_with_groups: needs a toxic that knows groups")
    config.addinivalue_line("markers", "newer_tox(release): needs libtoxcore of that release of Debian")
    always = "with_real: a scenario of groups that is played with the real library also without --releases"
    config.addinivalue_line("markers", always)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(schedule.Progress(config, config.getoption("record_durations")))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark what needs namespaces, leave it out where there are none, begin with the longest."""
    for item in items:
        if NAMESPACED & set(item.fixturenames):
            item.add_marker("namespaces")
    if namespaces.LISTING not in os.environ:
        left_out = [item for item in items if not _can_run(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items[: schedule.sort(items)]:
        item.stash[IS_LONG] = True


def _can_run(item):
    """False if this machine lacks what a marker of the test names."""
    if item.get_closest_marker("namespaces") and not namespaces.available():
        return False
    if not all(namespaces.can_open(marker.kwargs["path"]) for marker in item.iter_markers("device")):
        return False
    if any(newer_tox.lacks(marker.kwargs["release"]) for marker in item.iter_markers("newer_tox")):
        return False
    if item.get_closest_marker("toxic_with_groups") and not release.has_toxic_with_groups():
        return False
    return not any(release.lacks(marker.kwargs["name"]) for marker in item.iter_markers("package"))


DIRECT = ["universe", "ours-real", "real-ours"]
#: Simulated networks in which friends have sessions with Noise only.
WITH_NOISE = ["noise-universe", "tcp-noise-universe"]
RELAYED = [
    "tcp-universe",
    "tcp-ours-real-over-real",
    "tcp-real-ours-over-ours",
    "tcp-ours-ours-over-real",
    "tcp-real-real-over-ours",
]


#: Scenarios that are also played by two of the same library over the other library's relay. To a relay the
#: others are the same as these: it sees when clients come, stay away and leave, and sealed packets, many or
#: few.
TOLD_APART_BY_RELAYS = {
    "test_conference",
    "test_connection_status",
    "test_file_transfer",
    "test_reconnect",
    "test_send_message",
}
SAME_LIBRARY = {"tcp-ours-ours-over-real", "tcp-real-real-over-ours"}


def _stages(scenario, names):
    """Where that scenario plays; what is on addresses which look public needs namespaces."""
    for name in names:
        if name not in SAME_LIBRARY or scenario in TOLD_APART_BY_RELAYS:
            real = name.startswith("tcp-") and not name.endswith("universe")
            yield pytest.param(name, marks=pytest.mark.namespaces if real else ())


@pytest.fixture(scope="session", autouse=True)
def temporary_files(tmp_path_factory):
    """What tests and the programs that they start put aside lies in the folder of the run."""
    folder = tmp_path_factory.mktemp("aside")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TMPDIR", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH"):
            patch.setenv(name, str(folder))
        # as if it had never been asked for
        patch.setattr(tempfile, "tempdir", None)
        yield


@pytest.fixture(autouse=True)
def turn(request, tmp_path_factory):
    """Held by a short test that computes as long as it runs; one that waits could hold it for too long."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    computes = request.node.nodeid.startswith(("tests/unit/", "tests/properties/"))
    if not worker or not computes or IS_LONG in request.node.stash:
        yield
        return
    number = int(worker.removeprefix("gw")) % TURNS
    with (tmp_path_factory.getbasetemp().parent / f"turn-{number}").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def world(request):
    """The stage of a scenario: simulated, or loopback with the real library on one side; UDP or relays."""
    from tests.support.worlds import BACKENDS, RELAYED_BACKENDS

    stage = (BACKENDS | RELAYED_BACKENDS)[request.param]()
    yield stage
    stage.close()


@pytest.fixture
def conference_world(request):
    """The stage of a scenario of conferences: also a simulated network that loses, doubles and reorders."""
    from tests.support.worlds import BACKENDS, GROUP_UNIVERSES, RELAYED_BACKENDS

    if request.param == "lossy":
        stage = GROUP_UNIVERSES["lossy"](1)
    else:
        stage = (BACKENDS | RELAYED_BACKENDS)[request.param]()
    yield stage
    stage.close()


@pytest.fixture(params=["lossy", "tcp-universe", *DIRECT])
def call_world(request):
    """The stage of a scenario of calls; the simulated networks have codecs of their own."""
    from tests.support.worlds import BACKENDS, GROUP_UNIVERSES

    simulated = GROUP_UNIVERSES.get(request.param)
    stage = simulated(1) if simulated else BACKENDS[request.param]()
    yield stage
    stage.close()


@pytest.fixture(params=DIRECT)
def udp_world(request):
    """A stage for what only UDP can do."""
    from tests.support.worlds import BACKENDS

    stage = BACKENDS[request.param]()
    yield stage
    stage.close()


def pytest_generate_tests(metafunc):
    """Where scenarios play. Those of groups have to stand simulated networks as often as `--seeds` says."""
    package, _, scenario = metafunc.module.__name__.rpartition(".")
    of_friends, of_conferences = DIRECT + RELAYED + WITH_NOISE, ["lossy", *DIRECT, *RELAYED]
    for fixture, names in (("world", of_friends), ("conference_world", of_conferences)):
        if fixture in metafunc.fixturenames and package == "tests.scenarios":
            metafunc.parametrize(fixture, list(_stages(scenario, names)), indirect=True)
    if "group_world" in metafunc.fixturenames:
        from tests.support.worlds import GROUP_SIDES, GROUP_UNIVERSES

        seeds = range(1, metafunc.config.getoption("seeds") + 1)
        stages = [
            pytest.param((kind, seed), id=f"{kind}-{seed}") for kind in GROUP_UNIVERSES for seed in seeds
        ]
        always = any(mark.name == "with_real" for mark in metafunc.definition.iter_markers())
        for which in newer_tox.asked_for(metafunc.config, always=always):
            marks = pytest.mark.newer_tox(release=which)
            stages += [pytest.param((side, which), id=f"{side}-{which}", marks=marks) for side in GROUP_SIDES]
        metafunc.parametrize("group_world", stages, indirect=True)


@pytest.fixture
def group_world(request):
    """The stage of a scenario of groups: simulated, lossy, without UDP; loopback with the real library."""
    from tests.support.worlds import GROUP_SIDES, GROUP_UNIVERSES, LoopbackWorld

    kind, which = request.param
    if kind in GROUP_UNIVERSES:
        stage = GROUP_UNIVERSES[kind](which)
    else:
        stage = LoopbackWorld(GROUP_SIDES[kind], release=which)
    yield stage
    stage.close()
