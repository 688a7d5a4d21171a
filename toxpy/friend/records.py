"""What extensions keep in a save: a section of ours, with a record for each of them.

    record   type u16 | length u32 | value           little-endian on every machine

     1  who shook hands with Noise                    4  ids of messages that came
     2  messages that wait for friends                6  pre-keys        7  offers, and what friends left

Records of types that nobody claims are written back as they were, and so is an end that is no record:
another version may know them. c-toxcore reads over the section and does not keep it, so whatever stands
in it may be gone at the next start.
"""

from __future__ import annotations

import struct

from toxpy.friend.capability import Capability
from toxpy.wire.sections import EXTENSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_HEADER = struct.Struct("<HI")


class Records(Capability):
    """The records of an instance. `Messenger.records` makes it for the first one."""

    __slots__ = ("_collectors", "_loaded", "_rest")

    section = EXTENSIONS

    def __init__(self) -> None:
        self._collectors: dict[int, Callable[[], bytes | None]] = {}
        #: what a save had and nobody has claimed; and what follows that is no record
        self._loaded: list[tuple[int, bytes]] = []
        self._rest = b""

    def claim(self, kind: int, load: Callable[[bytes], None], collect: Callable[[], bytes | None]) -> None:
        """Own the records of a type: `load` gets what the save had, at once, `collect` gives what is kept.

        A damaged save may have several of them. What cannot be read is left out, as in `Capability.load`.
        """
        if kind in self._collectors:
            raise ValueError(f"the record {kind} is already claimed")
        self._collectors[kind] = collect
        found = [value for known, value in self._loaded if known == kind]
        self._loaded = [record for record in self._loaded if record[0] != kind]
        for value in found:
            load(value)

    def load(self, contents: Sequence[bytes]) -> None:
        """Take a save's records, before any is claimed."""
        for content in contents:
            at, end = 0, len(content)
            while at + _HEADER.size <= end:
                kind, length = _HEADER.unpack_from(content, at)
                begin = at + _HEADER.size
                if length > end - begin:
                    break
                at = begin + length
                self._loaded.append((kind, content[begin:at]))
            self._rest += content[at:]

    def collect(self) -> bytes | None:
        """All records; None if there are none."""
        made = [(kind, collect()) for kind, collect in self._collectors.items()]
        records = self._loaded + [(kind, value) for kind, value in made if value is not None]
        packed = [_HEADER.pack(kind, len(value)) + value for kind, value in records]
        return b"".join((*packed, self._rest)) or None
