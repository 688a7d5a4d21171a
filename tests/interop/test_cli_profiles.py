"""The command line with the profile of another program, at a terminal, and without libraries for people."""

import os
import pty
import re
import signal
import subprocess
import time

import pytest

from tests.interop.test_cli import new, node, start, where  # noqa: F401
from tests.interop.test_cli_terminal import CTRL_C, terminal  # noqa: F401
from tests.support.cli import OURS, environment, objects, run
from tests.support.real_tox import RealTox
from tests.support.toxic import ONLINE_TIMEOUT_S, Toxic, debians_library
from toxpy import Profile, Tox
from toxpy.save.passkey import PassKey, salt_of

PASSPHRASE = "correct horse"


def test_toxics_encrypted_profile_and_back(tmp_path, toxic_network):
    """Made by toxic on Debian's library, used by our commands, and by toxic again."""
    toxic = Toxic(tmp_path / "toxic", toxic_network.node, debians_library, passphrases=[PASSPHRASE])
    try:
        toxic.enter("/nick Alice")
        address = toxic.address()
        toxic.quit()
        path = toxic.profile
        secret = {"TOXPY_PASSPHRASE": PASSPHRASE}
        assert run("id", "-p", path, TOXPY_PASSPHRASE="wrong").returncode == 1
        (said,) = objects(run("id", "-p", path, "--json", **secret))
        assert (said["tox_id"], said["name"], said["encrypted"]) == (address, "Alice", True)

        host, port, key = toxic_network.node.address
        where = ["--no-lan", "--node", f"{host}:{port}:{key.hex()}"]
        bob, bob_id = new(tmp_path, "Bob")
        with subprocess.Popen(
            [*OURS, "echo", "-p", str(bob), *where], env=environment(), stdout=subprocess.DEVNULL
        ) as bot:
            try:
                ran = run("send", bob_id, "from toxic's profile", "-p", path, *where, **secret)
            finally:
                bot.terminate()
        assert ran.returncode == 0, ran.stderr
        assert path.read_bytes().startswith(b"toxEsave")

        saved = path.read_bytes()
        real = RealTox(savedata=PassKey.derive(PASSPHRASE.encode(), salt_of(saved)).decrypt(saved))
        try:
            assert real.self_get_address().hex().upper() == address and real.self_get_name() == b"Alice"
            assert real.friend_get_public_key(0).hex().upper() == bob_id[:64]
            assert real.friend_get_name(0) == b"Bob"
        finally:
            real.kill()
        toxic = Toxic(tmp_path / "toxic", toxic_network.node, debians_library, passphrases=[PASSPHRASE])
        assert toxic.address() == address
        toxic.home()
        toxic.type("C-p")
        toxic.shows("Bob", ONLINE_TIMEOUT_S)
        toxic.home()
        toxic.quit()
    finally:
        toxic.close()


@pytest.fixture
def bare(tmp_path):
    """PYTHONPATH of a program that has none of the libraries for people."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("rich", "prompt_toolkit", "platformdirs"):
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError(name={name!r})\n")
    return f"{folder}{os.pathsep}{environment()['PYTHONPATH']}"


def test_without_libraries_for_people(tmp_path, start, where, terminal, bare):  # noqa: F811
    """`chat` reads plain lines, files have no bars, the profile must be named."""
    ran = run("id", PYTHONPATH=bare)
    assert ran.returncode == 2 and "--profile" in ran.stderr and "Traceback" not in ran.stderr
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (tmp_path / "file").write_bytes(os.urandom(3_000_000))
    bot = start("echo", "-p", bob, *where)
    bot.wait_for("ready")
    chat = terminal("chat", bob_id, "-p", alice, *where, PYTHONPATH=bare)
    chat.wait_for("is online over")
    chat.keys("hello world\n")
    chat.wait_for("Bob: hello world")
    chat.keys("/help\n")
    chat.wait_for("What can be typed")
    chat.keys("/quit\n")
    assert chat.finish() == 0
    assert bot.stop(signal.SIGTERM)[0] == 0
    receive = terminal("receive", "--files", inbox, "--count", 1, "-p", bob, *where, PYTHONPATH=bare)
    receive.wait_for("Tox ID: ")
    send = terminal("send-file", "Bob", tmp_path / "file", "-p", alice, *where, PYTHONPATH=bare)
    receive.wait_for(r"sent .*inbox")
    assert send.finish() == 0 and receive.finish() == 0
    assert (inbox / "file").read_bytes() == (tmp_path / "file").read_bytes()
    for each in (chat, send, receive):
        assert "Traceback" not in each.text


def test_passphrases_at_a_terminal(tmp_path, terminal):  # noqa: F811
    """Asked for without showing what is typed; the last good copy opens with the new one too."""
    path, tox_id = new(tmp_path, "Alice")
    change = terminal("passphrase", "-p", path)
    change.wait_for("[Pp]assphrase")
    change.keys("first secret\n")
    change.wait_for("(?s)assphrase.*(again|epeat)")
    change.keys("second secret\n")
    assert change.finish() == 1 and "Traceback" not in change.text
    assert not path.read_bytes().startswith(b"toxEsave")

    change = terminal("passphrase", "-p", path)
    for pattern in ("[Pp]assphrase", "(?s)assphrase.*(again|epeat)"):
        change.wait_for(pattern)
        change.keys("first secret\n")
    assert change.finish() == 0 and tox_id in change.text and "secret" not in change.text

    wrong = terminal("id", "-p", path)
    wrong.wait_for("[Pp]assphrase")
    wrong.keys("x\n")
    assert wrong.finish() == 1 and "the passphrase is wrong" in wrong.text

    # damaged: told how to go on, and restored
    with Profile.open(str(path), "first secret") as profile, Tox(profile=profile, udp_enabled=False) as tox:
        tox.self_set_name("Alicia")
    path.write_bytes(path.read_bytes()[:-1])
    broken = terminal("id", "-p", path)
    broken.wait_for("[Pp]assphrase")
    broken.keys("first secret\n")
    assert broken.finish() == 1 and "restore" in broken.text
    restore = terminal("restore", "-p", path)
    restore.wait_for("[Pp]assphrase")
    restore.keys("first secret\n")
    assert restore.finish() == 0 and tox_id in restore.text and "secret" not in restore.text
    assert (tmp_path / "alice.tox.damaged").exists()
    assert run("id", "-p", path, TOXPY_PASSPHRASE="first secret").stdout.strip() == tox_id

    away = Window("passphrase", "--remove", "-p", path)
    away.wait_for("assphrase")
    os.write(away.master, CTRL_C.encode())
    assert away.finish() == 130 and "Traceback" not in away.text
    assert path.read_bytes().startswith(b"toxEsave")
    assert run("passphrase", "--remove", "-p", path, TOXPY_PASSPHRASE="first secret").returncode == 0
    assert run("id", "-p", path).stdout.strip() == tox_id


class Window:
    """A terminal window with a command in it, whose controlling terminal it is: closing it hangs up."""

    def __init__(self, *words):
        pid, self.master = pty.fork()
        if pid == 0:
            os.execvpe(OURS[0], [*OURS, *map(str, words)], environment(TERM="xterm"))
        self.pid, self.text = pid, ""

    def wait_for(self, text, timeout_s=90):
        end = time.monotonic() + timeout_s
        while text not in self.text:
            assert time.monotonic() < end, self.text
            self.text += os.read(self.master, 65536).decode(errors="replace")

    def close(self, *, again=False):
        """Close the window; the exit status. `again`: the signal comes many more times."""
        os.close(self.master)
        return self.finish(hang_up=again)

    def finish(self, timeout_s=30, *, hang_up=False):
        """Its exit status; negative: a signal."""
        end = time.monotonic() + timeout_s
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError("it did not end")
            if hang_up:
                os.kill(self.pid, signal.SIGHUP)
            time.sleep(0.002)


@pytest.mark.parametrize(("command", "status"), [("receive", 0), ("chat", 129)])
def test_a_window_that_is_closed(tmp_path, where, command, status):  # noqa: F811
    alice, tox_id = new(tmp_path, "Alice")
    friend = [new(tmp_path, "Bob")[1]] if command == "chat" else []
    window = Window(command, *friend, "-p", alice, *where)
    window.wait_for("Tox ID: ")
    assert window.close() == status
    assert run("id", "-p", alice).stdout.strip() == tox_id
    # nobody uses it any more
    assert run("passphrase", "--remove", "-p", alice).returncode in (0, 1)
    assert "in use" not in run("passphrase", "--remove", "-p", alice).stderr


def test_nohup(tmp_path, where):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    with subprocess.Popen(
        ["nohup", *OURS, "receive", "-p", str(alice), *where],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    ) as running:
        try:
            while not re.search("Tox ID: ", running.stdout.readline()):
                assert running.poll() is None
            running.send_signal(signal.SIGHUP)
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(1)
            running.send_signal(signal.SIGTERM)
            assert running.wait(20) == 0
        finally:
            running.kill()


def test_a_hangup_that_comes_again(tmp_path, where):  # noqa: F811
    """The system sends one to the session and one to its foreground, some time after writing fails."""
    alice, _ = new(tmp_path, "Alice")
    _, bobs_id = new(tmp_path, "Bob")
    window = Window("chat", bobs_id, "-p", alice, *where)
    window.wait_for("Tox ID: ")
    assert window.close(again=True) == 129
