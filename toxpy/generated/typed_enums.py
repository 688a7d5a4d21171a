"""The C API's enums as IntEnums, for Python users.

GENERATED from include/toxcore.h by cbindings/generate.py: do not edit.

Loaded only when asked for: the core and the C library use the plain integers of
`toxpy.generated.enums`, because importing `enum` costs more than the rest of a start.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

from toxpy.generated import enums


class LogLevel(IntEnum):
    """How much a log message matters."""

    #: Every packet and step. May contain keys of other users and addresses.
    TRACE = enums.TOX_LOG_LEVEL_TRACE
    #: What helps in finding a bug.
    DEBUG = enums.TOX_LOG_LEVEL_DEBUG
    #: Notable, and as it should be.
    INFO = enums.TOX_LOG_LEVEL_INFO
    #: Something unexpected that the library can deal with.
    WARNING = enums.TOX_LOG_LEVEL_WARNING
    #: Something failed.
    ERROR = enums.TOX_LOG_LEVEL_ERROR


class ProxyType(IntEnum):
    """What kind of proxy, if any, connections go through."""

    #: Connect directly.
    NONE = enums.TOX_PROXY_TYPE_NONE
    #: An HTTP proxy that allows CONNECT.
    HTTP = enums.TOX_PROXY_TYPE_HTTP
    #: A SOCKS version 5 proxy.
    SOCKS5 = enums.TOX_PROXY_TYPE_SOCKS5


class SavedataType(IntEnum):
    """What is in the option savedata_data."""

    #: Nothing: start with a new identity.
    NONE = enums.TOX_SAVEDATA_TYPE_NONE
    #: What `get_savedata` wrote. It must have been decrypted, if it was encrypted.
    TOX_SAVE = enums.TOX_SAVEDATA_TYPE_TOX_SAVE
    #: A secret key: an old identity without its friends and settings.
    SECRET_KEY = enums.TOX_SAVEDATA_TYPE_SECRET_KEY


class UserStatus(IntEnum):
    """What a user is doing. Clients show it; the library attaches no meaning to it."""

    #: At the computer.
    NONE = enums.TOX_USER_STATUS_NONE
    #: Gone for a while; clients may set this after some time without input.
    AWAY = enums.TOX_USER_STATUS_AWAY
    #: Does not want to be disturbed.
    BUSY = enums.TOX_USER_STATUS_BUSY


class MessageType(IntEnum):
    """How a message is meant."""

    #: Something said.
    NORMAL = enums.TOX_MESSAGE_TYPE_NORMAL
    #: Something done, like "/me" of IRC: shown behind the name of the sender.
    ACTION = enums.TOX_MESSAGE_TYPE_ACTION


class Connection(IntEnum):
    """How somebody is connected."""

    #: Not at all.
    NONE = enums.TOX_CONNECTION_NONE
    #: Through TCP relays. For ourselves: no node beyond this machine and its LAN answers over UDP. Between
    #: instances of one machine or one LAN this stays so although UDP carries everything, and no relay is
    #: used.
    TCP = enums.TOX_CONNECTION_TCP
    #: Directly, over UDP. For ourselves: the DHT answers.
    UDP = enums.TOX_CONNECTION_UDP


class FileKind(IntEnum):
    """What a file is for.

    Any other number can be sent as well; clients should treat those they do not know as data.
    """

    #: A file for the user. Its name is a suggestion, and must be checked before it becomes a path.
    DATA = enums.TOX_FILE_KIND_DATA
    #: The picture of the sender. The file ID is its `hash`, so that a receiver who has it already can
    #: cancel. A size of 0 means that there is no picture any more. The name is unused.
    AVATAR = enums.TOX_FILE_KIND_AVATAR
    #: A picture to be shown in place of a message.
    STICKER = enums.TOX_FILE_KIND_STICKER
    #: A file whose SHA-1 hash is in the file ID.
    SHA1 = enums.TOX_FILE_KIND_SHA1
    #: A file whose SHA-256 hash is the file ID.
    SHA256 = enums.TOX_FILE_KIND_SHA256


class FileControl(IntEnum):
    """What one side of a transfer tells the other."""

    #: Go on: the receiver accepts the file, or who paused no longer does.
    RESUME = enums.TOX_FILE_CONTROL_RESUME
    #: Wait. Only who paused can resume.
    PAUSE = enums.TOX_FILE_CONTROL_PAUSE
    #: The transfer is over, its number free.
    CANCEL = enums.TOX_FILE_CONTROL_CANCEL


class ConferenceType(IntEnum):
    """What a conference carries."""

    #: Text.
    TEXT = enums.TOX_CONFERENCE_TYPE_TEXT
    #: Text and audio; joined with `toxav_join_av_groupchat`.
    AV = enums.TOX_CONFERENCE_TYPE_AV


class FriendCallState(IntFlag):
    """Bits that say what a friend does in a call."""

    #: Nothing: the friend has paused the call.
    NONE = enums.TOXAV_FRIEND_CALL_STATE_NONE
    #: The call broke off: an error on the other side, or no sign of life. It is over; no other bit is set.
    ERROR = enums.TOXAV_FRIEND_CALL_STATE_ERROR
    #: The call has ended. No other bit is set.
    FINISHED = enums.TOXAV_FRIEND_CALL_STATE_FINISHED
    #: The friend sends audio.
    SENDING_A = enums.TOXAV_FRIEND_CALL_STATE_SENDING_A
    #: The friend sends video.
    SENDING_V = enums.TOXAV_FRIEND_CALL_STATE_SENDING_V
    #: The friend takes audio from us.
    ACCEPTING_A = enums.TOXAV_FRIEND_CALL_STATE_ACCEPTING_A
    #: The friend takes video from us.
    ACCEPTING_V = enums.TOXAV_FRIEND_CALL_STATE_ACCEPTING_V


class CallControl(IntEnum):
    """What can be done to a call."""

    #: Go on with a call that we have paused.
    RESUME = enums.TOXAV_CALL_CONTROL_RESUME
    #: Pause a call that has been answered.
    PAUSE = enums.TOXAV_CALL_CONTROL_PAUSE
    #: Refuse a call, stop ringing, or hang up.
    CANCEL = enums.TOXAV_CALL_CONTROL_CANCEL
    #: Ask the friend to send no more audio; it is no longer reported in any case.
    MUTE_AUDIO = enums.TOXAV_CALL_CONTROL_MUTE_AUDIO
    #: Ask the friend to send audio again.
    UNMUTE_AUDIO = enums.TOXAV_CALL_CONTROL_UNMUTE_AUDIO
    #: Ask the friend to send no more video; it is no longer reported in any case.
    HIDE_VIDEO = enums.TOXAV_CALL_CONTROL_HIDE_VIDEO
    #: Ask the friend to send video again.
    SHOW_VIDEO = enums.TOXAV_CALL_CONTROL_SHOW_VIDEO


class GroupPrivacy(IntEnum):
    """Who can find and join a group."""

    #: Whoever knows the chat ID can join. Chat ID, peer keys and IP addresses can be read by the DHT nodes
    #: that store the announces.
    PUBLIC = enums.TOX_GROUP_PRIVACY_STATE_PUBLIC
    #: Only friends of a member can join, on invitation. Nothing about the group is put into the DHT.
    PRIVATE = enums.TOX_GROUP_PRIVACY_STATE_PRIVATE


class GroupLock(IntEnum):
    """Who may set the topic. A new group starts out locked."""

    #: The founder and the moderators.
    ENABLED = enums.TOX_GROUP_TOPIC_LOCK_ENABLED
    #: Every peer that is not an observer.
    DISABLED = enums.TOX_GROUP_TOPIC_LOCK_DISABLED


class GroupVoice(IntEnum):
    """Which roles may send messages to the whole group. Private messages and the topic are not affected."""

    #: Founder, moderators and users.
    ALL = enums.TOX_GROUP_VOICE_STATE_ALL
    #: Founder and moderators.
    MODERATOR = enums.TOX_GROUP_VOICE_STATE_MODERATOR
    #: The founder alone.
    FOUNDER = enums.TOX_GROUP_VOICE_STATE_FOUNDER


class GroupRole(IntEnum):
    """The rank of a peer. Each role includes everything the roles after it may do."""

    #: Made the group; sets its password, privacy, locks and peer limit, and can kick or re-rank everyone
    #: else.
    FOUNDER = enums.TOX_GROUP_ROLE_FOUNDER
    #: Can set the topic, kick users and observers, and turn one into the other.
    MODERATOR = enums.TOX_GROUP_ROLE_MODERATOR
    #: Takes part in the conversation.
    USER = enums.TOX_GROUP_ROLE_USER
    #: Reads along, and can ignore peers, but sends nothing.
    OBSERVER = enums.TOX_GROUP_ROLE_OBSERVER


class GroupExitType(IntEnum):
    """Why a peer is gone."""

    #: It left the group.
    QUIT = enums.TOX_GROUP_EXIT_TYPE_QUIT
    #: Nothing was heard from it for too long.
    TIMEOUT = enums.TOX_GROUP_EXIT_TYPE_TIMEOUT
    #: The connection to it was closed.
    DISCONNECTED = enums.TOX_GROUP_EXIT_TYPE_DISCONNECTED
    #: We closed the connections to all peers: we disconnected, rejoined or were kicked.
    SELF_DISCONNECTED = enums.TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED
    #: It was kicked.
    KICK = enums.TOX_GROUP_EXIT_TYPE_KICK
    #: It sent group state that does not hold up.
    SYNC_ERROR = enums.TOX_GROUP_EXIT_TYPE_SYNC_ERROR


class GroupJoinFailure(IntEnum):
    """Why we could not join."""

    #: The group is full.
    PEER_LIMIT = enums.TOX_GROUP_JOIN_FAIL_PEER_LIMIT
    #: The password was wrong or missing.
    INVALID_PASSWORD = enums.TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD
    #: Something else; often nobody of the group could be found.
    UNKNOWN = enums.TOX_GROUP_JOIN_FAIL_UNKNOWN


class GroupModEvent(IntEnum):
    """What a founder or moderator did to a peer."""

    #: Kicked it.
    KICK = enums.TOX_GROUP_MOD_EVENT_KICK
    #: Made it an observer.
    OBSERVER = enums.TOX_GROUP_MOD_EVENT_OBSERVER
    #: Made it a user.
    USER = enums.TOX_GROUP_MOD_EVENT_USER
    #: Made it a moderator.
    MODERATOR = enums.TOX_GROUP_MOD_EVENT_MODERATOR


class OfflineReason(IntEnum):
    """The furthest step towards a friend that was reached."""

    #: The friend is online, directly.
    NONE = enums.TOX_FRIEND_OFFLINE_REASON_NONE
    #: We are not connected to the network ourselves: bootstrap, or add a relay.
    SELF_OFFLINE = enums.TOX_FRIEND_OFFLINE_REASON_SELF_OFFLINE
    #: Nobody in the network knows the friend: it is not running, or not connected.
    NOT_FOUND = enums.TOX_FRIEND_OFFLINE_REASON_NOT_FOUND
    #: The friend runs, but has not told us its DHT key: most likely we are not on its list.
    DHT_KEY_UNKNOWN = enums.TOX_FRIEND_OFFLINE_REASON_DHT_KEY_UNKNOWN
    #: Its DHT key is known, but neither an address nor a relay of it.
    ADDRESS_UNKNOWN = enums.TOX_FRIEND_OFFLINE_REASON_ADDRESS_UNKNOWN
    #: It does not answer at the addresses and relays that are known: a firewall, or it has just left.
    NO_COOKIE = enums.TOX_FRIEND_OFFLINE_REASON_NO_COOKIE
    #: It answers, but no session comes to be: most likely we are not on its list. Or it requires Noise.
    HANDSHAKE_REJECTED = enums.TOX_FRIEND_OFFLINE_REASON_HANDSHAKE_REJECTED
    #: The session stands, but the friend does not say that it is online: it has removed us.
    NOT_ACCEPTED = enums.TOX_FRIEND_OFFLINE_REASON_NOT_ACCEPTED
    #: It was online and left or fell silent; no sign of life since.
    WENT_AWAY = enums.TOX_FRIEND_OFFLINE_REASON_WENT_AWAY
    #: The friend is online, but through TCP relays only.
    RELAY_ONLY = enums.TOX_FRIEND_OFFLINE_REASON_RELAY_ONLY
    #: We require Noise of it, and it offers the old handshake only: an older client, or somebody posing as
    #: it.
    FRIEND_LACKS_NOISE = enums.TOX_FRIEND_OFFLINE_REASON_FRIEND_LACKS_NOISE
    #: It begins with Noise, which our handshake mode, or our policy for this friend, excludes.
    SELF_LACKS_NOISE = enums.TOX_FRIEND_OFFLINE_REASON_SELF_LACKS_NOISE


class HandshakeMode(IntEnum):
    """Which handshakes an instance makes and accepts."""

    #: Noise only: friends without it are not reached.
    NOISE_ONLY = enums.TOX_HANDSHAKE_MODE_NOISE_ONLY
    #: Noise first, and the old handshake with those who have no other and are not pinned.
    NOISE_AND_LEGACY = enums.TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY
    #: The old handshake only, as in c-toxcore: the default.
    LEGACY_ONLY = enums.TOX_HANDSHAKE_MODE_LEGACY_ONLY


class HandshakeVersion(IntEnum):
    """The handshake that a session came from."""

    #: The old one.
    LEGACY = enums.TOX_HANDSHAKE_VERSION_LEGACY
    #: Noise_IK.
    NOISE_IK = enums.TOX_HANDSHAKE_VERSION_NOISE_IK
    #: There is no session.
    NONE = enums.TOX_HANDSHAKE_VERSION_NONE


class HandshakePolicy(IntEnum):
    """Which handshakes are made with one friend and accepted from it."""

    #: What the mode of the instance says; a pinned friend gets Noise only. The default.
    AUTO = enums.TOX_HANDSHAKE_POLICY_AUTO
    #: Noise only, from the first session on.
    REQUIRE = enums.TOX_HANDSHAKE_POLICY_REQUIRE
    #: The old handshake only.
    LEGACY = enums.TOX_HANDSHAKE_POLICY_LEGACY
