"""Profiles: nothing half-written, lost or in clear, one process at a time, no waiting for ever."""

import errno
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import toxpy
from tests.support import saves as save
from tests.support.profile_files import content, mode, names
from tests.support.saving import number_of, numbered
from toxpy.crypto.keys import KeyPair
from toxpy.runtime import Rng
from toxpy.save import diskfile, passkey
from toxpy.save.profile import (
    PassphraseNeeded,
    Profile,
    ProfileCorrupt,
    ProfileError,
    ProfileLocked,
    ProfileNotEncrypted,
    WrongPassphrase,
    new_savedata,
)

ROOT = Path(__file__).parents[3]
SECRET = "correct horse"


# the usual


def test_create_open_save(path):
    with Profile.create(path, name="Alice") as profile:
        identity, address = profile.public_key, profile.address
        assert profile.name == "Alice" and not profile.encrypted
        assert content(path) == profile.savedata
    with Profile.open(path) as profile:
        assert profile.address == address and address.public_key.raw == identity
        first = profile.savedata
        profile.save(numbered(first, 1))
        assert content(path) == profile.savedata == numbered(first, 1)
        assert content(path + ".bak") == first
        profile.save(numbered(first, 2))
        assert content(path + ".bak") == numbered(first, 1)
    assert names(path) == ["alice.tox", "alice.tox.bak"]


def test_a_new_identity_needs_an_explicit_call_and_a_free_place(path):
    with pytest.raises(FileNotFoundError, match=r"alice\.tox"):
        Profile.open(path)
    assert not os.path.exists(path)
    Profile.create(path).close()
    before = content(path)
    with pytest.raises(FileExistsError, match=r"alice\.tox"):
        Profile.create(path)
    assert content(path) == before
    # nor where only the last good copy is left
    os.rename(path, path + ".bak")
    with pytest.raises(FileExistsError, match=r"\.bak"):
        Profile.create(path)
    with pytest.raises(FileNotFoundError, match=r"copy.*alice\.tox\.bak"):
        Profile.open(path)
    assert names(path) == ["alice.tox.bak"]


def test_folders_are_made_private(tmp_path):
    path = tmp_path / "one" / "two" / "alice.tox"
    old = os.umask(0)
    try:
        with Profile.create(path) as profile:
            profile.save(numbered(profile.savedata, 1))
            found = {name: mode(path.parent / name) for name in os.listdir(path.parent)}
            assert found == {"alice.tox": 0o600, "alice.tox.bak": 0o600, "alice.tox.lock": 0o600}
    finally:
        os.umask(old)
    assert mode(tmp_path / "one") == mode(tmp_path / "one" / "two") == 0o700


def test_a_file_of_another_client_becomes_private(path):
    Path(path).write_bytes(new_savedata())
    os.chmod(path, 0o644)
    with Profile.open(path) as profile:
        profile.save(numbered(profile.savedata, 1))
    assert mode(path) == mode(path + ".bak") == 0o600


def test_a_file_that_nobody_may_write_stays(path):
    with Profile.create(path) as profile:
        before = content(path)
        os.chmod(path, 0o444)
        with pytest.raises(PermissionError, match="read-only"):
            profile.save(numbered(profile.savedata, 1))
    with pytest.raises(PermissionError, match=r"cannot open the profile: the file is read-only.*alice\.tox"):
        Profile.open(path)
    assert content(path) == before and mode(path) == 0o444
    with Profile.open(path, read_only=True) as profile:
        assert profile.savedata == before


def test_a_link_is_followed_and_stays(tmp_path, path):
    target = tmp_path / "elsewhere" / "real.tox"
    Profile.create(target).close()
    os.symlink(target, path)
    with Profile.open(path) as profile:
        profile.save(numbered(profile.savedata, 1))
        assert profile.path == str(target)
    assert os.path.islink(path) and number_of(content(target)) == 1


def test_the_same_content_twice_and_links_left_by_a_crash(path):
    with Profile.create(path) as profile:
        profile.save(profile.savedata)
        os.unlink(path + ".bak")
        # a crash between the copy and the rename leaves two names of one file
        os.link(path, path + ".bak")
        profile.save(numbered(profile.savedata, 1))
        assert number_of(content(path)) == 1 and number_of(content(path + ".bak")) == 0
    folder = os.path.dirname(path)
    for left in (".alice.tox.new", ".alice.tox.bak-new"):
        Path(folder, left).write_bytes(b"half")
    Profile.open(path).close()
    assert names(path) == ["alice.tox", "alice.tox.bak"]


def test_the_last_good_copy_where_there_are_no_links(path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    with Profile.create(path) as profile:
        profile.save(numbered(profile.savedata, 1))
    assert number_of(content(path + ".bak")) == 0


def test_a_save_of_another_identity_is_refused(path):
    with Profile.create(path) as profile:
        with pytest.raises(ValueError, match="another identity"):
            profile.save(new_savedata())
        with pytest.raises(ValueError, match="not a Tox save"):
            profile.save(b"nonsense" * 20)
        assert content(path) == profile.savedata
    with pytest.raises(ValueError, match="closed"):
        profile.save(profile.savedata)
    with pytest.raises(ValueError, match="128 bytes"):
        Profile.create(path + "2", name="x" * 129)


def test_reading_only_needs_no_lock(path):
    with Profile.create(path) as writer, Profile.open(path, read_only=True) as reader:
        assert reader.savedata == writer.savedata
        for call in (lambda: reader.save(reader.savedata), lambda: reader.set_passphrase("x")):
            with pytest.raises(ValueError, match="read-only"):
                call()


# the lock


def test_one_process_at_a_time(path):
    Profile.create(path).close()
    code = "import sys; from toxpy import Profile; Profile.open(sys.argv[1]); print(1, flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert other.stdout.readline() == b"1\n"
    with pytest.raises(ProfileLocked) as caught:
        Profile.open(path)
    assert path in str(caught.value) and f"process {other.pid} (python" in str(caught.value)
    with pytest.raises(ProfileLocked):
        Profile.create(path)
    other.kill()
    other.communicate()
    Profile.open(path).close()
    assert names(path) == ["alice.tox"]


def test_one_object_at_a_time(path):
    first = Profile.create(path)
    with pytest.raises(ProfileLocked, match=f"process {os.getpid()}"):
        Profile.open(path)
    first.close()
    for _ in range(50):
        Profile.open(path).close()


def test_a_lock_of_another_machine_or_without_a_name(path):
    import fcntl

    Profile.create(path).close()
    for text, holder in ((b"77\nelsewhere\n", "process 77 on elsewhere"), (b"", "another process")):
        with open(path + ".lock", "wb") as lock:
            lock.write(text)
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(ProfileLocked) as caught:
                Profile.open(path)
            assert caught.value.holder == holder


# the passphrase


def test_encrypted_as_other_clients_do(path):
    with Profile.create(path, SECRET) as profile:
        plain = profile.savedata
        profile.save(numbered(plain, 1))
    data = content(path)
    key = passkey.PassKey.derive(SECRET.encode(), passkey.salt_of(data))
    assert key.decrypt(data) == numbered(plain, 1)
    with Profile.open(path, SECRET.encode()) as profile:
        assert profile.encrypted and profile.savedata == numbered(plain, 1)


def test_passphrase_errors_are_apart(path):
    with Profile.create(path, SECRET) as profile:
        profile.save(numbered(profile.savedata, 1))
    before = content(path)
    with pytest.raises(WrongPassphrase, match=r"alice\.tox"):
        Profile.open(path, "wrong")
    with pytest.raises(PassphraseNeeded, match=r"alice\.tox"):
        Profile.open(path)
    with pytest.raises(ValueError, match="empty"):
        Profile.open(path, "")
    Profile.create(path + "2").close()
    with pytest.raises(ProfileNotEncrypted, match=r"alice\.tox2"):
        Profile.open(path + "2", SECRET)
    assert content(path) == before


def test_plain_text_never_reaches_the_disk(path, monkeypatch):
    written = []
    real_write = os.write

    def watched(fd, data):
        written.append(bytes(data))
        return real_write(fd, data)

    monkeypatch.setattr(os, "write", watched)
    with Profile.create(path, SECRET) as profile:
        for number in range(1, 4):
            profile.save(numbered(profile.savedata, number))
        state = save.parse(profile.savedata)
        profile.set_passphrase("another")
    assert len(written) == 5
    everything = b"".join(written) + b"".join(content(Path(path).parent / name) for name in names(path))
    for hidden in (state.secret_key, state.public_key, SECRET.encode(), state.kept[0].data[:32]):
        assert hidden not in everything


def test_another_passphrase_leaves_nothing_behind(path):
    with Profile.create(path) as profile:
        plain = profile.savedata
        profile.save(numbered(plain, 1))
        profile.set_passphrase(SECRET)
        secret_key = save.parse(plain).secret_key
        assert all(secret_key not in content(Path(path).parent / name) for name in names(path))
        profile.save(numbered(plain, 2))
    Profile.open(path, SECRET).close()
    with Profile.open(path, SECRET) as profile:
        profile.set_passphrase("another")
        for name in (path, path + ".bak"):
            with pytest.raises(WrongPassphrase):
                Profile.open(name, SECRET, read_only=True)
        profile.set_passphrase(None)
    assert content(path) == content(path + ".bak") == numbered(plain, 2)


# damage


@pytest.mark.parametrize("passphrase", [None, SECRET])
@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "zeros"])
def test_damage_is_told_and_the_good_copy_offered(path, passphrase, damage):
    with Profile.create(path, passphrase) as profile:
        profile.save(numbered(profile.savedata, 1))
        profile.save(numbered(profile.savedata, 2))
        identity = profile.public_key
    whole = content(path)
    flipped = bytearray(whole)
    # in the secret key: a file in clear does not show it everywhere
    flipped[max(whole.find(identity), 100) + 40] ^= 1
    broken = {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "flipped": bytes(flipped),
        "zeros": bytes(len(whole)),
    }[damage]
    Path(path).write_bytes(broken)
    with pytest.raises(ProfileCorrupt) as caught:
        Profile.open(path, passphrase)
    assert caught.value.path == path and caught.value.backup_path == path + ".bak"
    assert content(path) == broken and names(path) == ["alice.tox", "alice.tox.bak"]
    with Profile.open(path, passphrase, restore_backup=True) as profile:
        assert profile.public_key == identity and number_of(profile.savedata) == 1
    with Profile.open(path, passphrase) as profile:
        assert number_of(profile.savedata) == 1
    assert content(path + ".damaged") == broken


@pytest.mark.parametrize("passphrase", [None, SECRET])
def test_any_damage_is_an_error_of_the_profile_or_nothing(path, passphrase):
    """Cut, changed, extended or replaced anywhere: the documented errors, and nothing is written."""
    with Profile.create(path, passphrase, name="Alice") as profile:
        identity = profile.public_key
    whole, rng, errors = content(path), random.Random(4), set()
    for turn in range(30 if passphrase else 400):
        broken = bytearray(whole)
        for _ in range(rng.randrange(4)):
            broken[rng.randrange(len(broken)) if turn % 2 else rng.randrange(100)] = rng.randrange(256)
        if turn % 5 == 0:
            broken = broken[: rng.randrange(len(broken))]
        if turn % 7 == 0:
            broken += rng.randbytes(rng.randrange(50))
        if turn % 11 == 0:
            broken = rng.randbytes(rng.randrange(3000))
        Path(path).write_bytes(broken)
        try:
            with Profile.open(path, passphrase) as profile:
                # the identity is checked by its two keys, the rest by its structure only
                assert profile.public_key == identity
        except ProfileError as error:
            assert error.path == path
            errors.add(type(error))
        assert content(path) == broken and names(path) == ["alice.tox"]
    expected = {ProfileCorrupt, WrongPassphrase, ProfileNotEncrypted} if passphrase else {ProfileCorrupt}
    assert ProfileCorrupt in errors and errors <= expected


def test_damage_without_a_good_copy(path):
    Profile.create(path).close()
    Path(path).write_bytes(content(path)[:-900])
    with pytest.raises(ProfileCorrupt, match="no good copy") as caught:
        Profile.open(path)
    assert caught.value.backup_path is None
    with pytest.raises(ProfileCorrupt, match="no good copy"):
        Profile.open(path, restore_backup=True)
    assert names(path) == ["alice.tox"]
    os.unlink(path)
    with pytest.raises(FileNotFoundError, match=r"alice\.tox'"):
        Profile.open(path, restore_backup=True)
    Path(path + ".bak").write_bytes(b"damaged too")
    with pytest.raises(ProfileCorrupt, match=r"alice\.tox\.bak: .*damaged"):
        Profile.open(path, restore_backup=True)
    assert names(path) == ["alice.tox.bak"]


@pytest.mark.parametrize("passphrase", [None, SECRET])
def test_a_whole_profile_is_not_taken_back(path, passphrase):
    """Only by an explicit wish; then the newer state is kept too."""
    with Profile.create(path, passphrase) as profile:
        profile.save(numbered(profile.savedata, 1))
        profile.save(numbered(profile.savedata, 2))
    whole, before = content(path), names(path)
    with Profile.open(path, passphrase, restore_backup=True) as profile:
        assert number_of(profile.savedata) == 2
        assert profile.restored is None and profile.replaced_path is None
    assert content(path) == whole and names(path) == before
    with Profile.open(path, passphrase, restore_whole=True) as profile:
        assert number_of(profile.savedata) == 1
        assert "before the last save" in profile.restored and profile.replaced_path == path + ".replaced"
    assert content(path + ".replaced") == whole
    os.unlink(path + ".bak")
    with pytest.raises(FileNotFoundError, match=r"alice\.tox\.bak"):
        Profile.open(path, passphrase, restore_whole=True)
    with pytest.raises(ValueError, match="read-only"):
        Profile.open(path, passphrase, restore_backup=True, read_only=True)


def test_a_missing_file_is_restored(path):
    with Profile.create(path) as profile:
        profile.save(numbered(profile.savedata, 1))
    os.unlink(path)
    with Profile.open(path, restore_backup=True) as profile:
        assert "no such file" in profile.restored and profile.replaced_path is None
    assert names(path) == ["alice.tox", "alice.tox.bak"]


def test_restoring_twice_keeps_both_damaged_files(path):
    with Profile.create(path) as profile:
        profile.save(numbered(profile.savedata, 1))
    for _ in range(2):
        Path(path).write_bytes(b"damaged")
        Profile.open(path, restore_backup=True).close()
    assert names(path) == ["alice.tox", "alice.tox.bak", "alice.tox.damaged", "alice.tox.damaged2"]


def test_what_is_no_file(path):
    os.mkfifo(path)
    with pytest.raises(OSError, match=r"not a regular file.*alice\.tox"):
        Profile.open(path)
    os.unlink(path)
    os.mkdir(path)
    with pytest.raises(OSError, match=r"alice\.tox"):
        Profile.open(path)
    os.rmdir(path)
    with open(path, "wb") as file:
        file.truncate(diskfile.MAX_SIZE + 1)
    with pytest.raises(OSError, match="too large"):
        Profile.open(path)


# instances


def free_of_net(**fields):
    return {"local_discovery_enabled": False, "ipv6_enabled": False, **fields}


def test_an_instance_saves_changes_and_at_the_end(path):
    with Profile.create(path, name="Alice") as profile:
        with toxpy.Tox(profile=profile, **free_of_net()) as tox:
            assert tox.self_get_name() == "Alice" and tox.self_get_address() == profile.address
            tox.self_set_name("Alicia")
            for _ in tox.events(timeout_s=1):
                pass
            assert save.parse(content(path)).name == b"Alicia"
            tox.friend_add_norequest(bytes(range(32)))
        assert len(save.parse(content(path)).friends) == 1
        assert profile.savedata == content(path)


def test_a_new_friend_is_saved_in_the_next_pass(path, monkeypatch):
    """Who is killed a moment later has the friend; the friend would not ask again."""
    with Profile.create(path) as profile, toxpy.Tox(profile=profile, **free_of_net()) as tox:
        jobs, save_soon = [], profile.save_soon
        monkeypatch.setattr(profile, "save_soon", lambda data: jobs.append(save_soon(data)) or jobs[-1])
        for _ in range(3):
            tox.friend_add_norequest(KeyPair.generate(Rng()).public)
        tox.iterate()
        assert len(jobs) == 1 and jobs[0].done.wait(20)
        assert len(save.parse(content(path)).friends) == 3


def test_every_save_of_a_thousand_friends_is_of_one_moment(path):
    """Friends go while the instance saves and somebody else reads: the name counts those who went."""
    seen, problems, done = set(), [], threading.Event()

    def look():
        try:
            while not done.is_set():
                with Profile.open(path, read_only=True) as profile:
                    state = save.parse(profile.savedata)
                gone = int(state.name or b"0")
                assert len(state.friends) in ((1000 - gone,) if gone else range(1001))
                seen.add(gone)
        except BaseException as error:  # noqa: BLE001
            problems.append(error)

    rng = Rng()
    with Profile.create(path) as profile, toxpy.Tox(profile=profile, **free_of_net()) as tox:
        for _ in range(1000):
            tox.friend_add_norequest(KeyPair.generate(rng).public)
        looking = threading.Thread(target=look)
        looking.start()
        for gone in range(1, 31):
            tox.friend_delete(gone * 30)
            tox.self_set_name(f"{gone}")
            for _ in tox.events(timeout_s=0.06):
                pass
        done.set()
        looking.join()
    assert problems == []
    assert len(save.parse(content(path)).friends) == 970 and len(seen) >= 3


def test_a_profile_is_of_one_instance_and_one_identity(path):
    with Profile.create(path) as profile:
        with toxpy.Tox(profile=profile, **free_of_net()) as tox:
            with pytest.raises(ValueError, match="another instance"):
                toxpy.Tox(profile=profile, **free_of_net())
            with pytest.raises(ValueError, match="another identity"):
                tox.load(new_savedata())
            assert tox.self_get_public_key().raw == profile.public_key
        with pytest.raises(TypeError, match="not both"):
            toxpy.Tox(profile=profile, savedata=new_savedata())
        with toxpy.Tox(**free_of_net()) as other, pytest.raises(ValueError, match="another identity"):
            toxpy.Tox(core=other.core, profile=profile)
        with toxpy.Tox(profile=profile, **free_of_net()):
            pass


def test_async_instances_save_too(path):
    import asyncio

    async def scene():
        profile = await asyncio.to_thread(Profile.create, path)
        async with toxpy.AsyncTox(profile=profile, **free_of_net()) as tox:
            tox.name = "Alicia"
            async with asyncio.timeout(10):
                while save.parse(content(path)).name != b"Alicia":
                    await asyncio.sleep(0.02)
            tox.status_message = "here"
        assert save.parse(content(path)).status_message == b"here"
        profile.close()

    asyncio.run(scene())


def test_who_hears_of_a_failed_save_is_a_plain_function(path):
    async def later(_error):
        """Nobody could wait for it."""

    with Profile.create(path) as profile:
        for wrong in (later, 5):
            with pytest.raises(TypeError, match=r"async|a function is needed"):
                profile.on_save_error = wrong
        profile.on_save_error = None


@pytest.mark.parametrize("wrong", [None, 5, b"\xff" * 129, "x" * 129, "\udc80"])
def test_a_name_that_is_none(path, wrong):
    with pytest.raises((TypeError, ValueError), match="a name"):
        Profile.create(path, name=wrong)
    assert not os.path.exists(path)
