"""Lists of several entries, made by c-toxcore's own functions, which order them differently by version."""

import json

import pytest

from tests.unit.group.vectors import FOLDER
from toxpy.group.keys import ExtendedKeyPair
from toxpy.group.moderation import Moderators, without
from toxpy.group.sanctions import Sanctions, unpack_sanctions

STEPS = json.loads((FOLDER / "ngc_moderation.json").read_text())
VERSIONS = ["0.2.20", "0.2.22"]


def key(number):
    """The keys of the vectors are counted from 0, their seeds from 1."""
    return ExtendedKeyPair((number + 1).to_bytes(32, "big")).public


def moderators_of(version):
    """(keys in their order, signed hash) after each step."""
    steps = [(name, bytes.fromhex(data)) for name, data in STEPS[version]]
    for (name, data), (following, digest) in zip(steps, steps[1:], strict=False):
        if following == "hash":
            assert name in ("mods", "removed2", "removed3")
            yield [data[start : start + 32] for start in range(0, len(data), 32)], digest


@pytest.mark.parametrize("version", VERSIONS)
def test_moderators_as_a_list(version):
    for keys, digest in moderators_of(version):
        moderators = Moderators()
        assert moderators.take([keys], digest) and set(moderators.sig_pks) == set(keys)


@pytest.mark.parametrize("version", VERSIONS)
def test_moderators_one_by_one(version):
    moderators = Moderators()
    for keys, digest in moderators_of(version):
        old = moderators.sig_pks
        added, removed = set(keys) - set(old), set(old) - set(keys)
        guesses = [[*old, *added]] if added else without(old, old.index(removed.pop()))
        assert moderators.take(guesses, digest) and set(moderators.sig_pks) == set(keys)


def test_the_versions_order_moderators_differently():
    old, new = (list(moderators_of(version)) for version in VERSIONS)
    assert [len(keys) for keys, _ in old] == [1, 2, 3, 4, 5, 6, 7, 6, 5] == [len(keys) for keys, _ in new]
    assert old[6][1] != new[6][1] and set(old[6][0]) == set(new[6][0])
    # the new one's list fits the old one's hash only if it is in the old order
    assert not Moderators().take([new[6][0]], old[6][1])
    assert Moderators().take([old[6][0]], new[6][1])


def sanctions_of(version):
    return [
        (name, bytes.fromhex(data))
        for name, data in STEPS[version]
        if name.startswith("sanctions") or name in ("removed10", "replaced")
    ]


def may_sanction(name):
    """The founder, and moderator 2 until it is removed."""
    return {key(1).sig}.__contains__ if name == "replaced" else {key(1).sig, key(2).sig}.__contains__


@pytest.mark.parametrize("version", VERSIONS)
def test_sanctions_as_a_list(version):
    for name, data in sanctions_of(version):
        sanctions = Sanctions()
        entries, credentials = unpack_sanctions(data)
        assert sanctions.take([entries], credentials, may_sanction(name), from_moderator=False), name
        again = Sanctions()
        entries, credentials = unpack_sanctions(sanctions.pack())
        assert again.take([entries], credentials, may_sanction(name), from_moderator=False)
        assert again.pack() == sanctions.pack()


@pytest.mark.parametrize("version", VERSIONS)
def test_sanctions_one_by_one(version):
    sanctions = Sanctions()
    for name, data in sanctions_of(version):
        entries, credentials = unpack_sanctions(data)
        old = sanctions.entries
        added = [e for e in entries if e.target not in sanctions.targets]
        if name == "replaced":
            guesses = [entries]
        elif name == "removed10":
            guesses = without(old, sanctions.index(key(10).enc))
        else:
            guesses = [[*old, *added]]
        assert sanctions.take(guesses, credentials, may_sanction(name), from_moderator=True), name
    assert sanctions.targets == {key(number).enc for number in (9, 11, 12, 13)}
    assert {entry.setter for entry in sanctions.entries} == {key(1).sig}
