"""What the founder of a group decides alone, signed with the key of the group.

    version u32 | founder: enc pk 32, sig pk 32 | peer limit u16 | name length u16 | name in 48
    | 0 public, 1 private | password length u16 | password in 32 | hash of the moderators 32
    | topic lock u32 | voice 1 (0 all, 1 moderators, 2 founder)                                192 bytes

Each change adds 1 to the version; 0 means that we do not know the state yet. A topic lock of 0 is on. Any
other value is off, and the topic's version when it was switched off. c-toxcore: group_chats.c
pack_gc_shared_state.
"""

from __future__ import annotations

from struct import Struct

from toxpy.crypto.sodium import SIGNATURE_SIZE
from toxpy.errors import PacketError
from toxpy.generated import enums
from toxpy.group.keys import ExtendedPublicKey

_STATE = Struct(">I32s32sHH48sBH32s32sIB")
STATE_SIZE = _STATE.size
SIGNED_STATE_SIZE = SIGNATURE_SIZE + STATE_SIZE
#: Of a group whose founder said nothing else.
DEFAULT_PEER_LIMIT = 100
LOCK_ON = 0
MAX_VERSION = 2**32 - 1
_NO_KEY = ExtendedPublicKey(bytes(32), bytes(32))

#: Settings that programs are told of, in the order of their events.
PEER_LIMIT, PRIVACY, PASSWORD, TOPIC_LOCK, VOICE = range(5)


class SharedState:
    """The state of one version; a new object for each."""

    __slots__ = (
        "founder",
        "moderators_hash",
        "name",
        "password",
        "peer_limit",
        "privacy",
        "topic_lock",
        "version",
        "voice",
    )

    def __init__(self, name: bytes = b"", privacy: int = enums.TOX_GROUP_PRIVACY_STATE_PUBLIC) -> None:
        """As every group begins, and what a joiner believes at first."""
        self.version = 0
        self.founder = _NO_KEY
        self.peer_limit = DEFAULT_PEER_LIMIT
        self.name = name
        self.privacy = privacy
        self.password = b""
        self.moderators_hash = bytes(32)
        self.topic_lock = LOCK_ON
        self.voice = enums.TOX_GROUP_VOICE_STATE_ALL

    @property
    def topic_is_locked(self) -> bool:
        """True if only moderators and the founder set the topic."""
        return self.topic_lock == LOCK_ON

    def copy(self) -> SharedState:
        """The same again, to be changed."""
        other = SharedState()
        for name in SharedState.__slots__:
            setattr(other, name, getattr(self, name))
        return other

    def pack(self) -> bytes:
        """192 bytes."""
        return _STATE.pack(
            self.version,
            self.founder.enc,
            self.founder.sig,
            self.peer_limit,
            len(self.name),
            self.name,
            self.privacy,
            len(self.password),
            self.password,
            self.moderators_hash,
            self.topic_lock,
            self.voice,
        )


def known_privacy(value: int) -> int:
    """As c-toxcore: a privacy state that is not known counts as public."""
    private = enums.TOX_GROUP_PRIVACY_STATE_PRIVATE
    return private if value == private else enums.TOX_GROUP_PRIVACY_STATE_PUBLIC


def known_voice(value: int) -> int:
    """As c-toxcore: a voice state that is not known lets all speak."""
    return value if value <= enums.TOX_GROUP_VOICE_STATE_FOUNDER else enums.TOX_GROUP_VOICE_STATE_ALL


def unpack_shared_state(data: bytes) -> SharedState:
    """From 192 bytes; PacketError for lengths and limits that no founder can mean."""
    if len(data) < STATE_SIZE:
        raise PacketError("group state: cut short")
    fields = _STATE.unpack_from(data)
    state = SharedState()
    state.version, enc, sig, state.peer_limit, name_size, name, privacy, password_size, password = fields[:9]
    if not state.peer_limit or not 0 < name_size <= len(name) or password_size > len(password):
        raise PacketError("group state: no name, no room, or too long")
    state.founder = ExtendedPublicKey(enc, sig)
    state.name, state.password = name[:name_size], password[:password_size]
    state.moderators_hash, state.topic_lock, voice = fields[9:]
    state.privacy, state.voice = known_privacy(privacy), known_voice(voice)
    return state


def changed_settings(old: SharedState, new: SharedState) -> list[int]:
    """The settings that differ: PEER_LIMIT, ..."""
    differ = (
        old.peer_limit != new.peer_limit,
        old.privacy != new.privacy,
        old.password != new.password,
        old.topic_lock != new.topic_lock,
        old.voice != new.voice,
    )
    return [setting for setting, differs in enumerate(differ) if differs]
