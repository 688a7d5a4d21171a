"""Names of files that friends send: they may be anything, and become names of plain files."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["safe_name"]

#: Bytes of UTF-8 in a safe name: room for a " (12)" up to the 255 that file systems have.
MAX_NAME_SIZE = 240
MAX_EXTENSION_SIZE = 20

_EDGES = re.compile(r"^[\s.]+|[\s.]+$")
_FORBIDDEN = re.compile('[<>:"|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)


def safe_name(name: bytes | str, fallback: str = "file") -> str:
    """A name from a friend as that of a plain file in any folder, on any system.

    What is left is the last part of a path, without characters that control or forbid, without leading
    dots or dashes, no name of a device, not empty, and at most 240 bytes, with its extension.
    """
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    text = re.split(r"[/\\]", text)[-1]
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    text = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))
    text = _EDGES.sub("", text)
    if not text:
        return fallback
    if text[0] in "-~" or _DEVICES.fullmatch(text.split(".")[0].rstrip()):
        text = "_" + text
    if len(text.encode()) <= MAX_NAME_SIZE:
        return text
    stem, dot, extension = text.rpartition(".")
    if not stem or len(extension.encode()) > MAX_EXTENSION_SIZE:
        stem, dot, extension = text, "", ""
    room = MAX_NAME_SIZE - len((dot + extension).encode())
    return _EDGES.sub("", stem.encode()[:room].decode("utf-8", "ignore")) + dot + extension
