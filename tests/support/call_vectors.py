"""The recorded call: packets of two real libraries (tests/vectors/calls.json)."""

import json

from tests.support.prefix import ROOT

CALLS = json.loads((ROOT / "tests" / "vectors" / "calls.json").read_text())
#: Bytes in front of what a packet carries: its kind and RTP's header; of audio the sampling rate follows.
RTP_SIZE = 81
RATE_SIZE = 4


def audio():
    """(Opus packet, rate, samples it has) of both releases."""
    for call in CALLS["calls"].values():
        for packet in call["audio"]["packets"]:
            opus = bytes.fromhex(packet["hex"])[RTP_SIZE + RATE_SIZE :]
            yield opus, packet["rate"], packet["decoded_samples"]


def pictures():
    """(release, [(VP8 frame, what it decodes to)]): the first pictures of a call."""
    for release, call in CALLS["calls"].items():
        found, frame = [], b""
        for packet in call["video"]["packets"]:
            frame += bytes.fromhex(packet["hex"])[RTP_SIZE:]
            if "completes" in packet:
                found.append((frame, packet["completes"]))
                frame = b""
        yield release, found


def conference_audio():
    """Opus packets of a conference."""
    for packet in CALLS["conference_audio"]["packets"]:
        data = bytes.fromhex(packet["hex"])
        yield data[-packet["opus_bytes"] :]
