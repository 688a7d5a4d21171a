"""What `doctor` asks a mailbox: whether it is there, is the one that is meant, and has room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toxpy.cli.checks import FAILS, REPEAT_MS, WORKS, Check, World
from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.dht.packets import open_packet, seal_packet, sender_of
from toxpy.errors import PacketError
from toxpy.ext.mailbox.probe import pack_probe, unpack_answer
from toxpy.ext.offline.records import NO_TOKEN
from toxpy.wire.packets import ECHO_SIZE, MAILBOX_ANSWER, MAILBOX_PROBE

if TYPE_CHECKING:
    from toxpy.ext.mailbox.probe import ProbeAnswer
    from toxpy.ext.offline.records import Mailbox
    from toxpy.wire.address import Address


class MailboxCheck(Check):
    """Ask a mailbox over UDP, from a key made for this run."""

    def __init__(self, world: World, mailbox: Mailbox, address: Address) -> None:
        super().__init__("mailbox")
        self._world = world
        self._mailbox = mailbox
        self._address = address
        self._where = f"{mailbox.host} port {mailbox.port}"
        self._begun_ms = world.rt.clock.now_ms
        self._asked_ms: int | None = None
        self._echo = world.rt.rng.bytes(ECHO_SIZE)
        self._key = world.shared_keys.get(mailbox.dht_pk)

    def step(self) -> None:
        world, now_ms = self._world, self._world.rt.clock.now_ms
        if self.state or (self._asked_ms is not None and now_ms - self._asked_ms < REPEAT_MS):
            return
        self._asked_ms = now_ms
        if self._key is not None and world.udp is not None:
            nonce, probe = world.rt.rng.bytes(NONCE_SIZE), pack_probe(self._echo)
            sealed = seal_packet(MAILBOX_PROBE, world.keys.public, self._key, nonce, probe)
            world.udp.send(self._address, sealed)

    def on_datagram(self, address: Address, data: bytes) -> None:
        """Whatever came: only the answer of that node counts."""
        if self._key is None or not MAILBOX_ANSWER.fits(data) or data[0] != MAILBOX_ANSWER.kind:
            return
        payload = open_packet(self._key, data) if sender_of(data) == self._mailbox.dht_pk else None
        if address != self._address or payload is None:
            return
        try:
            echo, answer = unpack_answer(payload)
        except PacketError:
            self.say(FAILS, f"{self._where} is a mailbox of another version")
            return
        if echo == self._echo:
            self._judge(answer)

    def _judge(self, answer: ProbeAnswer) -> None:
        where, delay_ms = self._where, self._world.since_ms(self._begun_ms)
        if answer.real_pk != self._mailbox.real_pk:
            self.say(FAILS, f"{where} is another mailbox now: ask its owner for its new text")
        elif not answer.is_open and self._mailbox.token == NO_TOKEN:
            self.say(FAILS, f"{where} serves only who has a token, and there is none: ask its owner for one")
        elif not answer.free_kib:
            self.say(FAILS, f"{where} is full: its owner has to make room on its disk")
        else:
            room = f"{answer.free_kib} KiB free"
            self.say(WORKS, f"{where} answered after {delay_ms} ms: a mailbox, {room}")

    def on_late(self, limit_s: float) -> None:
        self.say(
            FAILS,
            f"{self._where} did not answer over UDP within {limit_s:g} s: it is off, is no mailbox any more, "
            "or a firewall; --no-udp asks over TCP",
        )
