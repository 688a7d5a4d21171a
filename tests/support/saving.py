"""A process that saves a profile again and again, to be killed: `python -m tests.support.saving PATH WORD`.

The state's number is in the status message; the number of each finished save goes to stdout.
"""

import sys

from toxpy import save
from toxpy.profile import Profile


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


def main(path, passphrase):
    with Profile.open(path, passphrase or None) as profile:
        number = number_of(profile.savedata)
        while True:
            number += 1
            profile.save(numbered(profile.savedata, number))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
