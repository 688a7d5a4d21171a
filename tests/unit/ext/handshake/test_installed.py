"""What is not installed where an instance asks for Noise."""

import subprocess
import sys

import pytest

from tests.support.prefix import ROOT

START = """
import sys
sys.modules[sys.argv[1]] = None
from toxpy import Tox, ToxError
told = []
def log(level, file, line, function, message):
    told.append(message)
with Tox(udp_enabled=False, local_discovery_enabled=False) as tox:
    print("legacy")
try:
    with Tox(udp_enabled=False, local_discovery_enabled=False, handshake="prefer", log_callback=log) as tox:
        print("noise")
except ToxError as error:
    print(error.name, error)
    print(str(error) in told)
"""


WORDS = "Noise handshakes need the Python package noiseprotocol, which is not installed"


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("noise", f"TOX_ERR_NEW_MALLOC {WORDS}\nTrue"),
        # what is not used of noiseprotocol needs that
        ("cryptography", "noise"),
    ],
)
def test_who_asks_for_noise_is_told(lacking, said):
    command = [sys.executable, "-c", START, lacking]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == f"legacy\n{said}"
