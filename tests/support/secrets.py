"""Which secret keys are made, and whether something still holds one."""

import gc
from types import BuiltinFunctionType, FunctionType, ModuleType

from toxpy.crypto.keys import KeyPair


def record_keys(monkeypatch):
    """A list that gets the secret key of every pair made from now on."""
    made = []
    init = KeyPair.__init__

    def recording(self, secret):
        made.append(secret)
        init(self, secret)

    monkeypatch.setattr(KeyPair, "__init__", recording)
    return made


def reachable(start):
    """All objects that can be reached from one, code and types left out."""
    seen, left = {id(start): start}, [start]
    while left:
        for found in gc.get_referents(left.pop()):
            if id(found) not in seen and not isinstance(
                found, ModuleType | FunctionType | BuiltinFunctionType | type
            ):
                seen[id(found)] = found
                left.append(found)
    return list(seen.values())
