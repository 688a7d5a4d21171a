"""The C API's enums as IntEnums, for Python users.

Loaded only when asked for: the core and the C library use the plain integers of
`toxpy.generated.enums`, because importing `enum` costs more than the rest of a start.
"""

from __future__ import annotations

from enum import IntEnum

from toxpy.generated import enums


class Connection(IntEnum):
    """How we or a friend are connected."""

    NONE = enums.TOX_CONNECTION_NONE
    TCP = enums.TOX_CONNECTION_TCP
    UDP = enums.TOX_CONNECTION_UDP


class OfflineReason(IntEnum):
    """The furthest step towards a friend; the header describes each."""

    NONE = enums.TOX_FRIEND_OFFLINE_REASON_NONE
    SELF_OFFLINE = enums.TOX_FRIEND_OFFLINE_REASON_SELF_OFFLINE
    NOT_FOUND = enums.TOX_FRIEND_OFFLINE_REASON_NOT_FOUND
    DHT_KEY_UNKNOWN = enums.TOX_FRIEND_OFFLINE_REASON_DHT_KEY_UNKNOWN
    ADDRESS_UNKNOWN = enums.TOX_FRIEND_OFFLINE_REASON_ADDRESS_UNKNOWN
    NO_COOKIE = enums.TOX_FRIEND_OFFLINE_REASON_NO_COOKIE
    HANDSHAKE_REJECTED = enums.TOX_FRIEND_OFFLINE_REASON_HANDSHAKE_REJECTED
    NOT_ACCEPTED = enums.TOX_FRIEND_OFFLINE_REASON_NOT_ACCEPTED
    WENT_AWAY = enums.TOX_FRIEND_OFFLINE_REASON_WENT_AWAY
    RELAY_ONLY = enums.TOX_FRIEND_OFFLINE_REASON_RELAY_ONLY


class UserStatus(IntEnum):
    """What a user says about being there."""

    NONE = enums.TOX_USER_STATUS_NONE
    AWAY = enums.TOX_USER_STATUS_AWAY
    BUSY = enums.TOX_USER_STATUS_BUSY


class MessageType(IntEnum):
    """A plain message, or an action ("/me waves")."""

    NORMAL = enums.TOX_MESSAGE_TYPE_NORMAL
    ACTION = enums.TOX_MESSAGE_TYPE_ACTION


class SavedataType(IntEnum):
    """What `Options.savedata_data` holds."""

    NONE = enums.TOX_SAVEDATA_TYPE_NONE
    TOX_SAVE = enums.TOX_SAVEDATA_TYPE_TOX_SAVE
    SECRET_KEY = enums.TOX_SAVEDATA_TYPE_SECRET_KEY


class ProxyType(IntEnum):
    """Kind of proxy in `Options.proxy_type`."""

    NONE = enums.TOX_PROXY_TYPE_NONE
    HTTP = enums.TOX_PROXY_TYPE_HTTP
    SOCKS5 = enums.TOX_PROXY_TYPE_SOCKS5


class FileControl(IntEnum):
    """What either side of a file transfer may say."""

    RESUME = enums.TOX_FILE_CONTROL_RESUME
    PAUSE = enums.TOX_FILE_CONTROL_PAUSE
    CANCEL = enums.TOX_FILE_CONTROL_CANCEL


class FileKind(IntEnum):
    """What a file is for; others may be sent as plain numbers."""

    DATA = enums.TOX_FILE_KIND_DATA
    AVATAR = enums.TOX_FILE_KIND_AVATAR
    STICKER = enums.TOX_FILE_KIND_STICKER
    SHA1 = enums.TOX_FILE_KIND_SHA1
    SHA256 = enums.TOX_FILE_KIND_SHA256


class LogLevel(IntEnum):
    """First argument of `Options.log_callback`."""

    TRACE = enums.TOX_LOG_LEVEL_TRACE
    DEBUG = enums.TOX_LOG_LEVEL_DEBUG
    INFO = enums.TOX_LOG_LEVEL_INFO
    WARNING = enums.TOX_LOG_LEVEL_WARNING
    ERROR = enums.TOX_LOG_LEVEL_ERROR
