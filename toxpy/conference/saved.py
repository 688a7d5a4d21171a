"""The conferences' section of a save, from one byte order into the other.

    conference: type 1 | id 32 | message number u32 | lossy number u16 | our peer number u16
                | peers u32 | title length 1 | title | peer ...
    peer:       real_pk 32 | temp_pk 32 | peer number u16 | last active u64 | name length 1 | name

c-toxcore: group.c save_conf, save_peer. Its numbers are in the byte order of the machine that wrote them.
"""

from __future__ import annotations

import struct

_CONFERENCE = "33sIHHIB"
_PEER = "64sHQB"


def other_byte_order(raw: bytes, byteorder: str) -> bytes:
    """The section with its numbers turned round, `byteorder` being what it has now ("little" or "big").

    What is behind damage stays as it is: nobody can read it in either order.
    """
    now, then = ("<", ">") if byteorder == "little" else (">", "<")
    conference, peer = struct.Struct(now + _CONFERENCE), struct.Struct(now + _PEER)
    pieces, offset, peers = [], 0, 0
    while True:
        layout = peer if peers else conference
        if offset + layout.size > len(raw):
            break
        fields = layout.unpack_from(raw, offset)
        text = offset + layout.size
        end = text + fields[-1]
        if end > len(raw):
            break
        pieces.append(struct.pack(then + (_PEER if peers else _CONFERENCE), *fields) + raw[text:end])
        peers = peers - 1 if peers else fields[4]
        offset = end
    return b"".join(pieces) + raw[offset:]
