"""What `doctor` says of a mailbox: one that is there, another one, a full one, and none."""

import pytest

from toxpy.cli import checks
from toxpy.cli.checks import FAILS, WORKS, Check, Datagrams, World
from toxpy.cli.mailbox_check import MailboxCheck
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import shared_key
from toxpy.dht.packets import open_packet, seal_packet, sender_of
from toxpy.ext.mailbox.probe import FOR_ALL, WITH_TOKEN, ProbeAnswer, pack_answer
from toxpy.ext.offline.records import NO_TOKEN, Mailbox
from toxpy.runtime import Runtime
from toxpy.system.sockets import UdpSocket
from toxpy.wire.packets import ECHO_SIZE, MAILBOX_ANSWER, MAILBOX_PROBE

LOOPBACK = bytes((127, 0, 0, 1))
REAL_PK, TOKEN = b"r" * 32, b"t" * 32


class FakeMailbox(Check):
    """Answers probes with what it is told to say; None for silence."""

    def __init__(self, world, answer, version=1):
        super().__init__("")
        self.state, self.answer, self.version = WORKS, answer, version
        self.keys = KeyPair.generate(world.rt.rng)
        self.udp = UdpSocket.bind(False, 0, 0)

    def step(self):
        for data, address in self.udp.receive():
            assert data[0] == MAILBOX_PROBE.kind
            key = shared_key(sender_of(data), self.keys.secret)
            payload = open_packet(key, data)
            if self.answer is not None:
                content = bytearray(pack_answer(payload[:ECHO_SIZE], self.answer))
                content[ECHO_SIZE] = self.version
                self.udp.send(
                    address, seal_packet(MAILBOX_ANSWER, self.keys.public, key, bytes(24), bytes(content))
                )
        self.udp.path.flush()


@pytest.mark.parametrize(
    ("answer", "token", "state", "words"),
    [
        (ProbeAnswer(WITH_TOKEN, 2048, 86400, REAL_PK), TOKEN, WORKS, "a mailbox, 2048 KiB free"),
        (ProbeAnswer(FOR_ALL, 1, 86400, REAL_PK), NO_TOKEN, WORKS, "1 KiB free"),
        (ProbeAnswer(WITH_TOKEN, 2048, 86400, REAL_PK), NO_TOKEN, FAILS, "only who has a token"),
        (ProbeAnswer(WITH_TOKEN, 0, 86400, REAL_PK), TOKEN, FAILS, "is full"),
        (ProbeAnswer(FOR_ALL, 2048, 86400, b"x" * 32), TOKEN, FAILS, "another mailbox"),
        (None, TOKEN, FAILS, "did not answer over UDP within 0.2 s"),
        ("version", TOKEN, FAILS, "of another version"),
    ],
)
def test_a_mailbox(answer, token, state, words):
    world = World(Runtime())
    told = ProbeAnswer(FOR_ALL, 1, 86400, REAL_PK) if answer == "version" else answer
    box = FakeMailbox(world, told, 2 if answer == "version" else 1)
    try:
        udp = world.bind(False, 0)
        mailbox = Mailbox("127.0.0.1", box.udp.port, box.keys.public, REAL_PK, token)
        check = MailboxCheck(world, mailbox, (LOOPBACK, box.udp.port))
        # what is no answer of it changes nothing
        check.on_datagram((LOOPBACK, box.udp.port), bytes([MAILBOX_ANSWER.kind]) + bytes(144))
        check.on_datagram((LOOPBACK, 1), b"")
        checks.run(world, [box, check, Datagrams(udp, [check])], 0.2 if answer is None else 10)
        assert check.state == state and words in check.message
        assert TOKEN.hex() not in check.message
    finally:
        box.udp.close()
        world.close()
