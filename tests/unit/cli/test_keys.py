"""Commands about keys: other formats of a profile, copies for other clients, safety numbers and QR codes."""

import json
import sys
from pathlib import Path

import pytest

from toxpy import Profile, Tox
from toxpy.cli.identity import export_main, id_main, new_main, passphrase_main
from toxpy.cli.qr import qr_lines
from toxpy.cli.safety import main as safety_main
from toxpy.friend import safety
from toxpy.ids import URI_PREFIX, ToxId
from toxpy.save import keystore, passkey
from toxpy.save.keystore import Cost

SECRET = "correct horse"
QUIET = {"local_discovery_enabled": False, "udp_enabled": False}
BOB = bytes(range(32))
EVE = bytes(range(64, 96))


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    monkeypatch.setattr(keystore, "DEFAULT_COST", Cost(1, 13, 1))
    monkeypatch.delenv("TOXPY_PASSPHRASE", raising=False)


@pytest.fixture
def path(tmp_path):
    """A profile with the friend Bob."""
    path = str(tmp_path / "alice.tox")
    with Profile.create(path, name="Alice") as profile, Tox(profile=profile, **QUIET) as tox:
        tox.friend_add_norequest(BOB)
    return path


def said(capsys):
    """The one object that a command said with --json."""
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)


# formats


def test_a_new_profile_of_the_other_format(tmp_path, monkeypatch, capsys):
    path = tmp_path / "alice.tox"
    monkeypatch.setenv("TOXPY_PASSPHRASE", SECRET)
    assert new_main(["-p", str(path), "--kdf", "argon2id", "--json"]) == 0
    found = said(capsys)
    assert found["kdf"] == "argon2id" and found["encrypted"] and path.read_bytes().startswith(b"TOXKEYS1")
    assert id_main(["-p", str(path), "--json"]) == 0
    assert said(capsys)["tox_id"] == found["tox_id"]


def test_the_other_format_asks_for_a_passphrase(tmp_path, capsys):
    path = tmp_path / "alice.tox"
    assert new_main(["-p", str(path), "--kdf", "argon2id"]) == 1
    assert "no terminal to ask" in capsys.readouterr().err and not path.exists()


def test_the_format_changes_and_the_passphrase_stays(path, tmp_path, monkeypatch, capsys):
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    assert passphrase_main(["-p", path, "--keep", "--kdf", "argon2id"]) == 1
    assert "no passphrase that could be kept" in capsys.readouterr().err
    assert passphrase_main(["-p", path, "--new-passphrase-file", str(secret), "--json"]) == 0
    assert said(capsys)["kdf"] == "scrypt"
    monkeypatch.setenv("TOXPY_PASSPHRASE", SECRET)
    for kdf, begins in (("argon2id", b"TOXKEYS1"), ("scrypt", b"toxEsave")):
        assert passphrase_main(["-p", path, "--keep", "--kdf", kdf, "--json"]) == 0
        assert said(capsys)["kdf"] == kdf and Path(path).read_bytes().startswith(begins)
    with pytest.raises(SystemExit):
        passphrase_main(["-p", path, "--remove", "--kdf", "argon2id"])
    assert "--remove leaves nothing" in capsys.readouterr().err
    assert passphrase_main(["-p", path, "--remove", "--json"]) == 0
    assert said(capsys)["kdf"] is None


# copies


def exported(path, target, *words):
    """Exit status of a copy, while somebody uses the profile."""
    Path(target).unlink(missing_ok=True)
    return export_main([target, "-p", path, *words])


def test_copies(path, tmp_path, monkeypatch, capsys):
    target, secret = str(tmp_path / "copy.tox"), tmp_path / "other"
    secret.write_text("another\n")
    with Profile.open(path) as profile:
        profile.set_passphrase(SECRET, kdf="argon2id")
        plain = profile.savedata
        monkeypatch.setenv("TOXPY_PASSPHRASE", SECRET)
        assert exported(path, target) == 0
        assert Path(target).read_bytes().startswith(b"TOXKEYS1")
        assert exported(path, target, "--for-other-clients") == 0
        data = Path(target).read_bytes()
        assert passkey.PassKey.derive(SECRET.encode(), passkey.salt_of(data)).decrypt(data) == plain
        assert exported(path, target, "--for-other-clients", "--new-passphrase-file", str(secret)) == 0
        data = Path(target).read_bytes()
        assert passkey.PassKey.derive(b"another", passkey.salt_of(data)).decrypt(data) == plain
        assert "not encrypted" not in capsys.readouterr().err
        assert exported(path, target, "--for-other-clients", "--not-encrypted") == 0
        assert Path(target).read_bytes() == plain
        assert f"{target} is not encrypted: whoever reads it can be you" in capsys.readouterr().err
    assert Path(target).stat().st_mode & 0o777 == 0o600
    # neither a lock nor a last good copy beside it
    assert {item.name for item in tmp_path.glob("copy*")} == {"copy.tox"}


def test_a_copy_replaces_nothing(path, tmp_path, capsys):
    target = tmp_path / "there"
    target.write_bytes(b"something")
    assert export_main([str(target), "-p", path]) == 1
    assert export_main([path, "-p", path]) == 1
    assert capsys.readouterr().err.count("move it away or take another name") == 2
    assert target.read_bytes() == b"something" and Profile.open(path, read_only=True).name == "Alice"


def test_a_copy_of_a_plain_profile_says_so(path, tmp_path, capsys):
    assert export_main([str(tmp_path / "copy"), "-p", path]) == 0
    assert "not encrypted" in capsys.readouterr().err


# safety numbers


def ours(path):
    with Profile.open(path, read_only=True) as profile:
        return profile.public_key


def test_the_number_is_that_of_the_program(path, capsys):
    with Profile.open(path) as profile, Tox(profile=profile, **QUIET) as tox:
        number = tox.friend_get_safety_number(0)
        # also while it runs
        assert safety_main([BOB.hex(), "-p", path]) == 0
    assert capsys.readouterr().out == number + "\n"
    assert safety_main([f"tox:{ToxId.build(BOB, 7)}", "-p", path]) == 0
    assert capsys.readouterr().out == number + "\n"
    assert safety_main([BOB.hex(), "-p", path, "--json"]) == 0
    found = said(capsys)
    assert found == {
        "event": "safety_number",
        "friend": BOB.hex().upper(),
        "name": "",
        "safety_number": number,
        "qr": safety.scan_text(ours(path), BOB),
        "compared": None,
    }


@pytest.mark.parametrize(
    ("show", "result", "says"),
    [
        (lambda us: safety.safety_number(BOB, us), safety.SAME, "each other's true keys"),
        (lambda us: safety.scan_text(BOB, us), safety.SAME, "each other's true keys"),
        (lambda us: safety.safety_number(BOB, EVE), safety.DIFFERENT, "the numbers are different"),
        (lambda us: safety.scan_text(BOB, EVE), safety.WE_DIFFER, "00010203… has another key for us"),
        (lambda us: safety.scan_text(EVE, us), safety.THEY_DIFFER, "00010203… has another key than the one"),
    ],
)
def test_a_comparison(path, capsys, show, result, says):
    text, status = show(ours(path)), 0 if result == safety.SAME else 1
    assert safety_main([BOB.hex(), "-p", path, "--compare", text]) == status
    shown = capsys.readouterr()
    assert says in (shown.err if status else shown.out)
    assert safety_main([BOB.hex(), "-p", path, "--compare", text, "--json"]) == status
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["compared"] == result


def test_what_cannot_be_compared(path, capsys):
    assert safety_main([BOB.hex(), "-p", path, "--compare", "12345"]) == 2
    assert "60 digits" in capsys.readouterr().err
    assert safety_main(["Carol", "-p", path]) == 1
    assert "no friend is called 'Carol'. Friends: 00010203…\n" in capsys.readouterr().err
    assert safety_main([str(ToxId.build(EVE, 7)), "-p", path]) == 1
    assert "no friend has that public key\n" in capsys.readouterr().err


# QR codes


def modules(lines):
    """Rows of black and white of a code that is drawn in half blocks."""
    halves = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}
    rows = []
    for line in lines:
        rows += [[halves[character][half] for character in line] for half in (0, 1)]
    return rows


def test_a_code_is_drawn_as_the_library_made_it():
    import segno

    text = safety.scan_text(BOB, EVE)
    rows = modules(qr_lines(text).splitlines())
    made = [list(map(bool, row)) for row in segno.make(text, error="m", micro=False).matrix_iter(border=4)]
    assert rows[: len(made)] == made and not any(map(any, rows[len(made) :]))
    # it fits into 80 columns with the indentation of further lines
    assert len(rows[0]) <= 76


def test_codes_on_the_command_line(path, capsys):
    assert id_main(["-p", path, "--qr"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert [line[4:] for line in lines] == qr_lines(URI_PREFIX + first).splitlines()
    assert safety_main([BOB.hex(), "-p", path, "--qr"]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line[4:] for line in lines] == qr_lines(safety.scan_text(ours(path), BOB)).splitlines()


def test_without_the_library(path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "segno", None)
    assert id_main(["-p", path, "--qr"]) == 2
    assert "pip install segno" in capsys.readouterr().err
