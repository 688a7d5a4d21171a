"""The capabilities of an instance, a line each: the name of its part in `Core`, and the class of the part.

The class gets the layers below (`toxpy.friend.layers`). It has the functions of the C API as its methods,
and its `capability` (`toxpy.friend.capability`) takes part in passes, events and saves; parts may share one,
and a part that is off has None.
When several have an event, it comes in the order of these lines. No deferred annotations here: the list is
made of them.
"""

from toxpy.av.core import CallsCore
from toxpy.conference.core import ConferenceAudioCore, ConferenceCore
from toxpy.ext.handshake.core import HandshakeCore
from toxpy.ext.messages.core import MessagesCore
from toxpy.ext.networks.core import NetworksCore
from toxpy.ext.offline.core import OfflineCore
from toxpy.files.core import FilesCore
from toxpy.group.core import GroupCore, GroupStateCore


class Capabilities:
    """What `Core` has of them."""

    __slots__ = ()

    files: FilesCore
    conferences: ConferenceCore
    conference_audio: ConferenceAudioCore
    groups: GroupCore
    group_state: GroupStateCore
    calls: CallsCore
    handshakes: HandshakeCore
    messages: MessagesCore
    networks: NetworksCore
    offline: OfflineCore


CAPABILITIES = Capabilities.__annotations__
