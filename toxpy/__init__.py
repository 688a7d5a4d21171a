"""Tox in Python: `Tox`, `AsyncTox`, `Options`, `ToxError`, events and enums.

Names are loaded when first used: the C library starts with `toxpy.core` and must not pay
for what only Python programs need.
"""

from __future__ import annotations

#: Our release, also in the package's metadata. That of the C API is in generated/enums.py.
__version__ = "0.2.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    # from these imports, too, cbindings/generate.py makes the list of public names
    from toxpy.aio import AsyncTox as AsyncTox
    from toxpy.aio import Friend as Friend
    from toxpy.av.aio_call import AsyncCall as AsyncCall
    from toxpy.av.aio_call import CallError as CallError
    from toxpy.av.frames import AudioFrame as AudioFrame
    from toxpy.av.frames import Picture as Picture
    from toxpy.av.wav import WavRecorder as WavRecorder
    from toxpy.av.wav import WavSource as WavSource
    from toxpy.conference.aio import AsyncConference as AsyncConference
    from toxpy.conference.aio import HeardAudio as HeardAudio
    from toxpy.conference.aio import HeardMessage as HeardMessage
    from toxpy.conference.aio import Peer as Peer
    from toxpy.conference.audio import ConferenceAudioFrame as ConferenceAudioFrame
    from toxpy.errors import ToxError as ToxError
    from toxpy.ext.messages.events import MessageDeleted as MessageDeleted
    from toxpy.ext.messages.events import MessageEdited as MessageEdited
    from toxpy.ext.messages.events import MessageSeen as MessageSeen
    from toxpy.ext.messages.events import MessagesExtended as MessagesExtended
    from toxpy.ext.messages.sent import MessageError as MessageError
    from toxpy.ext.messages.sent import Sent as Sent
    from toxpy.ext.networks.options import Endpoint as Endpoint
    from toxpy.ext.offline.message_state import MessageState as MessageState
    from toxpy.ext.offline.options import Offline as Offline
    from toxpy.ext.offline.records import Mailbox as Mailbox
    from toxpy.ext.offline.stats import MailboxStats as MailboxStats
    from toxpy.ext.offline.stats import StorageStats as StorageStats
    from toxpy.ext.offline.typed import MessageStateChanged as MessageStateChanged
    from toxpy.ext.offline.typed import OfflineMessageLost as OfflineMessageLost
    from toxpy.ext.offline.typed import OfflinePrekeysLow as OfflinePrekeysLow
    from toxpy.ext.offline.typed import QueuedMessage as QueuedMessage
    from toxpy.files.incoming import Incoming as Incoming
    from toxpy.files.outgoing import Outgoing as Outgoing
    from toxpy.files.safe_name import safe_name as safe_name
    from toxpy.files.whole_file import Transfer as Transfer
    from toxpy.files.whole_file import TransferError as TransferError
    from toxpy.friend.aio_sent import SentMessage as SentMessage
    from toxpy.friend.why_offline import WhyOffline as WhyOffline
    from toxpy.generated.public_names import *  # noqa: F403
    from toxpy.group.aio import AsyncGroup as AsyncGroup
    from toxpy.group.aio_state import GroupPeer as GroupPeer
    from toxpy.group.aio_state import GroupSettings as GroupSettings
    from toxpy.group.aio_state import HeardGroupMessage as HeardGroupMessage
    from toxpy.group.tox import GroupSearch as GroupSearch
    from toxpy.ids import PublicKey as PublicKey
    from toxpy.ids import SecretKey as SecretKey
    from toxpy.ids import ToxId as ToxId
    from toxpy.network.network_address import AddressType as AddressType
    from toxpy.network.network_address import ExtendedNode as ExtendedNode
    from toxpy.network.network_address import NetworkAddress as NetworkAddress
    from toxpy.network.nodes import NodeAddress as NodeAddress
    from toxpy.network.nodes import load_nodes as load_nodes
    from toxpy.options import Options as Options
    from toxpy.save.profile import PassphraseNeeded as PassphraseNeeded
    from toxpy.save.profile import Profile as Profile
    from toxpy.save.profile import ProfileCorrupt as ProfileCorrupt
    from toxpy.save.profile import ProfileError as ProfileError
    from toxpy.save.profile import ProfileLocked as ProfileLocked
    from toxpy.save.profile import ProfileNotEncrypted as ProfileNotEncrypted
    from toxpy.save.profile import WrongPassphrase as WrongPassphrase
    from toxpy.tox import Tox as Tox
    from toxpy.tox_part import ToxClosed as ToxClosed


def __getattr__(name: str) -> object:
    from toxpy.generated.public_names import HOMES

    if name == "__all__":
        return sorted(HOMES)
    module = HOMES.get(name)
    if module is None:
        raise AttributeError(f"module 'toxpy' has no attribute {name!r}")
    value = getattr(__import__(module, fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from toxpy.generated.public_names import HOMES

    return sorted({*globals(), *HOMES})
