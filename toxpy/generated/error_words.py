"""What errors say, loaded when one is shown.

GENERATED from include/toxcore.h by cbindings/generate.py: do not edit.
"""

WORDS = {
    "TOX_ERR_OPTIONS_NEW_MALLOC": "out of memory",
    "TOX_ERR_NEW_NULL": "something that is needed is NULL. Not for savedata_data: see LOAD_BAD_FORMAT",
    "TOX_ERR_NEW_MALLOC": (
        "out of memory, or the library could not start, or something that the options ask for is not "
        "installed"
    ),
    "TOX_ERR_NEW_PORT_ALLOC": "none of the ports could be bound; a firewall or a full range",
    "TOX_ERR_NEW_PROXY_BAD_TYPE": "proxy_type is not one of its enumerators",
    "TOX_ERR_NEW_PROXY_BAD_HOST": "proxy_host is missing or not usable as a host name",
    "TOX_ERR_NEW_PROXY_BAD_PORT": "proxy_port is 0",
    "TOX_ERR_NEW_PROXY_NOT_FOUND": "proxy_host has no address",
    "TOX_ERR_NEW_LOAD_ENCRYPTED": "the save is encrypted. Decrypt it first with tox_pass_decrypt()",
    "TOX_ERR_NEW_LOAD_BAD_FORMAT": (
        "the save is missing or cannot be read, the secret key is none, or savedata_type is unknown. Unlike "
        "with 0.2.18 there is no instance then"
    ),
    "TOX_ERR_BOOTSTRAP_NULL": "host or public_key is NULL",
    "TOX_ERR_BOOTSTRAP_BAD_HOST": (
        "the host is too long, has no address, or is a name though names are not to be looked up"
    ),
    "TOX_ERR_BOOTSTRAP_BAD_PORT": "the port is 0",
    "TOX_ERR_SET_INFO_NULL": "the text is NULL and its length is not 0",
    "TOX_ERR_SET_INFO_TOO_LONG": "the text has more bytes than allowed",
    "TOX_ERR_FRIEND_ADD_NULL": "the address, key or message is NULL",
    "TOX_ERR_FRIEND_ADD_TOO_LONG": "the message has more than 921 bytes",
    "TOX_ERR_FRIEND_ADD_NO_MESSAGE": "the message has no bytes",
    "TOX_ERR_FRIEND_ADD_OWN_KEY": "the address or key is our own",
    "TOX_ERR_FRIEND_ADD_ALREADY_SENT": (
        "this user is in the friend list already: with the same nospam, or as a friend who has accepted"
    ),
    "TOX_ERR_FRIEND_ADD_BAD_CHECKSUM": (
        "the checksum of the address is wrong (a digit was mistyped), or its key is no key"
    ),
    "TOX_ERR_FRIEND_ADD_SET_NEW_NOSPAM": (
        "the user is in the friend list with another nospam; the new one was stored and will be used"
    ),
    "TOX_ERR_FRIEND_ADD_MALLOC": "no memory for another friend",
    "TOX_ERR_FRIEND_DELETE_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FRIEND_BY_PUBLIC_KEY_NULL": "the key is NULL",
    "TOX_ERR_FRIEND_BY_PUBLIC_KEY_NOT_FOUND": "no friend has this key",
    "TOX_ERR_FRIEND_GET_PUBLIC_KEY_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FRIEND_GET_LAST_ONLINE_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FRIEND_QUERY_NULL": "the buffer for the result is NULL",
    "TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_SET_TYPING_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FRIEND_SEND_MESSAGE_NULL": "the message is NULL, or the type is not one of its enumerators",
    "TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED": (
        "the friend is offline. Messages are kept for later only if an option says so"
    ),
    "TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ": (
        "too much is on its way to this friend, or kept for friends who are offline. Try again later"
    ),
    "TOX_ERR_FRIEND_SEND_MESSAGE_TOO_LONG": "the message has more than 1372 bytes",
    "TOX_ERR_FRIEND_SEND_MESSAGE_EMPTY": "the message has no bytes",
    "TOX_ERR_FILE_CONTROL_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FILE_CONTROL_FRIEND_NOT_CONNECTED": "the friend is offline",
    "TOX_ERR_FILE_CONTROL_NOT_FOUND": "no transfer with this friend has this number",
    "TOX_ERR_FILE_CONTROL_NOT_PAUSED": "RESUME for a transfer that is running",
    "TOX_ERR_FILE_CONTROL_DENIED": "RESUME for a transfer that only the other side has paused",
    "TOX_ERR_FILE_CONTROL_ALREADY_PAUSED": "PAUSE for a transfer that we have paused already",
    "TOX_ERR_FILE_CONTROL_SENDQ": "too much is on its way to this friend. Try again later",
    "TOX_ERR_FILE_SEEK_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FILE_SEEK_FRIEND_NOT_CONNECTED": "the friend is offline",
    "TOX_ERR_FILE_SEEK_NOT_FOUND": "no transfer with this friend has this number",
    "TOX_ERR_FILE_SEEK_DENIED": "we are the sender, or have accepted the file already",
    "TOX_ERR_FILE_SEEK_INVALID_POSITION": "the position is not inside the file",
    "TOX_ERR_FILE_SEEK_SENDQ": "too much is on its way to this friend. Try again later",
    "TOX_ERR_FILE_GET_NULL": "the buffer for the file ID is NULL",
    "TOX_ERR_FILE_GET_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FILE_GET_NOT_FOUND": "no transfer with this friend has this number",
    "TOX_ERR_FILE_BY_ID_NULL": "the file ID is NULL",
    "TOX_ERR_FILE_BY_ID_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FILE_BY_ID_NOT_FOUND": "no transfer with this friend has this ID",
    "TOX_ERR_FILE_SEND_NULL": "the name is NULL and its length is not 0",
    "TOX_ERR_FILE_SEND_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED": "the friend is offline",
    "TOX_ERR_FILE_SEND_NAME_TOO_LONG": "the name has more than 255 bytes",
    "TOX_ERR_FILE_SEND_TOO_MANY": (
        "256 files are on offer to this friend already, or too much is on its way to them"
    ),
    "TOX_ERR_FILE_SEND_CHUNK_NULL": "the data is NULL and its length is not 0",
    "TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_CONNECTED": "the friend is offline",
    "TOX_ERR_FILE_SEND_CHUNK_NOT_FOUND": "we send no file with this number to this friend",
    "TOX_ERR_FILE_SEND_CHUNK_NOT_TRANSFERRING": (
        "the transfer is not accepted yet, or paused, or nothing more is wanted"
    ),
    "TOX_ERR_FILE_SEND_CHUNK_INVALID_LENGTH": "not as many bytes as were requested",
    "TOX_ERR_FILE_SEND_CHUNK_SENDQ": "too much is on its way to this friend. Try again later",
    "TOX_ERR_FILE_SEND_CHUNK_WRONG_POSITION": "not the position that was requested",
    "TOX_ERR_CONFERENCE_NEW_INIT": "the conference could not be set up",
    "TOX_ERR_CONFERENCE_DELETE_CONFERENCE_NOT_FOUND": "no conference has this number",
    "TOX_ERR_CONFERENCE_PEER_QUERY_CONFERENCE_NOT_FOUND": "no conference has this number",
    "TOX_ERR_CONFERENCE_PEER_QUERY_PEER_NOT_FOUND": "no peer has this number",
    "TOX_ERR_CONFERENCE_PEER_QUERY_NO_CONNECTION": "we are not connected to the conference",
    "TOX_ERR_CONFERENCE_SET_MAX_OFFLINE_CONFERENCE_NOT_FOUND": "no conference has this number",
    "TOX_ERR_CONFERENCE_INVITE_CONFERENCE_NOT_FOUND": "no conference has this number",
    "TOX_ERR_CONFERENCE_INVITE_FAIL_SEND": (
        "the invitation could not be sent: the friend is unknown or offline, or too much is on its way to "
        "them"
    ),
    "TOX_ERR_CONFERENCE_INVITE_NO_CONNECTION": "we are not connected to the conference",
    "TOX_ERR_CONFERENCE_JOIN_INVALID_LENGTH": "the cookie has a wrong length",
    "TOX_ERR_CONFERENCE_JOIN_WRONG_TYPE": "it is a conference with audio: see toxav_join_av_groupchat()",
    "TOX_ERR_CONFERENCE_JOIN_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_CONFERENCE_JOIN_DUPLICATE": "we are in this conference already",
    "TOX_ERR_CONFERENCE_JOIN_INIT_FAIL": "the conference could not be set up",
    "TOX_ERR_CONFERENCE_JOIN_FAIL_SEND": "the answer could not be sent to the friend",
    "TOX_ERR_CONFERENCE_JOIN_NULL": "the cookie is NULL",
    "TOX_ERR_CONFERENCE_SEND_MESSAGE_CONFERENCE_NOT_FOUND": "no conference has this number",
    "TOX_ERR_CONFERENCE_SEND_MESSAGE_TOO_LONG": "the message has more than 1363 bytes",
    "TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION": "we are not connected to the conference",
    "TOX_ERR_CONFERENCE_SEND_MESSAGE_FAIL_SEND": "the message could not be sent",
    "TOX_ERR_CONFERENCE_TITLE_CONFERENCE_NOT_FOUND": "no conference has this number",
    "TOX_ERR_CONFERENCE_TITLE_INVALID_LENGTH": (
        "there is no title yet, or the new one has no bytes or more than 128"
    ),
    "TOX_ERR_CONFERENCE_TITLE_FAIL_SEND": "the title could not be sent",
    "TOX_ERR_CONFERENCE_GET_TYPE_CONFERENCE_NOT_FOUND": "no conference has this number",
    "TOX_ERR_CONFERENCE_BY_ID_NULL": "the ID is NULL",
    "TOX_ERR_CONFERENCE_BY_ID_NOT_FOUND": "no conference has this ID",
    "TOX_ERR_CONFERENCE_BY_UID_NULL": "the ID is NULL",
    "TOX_ERR_CONFERENCE_BY_UID_NOT_FOUND": "no conference has this ID",
    "TOX_ERR_FRIEND_CUSTOM_PACKET_NULL": "the packet is NULL",
    "TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_CONNECTED": "the friend is offline",
    "TOX_ERR_FRIEND_CUSTOM_PACKET_INVALID": "the first byte is outside the range for this function",
    "TOX_ERR_FRIEND_CUSTOM_PACKET_EMPTY": "the packet has no bytes",
    "TOX_ERR_FRIEND_CUSTOM_PACKET_TOO_LONG": "the packet has more than 1373 bytes",
    "TOX_ERR_FRIEND_CUSTOM_PACKET_SENDQ": "too much is on its way to this friend. Try again later",
    "TOX_ERR_GET_PORT_NOT_BOUND": "there is no such socket: UDP is off, or we are not a relay",
    "TOXAV_ERR_NEW_NULL": "the Tox instance is NULL",
    "TOXAV_ERR_NEW_MALLOC": "out of memory",
    "TOXAV_ERR_NEW_MULTIPLE": "the Tox instance has a ToxAV already",
    "TOXAV_ERR_CALL_MALLOC": "what the call needs could not be set up",
    "TOXAV_ERR_CALL_SYNC": "another thread is at work on the calls. Try again",
    "TOXAV_ERR_CALL_FRIEND_NOT_FOUND": "no friend has this number",
    "TOXAV_ERR_CALL_FRIEND_NOT_CONNECTED": "the friend is offline",
    "TOXAV_ERR_CALL_FRIEND_ALREADY_IN_CALL": "there is a call with this friend already",
    "TOXAV_ERR_CALL_INVALID_BIT_RATE": "one of the bit rates is not supported",
    "TOXAV_ERR_ANSWER_SYNC": (
        "there is a call, and it is not one that can be answered: it has been, or we are who calls"
    ),
    "TOXAV_ERR_ANSWER_CODEC_INITIALIZATION": (
        "the codecs could not be set up, or no callback was set that takes sound or pictures. The call keeps "
        "ringing"
    ),
    "TOXAV_ERR_ANSWER_FRIEND_NOT_FOUND": "no friend has this number",
    "TOXAV_ERR_ANSWER_FRIEND_NOT_CALLING": "the friend does not call us",
    "TOXAV_ERR_ANSWER_INVALID_BIT_RATE": "one of the bit rates is not supported",
    "TOXAV_ERR_CALL_CONTROL_SYNC": "another thread is at work on the calls. Try again",
    "TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_FOUND": "no friend has this number",
    "TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_IN_CALL": (
        "there is no call with this friend; or it is not answered yet, and all that can be done is CANCEL"
    ),
    "TOXAV_ERR_CALL_CONTROL_INVALID_TRANSITION": (
        "the call is in that state already: paused, running, muted and so on"
    ),
    "TOXAV_ERR_BIT_RATE_SET_SYNC": "another thread is at work on the calls. Try again",
    "TOXAV_ERR_BIT_RATE_SET_INVALID_BIT_RATE": "the bit rate is not supported",
    "TOXAV_ERR_BIT_RATE_SET_FRIEND_NOT_FOUND": "no friend has this number",
    "TOXAV_ERR_BIT_RATE_SET_FRIEND_NOT_IN_CALL": "there is no call with this friend",
    "TOXAV_ERR_SEND_FRAME_NULL": "the samples, or one of the planes, are NULL",
    "TOXAV_ERR_SEND_FRAME_FRIEND_NOT_FOUND": "no friend has this number",
    "TOXAV_ERR_SEND_FRAME_FRIEND_NOT_IN_CALL": "there is no call with this friend, or it is not answered yet",
    "TOXAV_ERR_SEND_FRAME_SYNC": "another thread is at work on the calls. Try again, or drop the frame",
    "TOXAV_ERR_SEND_FRAME_INVALID": (
        "the number of samples or channels, the sampling rate, or the size of the picture is not supported"
    ),
    "TOXAV_ERR_SEND_FRAME_PAYLOAD_TYPE_DISABLED": (
        "the friend does not take this kind of frame, or our bit rate for it is 0"
    ),
    "TOXAV_ERR_SEND_FRAME_RTP_FAILED": "the frame could not be sent",
    "TOX_ERR_KEY_DERIVATION_NULL": "the salt is NULL, or the passphrase is and its length is not 0",
    "TOX_ERR_KEY_DERIVATION_FAILED": "the key could not be derived, most likely for lack of memory",
    "TOX_ERR_ENCRYPTION_NULL": "A pointer is NULL, or there is nothing to encrypt",
    "TOX_ERR_ENCRYPTION_KEY_DERIVATION_FAILED": (
        "the key could not be derived, most likely for lack of memory"
    ),
    "TOX_ERR_ENCRYPTION_FAILED": "the encryption itself failed",
    "TOX_ERR_DECRYPTION_NULL": "A pointer is NULL",
    "TOX_ERR_DECRYPTION_INVALID_LENGTH": "no more than 80 bytes: that contains nothing",
    "TOX_ERR_DECRYPTION_BAD_FORMAT": (
        "the data does not start with the magic bytes: it was not encrypted by these functions"
    ),
    "TOX_ERR_DECRYPTION_KEY_DERIVATION_FAILED": (
        "the key could not be derived, most likely for lack of memory"
    ),
    "TOX_ERR_DECRYPTION_FAILED": "the passphrase or key is a wrong one, or the data was changed",
    "TOX_ERR_GET_SALT_NULL": "A pointer is NULL",
    "TOX_ERR_GET_SALT_BAD_FORMAT": "the data does not start with the magic bytes",
    "TOX_ERR_GROUP_NEW_TOO_LONG": "the group name exceeds 48, or our name 128",
    "TOX_ERR_GROUP_NEW_EMPTY": "one of the two names is NULL or has no bytes",
    "TOX_ERR_GROUP_NEW_INIT": "the group object could not be set up",
    "TOX_ERR_GROUP_NEW_STATE": "the shared state of the group could not be made or signed",
    "TOX_ERR_GROUP_NEW_ANNOUNCE": "the group could not be announced",
    "TOX_ERR_GROUP_JOIN_INIT": "the group object could not be set up",
    "TOX_ERR_GROUP_JOIN_BAD_CHAT_ID": "chat_id is NULL, or not a valid key",
    "TOX_ERR_GROUP_JOIN_EMPTY": "our name is NULL or has no bytes",
    "TOX_ERR_GROUP_JOIN_TOO_LONG": "our name exceeds 128",
    "TOX_ERR_GROUP_JOIN_PASSWORD": "the password could not be used; most likely it exceeds 32",
    "TOX_ERR_GROUP_JOIN_CORE": "the group is known, but reconnecting to it failed",
    "TOX_ERR_GROUP_IS_CONNECTED_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_DISCONNECT_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_DISCONNECT_ALREADY_DISCONNECTED": "the group is not connected",
    "TOX_ERR_GROUP_RECONNECT_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_RECONNECT_CORE": "reconnecting could not be started",
    "TOX_ERR_GROUP_LEAVE_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_LEAVE_TOO_LONG": "the farewell exceeds 128",
    "TOX_ERR_GROUP_LEAVE_FAIL_SEND": (
        "the farewell could not be sent. The group is gone from this instance all the same"
    ),
    "TOX_ERR_GROUP_SELF_QUERY_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SELF_NAME_SET_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SELF_NAME_SET_TOO_LONG": "the name exceeds 128",
    "TOX_ERR_GROUP_SELF_NAME_SET_INVALID": "the name is NULL or has no bytes",
    "TOX_ERR_GROUP_SELF_NAME_SET_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_SELF_STATUS_SET_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SELF_STATUS_SET_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_PEER_QUERY_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_PEER_QUERY_PEER_NOT_FOUND": "the group has no peer with this ID",
    "TOX_ERR_GROUP_STATE_QUERY_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_TOPIC_SET_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_TOPIC_SET_TOO_LONG": "the topic exceeds 512",
    "TOX_ERR_GROUP_TOPIC_SET_PERMISSIONS": "our role does not allow it",
    "TOX_ERR_GROUP_TOPIC_SET_FAIL_CREATE": "the new topic could not be signed",
    "TOX_ERR_GROUP_TOPIC_SET_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_TOPIC_SET_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_BY_ID_NULL": "chat_id is NULL",
    "TOX_ERR_GROUP_BY_ID_NOT_FOUND": "we are in no group with this chat ID",
    "TOX_ERR_GROUP_SEND_MESSAGE_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SEND_MESSAGE_TOO_LONG": "the message exceeds 1372",
    "TOX_ERR_GROUP_SEND_MESSAGE_EMPTY": "the message is NULL or has no bytes",
    "TOX_ERR_GROUP_SEND_MESSAGE_BAD_TYPE": "message_type is not a Tox_Message_Type",
    "TOX_ERR_GROUP_SEND_MESSAGE_PERMISSIONS": (
        "our role, or the voice state of the group, does not let us speak"
    ),
    "TOX_ERR_GROUP_SEND_MESSAGE_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_SEND_MESSAGE_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_PEER_NOT_FOUND": "the group has no peer with this ID",
    "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_TOO_LONG": "the message exceeds 1372",
    "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_EMPTY": "the message is NULL or has no bytes",
    "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_BAD_TYPE": "message_type is not a Tox_Message_Type",
    "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_PERMISSIONS": "observers may not send messages",
    "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_SEND_CUSTOM_PACKET_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SEND_CUSTOM_PACKET_TOO_LONG": (
        "the packet exceeds the limit of its kind, lossy or lossless"
    ),
    "TOX_ERR_GROUP_SEND_CUSTOM_PACKET_EMPTY": "the packet is NULL or has no bytes",
    "TOX_ERR_GROUP_SEND_CUSTOM_PACKET_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_SEND_CUSTOM_PACKET_FAIL_SEND": "the packet could be sent to none of the peers",
    "TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_TOO_LONG": (
        "the packet exceeds the limit of its kind, lossy or lossless"
    ),
    "TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_EMPTY": "the packet is NULL or has no bytes",
    "TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_PEER_NOT_FOUND": "the group has no peer with this ID",
    "TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_INVITE_FRIEND_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_INVITE_FRIEND_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_GROUP_INVITE_FRIEND_INVITE_FAIL": "the invite could not be made",
    "TOX_ERR_GROUP_INVITE_FRIEND_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_INVITE_FRIEND_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_INVITE_ACCEPT_BAD_INVITE": "invite_data is not an invite",
    "TOX_ERR_GROUP_INVITE_ACCEPT_INIT_FAILED": "the group object could not be set up",
    "TOX_ERR_GROUP_INVITE_ACCEPT_TOO_LONG": "our name exceeds 128",
    "TOX_ERR_GROUP_INVITE_ACCEPT_EMPTY": "our name has no bytes",
    "TOX_ERR_GROUP_INVITE_ACCEPT_PASSWORD": "the password could not be used; most likely it exceeds 32",
    "TOX_ERR_GROUP_INVITE_ACCEPT_FRIEND_NOT_FOUND": "no friend has this number",
    "TOX_ERR_GROUP_INVITE_ACCEPT_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_INVITE_ACCEPT_NULL": "invite_data or our name is NULL",
    "TOX_ERR_GROUP_SET_PASSWORD_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SET_PASSWORD_PERMISSIONS": "only the founder may set the password",
    "TOX_ERR_GROUP_SET_PASSWORD_TOO_LONG": "the password exceeds 32",
    "TOX_ERR_GROUP_SET_PASSWORD_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_SET_PASSWORD_MALLOC": "out of memory",
    "TOX_ERR_GROUP_SET_PASSWORD_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_SET_TOPIC_LOCK_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SET_TOPIC_LOCK_INVALID": "topic_lock is not a Tox_Group_Topic_Lock",
    "TOX_ERR_GROUP_SET_TOPIC_LOCK_PERMISSIONS": "only the founder may set the topic lock",
    "TOX_ERR_GROUP_SET_TOPIC_LOCK_FAIL_SET": "the new shared state could not be signed",
    "TOX_ERR_GROUP_SET_TOPIC_LOCK_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_SET_TOPIC_LOCK_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_SET_VOICE_STATE_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SET_VOICE_STATE_PERMISSIONS": "only the founder may set the voice state",
    "TOX_ERR_GROUP_SET_VOICE_STATE_FAIL_SET": "the new shared state could not be signed",
    "TOX_ERR_GROUP_SET_VOICE_STATE_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_SET_VOICE_STATE_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_SET_PRIVACY_STATE_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SET_PRIVACY_STATE_PERMISSIONS": "only the founder may set the privacy state",
    "TOX_ERR_GROUP_SET_PRIVACY_STATE_FAIL_SET": "the new shared state could not be signed",
    "TOX_ERR_GROUP_SET_PRIVACY_STATE_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_SET_PRIVACY_STATE_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_SET_PEER_LIMIT_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SET_PEER_LIMIT_PERMISSIONS": "only the founder may set the peer limit",
    "TOX_ERR_GROUP_SET_PEER_LIMIT_FAIL_SET": "the new shared state could not be signed",
    "TOX_ERR_GROUP_SET_PEER_LIMIT_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_SET_PEER_LIMIT_DISCONNECTED": "we are disconnected from the group",
    "TOX_ERR_GROUP_SET_IGNORE_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SET_IGNORE_PEER_NOT_FOUND": "the group has no peer with this ID",
    "TOX_ERR_GROUP_SET_IGNORE_SELF": "we cannot ignore ourselves",
    "TOX_ERR_GROUP_SET_ROLE_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_SET_ROLE_PEER_NOT_FOUND": "the group has no peer with this ID",
    "TOX_ERR_GROUP_SET_ROLE_PERMISSIONS": "our role does not allow it",
    "TOX_ERR_GROUP_SET_ROLE_ASSIGNMENT": "the peer cannot be given this role, or has it already",
    "TOX_ERR_GROUP_SET_ROLE_FAIL_ACTION": (
        "it did not work: the packet could not be sent, or there are too many moderators or observers"
    ),
    "TOX_ERR_GROUP_SET_ROLE_SELF": "we cannot change our own role",
    "TOX_ERR_GROUP_KICK_PEER_GROUP_NOT_FOUND": "no group has this number",
    "TOX_ERR_GROUP_KICK_PEER_PEER_NOT_FOUND": "the group has no peer with this ID",
    "TOX_ERR_GROUP_KICK_PEER_PERMISSIONS": "our role does not allow it",
    "TOX_ERR_GROUP_KICK_PEER_FAIL_ACTION": "the peer could not be removed",
    "TOX_ERR_GROUP_KICK_PEER_FAIL_SEND": "it could not be sent",
    "TOX_ERR_GROUP_KICK_PEER_SELF": "we cannot kick ourselves",
    "TOX_ERR_ITERATE_OPTIONS_NEW_MALLOC": "out of memory",
    "TOX_ERR_NEW_TESTING_NULL": (
        "the system or one of its parts is NULL, or is not the one of tox_default_system()"
    ),
    "TOX_ERR_DHT_SEND_NODES_REQUEST_UDP_DISABLED": "the DHT needs UDP, which is off",
    "TOX_ERR_DHT_SEND_NODES_REQUEST_NULL": "an argument is NULL",
    "TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_PORT": "the port is 0",
    "TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_IP": "the text is not an IP address",
    "TOX_ERR_DHT_SEND_NODES_REQUEST_FAIL": "the request could not be sent",
    "TOX_ERR_FRIEND_SET_HANDSHAKE_FRIEND_NOT_FOUND": "there is no such friend",
    "TOX_ERR_FRIEND_SET_HANDSHAKE_INVALID": "the policy is none of the enumerators",
    "TOX_ERR_FRIEND_SET_HANDSHAKE_MODE": (
        "the handshake mode of the instance leaves nothing to choose: it makes no Noise sessions, or no "
        "others"
    ),
    "TOX_ERR_FRIEND_SET_HANDSHAKE_PINNED": (
        "the friend is pinned to Noise: the old handshake needs that it is unpinned"
    ),
    "TOX_ERR_FRIEND_SET_ENDPOINT_NULL": "the endpoint is NULL",
    "TOX_ERR_FRIEND_SET_ENDPOINT_FRIEND_NOT_FOUND": "there is no such friend",
    "TOX_ERR_FRIEND_SET_ENDPOINT_INVALID": "the text is not NAME:PORT:KEY, or the name is mistyped",
    "TOX_ERR_FRIEND_SET_ENDPOINT_DISABLED": "the options of the instance have the endpoint type NONE",
    "TOX_ERR_EVENTS_ITERATE_MALLOC": "out of memory; events may be missing from the result",
    "TOX_ERR_DISPATCH_NEW_MALLOC": "out of memory",
}
