"""Every *_to_string function says what c-toxcore's says, for enumerators and for other numbers."""

import subprocess
from pathlib import Path

from tests.support.prefix import ROOT, compile_c, library_dir

VECTORS = ROOT / "tests" / "vectors" / "to_string_0.2.23.txt"
HERE = Path(__file__).parent
ONLY_HERE = {
    "tox_endpoint_type_to_string",
    "tox_err_friend_set_endpoint_to_string",
    "tox_err_friend_set_handshake_to_string",
    "tox_friend_offline_reason_to_string",
    "tox_handshake_mode_to_string",
    "tox_handshake_policy_to_string",
    "tox_handshake_version_to_string",
    "tox_network_type_to_string",
}


def test_strings_are_those_of_c_toxcore(tmp_path):
    rows = [line.split(" ", 2) for line in VECTORS.read_text().splitlines() if not line.startswith("#")]
    known = {(name, value): text for name, value, text in rows}
    names = sorted({name for name, _, _ in rows})
    library = library_dir() / "libtoxcore.so.2"
    exports = subprocess.check_output(["nm", "-D", "--defined-only", str(library)], text=True).split()
    ours = {name for name in exports if name.endswith("_to_string")}
    assert ours - set(names) == ONLY_HERE and len(names) > 80
    program = compile_c(tmp_path / "strings", HERE / "strings.c", flags=["-std=c11", "-D_GNU_SOURCE"])
    out = subprocess.check_output([program, library], input="\n".join(names) + "\n", text=True, env={})
    lines = [line.split(" ", 2) for line in out.splitlines()]
    assert len(lines) == 303 * len(names)
    for name, value, text in lines:
        assert text == known.get((name, value), known[name, "*"]), (name, value)
