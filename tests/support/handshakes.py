"""Two friends with a mode of handshakes each, in a simulated network that may keep Noise from arriving."""

from tests.support.worlds import SimulatedWorld
from toxpy import HandshakeVersion
from toxpy.generated import enums, events
from toxpy.wire.packets import NOISE_HANDSHAKE

LEGACY, NOISE_IK, NONE = HandshakeVersion.LEGACY, HandshakeVersion.NOISE_IK, HandshakeVersion.NONE
MODES = {
    "legacy": {},
    "prefer": {"handshake": enums.TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY},
    "only": {"handshake": enums.TOX_HANDSHAKE_MODE_NOISE_ONLY},
}
#: Seconds in which friends that can connect do.
SOON_S = 60


class Pair(SimulatedWorld):
    """Alice and bob, friends of each other, each in a mode."""

    def __init__(self, alice="prefer", bob="prefer", relayed=False, **network):
        modes = {"alice": dict(MODES[alice]), "bob": dict(MODES[bob])}
        super().__init__(relayed=relayed, options=modes, **network)
        self.blocks_noise = False
        carry = self.universe.carry

        def carry_or_not(source, address, data):
            if not (self.blocks_noise and data[0] == NOISE_HANDSHAKE.kind):
                carry(source, address, data)

        self.universe.carry = carry_or_not
        self.nodes = self.network(2)
        self.alice, self.bob = self.actor("alice"), self.actor("bob")
        for actor in (self.alice, self.bob):
            actor.bootstrap_to(self.nodes[0])

    def befriend(self):
        self.alice.friend_add_norequest(self.bob.self_get_public_key())
        self.bob.friend_add_norequest(self.alice.self_get_public_key())
        return self

    def together(self, timeout_s=SOON_S):
        self.connect(self.alice, self.bob, timeout_s)
        return self

    def comes_back(self, actor, mode):
        """The actor starts anew in that mode."""
        self.options[actor.name] = dict(MODES[mode])
        started = self.restart(actor)
        setattr(self, actor.name, started)
        started.bootstrap_to(self.nodes[0])
        return started

    def reconnect(self):
        """Alice loses the session, and it begins anew."""
        self.alice.tox.messenger.friend(0).connection.crypto.kill()
        self.alice.tox.messenger.friend(0).connection.on_closed()
        self.until(lambda: not self.bob.is_online(), "bob to see it")

    def never_online(self, seconds=SOON_S):
        for actor in (self.alice, self.bob):
            actor.seen.clear()
        self.run_for(seconds)
        for actor in (self.alice, self.bob):
            assert actor.got(events.FriendConnectionStatus) is None
            assert not actor.is_online()
        return self

    def versions(self):
        return tuple(HandshakeVersion(actor.friend_get_handshake(0)) for actor in (self.alice, self.bob))

    def pins(self):
        return tuple(HandshakeVersion(actor.friend_get_handshake_pin(0)) for actor in (self.alice, self.bob))
