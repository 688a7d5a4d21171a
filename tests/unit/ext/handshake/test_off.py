"""An instance that makes no use of Noise."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy import HandshakeMode, HandshakePolicy, HandshakeVersion, Options, Tox, ToxError
from toxpy.generated import enums
from toxpy.tox import build_options


def test_sessions_are_old_ones_and_there_is_nothing_to_set():
    world = SimulatedWorld()
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    tox = Tox(core=alice.tox)
    assert tox.friend_get_handshake(0) == HandshakeVersion.NONE
    world.connect(alice, bob)
    assert tox.friend_get_handshake(0) == HandshakeVersion.LEGACY
    assert tox.friend_get_handshake_policy(0) == HandshakePolicy.AUTO
    assert tox.friend_get_handshake_pin(0) == HandshakeVersion.NONE
    with pytest.raises(ToxError) as mode:
        tox.friend_set_handshake(0, "require")
    assert mode.value.code == enums.TOX_ERR_FRIEND_SET_HANDSHAKE_MODE
    assert 'handshake="prefer"' in str(mode.value)
    with pytest.raises(ToxError) as nobody:
        tox.friend_set_handshake(1)
    assert nobody.value.code == enums.TOX_ERR_FRIEND_SET_HANDSHAKE_FRIEND_NOT_FOUND
    with pytest.raises(ToxError) as invalid:
        alice.friend_set_handshake(0, 3, False)
    assert invalid.value.code == enums.TOX_ERR_FRIEND_SET_HANDSHAKE_INVALID
    with pytest.raises(ToxError):
        tox.friend_get_handshake(1)


@pytest.mark.parametrize(
    ("word", "mode"),
    [
        ("legacy", HandshakeMode.LEGACY_ONLY),
        ("prefer", HandshakeMode.NOISE_AND_LEGACY),
        ("only", HandshakeMode.NOISE_ONLY),
    ],
)
def test_the_mode_is_a_word_or_an_enumerator(word, mode):
    for value in (word, mode, int(mode)):
        built = build_options(None, {"handshake": value})
        assert built.handshake == mode and type(built.handshake) is int


def test_what_is_no_mode_or_policy_is_said():
    assert Options().handshake == HandshakeMode.LEGACY_ONLY
    for name in ("handshake", "handshake_default_policy"):
        for value in ("noise", 3, -1):
            with pytest.raises(ValueError, match="is one of"):
                build_options(None, {name: value})
        with pytest.raises(TypeError):
            build_options(None, {name: None})


def test_a_policy_that_could_have_no_effect_is_an_error():
    assert build_options(None, {"handshake": "prefer", "handshake_default_policy": "require"})
    with pytest.raises(ValueError, match="handshake"):
        build_options(None, {"handshake_default_policy": "require"})
    with pytest.raises(ValueError, match="prefer"):
        build_options(None, {"handshake": "only", "handshake_default_policy": "legacy"})
