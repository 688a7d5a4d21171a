"""The answer to "who are you" for a bootstrap node. c-toxcore: other/bootstrap_node_packets.c.

    request  f0 | 77 bytes of anything
    answer   f0 | version 4, big-endian | message of the day, up to 256 bytes, a NUL at its end

The version is 1AAABBBCCC in decimal, for A.B.C. The answer is longer than the question and the asker may
be a lie, so answers come from a budget per source prefix.
"""

from __future__ import annotations

from toxpy.dht.budget import Budget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.runtime import Dispatch, Runtime
    from toxpy.wire.address import Address

BOOTSTRAP_INFO = 0xF0
REQUEST_SIZE = 78
MAX_MOTD_SIZE = 256
#: Answers for one source prefix; whoever lists all nodes asks each of them a few times a minute.
ANSWERS_PER_S, ANSWERS_BURST = 32, 128


def version_number(major: int, minor: int, patch: int) -> int:
    """1AAABBBCCC: the leading 1 keeps the zeros of the rest."""
    return 1_000_000_000 + major * 1_000_000 + minor * 1_000 + patch


class BootstrapInfo:
    """Claims 0xf0 of `udp`; `motd` is sent as given, so it brings its NUL along."""

    __slots__ = ("_answer", "_budget", "_rt", "_send")

    def __init__(
        self, version: int, motd: bytes, *, rt: Runtime, send: Callable[[Address, bytes], None], udp: Dispatch
    ) -> None:
        if len(motd) > MAX_MOTD_SIZE:
            raise ValueError(f"a message of the day has at most {MAX_MOTD_SIZE} bytes")
        self._rt = rt
        self._send = send
        self._answer = bytes((BOOTSTRAP_INFO,)) + version.to_bytes(4, "big") + motd
        self._budget = Budget(ANSWERS_PER_S, ANSWERS_BURST, rt=rt)
        udp.claim(BOOTSTRAP_INFO, self.on_request)

    def on_request(self, address: Address, data: bytes) -> None:
        """0xf0: answer it."""
        counters = self._rt.counters
        if len(data) != REQUEST_SIZE:
            counters.drop("bootstrap_info_size")
        elif not self._budget.allows(address):
            counters.drop("bootstrap_info_budget")
        else:
            self._send(address, self._answer)
