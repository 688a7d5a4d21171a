"""The exported names, and every function called with nothing but NULL and 0."""

import glob
import re
import subprocess
import sys

import pytest

from tests.support.prefix import ROOT, compile_c, library_dir
from tests.support.release import of_package

sys.path.insert(0, str(ROOT / "cbindings"))

from describe import describe_header

#: What 0.2.20 (Debian 13) exports under a name that neither 0.2.18 nor 0.2.22 has.
OF_0_2_20 = {
    "tox_event_dht_get_nodes_response_get_ip",
    "tox_event_dht_get_nodes_response_get_ip_length",
    "tox_event_dht_get_nodes_response_get_port",
    "tox_event_dht_get_nodes_response_get_public_key",
    "tox_event_get_dht_get_nodes_response",
    "tox_events_callback_dht_get_nodes_response",
}
#: c-toxcore 0.2.23 together with the 45 names of 0.2.18, and those of 0.2.20, that later versions dropped
UPSTREAM = 659 + len(OF_0_2_20)
ONLY_HERE = {
    "tox_callback_friend_handshake_downgrade",
    "tox_endpoint_type_to_string",
    "tox_err_friend_set_endpoint_to_string",
    "tox_err_friend_set_handshake_to_string",
    "tox_friend_get_handshake",
    "tox_friend_get_handshake_pin",
    "tox_friend_get_handshake_policy",
    "tox_friend_get_offline_reason",
    "tox_friend_get_offline_reason_age",
    "tox_friend_get_safety_number",
    "tox_friend_offline_reason_to_string",
    "tox_friend_set_endpoint",
    "tox_friend_set_handshake",
    "tox_handshake_mode_to_string",
    "tox_handshake_policy_to_string",
    "tox_handshake_version_to_string",
    "tox_network_type_to_string",
    "tox_options_get_experimental_config_file",
    "tox_options_get_experimental_endpoint_type",
    "tox_options_get_experimental_handshake_mode",
    "tox_options_get_experimental_offline_messages",
    "tox_options_get_experimental_only_networks",
    "tox_options_set_experimental_config_file",
    "tox_options_set_experimental_endpoint",
    "tox_options_set_experimental_handshake_mode",
    "tox_options_set_experimental_offline_messages",
    "tox_options_set_experimental_only_networks",
    "tox_self_get_endpoint",
    "tox_self_get_endpoint_size",
}


def exported(library):
    lines = subprocess.check_output(["nm", "-D", "--defined-only", str(library)], text=True).splitlines()
    return {line.split()[-1].split("@")[0] for line in lines}


def test_exports_are_the_header():
    api = describe_header(ROOT / "include" / "toxcore.h")
    names = exported(library_dir() / "libtoxcore.so.2")
    assert names == set(api.functions)
    assert names >= ONLY_HERE | OF_0_2_20
    assert len(names) == UPSTREAM + len(ONLY_HERE)


def test_no_name_of_debians_library_is_missing():
    (debian,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    assert exported(debian) - exported(library_dir() / "libtoxcore.so.2") == set()


@pytest.mark.parametrize("client", ["toxic", of_package("utox", "utox"), "qtox"])
def test_no_name_that_a_client_needs_is_missing(client):
    """All three are bound at once when they start: with one name missing they would not."""
    command = ["nm", "-D", "--undefined-only", f"/usr/bin/{client}"]
    lines = subprocess.check_output(command, text=True).splitlines()
    needed = {name for name in (line.split()[-1].split("@")[0] for line in lines) if name.startswith("tox")}
    assert len(needed) > 100
    assert needed - exported(library_dir() / "libtoxcore.so.2") == set()


def test_no_name_of_debians_headers_is_missing():
    """What libtoxcore-dev declares, comments aside."""
    names = set()
    for header in glob.glob("/usr/include/tox/*.h"):
        with open(header, encoding="utf-8") as file:
            code = re.sub(r"(?s)/\*.*?\*/", "", file.read())
        code = re.sub(r"(?m)//.*|^[ \t]*#.*", "", code)
        # callback types are no functions
        code = re.sub(r"typedef\b[^;{]*;", "", code)
        names |= set(re.findall(r"\b(tox(?:av|es)?_\w+)\s*\(", code))
    assert len(names) > 250
    assert names - exported(library_dir() / "libtoxcore.so.2") == set()


PROGRAM = """
#include <toxcore.h>
#include <stdio.h>

static void call_all(Tox *tox)
{
    (void)tox;
%s}

int main(void)
{
    call_all(NULL);
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    if (tox == NULL) {
        return 1;
    }
    call_all(tox);
    tox_kill(tox);
    call_all(tox);
    puts("ok");
    return 0;
}
"""


def argument(function, index, error):
    param = function.params[index]
    kind = param.type
    if kind.base == "struct Tox" and kind.pointers:
        return "tox"
    if param == function.error and error:
        return "(void *)&error"
    if kind.pointers or kind.array or kind.callback:
        return "NULL"
    return f"({kind.name})0"


def test_null_and_zero_everywhere(tmp_path):
    """Without an instance, with one and with a dead one; once without and once with a place for the error."""
    api = describe_header(ROOT / "include" / "toxcore.h")
    calls = ""
    for function in api.functions.values():
        # called by main; and what the caller promises to be valid memory, as for free()
        if function.name in ("tox_new", "tox_kill") or function.name.endswith("_to_string"):
            continue
        for error in (False, True) if function.error else (False,):
            arguments = ", ".join(argument(function, index, error) for index in range(len(function.params)))
            before = "int error = -1; " if error else ""
            after = f' if (error == -1) printf("{function.name} left error alone\\n");' if error else ""
            calls += f"    {{ {before}(void){function.name}({arguments});{after} }}\n"
    source = tmp_path / "null.c"
    source.write_text(PROGRAM % calls)
    flags = ["-std=c11", "-Wno-nonnull", "-Wno-deprecated-declarations"]
    program = compile_c(tmp_path / "null", source, flags=flags)
    environment = {"LD_LIBRARY_PATH": str(library_dir())}
    ran = subprocess.run(
        [str(program)], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "ok\n", "")
