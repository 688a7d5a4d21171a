"""Record the saves beside this file from Debian's real library: python -m tests.vectors.saves.record.

Each `<name>.tox` is what the library saved, each `<name>.json` what its getters said about
it after loading that very file again. Keys are random, so every recording differs.
Beside them are those of `record.c`, made by libraries of other machines and versions: big_endian (0.2.18
on s390x), conference (0.2.18) and group (0.2.22).
"""

import json
import pathlib
import time

from tests.support.real_tox import RealTox

HERE = pathlib.Path(__file__).parent


def describe(tox):
    """What the library says about itself, bytes as hex."""
    friends = [
        {
            "number": number,
            "public_key": tox.friend_get_public_key(number).hex(),
            "name": tox.friend_get_name(number).hex(),
            "status_message": tox.friend_get_status_message(number).hex(),
            "last_online": tox.friend_get_last_online(number),
        }
        for number in tox.self_get_friend_list()
    ]
    return {
        "address": tox.self_get_address().hex(),
        "secret_key": tox.self_get_secret_key().hex(),
        "name": tox.self_get_name().hex(),
        "status_message": tox.self_get_status_message().hex(),
        "status": tox.self_get_status(),
        "friends": friends,
    }


def load(data):
    """What the real library reads in a save, and what it would save again."""
    tox = RealTox(savedata=data)
    try:
        return describe(tox), tox.get_savedata()
    finally:
        tox.kill()


def write(name, tox):
    """Save, load again, write both files."""
    data = tox.get_savedata()
    said, again = load(data)
    said["resaved_identical"] = again == data
    (HERE / f"{name}.tox").write_bytes(data)
    (HERE / f"{name}.json").write_text(json.dumps(said, indent=1) + "\n")
    print(name, len(data), "bytes,", len(said["friends"]), "friends")


def meet(*toxes):
    """Iterate until everybody sees friend 0 online, then a little longer for names to arrive."""
    first, *others = toxes
    for other in others:
        other.bootstrap("127.0.0.1", first.self_get_udp_port(), first.self_get_dht_id())
    end = None
    while end is None or time.monotonic() < end:
        for tox in toxes:
            tox.iterate()
        if end is None and all(tox.friend_get_connection_status(0) for tox in toxes[:2]):
            end = time.monotonic() + 2
        time.sleep(0.01)


def record_friends():
    """Three friends of all kinds, texts, a conference, DHT and path nodes."""
    alice, bob, *nodes = toxes = [RealTox() for _ in range(6)]
    alice.self_set_name("Alïce".encode())
    alice.self_set_status_message(b"recorded for the tests")
    alice.self_set_status(1)
    bob.self_set_name(b"Bob \xff not UTF-8")
    bob.self_set_status_message(b"x" * 1007)
    bob.self_set_status(2)
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    alice.friend_add_norequest(nodes[0].self_get_public_key())
    alice.friend_add(nodes[1].self_get_address(), "please add me, I am Alïce".encode())
    alice.conference_new()
    meet(*toxes)
    write("friends", alice)
    for tox in toxes:
        tox.kill()


def record_limits():
    """Everything as long as it may be, and a friend list with a hole when it was saved."""
    tox, other = RealTox(), RealTox()
    tox.self_set_name(b"n" * 128)
    tox.self_set_status_message(b"s" * 1007)
    tox.self_set_status(2)
    for last in range(4):
        tox.friend_add_norequest(bytes([last + 1]) * 31 + b"\x01")
    tox.friend_delete(1)
    tox.friend_add(other.self_get_address(), b"r" * 921)
    tox.friend_delete(0)
    write("limits", tox)
    tox.kill()
    other.kill()


def record_empty():
    """A new identity and nothing else."""
    tox = RealTox()
    write("empty", tox)
    tox.kill()


if __name__ == "__main__":
    record_empty()
    record_limits()
    record_friends()
