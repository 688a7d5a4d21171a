"""Peers that speak Noise, and what their policies say and hear."""

from tests.unit.net_crypto.pair import both_established, client_and_server
from toxpy.net_crypto.policy import Handshakes


class Rules(Handshakes):
    """Answers as it was told, and writes down what it hears."""

    def __init__(self, begins=True, noise=True, legacy=True, falls_back=False):
        self.begins, self.noise, self.legacy, self.falls_back = begins, noise, legacy, falls_back
        self.established, self.refused = [], []

    def begins_with_noise(self, real_pk):
        return self.begins

    def accepts_noise(self, real_pk):
        return self.noise

    def accepts_legacy(self, real_pk):
        return self.legacy

    def may_fall_back(self, real_pk):
        return self.falls_back

    def on_established(self, real_pk, version):
        self.established.append((real_pk, version))

    def on_refused(self, real_pk, version):
        self.refused.append((real_pk, version))


def use(peer, **rules):
    """Let that peer speak Noise."""
    peer.rules = Rules(**rules)
    peer.net.use(peer.rules)
    return peer


def speaking(seed=0, client=None, server=None, **network):
    """Two peers, their universe and their rules; nothing has been sent. None for a peer of the old kind."""
    universe, *peers = client_and_server(seed, **network)
    for peer, rules in zip(peers, (client, server), strict=True):
        use(peer, **(rules or {}))
    return universe, *peers


def established_with_noise(seed=0, **network):
    """Two connected peers."""
    universe, client, server = speaking(seed, **network)
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 20_000)
    return universe, client, server


def flipped(message):
    """The message with each of its bits turned, one at a time."""
    for i in range(8 * len(message)):
        bad = bytearray(message)
        bad[i // 8] ^= 1 << i % 8
        yield bytes(bad)
