"""Avatars: the ID is the hash; one we know is refused, and an empty one without a name removes it."""

from tests.support.files import AVATAR, CANCEL, RESUME, Sent, accepted, content, finish, received, run
from toxpy.core import Core


def test_file_avatar(world):
    alice, bob = world.friends()
    picture = content(40_000)
    avatar = {"kind": AVATAR, "file_id": Core.hash(picture), "name": b"avatar.png"}
    sent, got = accepted(world, alice, bob, picture, **avatar)
    assert got.offer.kind == AVATAR
    finish(world, sent, got)
    assert Core.hash(bytes(got.data)) == sent.file_id

    sent = Sent(alice, picture, **avatar)
    again = received(bob)
    assert bob.file_get_file_id(0, again.number) == Core.hash(bytes(got.data))
    again.control(CANCEL)
    run(world, [sent], lambda: sent.controls == [CANCEL], "the refusal")

    sent = Sent(alice, b"", kind=AVATAR, name=b"")
    removed = received(bob)
    assert (removed.offer.kind, removed.offer.file_size, removed.offer.filename) == (AVATAR, 0, b"")
    removed.control(RESUME)
    finish(world, sent, removed)
