"""A process that saves a profile again and again, to be killed: `python -m tests.support.saving PATH WORD`.

The state's number is in the status message; the number of each finished save goes to stdout. With a
third word, a number, it saves once and kills itself before that step of the save.
"""

import os
import signal
import sys

from tests.support import saves as save
from toxpy.save.profile import Profile


def numbered(savedata, number):
    """The same identity in its n-th state, of a size that takes several writes."""
    state = save.parse(savedata)
    state.status_message = f"{number}".encode()
    # an unknown section that differs from state to state: half of one and half of another is noticed
    state.kept = [save.KeptSection(200, bytes([number % 251]) * (20_000 + number % 1000), 0)]
    return save.build(state)


def number_of(savedata):
    """Which state that is; AssertionError when it is a mixture."""
    state = save.parse(savedata)
    number = int(state.status_message or b"0")
    assert number == 0 or savedata == numbered(savedata, number)
    return number


def die_before(step):
    """Be killed in place of the next such call but `step` - 1."""

    def dying(real):
        def call(*arguments, **keywords):
            nonlocal step
            step -= 1
            if step == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **keywords)

        return call

    for name in ("open", "write", "fsync", "link", "chmod", "rename", "unlink", "close"):
        setattr(os, name, dying(getattr(os, name)))


def save_once(path, passphrase, step):
    """One save that gets as far as that step."""
    with Profile.open(path, passphrase or None) as profile:
        number = number_of(profile.savedata) + 1
        state = numbered(profile.savedata, number)
        die_before(int(step))
        profile.save(state)
        die_before(-1)
        print(number)


def main(path, passphrase):
    with Profile.open(path, passphrase or None) as profile:
        number = number_of(profile.savedata)
        while True:
            number += 1
            profile.save(numbered(profile.savedata, number))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    (save_once if len(sys.argv) > 3 else main)(*sys.argv[1:])
