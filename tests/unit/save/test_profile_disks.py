"""Profiles on disks with troubles, and a process that ends in the middle of a save."""

import errno
import functools
import os
import random
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import toxpy
from tests.support.disks import HungDisk, SmallDisk
from tests.support.permissions import open_to_others
from tests.support.profile_files import content, names
from tests.support.saving import number_of, numbered
from toxpy.save import keystore
from toxpy.save.keystore import Cost, KeystoreKey
from toxpy.save.passkey import PassKey
from toxpy.save.profile import (
    Profile,
    ProfileLocked,
)

ROOT = Path(__file__).parents[3]
SECRET = "correct horse"
#: The cheapest key by Argon2id, so that tests are quick.
CHEAP = Cost(1, 13, 1)


def free_of_net(**fields):
    return {"local_discovery_enabled": False, "ipv6_enabled": False, **fields}


# disks


@pytest.fixture
def disk(tmp_path):
    """A full disk, soon: 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = SmallDisk(folder, 64 * 1024)
    yield mounted
    mounted.close()


@pytest.mark.parametrize("passphrase", [None, SECRET])
def test_a_full_disk(disk, passphrase):
    path = disk.folder + "/alice.tox"
    with Profile.create(path, passphrase) as profile:
        profile.save(numbered(profile.savedata, 1))
        before, copy = content(path), content(path + ".bak")
        Path(disk.folder, "filler").write_bytes(bytes(20_000))
        with pytest.raises(OSError, match=r"No space left on device.*alice\.tox") as caught:
            profile.save(numbered(profile.savedata, 2))
        assert caught.value.errno == errno.ENOSPC and caught.value.filename == path
        assert content(path) == before and content(path + ".bak") == copy
        assert names(path) == ["alice.tox", "alice.tox.bak", "alice.tox.lock", "filler"]
        with pytest.raises(OSError, match="No space left"):
            profile.set_passphrase("another")
        os.unlink(disk.folder + "/filler")
        profile.save(numbered(profile.savedata, 3))
    with Profile.open(path, passphrase) as profile:
        assert number_of(profile.savedata) == 3


def test_a_limit_on_the_size_of_files(path):
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Profile.create(path) as profile:
        before = content(path)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, old[1]))
            with pytest.raises(OSError, match=r"File too large.*alice\.tox"):
                profile.save(numbered(profile.savedata, 1))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
        assert content(path) == before == profile.savedata
        profile.save(numbered(profile.savedata, 2))
    assert number_of(content(path)) == 2


def test_a_folder_in_which_nothing_may_be_written(tmp_path):
    """Of a user for whom permissions count: root is not stopped by them, and becomes nobody."""
    code = (
        "import os, sys; from toxpy.save.profile import Profile; path = sys.argv[1]\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "print(Profile.open(path, read_only=True).savedata == open(path, 'rb').read())\n"
        "for call in (lambda: Profile.open(path), lambda: Profile.create(path + '2')):\n"
        "    try: call()\n"
        "    except PermissionError as error: print(error.filename)"
    )
    open_to_others(tmp_path)
    folder = tmp_path / "read-only"
    folder.mkdir()
    path = str(folder / "alice.tox")
    Profile.create(path).close()
    before = content(path)
    os.chmod(path, 0o444)
    os.chmod(folder, 0o555)
    ran = subprocess.run(
        [sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.split() == ["True", path, path + "2"], ran.stderr
    assert content(path) == before and names(path) == ["alice.tox"]
    os.chmod(folder, 0o755)


def test_a_disk_that_becomes_read_only(disk):
    path = disk.folder + "/alice.tox"
    with Profile.create(path) as profile:
        before = content(path)
        disk.make_read_only()
        with pytest.raises(OSError, match=r"Read-only file system.*alice\.tox"):
            profile.save(numbered(profile.savedata, 1))
        assert content(path) == before and names(path) == ["alice.tox", "alice.tox.lock"]
    with pytest.raises(OSError, match=r"Read-only file system.*alice\.tox"):
        Profile.open(path)
    with Profile.open(path, read_only=True) as profile:
        assert profile.savedata == before
    with pytest.raises(OSError, match="Read-only"):
        Profile.create(disk.folder + "/folder/bob.tox")


@pytest.fixture
def hung(tmp_path):
    """A disk that will hang."""
    folder = tmp_path / "hung"
    folder.mkdir()
    mounted = HungDisk(folder)
    yield mounted
    mounted.close()


@pytest.mark.device(path="/dev/fuse")
def test_a_disk_that_hangs(hung):
    path = hung.folder + "/alice.tox"
    profile = Profile.create(path, timeout_s=0.2)
    hung.hang()
    for call in (
        lambda: profile.save(numbered(profile.savedata, 1)),
        lambda: profile.save(numbered(profile.savedata, 2)),
        lambda: Profile.open(path, timeout_s=0.2),
        lambda: Profile.create(path, timeout_s=0.2),
    ):
        with pytest.raises(TimeoutError, match=r"no answer from the disk in 0\.2 s.*alice\.tox"):
            call()
    profile.close()
    hung.close()


def test_a_save_that_was_given_up_changes_nothing_later(path, monkeypatch):
    go_on, reached = threading.Event(), threading.Event()
    real_fsync = os.fsync

    def slow(fd):
        reached.set()
        assert go_on.wait(30)
        real_fsync(fd)

    profile = Profile.create(path, timeout_s=5)
    before = content(path)
    monkeypatch.setattr(os, "fsync", slow)
    job = profile.save_soon(numbered(profile.savedata, 1))
    assert reached.wait(10)
    with pytest.raises(TimeoutError):
        job.wait(0.01)
    # still ours while the disk is at it
    with pytest.raises(ProfileLocked):
        Profile.open(path)
    go_on.set()
    assert job.done.wait(10)
    assert content(path) == before
    profile.save(numbered(profile.savedata, 2))
    profile.close()
    assert number_of(content(path)) == 2 and names(path) == ["alice.tox", "alice.tox.bak"]


@pytest.mark.device(path="/dev/fuse")
def test_a_process_ends_although_the_disk_hangs(hung):
    path = hung.folder + "/alice.tox"
    Profile.create(path).close()
    hung.hang()
    code = "import sys; from toxpy.save.profile import Profile; Profile.open(sys.argv[1], timeout_s=0.2)"
    ran = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, timeout=30)
    assert ran.returncode == 1 and b"TimeoutError" in ran.stderr


# kill -9


def kill_while_saving(path, passphrase, count, seed):
    """Kill a saving process that many times; returns how often the older of two states was found."""
    rng, older, told = random.Random(seed), 0, 0
    for _ in range(count):
        saving = subprocess.Popen(
            [sys.executable, "-m", "tests.support.saving", path, passphrase or ""],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        first = saving.stdout.readline()
        # in microseconds, over the length of about two saves
        wake = threading.Event()
        wake.wait(rng.random() * 0.008)
        saving.kill()
        out, _ = saving.communicate()
        lines = (first + out).split()
        told = int(lines[-1])
        with Profile.open(path, passphrase) as profile:
            number = number_of(profile.savedata)
            assert number in (told, told + 1)
            older += number == told
        assert set(names(path)) == {"alice.tox", "alice.tox.bak"}
        with Profile.open(path + ".bak", passphrase, read_only=True) as copy:
            assert number_of(copy.savedata) in (number - 1, number)
    return older


#: For a thousand of each kind: TOXPY_KILLS=1000, see docs/profiles.md.
KILLS = int(os.environ.get("TOXPY_KILLS", "0"))


@pytest.mark.timeout(300 + 2 * KILLS)
@pytest.mark.parametrize(
    ("passphrase", "kdf", "kills"),
    [(None, None, KILLS or 100), (SECRET, "scrypt", KILLS or 20), (SECRET, "argon2id", KILLS or 10)],
)
def test_kill_9_at_any_moment(path, passphrase, kdf, kills, monkeypatch):
    # the key for a passphrase and a salt is always the same one, and takes 0.1 s
    monkeypatch.setattr(PassKey, "derive", functools.cache(PassKey.derive))
    monkeypatch.setattr(KeystoreKey, "derive", functools.cache(KeystoreKey.derive))
    monkeypatch.setattr(keystore, "DEFAULT_COST", CHEAP)
    Profile.create(path, passphrase, kdf=kdf).close()
    older = kill_while_saving(path, passphrase, kills, seed=1)
    print(f"{kills} kills, {older} of them before the new state was in place")


@pytest.mark.parametrize(("passphrase", "kdf"), [("", None), (SECRET, "argon2id")])
def test_kill_9_before_every_step(path, passphrase, kdf, monkeypatch):
    """Each call into the system that a save makes: what is there before it is a whole state."""
    monkeypatch.setattr(keystore, "DEFAULT_COST", CHEAP)
    Profile.create(path, passphrase or None, kdf=kdf).close()
    found, step = [], 0
    while True:
        step += 1
        command = [sys.executable, "-m", "tests.support.saving", path, passphrase, str(step)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60)
        with Profile.open(path, passphrase or None) as profile:
            number = number_of(profile.savedata)
            assert set(names(path)) <= {"alice.tox", "alice.tox.bak", "alice.tox.lock"}
            if ran.returncode == 0:
                assert ran.stdout.split() == [str(number).encode()]
                break
        assert ran.returncode == -9, ran.stderr
        found.append(number)
    # the states follow one another: a save that was cut off before the rename is made again by the next
    assert found == sorted(found) and 0 in found and len(found) >= 10
    assert {after - before for before, after in zip(found, found[1:], strict=False)} == {0, 1}


STEPS = ("open", "write", "fsync", "link", "chmod", "rename", "unlink", "close")


def test_every_step_may_fail(path, monkeypatch):
    """An error of the disk at any of them is told, and the file holds the old state or the new one."""
    profile = Profile.create(path)
    profile.save(numbered(profile.savedata, 1))
    number, failed = 1, 0
    while True:
        steps = failed + 1

        def failing(name):
            real = getattr(os, name)

            def call(*arguments, **keywords):
                nonlocal steps
                steps -= 1
                if steps == 0:
                    # the kernel gives the number free whatever the flush of a close said
                    if name == "close":
                        real(*arguments)
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                return real(*arguments, **keywords)

            return call

        with monkeypatch.context() as patched:
            for name in STEPS:
                patched.setattr(os, name, failing(name))
            try:
                profile.save(numbered(profile.savedata, number + 1))
            except OSError as error:
                assert (error.errno, error.filename) == (errno.EIO, path)
            else:
                break
        failed += 1
        now = number_of(content(path))
        assert now in (number, number + 1) and number_of(content(path + ".bak")) in (number - 1, number)
        # what is in the folder after an error is cleared away by the next save
        profile.save(numbered(profile.savedata, now + 1))
        number = now + 1
        assert names(path) == ["alice.tox", "alice.tox.bak", "alice.tox.lock"]
        assert number_of(content(path)) == number
    profile.close()
    assert failed >= 10 and number_of(content(path)) == number + 1


def test_what_is_renamed_is_on_the_disk(path, monkeypatch):
    """The content is flushed before it takes the name, the folder after it."""
    done = []
    real = {name: getattr(os, name) for name in ("write", "fsync", "rename")}

    def watched(name):
        def call(first, *others):
            where = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else first
            done.append((name, os.path.basename(where)))
            return real[name](first, *others)

        return call

    with Profile.create(path) as profile:
        for name in real:
            monkeypatch.setattr(os, name, watched(name))
        profile.save(numbered(profile.savedata, 1))
    folder = os.path.basename(os.path.dirname(path))
    assert done == [
        ("write", ".alice.tox.new"),
        ("fsync", ".alice.tox.new"),
        ("rename", ".alice.tox.bak-new"),
        ("rename", ".alice.tox.new"),
        ("fsync", folder),
    ]


@pytest.mark.device(path="/dev/fuse")
def test_an_instance_outlives_a_hung_disk(hung):
    path = hung.folder + "/alice.tox"
    profile = Profile.create(path, timeout_s=0.3)
    errors = []
    profile.on_save_error = errors.append
    tox = toxpy.Tox(profile=profile, **free_of_net())
    hung.hang()
    tox.self_set_name("Alicia")
    for _ in tox.events(timeout_s=1.5):
        pass
    assert [type(error) for error in errors] == [TimeoutError] and profile.save_error is errors[0]
    assert tox.self_get_name() == "Alicia" and tox.iteration_interval() <= 50
    with pytest.raises(TimeoutError):
        tox.close()
    assert tox.closed
    profile.close()
