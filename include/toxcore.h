/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TOXCORE_H
#define TOXCORE_H

/*
 * The C API of libtoxcore: instant messages, files, conferences, groups, calls, and encrypted saves, between
 * peers and without servers. Names, values and layouts are those of c-toxcore 0.2.23; programs written or built
 * for 0.2.18 or 0.2.20 work as well, unless they use what later versions changed, all of it about recorded events:
 *
 * - tox_events_iterate() takes `const Tox_Iterate_Options *` where it took `bool fail_hard`,
 * - tox_events_load() and tox_events_equal() take a Tox_System first, for which NULL will do,
 * - tox_dispatch_invoke() and the callbacks of tox_events_callback_*() take no Tox any more,
 * - the enumeration of event kinds is called Tox_Event_Type; Tox_Event is an event.
 *
 * How to use it
 *
 * A Tox is one participant of the network, with one identity. The usual program makes one with tox_new(),
 * registers callbacks with tox_callback_*(), joins the network with tox_bootstrap(), and then loops: call
 * tox_iterate(), save tox_get_savedata() when something changed, sleep tox_iteration_interval() milliseconds.
 * tox_kill() ends it.
 *
 * Rules that hold everywhere
 *
 * - Text is UTF-8 with a length in bytes and without a terminating NUL, except where a parameter is `char *`.
 * - A function that can fail ends in an `error` parameter; NULL is accepted there. On success it is set to the
 *   enumerator ending in _OK, which is 0. A failed function returns false, NULL, 0, or the largest value of its
 *   type, as its description says.
 * - Functions copy what they are given and write into buffers that the caller provides, sized by the function of
 *   the same name ending in _size. Nothing needs to be kept alive after a call, unless it says so.
 * - Pointers passed to a callback are valid until it returns.
 * - Numbers of friends, files, conferences and groups are local, and are used again after a deletion. What lasts
 *   are public keys, file IDs, conference IDs and chat IDs.
 * - Callbacks are called by tox_iterate(), in the thread that called it, after the network has been served. They
 *   receive the `user_data` of that tox_iterate(), and may call every function. There is one callback for each
 *   event; setting another replaces it. Events of a friend, file or group that is deleted meanwhile are dropped.
 * - An instance belongs to one thread at a time, unless the option experimental_thread_safety is on. Different
 *   instances are independent. Functions without a Tox parameter can be called from any thread at any time.
 *
 * With TOX_HIDE_DEPRECATED defined, whatever is kept for older programs only is not declared.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef TOX_DEFINED
#define TOX_DEFINED
/** One participant of the Tox network: identity, friends, connections. Made by tox_new(); opaque. */
typedef struct Tox Tox;
#endif /* TOX_DEFINED */

/* ------------------------------------------------------------------------
 * Version
 * ------------------------------------------------------------------------ */

/** Major version of the API; grows when programs have to be changed. While it is 0, the minor version does. */
#define TOX_VERSION_MAJOR 0

/** @return The major version of the library that is running, which may be newer than this header. */
uint32_t tox_version_major(void);

/** Minor version of the API; grows with new functions, and while the major version is 0, with removed ones. */
#define TOX_VERSION_MINOR 2

/** @return The minor version of the library that is running. */
uint32_t tox_version_minor(void);

/** Patch level of the API; grows with changes that leave existing programs alone. */
#define TOX_VERSION_PATCH 23

/** @return The patch level of the library that is running. */
uint32_t tox_version_patch(void);

/**
 * Whether this header serves a program that was written for version MAJOR.MINOR.PATCH; usable in `#if`.
 *
 * The first number that is not 0 has to be the same. Of what follows it, this header must not be older. With
 * 0.0.x only the very same version will do.
 */
#define TOX_VERSION_IS_API_COMPATIBLE(MAJOR, MINOR, PATCH)                                         \
    (TOX_VERSION_MAJOR == (MAJOR)                                                                  \
     && (TOX_VERSION_MAJOR > 0                                                                     \
             ? TOX_VERSION_MINOR > (MINOR)                                                         \
                   || (TOX_VERSION_MINOR == (MINOR) && TOX_VERSION_PATCH >= (PATCH))               \
             : TOX_VERSION_MINOR == (MINOR)                                                        \
                   && (TOX_VERSION_MINOR > 0 ? TOX_VERSION_PATCH >= (PATCH)                        \
                                             : TOX_VERSION_PATCH == (PATCH))))

/** @return Whether the running library serves a program compiled for this version, by the rule of the macro above. */
bool tox_version_is_compatible(uint32_t major, uint32_t minor, uint32_t patch);

/** Whether the running library fits the header that the program was compiled with. */
#define TOX_VERSION_IS_ABI_COMPATIBLE() \
    tox_version_is_compatible(TOX_VERSION_MAJOR, TOX_VERSION_MINOR, TOX_VERSION_PATCH)

/* ------------------------------------------------------------------------
 * Sizes and limits, all in bytes
 *
 * Each is a macro for the version of this header, and a function that gives the value of the running library.
 * ------------------------------------------------------------------------ */

/** Bytes in a public key of X25519: the lasting name of a Tox user. */
#define TOX_PUBLIC_KEY_SIZE 32

/** @return TOX_PUBLIC_KEY_SIZE. */
uint32_t tox_public_key_size(void);

/** Who somebody is. Enough to recognise a friend, not enough to send a friend request: see Tox_Address. */
typedef uint8_t Tox_Public_Key[TOX_PUBLIC_KEY_SIZE];

/** Bytes in the secret key that belongs to a public key. */
#define TOX_SECRET_KEY_SIZE 32

/** @return TOX_SECRET_KEY_SIZE. */
uint32_t tox_secret_key_size(void);

/** The secret half of an identity. Who has it is that user. */
typedef uint8_t Tox_Secret_Key[TOX_SECRET_KEY_SIZE];

/** Bytes in the temporary public key of a node in the DHT. */
#define TOX_DHT_ID_SIZE 32

/** @return TOX_DHT_ID_SIZE. */
uint32_t tox_dht_id_size(void);

/** Public key under which an instance takes part in the DHT; a new one at every start, unrelated to the identity. */
typedef uint8_t Tox_Dht_Id[TOX_DHT_ID_SIZE];

/** Bytes in a conference's unique ID, the older name for TOX_CONFERENCE_ID_SIZE. */
#define TOX_CONFERENCE_UID_SIZE 32

/** @return TOX_CONFERENCE_UID_SIZE. */
uint32_t tox_conference_uid_size(void);

/** A conference's unique ID, the same as its Tox_Conference_Id. */
typedef uint8_t Tox_Conference_Uid[TOX_CONFERENCE_UID_SIZE];

/** Bytes in the ID of a conference. */
#define TOX_CONFERENCE_ID_SIZE 32

/** @return TOX_CONFERENCE_ID_SIZE. */
uint32_t tox_conference_id_size(void);

/** The lasting name of a conference, the same for all of its peers. */
typedef uint8_t Tox_Conference_Id[TOX_CONFERENCE_ID_SIZE];

/** Bytes of the nospam, the part of an address that can be changed. */
#define TOX_NOSPAM_SIZE 4

/** @return TOX_NOSPAM_SIZE. */
uint32_t tox_nospam_size(void);

/** Bytes in a Tox address: public key (32), nospam (4), checksum (2). */
#define TOX_ADDRESS_SIZE 38

/** @return TOX_ADDRESS_SIZE. */
uint32_t tox_address_size(void);

/** What users give each other, as 76 hexadecimal digits ("Tox ID"): it allows sending a friend request. */
typedef uint8_t Tox_Address[TOX_ADDRESS_SIZE];

/** Most bytes in the name of a user, or in the title of a conference. */
#define TOX_MAX_NAME_LENGTH 128

/** @return TOX_MAX_NAME_LENGTH. */
uint32_t tox_max_name_length(void);

/** Most bytes in a status message. */
#define TOX_MAX_STATUS_MESSAGE_LENGTH 1007

/** @return TOX_MAX_STATUS_MESSAGE_LENGTH. */
uint32_t tox_max_status_message_length(void);

/** Most bytes in the message of a friend request. It was 1016 in 0.2.18, more than always fits into a packet. */
#define TOX_MAX_FRIEND_REQUEST_LENGTH 921

/** @return TOX_MAX_FRIEND_REQUEST_LENGTH. */
uint32_t tox_max_friend_request_length(void);

/** Most bytes in one message to a friend or a conference; longer texts have to be split. */
#define TOX_MAX_MESSAGE_LENGTH 1372

/** @return TOX_MAX_MESSAGE_LENGTH. */
uint32_t tox_max_message_length(void);

/** Most bytes in a custom packet, its leading packet ID included. */
#define TOX_MAX_CUSTOM_PACKET_SIZE 1373

/** @return TOX_MAX_CUSTOM_PACKET_SIZE. */
uint32_t tox_max_custom_packet_size(void);

/** Bytes in the result of tox_hash(). */
#define TOX_HASH_LENGTH 32

/** @return TOX_HASH_LENGTH. */
uint32_t tox_hash_length(void);

/** A SHA-256 hash; see tox_hash(). */
typedef uint8_t Tox_Hash[TOX_HASH_LENGTH];

/** Bytes in a file ID. */
#define TOX_FILE_ID_LENGTH 32

/** @return TOX_FILE_ID_LENGTH. */
uint32_t tox_file_id_length(void);

/** The lasting name of a file transfer, chosen by the sender; two friends can resume a transfer by it. */
typedef uint8_t Tox_File_Id[TOX_FILE_ID_LENGTH];

/** Most bytes in the name of a file that is sent. */
#define TOX_MAX_FILENAME_LENGTH 255

/** @return TOX_MAX_FILENAME_LENGTH. */
uint32_t tox_max_filename_length(void);

/** Most bytes in the host name of a node or proxy, the terminating NUL included. */
#define TOX_MAX_HOSTNAME_LENGTH 255

/** @return TOX_MAX_HOSTNAME_LENGTH. */
uint32_t tox_max_hostname_length(void);

/* ------------------------------------------------------------------------
 * Options
 * ------------------------------------------------------------------------ */

/** How much a log message matters. */
typedef enum Tox_Log_Level {
    /** Every packet and step. May contain keys of other users and addresses. */
    TOX_LOG_LEVEL_TRACE,
    /** What helps in finding a bug. */
    TOX_LOG_LEVEL_DEBUG,
    /** Notable, and as it should be. */
    TOX_LOG_LEVEL_INFO,
    /** Something unexpected that the library can deal with. */
    TOX_LOG_LEVEL_WARNING,
    /** Something failed. */
    TOX_LOG_LEVEL_ERROR,
} Tox_Log_Level;

/** @return The name of the enumerator, or "<invalid Tox_Log_Level>". A static string. */
const char *tox_log_level_to_string(Tox_Log_Level value);

/** What kind of proxy, if any, connections go through. */
typedef enum Tox_Proxy_Type {
    /** Connect directly. */
    TOX_PROXY_TYPE_NONE,
    /** An HTTP proxy that allows CONNECT. */
    TOX_PROXY_TYPE_HTTP,
    /** A SOCKS version 5 proxy. */
    TOX_PROXY_TYPE_SOCKS5,
} Tox_Proxy_Type;

/** @return The name of the enumerator, or "<invalid Tox_Proxy_Type>". A static string. */
const char *tox_proxy_type_to_string(Tox_Proxy_Type value);

/** What is in the option savedata_data. */
typedef enum Tox_Savedata_Type {
    /** Nothing: start with a new identity. */
    TOX_SAVEDATA_TYPE_NONE,
    /** What tox_get_savedata() wrote. It must have been decrypted, if it was encrypted. */
    TOX_SAVEDATA_TYPE_TOX_SAVE,
    /** A secret key of TOX_SECRET_KEY_SIZE bytes: an old identity without its friends and settings. */
    TOX_SAVEDATA_TYPE_SECRET_KEY,
} Tox_Savedata_Type;

/** @return The name of the enumerator, or "<invalid Tox_Savedata_Type>". A static string. */
const char *tox_savedata_type_to_string(Tox_Savedata_Type value);

/**
 * Receives what the library logs. Called as it happens, inside tox_new() already; it must not call the library.
 *
 * @param file Source file the message comes from, terminated by NUL, as are func and message. None is NULL.
 * @param line Line in that file.
 * @param func Function the message comes from.
 * @param message The text, without a line break at its end.
 * @param user_data The option log_user_data.
 */
typedef void tox_log_cb(
    Tox *tox, Tox_Log_Level level, const char *file, uint32_t line, const char *func,
    const char *message, void *user_data);

/** How an instance is started. */
typedef struct Tox_Options Tox_Options;

#ifndef TOX_HIDE_DEPRECATED
/**
 * The options in memory. New programs use tox_options_new() and the functions below instead of the fields.
 *
 * The struct had 80 bytes in 0.2.18 and has 88 here, and old programs define one of theirs as a variable. So in a
 * block that does not come from tox_options_new() the library touches no more than the first 80 bytes, and
 * everything behind experimental_thread_safety is ignored: the fields marked with (*) have an effect in blocks of
 * tox_options_new() only. The field operating_system of 0.2.18 no longer exists; its functions do nothing.
 */
struct Tox_Options {
    /** See tox_options_set_ipv6_enabled(); true by default. */
    bool ipv6_enabled;
    /** See tox_options_set_udp_enabled(); true by default. */
    bool udp_enabled;
    /** See tox_options_set_local_discovery_enabled(); true by default. */
    bool local_discovery_enabled;
    /** See tox_options_set_dht_announcements_enabled(); true by default. */
    bool dht_announcements_enabled;
    /** See tox_options_set_proxy_type(); TOX_PROXY_TYPE_NONE by default. */
    Tox_Proxy_Type proxy_type;
    /** See tox_options_set_proxy_host(); NULL by default. Must stay valid until tox_new() has returned. */
    const char *proxy_host;
    /** See tox_options_set_proxy_port(); 0 by default. */
    uint16_t proxy_port;
    /** See tox_options_set_start_port(); 0 by default. */
    uint16_t start_port;
    /** See tox_options_set_end_port(); 0 by default. */
    uint16_t end_port;
    /** See tox_options_set_tcp_port(); 0 by default. */
    uint16_t tcp_port;
    /** See tox_options_set_hole_punching_enabled(); true by default. */
    bool hole_punching_enabled;
    /** See tox_options_set_savedata_type(); TOX_SAVEDATA_TYPE_NONE by default. */
    Tox_Savedata_Type savedata_type;
    /** See tox_options_set_savedata_data(); NULL by default. Must stay valid until tox_new() has returned. */
    const uint8_t *savedata_data;
    /** Bytes at savedata_data; 0 by default. */
    size_t savedata_length;
    /** See tox_options_set_log_callback(); NULL by default. */
    tox_log_cb *log_callback;
    /** See tox_options_set_log_user_data(); NULL by default. */
    void *log_user_data;
    /** See tox_options_set_experimental_thread_safety(); false by default. */
    bool experimental_thread_safety;
    /** (*) See tox_options_set_experimental_groups_persistence(); false by default. */
    bool experimental_groups_persistence;
    /** (*) See tox_options_set_experimental_disable_dns(); false by default. */
    bool experimental_disable_dns;
    /** (*) See tox_options_set_experimental_owned_data(); false by default. Set it through that function only. */
    bool experimental_owned_data;
    /** (*) The library's copy of the save, if it has one. Not for programs. */
    uint8_t *owned_savedata_data;
    /** (*) The library's copy of the proxy's host name, if it has one. Not for programs. */
    char *owned_proxy_host;
};
#endif /* TOX_HIDE_DEPRECATED */

/** @return The option that tox_options_set_ipv6_enabled() describes. */
bool tox_options_get_ipv6_enabled(const Tox_Options *options);

/** Whether to open sockets for IPv6 as well as IPv4 (true), or for IPv4 alone. */
void tox_options_set_ipv6_enabled(Tox_Options *options, bool ipv6_enabled);

/** @return The option that tox_options_set_udp_enabled() describes. */
bool tox_options_get_udp_enabled(const Tox_Options *options);

/**
 * Whether to use UDP. Without it everything goes through TCP relays, which is slower.
 *
 * UDP packets do not pass through a proxy: whoever wants a proxy to hide the IP address has to turn UDP off.
 */
void tox_options_set_udp_enabled(Tox_Options *options, bool udp_enabled);

/** @return The option that tox_options_set_local_discovery_enabled() describes. */
bool tox_options_get_local_discovery_enabled(const Tox_Options *options);

/** Whether to look for other instances on the local network by broadcast. */
void tox_options_set_local_discovery_enabled(Tox_Options *options, bool local_discovery_enabled);

/** @return The option that tox_options_set_dht_announcements_enabled() describes. */
bool tox_options_get_dht_announcements_enabled(const Tox_Options *options);

/** Whether to store announcements for others in the DHT, and to forward requests for them. */
void tox_options_set_dht_announcements_enabled(Tox_Options *options, bool dht_announcements_enabled);

/** @return The option that tox_options_set_proxy_type() describes. */
Tox_Proxy_Type tox_options_get_proxy_type(const Tox_Options *options);

/** Which kind of proxy TCP connections go through. */
void tox_options_set_proxy_type(Tox_Options *options, Tox_Proxy_Type proxy_type);

/** @return The option that tox_options_set_proxy_host() describes; it belongs to whoever set it, or to the options. */
const char *tox_options_get_proxy_host(const Tox_Options *options);

/**
 * IP address or host name of the proxy, terminated by NUL, within TOX_MAX_HOSTNAME_LENGTH. Ignored without a proxy.
 *
 * The pointer is kept, unless experimental_owned_data is on: then the text is copied.
 *
 * @return False if there is no memory for the copy.
 */
bool tox_options_set_proxy_host(Tox_Options *options, const char *proxy_host);

/** @return The option that tox_options_set_proxy_port() describes. */
uint16_t tox_options_get_proxy_port(const Tox_Options *options);

/** TCP port of the proxy, from 1 up. Ignored without a proxy. */
void tox_options_set_proxy_port(Tox_Options *options, uint16_t proxy_port);

/** @return The option that tox_options_set_start_port() describes. */
uint16_t tox_options_get_start_port(const Tox_Options *options);

/**
 * First of the UDP ports to try; the first free one up to end_port is taken.
 *
 * If both are 0, 33445 to 33545 are tried; if one of them is 0, only the other. The two may be in either order.
 */
void tox_options_set_start_port(Tox_Options *options, uint16_t start_port);

/** @return The option that tox_options_set_end_port() describes. */
uint16_t tox_options_get_end_port(const Tox_Options *options);

/** Last of the UDP ports to try; see tox_options_set_start_port(). */
void tox_options_set_end_port(Tox_Options *options, uint16_t end_port);

/** @return The option that tox_options_set_tcp_port() describes. */
uint16_t tox_options_get_tcp_port(const Tox_Options *options);

/**
 * TCP port on which to relay the traffic of others; 0 for no relay.
 *
 * No instance needs to be a relay itself, and being one costs bandwidth: leave the choice to the user.
 */
void tox_options_set_tcp_port(Tox_Options *options, uint16_t tcp_port);

/** @return The option that tox_options_set_hole_punching_enabled() describes. */
bool tox_options_get_hole_punching_enabled(const Tox_Options *options);

/** Whether to guess ports of friends behind a NAT, to reach them directly over UDP. */
void tox_options_set_hole_punching_enabled(Tox_Options *options, bool hole_punching_enabled);

/** @return The option that tox_options_set_savedata_type() describes. */
Tox_Savedata_Type tox_options_get_savedata_type(const Tox_Options *options);

/** What savedata_data contains. With TOX_SAVEDATA_TYPE_NONE it is not looked at. */
void tox_options_set_savedata_type(Tox_Options *options, Tox_Savedata_Type savedata_type);

/** @return The option that tox_options_set_savedata_data() describes; whoever set it owns it, or the options do. */
const uint8_t *tox_options_get_savedata_data(const Tox_Options *options);

/**
 * The save or secret key to start from, and its length in one go.
 *
 * The pointer is kept and must be valid until tox_new() has returned, unless experimental_owned_data is on: then
 * the bytes are copied.
 *
 * @return False if there is no memory for the copy.
 */
bool tox_options_set_savedata_data(Tox_Options *options, const uint8_t savedata_data[], size_t length);

/** @return Bytes in savedata_data. */
size_t tox_options_get_savedata_length(const Tox_Options *options);

/** Change the number of bytes in savedata_data; tox_options_set_savedata_data() has set it already. */
void tox_options_set_savedata_length(Tox_Options *options, size_t savedata_length);

/** @return The option that tox_options_set_log_callback() describes. */
tox_log_cb *tox_options_get_log_callback(const Tox_Options *options);

/** Have `log_callback` called with every log message of the instance; NULL for no log. */
void tox_options_set_log_callback(Tox_Options *options, tox_log_cb *log_callback);

/** @return The option that tox_options_set_log_user_data() describes. */
void *tox_options_get_log_user_data(const Tox_Options *options);

/** What the log callback gets as its user_data. Log messages do not see the user_data of tox_iterate(). */
void tox_options_set_log_user_data(Tox_Options *options, void *log_user_data);

/** @return The option that tox_options_set_experimental_owned_data() describes. */
bool tox_options_get_experimental_owned_data(const Tox_Options *options);

/**
 * Whether the setters of proxy_host and savedata_data copy what they are given, so that the caller can free it at
 * once. Set it before them. It has an effect on options of tox_options_new() only, which free the copies.
 */
void tox_options_set_experimental_owned_data(Tox_Options *options, bool experimental_owned_data);

/** @return The option that tox_options_set_experimental_thread_safety() describes. */
bool tox_options_get_experimental_thread_safety(const Tox_Options *options);

/**
 * Whether several threads may use the instance at the same time: every function then takes a lock of the instance.
 *
 * The lock is free while a callback runs. Of several threads in tox_iterate() one calls all callbacks.
 */
void tox_options_set_experimental_thread_safety(Tox_Options *options, bool experimental_thread_safety);

/** @return The option that tox_options_set_experimental_groups_persistence() describes. */
bool tox_options_get_experimental_groups_persistence(const Tox_Options *options);

/**
 * Whether tox_get_savedata() includes groups. Without it a program keeps their chat IDs itself and joins again
 * with tox_group_join(), as a new peer. It has an effect on options of tox_options_new() only.
 */
void tox_options_set_experimental_groups_persistence(Tox_Options *options, bool experimental_groups_persistence);

/** @return The option that tox_options_set_experimental_disable_dns() describes. */
bool tox_options_get_experimental_disable_dns(const Tox_Options *options);

/**
 * Whether hosts of nodes, relays and the proxy must be IP addresses, because host names are not to be looked up:
 * such a look-up would go past a proxy. It has an effect on options of tox_options_new() only.
 */
void tox_options_set_experimental_disable_dns(Tox_Options *options, bool experimental_disable_dns);

/** A c-toxcore instance's clock, randomness and network, which its tests replace: see tox_default_system(). */
typedef struct Tox_System Tox_System;

#ifndef TOX_HIDE_DEPRECATED
/** @deprecated Of 0.2.18. @return NULL. */
const Tox_System *tox_options_get_operating_system(const Tox_Options *options);

/** @deprecated Of 0.2.18. Does nothing. */
void tox_options_set_operating_system(Tox_Options *options, const Tox_System *operating_system);
#endif /* TOX_HIDE_DEPRECATED */

/** Set all options to their defaults. Works on uninitialised memory of 80 bytes or more; NULL is fine. */
void tox_options_default(Tox_Options *options);

/**
 * Set all options of `dest` to those of `src`.
 *
 * Pointers are copied as pointers, unless experimental_owned_data is on in `src`: then `dest` gets copies of its own.
 */
void tox_options_copy(Tox_Options *dest, const Tox_Options *src);

/** Outcome of tox_options_new(). */
typedef enum Tox_Err_Options_New {
    /** Success. */
    TOX_ERR_OPTIONS_NEW_OK,
    /** Out of memory. */
    TOX_ERR_OPTIONS_NEW_MALLOC,
} Tox_Err_Options_New;

/** @return The name of the enumerator, or "<invalid Tox_Err_Options_New>". A static string. */
const char *tox_err_options_new_to_string(Tox_Err_Options_New value);

/** @return Options with their defaults, to be freed with tox_options_free() after tox_new(); NULL on error. */
Tox_Options *tox_options_new(Tox_Err_Options_New *error);

/** Free what tox_options_new() returned, with the copies it owns. Nothing else is touched; NULL is fine. */
void tox_options_free(Tox_Options *options);

/* ------------------------------------------------------------------------
 * Starting, saving and ending an instance
 * ------------------------------------------------------------------------ */

/** What a user is doing. Clients show it; the library attaches no meaning to it. */
typedef enum Tox_User_Status {
    /** At the computer. */
    TOX_USER_STATUS_NONE,
    /** Gone for a while; clients may set this after some time without input. */
    TOX_USER_STATUS_AWAY,
    /** Does not want to be disturbed. */
    TOX_USER_STATUS_BUSY,
} Tox_User_Status;

/** @return The name of the enumerator, or "<invalid Tox_User_Status>". A static string. */
const char *tox_user_status_to_string(Tox_User_Status value);

/** How a message is meant. */
typedef enum Tox_Message_Type {
    /** Something said. */
    TOX_MESSAGE_TYPE_NORMAL,
    /** Something done, like "/me" of IRC: shown behind the name of the sender. */
    TOX_MESSAGE_TYPE_ACTION,
} Tox_Message_Type;

/** @return The name of the enumerator, or "<invalid Tox_Message_Type>". A static string. */
const char *tox_message_type_to_string(Tox_Message_Type value);

/** Outcome of tox_new(). */
typedef enum Tox_Err_New {
    /** Success. */
    TOX_ERR_NEW_OK,
    /** Something that is needed is NULL. Not for savedata_data: see LOAD_BAD_FORMAT. */
    TOX_ERR_NEW_NULL,
    /** Out of memory, or the library could not start, or something that the options ask for is not installed. */
    TOX_ERR_NEW_MALLOC,
    /** None of the ports could be bound; a firewall or a full range. */
    TOX_ERR_NEW_PORT_ALLOC,
    /** proxy_type is not one of its enumerators. */
    TOX_ERR_NEW_PROXY_BAD_TYPE,
    /** proxy_host is missing or not usable as a host name. */
    TOX_ERR_NEW_PROXY_BAD_HOST,
    /** proxy_port is 0. */
    TOX_ERR_NEW_PROXY_BAD_PORT,
    /** proxy_host has no address. */
    TOX_ERR_NEW_PROXY_NOT_FOUND,
    /** The save is encrypted. Decrypt it first with tox_pass_decrypt(). */
    TOX_ERR_NEW_LOAD_ENCRYPTED,
    /**
     * The save is missing or cannot be read, the secret key is none, or savedata_type is unknown. Unlike with
     * 0.2.18 there is no instance then.
     */
    TOX_ERR_NEW_LOAD_BAD_FORMAT,
} Tox_Err_New;

/** @return The name of the enumerator, or "<invalid Tox_Err_New>". A static string. */
const char *tox_err_new_to_string(Tox_Err_New value);

/**
 * Start an instance: load or make an identity and open the sockets. Nothing is sent before tox_iterate().
 *
 * @param options NULL for the defaults. They can be freed or changed once this returns.
 * @return The instance, to be ended with tox_kill(); NULL on error.
 */
Tox *tox_new(const Tox_Options *options, Tox_Err_New *error);

/**
 * Tell friends that we go offline, close everything and free the instance, without saving anything.
 *
 * The pointer is dead afterwards. A ToxAV of this instance has to be ended first. NULL is fine.
 */
void tox_kill(Tox *tox);

/** @return Bytes that tox_get_savedata() would write now. They change with every change to the instance. */
size_t tox_get_savedata_size(const Tox *tox);

/**
 * Write everything that lasts: identity, name, status, friends, conferences, nodes to start from.
 *
 * It contains the secret key in the clear; see tox_pass_encrypt().
 *
 * @param savedata Room for tox_get_savedata_size() bytes; nothing may happen to the instance in between.
 */
void tox_get_savedata(const Tox *tox, uint8_t savedata[]);

/* ------------------------------------------------------------------------
 * The network
 * ------------------------------------------------------------------------ */

/** Outcome of tox_bootstrap() and tox_add_tcp_relay(). */
typedef enum Tox_Err_Bootstrap {
    /** Success. */
    TOX_ERR_BOOTSTRAP_OK,
    /** host or public_key is NULL. */
    TOX_ERR_BOOTSTRAP_NULL,
    /** The host is too long, has no address, or is a name though names are not to be looked up. */
    TOX_ERR_BOOTSTRAP_BAD_HOST,
    /** The port is 0. */
    TOX_ERR_BOOTSTRAP_BAD_PORT,
} Tox_Err_Bootstrap;

/** @return The name of the enumerator, or "<invalid Tox_Err_Bootstrap>". A static string. */
const char *tox_err_bootstrap_to_string(Tox_Err_Bootstrap value);

/**
 * Ask a node for other nodes, in order to get into the DHT. Call it for several nodes, and again while offline.
 *
 * All addresses of the host are used. Success means that the arguments were good, not that the node answers.
 *
 * @param host IP address or host name, terminated by NUL.
 * @param port UDP port of the node.
 * @param public_key DHT public key of the node.
 */
bool tox_bootstrap(Tox *tox, const char *host, uint16_t port, const Tox_Dht_Id public_key, Tox_Err_Bootstrap *error);

/**
 * Add a TCP relay, to be used where UDP does not get through. Most bootstrap nodes are relays too, on several ports.
 *
 * A client without UDP calls this and tox_bootstrap() for the same nodes.
 *
 * @param port TCP port of the relay.
 */
bool tox_add_tcp_relay(
    Tox *tox, const char *host, uint16_t port, const Tox_Dht_Id public_key, Tox_Err_Bootstrap *error);

/** How somebody is connected. */
typedef enum Tox_Connection {
    /** Not at all. */
    TOX_CONNECTION_NONE,
    /**
     * Through TCP relays. For ourselves: no node beyond this machine and its LAN answers over UDP. Between
     * instances of one machine or one LAN this stays so although UDP carries everything, and no relay is used.
     */
    TOX_CONNECTION_TCP,
    /** Directly, over UDP. For ourselves: the DHT answers. */
    TOX_CONNECTION_UDP,
} Tox_Connection;

/** @return The name of the enumerator, or "<invalid Tox_Connection>". A static string. */
const char *tox_connection_to_string(Tox_Connection value);

/** @return How we are connected to the network. The callback below makes asking for it unnecessary. */
Tox_Connection tox_self_get_connection_status(const Tox *tox);

/** Our connection to the network changed. Short changes are normal; a good time to bootstrap again is after a while. */
typedef void tox_self_connection_status_cb(Tox *tox, Tox_Connection connection_status, void *user_data);

/** Have `callback` called when our connection to the network changes; NULL for nothing. */
void tox_callback_self_connection_status(Tox *tox, tox_self_connection_status_cb *callback);

/** @return Milliseconds to sleep before the next tox_iterate(), at most 50. Ask anew each time: files need haste. */
uint32_t tox_iteration_interval(const Tox *tox);

/**
 * Read the sockets, run what is due, call the callbacks.
 *
 * @param user_data Given to every callback.
 */
void tox_iterate(Tox *tox, void *user_data);

/* ------------------------------------------------------------------------
 * Who we are
 * ------------------------------------------------------------------------ */

/** Write our address, TOX_ADDRESS_SIZE bytes: what others need to send us a friend request. */
void tox_self_get_address(const Tox *tox, Tox_Address address);

/**
 * Change the nospam, and with it our address: friend requests to the old address no longer arrive, friends stay.
 *
 * @param nospam Its bytes appear in the address in the order of a big-endian number.
 */
void tox_self_set_nospam(Tox *tox, uint32_t nospam);

/** @return The nospam, as tox_self_set_nospam() takes it. */
uint32_t tox_self_get_nospam(const Tox *tox);

/** Write our lasting public key, TOX_PUBLIC_KEY_SIZE bytes. */
void tox_self_get_public_key(const Tox *tox, Tox_Public_Key public_key);

/** Write our secret key, TOX_SECRET_KEY_SIZE bytes. Keep it to yourself. */
void tox_self_get_secret_key(const Tox *tox, Tox_Secret_Key secret_key);

/** Outcome of tox_self_set_name() and tox_self_set_status_message(). */
typedef enum Tox_Err_Set_Info {
    /** Success. */
    TOX_ERR_SET_INFO_OK,
    /** The text is NULL and its length is not 0. */
    TOX_ERR_SET_INFO_NULL,
    /** The text has more bytes than allowed. */
    TOX_ERR_SET_INFO_TOO_LONG,
} Tox_Err_Set_Info;

/** @return The name of the enumerator, or "<invalid Tox_Err_Set_Info>". A static string. */
const char *tox_err_set_info_to_string(Tox_Err_Set_Info value);

/** Change our name and tell friends and conferences. At most TOX_MAX_NAME_LENGTH bytes; NULL with 0 for none. */
bool tox_self_set_name(Tox *tox, const uint8_t name[], size_t length, Tox_Err_Set_Info *error);

/** @return Bytes in our name; 0 if we have none. */
size_t tox_self_get_name_size(const Tox *tox);

/** Write our name, tox_self_get_name_size() bytes. */
void tox_self_get_name(const Tox *tox, uint8_t name[]);

/** Change our status message and tell friends. At most TOX_MAX_STATUS_MESSAGE_LENGTH bytes; NULL with 0 for none. */
bool tox_self_set_status_message(
    Tox *tox, const uint8_t status_message[], size_t length, Tox_Err_Set_Info *error);

/** @return Bytes in our status message; 0 if we have none. */
size_t tox_self_get_status_message_size(const Tox *tox);

/** Write our status message, tox_self_get_status_message_size() bytes. */
void tox_self_get_status_message(const Tox *tox, uint8_t status_message[]);

/** Change our status and tell friends. */
void tox_self_set_status(Tox *tox, Tox_User_Status status);

/** @return Our status. */
Tox_User_Status tox_self_get_status(const Tox *tox);

/* ------------------------------------------------------------------------
 * The friend list
 * ------------------------------------------------------------------------ */

#ifndef TOX_FRIEND_NUMBER_DEFINED
#define TOX_FRIEND_NUMBER_DEFINED
/** Local number of a friend, the smallest free one; UINT32_MAX where a function that returns one fails. */
typedef uint32_t Tox_Friend_Number;
#endif /* TOX_FRIEND_NUMBER_DEFINED */

/** Outcome of tox_friend_add() and tox_friend_add_norequest(). */
typedef enum Tox_Err_Friend_Add {
    /** Success. */
    TOX_ERR_FRIEND_ADD_OK,
    /** The address, key or message is NULL. */
    TOX_ERR_FRIEND_ADD_NULL,
    /** The message has more than TOX_MAX_FRIEND_REQUEST_LENGTH bytes. */
    TOX_ERR_FRIEND_ADD_TOO_LONG,
    /** The message has no bytes. */
    TOX_ERR_FRIEND_ADD_NO_MESSAGE,
    /** The address or key is our own. */
    TOX_ERR_FRIEND_ADD_OWN_KEY,
    /** This user is in the friend list already: with the same nospam, or as a friend who has accepted. */
    TOX_ERR_FRIEND_ADD_ALREADY_SENT,
    /** The checksum of the address is wrong (a digit was mistyped), or its key is no key. */
    TOX_ERR_FRIEND_ADD_BAD_CHECKSUM,
    /** The user is in the friend list with another nospam; the new one was stored and will be used. */
    TOX_ERR_FRIEND_ADD_SET_NEW_NOSPAM,
    /** No memory for another friend. */
    TOX_ERR_FRIEND_ADD_MALLOC,
} Tox_Err_Friend_Add;

/** @return The name of the enumerator, or "<invalid Tox_Err_Friend_Add>". A static string. */
const char *tox_err_friend_add_to_string(Tox_Err_Friend_Add value);

/**
 * Add a friend and send a friend request, repeatedly until they come online as a friend.
 *
 * @param address Address of the friend, TOX_ADDRESS_SIZE bytes.
 * @param message What the request says; 1 to TOX_MAX_FRIEND_REQUEST_LENGTH bytes.
 * @return The number of the friend, or UINT32_MAX.
 */
Tox_Friend_Number tox_friend_add(
    Tox *tox, const Tox_Address address, const uint8_t message[], size_t length, Tox_Err_Friend_Add *error);

/**
 * Add a friend without sending a request: how a received request is accepted, or when both sides know the keys.
 *
 * A connection needs both to have added each other.
 *
 * @return The number of the friend, or UINT32_MAX.
 */
Tox_Friend_Number tox_friend_add_norequest(Tox *tox, const Tox_Public_Key public_key, Tox_Err_Friend_Add *error);

/** Outcome of tox_friend_delete(). */
typedef enum Tox_Err_Friend_Delete {
    /** Success. */
    TOX_ERR_FRIEND_DELETE_OK,
    /** No friend has this number. */
    TOX_ERR_FRIEND_DELETE_FRIEND_NOT_FOUND,
} Tox_Err_Friend_Delete;

/** @return The name of the enumerator, or "<invalid Tox_Err_Friend_Delete>". A static string. */
const char *tox_err_friend_delete_to_string(Tox_Err_Friend_Delete value);

/**
 * Remove a friend, with their file transfers and the pending request. They see us go offline, and are not told why.
 *
 * The numbers of other friends stay as they are; this one is free for another friend.
 */
bool tox_friend_delete(Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Friend_Delete *error);

/** Outcome of tox_friend_by_public_key(). */
typedef enum Tox_Err_Friend_By_Public_Key {
    /** Success. */
    TOX_ERR_FRIEND_BY_PUBLIC_KEY_OK,
    /** The key is NULL. */
    TOX_ERR_FRIEND_BY_PUBLIC_KEY_NULL,
    /** No friend has this key. */
    TOX_ERR_FRIEND_BY_PUBLIC_KEY_NOT_FOUND,
} Tox_Err_Friend_By_Public_Key;

/** @return The name of the enumerator, or "<invalid Tox_Err_Friend_By_Public_Key>". A static string. */
const char *tox_err_friend_by_public_key_to_string(Tox_Err_Friend_By_Public_Key value);

/** @return The number of the friend with this key, or UINT32_MAX. */
Tox_Friend_Number tox_friend_by_public_key(
    const Tox *tox, const Tox_Public_Key public_key, Tox_Err_Friend_By_Public_Key *error);

/** @return Whether a friend has this number. */
bool tox_friend_exists(const Tox *tox, Tox_Friend_Number friend_number);

/** @return How many friends there are: numbers, not bytes, that tox_self_get_friend_list() writes. */
size_t tox_self_get_friend_list_size(const Tox *tox);

/** Write the numbers of all friends, in ascending order. */
void tox_self_get_friend_list(const Tox *tox, Tox_Friend_Number friend_list[]);

/** Outcome of tox_friend_get_public_key(). */
typedef enum Tox_Err_Friend_Get_Public_Key {
    /** Success. */
    TOX_ERR_FRIEND_GET_PUBLIC_KEY_OK,
    /** No friend has this number. */
    TOX_ERR_FRIEND_GET_PUBLIC_KEY_FRIEND_NOT_FOUND,
} Tox_Err_Friend_Get_Public_Key;

/** @return The name of the enumerator, or "<invalid Tox_Err_Friend_Get_Public_Key>". A static string. */
const char *tox_err_friend_get_public_key_to_string(Tox_Err_Friend_Get_Public_Key value);

/** Write the public key of a friend, TOX_PUBLIC_KEY_SIZE bytes. */
bool tox_friend_get_public_key(
    const Tox *tox, Tox_Friend_Number friend_number, Tox_Public_Key public_key,
    Tox_Err_Friend_Get_Public_Key *error);

/** Outcome of tox_friend_get_last_online(). */
typedef enum Tox_Err_Friend_Get_Last_Online {
    /** Success. */
    TOX_ERR_FRIEND_GET_LAST_ONLINE_OK,
    /** No friend has this number. */
    TOX_ERR_FRIEND_GET_LAST_ONLINE_FRIEND_NOT_FOUND,
} Tox_Err_Friend_Get_Last_Online;

/** @return The name of the enumerator, or "<invalid Tox_Err_Friend_Get_Last_Online>". A static string. */
const char *tox_err_friend_get_last_online_to_string(Tox_Err_Friend_Get_Last_Online value);

/** @return When the friend was last connected, in seconds since 1970; 0 for never, UINT64_MAX on error. */
uint64_t tox_friend_get_last_online(
    const Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Friend_Get_Last_Online *error);

/* ------------------------------------------------------------------------
 * What friends tell about themselves
 * ------------------------------------------------------------------------ */

/** Outcome of the functions that read something about a friend. */
typedef enum Tox_Err_Friend_Query {
    /** Success. */
    TOX_ERR_FRIEND_QUERY_OK,
    /** The buffer for the result is NULL. */
    TOX_ERR_FRIEND_QUERY_NULL,
    /** No friend has this number. */
    TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND,
} Tox_Err_Friend_Query;

/** @return The name of the enumerator, or "<invalid Tox_Err_Friend_Query>". A static string. */
const char *tox_err_friend_query_to_string(Tox_Err_Friend_Query value);

/** @return Bytes in the name of a friend, 0 if it is not known yet; SIZE_MAX on error. */
size_t tox_friend_get_name_size(const Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Friend_Query *error);

/** Write the name of a friend, tox_friend_get_name_size() bytes: the last one that arrived, also from a save. */
bool tox_friend_get_name(
    const Tox *tox, Tox_Friend_Number friend_number, uint8_t name[], Tox_Err_Friend_Query *error);

/**
 * A friend has a new name.
 *
 * @param length Bytes in it; no NUL follows.
 */
typedef void tox_friend_name_cb(
    Tox *tox, Tox_Friend_Number friend_number, const uint8_t name[], size_t length, void *user_data);

/** Have `callback` called when a friend changes their name; NULL for nothing. */
void tox_callback_friend_name(Tox *tox, tox_friend_name_cb *callback);

/** @return Bytes in the status message of a friend; SIZE_MAX on error. */
size_t tox_friend_get_status_message_size(
    const Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Friend_Query *error);

/** Write the status message of a friend, tox_friend_get_status_message_size() bytes. */
bool tox_friend_get_status_message(
    const Tox *tox, Tox_Friend_Number friend_number, uint8_t status_message[], Tox_Err_Friend_Query *error);

/**
 * A friend has a new status message.
 *
 * @param length Bytes in it; no NUL follows.
 */
typedef void tox_friend_status_message_cb(
    Tox *tox, Tox_Friend_Number friend_number, const uint8_t message[], size_t length, void *user_data);

/** Have `callback` called when a friend changes their status message; NULL for nothing. */
void tox_callback_friend_status_message(Tox *tox, tox_friend_status_message_cb *callback);

/** @return The status of a friend, the last one that arrived. On error a value without meaning. */
Tox_User_Status tox_friend_get_status(
    const Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Friend_Query *error);

/** A friend has a new status. */
typedef void tox_friend_status_cb(
    Tox *tox, Tox_Friend_Number friend_number, Tox_User_Status status, void *user_data);

/** Have `callback` called when a friend changes their status; NULL for nothing. */
void tox_callback_friend_status(Tox *tox, tox_friend_status_cb *callback);

/** @return How a friend is connected to us. TOX_CONNECTION_NONE on error. */
Tox_Connection tox_friend_get_connection_status(
    const Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Friend_Query *error);

/**
 * A friend came online, went offline, or is now connected in another way.
 *
 * Not called for a friend who is offline from the start, nor when we delete them.
 */
typedef void tox_friend_connection_status_cb(
    Tox *tox, Tox_Friend_Number friend_number, Tox_Connection connection_status, void *user_data);

/** Have `callback` called when a friend's connection changes; NULL for nothing. */
void tox_callback_friend_connection_status(Tox *tox, tox_friend_connection_status_cb *callback);

/** @return Whether a friend is writing to us just now; false on error. */
bool tox_friend_get_typing(const Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Friend_Query *error);

/** A friend started or stopped writing to us. */
typedef void tox_friend_typing_cb(Tox *tox, Tox_Friend_Number friend_number, bool typing, void *user_data);

/** Have `callback` called when a friend starts or stops writing; NULL for nothing. */
void tox_callback_friend_typing(Tox *tox, tox_friend_typing_cb *callback);

/* ------------------------------------------------------------------------
 * Messages and friend requests
 * ------------------------------------------------------------------------ */

/** Outcome of tox_self_set_typing(). */
typedef enum Tox_Err_Set_Typing {
    /** Success. */
    TOX_ERR_SET_TYPING_OK,
    /** No friend has this number. */
    TOX_ERR_SET_TYPING_FRIEND_NOT_FOUND,
} Tox_Err_Set_Typing;

/** @return The name of the enumerator, or "<invalid Tox_Err_Set_Typing>". A static string. */
const char *tox_err_set_typing_to_string(Tox_Err_Set_Typing value);

/** Tell a friend that our user is writing to them, or no longer is. It stays until it is changed. */
bool tox_self_set_typing(Tox *tox, Tox_Friend_Number friend_number, bool typing, Tox_Err_Set_Typing *error);

/** Outcome of tox_friend_send_message(). */
typedef enum Tox_Err_Friend_Send_Message {
    /** Success. */
    TOX_ERR_FRIEND_SEND_MESSAGE_OK,
    /** The message is NULL, or the type is not one of its enumerators. */
    TOX_ERR_FRIEND_SEND_MESSAGE_NULL,
    /** No friend has this number. */
    TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_FOUND,
    /** The friend is offline. Messages are kept for later only if an option says so. */
    TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED,
    /** Too much is on its way to this friend, or kept for friends who are offline. Try again later. */
    TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ,
    /** The message has more than TOX_MAX_MESSAGE_LENGTH bytes. */
    TOX_ERR_FRIEND_SEND_MESSAGE_TOO_LONG,
    /** The message has no bytes. */
    TOX_ERR_FRIEND_SEND_MESSAGE_EMPTY,
} Tox_Err_Friend_Send_Message;

/** @return The name of the enumerator, or "<invalid Tox_Err_Friend_Send_Message>". A static string. */
const char *tox_err_friend_send_message_to_string(Tox_Err_Friend_Send_Message value);

/** Number of a message to a friend, from 1 up; it counts anew with every instance, for each friend by itself. */
typedef uint32_t Tox_Friend_Message_Id;

/**
 * Send a message to a friend who is online. It arrives once and in order, if the connection lasts.
 *
 * A friend_read_receipt with the same number tells that it arrived. Without one before the friend goes offline, it
 * may be lost and the program should send it again.
 *
 * A message to a friend who is offline is refused, unless tox_options_set_experimental_offline_messages() is on. Then
 * it is kept in the save until the friend has it, also one whose receipt did not come before the friend went offline:
 * the program does not send it again. The receipt has this number, also after a restart from the save.
 *
 * @param message 1 to TOX_MAX_MESSAGE_LENGTH bytes; split longer ones at characters.
 * @return The number of the message, or 0.
 */
Tox_Friend_Message_Id tox_friend_send_message(
    Tox *tox, Tox_Friend_Number friend_number, Tox_Message_Type type, const uint8_t message[], size_t length,
    Tox_Err_Friend_Send_Message *error);

/** A message arrived at the friend's client. Nothing is known about whether it was read. */
typedef void tox_friend_read_receipt_cb(
    Tox *tox, Tox_Friend_Number friend_number, Tox_Friend_Message_Id message_id, void *user_data);

/** Have `callback` called when a message has arrived; NULL for nothing. */
void tox_callback_friend_read_receipt(Tox *tox, tox_friend_read_receipt_cb *callback);

/**
 * Somebody wants to be our friend; tox_friend_add_norequest() accepts.
 *
 * @param public_key The sender, TOX_PUBLIC_KEY_SIZE bytes.
 * @param message What they say.
 */
typedef void tox_friend_request_cb(
    Tox *tox, const Tox_Public_Key public_key, const uint8_t message[], size_t length, void *user_data);

/** Have `callback` called when a friend request arrives; NULL for nothing. */
void tox_callback_friend_request(Tox *tox, tox_friend_request_cb *callback);

/**
 * A friend sent a message.
 *
 * @param length Bytes in it; no NUL follows.
 */
typedef void tox_friend_message_cb(
    Tox *tox, Tox_Friend_Number friend_number, Tox_Message_Type type, const uint8_t message[], size_t length,
    void *user_data);

/** Have `callback` called when a friend sends a message; NULL for nothing. */
void tox_callback_friend_message(Tox *tox, tox_friend_message_cb *callback);

/* ------------------------------------------------------------------------
 * Files
 *
 * The sender offers a file with tox_file_send(); the receiver learns of it by the file_recv event and either
 * accepts it (TOX_FILE_CONTROL_RESUME) or refuses it (TOX_FILE_CONTROL_CANCEL). Then the library asks the sender
 * for one chunk after the other (file_chunk_request, answered by tox_file_send_chunk()), and gives them to the
 * receiver in the same order (file_recv_chunk). Both sides can pause; a transfer goes on once neither does.
 *
 * A transfer ends when all bytes are there, when one side cancels it, or when the friend goes offline: transfers do
 * not outlive a connection. To resume one, the sender offers it again under the same file ID, and the receiver
 * calls tox_file_seek() before accepting.
 * ------------------------------------------------------------------------ */

/**
 * Local number of a file transfer with one friend; UINT32_MAX where a function that returns one fails.
 *
 * Those we send are small, those we receive multiples of 65536. Numbers of ended transfers are used again.
 */
typedef uint32_t Tox_File_Number;

/**
 * Compute the SHA-256 hash of `data`; what an avatar's file ID is.
 *
 * @param hash Room for TOX_HASH_LENGTH bytes.
 * @param data NULL only with a length of 0.
 * @return False if a pointer is missing.
 */
bool tox_hash(Tox_Hash hash, const uint8_t data[], size_t length);

/** What a file is for. Any other number can be sent as well; clients should treat those they do not know as data. */
enum Tox_File_Kind {
    /** A file for the user. Its name is a suggestion, and must be checked before it becomes a path. */
    TOX_FILE_KIND_DATA = 0,
    /**
     * The picture of the sender. The file ID is its tox_hash(), so that a receiver who has it already can cancel.
     * A size of 0 means that there is no picture any more. The name is unused.
     */
    TOX_FILE_KIND_AVATAR = 1,
    /** A picture to be shown in place of a message. */
    TOX_FILE_KIND_STICKER = 2,
    /** A file whose SHA-1 hash is in the file ID. */
    TOX_FILE_KIND_SHA1 = 3,
    /** A file whose SHA-256 hash is the file ID. */
    TOX_FILE_KIND_SHA256 = 4,
};

/** What one side of a transfer tells the other. */
typedef enum Tox_File_Control {
    /** Go on: the receiver accepts the file, or who paused no longer does. */
    TOX_FILE_CONTROL_RESUME,
    /** Wait. Only who paused can resume. */
    TOX_FILE_CONTROL_PAUSE,
    /** The transfer is over, its number free. */
    TOX_FILE_CONTROL_CANCEL,
} Tox_File_Control;

/** @return The name of the enumerator, or "<invalid Tox_File_Control>". A static string. */
const char *tox_file_control_to_string(Tox_File_Control value);

/** Outcome of tox_file_control(). */
typedef enum Tox_Err_File_Control {
    /** Success. */
    TOX_ERR_FILE_CONTROL_OK,
    /** No friend has this number. */
    TOX_ERR_FILE_CONTROL_FRIEND_NOT_FOUND,
    /** The friend is offline. */
    TOX_ERR_FILE_CONTROL_FRIEND_NOT_CONNECTED,
    /** No transfer with this friend has this number. */
    TOX_ERR_FILE_CONTROL_NOT_FOUND,
    /** RESUME for a transfer that is running. */
    TOX_ERR_FILE_CONTROL_NOT_PAUSED,
    /** RESUME for a transfer that only the other side has paused. */
    TOX_ERR_FILE_CONTROL_DENIED,
    /** PAUSE for a transfer that we have paused already. */
    TOX_ERR_FILE_CONTROL_ALREADY_PAUSED,
    /** Too much is on its way to this friend. Try again later. */
    TOX_ERR_FILE_CONTROL_SENDQ,
} Tox_Err_File_Control;

/** @return The name of the enumerator, or "<invalid Tox_Err_File_Control>". A static string. */
const char *tox_err_file_control_to_string(Tox_Err_File_Control value);

/** Accept, pause, resume or cancel a transfer. Cancelling raises no event on our side. */
bool tox_file_control(
    Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number, Tox_File_Control control,
    Tox_Err_File_Control *error);

/** A friend accepted, paused, resumed or cancelled a transfer. After CANCEL its number is no longer valid. */
typedef void tox_file_recv_control_cb(
    Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number, Tox_File_Control control,
    void *user_data);

/** Have `callback` called when a friend controls a transfer; NULL for nothing. */
void tox_callback_file_recv_control(Tox *tox, tox_file_recv_control_cb *callback);

/** Outcome of tox_file_seek(). */
typedef enum Tox_Err_File_Seek {
    /** Success. */
    TOX_ERR_FILE_SEEK_OK,
    /** No friend has this number. */
    TOX_ERR_FILE_SEEK_FRIEND_NOT_FOUND,
    /** The friend is offline. */
    TOX_ERR_FILE_SEEK_FRIEND_NOT_CONNECTED,
    /** No transfer with this friend has this number. */
    TOX_ERR_FILE_SEEK_NOT_FOUND,
    /** We are the sender, or have accepted the file already. */
    TOX_ERR_FILE_SEEK_DENIED,
    /** The position is not inside the file. */
    TOX_ERR_FILE_SEEK_INVALID_POSITION,
    /** Too much is on its way to this friend. Try again later. */
    TOX_ERR_FILE_SEEK_SENDQ,
} Tox_Err_File_Seek;

/** @return The name of the enumerator, or "<invalid Tox_Err_File_Seek>". A static string. */
const char *tox_err_file_seek_to_string(Tox_Err_File_Seek value);

/**
 * Have an offered file start at a later position, for instance behind what an earlier transfer brought. To be
 * called by the receiver before accepting.
 *
 * @param position Bytes to leave out; less than the size of the file.
 */
bool tox_file_seek(
    Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number, uint64_t position,
    Tox_Err_File_Seek *error);

/** Outcome of tox_file_get_file_id(). */
typedef enum Tox_Err_File_Get {
    /** Success. */
    TOX_ERR_FILE_GET_OK,
    /** The buffer for the file ID is NULL. */
    TOX_ERR_FILE_GET_NULL,
    /** No friend has this number. */
    TOX_ERR_FILE_GET_FRIEND_NOT_FOUND,
    /** No transfer with this friend has this number. */
    TOX_ERR_FILE_GET_NOT_FOUND,
} Tox_Err_File_Get;

/** @return The name of the enumerator, or "<invalid Tox_Err_File_Get>". A static string. */
const char *tox_err_file_get_to_string(Tox_Err_File_Get value);

/** Write the ID of a transfer, TOX_FILE_ID_LENGTH bytes. */
bool tox_file_get_file_id(
    const Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number, Tox_File_Id file_id,
    Tox_Err_File_Get *error);

/** Outcome of tox_file_by_id(). */
typedef enum Tox_Err_File_By_Id {
    /** Success. */
    TOX_ERR_FILE_BY_ID_OK,
    /** The file ID is NULL. */
    TOX_ERR_FILE_BY_ID_NULL,
    /** No friend has this number. */
    TOX_ERR_FILE_BY_ID_FRIEND_NOT_FOUND,
    /** No transfer with this friend has this ID. */
    TOX_ERR_FILE_BY_ID_NOT_FOUND,
} Tox_Err_File_By_Id;

/** @return The name of the enumerator, or "<invalid Tox_Err_File_By_Id>". A static string. */
const char *tox_err_file_by_id_to_string(Tox_Err_File_By_Id value);

/** @return The number of the transfer with this ID, or UINT32_MAX. */
Tox_File_Number tox_file_by_id(
    const Tox *tox, Tox_Friend_Number friend_number, const Tox_File_Id file_id, Tox_Err_File_By_Id *error);

/** Outcome of tox_file_send(). */
typedef enum Tox_Err_File_Send {
    /** Success. */
    TOX_ERR_FILE_SEND_OK,
    /** The name is NULL and its length is not 0. */
    TOX_ERR_FILE_SEND_NULL,
    /** No friend has this number. */
    TOX_ERR_FILE_SEND_FRIEND_NOT_FOUND,
    /** The friend is offline. */
    TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED,
    /** The name has more than TOX_MAX_FILENAME_LENGTH bytes. */
    TOX_ERR_FILE_SEND_NAME_TOO_LONG,
    /** 256 files are on offer to this friend already, or too much is on its way to them. */
    TOX_ERR_FILE_SEND_TOO_MANY,
} Tox_Err_File_Send;

/** @return The name of the enumerator, or "<invalid Tox_Err_File_Send>". A static string. */
const char *tox_err_file_send_to_string(Tox_Err_File_Send value);

/**
 * Offer a file to a friend who is online. Nothing of it is sent before they accept.
 *
 * @param kind An enumerator of Tox_File_Kind, or another number that both sides understand.
 * @param file_size Bytes in the file; UINT64_MAX for a stream that ends with a chunk shorter than requested.
 * @param file_id TOX_FILE_ID_LENGTH bytes; NULL for a random one.
 * @param filename Name without a path, at most TOX_MAX_FILENAME_LENGTH bytes; NULL with a length of 0 for none.
 * @return The number of the transfer, or UINT32_MAX.
 */
Tox_File_Number tox_file_send(
    Tox *tox, Tox_Friend_Number friend_number, uint32_t kind, uint64_t file_size, const Tox_File_Id file_id,
    const uint8_t filename[], size_t filename_length, Tox_Err_File_Send *error);

/** Outcome of tox_file_send_chunk(). */
typedef enum Tox_Err_File_Send_Chunk {
    /** Success. */
    TOX_ERR_FILE_SEND_CHUNK_OK,
    /** The data is NULL and its length is not 0. */
    TOX_ERR_FILE_SEND_CHUNK_NULL,
    /** No friend has this number. */
    TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_FOUND,
    /** The friend is offline. */
    TOX_ERR_FILE_SEND_CHUNK_FRIEND_NOT_CONNECTED,
    /** We send no file with this number to this friend. */
    TOX_ERR_FILE_SEND_CHUNK_NOT_FOUND,
    /** The transfer is not accepted yet, or paused, or nothing more is wanted. */
    TOX_ERR_FILE_SEND_CHUNK_NOT_TRANSFERRING,
    /** Not as many bytes as were requested. */
    TOX_ERR_FILE_SEND_CHUNK_INVALID_LENGTH,
    /** Too much is on its way to this friend. Try again later. */
    TOX_ERR_FILE_SEND_CHUNK_SENDQ,
    /** Not the position that was requested. */
    TOX_ERR_FILE_SEND_CHUNK_WRONG_POSITION,
} Tox_Err_File_Send_Chunk;

/** @return The name of the enumerator, or "<invalid Tox_Err_File_Send_Chunk>". A static string. */
const char *tox_err_file_send_chunk_to_string(Tox_Err_File_Send_Chunk value);

/**
 * Send the chunk that file_chunk_request asked for, at once or later, in the order of the requests.
 *
 * @param position Where in the file it starts, as requested.
 * @param length As requested. A stream of unknown size ends with fewer bytes, which may be 0.
 */
bool tox_file_send_chunk(
    Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number, uint64_t position,
    const uint8_t data[], size_t length, Tox_Err_File_Send_Chunk *error);

/**
 * The next bytes of a file we send are needed; tox_file_send_chunk() sends them.
 *
 * @param position Where in the file they start: just behind the last request, unless the receiver seeked.
 * @param length How many; 0 says that all has arrived, and that the number is free again.
 */
typedef void tox_file_chunk_request_cb(
    Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number, uint64_t position, size_t length,
    void *user_data);

/** Have `callback` called when a chunk is needed; NULL for nothing. */
void tox_callback_file_chunk_request(Tox *tox, tox_file_chunk_request_cb *callback);

/**
 * A friend offers a file; it waits until we accept or refuse with tox_file_control().
 *
 * @param kind See Tox_File_Kind.
 * @param file_size Bytes in the file; UINT64_MAX if the sender does not know.
 * @param filename Suggested name, to be distrusted: it may contain anything.
 */
typedef void tox_file_recv_cb(
    Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number, uint32_t kind, uint64_t file_size,
    const uint8_t filename[], size_t filename_length, void *user_data);

/** Have `callback` called when a friend offers a file; NULL for nothing. */
void tox_callback_file_recv(Tox *tox, tox_file_recv_cb *callback);

/**
 * Bytes of a file arrived, in order.
 *
 * @param position Where in the file they belong.
 * @param data The bytes; no bytes at all say that the file is complete, and that its number is free again.
 * @param length How many; `data` is NULL for 0.
 */
typedef void tox_file_recv_chunk_cb(
    Tox *tox, Tox_Friend_Number friend_number, Tox_File_Number file_number, uint64_t position,
    const uint8_t data[], size_t length, void *user_data);

/** Have `callback` called when bytes of a file arrive; NULL for nothing. */
void tox_callback_file_recv_chunk(Tox *tox, tox_file_recv_chunk_cb *callback);

/* ------------------------------------------------------------------------
 * Conferences
 *
 * The older kind of group chat: peers without ranks, joined on the invitation of a friend only. Groups
 * (tox_group_*) are the newer kind. Conferences are part of the savedata.
 * ------------------------------------------------------------------------ */

#ifndef TOX_CONFERENCE_NUMBER_DEFINED
#define TOX_CONFERENCE_NUMBER_DEFINED
/** Local number of a conference; UINT32_MAX where a function that returns one fails. */
typedef uint32_t Tox_Conference_Number;
#endif /* TOX_CONFERENCE_NUMBER_DEFINED */

#ifndef TOX_CONFERENCE_PEER_NUMBER_DEFINED
#define TOX_CONFERENCE_PEER_NUMBER_DEFINED
/** Number of a peer in a conference, from 0; conference_peer_list_changed says that the numbers have changed. */
typedef uint32_t Tox_Conference_Peer_Number;
#endif /* TOX_CONFERENCE_PEER_NUMBER_DEFINED */

/** Number of a peer who left without saying so, from 0; it changes together with the peer numbers. */
typedef uint32_t Tox_Conference_Offline_Peer_Number;

/** What a conference carries. */
typedef enum Tox_Conference_Type {
    /** Text. */
    TOX_CONFERENCE_TYPE_TEXT,
    /** Text and audio; joined with toxav_join_av_groupchat(). */
    TOX_CONFERENCE_TYPE_AV,
} Tox_Conference_Type;

/** @return The name of the enumerator, or "<invalid Tox_Conference_Type>". A static string. */
const char *tox_conference_type_to_string(Tox_Conference_Type value);

/**
 * A friend invites us to a conference.
 *
 * @param type Decides between tox_conference_join() (text) and toxav_join_av_groupchat() (audio).
 * @param cookie What the joining function needs, to be copied if we join later.
 */
typedef void tox_conference_invite_cb(
    Tox *tox, Tox_Friend_Number friend_number, Tox_Conference_Type type, const uint8_t cookie[], size_t length,
    void *user_data);

/** Have `callback` called when a friend invites us to a conference; NULL for nothing. */
void tox_callback_conference_invite(Tox *tox, tox_conference_invite_cb *callback);

/** We are in the conference that we joined: messages can be sent now. */
typedef void tox_conference_connected_cb(Tox *tox, Tox_Conference_Number conference_number, void *user_data);

/** Have `callback` called when a conference gets connected; NULL for nothing. */
void tox_callback_conference_connected(Tox *tox, tox_conference_connected_cb *callback);

/** A peer said something. Our own messages come back this way too. */
typedef void tox_conference_message_cb(
    Tox *tox, Tox_Conference_Number conference_number, Tox_Conference_Peer_Number peer_number,
    Tox_Message_Type type, const uint8_t message[], size_t length, void *user_data);

/** Have `callback` called when a conference message arrives; NULL for nothing. */
void tox_callback_conference_message(Tox *tox, tox_conference_message_cb *callback);

/** A conference has a new title. With peer number UINT32_MAX it is the one that we got on joining. */
typedef void tox_conference_title_cb(
    Tox *tox, Tox_Conference_Number conference_number, Tox_Conference_Peer_Number peer_number,
    const uint8_t title[], size_t length, void *user_data);

/** Have `callback` called when the title of a conference changes; NULL for nothing. */
void tox_callback_conference_title(Tox *tox, tox_conference_title_cb *callback);

/**
 * A peer has a new name.
 *
 * @param length Bytes in it; no NUL follows.
 */
typedef void tox_conference_peer_name_cb(
    Tox *tox, Tox_Conference_Number conference_number, Tox_Conference_Peer_Number peer_number,
    const uint8_t name[], size_t length, void *user_data);

/** Have `callback` called when a peer of a conference changes its name; NULL for nothing. */
void tox_callback_conference_peer_name(Tox *tox, tox_conference_peer_name_cb *callback);

/** Peers came or went: peer numbers that were read earlier are no longer valid. */
typedef void tox_conference_peer_list_changed_cb(
    Tox *tox, Tox_Conference_Number conference_number, void *user_data);

/** Have `callback` called when the peers of a conference change; NULL for nothing. */
void tox_callback_conference_peer_list_changed(Tox *tox, tox_conference_peer_list_changed_cb *callback);

/** Outcome of tox_conference_new(). */
typedef enum Tox_Err_Conference_New {
    /** Success. */
    TOX_ERR_CONFERENCE_NEW_OK,
    /** The conference could not be set up. */
    TOX_ERR_CONFERENCE_NEW_INIT,
} Tox_Err_Conference_New;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_New>". A static string. */
const char *tox_err_conference_new_to_string(Tox_Err_Conference_New value);

/** Start a text conference with ourselves as its only peer. @return Its number, or UINT32_MAX. */
Tox_Conference_Number tox_conference_new(Tox *tox, Tox_Err_Conference_New *error);

/** Outcome of tox_conference_delete(). */
typedef enum Tox_Err_Conference_Delete {
    /** Success. */
    TOX_ERR_CONFERENCE_DELETE_OK,
    /** No conference has this number. */
    TOX_ERR_CONFERENCE_DELETE_CONFERENCE_NOT_FOUND,
} Tox_Err_Conference_Delete;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_Delete>". A static string. */
const char *tox_err_conference_delete_to_string(Tox_Err_Conference_Delete value);

/** Leave a conference and forget it. */
bool tox_conference_delete(Tox *tox, Tox_Conference_Number conference_number, Tox_Err_Conference_Delete *error);

/** Outcome of the functions that read something about the peers of a conference. */
typedef enum Tox_Err_Conference_Peer_Query {
    /** Success. */
    TOX_ERR_CONFERENCE_PEER_QUERY_OK,
    /** No conference has this number. */
    TOX_ERR_CONFERENCE_PEER_QUERY_CONFERENCE_NOT_FOUND,
    /** No peer has this number. */
    TOX_ERR_CONFERENCE_PEER_QUERY_PEER_NOT_FOUND,
    /** We are not connected to the conference. */
    TOX_ERR_CONFERENCE_PEER_QUERY_NO_CONNECTION,
} Tox_Err_Conference_Peer_Query;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_Peer_Query>". A static string. */
const char *tox_err_conference_peer_query_to_string(Tox_Err_Conference_Peer_Query value);

/** @return How many peers are online, ourselves included; UINT32_MAX on error. */
uint32_t tox_conference_peer_count(
    const Tox *tox, Tox_Conference_Number conference_number, Tox_Err_Conference_Peer_Query *error);

/** @return Bytes in the name of a peer; SIZE_MAX on error. */
size_t tox_conference_peer_get_name_size(
    const Tox *tox, Tox_Conference_Number conference_number, Tox_Conference_Peer_Number peer_number,
    Tox_Err_Conference_Peer_Query *error);

/** Write the name of a peer, tox_conference_peer_get_name_size() bytes. */
bool tox_conference_peer_get_name(
    const Tox *tox, Tox_Conference_Number conference_number, Tox_Conference_Peer_Number peer_number,
    uint8_t name[], Tox_Err_Conference_Peer_Query *error);

/** Write the public key of a peer, TOX_PUBLIC_KEY_SIZE bytes: the one that friends know them by. */
bool tox_conference_peer_get_public_key(
    const Tox *tox, Tox_Conference_Number conference_number, Tox_Conference_Peer_Number peer_number,
    Tox_Public_Key public_key, Tox_Err_Conference_Peer_Query *error);

/** @return Whether the peer is ourselves; false on error. */
bool tox_conference_peer_number_is_ours(
    const Tox *tox, Tox_Conference_Number conference_number, Tox_Conference_Peer_Number peer_number,
    Tox_Err_Conference_Peer_Query *error);

/** @return How many peers that went offline are remembered; UINT32_MAX on error. */
uint32_t tox_conference_offline_peer_count(
    const Tox *tox, Tox_Conference_Number conference_number, Tox_Err_Conference_Peer_Query *error);

/** @return Bytes in the name of an offline peer; SIZE_MAX on error. */
size_t tox_conference_offline_peer_get_name_size(
    const Tox *tox, Tox_Conference_Number conference_number,
    Tox_Conference_Offline_Peer_Number offline_peer_number, Tox_Err_Conference_Peer_Query *error);

/** Write the name of an offline peer, tox_conference_offline_peer_get_name_size() bytes. */
bool tox_conference_offline_peer_get_name(
    const Tox *tox, Tox_Conference_Number conference_number,
    Tox_Conference_Offline_Peer_Number offline_peer_number, uint8_t name[], Tox_Err_Conference_Peer_Query *error);

/** Write the public key of an offline peer, TOX_PUBLIC_KEY_SIZE bytes. */
bool tox_conference_offline_peer_get_public_key(
    const Tox *tox, Tox_Conference_Number conference_number,
    Tox_Conference_Offline_Peer_Number offline_peer_number, Tox_Public_Key public_key,
    Tox_Err_Conference_Peer_Query *error);

/** @return When an offline peer was last seen, in seconds since 1970; UINT64_MAX on error. */
uint64_t tox_conference_offline_peer_get_last_active(
    const Tox *tox, Tox_Conference_Number conference_number,
    Tox_Conference_Offline_Peer_Number offline_peer_number, Tox_Err_Conference_Peer_Query *error);

/** Outcome of tox_conference_set_max_offline(). */
typedef enum Tox_Err_Conference_Set_Max_Offline {
    /** Success. */
    TOX_ERR_CONFERENCE_SET_MAX_OFFLINE_OK,
    /** No conference has this number. */
    TOX_ERR_CONFERENCE_SET_MAX_OFFLINE_CONFERENCE_NOT_FOUND,
} Tox_Err_Conference_Set_Max_Offline;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_Set_Max_Offline>". A static string. */
const char *tox_err_conference_set_max_offline_to_string(Tox_Err_Conference_Set_Max_Offline value);

/** Choose how many offline peers to remember; those offline for the longest time are forgotten first. */
bool tox_conference_set_max_offline(
    Tox *tox, Tox_Conference_Number conference_number, uint32_t max_offline,
    Tox_Err_Conference_Set_Max_Offline *error);

/** Outcome of tox_conference_invite(). */
typedef enum Tox_Err_Conference_Invite {
    /** Success. */
    TOX_ERR_CONFERENCE_INVITE_OK,
    /** No conference has this number. */
    TOX_ERR_CONFERENCE_INVITE_CONFERENCE_NOT_FOUND,
    /** The invitation could not be sent: the friend is unknown or offline, or too much is on its way to them. */
    TOX_ERR_CONFERENCE_INVITE_FAIL_SEND,
    /** We are not connected to the conference. */
    TOX_ERR_CONFERENCE_INVITE_NO_CONNECTION,
} Tox_Err_Conference_Invite;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_Invite>". A static string. */
const char *tox_err_conference_invite_to_string(Tox_Err_Conference_Invite value);

/** Invite a friend who is online to a conference. */
bool tox_conference_invite(
    Tox *tox, Tox_Friend_Number friend_number, Tox_Conference_Number conference_number,
    Tox_Err_Conference_Invite *error);

/** Outcome of tox_conference_join(). */
typedef enum Tox_Err_Conference_Join {
    /** Success. */
    TOX_ERR_CONFERENCE_JOIN_OK,
    /** The cookie has a wrong length. */
    TOX_ERR_CONFERENCE_JOIN_INVALID_LENGTH,
    /** It is a conference with audio: see toxav_join_av_groupchat(). */
    TOX_ERR_CONFERENCE_JOIN_WRONG_TYPE,
    /** No friend has this number. */
    TOX_ERR_CONFERENCE_JOIN_FRIEND_NOT_FOUND,
    /** We are in this conference already. */
    TOX_ERR_CONFERENCE_JOIN_DUPLICATE,
    /** The conference could not be set up. */
    TOX_ERR_CONFERENCE_JOIN_INIT_FAIL,
    /** The answer could not be sent to the friend. */
    TOX_ERR_CONFERENCE_JOIN_FAIL_SEND,
    /** The cookie is NULL. */
    TOX_ERR_CONFERENCE_JOIN_NULL,
} Tox_Err_Conference_Join;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_Join>". A static string. */
const char *tox_err_conference_join_to_string(Tox_Err_Conference_Join value);

/**
 * Join a text conference that a friend invited us to. conference_connected follows once peers are found.
 *
 * @param friend_number Who sent the invitation.
 * @param cookie From the conference_invite event.
 * @return The number of the conference, or UINT32_MAX.
 */
Tox_Conference_Number tox_conference_join(
    Tox *tox, Tox_Friend_Number friend_number, const uint8_t cookie[], size_t length,
    Tox_Err_Conference_Join *error);

/** Outcome of tox_conference_send_message(). */
typedef enum Tox_Err_Conference_Send_Message {
    /** Success. */
    TOX_ERR_CONFERENCE_SEND_MESSAGE_OK,
    /** No conference has this number. */
    TOX_ERR_CONFERENCE_SEND_MESSAGE_CONFERENCE_NOT_FOUND,
    /** The message has more than 1363 bytes. */
    TOX_ERR_CONFERENCE_SEND_MESSAGE_TOO_LONG,
    /** We are not connected to the conference. */
    TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION,
    /** The message could not be sent. */
    TOX_ERR_CONFERENCE_SEND_MESSAGE_FAIL_SEND,
} Tox_Err_Conference_Send_Message;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_Send_Message>". A static string. */
const char *tox_err_conference_send_message_to_string(Tox_Err_Conference_Send_Message value);

/** Say something to all peers of a conference; at most 1363 bytes. There are no receipts. */
bool tox_conference_send_message(
    Tox *tox, Tox_Conference_Number conference_number, Tox_Message_Type type, const uint8_t message[],
    size_t length, Tox_Err_Conference_Send_Message *error);

/** Outcome of the functions that read or change the title of a conference. */
typedef enum Tox_Err_Conference_Title {
    /** Success. */
    TOX_ERR_CONFERENCE_TITLE_OK,
    /** No conference has this number. */
    TOX_ERR_CONFERENCE_TITLE_CONFERENCE_NOT_FOUND,
    /** There is no title yet, or the new one has no bytes or more than TOX_MAX_NAME_LENGTH. */
    TOX_ERR_CONFERENCE_TITLE_INVALID_LENGTH,
    /** The title could not be sent. */
    TOX_ERR_CONFERENCE_TITLE_FAIL_SEND,
} Tox_Err_Conference_Title;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_Title>". A static string. */
const char *tox_err_conference_title_to_string(Tox_Err_Conference_Title value);

/** @return Bytes in the title of a conference; SIZE_MAX on error. */
size_t tox_conference_get_title_size(
    const Tox *tox, Tox_Conference_Number conference_number, Tox_Err_Conference_Title *error);

/** Write the title of a conference, tox_conference_get_title_size() bytes. */
bool tox_conference_get_title(
    const Tox *tox, Tox_Conference_Number conference_number, uint8_t title[], Tox_Err_Conference_Title *error);

/** Change the title of a conference for everybody; 1 to TOX_MAX_NAME_LENGTH bytes. */
bool tox_conference_set_title(
    Tox *tox, Tox_Conference_Number conference_number, const uint8_t title[], size_t length,
    Tox_Err_Conference_Title *error);

/** @return How many conferences there are: numbers, not bytes, that tox_conference_get_chatlist() writes. */
size_t tox_conference_get_chatlist_size(const Tox *tox);

/** Write the numbers of all conferences, those loaded from a save included. */
void tox_conference_get_chatlist(const Tox *tox, Tox_Conference_Number chatlist[]);

/** Outcome of tox_conference_get_type(). */
typedef enum Tox_Err_Conference_Get_Type {
    /** Success. */
    TOX_ERR_CONFERENCE_GET_TYPE_OK,
    /** No conference has this number. */
    TOX_ERR_CONFERENCE_GET_TYPE_CONFERENCE_NOT_FOUND,
} Tox_Err_Conference_Get_Type;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_Get_Type>". A static string. */
const char *tox_err_conference_get_type_to_string(Tox_Err_Conference_Get_Type value);

/** @return What a conference carries; on error a value without meaning. */
Tox_Conference_Type tox_conference_get_type(
    const Tox *tox, Tox_Conference_Number conference_number, Tox_Err_Conference_Get_Type *error);

/** Write the ID of a conference, TOX_CONFERENCE_ID_SIZE bytes. @return False if there is none with this number. */
bool tox_conference_get_id(const Tox *tox, Tox_Conference_Number conference_number, Tox_Conference_Id id);

/** Outcome of tox_conference_by_id(). */
typedef enum Tox_Err_Conference_By_Id {
    /** Success. */
    TOX_ERR_CONFERENCE_BY_ID_OK,
    /** The ID is NULL. */
    TOX_ERR_CONFERENCE_BY_ID_NULL,
    /** No conference has this ID. */
    TOX_ERR_CONFERENCE_BY_ID_NOT_FOUND,
} Tox_Err_Conference_By_Id;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_By_Id>". A static string. */
const char *tox_err_conference_by_id_to_string(Tox_Err_Conference_By_Id value);

/** @return The number of the conference with this ID, or UINT32_MAX. */
Tox_Conference_Number tox_conference_by_id(
    const Tox *tox, const Tox_Conference_Id id, Tox_Err_Conference_By_Id *error);

#ifndef TOX_HIDE_DEPRECATED
/** @deprecated The same as tox_conference_get_id(). */
bool tox_conference_get_uid(const Tox *tox, Tox_Conference_Number conference_number, Tox_Conference_Uid uid);
#endif /* TOX_HIDE_DEPRECATED */

/** Outcome of tox_conference_by_uid(). */
typedef enum Tox_Err_Conference_By_Uid {
    /** Success. */
    TOX_ERR_CONFERENCE_BY_UID_OK,
    /** The ID is NULL. */
    TOX_ERR_CONFERENCE_BY_UID_NULL,
    /** No conference has this ID. */
    TOX_ERR_CONFERENCE_BY_UID_NOT_FOUND,
} Tox_Err_Conference_By_Uid;

/** @return The name of the enumerator, or "<invalid Tox_Err_Conference_By_Uid>". A static string. */
const char *tox_err_conference_by_uid_to_string(Tox_Err_Conference_By_Uid value);

#ifndef TOX_HIDE_DEPRECATED
/** @deprecated The same as tox_conference_by_id(). */
Tox_Conference_Number tox_conference_by_uid(
    const Tox *tox, const Tox_Conference_Uid uid, Tox_Err_Conference_By_Uid *error);
#endif /* TOX_HIDE_DEPRECATED */

/* ------------------------------------------------------------------------
 * Custom packets, and what is left
 *
 * Clients can send each other packets of their own kinds. The first byte says which kind.
 * ------------------------------------------------------------------------ */

/** Outcome of tox_friend_send_lossy_packet() and tox_friend_send_lossless_packet(). */
typedef enum Tox_Err_Friend_Custom_Packet {
    /** Success. */
    TOX_ERR_FRIEND_CUSTOM_PACKET_OK,
    /** The packet is NULL. */
    TOX_ERR_FRIEND_CUSTOM_PACKET_NULL,
    /** No friend has this number. */
    TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_FOUND,
    /** The friend is offline. */
    TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_CONNECTED,
    /** The first byte is outside the range for this function. */
    TOX_ERR_FRIEND_CUSTOM_PACKET_INVALID,
    /** The packet has no bytes. */
    TOX_ERR_FRIEND_CUSTOM_PACKET_EMPTY,
    /** The packet has more than TOX_MAX_CUSTOM_PACKET_SIZE bytes. */
    TOX_ERR_FRIEND_CUSTOM_PACKET_TOO_LONG,
    /** Too much is on its way to this friend. Try again later. */
    TOX_ERR_FRIEND_CUSTOM_PACKET_SENDQ,
} Tox_Err_Friend_Custom_Packet;

/** @return The name of the enumerator, or "<invalid Tox_Err_Friend_Custom_Packet>". A static string. */
const char *tox_err_friend_custom_packet_to_string(Tox_Err_Friend_Custom_Packet value);

/**
 * Send a packet that may get lost, arrive twice, or be overtaken; for data that is worthless when late.
 *
 * @param data First byte from 192 to 254, 192 to 199 being those of calls; at most TOX_MAX_CUSTOM_PACKET_SIZE bytes.
 */
bool tox_friend_send_lossy_packet(
    Tox *tox, Tox_Friend_Number friend_number, const uint8_t data[], size_t length,
    Tox_Err_Friend_Custom_Packet *error);

/**
 * Send a packet that arrives once and in order, like a message, if the connection lasts.
 *
 * @param data First byte from 160 to 191, or 69, that of call signalling; at most TOX_MAX_CUSTOM_PACKET_SIZE bytes.
 */
bool tox_friend_send_lossless_packet(
    Tox *tox, Tox_Friend_Number friend_number, const uint8_t data[], size_t length,
    Tox_Err_Friend_Custom_Packet *error);

/**
 * A friend sent a lossy custom packet.
 *
 * @param data The packet, from the byte on that tells its kind.
 */
typedef void tox_friend_lossy_packet_cb(
    Tox *tox, Tox_Friend_Number friend_number, const uint8_t data[], size_t length, void *user_data);

/** Have `callback` called when a lossy custom packet arrives; NULL for nothing. */
void tox_callback_friend_lossy_packet(Tox *tox, tox_friend_lossy_packet_cb *callback);

/**
 * A friend sent a lossless custom packet.
 *
 * @param data The packet, from the byte on that tells its kind.
 */
typedef void tox_friend_lossless_packet_cb(
    Tox *tox, Tox_Friend_Number friend_number, const uint8_t data[], size_t length, void *user_data);

/** Have `callback` called when a lossless custom packet arrives; NULL for nothing. */
void tox_callback_friend_lossless_packet(Tox *tox, tox_friend_lossless_packet_cb *callback);

/** Outcome of tox_self_get_udp_port() and tox_self_get_tcp_port(). */
typedef enum Tox_Err_Get_Port {
    /** Success. */
    TOX_ERR_GET_PORT_OK,
    /** There is no such socket: UDP is off, or we are not a relay. */
    TOX_ERR_GET_PORT_NOT_BOUND,
} Tox_Err_Get_Port;

/** @return The name of the enumerator, or "<invalid Tox_Err_Get_Port>". A static string. */
const char *tox_err_get_port_to_string(Tox_Err_Get_Port value);

/** Write our DHT public key, TOX_DHT_ID_SIZE bytes: with it and the UDP port others can bootstrap from us. */
void tox_self_get_dht_id(const Tox *tox, Tox_Dht_Id dht_id);

/** @return The UDP port we listen on; 0 on error. */
uint16_t tox_self_get_udp_port(const Tox *tox, Tox_Err_Get_Port *error);

/** @return The TCP port on which we are a relay; 0 on error. */
uint16_t tox_self_get_tcp_port(const Tox *tox, Tox_Err_Get_Port *error);

/* ------------------------------------------------------------------------
 * Calls (toxav)
 *
 * A ToxAV belongs to one Tox and carries one call with each friend. toxav_call() rings; the friend's
 * client gets the call event and answers with toxav_answer(); the call_state event says from then on what the friend
 * is doing. Both sides send frames whenever they have some, and get those of the other side as events.
 *
 * toxav_iterate() may run in another thread than tox_iterate(), and should, so that decoding does not hold up the
 * rest. Then received frames are reported by the thread of toxav_iterate(), all other events of calls by that of
 * tox_iterate(). Instead of toxav_iterate() a program may run toxav_audio_iterate() and toxav_video_iterate(), each
 * in its own thread; do not mix the two ways. Unlike other callbacks, those of calls have a user_data of their own.
 * All functions may be called in a callback, and from any thread, except toxav_kill(): not in a callback, and not while
 * another thread is in one of these functions.
 *
 * A library that was built without codecs has all of these functions. toxav_new() works then, as many programs do not
 * expect it to fail, toxav_call() fails with TOXAV_ERR_CALL_MALLOC, and toxav_answer() with
 * TOXAV_ERR_ANSWER_CODEC_INITIALIZATION.
 * ------------------------------------------------------------------------ */

#ifndef TOXAV_DEFINED
#define TOXAV_DEFINED
/** The calls of one Tox instance. Made by toxav_new(); opaque. */
typedef struct ToxAV ToxAV;
#endif /* TOXAV_DEFINED */

/** ToxAV in the spelling of the other types. */
typedef ToxAV Toxav;

/** Outcome of toxav_new(). */
typedef enum Toxav_Err_New {
    /** Success. */
    TOXAV_ERR_NEW_OK,
    /** The Tox instance is NULL. */
    TOXAV_ERR_NEW_NULL,
    /** Out of memory. */
    TOXAV_ERR_NEW_MALLOC,
    /** The Tox instance has a ToxAV already. */
    TOXAV_ERR_NEW_MULTIPLE,
} Toxav_Err_New;

/** @return The ToxAV of this instance, to be ended with toxav_kill() before tox_kill(); NULL on error. */
ToxAV *toxav_new(Tox *tox, Toxav_Err_New *error);

/** Hang up all calls, and end the ToxAV. NULL is fine. */
void toxav_kill(ToxAV *av);

/** @return The Tox instance that the ToxAV was made for. */
Tox *toxav_get_tox(const ToxAV *av);

/** @return Milliseconds to sleep before the next toxav_iterate(); 40 without a call. */
uint32_t toxav_iteration_interval(const ToxAV *av);

/** Decode what has been received in all calls, and report it. */
void toxav_iterate(ToxAV *av);

/** @return Milliseconds to sleep before the next toxav_audio_iterate(); 40 without a call. */
uint32_t toxav_audio_iteration_interval(const ToxAV *av);

/** The audio half of toxav_iterate(). Its thread should have the higher priority of the two. */
void toxav_audio_iterate(ToxAV *av);

/** @return Milliseconds to sleep before the next toxav_video_iterate(); 40 without a call. */
uint32_t toxav_video_iteration_interval(const ToxAV *av);

/** The video half of toxav_iterate(). */
void toxav_video_iterate(ToxAV *av);

/** Outcome of toxav_call(). */
typedef enum Toxav_Err_Call {
    /** Success. */
    TOXAV_ERR_CALL_OK,
    /** What the call needs could not be set up. */
    TOXAV_ERR_CALL_MALLOC,
    /** Another thread is at work on the calls. Try again. */
    TOXAV_ERR_CALL_SYNC,
    /** No friend has this number. */
    TOXAV_ERR_CALL_FRIEND_NOT_FOUND,
    /** The friend is offline. */
    TOXAV_ERR_CALL_FRIEND_NOT_CONNECTED,
    /** There is a call with this friend already. */
    TOXAV_ERR_CALL_FRIEND_ALREADY_IN_CALL,
    /** One of the bit rates is not supported. */
    TOXAV_ERR_CALL_INVALID_BIT_RATE,
} Toxav_Err_Call;

/**
 * Call a friend who is online. It rings until they answer or go offline; the program may stop it earlier with
 * TOXAV_CALL_CONTROL_CANCEL.
 *
 * @param audio_bit_rate Kilobits per second of the audio we send; 0 for none.
 * @param video_bit_rate Kilobits per second of the video we send; 0 for none.
 */
bool toxav_call(
    ToxAV *av, Tox_Friend_Number friend_number, uint32_t audio_bit_rate, uint32_t video_bit_rate,
    Toxav_Err_Call *error);

/** A friend calls. Answer with toxav_answer(), or refuse with TOXAV_CALL_CONTROL_CANCEL. */
typedef void toxav_call_cb(
    ToxAV *av, Tox_Friend_Number friend_number, bool audio_enabled, bool video_enabled, void *user_data);

/** Have `callback` called when a friend calls; NULL for nothing, and calls are refused then. */
void toxav_callback_call(ToxAV *av, toxav_call_cb *callback, void *user_data);

/** Outcome of toxav_answer(). */
typedef enum Toxav_Err_Answer {
    /** Success. */
    TOXAV_ERR_ANSWER_OK,
    /** There is a call, and it is not one that can be answered: it has been, or we are who calls. */
    TOXAV_ERR_ANSWER_SYNC,
    /** The codecs could not be set up, or no callback was set that takes sound or pictures. The call keeps ringing. */
    TOXAV_ERR_ANSWER_CODEC_INITIALIZATION,
    /** No friend has this number. */
    TOXAV_ERR_ANSWER_FRIEND_NOT_FOUND,
    /** The friend does not call us. */
    TOXAV_ERR_ANSWER_FRIEND_NOT_CALLING,
    /** One of the bit rates is not supported. */
    TOXAV_ERR_ANSWER_INVALID_BIT_RATE,
} Toxav_Err_Answer;

/**
 * Accept the call of a friend. If that fails, it keeps ringing and can be answered later.
 *
 * @param audio_bit_rate Kilobits per second of the audio we send; 0 for none.
 * @param video_bit_rate Kilobits per second of the video we send; 0 for none.
 */
bool toxav_answer(
    ToxAV *av, Tox_Friend_Number friend_number, uint32_t audio_bit_rate, uint32_t video_bit_rate,
    Toxav_Err_Answer *error);

/** Bits that say what a friend does in a call. */
enum Toxav_Friend_Call_State {
    /** Nothing: the friend has paused the call. */
    TOXAV_FRIEND_CALL_STATE_NONE = 0,
    /** The call broke off: an error on the other side, or no sign of life. It is over; no other bit is set. */
    TOXAV_FRIEND_CALL_STATE_ERROR = 1,
    /** The call has ended. No other bit is set. */
    TOXAV_FRIEND_CALL_STATE_FINISHED = 2,
    /** The friend sends audio. */
    TOXAV_FRIEND_CALL_STATE_SENDING_A = 4,
    /** The friend sends video. */
    TOXAV_FRIEND_CALL_STATE_SENDING_V = 8,
    /** The friend takes audio from us. */
    TOXAV_FRIEND_CALL_STATE_ACCEPTING_A = 16,
    /** The friend takes video from us. */
    TOXAV_FRIEND_CALL_STATE_ACCEPTING_V = 32,
};

/** What a friend does in a call has changed: `state` is made of the bits of Toxav_Friend_Call_State. */
typedef void toxav_call_state_cb(
    ToxAV *av, Tox_Friend_Number friend_number, uint32_t state, void *user_data);

/** Have `callback` called when the state of a call changes; NULL for nothing. */
void toxav_callback_call_state(ToxAV *av, toxav_call_state_cb *callback, void *user_data);

/** What can be done to a call. */
typedef enum Toxav_Call_Control {
    /** Go on with a call that we have paused. */
    TOXAV_CALL_CONTROL_RESUME,
    /** Pause a call that has been answered. */
    TOXAV_CALL_CONTROL_PAUSE,
    /** Refuse a call, stop ringing, or hang up. */
    TOXAV_CALL_CONTROL_CANCEL,
    /** Ask the friend to send no more audio; it is no longer reported in any case. */
    TOXAV_CALL_CONTROL_MUTE_AUDIO,
    /** Ask the friend to send audio again. */
    TOXAV_CALL_CONTROL_UNMUTE_AUDIO,
    /** Ask the friend to send no more video; it is no longer reported in any case. */
    TOXAV_CALL_CONTROL_HIDE_VIDEO,
    /** Ask the friend to send video again. */
    TOXAV_CALL_CONTROL_SHOW_VIDEO,
} Toxav_Call_Control;

/** Outcome of toxav_call_control(). */
typedef enum Toxav_Err_Call_Control {
    /** Success. */
    TOXAV_ERR_CALL_CONTROL_OK,
    /** Another thread is at work on the calls. Try again. */
    TOXAV_ERR_CALL_CONTROL_SYNC,
    /** No friend has this number. */
    TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_FOUND,
    /** There is no call with this friend; or it is not answered yet, and all that can be done is CANCEL. */
    TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_IN_CALL,
    /** The call is in that state already: paused, running, muted and so on. */
    TOXAV_ERR_CALL_CONTROL_INVALID_TRANSITION,
} Toxav_Err_Call_Control;

/** Pause, resume, mute or end a call. */
bool toxav_call_control(
    ToxAV *av, Tox_Friend_Number friend_number, Toxav_Call_Control control, Toxav_Err_Call_Control *error);

/** Outcome of toxav_audio_set_bit_rate() and toxav_video_set_bit_rate(). */
typedef enum Toxav_Err_Bit_Rate_Set {
    /** Success. */
    TOXAV_ERR_BIT_RATE_SET_OK,
    /** Another thread is at work on the calls. Try again. */
    TOXAV_ERR_BIT_RATE_SET_SYNC,
    /** The bit rate is not supported. */
    TOXAV_ERR_BIT_RATE_SET_INVALID_BIT_RATE,
    /** No friend has this number. */
    TOXAV_ERR_BIT_RATE_SET_FRIEND_NOT_FOUND,
    /** There is no call with this friend. */
    TOXAV_ERR_BIT_RATE_SET_FRIEND_NOT_IN_CALL,
} Toxav_Err_Bit_Rate_Set;

/** Outcome of toxav_audio_send_frame() and toxav_video_send_frame(). */
typedef enum Toxav_Err_Send_Frame {
    /** Success. */
    TOXAV_ERR_SEND_FRAME_OK,
    /** The samples, or one of the planes, are NULL. */
    TOXAV_ERR_SEND_FRAME_NULL,
    /** No friend has this number. */
    TOXAV_ERR_SEND_FRAME_FRIEND_NOT_FOUND,
    /** There is no call with this friend, or it is not answered yet. */
    TOXAV_ERR_SEND_FRAME_FRIEND_NOT_IN_CALL,
    /** Another thread is at work on the calls. Try again, or drop the frame. */
    TOXAV_ERR_SEND_FRAME_SYNC,
    /** The number of samples or channels, the sampling rate, or the size of the picture is not supported. */
    TOXAV_ERR_SEND_FRAME_INVALID,
    /** The friend does not take this kind of frame, or our bit rate for it is 0. */
    TOXAV_ERR_SEND_FRAME_PAYLOAD_TYPE_DISABLED,
    /** The frame could not be sent. */
    TOXAV_ERR_SEND_FRAME_RTP_FAILED,
} Toxav_Err_Send_Frame;

/**
 * Send audio to a friend.
 *
 * @param pcm `sample_count * channels` samples, those of the channels alternating.
 * @param sample_count Samples of each channel: 2.5, 5, 10, 20, 40, 60, 80, 100 or 120 milliseconds at this
 *   sampling rate.
 * @param channels 1 or 2.
 * @param sampling_rate 8000, 12000, 16000, 24000 or 48000 samples per second.
 */
bool toxav_audio_send_frame(
    ToxAV *av, Tox_Friend_Number friend_number, const int16_t pcm[], size_t sample_count, uint8_t channels,
    uint32_t sampling_rate, Toxav_Err_Send_Frame *error);

/** Change the bit rate of the audio we send, in kilobits per second; 0 sends none. */
bool toxav_audio_set_bit_rate(
    ToxAV *av, Tox_Friend_Number friend_number, uint32_t bit_rate, Toxav_Err_Bit_Rate_Set *error);

/** The connection carries `audio_bit_rate` kilobits per second of our audio, fewer or more than before. */
typedef void toxav_audio_bit_rate_cb(
    ToxAV *av, Tox_Friend_Number friend_number, uint32_t audio_bit_rate, void *user_data);

/** Have `callback` called when another bit rate of audio would be better; NULL for nothing. */
void toxav_callback_audio_bit_rate(ToxAV *av, toxav_audio_bit_rate_cb *callback, void *user_data);

/**
 * Send a picture to a friend, as three planes (YUV 4:2:0) without gaps between the lines.
 *
 * @param width Pixels in a line.
 * @param height Lines.
 * @param y Luminance, `width * height` bytes.
 * @param u Blue difference, `(width / 2) * (height / 2)` bytes.
 * @param v Red difference, as many as u.
 */
bool toxav_video_send_frame(
    ToxAV *av, Tox_Friend_Number friend_number, uint16_t width, uint16_t height, const uint8_t y[],
    const uint8_t u[], const uint8_t v[], Toxav_Err_Send_Frame *error);

/** Change the bit rate of the video we send, in kilobits per second; 0 sends none. */
bool toxav_video_set_bit_rate(
    ToxAV *av, Tox_Friend_Number friend_number, uint32_t bit_rate, Toxav_Err_Bit_Rate_Set *error);

/** The connection carries `video_bit_rate` kilobits per second of our video, fewer or more than before. */
typedef void toxav_video_bit_rate_cb(
    ToxAV *av, Tox_Friend_Number friend_number, uint32_t video_bit_rate, void *user_data);

/** Have `callback` called when another bit rate of video would be better; NULL for nothing. */
void toxav_callback_video_bit_rate(ToxAV *av, toxav_video_bit_rate_cb *callback, void *user_data);

/**
 * Audio of a friend, in the format of toxav_audio_send_frame().
 *
 * @param pcm `sample_count * channels` samples.
 */
typedef void toxav_audio_receive_frame_cb(
    ToxAV *av, Tox_Friend_Number friend_number, const int16_t pcm[], size_t sample_count, uint8_t channels,
    uint32_t sampling_rate, void *user_data);

/** Have `callback` called with each received frame of audio; NULL for nothing. */
void toxav_callback_audio_receive_frame(ToxAV *av, toxav_audio_receive_frame_cb *callback, void *user_data);

/**
 * A picture of a friend, as three planes (YUV 4:2:0) that may have gaps between the lines.
 *
 * @param y Luminance: `height` lines of `width` bytes each.
 * @param u Blue difference: half as many lines, half as long.
 * @param v Red difference, like u.
 * @param ystride Bytes from one line of y to the next. Negative if the lines go upwards; then its absolute
 *   value is at least the width. The same holds for ustride and vstride with their halves.
 */
typedef void toxav_video_receive_frame_cb(
    ToxAV *av, Tox_Friend_Number friend_number, uint16_t width, uint16_t height, const uint8_t y[],
    const uint8_t u[], const uint8_t v[], int32_t ystride, int32_t ustride, int32_t vstride, void *user_data);

/** Have `callback` called with each received picture; NULL for nothing. */
void toxav_callback_video_receive_frame(ToxAV *av, toxav_video_receive_frame_cb *callback, void *user_data);

/* ------------------------------------------------------------------------
 * Audio in conferences
 *
 * These need no ToxAV. Here -1 stands for failure, without a reason.
 * ------------------------------------------------------------------------ */

/** toxav_audio_data_cb with the type that its first argument really has. */
typedef void toxav_group_audio_cb(
    Tox *tox, Tox_Conference_Number conference_number, Tox_Conference_Peer_Number peer_number,
    const int16_t pcm[], uint32_t samples, uint8_t channels, uint32_t sample_rate, void *user_data);

/**
 * Audio of a peer in a conference.
 *
 * @param tox The Tox instance.
 * @param pcm `samples * channels` samples, those of the channels alternating.
 * @param userdata What was given along with the callback.
 */
typedef void toxav_audio_data_cb(
    void *tox, Tox_Conference_Number conference_number, Tox_Conference_Peer_Number peer_number,
    const int16_t pcm[], uint32_t samples, uint8_t channels, uint32_t sample_rate, void *userdata);

/** Start a conference with audio. @return Its number, or -1. */
int32_t toxav_add_av_groupchat(Tox *tox, toxav_audio_data_cb *audio_callback, void *userdata);

/** Join a conference of type TOX_CONFERENCE_TYPE_AV; `data` is the invitation's cookie. @return Its number, or -1. */
int32_t toxav_join_av_groupchat(
    Tox *tox, Tox_Friend_Number friend_number, const uint8_t data[], uint16_t length,
    toxav_audio_data_cb *audio_callback, void *userdata);

/**
 * Send audio to all peers of a conference.
 *
 * @param samples Samples of each channel: 2.5, 5, 10, 20, 40, 60, 80, 100 or 120 milliseconds at this sample rate; 960
 *   is good.
 * @param channels 1 or 2; 1 is good.
 * @param sample_rate 8000, 12000, 16000, 24000 or 48000; 48000 is good.
 * @return 0, or -1.
 */
int32_t toxav_group_send_audio(
    Tox *tox, Tox_Conference_Number conference_number, const int16_t pcm[], uint32_t samples, uint8_t channels,
    uint32_t sample_rate);

/** Turn audio on in a conference of type TOX_CONFERENCE_TYPE_AV; it is off after loading a save. @return 0, or -1. */
int32_t toxav_groupchat_enable_av(
    Tox *tox, Tox_Conference_Number conference_number, toxav_audio_data_cb *audio_callback, void *userdata);

/** Turn audio off in a conference. @return 0, or -1. */
int32_t toxav_groupchat_disable_av(Tox *tox, Tox_Conference_Number conference_number);

/** @return Whether audio is on in a conference. */
bool toxav_groupchat_av_enabled(Tox *tox, Tox_Conference_Number conference_number);

/* ------------------------------------------------------------------------
 * Encryption with a passphrase (toxencryptsave)
 *
 * For saves, and for anything else that a client stores. The key is derived from the passphrase with scrypt, which
 * is slow on purpose: a program that encrypts often derives it once and keeps the Tox_Pass_Key. What was encrypted
 * starts with the 8 bytes "toxEsave", a salt and a nonce. Nobody can decrypt it without the passphrase, nor after a
 * single bit has changed. None of these functions needs a Tox.
 * ------------------------------------------------------------------------ */

/** Bytes in the salt that goes into a key. */
#define TOX_PASS_SALT_LENGTH 32

/** @return TOX_PASS_SALT_LENGTH. */
uint32_t tox_pass_salt_length(void);

/** Random bytes that make two keys from one passphrase differ. Not a secret. */
typedef uint8_t Tox_Pass_Salt[TOX_PASS_SALT_LENGTH];

/** Bytes in a key. */
#define TOX_PASS_KEY_LENGTH 32

/** @return TOX_PASS_KEY_LENGTH. */
uint32_t tox_pass_key_length(void);

/** Bytes by which data grows when it is encrypted: magic (8), salt (32), nonce (24), authentication (16). */
#define TOX_PASS_ENCRYPTION_EXTRA_LENGTH 80

/** @return TOX_PASS_ENCRYPTION_EXTRA_LENGTH. */
uint32_t tox_pass_encryption_extra_length(void);

/** Outcome of tox_pass_key_derive() and tox_pass_key_derive_with_salt(). */
typedef enum Tox_Err_Key_Derivation {
    /** Success. */
    TOX_ERR_KEY_DERIVATION_OK,
    /** The salt is NULL, or the passphrase is and its length is not 0. */
    TOX_ERR_KEY_DERIVATION_NULL,
    /** The key could not be derived, most likely for lack of memory. */
    TOX_ERR_KEY_DERIVATION_FAILED,
} Tox_Err_Key_Derivation;

/** @return The name of the enumerator, or "<invalid Tox_Err_Key_Derivation>". A static string. */
const char *tox_err_key_derivation_to_string(Tox_Err_Key_Derivation value);

/** Outcome of tox_pass_encrypt() and tox_pass_key_encrypt(). */
typedef enum Tox_Err_Encryption {
    /** Success. */
    TOX_ERR_ENCRYPTION_OK,
    /** A pointer is NULL, or there is nothing to encrypt. */
    TOX_ERR_ENCRYPTION_NULL,
    /** The key could not be derived, most likely for lack of memory. */
    TOX_ERR_ENCRYPTION_KEY_DERIVATION_FAILED,
    /** The encryption itself failed. */
    TOX_ERR_ENCRYPTION_FAILED,
} Tox_Err_Encryption;

/** @return The name of the enumerator, or "<invalid Tox_Err_Encryption>". A static string. */
const char *tox_err_encryption_to_string(Tox_Err_Encryption value);

/** Outcome of tox_pass_decrypt() and tox_pass_key_decrypt(). */
typedef enum Tox_Err_Decryption {
    /** Success. */
    TOX_ERR_DECRYPTION_OK,
    /** A pointer is NULL. */
    TOX_ERR_DECRYPTION_NULL,
    /** No more than TOX_PASS_ENCRYPTION_EXTRA_LENGTH bytes: that contains nothing. */
    TOX_ERR_DECRYPTION_INVALID_LENGTH,
    /** The data does not start with the magic bytes: it was not encrypted by these functions. */
    TOX_ERR_DECRYPTION_BAD_FORMAT,
    /** The key could not be derived, most likely for lack of memory. */
    TOX_ERR_DECRYPTION_KEY_DERIVATION_FAILED,
    /** The passphrase or key is a wrong one, or the data was changed. */
    TOX_ERR_DECRYPTION_FAILED,
} Tox_Err_Decryption;

/** @return The name of the enumerator, or "<invalid Tox_Err_Decryption>". A static string. */
const char *tox_err_decryption_to_string(Tox_Err_Decryption value);

/**
 * Encrypt data with a passphrase and a new salt.
 *
 * @param plaintext At least 1 byte.
 * @param passphrase Any bytes; may be empty.
 * @param ciphertext Room for `plaintext_len + TOX_PASS_ENCRYPTION_EXTRA_LENGTH` bytes.
 */
bool tox_pass_encrypt(
    const uint8_t plaintext[], size_t plaintext_len, const uint8_t passphrase[], size_t passphrase_len,
    uint8_t ciphertext[], Tox_Err_Encryption *error);

/**
 * Decrypt data with the passphrase it was encrypted with.
 *
 * @param plaintext Room for `ciphertext_len - TOX_PASS_ENCRYPTION_EXTRA_LENGTH` bytes.
 */
bool tox_pass_decrypt(
    const uint8_t ciphertext[], size_t ciphertext_len, const uint8_t passphrase[], size_t passphrase_len,
    uint8_t plaintext[], Tox_Err_Decryption *error);

#ifndef TOX_PASS_KEY_DEFINED
#define TOX_PASS_KEY_DEFINED
/** A key derived from a passphrase, with its salt; opaque, and a secret. */
typedef struct Tox_Pass_Key Tox_Pass_Key;
#endif /* TOX_PASS_KEY_DEFINED */

/** Wipe and free a key; NULL is fine. */
void tox_pass_key_free(Tox_Pass_Key *key);

/**
 * Derive a key with a new random salt, for encrypting.
 *
 * @param passphrase Any bytes; may be empty.
 * @return The key, to be freed with tox_pass_key_free(); NULL on error.
 */
Tox_Pass_Key *tox_pass_key_derive(
    const uint8_t passphrase[], size_t passphrase_len, Tox_Err_Key_Derivation *error);

/**
 * Derive the key that belongs to a salt, for decrypting what tox_get_salt() read it from.
 *
 * @param salt TOX_PASS_SALT_LENGTH bytes.
 * @return The key, to be freed with tox_pass_key_free(); NULL on error.
 */
Tox_Pass_Key *tox_pass_key_derive_with_salt(
    const uint8_t passphrase[], size_t passphrase_len, const Tox_Pass_Salt salt, Tox_Err_Key_Derivation *error);

/** tox_pass_encrypt() with a key instead of a passphrase; fast. The result can be decrypted with either. */
bool tox_pass_key_encrypt(
    const Tox_Pass_Key *key, const uint8_t plaintext[], size_t plaintext_len, uint8_t ciphertext[],
    Tox_Err_Encryption *error);

/** tox_pass_decrypt() with a key instead of a passphrase; fast. The key must have the salt of the data. */
bool tox_pass_key_decrypt(
    const Tox_Pass_Key *key, const uint8_t ciphertext[], size_t ciphertext_len, uint8_t plaintext[],
    Tox_Err_Decryption *error);

/** Outcome of tox_get_salt(). */
typedef enum Tox_Err_Get_Salt {
    /** Success. */
    TOX_ERR_GET_SALT_OK,
    /** A pointer is NULL. */
    TOX_ERR_GET_SALT_NULL,
    /** The data does not start with the magic bytes. */
    TOX_ERR_GET_SALT_BAD_FORMAT,
} Tox_Err_Get_Salt;

/** @return The name of the enumerator, or "<invalid Tox_Err_Get_Salt>". A static string. */
const char *tox_err_get_salt_to_string(Tox_Err_Get_Salt value);

/**
 * Read the salt of encrypted data.
 *
 * @param ciphertext TOX_PASS_ENCRYPTION_EXTRA_LENGTH bytes or more.
 * @param salt Room for TOX_PASS_SALT_LENGTH bytes.
 */
bool tox_get_salt(const uint8_t ciphertext[], Tox_Pass_Salt salt, Tox_Err_Get_Salt *error);

/** @return Whether data starts as encrypted data does. Only the first 8 bytes are read. */
bool tox_is_data_encrypted(const uint8_t data[]);

/* ------------------------------------------------------------------------
 * Older names of the types above
 * ------------------------------------------------------------------------ */

#ifndef TOX_HIDE_DEPRECATED
typedef Tox_Err_Options_New TOX_ERR_OPTIONS_NEW;
typedef Tox_Err_New TOX_ERR_NEW;
typedef Tox_Err_Bootstrap TOX_ERR_BOOTSTRAP;
typedef Tox_Err_Set_Info TOX_ERR_SET_INFO;
typedef Tox_Err_Friend_Add TOX_ERR_FRIEND_ADD;
typedef Tox_Err_Friend_Delete TOX_ERR_FRIEND_DELETE;
typedef Tox_Err_Friend_By_Public_Key TOX_ERR_FRIEND_BY_PUBLIC_KEY;
typedef Tox_Err_Friend_Get_Public_Key TOX_ERR_FRIEND_GET_PUBLIC_KEY;
typedef Tox_Err_Friend_Get_Last_Online TOX_ERR_FRIEND_GET_LAST_ONLINE;
typedef Tox_Err_Friend_Query TOX_ERR_FRIEND_QUERY;
typedef Tox_Err_Set_Typing TOX_ERR_SET_TYPING;
typedef Tox_Err_Friend_Send_Message TOX_ERR_FRIEND_SEND_MESSAGE;
typedef Tox_Err_File_Control TOX_ERR_FILE_CONTROL;
typedef Tox_Err_File_Seek TOX_ERR_FILE_SEEK;
typedef Tox_Err_File_Get TOX_ERR_FILE_GET;
typedef Tox_Err_File_Send TOX_ERR_FILE_SEND;
typedef Tox_Err_File_Send_Chunk TOX_ERR_FILE_SEND_CHUNK;
typedef Tox_Err_Conference_New TOX_ERR_CONFERENCE_NEW;
typedef Tox_Err_Conference_Delete TOX_ERR_CONFERENCE_DELETE;
typedef Tox_Err_Conference_Peer_Query TOX_ERR_CONFERENCE_PEER_QUERY;
typedef Tox_Err_Conference_Set_Max_Offline TOX_ERR_CONFERENCE_SET_MAX_OFFLINE;
typedef Tox_Err_Conference_By_Id TOX_ERR_CONFERENCE_BY_ID;
typedef Tox_Err_Conference_By_Uid TOX_ERR_CONFERENCE_BY_UID;
typedef Tox_Err_Conference_Invite TOX_ERR_CONFERENCE_INVITE;
typedef Tox_Err_Conference_Join TOX_ERR_CONFERENCE_JOIN;
typedef Tox_Err_Conference_Send_Message TOX_ERR_CONFERENCE_SEND_MESSAGE;
typedef Tox_Err_Conference_Title TOX_ERR_CONFERENCE_TITLE;
typedef Tox_Err_Conference_Get_Type TOX_ERR_CONFERENCE_GET_TYPE;
typedef Tox_Err_Friend_Custom_Packet TOX_ERR_FRIEND_CUSTOM_PACKET;
typedef Tox_Err_Get_Port TOX_ERR_GET_PORT;
typedef Tox_User_Status TOX_USER_STATUS;
typedef Tox_Message_Type TOX_MESSAGE_TYPE;
typedef Tox_Proxy_Type TOX_PROXY_TYPE;
typedef Tox_Savedata_Type TOX_SAVEDATA_TYPE;
typedef Tox_Log_Level TOX_LOG_LEVEL;
typedef Tox_Connection TOX_CONNECTION;
typedef Tox_File_Control TOX_FILE_CONTROL;
typedef Tox_Conference_Type TOX_CONFERENCE_TYPE;
typedef enum Tox_File_Kind TOX_FILE_KIND;
#endif /* TOX_HIDE_DEPRECATED */

typedef Toxav_Err_Call TOXAV_ERR_CALL;
typedef Toxav_Err_New TOXAV_ERR_NEW;
typedef Toxav_Err_Answer TOXAV_ERR_ANSWER;
typedef Toxav_Err_Call_Control TOXAV_ERR_CALL_CONTROL;
typedef Toxav_Err_Bit_Rate_Set TOXAV_ERR_BIT_RATE_SET;
typedef Toxav_Err_Send_Frame TOXAV_ERR_SEND_FRAME;
typedef Toxav_Call_Control TOXAV_CALL_CONTROL;
typedef enum Toxav_Friend_Call_State TOXAV_FRIEND_CALL_STATE;
typedef Tox_Err_Key_Derivation TOX_ERR_KEY_DERIVATION;
typedef Tox_Err_Encryption TOX_ERR_ENCRYPTION;
typedef Tox_Err_Decryption TOX_ERR_DECRYPTION;
typedef Tox_Err_Get_Salt TOX_ERR_GET_SALT;

/* ------------------------------------------------------------------------
 * Groups: what they are made of
 *
 * A group (also "NGC") is a moderated chat whose members connect to each
 * other directly, apart from the friend list. It is found through its chat
 * ID in the DHT (public groups) or through a friend's invite. Functions here
 * name a group by its group number and a member by its peer ID; both are
 * local to this instance and neither survives a restart. Every function with
 * an `error` argument accepts NULL for it.
 * ------------------------------------------------------------------------ */

/** Local number of a group; UINT32_MAX where a function that returns one fails. */
typedef uint32_t Tox_Group_Number;

/** Local number of a peer within one group: the smallest free one, so a peer that is gone leaves its ID to another. */
typedef uint32_t Tox_Group_Peer_Number;

/** Number that sender and receivers of a group message share; useful for telling messages apart, not unique. */
typedef uint32_t Tox_Group_Message_Id;

/** Most bytes a group topic may have. */
#define TOX_GROUP_MAX_TOPIC_LENGTH 512

/** @return TOX_GROUP_MAX_TOPIC_LENGTH. */
uint32_t tox_group_max_topic_length(void);

/** Most bytes of the farewell given to tox_group_leave(). */
#define TOX_GROUP_MAX_PART_LENGTH 128

/** @return TOX_GROUP_MAX_PART_LENGTH. */
uint32_t tox_group_max_part_length(void);

/** Most bytes in one group message, public or private. */
#define TOX_GROUP_MAX_MESSAGE_LENGTH 1372

/** @return TOX_GROUP_MAX_MESSAGE_LENGTH. */
uint32_t tox_group_max_message_length(void);

/** Most bytes in one lossy custom packet. */
#define TOX_GROUP_MAX_CUSTOM_LOSSY_PACKET_LENGTH 1373

/** @return TOX_GROUP_MAX_CUSTOM_LOSSY_PACKET_LENGTH. */
uint32_t tox_group_max_custom_lossy_packet_length(void);

/** Most bytes in one lossless custom packet. */
#define TOX_GROUP_MAX_CUSTOM_LOSSLESS_PACKET_LENGTH 1373

/** @return TOX_GROUP_MAX_CUSTOM_LOSSLESS_PACKET_LENGTH. */
uint32_t tox_group_max_custom_lossless_packet_length(void);

/** Most bytes in the name of a group. */
#define TOX_GROUP_MAX_GROUP_NAME_LENGTH 48

/** @return TOX_GROUP_MAX_GROUP_NAME_LENGTH. */
uint32_t tox_group_max_group_name_length(void);

/** Most bytes in a group password. */
#define TOX_GROUP_MAX_PASSWORD_SIZE 32

/** @return TOX_GROUP_MAX_PASSWORD_SIZE. */
uint32_t tox_group_max_password_size(void);

/** Bytes in a chat ID, the public Ed25519 key of a group. */
#define TOX_GROUP_CHAT_ID_SIZE 32

/** @return TOX_GROUP_CHAT_ID_SIZE. */
uint32_t tox_group_chat_id_size(void);

/** Bytes in the public key of a peer in a group. */
#define TOX_GROUP_PEER_PUBLIC_KEY_SIZE 32

/** @return TOX_GROUP_PEER_PUBLIC_KEY_SIZE. */
uint32_t tox_group_peer_public_key_size(void);

/** The lasting name of a group, by which it is looked up in the DHT. */
typedef uint8_t Tox_Group_Chat_Id[TOX_GROUP_CHAT_ID_SIZE];

/** The lasting name of a peer within one group; unrelated to the peer's Tox ID. */
typedef uint8_t Tox_Group_Peer_Public_Key[TOX_GROUP_PEER_PUBLIC_KEY_SIZE];

/** Who can find and join a group. */
typedef enum Tox_Group_Privacy_State {
    /**
     * Whoever knows the chat ID can join. Chat ID, peer keys and IP addresses can be read by the DHT nodes that
     * store the announces.
     */
    TOX_GROUP_PRIVACY_STATE_PUBLIC,
    /** Only friends of a member can join, on invitation. Nothing about the group is put into the DHT. */
    TOX_GROUP_PRIVACY_STATE_PRIVATE,
} Tox_Group_Privacy_State;

/** @return The name of the enumerator, or "<invalid Tox_Group_Privacy_State>". A static string. */
const char *tox_group_privacy_state_to_string(Tox_Group_Privacy_State value);

/** Who may set the topic. A new group starts out locked. */
typedef enum Tox_Group_Topic_Lock {
    /** The founder and the moderators. */
    TOX_GROUP_TOPIC_LOCK_ENABLED,
    /** Every peer that is not an observer. */
    TOX_GROUP_TOPIC_LOCK_DISABLED,
} Tox_Group_Topic_Lock;

/** @return The name of the enumerator, or "<invalid Tox_Group_Topic_Lock>". A static string. */
const char *tox_group_topic_lock_to_string(Tox_Group_Topic_Lock value);

/** Which roles may send messages to the whole group. Private messages and the topic are not affected. */
typedef enum Tox_Group_Voice_State {
    /** Founder, moderators and users. */
    TOX_GROUP_VOICE_STATE_ALL,
    /** Founder and moderators. */
    TOX_GROUP_VOICE_STATE_MODERATOR,
    /** The founder alone. */
    TOX_GROUP_VOICE_STATE_FOUNDER,
} Tox_Group_Voice_State;

/** @return The name of the enumerator, or "<invalid Tox_Group_Voice_State>". A static string. */
const char *tox_group_voice_state_to_string(Tox_Group_Voice_State value);

/** The rank of a peer. Each role includes everything the roles after it may do. */
typedef enum Tox_Group_Role {
    /** Made the group; sets its password, privacy, locks and peer limit, and can kick or re-rank everyone else. */
    TOX_GROUP_ROLE_FOUNDER,
    /** Can set the topic, kick users and observers, and turn one into the other. */
    TOX_GROUP_ROLE_MODERATOR,
    /** Takes part in the conversation. */
    TOX_GROUP_ROLE_USER,
    /** Reads along, and can ignore peers, but sends nothing. */
    TOX_GROUP_ROLE_OBSERVER,
} Tox_Group_Role;

/** @return The name of the enumerator, or "<invalid Tox_Group_Role>". A static string. */
const char *tox_group_role_to_string(Tox_Group_Role value);

/* ------------------------------------------------------------------------
 * Groups: creating, joining, leaving
 * ------------------------------------------------------------------------ */

/** Outcome of tox_group_new(). */
typedef enum Tox_Err_Group_New {
    /** Success. */
    TOX_ERR_GROUP_NEW_OK,
    /** The group name exceeds TOX_GROUP_MAX_GROUP_NAME_LENGTH, or our name TOX_MAX_NAME_LENGTH. */
    TOX_ERR_GROUP_NEW_TOO_LONG,
    /** One of the two names is NULL or has no bytes. */
    TOX_ERR_GROUP_NEW_EMPTY,
    /** The group object could not be set up. */
    TOX_ERR_GROUP_NEW_INIT,
    /** The shared state of the group could not be made or signed. */
    TOX_ERR_GROUP_NEW_STATE,
    /** The group could not be announced. */
    TOX_ERR_GROUP_NEW_ANNOUNCE,
} Tox_Err_Group_New;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_New>". A static string. */
const char *tox_err_group_new_to_string(Tox_Err_Group_New value);

/**
 * Found a group, with ourselves as its founder and first peer.
 *
 * No group_peer_join or group_self_join event reports our own presence.
 *
 * @param privacy_state Public groups are announced in the DHT, private ones are not.
 * @param group_name What the group is called, for good; 1 to TOX_GROUP_MAX_GROUP_NAME_LENGTH bytes.
 * @param name What we call ourselves in it; 1 to TOX_MAX_NAME_LENGTH bytes.
 * @return The number of the new group, or UINT32_MAX.
 */
Tox_Group_Number tox_group_new(
    Tox *tox, Tox_Group_Privacy_State privacy_state,
    const uint8_t group_name[], size_t group_name_length,
    const uint8_t name[], size_t name_length, Tox_Err_Group_New *error);

/** Outcome of tox_group_join(). */
typedef enum Tox_Err_Group_Join {
    /** Success. */
    TOX_ERR_GROUP_JOIN_OK,
    /** The group object could not be set up. */
    TOX_ERR_GROUP_JOIN_INIT,
    /** chat_id is NULL, or not a valid key. */
    TOX_ERR_GROUP_JOIN_BAD_CHAT_ID,
    /** Our name is NULL or has no bytes. */
    TOX_ERR_GROUP_JOIN_EMPTY,
    /** Our name exceeds TOX_MAX_NAME_LENGTH. */
    TOX_ERR_GROUP_JOIN_TOO_LONG,
    /** The password could not be used; most likely it exceeds TOX_GROUP_MAX_PASSWORD_SIZE. */
    TOX_ERR_GROUP_JOIN_PASSWORD,
    /** The group is known, but reconnecting to it failed. */
    TOX_ERR_GROUP_JOIN_CORE,
} Tox_Err_Group_Join;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Join>". A static string. */
const char *tox_err_group_join_to_string(Tox_Err_Group_Join value);

/**
 * Join a public group by its chat ID, or reconnect to it if we are a member already.
 *
 * The peers are searched for in the DHT; group_self_join or group_join_fail tells how that ended.
 *
 * @param name What we call ourselves in the group; 1 to TOX_MAX_NAME_LENGTH bytes.
 * @param password NULL (with a length of 0) for a group without one.
 * @return The number of the group, or UINT32_MAX.
 */
Tox_Group_Number tox_group_join(
    Tox *tox, const Tox_Group_Chat_Id chat_id,
    const uint8_t name[], size_t name_length,
    const uint8_t password[], size_t password_length,
    Tox_Err_Group_Join *error);

/** Outcome of tox_group_is_connected(). */
typedef enum Tox_Err_Group_Is_Connected {
    /** Success. */
    TOX_ERR_GROUP_IS_CONNECTED_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_IS_CONNECTED_GROUP_NOT_FOUND,
} Tox_Err_Group_Is_Connected;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Is_Connected>". A static string. */
const char *tox_err_group_is_connected_to_string(Tox_Err_Group_Is_Connected value);

/** @return Whether the group is in use: connected to peers, or trying to be. False after tox_group_disconnect(). */
bool tox_group_is_connected(const Tox *tox, Tox_Group_Number group_number, Tox_Err_Group_Is_Connected *error);

/** Outcome of tox_group_disconnect(). */
typedef enum Tox_Err_Group_Disconnect {
    /** Success. */
    TOX_ERR_GROUP_DISCONNECT_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_DISCONNECT_GROUP_NOT_FOUND,
    /** The group is not connected. */
    TOX_ERR_GROUP_DISCONNECT_ALREADY_DISCONNECTED,
} Tox_Err_Group_Disconnect;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Disconnect>". A static string. */
const char *tox_err_group_disconnect_to_string(Tox_Err_Group_Disconnect value);

/**
 * Part from all peers of a group, but keep its state, our keys and our role for a later tox_group_join().
 *
 * @return Whether we are disconnected now because of this call.
 */
bool tox_group_disconnect(const Tox *tox, Tox_Group_Number group_number, Tox_Err_Group_Disconnect *error);

/** Outcome of tox_group_reconnect(). */
typedef enum Tox_Err_Group_Reconnect {
    /** Success. */
    TOX_ERR_GROUP_RECONNECT_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_RECONNECT_GROUP_NOT_FOUND,
    /** Reconnecting could not be started. */
    TOX_ERR_GROUP_RECONNECT_CORE,
} Tox_Err_Group_Reconnect;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Reconnect>". A static string. */
const char *tox_err_group_reconnect_to_string(Tox_Err_Group_Reconnect value);

#ifndef TOX_HIDE_DEPRECATED
/**
 * Drop the connections to all peers of a group and start looking for them again, as the same peer.
 *
 * @return Whether it was started.
 * @deprecated tox_group_join() with the chat ID does the same.
 */
bool tox_group_reconnect(Tox *tox, Tox_Group_Number group_number, Tox_Err_Group_Reconnect *error);
#endif

/** Outcome of tox_group_leave(). */
typedef enum Tox_Err_Group_Leave {
    /** Success. */
    TOX_ERR_GROUP_LEAVE_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_LEAVE_GROUP_NOT_FOUND,
    /** The farewell exceeds TOX_GROUP_MAX_PART_LENGTH. */
    TOX_ERR_GROUP_LEAVE_TOO_LONG,
    /** The farewell could not be sent. The group is gone from this instance all the same. */
    TOX_ERR_GROUP_LEAVE_FAIL_SEND,
} Tox_Err_Group_Leave;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Leave>". A static string. */
const char *tox_err_group_leave_to_string(Tox_Err_Group_Leave value);

/**
 * Leave a group for good: tell the peers, then forget its state, our keys in it and our role.
 *
 * @param part_message Farewell shown to the others; NULL with a length of 0 for none.
 * @return False with an error.
 */
bool tox_group_leave(
    Tox *tox, Tox_Group_Number group_number,
    const uint8_t part_message[], size_t length,
    Tox_Err_Group_Leave *error);

/* ------------------------------------------------------------------------
 * Groups: ourselves
 * ------------------------------------------------------------------------ */

/** Outcome of the functions that read our own state in a group. */
typedef enum Tox_Err_Group_Self_Query {
    /** Success. */
    TOX_ERR_GROUP_SELF_QUERY_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SELF_QUERY_GROUP_NOT_FOUND,
} Tox_Err_Group_Self_Query;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Self_Query>". A static string. */
const char *tox_err_group_self_query_to_string(Tox_Err_Group_Self_Query value);

/** Outcome of tox_group_self_set_name(). */
typedef enum Tox_Err_Group_Self_Name_Set {
    /** Success. */
    TOX_ERR_GROUP_SELF_NAME_SET_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SELF_NAME_SET_GROUP_NOT_FOUND,
    /** The name exceeds TOX_MAX_NAME_LENGTH. */
    TOX_ERR_GROUP_SELF_NAME_SET_TOO_LONG,
    /** The name is NULL or has no bytes. */
    TOX_ERR_GROUP_SELF_NAME_SET_INVALID,
    /** It could not be sent. */
    TOX_ERR_GROUP_SELF_NAME_SET_FAIL_SEND,
} Tox_Err_Group_Self_Name_Set;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Self_Name_Set>". A static string. */
const char *tox_err_group_self_name_set_to_string(Tox_Err_Group_Self_Name_Set value);

/** Change what we are called in one group, and tell its peers; 1 to TOX_MAX_NAME_LENGTH bytes. */
bool tox_group_self_set_name(
    Tox *tox, Tox_Group_Number group_number,
    const uint8_t name[], size_t length,
    Tox_Err_Group_Self_Name_Set *error);

/** @return Bytes that tox_group_self_get_name() will write. */
size_t tox_group_self_get_name_size(const Tox *tox, Tox_Group_Number group_number, Tox_Err_Group_Self_Query *error);

/** Write our name in the group, tox_group_self_get_name_size() bytes, to `name`; nothing if that is NULL. */
bool tox_group_self_get_name(
    const Tox *tox, Tox_Group_Number group_number,
    uint8_t name[], Tox_Err_Group_Self_Query *error);

/** Outcome of tox_group_self_set_status(). */
typedef enum Tox_Err_Group_Self_Status_Set {
    /** Success. */
    TOX_ERR_GROUP_SELF_STATUS_SET_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SELF_STATUS_SET_GROUP_NOT_FOUND,
    /** It could not be sent. */
    TOX_ERR_GROUP_SELF_STATUS_SET_FAIL_SEND,
} Tox_Err_Group_Self_Status_Set;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Self_Status_Set>". A static string. */
const char *tox_err_group_self_status_set_to_string(Tox_Err_Group_Self_Status_Set value);

/** Change our status in one group, and tell its peers. */
bool tox_group_self_set_status(Tox *tox, Tox_Group_Number group_number, Tox_User_Status status,
                               Tox_Err_Group_Self_Status_Set *error);

/** @return Our status in the group; without meaning on error. */
Tox_User_Status tox_group_self_get_status(const Tox *tox, Tox_Group_Number group_number,
        Tox_Err_Group_Self_Query *error);

/** @return Our role in the group; without meaning on error. */
Tox_Group_Role tox_group_self_get_role(const Tox *tox, Tox_Group_Number group_number, Tox_Err_Group_Self_Query *error);

/** @return Our own peer ID in the group; without meaning on error. */
Tox_Group_Peer_Number tox_group_self_get_peer_id(const Tox *tox, Tox_Group_Number group_number,
        Tox_Err_Group_Self_Query *error);

/**
 * Write the TOX_GROUP_PEER_PUBLIC_KEY_SIZE bytes of the key by which the others know us in this group.
 *
 * It stays the same until we leave the group, over restarts and changes of name.
 *
 * @param public_key Nothing is written if this is NULL.
 */
bool tox_group_self_get_public_key(const Tox *tox, Tox_Group_Number group_number, Tox_Public_Key public_key,
                                   Tox_Err_Group_Self_Query *error);

/* ------------------------------------------------------------------------
 * Groups: the other peers
 * ------------------------------------------------------------------------ */

/** Outcome of the functions that read the state of a peer. */
typedef enum Tox_Err_Group_Peer_Query {
    /** Success. */
    TOX_ERR_GROUP_PEER_QUERY_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_PEER_QUERY_GROUP_NOT_FOUND,
    /** The group has no peer with this ID. */
    TOX_ERR_GROUP_PEER_QUERY_PEER_NOT_FOUND,
} Tox_Err_Group_Peer_Query;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Peer_Query>". A static string. */
const char *tox_err_group_peer_query_to_string(Tox_Err_Group_Peer_Query value);

/** @return Bytes that tox_group_peer_get_name() will write; without meaning on error. */
size_t tox_group_peer_get_name_size(const Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
                                    Tox_Err_Group_Peer_Query *error);

/** Write the peer's name as last reported by group_peer_name; tox_group_peer_get_name_size() bytes. */
bool tox_group_peer_get_name(
    const Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
    uint8_t name[], Tox_Err_Group_Peer_Query *error);

/** @return The peer's status as last reported by group_peer_status; without meaning on error. */
Tox_User_Status tox_group_peer_get_status(const Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
        Tox_Err_Group_Peer_Query *error);

/** @return The peer's role; without meaning on error. */
Tox_Group_Role tox_group_peer_get_role(const Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
                                       Tox_Err_Group_Peer_Query *error);

/** @return How we reach the peer. For our own ID: whether we can use UDP at all or only TCP relays. */
Tox_Connection tox_group_peer_get_connection_status(const Tox *tox, Tox_Group_Number group_number,
        Tox_Group_Peer_Number peer_id, Tox_Err_Group_Peer_Query *error);

/**
 * Write the TOX_GROUP_PEER_PUBLIC_KEY_SIZE bytes of a peer's key: the one way to know it again after a restart.
 *
 * @param public_key Nothing is written if this is NULL.
 */
bool tox_group_peer_get_public_key(
    const Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
    Tox_Public_Key public_key, Tox_Err_Group_Peer_Query *error);

/**
 * A peer has a new name.
 *
 * @param name_length Bytes in it; no NUL follows.
 */
typedef void tox_group_peer_name_cb(
    Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
    const uint8_t name[], size_t name_length, void *user_data);

/** Have `callback` called when a peer changes its name; NULL for nothing. */
void tox_callback_group_peer_name(Tox *tox, tox_group_peer_name_cb *callback);

/** A peer has a new status. */
typedef void tox_group_peer_status_cb(Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
                                      Tox_User_Status status, void *user_data);

/** Have `callback` called when a peer changes its status; NULL for nothing. */
void tox_callback_group_peer_status(Tox *tox, tox_group_peer_status_cb *callback);

/* ------------------------------------------------------------------------
 * Groups: shared state
 * ------------------------------------------------------------------------ */

/** Outcome of the functions that read the state of a group. */
typedef enum Tox_Err_Group_State_Query {
    /** Success. */
    TOX_ERR_GROUP_STATE_QUERY_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_STATE_QUERY_GROUP_NOT_FOUND,
} Tox_Err_Group_State_Query;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_State_Query>". A static string. */
const char *tox_err_group_state_query_to_string(Tox_Err_Group_State_Query value);

/** Outcome of tox_group_set_topic(). */
typedef enum Tox_Err_Group_Topic_Set {
    /** Success. */
    TOX_ERR_GROUP_TOPIC_SET_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_TOPIC_SET_GROUP_NOT_FOUND,
    /** The topic exceeds TOX_GROUP_MAX_TOPIC_LENGTH. */
    TOX_ERR_GROUP_TOPIC_SET_TOO_LONG,
    /** Our role does not allow it. */
    TOX_ERR_GROUP_TOPIC_SET_PERMISSIONS,
    /** The new topic could not be signed. */
    TOX_ERR_GROUP_TOPIC_SET_FAIL_CREATE,
    /** It could not be sent. */
    TOX_ERR_GROUP_TOPIC_SET_FAIL_SEND,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_TOPIC_SET_DISCONNECTED,
} Tox_Err_Group_Topic_Set;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Topic_Set>". A static string. */
const char *tox_err_group_topic_set_to_string(Tox_Err_Group_Topic_Set value);

/** Set the topic, and tell the peers; NULL or a length of 0 clears it. See Tox_Group_Topic_Lock for who may. */
bool tox_group_set_topic(
    Tox *tox, Tox_Group_Number group_number,
    const uint8_t topic[], size_t length,
    Tox_Err_Group_Topic_Set *error);

/** @return Bytes that tox_group_get_topic() will write; without meaning on error. */
size_t tox_group_get_topic_size(const Tox *tox, Tox_Group_Number group_number, Tox_Err_Group_State_Query *error);

/** Write the topic, tox_group_get_topic_size() bytes; nothing if `topic` is NULL. */
bool tox_group_get_topic(
    const Tox *tox, Tox_Group_Number group_number,
    uint8_t topic[], Tox_Err_Group_State_Query *error);

/**
 * The topic has changed.
 *
 * @param peer_id Who set it; 0 if that peer is not in the group now.
 */
typedef void tox_group_topic_cb(
    Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
    const uint8_t topic[], size_t topic_length,
    void *user_data);

/** Have `callback` called when the topic changes; NULL for nothing. */
void tox_callback_group_topic(Tox *tox, tox_group_topic_cb *callback);

/** @return Bytes that tox_group_get_name() will write; without meaning on error. */
size_t tox_group_get_name_size(const Tox *tox, Tox_Group_Number group_number, Tox_Err_Group_State_Query *error);

/** Write the name of the group, tox_group_get_name_size() bytes; nothing if `name` is NULL. */
bool tox_group_get_name(
    const Tox *tox, Tox_Group_Number group_number,
    uint8_t name[], Tox_Err_Group_State_Query *error);

/** Write the TOX_GROUP_CHAT_ID_SIZE bytes of the chat ID, which others need to join; nothing if `chat_id` is NULL. */
bool tox_group_get_chat_id(
    const Tox *tox, Tox_Group_Number group_number, Tox_Group_Chat_Id chat_id,
    Tox_Err_Group_State_Query *error);

/** Outcome of tox_group_by_id(). */
typedef enum Tox_Err_Group_By_Id {
    /** Success. */
    TOX_ERR_GROUP_BY_ID_OK,
    /** chat_id is NULL. */
    TOX_ERR_GROUP_BY_ID_NULL,
    /** We are in no group with this chat ID. */
    TOX_ERR_GROUP_BY_ID_NOT_FOUND,
} Tox_Err_Group_By_Id;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_By_Id>". A static string. */
const char *tox_err_group_by_id_to_string(Tox_Err_Group_By_Id value);

/** @return The number of the group with this chat ID, or UINT32_MAX. */
Tox_Group_Number tox_group_by_id(const Tox *tox, const Tox_Group_Chat_Id chat_id, Tox_Err_Group_By_Id *error);

/** @return How many numbers tox_group_get_group_list() will write. */
uint32_t tox_group_get_group_list_size(const Tox *tox);

#ifndef TOX_HIDE_DEPRECATED
/**
 * The same as tox_group_get_group_list_size().
 *
 * @deprecated Old name.
 */
uint32_t tox_group_get_number_groups(const Tox *tox);
#endif

/** Write the numbers of all our groups, tox_group_get_group_list_size() of them; nothing if `group_list` is NULL. */
void tox_group_get_group_list(const Tox *tox, Tox_Group_Number group_list[]);

/** @return The privacy state; without meaning on error. */
Tox_Group_Privacy_State tox_group_get_privacy_state(const Tox *tox, Tox_Group_Number group_number,
        Tox_Err_Group_State_Query *error);

/** The founder made the group public or private. */
typedef void tox_group_privacy_state_cb(Tox *tox, Tox_Group_Number group_number, Tox_Group_Privacy_State privacy_state,
                                        void *user_data);

/** Have `callback` called when the privacy state changes; NULL for nothing. */
void tox_callback_group_privacy_state(Tox *tox, tox_group_privacy_state_cb *callback);

/** @return The voice state; without meaning on error. */
Tox_Group_Voice_State tox_group_get_voice_state(const Tox *tox, Tox_Group_Number group_number,
        Tox_Err_Group_State_Query *error);

/** The founder changed who may speak. */
typedef void tox_group_voice_state_cb(Tox *tox, Tox_Group_Number group_number, Tox_Group_Voice_State voice_state,
                                      void *user_data);

/** Have `callback` called when the voice state changes; NULL for nothing. */
void tox_callback_group_voice_state(Tox *tox, tox_group_voice_state_cb *callback);

/** @return Whether the topic is locked; without meaning on error. */
Tox_Group_Topic_Lock tox_group_get_topic_lock(const Tox *tox, Tox_Group_Number group_number,
        Tox_Err_Group_State_Query *error);

/** The founder locked or unlocked the topic. */
typedef void tox_group_topic_lock_cb(Tox *tox, Tox_Group_Number group_number, Tox_Group_Topic_Lock topic_lock,
                                     void *user_data);

/** Have `callback` called when the topic lock changes; NULL for nothing. */
void tox_callback_group_topic_lock(Tox *tox, tox_group_topic_lock_cb *callback);

/** @return How many peers the group may have; without meaning on error. */
uint16_t tox_group_get_peer_limit(const Tox *tox, Tox_Group_Number group_number, Tox_Err_Group_State_Query *error);

/** The founder changed how many peers the group may have. */
typedef void tox_group_peer_limit_cb(Tox *tox, Tox_Group_Number group_number, uint32_t peer_limit, void *user_data);

/** Have `callback` called when the peer limit changes; NULL for nothing. */
void tox_callback_group_peer_limit(Tox *tox, tox_group_peer_limit_cb *callback);

/** @return Bytes that tox_group_get_password() will write, 0 without a password; without meaning on error. */
size_t tox_group_get_password_size(const Tox *tox, Tox_Group_Number group_number, Tox_Err_Group_State_Query *error);

/** Write the password, tox_group_get_password_size() bytes; nothing if `password` is NULL. */
bool tox_group_get_password(
    const Tox *tox, Tox_Group_Number group_number, uint8_t password[],
    Tox_Err_Group_State_Query *error);

/** The founder set, changed or (length 0) removed the password. */
typedef void tox_group_password_cb(
    Tox *tox, Tox_Group_Number group_number,
    const uint8_t password[], size_t password_length,
    void *user_data);

/** Have `callback` called when the password changes; NULL for nothing. */
void tox_callback_group_password(Tox *tox, tox_group_password_cb *callback);

/* ------------------------------------------------------------------------
 * Groups: messages
 * ------------------------------------------------------------------------ */

/** Outcome of tox_group_send_message(). */
typedef enum Tox_Err_Group_Send_Message {
    /** Success. */
    TOX_ERR_GROUP_SEND_MESSAGE_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SEND_MESSAGE_GROUP_NOT_FOUND,
    /** The message exceeds TOX_GROUP_MAX_MESSAGE_LENGTH. */
    TOX_ERR_GROUP_SEND_MESSAGE_TOO_LONG,
    /** The message is NULL or has no bytes. */
    TOX_ERR_GROUP_SEND_MESSAGE_EMPTY,
    /** message_type is not a Tox_Message_Type. */
    TOX_ERR_GROUP_SEND_MESSAGE_BAD_TYPE,
    /** Our role, or the voice state of the group, does not let us speak. */
    TOX_ERR_GROUP_SEND_MESSAGE_PERMISSIONS,
    /** It could not be sent. */
    TOX_ERR_GROUP_SEND_MESSAGE_FAIL_SEND,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_SEND_MESSAGE_DISCONNECTED,
} Tox_Err_Group_Send_Message;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Send_Message>". A static string. */
const char *tox_err_group_send_message_to_string(Tox_Err_Group_Send_Message value);

/**
 * Say something to everyone in the group.
 *
 * Longer texts have to be split by the caller into messages of at most TOX_GROUP_MAX_MESSAGE_LENGTH bytes.
 *
 * @return The ID that the receivers see with this message; without meaning on error.
 */
Tox_Group_Message_Id tox_group_send_message(
    const Tox *tox, Tox_Group_Number group_number, Tox_Message_Type message_type,
    const uint8_t message[], size_t length,
    Tox_Err_Group_Send_Message *error);

/** Outcome of tox_group_send_private_message(). */
typedef enum Tox_Err_Group_Send_Private_Message {
    /** Success. */
    TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_GROUP_NOT_FOUND,
    /** The group has no peer with this ID. */
    TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_PEER_NOT_FOUND,
    /** The message exceeds TOX_GROUP_MAX_MESSAGE_LENGTH. */
    TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_TOO_LONG,
    /** The message is NULL or has no bytes. */
    TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_EMPTY,
    /** message_type is not a Tox_Message_Type. */
    TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_BAD_TYPE,
    /** Observers may not send messages. */
    TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_PERMISSIONS,
    /** It could not be sent. */
    TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_FAIL_SEND,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_DISCONNECTED,
} Tox_Err_Group_Send_Private_Message;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Send_Private_Message>". A static string. */
const char *tox_err_group_send_private_message_to_string(Tox_Err_Group_Send_Private_Message value);

/**
 * Say something to one peer of the group alone; otherwise as tox_group_send_message().
 *
 * @return The ID that the receiver sees with this message; without meaning on error.
 */
Tox_Group_Message_Id tox_group_send_private_message(
    const Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id, Tox_Message_Type message_type,
    const uint8_t message[], size_t length,
    Tox_Err_Group_Send_Private_Message *error);

/** Outcome of tox_group_send_custom_packet(). */
typedef enum Tox_Err_Group_Send_Custom_Packet {
    /** Success. */
    TOX_ERR_GROUP_SEND_CUSTOM_PACKET_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SEND_CUSTOM_PACKET_GROUP_NOT_FOUND,
    /** The packet exceeds the limit of its kind, lossy or lossless. */
    TOX_ERR_GROUP_SEND_CUSTOM_PACKET_TOO_LONG,
    /** The packet is NULL or has no bytes. */
    TOX_ERR_GROUP_SEND_CUSTOM_PACKET_EMPTY,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_SEND_CUSTOM_PACKET_DISCONNECTED,
    /** The packet could be sent to none of the peers. */
    TOX_ERR_GROUP_SEND_CUSTOM_PACKET_FAIL_SEND,
} Tox_Err_Group_Send_Custom_Packet;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Send_Custom_Packet>". A static string. */
const char *tox_err_group_send_custom_packet_to_string(Tox_Err_Group_Send_Custom_Packet value);

/**
 * Send bytes whose meaning is up to the clients to everyone in the group.
 *
 * @param lossless True: arrives once and in order while the connection lasts. False: sent once without an
 *   acknowledgement, so it may be lost, repeated or overtaken; at times the faster choice.
 * @param length At most TOX_GROUP_MAX_CUSTOM_LOSSLESS_PACKET_LENGTH or TOX_GROUP_MAX_CUSTOM_LOSSY_PACKET_LENGTH.
 */
bool tox_group_send_custom_packet(
    const Tox *tox, Tox_Group_Number group_number, bool lossless,
    const uint8_t data[], size_t length,
    Tox_Err_Group_Send_Custom_Packet *error);

/** Outcome of tox_group_send_custom_private_packet(). */
typedef enum Tox_Err_Group_Send_Custom_Private_Packet {
    /** Success. */
    TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_GROUP_NOT_FOUND,
    /** The packet exceeds the limit of its kind, lossy or lossless. */
    TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_TOO_LONG,
    /** The packet is NULL or has no bytes. */
    TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_EMPTY,
    /** The group has no peer with this ID. */
    TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_PEER_NOT_FOUND,
    /** It could not be sent. */
    TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_FAIL_SEND,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_DISCONNECTED,
} Tox_Err_Group_Send_Custom_Private_Packet;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Send_Custom_Private_Packet>". A static string. */
const char *tox_err_group_send_custom_private_packet_to_string(Tox_Err_Group_Send_Custom_Private_Packet value);

/** Send a custom packet to one peer alone; otherwise as tox_group_send_custom_packet(). */
bool tox_group_send_custom_private_packet(
    const Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id, bool lossless,
    const uint8_t data[], size_t length,
    Tox_Err_Group_Send_Custom_Private_Packet *error);

/** A peer said something to the whole group. */
typedef void tox_group_message_cb(
    Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id, Tox_Message_Type message_type,
    const uint8_t message[], size_t message_length, Tox_Group_Message_Id message_id, void *user_data);

/** Have `callback` called when a group message arrives; NULL for nothing. */
void tox_callback_group_message(Tox *tox, tox_group_message_cb *callback);

/** A peer said something to us alone. */
typedef void tox_group_private_message_cb(
    Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id, Tox_Message_Type message_type,
    const uint8_t message[], size_t message_length, Tox_Group_Message_Id message_id, void *user_data);

/** Have `callback` called when a private group message arrives; NULL for nothing. */
void tox_callback_group_private_message(Tox *tox, tox_group_private_message_cb *callback);

/** A peer sent a custom packet to the whole group. */
typedef void tox_group_custom_packet_cb(
    Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
    const uint8_t data[], size_t data_length, void *user_data);

/** Have `callback` called when a custom group packet arrives; NULL for nothing. */
void tox_callback_group_custom_packet(Tox *tox, tox_group_custom_packet_cb *callback);

/** A peer sent a custom packet to us alone. */
typedef void tox_group_custom_private_packet_cb(
    Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
    const uint8_t data[], size_t data_length, void *user_data);

/** Have `callback` called when a private custom group packet arrives; NULL for nothing. */
void tox_callback_group_custom_private_packet(Tox *tox, tox_group_custom_private_packet_cb *callback);

/* ------------------------------------------------------------------------
 * Groups: invites, coming and going
 * ------------------------------------------------------------------------ */

/** Outcome of tox_group_invite_friend(). */
typedef enum Tox_Err_Group_Invite_Friend {
    /** Success. */
    TOX_ERR_GROUP_INVITE_FRIEND_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_INVITE_FRIEND_GROUP_NOT_FOUND,
    /** No friend has this number. */
    TOX_ERR_GROUP_INVITE_FRIEND_FRIEND_NOT_FOUND,
    /** The invite could not be made. */
    TOX_ERR_GROUP_INVITE_FRIEND_INVITE_FAIL,
    /** It could not be sent. */
    TOX_ERR_GROUP_INVITE_FRIEND_FAIL_SEND,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_INVITE_FRIEND_DISCONNECTED,
} Tox_Err_Group_Invite_Friend;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Invite_Friend>". A static string. */
const char *tox_err_group_invite_friend_to_string(Tox_Err_Group_Invite_Friend value);

/** Invite a friend, who has to be online, to a group we are in. */
bool tox_group_invite_friend(
    const Tox *tox, Tox_Group_Number group_number, Tox_Friend_Number friend_number,
    Tox_Err_Group_Invite_Friend *error);

/** Outcome of tox_group_invite_accept(). */
typedef enum Tox_Err_Group_Invite_Accept {
    /** Success. */
    TOX_ERR_GROUP_INVITE_ACCEPT_OK,
    /** invite_data is not an invite. */
    TOX_ERR_GROUP_INVITE_ACCEPT_BAD_INVITE,
    /** The group object could not be set up. */
    TOX_ERR_GROUP_INVITE_ACCEPT_INIT_FAILED,
    /** Our name exceeds TOX_MAX_NAME_LENGTH. */
    TOX_ERR_GROUP_INVITE_ACCEPT_TOO_LONG,
    /** Our name has no bytes. */
    TOX_ERR_GROUP_INVITE_ACCEPT_EMPTY,
    /** The password could not be used; most likely it exceeds TOX_GROUP_MAX_PASSWORD_SIZE. */
    TOX_ERR_GROUP_INVITE_ACCEPT_PASSWORD,
    /** No friend has this number. */
    TOX_ERR_GROUP_INVITE_ACCEPT_FRIEND_NOT_FOUND,
    /** It could not be sent. */
    TOX_ERR_GROUP_INVITE_ACCEPT_FAIL_SEND,
    /** invite_data or our name is NULL. */
    TOX_ERR_GROUP_INVITE_ACCEPT_NULL,
} Tox_Err_Group_Invite_Accept;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Invite_Accept>". A static string. */
const char *tox_err_group_invite_accept_to_string(Tox_Err_Group_Invite_Accept value);

/**
 * Follow a friend's invite. It works only while that friend is in the group.
 *
 * @param friend_number The friend who sent the invite.
 * @param invite_data What came with the group_invite event.
 * @param name What we call ourselves in the group; 1 to TOX_MAX_NAME_LENGTH bytes.
 * @param password NULL (with a length of 0) for a group without one.
 * @return The number of the group, or UINT32_MAX.
 */
Tox_Group_Number tox_group_invite_accept(
    Tox *tox, Tox_Friend_Number friend_number,
    const uint8_t invite_data[], size_t length,
    const uint8_t name[], size_t name_length,
    const uint8_t password[], size_t password_length,
    Tox_Err_Group_Invite_Accept *error);

/**
 * A friend invites us to a group.
 *
 * @param invite_data To be kept, by copy, until it is given to tox_group_invite_accept().
 */
typedef void tox_group_invite_cb(
    Tox *tox, Tox_Friend_Number friend_number,
    const uint8_t invite_data[], size_t invite_data_length,
    const uint8_t group_name[], size_t group_name_length,
    void *user_data);

/** Have `callback` called when a friend invites us to a group; NULL for nothing. */
void tox_callback_group_invite(Tox *tox, tox_group_invite_cb *callback);

/** A peer came into the group. */
typedef void tox_group_peer_join_cb(Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
                                    void *user_data);

/** Have `callback` called when a peer comes into a group; NULL for nothing. */
void tox_callback_group_peer_join(Tox *tox, tox_group_peer_join_cb *callback);

/** Why a peer is gone. */
typedef enum Tox_Group_Exit_Type {
    /** It left the group. */
    TOX_GROUP_EXIT_TYPE_QUIT,
    /** Nothing was heard from it for too long. */
    TOX_GROUP_EXIT_TYPE_TIMEOUT,
    /** The connection to it was closed. */
    TOX_GROUP_EXIT_TYPE_DISCONNECTED,
    /** We closed the connections to all peers: we disconnected, rejoined or were kicked. */
    TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED,
    /** It was kicked. */
    TOX_GROUP_EXIT_TYPE_KICK,
    /** It sent group state that does not hold up. */
    TOX_GROUP_EXIT_TYPE_SYNC_ERROR,
} Tox_Group_Exit_Type;

/** @return The name of the enumerator, or "<invalid Tox_Group_Exit_Type>". A static string. */
const char *tox_group_exit_type_to_string(Tox_Group_Exit_Type value);

/**
 * A peer, not ourselves, is gone from the group.
 *
 * @param peer_id The ID it had; no function accepts it any longer.
 * @param name The name it had.
 * @param part_message Its farewell; often empty.
 */
typedef void tox_group_peer_exit_cb(
    Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id, Tox_Group_Exit_Type exit_type,
    const uint8_t name[], size_t name_length,
    const uint8_t part_message[], size_t part_message_length, void *user_data);

/** Have `callback` called when a peer is gone from a group; NULL for nothing. */
void tox_callback_group_peer_exit(Tox *tox, tox_group_peer_exit_cb *callback);

/** We have come into a group: its name, topic and peers can be read now. */
typedef void tox_group_self_join_cb(Tox *tox, Tox_Group_Number group_number, void *user_data);

/** Have `callback` called when we have joined a group; NULL for nothing. */
void tox_callback_group_self_join(Tox *tox, tox_group_self_join_cb *callback);

/** Why we could not join. */
typedef enum Tox_Group_Join_Fail {
    /** The group is full. */
    TOX_GROUP_JOIN_FAIL_PEER_LIMIT,
    /** The password was wrong or missing. */
    TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD,
    /** Something else; often nobody of the group could be found. */
    TOX_GROUP_JOIN_FAIL_UNKNOWN,
} Tox_Group_Join_Fail;

/** @return The name of the enumerator, or "<invalid Tox_Group_Join_Fail>". A static string. */
const char *tox_group_join_fail_to_string(Tox_Group_Join_Fail value);

/** We tried to join a group and were turned away. */
typedef void tox_group_join_fail_cb(Tox *tox, Tox_Group_Number group_number, Tox_Group_Join_Fail fail_type,
                                    void *user_data);

/** Have `callback` called when joining a group failed; NULL for nothing. */
void tox_callback_group_join_fail(Tox *tox, tox_group_join_fail_cb *callback);

/* ------------------------------------------------------------------------
 * Groups: for founders
 *
 * Each of these signs a new shared state and gives it to all peers. Setting
 * what is set already succeeds and does nothing.
 * ------------------------------------------------------------------------ */

/** Outcome of tox_group_set_password(). */
typedef enum Tox_Err_Group_Set_Password {
    /** Success. */
    TOX_ERR_GROUP_SET_PASSWORD_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SET_PASSWORD_GROUP_NOT_FOUND,
    /** Only the founder may set the password. */
    TOX_ERR_GROUP_SET_PASSWORD_PERMISSIONS,
    /** The password exceeds TOX_GROUP_MAX_PASSWORD_SIZE. */
    TOX_ERR_GROUP_SET_PASSWORD_TOO_LONG,
    /** It could not be sent. */
    TOX_ERR_GROUP_SET_PASSWORD_FAIL_SEND,
    /** Out of memory. */
    TOX_ERR_GROUP_SET_PASSWORD_MALLOC,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_SET_PASSWORD_DISCONNECTED,
} Tox_Err_Group_Set_Password;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Set_Password>". A static string. */
const char *tox_err_group_set_password_to_string(Tox_Err_Group_Set_Password value);

/** Set the password that joining takes from now on; NULL (with a length of 0) for none. */
bool tox_group_set_password(
    Tox *tox, Tox_Group_Number group_number,
    const uint8_t password[], size_t length,
    Tox_Err_Group_Set_Password *error);

/** Outcome of tox_group_set_topic_lock(). */
typedef enum Tox_Err_Group_Set_Topic_Lock {
    /** Success. */
    TOX_ERR_GROUP_SET_TOPIC_LOCK_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SET_TOPIC_LOCK_GROUP_NOT_FOUND,
    /** topic_lock is not a Tox_Group_Topic_Lock. */
    TOX_ERR_GROUP_SET_TOPIC_LOCK_INVALID,
    /** Only the founder may set the topic lock. */
    TOX_ERR_GROUP_SET_TOPIC_LOCK_PERMISSIONS,
    /** The new shared state could not be signed. */
    TOX_ERR_GROUP_SET_TOPIC_LOCK_FAIL_SET,
    /** It could not be sent. */
    TOX_ERR_GROUP_SET_TOPIC_LOCK_FAIL_SEND,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_SET_TOPIC_LOCK_DISCONNECTED,
} Tox_Err_Group_Set_Topic_Lock;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Set_Topic_Lock>". A static string. */
const char *tox_err_group_set_topic_lock_to_string(Tox_Err_Group_Set_Topic_Lock value);

/** Lock or unlock the topic. */
bool tox_group_set_topic_lock(Tox *tox, Tox_Group_Number group_number, Tox_Group_Topic_Lock topic_lock,
                              Tox_Err_Group_Set_Topic_Lock *error);

/** Outcome of tox_group_set_voice_state(). */
typedef enum Tox_Err_Group_Set_Voice_State {
    /** Success. */
    TOX_ERR_GROUP_SET_VOICE_STATE_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SET_VOICE_STATE_GROUP_NOT_FOUND,
    /** Only the founder may set the voice state. */
    TOX_ERR_GROUP_SET_VOICE_STATE_PERMISSIONS,
    /** The new shared state could not be signed. */
    TOX_ERR_GROUP_SET_VOICE_STATE_FAIL_SET,
    /** It could not be sent. */
    TOX_ERR_GROUP_SET_VOICE_STATE_FAIL_SEND,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_SET_VOICE_STATE_DISCONNECTED,
} Tox_Err_Group_Set_Voice_State;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Set_Voice_State>". A static string. */
const char *tox_err_group_set_voice_state_to_string(Tox_Err_Group_Set_Voice_State value);

/** Set which roles may speak to the group. */
bool tox_group_set_voice_state(Tox *tox, Tox_Group_Number group_number, Tox_Group_Voice_State voice_state,
                               Tox_Err_Group_Set_Voice_State *error);

/** Outcome of tox_group_set_privacy_state(). */
typedef enum Tox_Err_Group_Set_Privacy_State {
    /** Success. */
    TOX_ERR_GROUP_SET_PRIVACY_STATE_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SET_PRIVACY_STATE_GROUP_NOT_FOUND,
    /** Only the founder may set the privacy state. */
    TOX_ERR_GROUP_SET_PRIVACY_STATE_PERMISSIONS,
    /** The new shared state could not be signed. */
    TOX_ERR_GROUP_SET_PRIVACY_STATE_FAIL_SET,
    /** It could not be sent. */
    TOX_ERR_GROUP_SET_PRIVACY_STATE_FAIL_SEND,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_SET_PRIVACY_STATE_DISCONNECTED,
} Tox_Err_Group_Set_Privacy_State;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Set_Privacy_State>". A static string. */
const char *tox_err_group_set_privacy_state_to_string(Tox_Err_Group_Set_Privacy_State value);

/** Make the group public or private. What the DHT knows of a group made private expires there by itself. */
bool tox_group_set_privacy_state(Tox *tox, Tox_Group_Number group_number, Tox_Group_Privacy_State privacy_state,
                                 Tox_Err_Group_Set_Privacy_State *error);

/** Outcome of tox_group_set_peer_limit(). */
typedef enum Tox_Err_Group_Set_Peer_Limit {
    /** Success. */
    TOX_ERR_GROUP_SET_PEER_LIMIT_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SET_PEER_LIMIT_GROUP_NOT_FOUND,
    /** Only the founder may set the peer limit. */
    TOX_ERR_GROUP_SET_PEER_LIMIT_PERMISSIONS,
    /** The new shared state could not be signed. */
    TOX_ERR_GROUP_SET_PEER_LIMIT_FAIL_SET,
    /** It could not be sent. */
    TOX_ERR_GROUP_SET_PEER_LIMIT_FAIL_SEND,
    /** We are disconnected from the group. */
    TOX_ERR_GROUP_SET_PEER_LIMIT_DISCONNECTED,
} Tox_Err_Group_Set_Peer_Limit;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Set_Peer_Limit>". A static string. */
const char *tox_err_group_set_peer_limit_to_string(Tox_Err_Group_Set_Peer_Limit value);

/** Set how many peers the group may have. Nobody is sent away if there are more already. */
bool tox_group_set_peer_limit(Tox *tox, Tox_Group_Number group_number, uint16_t peer_limit,
                              Tox_Err_Group_Set_Peer_Limit *error);

/* ------------------------------------------------------------------------
 * Groups: moderation
 * ------------------------------------------------------------------------ */

/** Outcome of tox_group_set_ignore(). */
typedef enum Tox_Err_Group_Set_Ignore {
    /** Success. */
    TOX_ERR_GROUP_SET_IGNORE_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SET_IGNORE_GROUP_NOT_FOUND,
    /** The group has no peer with this ID. */
    TOX_ERR_GROUP_SET_IGNORE_PEER_NOT_FOUND,
    /** We cannot ignore ourselves. */
    TOX_ERR_GROUP_SET_IGNORE_SELF,
} Tox_Err_Group_Set_Ignore;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Set_Ignore>". A static string. */
const char *tox_err_group_set_ignore_to_string(Tox_Err_Group_Set_Ignore value);

/** Stop (true) or resume (false) hearing what a peer says. This is ours alone; the others notice nothing. */
bool tox_group_set_ignore(Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id, bool ignore,
                          Tox_Err_Group_Set_Ignore *error);

/** Outcome of tox_group_set_role(). */
typedef enum Tox_Err_Group_Set_Role {
    /** Success. */
    TOX_ERR_GROUP_SET_ROLE_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_SET_ROLE_GROUP_NOT_FOUND,
    /** The group has no peer with this ID. */
    TOX_ERR_GROUP_SET_ROLE_PEER_NOT_FOUND,
    /** Our role does not allow it. */
    TOX_ERR_GROUP_SET_ROLE_PERMISSIONS,
    /** The peer cannot be given this role, or has it already. */
    TOX_ERR_GROUP_SET_ROLE_ASSIGNMENT,
    /** It did not work: the packet could not be sent, or there are too many moderators or observers. */
    TOX_ERR_GROUP_SET_ROLE_FAIL_ACTION,
    /** We cannot change our own role. */
    TOX_ERR_GROUP_SET_ROLE_SELF,
} Tox_Err_Group_Set_Role;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Set_Role>". A static string. */
const char *tox_err_group_set_role_to_string(Tox_Err_Group_Set_Role value);

/**
 * Give a peer another role, and tell the group.
 *
 * The founder can make anyone moderator, user or observer; a moderator can turn users and observers into each
 * other. Nobody can be made founder.
 */
bool tox_group_set_role(Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id, Tox_Group_Role role,
                        Tox_Err_Group_Set_Role *error);

/** Outcome of tox_group_kick_peer(). */
typedef enum Tox_Err_Group_Kick_Peer {
    /** Success. */
    TOX_ERR_GROUP_KICK_PEER_OK,
    /** No group has this number. */
    TOX_ERR_GROUP_KICK_PEER_GROUP_NOT_FOUND,
    /** The group has no peer with this ID. */
    TOX_ERR_GROUP_KICK_PEER_PEER_NOT_FOUND,
    /** Our role does not allow it. */
    TOX_ERR_GROUP_KICK_PEER_PERMISSIONS,
    /** The peer could not be removed. */
    TOX_ERR_GROUP_KICK_PEER_FAIL_ACTION,
    /** It could not be sent. */
    TOX_ERR_GROUP_KICK_PEER_FAIL_SEND,
    /** We cannot kick ourselves. */
    TOX_ERR_GROUP_KICK_PEER_SELF,
} Tox_Err_Group_Kick_Peer;

/** @return The name of the enumerator, or "<invalid Tox_Err_Group_Kick_Peer>". A static string. */
const char *tox_err_group_kick_peer_to_string(Tox_Err_Group_Kick_Peer value);

/**
 * Have every peer of the group drop one of them. Needs the founder's or a moderator's role, above the target's.
 *
 * We ourselves get no group_peer_exit event for it.
 */
bool tox_group_kick_peer(const Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number peer_id,
                         Tox_Err_Group_Kick_Peer *error);

/** What a founder or moderator did to a peer. */
typedef enum Tox_Group_Mod_Event {
    /** Kicked it. */
    TOX_GROUP_MOD_EVENT_KICK,
    /** Made it an observer. */
    TOX_GROUP_MOD_EVENT_OBSERVER,
    /** Made it a user. */
    TOX_GROUP_MOD_EVENT_USER,
    /** Made it a moderator. */
    TOX_GROUP_MOD_EVENT_MODERATOR,
} Tox_Group_Mod_Event;

/** @return The name of the enumerator, or "<invalid Tox_Group_Mod_Event>". A static string. */
const char *tox_group_mod_event_to_string(Tox_Group_Mod_Event value);

/**
 * Somebody else moderated a peer, or a list of roles changed when the group was synchronised.
 *
 * If one of the two IDs is no peer of ours, read the roles of all peers anew.
 *
 * @param source_peer_id Who did it.
 * @param target_peer_id Whom it was done to.
 */
typedef void tox_group_moderation_cb(
    Tox *tox, Tox_Group_Number group_number, Tox_Group_Peer_Number source_peer_id,
    Tox_Group_Peer_Number target_peer_id, Tox_Group_Mod_Event mod_type, void *user_data);

/** Have `callback` called when a peer is moderated; NULL for nothing. */
void tox_callback_group_moderation(Tox *tox, tox_group_moderation_cb *callback);

/* ------------------------------------------------------------------------
 * Less stable: iterating with options, locking, hooks for calls
 *
 * From here on: what c-toxcore keeps in tox_private.h, and clients such as
 * toxic use nevertheless.
 * ------------------------------------------------------------------------ */

/** Outcome of tox_iterate_options_new(). */
typedef enum Tox_Err_Iterate_Options_New {
    /** Success. */
    TOX_ERR_ITERATE_OPTIONS_NEW_OK,
    /** Out of memory. */
    TOX_ERR_ITERATE_OPTIONS_NEW_MALLOC,
} Tox_Err_Iterate_Options_New;

/** How one iteration behaves; opaque. */
typedef struct Tox_Iterate_Options Tox_Iterate_Options;

/** @return New options (fail_hard false), to be freed with tox_iterate_options_free(); NULL on error. */
Tox_Iterate_Options *tox_iterate_options_new(Tox_Err_Iterate_Options_New *error);

/** Free options; NULL is fine. */
void tox_iterate_options_free(Tox_Iterate_Options *options);

/** Choose whether tox_events_iterate() gives up all events of the iteration when it cannot store one of them. */
void tox_iterate_options_set_fail_hard(Tox_Iterate_Options *options, bool fail_hard);

/** @return What was chosen; false for NULL. */
bool tox_iterate_options_get_fail_hard(const Tox_Iterate_Options *options);

/** tox_iterate() with options; NULL stands for the defaults. */
void tox_iterate_with_options(Tox *tox, const Tox_Iterate_Options *options, void *user_data);

/**
 * Keep other threads out of this instance until tox_unlock(). The lock is recursive.
 *
 * Nothing happens unless the option experimental_thread_safety is on.
 */
void tox_lock(const Tox *tox);

/** Undo one tox_lock(). */
void tox_unlock(const Tox *tox);

/**
 * Have lossy custom packets that start with byte `pktid` (192 to 254) go to `callback` instead of the general one.
 *
 * NULL removes it. 192 to 199 are what audio and video use; the general callback does not hear of these.
 */
void tox_callback_friend_lossy_packet_per_pktid(Tox *tox, tox_friend_lossy_packet_cb *callback, uint8_t pktid);

/**
 * Have lossless custom packets that start with byte `pktid` (160 to 191, or 69: call signalling) go to `callback`
 * instead of the general one. NULL removes it.
 */
void tox_callback_friend_lossless_packet_per_pktid(Tox *tox, tox_friend_lossless_packet_cb *callback, uint8_t pktid);

/** Attach a pointer to the instance; meant for whoever handles calls on it. It is stored, never followed. */
void tox_set_av_object(Tox *tox, void *object);

/** @return What tox_set_av_object() attached; NULL at first. */
void *tox_get_av_object(const Tox *tox);

/* ------------------------------------------------------------------------
 * Less stable: the system below an instance
 *
 * c-toxcore's tests replace clock, randomness, network and memory. In this library there is one system only:
 * it can be asked for, handed to the functions that want one, and an instance can be started on it.
 * ------------------------------------------------------------------------ */

/** A clock in milliseconds; never called here. */
typedef uint64_t tox_mono_time_cb(void *user_data);

/** The system; its parts have no content that a program could use. */
struct Tox_System {
    /** NULL: the clock of the operating system. */
    tox_mono_time_cb *mono_time_callback;
    /** What the clock would be given. */
    void *mono_time_user_data;
    /** In c-toxcore `const Random *`. */
    const void *rng;
    /** In c-toxcore `const Network *`. */
    const void *ns;
    /** In c-toxcore `const Memory *`. */
    const void *mem;
};

/** @return The system that every instance runs on. */
Tox_System tox_default_system(void);

/** @return The system of this instance, which lives as long as the library; NULL for NULL. */
const Tox_System *tox_get_system(const Tox *tox);

/** What tox_new_testing() takes besides the options. */
typedef struct Tox_Options_Testing {
    /** The system to run on. */
    const Tox_System *operating_system;
} Tox_Options_Testing;

/** Outcome of tox_new_testing() as far as its last but one argument goes. */
typedef enum Tox_Err_New_Testing {
    /** Success; whether the instance was made tells the other error. */
    TOX_ERR_NEW_TESTING_OK,
    /** The system or one of its parts is NULL, or is not the one of tox_default_system(). */
    TOX_ERR_NEW_TESTING_NULL,
} Tox_Err_New_Testing;

/**
 * tox_new() on a system of the caller. Here that can only be a copy of tox_default_system() without changes.
 *
 * @return NULL with TOX_ERR_NEW_NULL and TOX_ERR_NEW_TESTING_NULL for every other system.
 */
Tox *tox_new_testing(
    const Tox_Options *options, Tox_Err_New *error, const Tox_Options_Testing *testing,
    Tox_Err_New_Testing *testing_error);

/* ------------------------------------------------------------------------
 * Less stable: asking the DHT
 * ------------------------------------------------------------------------ */

/** Bytes that hold every IP address of a node as text, with its NUL. */
#define TOX_DHT_NODE_IP_STRING_SIZE 96

/** @return TOX_DHT_NODE_IP_STRING_SIZE. */
uint32_t tox_dht_node_ip_string_size(void);

/** Bytes in the DHT public key of a node. */
#define TOX_DHT_NODE_PUBLIC_KEY_SIZE 32

/** @return TOX_DHT_NODE_PUBLIC_KEY_SIZE. */
uint32_t tox_dht_node_public_key_size(void);

/**
 * A DHT node named a node it knows; one call for each.
 *
 * @param public_key TOX_DHT_NODE_PUBLIC_KEY_SIZE bytes.
 * @param ip Its IP address as text, terminated by NUL.
 */
typedef void tox_dht_nodes_response_cb(
    Tox *tox, const uint8_t *public_key, const char *ip, uint32_t ip_length,
    uint16_t port, void *user_data);

/** Have `callback` called when a DHT node answers a nodes request; NULL for nothing. */
void tox_callback_dht_nodes_response(Tox *tox, tox_dht_nodes_response_cb *callback);

/** Outcome of tox_dht_send_nodes_request(). */
typedef enum Tox_Err_Dht_Send_Nodes_Request {
    /** Success. */
    TOX_ERR_DHT_SEND_NODES_REQUEST_OK,
    /** The DHT needs UDP, which is off. */
    TOX_ERR_DHT_SEND_NODES_REQUEST_UDP_DISABLED,
    /** An argument is NULL. */
    TOX_ERR_DHT_SEND_NODES_REQUEST_NULL,
    /** The port is 0. */
    TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_PORT,
    /** The text is not an IP address. */
    TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_IP,
    /** The request could not be sent. */
    TOX_ERR_DHT_SEND_NODES_REQUEST_FAIL,
} Tox_Err_Dht_Send_Nodes_Request;

/**
 * Ask a DHT node for the nodes closest to a key that it knows; dht_nodes_response brings the answers.
 *
 * @param public_key The DHT key of the node to ask.
 * @param ip Its IP address as text.
 * @param target_public_key The key that the answers are to be close to.
 */
bool tox_dht_send_nodes_request(
    const Tox *tox, const uint8_t *public_key, const char *ip, uint16_t port,
    const uint8_t *target_public_key, Tox_Err_Dht_Send_Nodes_Request *error);

/** @return How many nodes our close list holds. */
uint16_t tox_dht_get_num_closelist(const Tox *tox);

/** @return How many of them can store announces (c-toxcore: 0.2.18 and later). */
uint16_t tox_dht_get_num_closelist_announce_capable(const Tox *tox);

/* ------------------------------------------------------------------------
 * Less stable: why a friend is offline. Only this library has it.
 * ------------------------------------------------------------------------ */

/** The furthest step towards a friend that was reached. */
typedef enum Tox_Friend_Offline_Reason {
    /** The friend is online, directly. */
    TOX_FRIEND_OFFLINE_REASON_NONE,
    /** We are not connected to the network ourselves: bootstrap, or add a relay. */
    TOX_FRIEND_OFFLINE_REASON_SELF_OFFLINE,
    /** Nobody in the network knows the friend: it is not running, or not connected. */
    TOX_FRIEND_OFFLINE_REASON_NOT_FOUND,
    /** The friend runs, but has not told us its DHT key: most likely we are not on its list. */
    TOX_FRIEND_OFFLINE_REASON_DHT_KEY_UNKNOWN,
    /** Its DHT key is known, but neither an address nor a relay of it. */
    TOX_FRIEND_OFFLINE_REASON_ADDRESS_UNKNOWN,
    /** It does not answer at the addresses and relays that are known: a firewall, or it has just left. */
    TOX_FRIEND_OFFLINE_REASON_NO_COOKIE,
    /** It answers, but no session comes to be: most likely we are not on its list. Or it requires Noise. */
    TOX_FRIEND_OFFLINE_REASON_HANDSHAKE_REJECTED,
    /** The session stands, but the friend does not say that it is online: it has removed us. */
    TOX_FRIEND_OFFLINE_REASON_NOT_ACCEPTED,
    /** It was online and left or fell silent; no sign of life since. */
    TOX_FRIEND_OFFLINE_REASON_WENT_AWAY,
    /** The friend is online, but through TCP relays only. */
    TOX_FRIEND_OFFLINE_REASON_RELAY_ONLY,
    /** We require Noise of it, and it offers the old handshake only: an older client, or somebody posing as it. */
    TOX_FRIEND_OFFLINE_REASON_FRIEND_LACKS_NOISE,
    /** It begins with Noise, which our handshake mode, or our policy for this friend, excludes. */
    TOX_FRIEND_OFFLINE_REASON_SELF_LACKS_NOISE,
} Tox_Friend_Offline_Reason;

/** @return The name of the enumerator, or "<invalid Tox_Friend_Offline_Reason>". A static string. */
const char *tox_friend_offline_reason_to_string(Tox_Friend_Offline_Reason value);

/** @return How far the connection to a friend came; TOX_FRIEND_OFFLINE_REASON_NONE on error. */
Tox_Friend_Offline_Reason tox_friend_get_offline_reason(const Tox *tox, Tox_Friend_Number friend_number,
        Tox_Err_Friend_Query *error);

/** @return How many milliseconds ago that step was reached; UINT64_MAX when there was no such moment, and on error. */
uint64_t tox_friend_get_offline_reason_age(const Tox *tox, Tox_Friend_Number friend_number,
        Tox_Err_Friend_Query *error);

/* ------------------------------------------------------------------------
 * Less stable: sessions that withstand a stolen key. Only this library has it, but for the bytes, which are those
 * of a proposal for c-toxcore.
 *
 * In the old handshake whoever has our secret key can pose to us as any of our friends. With the handshake
 * Noise_IK, which both sides must have, nobody can. An instance makes no use of it by default.
 *
 * Once there was a Noise session with a friend, the friend is pinned: the old handshake is not accepted from it any
 * more. A save keeps this; c-toxcore loads such a save and drops it.
 * ------------------------------------------------------------------------ */

/** Which handshakes an instance makes and accepts. */
typedef enum Tox_Handshake_Mode {
    /** Noise only: friends without it are not reached. */
    TOX_HANDSHAKE_MODE_NOISE_ONLY,
    /** Noise first, and the old handshake with those who have no other and are not pinned. */
    TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY,
    /** The old handshake only, as in c-toxcore: the default. */
    TOX_HANDSHAKE_MODE_LEGACY_ONLY,
} Tox_Handshake_Mode;

/** @return The name of the enumerator, or "<invalid Tox_Handshake_Mode>". A static string. */
const char *tox_handshake_mode_to_string(Tox_Handshake_Mode value);

/** @return The option that tox_options_set_experimental_handshake_mode() describes. */
Tox_Handshake_Mode tox_options_get_experimental_handshake_mode(const Tox_Options *options);

/**
 * Which handshakes the instance makes and accepts; TOX_HANDSHAKE_MODE_LEGACY_ONLY by default.
 *
 * It has an effect on options of tox_options_new() only. Other numbers than those of the enum are ignored. If the
 * library was built without noiseprotocol, tox_new() with Noise fails with TOX_ERR_NEW_MALLOC, and the log says why.
 */
void tox_options_set_experimental_handshake_mode(Tox_Options *options, Tox_Handshake_Mode handshake_mode);

/** @return The option that tox_options_set_experimental_config_file() describes. */
const char *tox_options_get_experimental_config_file(const Tox_Options *options);

/**
 * Read settings from a TOML file in tox_new(): an endpoint in Tor or I2P, the networks that may be used, a proxy.
 *
 * docs/networks.md has the keys. What the file says goes before all other options. If it cannot be followed, tox_new()
 * fails with TOX_ERR_NEW_PROXY_BAD_TYPE, and the log says why. The user's environment variable TOXPY_CONFIG goes before
 * this option.
 *
 * The path is copied. It has an effect on options of tox_options_new() only. No file is read by default.
 * @param path A path that ends with a NUL byte; NULL for no file.
 * @return False if there is no memory, or the options are not of tox_options_new().
 */
bool tox_options_set_experimental_config_file(Tox_Options *options, const char *path);

/** @return The option that tox_options_set_experimental_offline_messages() describes. */
bool tox_options_get_experimental_offline_messages(const Tox_Options *options);

/**
 * Keep messages to friends who are offline, and fetch what friends left while we were offline; false by default.
 *
 * tox_friend_send_message() then takes messages to friends who are offline. They go out when the friend comes online;
 * a friend whose program has this too may get them from a mailbox before. Where our mailboxes are stands in a file, see
 * tox_options_set_experimental_config_file() and docs/offline.md. What friends left comes as friend_message events.
 * A program that sets it should save often: after tox_get_savedata() it has a few seconds to write the save.
 *
 * It has an effect on options of tox_options_new() only.
 */
void tox_options_set_experimental_offline_messages(Tox_Options *options, bool experimental_offline_messages);

/** The handshake that a session came from. */
typedef enum Tox_Handshake_Version {
    /** The old one. */
    TOX_HANDSHAKE_VERSION_LEGACY,
    /** Noise_IK. */
    TOX_HANDSHAKE_VERSION_NOISE_IK,
    /** There is no session. */
    TOX_HANDSHAKE_VERSION_NONE,
} Tox_Handshake_Version;

/** @return The name of the enumerator, or "<invalid Tox_Handshake_Version>". A static string. */
const char *tox_handshake_version_to_string(Tox_Handshake_Version value);

/** Which handshakes are made with one friend and accepted from it. */
typedef enum Tox_Handshake_Policy {
    /** What the mode of the instance says; a pinned friend gets Noise only. The default. */
    TOX_HANDSHAKE_POLICY_AUTO,
    /** Noise only, from the first session on. */
    TOX_HANDSHAKE_POLICY_REQUIRE,
    /** The old handshake only. */
    TOX_HANDSHAKE_POLICY_LEGACY,
} Tox_Handshake_Policy;

/** @return The name of the enumerator, or "<invalid Tox_Handshake_Policy>". A static string. */
const char *tox_handshake_policy_to_string(Tox_Handshake_Policy value);

/** @return The handshake of the running session with a friend; TOX_HANDSHAKE_VERSION_NONE without one and on error. */
Tox_Handshake_Version tox_friend_get_handshake(
    const Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Friend_Query *error);

/** @return The policy for a friend; TOX_HANDSHAKE_POLICY_AUTO on error. */
Tox_Handshake_Policy tox_friend_get_handshake_policy(
    const Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Friend_Query *error);

/**
 * @return The version that a friend is pinned to: nothing below it is accepted from it.
 *   TOX_HANDSHAKE_VERSION_NONE if it is not pinned, and on error.
 */
Tox_Handshake_Version tox_friend_get_handshake_pin(
    const Tox *tox, Tox_Friend_Number friend_number, Tox_Err_Friend_Query *error);

/** Outcome of tox_friend_set_handshake(). */
typedef enum Tox_Err_Friend_Set_Handshake {
    /** Success. */
    TOX_ERR_FRIEND_SET_HANDSHAKE_OK,
    /** There is no such friend. */
    TOX_ERR_FRIEND_SET_HANDSHAKE_FRIEND_NOT_FOUND,
    /** The policy is none of the enumerators. */
    TOX_ERR_FRIEND_SET_HANDSHAKE_INVALID,
    /** The handshake mode of the instance leaves nothing to choose: it makes no Noise sessions, or no others. */
    TOX_ERR_FRIEND_SET_HANDSHAKE_MODE,
    /** The friend is pinned to Noise: the old handshake needs that it is unpinned. */
    TOX_ERR_FRIEND_SET_HANDSHAKE_PINNED,
} Tox_Err_Friend_Set_Handshake;

/** @return The name of the enumerator, or "<invalid Tox_Err_Friend_Set_Handshake>". A static string. */
const char *tox_err_friend_set_handshake_to_string(Tox_Err_Friend_Set_Handshake value);

/**
 * Set the policy for a friend. A running session that it does not allow ends.
 *
 * @param unpin Forget that there was a Noise session with the friend. Right when the friend uses an older client
 *   again, and says so by another way: otherwise it may be somebody else who poses as the friend.
 */
bool tox_friend_set_handshake(
    Tox *tox, Tox_Friend_Number friend_number, Tox_Handshake_Policy policy, bool unpin,
    Tox_Err_Friend_Set_Handshake *error);

/**
 * A pinned friend, or somebody who poses as that friend, tried the old handshake and was refused. Told at most once
 * an hour for each friend. It is no event of tox_events_iterate().
 *
 * @param friend_number The friend. It uses an older client again, or somebody poses as it.
 */
typedef void tox_friend_handshake_downgrade_cb(Tox *tox, Tox_Friend_Number friend_number, void *user_data);

/** Set the callback for friend_handshake_downgrade; NULL for none. */
void tox_callback_friend_handshake_downgrade(Tox *tox, tox_friend_handshake_downgrade_cb *callback);

/* ------------------------------------------------------------------------
 * Less stable: friends who meet over Tor and I2P, with nobody in between. Only this library has it.
 *
 * One of two friends has an endpoint: a relay of its own on this machine, to which an onion service or an I2P
 * destination leads, and which serves friends only. docs/networks.md says what it protects, and what it does not.
 * What tox_options_set_experimental_config_file() reads has more settings, and goes before these options.
 * ------------------------------------------------------------------------ */

/** A network, by the number that it has in addresses. */
typedef enum Tox_Network_Type {
    /** The internet, with IPv4. */
    TOX_NETWORK_TYPE_IPV4 = 1,
    /** The internet, with IPv6. */
    TOX_NETWORK_TYPE_IPV6 = 2,
    /** Onion services of Tor. */
    TOX_NETWORK_TYPE_ONION = 3,
    /** I2P. */
    TOX_NETWORK_TYPE_I2P = 4,
} Tox_Network_Type;

/** @return The name of the enumerator, or "<invalid Tox_Network_Type>". A static string. */
const char *tox_network_type_to_string(Tox_Network_Type value);

/** How friends reach an instance through another network. */
typedef enum Tox_Endpoint_Type {
    /** Not at all, and it does not reach them so: the default. */
    TOX_ENDPOINT_TYPE_NONE,
    /** Not at all, but it reaches them at their endpoints. */
    TOX_ENDPOINT_TYPE_FRIENDS,
    /** By an onion service that tor makes for it. */
    TOX_ENDPOINT_TYPE_TOR,
    /** By an I2P destination that a SAM bridge makes for it. */
    TOX_ENDPOINT_TYPE_I2P,
    /** At an address that somebody else leads to a port of this machine. */
    TOX_ENDPOINT_TYPE_ADDRESS,
} Tox_Endpoint_Type;

/** @return The name of the enumerator, or "<invalid Tox_Endpoint_Type>". A static string. */
const char *tox_endpoint_type_to_string(Tox_Endpoint_Type value);

/** @return The type that tox_options_set_experimental_endpoint() describes. */
Tox_Endpoint_Type tox_options_get_experimental_endpoint_type(const Tox_Options *options);

/**
 * How friends reach the instance through another network; TOX_ENDPOINT_TYPE_NONE by default.
 *
 * They are reached through the SOCKS5 proxy of the options; without one through that of tor or I2P at its usual port.
 * If tox_new() cannot follow these options, it fails with TOX_ERR_NEW_PROXY_BAD_TYPE, and the log says why. Whether tor
 * or I2P is there shows later only: tox_self_get_endpoint_size() is 0 until then, and the log says why.
 *
 * The strings are copied. It has an effect on options of tox_options_new() only.
 * @param address Of tor's control port (TOR) or of the SAM bridge (I2P), in digits; NULL for 127.0.0.1:9051 or
 *   127.0.0.1:7656. ADDRESS: what friends dial, as "NAME.onion:33445". FRIENDS: NULL.
 * @param port The port that friends see (TOR and I2P), 0 for 33445. ADDRESS: the port on 127.0.0.1 to which it leads.
 * @param secret The password of tor's control port; NULL for tor's cookie.
 * @return False if there is no memory, the type is none of the enumerators, or the options are not of
 *   tox_options_new().
 */
bool tox_options_set_experimental_endpoint(Tox_Options *options, Tox_Endpoint_Type type, const char *address,
        uint16_t port, const char *secret);

/** @return The option that tox_options_set_experimental_only_networks() describes. */
uint32_t tox_options_get_experimental_only_networks(const Tox_Options *options);

/**
 * Keep to some networks: nothing of another one is dialled, told, looked up or announced.
 *
 * Without IPv4 and IPv6 there is no UDP, no LAN and no DHT. It has an effect on options of tox_options_new() only.
 * @param networks The sum of 1 << TOX_NETWORK_TYPE_ONION and the like; 0, the default, for all networks.
 * @return False if the number has other bits, or the options are not of tox_options_new().
 */
bool tox_options_set_experimental_only_networks(Tox_Options *options, uint32_t networks);

/** @return The length of what tox_self_get_endpoint() writes; 0 while friends cannot reach us so. */
size_t tox_self_get_endpoint_size(const Tox *tox);

/**
 * Get where friends reach us through another network, as text: NAME:PORT:KEY, without a NUL.
 *
 * Friends with the option are told of it. Who is never met otherwise has to be told by other means.
 * @param endpoint Room for tox_self_get_endpoint_size() bytes.
 */
void tox_self_get_endpoint(const Tox *tox, uint8_t *endpoint);

/** Outcome of tox_friend_set_endpoint(). */
typedef enum Tox_Err_Friend_Set_Endpoint {
    /** Success. */
    TOX_ERR_FRIEND_SET_ENDPOINT_OK,
    /** The endpoint is NULL. */
    TOX_ERR_FRIEND_SET_ENDPOINT_NULL,
    /** There is no such friend. */
    TOX_ERR_FRIEND_SET_ENDPOINT_FRIEND_NOT_FOUND,
    /** The text is not NAME:PORT:KEY, or the name is mistyped. */
    TOX_ERR_FRIEND_SET_ENDPOINT_INVALID,
    /** The options of the instance have the endpoint type NONE. */
    TOX_ERR_FRIEND_SET_ENDPOINT_DISABLED,
} Tox_Err_Friend_Set_Endpoint;

/** @return The name of the enumerator, or "<invalid Tox_Err_Friend_Set_Endpoint>". A static string. */
const char *tox_err_friend_set_endpoint_to_string(Tox_Err_Friend_Set_Endpoint value);

/**
 * Look for a friend at this endpoint, as if the friend had told of it. A save keeps it.
 *
 * @param endpoint What tox_self_get_endpoint() gave the friend's program.
 */
bool tox_friend_set_endpoint(Tox *tox, Tox_Friend_Number friend_number, const uint8_t *endpoint, size_t length,
        Tox_Err_Friend_Set_Endpoint *error);

/* ------------------------------------------------------------------------
 * Less stable: safety numbers. Only this library has them.
 * ------------------------------------------------------------------------ */

/** The size of a safety number: 12 groups of 5 digits, a space between two groups, and a NUL behind them. */
#define TOX_SAFETY_NUMBER_SIZE 72

/** A safety number, as a string. */
typedef char Tox_Safety_Number[TOX_SAFETY_NUMBER_SIZE];

/**
 * Get the number that two friends compare, by a way on which nobody can change it, to know that each has the
 * other's true key. Both have the same number. It depends on nothing but the two long-term keys.
 *
 * It takes some 10 ms to compute.
 *
 * @param safety_number Becomes a string.
 */
bool tox_friend_get_safety_number(const Tox *tox, Tox_Friend_Number friend_number,
        Tox_Safety_Number safety_number, Tox_Err_Friend_Query *error);

/* ------------------------------------------------------------------------
 * Less stable: counting packets
 * ------------------------------------------------------------------------ */

/** The first byte of a packet. Some have one meaning over UDP and another within a TCP relay connection. */
typedef enum Tox_Netprof_Packet_Id {
    /** UDP: ping request. TCP: routing request. */
    TOX_NETPROF_PACKET_ID_ZERO = 0x00,
    /** UDP: ping response. TCP: routing response. */
    TOX_NETPROF_PACKET_ID_ONE = 0x01,
    /** UDP: nodes request. TCP: peer connected. */
    TOX_NETPROF_PACKET_ID_TWO = 0x02,
    /** TCP: peer disconnected. */
    TOX_NETPROF_PACKET_ID_TCP_DISCONNECT = 0x03,
    /** UDP: nodes response. TCP: ping. */
    TOX_NETPROF_PACKET_ID_FOUR = 0x04,
    /** TCP: pong. */
    TOX_NETPROF_PACKET_ID_TCP_PONG = 0x05,
    /** TCP: out-of-band data to a peer. */
    TOX_NETPROF_PACKET_ID_TCP_OOB_SEND = 0x06,
    /** TCP: out-of-band data from a peer. */
    TOX_NETPROF_PACKET_ID_TCP_OOB_RECV = 0x07,
    /** TCP: onion packet out. */
    TOX_NETPROF_PACKET_ID_TCP_ONION_REQUEST = 0x08,
    /** TCP: onion answer in. */
    TOX_NETPROF_PACKET_ID_TCP_ONION_RESPONSE = 0x09,
    /** TCP: data on any of the routed connections. */
    TOX_NETPROF_PACKET_ID_TCP_DATA = 0x10,
    /** Cookie request, before a session. */
    TOX_NETPROF_PACKET_ID_COOKIE_REQUEST = 0x18,
    /** Cookie response. */
    TOX_NETPROF_PACKET_ID_COOKIE_RESPONSE = 0x19,
    /** Session handshake. */
    TOX_NETPROF_PACKET_ID_CRYPTO_HS = 0x1a,
    /** Session data. */
    TOX_NETPROF_PACKET_ID_CRYPTO_DATA = 0x1b,
    /** Encrypted request between DHT nodes. */
    TOX_NETPROF_PACKET_ID_CRYPTO = 0x20,
    /** LAN discovery. */
    TOX_NETPROF_PACKET_ID_LAN_DISCOVERY = 0x21,
    /** Group handshake. */
    TOX_NETPROF_PACKET_ID_GC_HANDSHAKE = 0x5a,
    /** Lossless group data. */
    TOX_NETPROF_PACKET_ID_GC_LOSSLESS = 0x5b,
    /** Lossy group data. */
    TOX_NETPROF_PACKET_ID_GC_LOSSY = 0x5c,
    /** Onion, to the first hop. */
    TOX_NETPROF_PACKET_ID_ONION_SEND_INITIAL = 0x80,
    /** Onion, first to second hop. */
    TOX_NETPROF_PACKET_ID_ONION_SEND_1 = 0x81,
    /** Onion, second to third hop. */
    TOX_NETPROF_PACKET_ID_ONION_SEND_2 = 0x82,
    /** Onion announce request as before groups. */
    TOX_NETPROF_PACKET_ID_ANNOUNCE_REQUEST_OLD = 0x83,
    /** Its response. */
    TOX_NETPROF_PACKET_ID_ANNOUNCE_RESPONSE_OLD = 0x84,
    /** Data for an announced key. */
    TOX_NETPROF_PACKET_ID_ONION_DATA_REQUEST = 0x85,
    /** Data handed to an announced key. */
    TOX_NETPROF_PACKET_ID_ONION_DATA_RESPONSE = 0x86,
    /** Onion announce request that can carry a group announce. */
    TOX_NETPROF_PACKET_ID_ANNOUNCE_REQUEST = 0x87,
    /** Its response. */
    TOX_NETPROF_PACKET_ID_ANNOUNCE_RESPONSE = 0x88,
    /** Onion answer, third to second hop. */
    TOX_NETPROF_PACKET_ID_ONION_RECV_3 = 0x8c,
    /** Onion answer, second to first hop. */
    TOX_NETPROF_PACKET_ID_ONION_RECV_2 = 0x8d,
    /** Onion answer, first hop to sender. */
    TOX_NETPROF_PACKET_ID_ONION_RECV_1 = 0x8e,
    /** Asks a node to forward a packet. */
    TOX_NETPROF_PACKET_ID_FORWARD_REQUEST = 0x90,
    /** A forwarded packet. */
    TOX_NETPROF_PACKET_ID_FORWARDING = 0x91,
    /** An answer on the way back. */
    TOX_NETPROF_PACKET_ID_FORWARD_REPLY = 0x92,
    /** Search for stored announce data. */
    TOX_NETPROF_PACKET_ID_DATA_SEARCH_REQUEST = 0x93,
    /** Its response. */
    TOX_NETPROF_PACKET_ID_DATA_SEARCH_RESPONSE = 0x94,
    /** Fetch of stored announce data. */
    TOX_NETPROF_PACKET_ID_DATA_RETRIEVE_REQUEST = 0x95,
    /** Its response. */
    TOX_NETPROF_PACKET_ID_DATA_RETRIEVE_RESPONSE = 0x96,
    /** Storing of announce data. */
    TOX_NETPROF_PACKET_ID_STORE_ANNOUNCE_REQUEST = 0x97,
    /** Its response. */
    TOX_NETPROF_PACKET_ID_STORE_ANNOUNCE_RESPONSE = 0x98,
    /** Version and message of the day of a bootstrap node. */
    TOX_NETPROF_PACKET_ID_BOOTSTRAP_INFO = 0xf0,
} Tox_Netprof_Packet_Id;

/** @return The name of the enumerator, or "<invalid Tox_Netprof_Packet_Id>". A static string. */
const char *tox_netprof_packet_id_to_string(Tox_Netprof_Packet_Id value);

/** Which packets to count. */
typedef enum Tox_Netprof_Packet_Type {
    /** Those to and from the relays we use. */
    TOX_NETPROF_PACKET_TYPE_TCP_CLIENT,
    /** Those of the relay we are. */
    TOX_NETPROF_PACKET_TYPE_TCP_SERVER,
    /** Both of these together. */
    TOX_NETPROF_PACKET_TYPE_TCP,
    /** UDP datagrams. */
    TOX_NETPROF_PACKET_TYPE_UDP,
} Tox_Netprof_Packet_Type;

/** @return The name of the enumerator, or "<invalid Tox_Netprof_Packet_Type>". A static string. */
const char *tox_netprof_packet_type_to_string(Tox_Netprof_Packet_Type value);

/** Which way the packets went. */
typedef enum Tox_Netprof_Direction {
    /** Out. */
    TOX_NETPROF_DIRECTION_SENT,
    /** In. */
    TOX_NETPROF_DIRECTION_RECV,
} Tox_Netprof_Direction;

/** @return The name of the enumerator, or "<invalid Tox_Netprof_Direction>". A static string. */
const char *tox_netprof_direction_to_string(Tox_Netprof_Direction value);

/** @return How many packets of one ID there have been; see Tox_Netprof_Packet_Id. */
uint64_t tox_netprof_get_packet_id_count(const Tox *tox, Tox_Netprof_Packet_Type type, uint8_t id,
        Tox_Netprof_Direction direction);

/** @return How many packets there have been in all. */
uint64_t tox_netprof_get_packet_total_count(const Tox *tox, Tox_Netprof_Packet_Type type,
        Tox_Netprof_Direction direction);

/** @return How many bytes the packets of one ID had together. */
uint64_t tox_netprof_get_packet_id_bytes(const Tox *tox, Tox_Netprof_Packet_Type type, uint8_t id,
        Tox_Netprof_Direction direction);

/** @return How many bytes all packets had together. */
uint64_t tox_netprof_get_packet_total_bytes(const Tox *tox, Tox_Netprof_Packet_Type type,
        Tox_Netprof_Direction direction);

/* ------------------------------------------------------------------------
 * Less stable: addresses of group peers
 * ------------------------------------------------------------------------ */

/** Most bytes in the IP address of a peer as text. */
#define TOX_GROUP_PEER_IP_STRING_MAX_LENGTH 96

/** @return TOX_GROUP_PEER_IP_STRING_MAX_LENGTH. */
uint32_t tox_group_peer_ip_string_max_length(void);

/** @return Bytes that tox_group_peer_get_ip_address() will write; without meaning on error. */
size_t tox_group_peer_get_ip_address_size(const Tox *tox, uint32_t group_number, uint32_t peer_id,
        Tox_Err_Group_Peer_Query *error);

/**
 * Write the IP address of a peer as text, tox_group_peer_get_ip_address_size() bytes; nothing if `ip_addr` is NULL.
 *
 * For a peer that is reached over TCP relays only, and for ourselves when we use nothing else, a placeholder
 * is written instead.
 */
bool tox_group_peer_get_ip_address(const Tox *tox, uint32_t group_number, uint32_t peer_id, uint8_t *ip_addr,
                                   Tox_Err_Group_Peer_Query *error);

/* ------------------------------------------------------------------------
 * Events: one object each
 *
 * Instead of calling back, an iteration can hand out its events as objects:
 * see tox_events_iterate(). An event object cannot be changed. Pointers that
 * its getters return point into it and live as long as the Tox_Events it
 * came from; byte strings have a getter for their length and are not
 * terminated by NUL. The getters follow the arguments of the callback of the
 * same name.
 * ------------------------------------------------------------------------ */

/** Our own connection to the network changed. Fields that need a word: connection_status: what it is now. */
typedef struct Tox_Event_Self_Connection_Status Tox_Event_Self_Connection_Status;
Tox_Connection tox_event_self_connection_status_get_connection_status(
    const Tox_Event_Self_Connection_Status *self_connection_status);

/**
 * Somebody wants to be our friend. Fields that need a word: public_key: the TOX_PUBLIC_KEY_SIZE bytes of who
 * asks; message: what came with the request.
 */
typedef struct Tox_Event_Friend_Request Tox_Event_Friend_Request;
const uint8_t *tox_event_friend_request_get_public_key(
    const Tox_Event_Friend_Request *friend_request);
const uint8_t *tox_event_friend_request_get_message(
    const Tox_Event_Friend_Request *friend_request);
uint32_t tox_event_friend_request_get_message_length(
    const Tox_Event_Friend_Request *friend_request);

/**
 * A friend came online, went offline or changed between UDP and TCP. Fields that need a word: connection_status:
 * what it is now.
 */
typedef struct Tox_Event_Friend_Connection_Status Tox_Event_Friend_Connection_Status;
uint32_t tox_event_friend_connection_status_get_friend_number(
    const Tox_Event_Friend_Connection_Status *friend_connection_status);
Tox_Connection tox_event_friend_connection_status_get_connection_status(
    const Tox_Event_Friend_Connection_Status *friend_connection_status);

/** A friend sent a lossy custom packet. Fields that need a word: data: the packet with its leading ID byte. */
typedef struct Tox_Event_Friend_Lossy_Packet Tox_Event_Friend_Lossy_Packet;
uint32_t tox_event_friend_lossy_packet_get_friend_number(
    const Tox_Event_Friend_Lossy_Packet *friend_lossy_packet);
const uint8_t *tox_event_friend_lossy_packet_get_data(
    const Tox_Event_Friend_Lossy_Packet *friend_lossy_packet);
uint32_t tox_event_friend_lossy_packet_get_data_length(
    const Tox_Event_Friend_Lossy_Packet *friend_lossy_packet);

/** A friend sent a lossless custom packet. Fields that need a word: data: the packet with its leading ID byte. */
typedef struct Tox_Event_Friend_Lossless_Packet Tox_Event_Friend_Lossless_Packet;
uint32_t tox_event_friend_lossless_packet_get_friend_number(
    const Tox_Event_Friend_Lossless_Packet *friend_lossless_packet);
const uint8_t *tox_event_friend_lossless_packet_get_data(
    const Tox_Event_Friend_Lossless_Packet *friend_lossless_packet);
uint32_t tox_event_friend_lossless_packet_get_data_length(
    const Tox_Event_Friend_Lossless_Packet *friend_lossless_packet);

/** A friend has a new name. Fields that need a word: name: the name. */
typedef struct Tox_Event_Friend_Name Tox_Event_Friend_Name;
uint32_t tox_event_friend_name_get_friend_number(
    const Tox_Event_Friend_Name *friend_name);
const uint8_t *tox_event_friend_name_get_name(
    const Tox_Event_Friend_Name *friend_name);
uint32_t tox_event_friend_name_get_name_length(
    const Tox_Event_Friend_Name *friend_name);

/** A friend has a new status. Fields that need a word: status: the status. */
typedef struct Tox_Event_Friend_Status Tox_Event_Friend_Status;
uint32_t tox_event_friend_status_get_friend_number(
    const Tox_Event_Friend_Status *friend_status);
Tox_User_Status tox_event_friend_status_get_status(
    const Tox_Event_Friend_Status *friend_status);

/** A friend has a new status message. Fields that need a word: message: the status message. */
typedef struct Tox_Event_Friend_Status_Message Tox_Event_Friend_Status_Message;
uint32_t tox_event_friend_status_message_get_friend_number(
    const Tox_Event_Friend_Status_Message *friend_status_message);
const uint8_t *tox_event_friend_status_message_get_message(
    const Tox_Event_Friend_Status_Message *friend_status_message);
uint32_t tox_event_friend_status_message_get_message_length(
    const Tox_Event_Friend_Status_Message *friend_status_message);

/** A friend sent a message. Fields that need a word: type: normal or action; message: the text. */
typedef struct Tox_Event_Friend_Message Tox_Event_Friend_Message;
uint32_t tox_event_friend_message_get_friend_number(
    const Tox_Event_Friend_Message *friend_message);
Tox_Message_Type tox_event_friend_message_get_type(
    const Tox_Event_Friend_Message *friend_message);
const uint8_t *tox_event_friend_message_get_message(
    const Tox_Event_Friend_Message *friend_message);
uint32_t tox_event_friend_message_get_message_length(
    const Tox_Event_Friend_Message *friend_message);

/**
 * A friend has received a message of ours. Fields that need a word: message_id: what tox_friend_send_message()
 * returned.
 */
typedef struct Tox_Event_Friend_Read_Receipt Tox_Event_Friend_Read_Receipt;
uint32_t tox_event_friend_read_receipt_get_friend_number(
    const Tox_Event_Friend_Read_Receipt *friend_read_receipt);
uint32_t tox_event_friend_read_receipt_get_message_id(
    const Tox_Event_Friend_Read_Receipt *friend_read_receipt);

/** A friend began or ceased to type. Fields that need a word: typing: which of the two. */
typedef struct Tox_Event_Friend_Typing Tox_Event_Friend_Typing;
uint32_t tox_event_friend_typing_get_friend_number(
    const Tox_Event_Friend_Typing *friend_typing);
bool tox_event_friend_typing_get_typing(
    const Tox_Event_Friend_Typing *friend_typing);

/**
 * A friend is ready for a piece of a file we send. Fields that need a word: position: where in the file; length:
 * how many bytes; 0 means the transfer is complete.
 */
typedef struct Tox_Event_File_Chunk_Request Tox_Event_File_Chunk_Request;
uint32_t tox_event_file_chunk_request_get_friend_number(
    const Tox_Event_File_Chunk_Request *file_chunk_request);
uint32_t tox_event_file_chunk_request_get_file_number(
    const Tox_Event_File_Chunk_Request *file_chunk_request);
uint64_t tox_event_file_chunk_request_get_position(
    const Tox_Event_File_Chunk_Request *file_chunk_request);
uint16_t tox_event_file_chunk_request_get_length(
    const Tox_Event_File_Chunk_Request *file_chunk_request);

/**
 * A friend offers a file. Fields that need a word: kind: a Tox_File_Kind, or what the clients agreed on;
 * file_size: UINT64_MAX if unknown; filename: its name.
 */
typedef struct Tox_Event_File_Recv Tox_Event_File_Recv;
uint32_t tox_event_file_recv_get_friend_number(
    const Tox_Event_File_Recv *file_recv);
uint32_t tox_event_file_recv_get_file_number(
    const Tox_Event_File_Recv *file_recv);
uint32_t tox_event_file_recv_get_kind(
    const Tox_Event_File_Recv *file_recv);
uint64_t tox_event_file_recv_get_file_size(
    const Tox_Event_File_Recv *file_recv);
const uint8_t *tox_event_file_recv_get_filename(
    const Tox_Event_File_Recv *file_recv);
uint32_t tox_event_file_recv_get_filename_length(
    const Tox_Event_File_Recv *file_recv);

/**
 * A piece of a file arrived. Fields that need a word: position: where in the file; data: the piece; empty means
 * the transfer is complete.
 */
typedef struct Tox_Event_File_Recv_Chunk Tox_Event_File_Recv_Chunk;
uint32_t tox_event_file_recv_chunk_get_friend_number(
    const Tox_Event_File_Recv_Chunk *file_recv_chunk);
uint32_t tox_event_file_recv_chunk_get_file_number(
    const Tox_Event_File_Recv_Chunk *file_recv_chunk);
uint64_t tox_event_file_recv_chunk_get_position(
    const Tox_Event_File_Recv_Chunk *file_recv_chunk);
const uint8_t *tox_event_file_recv_chunk_get_data(
    const Tox_Event_File_Recv_Chunk *file_recv_chunk);
uint32_t tox_event_file_recv_chunk_get_data_length(
    const Tox_Event_File_Recv_Chunk *file_recv_chunk);
#ifndef TOX_HIDE_DEPRECATED
/** @deprecated The name that 0.2.18 has for tox_event_file_recv_chunk_get_data_length(). */
uint32_t tox_event_file_recv_chunk_get_length(
    const Tox_Event_File_Recv_Chunk *file_recv_chunk);
#endif

/** A friend paused, resumed or cancelled a transfer. Fields that need a word: control: which of them. */
typedef struct Tox_Event_File_Recv_Control Tox_Event_File_Recv_Control;
uint32_t tox_event_file_recv_control_get_friend_number(
    const Tox_Event_File_Recv_Control *file_recv_control);
uint32_t tox_event_file_recv_control_get_file_number(
    const Tox_Event_File_Recv_Control *file_recv_control);
Tox_File_Control tox_event_file_recv_control_get_control(
    const Tox_Event_File_Recv_Control *file_recv_control);

/** A friend invites us to a conference. Fields that need a word: type: text or audio; cookie: what joining takes. */
typedef struct Tox_Event_Conference_Invite Tox_Event_Conference_Invite;
uint32_t tox_event_conference_invite_get_friend_number(
    const Tox_Event_Conference_Invite *conference_invite);
Tox_Conference_Type tox_event_conference_invite_get_type(
    const Tox_Event_Conference_Invite *conference_invite);
const uint8_t *tox_event_conference_invite_get_cookie(
    const Tox_Event_Conference_Invite *conference_invite);
uint32_t tox_event_conference_invite_get_cookie_length(
    const Tox_Event_Conference_Invite *conference_invite);

/** We are connected to a conference. */
typedef struct Tox_Event_Conference_Connected Tox_Event_Conference_Connected;
uint32_t tox_event_conference_connected_get_conference_number(
    const Tox_Event_Conference_Connected *conference_connected);

/** A peer joined or left a conference. */
typedef struct Tox_Event_Conference_Peer_List_Changed Tox_Event_Conference_Peer_List_Changed;
uint32_t tox_event_conference_peer_list_changed_get_conference_number(
    const Tox_Event_Conference_Peer_List_Changed *conference_peer_list_changed);

/** A conference peer has a new name. Fields that need a word: name: the name. */
typedef struct Tox_Event_Conference_Peer_Name Tox_Event_Conference_Peer_Name;
uint32_t tox_event_conference_peer_name_get_conference_number(
    const Tox_Event_Conference_Peer_Name *conference_peer_name);
uint32_t tox_event_conference_peer_name_get_peer_number(
    const Tox_Event_Conference_Peer_Name *conference_peer_name);
const uint8_t *tox_event_conference_peer_name_get_name(
    const Tox_Event_Conference_Peer_Name *conference_peer_name);
uint32_t tox_event_conference_peer_name_get_name_length(
    const Tox_Event_Conference_Peer_Name *conference_peer_name);

/**
 * The title of a conference changed. Fields that need a word: peer_number: who set it; UINT32_MAX if unknown;
 * title: the title.
 */
typedef struct Tox_Event_Conference_Title Tox_Event_Conference_Title;
uint32_t tox_event_conference_title_get_conference_number(
    const Tox_Event_Conference_Title *conference_title);
uint32_t tox_event_conference_title_get_peer_number(
    const Tox_Event_Conference_Title *conference_title);
const uint8_t *tox_event_conference_title_get_title(
    const Tox_Event_Conference_Title *conference_title);
uint32_t tox_event_conference_title_get_title_length(
    const Tox_Event_Conference_Title *conference_title);

/** A conference peer said something. Fields that need a word: type: normal or action; message: the text. */
typedef struct Tox_Event_Conference_Message Tox_Event_Conference_Message;
uint32_t tox_event_conference_message_get_conference_number(
    const Tox_Event_Conference_Message *conference_message);
uint32_t tox_event_conference_message_get_peer_number(
    const Tox_Event_Conference_Message *conference_message);
Tox_Message_Type tox_event_conference_message_get_type(
    const Tox_Event_Conference_Message *conference_message);
const uint8_t *tox_event_conference_message_get_message(
    const Tox_Event_Conference_Message *conference_message);
uint32_t tox_event_conference_message_get_message_length(
    const Tox_Event_Conference_Message *conference_message);

/** As tox_group_peer_name_cb. Fields that need a word: name: the name. */
typedef struct Tox_Event_Group_Peer_Name Tox_Event_Group_Peer_Name;
uint32_t tox_event_group_peer_name_get_group_number(
    const Tox_Event_Group_Peer_Name *group_peer_name);
uint32_t tox_event_group_peer_name_get_peer_id(
    const Tox_Event_Group_Peer_Name *group_peer_name);
const uint8_t *tox_event_group_peer_name_get_name(
    const Tox_Event_Group_Peer_Name *group_peer_name);
uint32_t tox_event_group_peer_name_get_name_length(
    const Tox_Event_Group_Peer_Name *group_peer_name);

/** As tox_group_peer_status_cb. Fields that need a word: status: the status. */
typedef struct Tox_Event_Group_Peer_Status Tox_Event_Group_Peer_Status;
uint32_t tox_event_group_peer_status_get_group_number(
    const Tox_Event_Group_Peer_Status *group_peer_status);
uint32_t tox_event_group_peer_status_get_peer_id(
    const Tox_Event_Group_Peer_Status *group_peer_status);
Tox_User_Status tox_event_group_peer_status_get_status(
    const Tox_Event_Group_Peer_Status *group_peer_status);

/** As tox_group_topic_cb. Fields that need a word: peer_id: who set it, or 0; topic: the topic. */
typedef struct Tox_Event_Group_Topic Tox_Event_Group_Topic;
uint32_t tox_event_group_topic_get_group_number(
    const Tox_Event_Group_Topic *group_topic);
uint32_t tox_event_group_topic_get_peer_id(
    const Tox_Event_Group_Topic *group_topic);
const uint8_t *tox_event_group_topic_get_topic(
    const Tox_Event_Group_Topic *group_topic);
uint32_t tox_event_group_topic_get_topic_length(
    const Tox_Event_Group_Topic *group_topic);

/** As tox_group_privacy_state_cb. Fields that need a word: privacy_state: the new one. */
typedef struct Tox_Event_Group_Privacy_State Tox_Event_Group_Privacy_State;
uint32_t tox_event_group_privacy_state_get_group_number(
    const Tox_Event_Group_Privacy_State *group_privacy_state);
Tox_Group_Privacy_State tox_event_group_privacy_state_get_privacy_state(
    const Tox_Event_Group_Privacy_State *group_privacy_state);

/** As tox_group_voice_state_cb. Fields that need a word: voice_state: the new one. */
typedef struct Tox_Event_Group_Voice_State Tox_Event_Group_Voice_State;
uint32_t tox_event_group_voice_state_get_group_number(
    const Tox_Event_Group_Voice_State *group_voice_state);
Tox_Group_Voice_State tox_event_group_voice_state_get_voice_state(
    const Tox_Event_Group_Voice_State *group_voice_state);

/** As tox_group_topic_lock_cb. Fields that need a word: topic_lock: the new one. */
typedef struct Tox_Event_Group_Topic_Lock Tox_Event_Group_Topic_Lock;
uint32_t tox_event_group_topic_lock_get_group_number(
    const Tox_Event_Group_Topic_Lock *group_topic_lock);
Tox_Group_Topic_Lock tox_event_group_topic_lock_get_topic_lock(
    const Tox_Event_Group_Topic_Lock *group_topic_lock);

/** As tox_group_peer_limit_cb. Fields that need a word: peer_limit: the new one. */
typedef struct Tox_Event_Group_Peer_Limit Tox_Event_Group_Peer_Limit;
uint32_t tox_event_group_peer_limit_get_group_number(
    const Tox_Event_Group_Peer_Limit *group_peer_limit);
uint32_t tox_event_group_peer_limit_get_peer_limit(
    const Tox_Event_Group_Peer_Limit *group_peer_limit);

/** As tox_group_password_cb. Fields that need a word: password: the new one; empty for none. */
typedef struct Tox_Event_Group_Password Tox_Event_Group_Password;
uint32_t tox_event_group_password_get_group_number(
    const Tox_Event_Group_Password *group_password);
const uint8_t *tox_event_group_password_get_password(
    const Tox_Event_Group_Password *group_password);
uint32_t tox_event_group_password_get_password_length(
    const Tox_Event_Group_Password *group_password);

/**
 * As tox_group_message_cb. Fields that need a word: message_type: normal or action; message: the text;
 * message_id: the number its sender got.
 */
typedef struct Tox_Event_Group_Message Tox_Event_Group_Message;
uint32_t tox_event_group_message_get_group_number(
    const Tox_Event_Group_Message *group_message);
uint32_t tox_event_group_message_get_peer_id(
    const Tox_Event_Group_Message *group_message);
Tox_Message_Type tox_event_group_message_get_message_type(
    const Tox_Event_Group_Message *group_message);
const uint8_t *tox_event_group_message_get_message(
    const Tox_Event_Group_Message *group_message);
uint32_t tox_event_group_message_get_message_length(
    const Tox_Event_Group_Message *group_message);
uint32_t tox_event_group_message_get_message_id(
    const Tox_Event_Group_Message *group_message);

/**
 * As tox_group_private_message_cb. Fields that need a word: message_type: normal or action; message: the text;
 * message_id: the number its sender got.
 */
typedef struct Tox_Event_Group_Private_Message Tox_Event_Group_Private_Message;
uint32_t tox_event_group_private_message_get_group_number(
    const Tox_Event_Group_Private_Message *group_private_message);
uint32_t tox_event_group_private_message_get_peer_id(
    const Tox_Event_Group_Private_Message *group_private_message);
Tox_Message_Type tox_event_group_private_message_get_message_type(
    const Tox_Event_Group_Private_Message *group_private_message);
const uint8_t *tox_event_group_private_message_get_message(
    const Tox_Event_Group_Private_Message *group_private_message);
uint32_t tox_event_group_private_message_get_message_length(
    const Tox_Event_Group_Private_Message *group_private_message);
uint32_t tox_event_group_private_message_get_message_id(
    const Tox_Event_Group_Private_Message *group_private_message);

/** As tox_group_custom_packet_cb. Fields that need a word: data: the packet. */
typedef struct Tox_Event_Group_Custom_Packet Tox_Event_Group_Custom_Packet;
uint32_t tox_event_group_custom_packet_get_group_number(
    const Tox_Event_Group_Custom_Packet *group_custom_packet);
uint32_t tox_event_group_custom_packet_get_peer_id(
    const Tox_Event_Group_Custom_Packet *group_custom_packet);
const uint8_t *tox_event_group_custom_packet_get_data(
    const Tox_Event_Group_Custom_Packet *group_custom_packet);
uint32_t tox_event_group_custom_packet_get_data_length(
    const Tox_Event_Group_Custom_Packet *group_custom_packet);

/** As tox_group_custom_private_packet_cb. Fields that need a word: data: the packet. */
typedef struct Tox_Event_Group_Custom_Private_Packet Tox_Event_Group_Custom_Private_Packet;
uint32_t tox_event_group_custom_private_packet_get_group_number(
    const Tox_Event_Group_Custom_Private_Packet *group_custom_private_packet);
uint32_t tox_event_group_custom_private_packet_get_peer_id(
    const Tox_Event_Group_Custom_Private_Packet *group_custom_private_packet);
const uint8_t *tox_event_group_custom_private_packet_get_data(
    const Tox_Event_Group_Custom_Private_Packet *group_custom_private_packet);
uint32_t tox_event_group_custom_private_packet_get_data_length(
    const Tox_Event_Group_Custom_Private_Packet *group_custom_private_packet);

/**
 * As tox_group_invite_cb. Fields that need a word: invite_data: what accepting takes; group_name: the name of the
 * group.
 */
typedef struct Tox_Event_Group_Invite Tox_Event_Group_Invite;
uint32_t tox_event_group_invite_get_friend_number(
    const Tox_Event_Group_Invite *group_invite);
const uint8_t *tox_event_group_invite_get_invite_data(
    const Tox_Event_Group_Invite *group_invite);
uint32_t tox_event_group_invite_get_invite_data_length(
    const Tox_Event_Group_Invite *group_invite);
const uint8_t *tox_event_group_invite_get_group_name(
    const Tox_Event_Group_Invite *group_invite);
uint32_t tox_event_group_invite_get_group_name_length(
    const Tox_Event_Group_Invite *group_invite);

/** As tox_group_peer_join_cb. */
typedef struct Tox_Event_Group_Peer_Join Tox_Event_Group_Peer_Join;
uint32_t tox_event_group_peer_join_get_group_number(
    const Tox_Event_Group_Peer_Join *group_peer_join);
uint32_t tox_event_group_peer_join_get_peer_id(
    const Tox_Event_Group_Peer_Join *group_peer_join);

/**
 * As tox_group_peer_exit_cb. Fields that need a word: exit_type: why; name: the name it had; part_message: its
 * farewell.
 */
typedef struct Tox_Event_Group_Peer_Exit Tox_Event_Group_Peer_Exit;
uint32_t tox_event_group_peer_exit_get_group_number(
    const Tox_Event_Group_Peer_Exit *group_peer_exit);
uint32_t tox_event_group_peer_exit_get_peer_id(
    const Tox_Event_Group_Peer_Exit *group_peer_exit);
Tox_Group_Exit_Type tox_event_group_peer_exit_get_exit_type(
    const Tox_Event_Group_Peer_Exit *group_peer_exit);
const uint8_t *tox_event_group_peer_exit_get_name(
    const Tox_Event_Group_Peer_Exit *group_peer_exit);
uint32_t tox_event_group_peer_exit_get_name_length(
    const Tox_Event_Group_Peer_Exit *group_peer_exit);
const uint8_t *tox_event_group_peer_exit_get_part_message(
    const Tox_Event_Group_Peer_Exit *group_peer_exit);
uint32_t tox_event_group_peer_exit_get_part_message_length(
    const Tox_Event_Group_Peer_Exit *group_peer_exit);

/** As tox_group_self_join_cb. */
typedef struct Tox_Event_Group_Self_Join Tox_Event_Group_Self_Join;
uint32_t tox_event_group_self_join_get_group_number(
    const Tox_Event_Group_Self_Join *group_self_join);

/** As tox_group_join_fail_cb. Fields that need a word: fail_type: why. */
typedef struct Tox_Event_Group_Join_Fail Tox_Event_Group_Join_Fail;
uint32_t tox_event_group_join_fail_get_group_number(
    const Tox_Event_Group_Join_Fail *group_join_fail);
Tox_Group_Join_Fail tox_event_group_join_fail_get_fail_type(
    const Tox_Event_Group_Join_Fail *group_join_fail);

/**
 * As tox_group_moderation_cb. Fields that need a word: source_peer_id: who did it; target_peer_id: to whom;
 * mod_type: what.
 */
typedef struct Tox_Event_Group_Moderation Tox_Event_Group_Moderation;
uint32_t tox_event_group_moderation_get_group_number(
    const Tox_Event_Group_Moderation *group_moderation);
uint32_t tox_event_group_moderation_get_source_peer_id(
    const Tox_Event_Group_Moderation *group_moderation);
uint32_t tox_event_group_moderation_get_target_peer_id(
    const Tox_Event_Group_Moderation *group_moderation);
Tox_Group_Mod_Event tox_event_group_moderation_get_mod_type(
    const Tox_Event_Group_Moderation *group_moderation);

/**
 * As tox_dht_nodes_response_cb. Fields that need a word: public_key: the DHT key of the node; ip: its address as
 * text; port: its UDP port.
 */
typedef struct Tox_Event_Dht_Nodes_Response Tox_Event_Dht_Nodes_Response;
const uint8_t *tox_event_dht_nodes_response_get_public_key(
    const Tox_Event_Dht_Nodes_Response *dht_nodes_response);
const char *tox_event_dht_nodes_response_get_ip(
    const Tox_Event_Dht_Nodes_Response *dht_nodes_response);
uint32_t tox_event_dht_nodes_response_get_ip_length(
    const Tox_Event_Dht_Nodes_Response *dht_nodes_response);
uint16_t tox_event_dht_nodes_response_get_port(
    const Tox_Event_Dht_Nodes_Response *dht_nodes_response);
#ifndef TOX_HIDE_DEPRECATED
/** @deprecated The names that 0.2.20 has for the same: dht_get_nodes_response in place of dht_nodes_response. */
typedef Tox_Event_Dht_Nodes_Response Tox_Event_Dht_Get_Nodes_Response;
const uint8_t *tox_event_dht_get_nodes_response_get_public_key(
    const Tox_Event_Dht_Get_Nodes_Response *dht_get_nodes_response);
const uint8_t *tox_event_dht_get_nodes_response_get_ip(
    const Tox_Event_Dht_Get_Nodes_Response *dht_get_nodes_response);
uint32_t tox_event_dht_get_nodes_response_get_ip_length(
    const Tox_Event_Dht_Get_Nodes_Response *dht_get_nodes_response);
uint16_t tox_event_dht_get_nodes_response_get_port(
    const Tox_Event_Dht_Get_Nodes_Response *dht_get_nodes_response);
#endif

/* ------------------------------------------------------------------------
 * Events: any of them
 * ------------------------------------------------------------------------ */

/** What kind of event a Tox_Event is. The numbers are part of the format of tox_events_get_bytes(). */
typedef enum Tox_Event_Type {
    /** Holds a Tox_Event_Self_Connection_Status. */
    TOX_EVENT_SELF_CONNECTION_STATUS = 0,
    /** Holds a Tox_Event_Friend_Request. */
    TOX_EVENT_FRIEND_REQUEST = 1,
    /** Holds a Tox_Event_Friend_Connection_Status. */
    TOX_EVENT_FRIEND_CONNECTION_STATUS = 2,
    /** Holds a Tox_Event_Friend_Lossy_Packet. */
    TOX_EVENT_FRIEND_LOSSY_PACKET = 3,
    /** Holds a Tox_Event_Friend_Lossless_Packet. */
    TOX_EVENT_FRIEND_LOSSLESS_PACKET = 4,
    /** Holds a Tox_Event_Friend_Name. */
    TOX_EVENT_FRIEND_NAME = 5,
    /** Holds a Tox_Event_Friend_Status. */
    TOX_EVENT_FRIEND_STATUS = 6,
    /** Holds a Tox_Event_Friend_Status_Message. */
    TOX_EVENT_FRIEND_STATUS_MESSAGE = 7,
    /** Holds a Tox_Event_Friend_Message. */
    TOX_EVENT_FRIEND_MESSAGE = 8,
    /** Holds a Tox_Event_Friend_Read_Receipt. */
    TOX_EVENT_FRIEND_READ_RECEIPT = 9,
    /** Holds a Tox_Event_Friend_Typing. */
    TOX_EVENT_FRIEND_TYPING = 10,
    /** Holds a Tox_Event_File_Chunk_Request. */
    TOX_EVENT_FILE_CHUNK_REQUEST = 11,
    /** Holds a Tox_Event_File_Recv. */
    TOX_EVENT_FILE_RECV = 12,
    /** Holds a Tox_Event_File_Recv_Chunk. */
    TOX_EVENT_FILE_RECV_CHUNK = 13,
    /** Holds a Tox_Event_File_Recv_Control. */
    TOX_EVENT_FILE_RECV_CONTROL = 14,
    /** Holds a Tox_Event_Conference_Invite. */
    TOX_EVENT_CONFERENCE_INVITE = 15,
    /** Holds a Tox_Event_Conference_Connected. */
    TOX_EVENT_CONFERENCE_CONNECTED = 16,
    /** Holds a Tox_Event_Conference_Peer_List_Changed. */
    TOX_EVENT_CONFERENCE_PEER_LIST_CHANGED = 17,
    /** Holds a Tox_Event_Conference_Peer_Name. */
    TOX_EVENT_CONFERENCE_PEER_NAME = 18,
    /** Holds a Tox_Event_Conference_Title. */
    TOX_EVENT_CONFERENCE_TITLE = 19,
    /** Holds a Tox_Event_Conference_Message. */
    TOX_EVENT_CONFERENCE_MESSAGE = 20,
    /** Holds a Tox_Event_Group_Peer_Name. */
    TOX_EVENT_GROUP_PEER_NAME = 21,
    /** Holds a Tox_Event_Group_Peer_Status. */
    TOX_EVENT_GROUP_PEER_STATUS = 22,
    /** Holds a Tox_Event_Group_Topic. */
    TOX_EVENT_GROUP_TOPIC = 23,
    /** Holds a Tox_Event_Group_Privacy_State. */
    TOX_EVENT_GROUP_PRIVACY_STATE = 24,
    /** Holds a Tox_Event_Group_Voice_State. */
    TOX_EVENT_GROUP_VOICE_STATE = 25,
    /** Holds a Tox_Event_Group_Topic_Lock. */
    TOX_EVENT_GROUP_TOPIC_LOCK = 26,
    /** Holds a Tox_Event_Group_Peer_Limit. */
    TOX_EVENT_GROUP_PEER_LIMIT = 27,
    /** Holds a Tox_Event_Group_Password. */
    TOX_EVENT_GROUP_PASSWORD = 28,
    /** Holds a Tox_Event_Group_Message. */
    TOX_EVENT_GROUP_MESSAGE = 29,
    /** Holds a Tox_Event_Group_Private_Message. */
    TOX_EVENT_GROUP_PRIVATE_MESSAGE = 30,
    /** Holds a Tox_Event_Group_Custom_Packet. */
    TOX_EVENT_GROUP_CUSTOM_PACKET = 31,
    /** Holds a Tox_Event_Group_Custom_Private_Packet. */
    TOX_EVENT_GROUP_CUSTOM_PRIVATE_PACKET = 32,
    /** Holds a Tox_Event_Group_Invite. */
    TOX_EVENT_GROUP_INVITE = 33,
    /** Holds a Tox_Event_Group_Peer_Join. */
    TOX_EVENT_GROUP_PEER_JOIN = 34,
    /** Holds a Tox_Event_Group_Peer_Exit. */
    TOX_EVENT_GROUP_PEER_EXIT = 35,
    /** Holds a Tox_Event_Group_Self_Join. */
    TOX_EVENT_GROUP_SELF_JOIN = 36,
    /** Holds a Tox_Event_Group_Join_Fail. */
    TOX_EVENT_GROUP_JOIN_FAIL = 37,
    /** Holds a Tox_Event_Group_Moderation. */
    TOX_EVENT_GROUP_MODERATION = 38,
    /** Holds a Tox_Event_Dht_Nodes_Response. */
    TOX_EVENT_DHT_NODES_RESPONSE = 39,
    /** Not an event; what tox_event_get_type() says of NULL. */
    TOX_EVENT_INVALID = 255,
} Tox_Event_Type;

#ifndef TOX_HIDE_DEPRECATED
/** @deprecated The name that 0.2.20 has for TOX_EVENT_DHT_NODES_RESPONSE. */
#define TOX_EVENT_DHT_GET_NODES_RESPONSE TOX_EVENT_DHT_NODES_RESPONSE
#endif

/** @return The name of the enumerator, or "<invalid Tox_Event_Type>". A static string. */
const char *tox_event_type_to_string(Tox_Event_Type type);

/** One event of any kind: ask for its type, then for its contents by the getter of that type. */
typedef struct Tox_Event Tox_Event;

/** @return The kind of the event. */
Tox_Event_Type tox_event_get_type(const Tox_Event *event);

/* Each of these returns what the event holds, or NULL if it is an event of another kind. */

const Tox_Event_Self_Connection_Status *tox_event_get_self_connection_status(
    const Tox_Event *event);
const Tox_Event_Friend_Request *tox_event_get_friend_request(
    const Tox_Event *event);
const Tox_Event_Friend_Connection_Status *tox_event_get_friend_connection_status(
    const Tox_Event *event);
const Tox_Event_Friend_Lossy_Packet *tox_event_get_friend_lossy_packet(
    const Tox_Event *event);
const Tox_Event_Friend_Lossless_Packet *tox_event_get_friend_lossless_packet(
    const Tox_Event *event);
const Tox_Event_Friend_Name *tox_event_get_friend_name(
    const Tox_Event *event);
const Tox_Event_Friend_Status *tox_event_get_friend_status(
    const Tox_Event *event);
const Tox_Event_Friend_Status_Message *tox_event_get_friend_status_message(
    const Tox_Event *event);
const Tox_Event_Friend_Message *tox_event_get_friend_message(
    const Tox_Event *event);
const Tox_Event_Friend_Read_Receipt *tox_event_get_friend_read_receipt(
    const Tox_Event *event);
const Tox_Event_Friend_Typing *tox_event_get_friend_typing(
    const Tox_Event *event);
const Tox_Event_File_Chunk_Request *tox_event_get_file_chunk_request(
    const Tox_Event *event);
const Tox_Event_File_Recv *tox_event_get_file_recv(
    const Tox_Event *event);
const Tox_Event_File_Recv_Chunk *tox_event_get_file_recv_chunk(
    const Tox_Event *event);
const Tox_Event_File_Recv_Control *tox_event_get_file_recv_control(
    const Tox_Event *event);
const Tox_Event_Conference_Invite *tox_event_get_conference_invite(
    const Tox_Event *event);
const Tox_Event_Conference_Connected *tox_event_get_conference_connected(
    const Tox_Event *event);
const Tox_Event_Conference_Peer_List_Changed *tox_event_get_conference_peer_list_changed(
    const Tox_Event *event);
const Tox_Event_Conference_Peer_Name *tox_event_get_conference_peer_name(
    const Tox_Event *event);
const Tox_Event_Conference_Title *tox_event_get_conference_title(
    const Tox_Event *event);
const Tox_Event_Conference_Message *tox_event_get_conference_message(
    const Tox_Event *event);
const Tox_Event_Group_Peer_Name *tox_event_get_group_peer_name(
    const Tox_Event *event);
const Tox_Event_Group_Peer_Status *tox_event_get_group_peer_status(
    const Tox_Event *event);
const Tox_Event_Group_Topic *tox_event_get_group_topic(
    const Tox_Event *event);
const Tox_Event_Group_Privacy_State *tox_event_get_group_privacy_state(
    const Tox_Event *event);
const Tox_Event_Group_Voice_State *tox_event_get_group_voice_state(
    const Tox_Event *event);
const Tox_Event_Group_Topic_Lock *tox_event_get_group_topic_lock(
    const Tox_Event *event);
const Tox_Event_Group_Peer_Limit *tox_event_get_group_peer_limit(
    const Tox_Event *event);
const Tox_Event_Group_Password *tox_event_get_group_password(
    const Tox_Event *event);
const Tox_Event_Group_Message *tox_event_get_group_message(
    const Tox_Event *event);
const Tox_Event_Group_Private_Message *tox_event_get_group_private_message(
    const Tox_Event *event);
const Tox_Event_Group_Custom_Packet *tox_event_get_group_custom_packet(
    const Tox_Event *event);
const Tox_Event_Group_Custom_Private_Packet *tox_event_get_group_custom_private_packet(
    const Tox_Event *event);
const Tox_Event_Group_Invite *tox_event_get_group_invite(
    const Tox_Event *event);
const Tox_Event_Group_Peer_Join *tox_event_get_group_peer_join(
    const Tox_Event *event);
const Tox_Event_Group_Peer_Exit *tox_event_get_group_peer_exit(
    const Tox_Event *event);
const Tox_Event_Group_Self_Join *tox_event_get_group_self_join(
    const Tox_Event *event);
const Tox_Event_Group_Join_Fail *tox_event_get_group_join_fail(
    const Tox_Event *event);
const Tox_Event_Group_Moderation *tox_event_get_group_moderation(
    const Tox_Event *event);
const Tox_Event_Dht_Nodes_Response *tox_event_get_dht_nodes_response(
    const Tox_Event *event);
#ifndef TOX_HIDE_DEPRECATED
/** @deprecated The name that 0.2.20 has for tox_event_get_dht_nodes_response(). */
const Tox_Event_Dht_Get_Nodes_Response *tox_event_get_dht_get_nodes_response(
    const Tox_Event *event);
#endif

/* ------------------------------------------------------------------------
 * Events: all those of one iteration
 * ------------------------------------------------------------------------ */

/** The events of one iteration, in the order they happened; freed as a whole with tox_events_free(). */
typedef struct Tox_Events Tox_Events;

/** @return How many events there are; 0 for NULL. */
uint32_t tox_events_get_size(const Tox_Events *events);

/** @return Event number `index`, counted from 0; NULL if there are not so many. */
const Tox_Event *tox_events_get(const Tox_Events *events, uint32_t index);

/**
 * Start recording: from now on events are kept for tox_events_iterate().
 *
 * It takes the place of every callback set before. A callback set afterwards gets its events again, and those
 * are not recorded.
 */
void tox_events_init(Tox *tox);

/** Outcome of tox_events_iterate(). */
typedef enum Tox_Err_Events_Iterate {
    /** Success. */
    TOX_ERR_EVENTS_ITERATE_OK,
    /** Out of memory; events may be missing from the result. */
    TOX_ERR_EVENTS_ITERATE_MALLOC,
} Tox_Err_Events_Iterate;

/**
 * One tox_iterate() whose events are recorded instead of calling back.
 *
 * @param options NULL for the defaults; with fail_hard, an event that cannot be stored costs all of them.
 * @return The events, to be freed with tox_events_free(). NULL is a valid result without any.
 */
Tox_Events *tox_events_iterate(Tox *tox, const Tox_Iterate_Options *options, Tox_Err_Events_Iterate *error);

/** Give recorded events to the callbacks set on the instance, in their order. */
void tox_events_dispatch(Tox *tox, Tox_Events *events, void *user_data);

/** Free the events with everything they contain; NULL is fine. */
void tox_events_free(Tox_Events *events);

/** @return Bytes that tox_events_get_bytes() will write. */
uint32_t tox_events_bytes_size(const Tox_Events *events);

/** Write the events as MessagePack, tox_events_bytes_size() bytes. */
bool tox_events_get_bytes(const Tox_Events *events, uint8_t *bytes);

/**
 * @param sys As from tox_get_system(); not looked at here, NULL will do.
 * @return The events that tox_events_get_bytes() wrote, to be freed with tox_events_free(); NULL if malformed.
 */
Tox_Events *tox_events_load(const Tox_System *sys, const uint8_t *bytes, uint32_t bytes_size);

/** @return Whether both contain the same events; `sys` is not looked at. */
bool tox_events_equal(const Tox_System *sys, const Tox_Events *a, const Tox_Events *b);

#ifndef TOX_HIDE_DEPRECATED
/*
 * By kind, as in 0.2.18: how many events of one kind there are, and event number `index` among them, NULL if
 * there are not so many.
 *
 * @deprecated tox_events_get() sees all of them, in order.
 */

uint32_t tox_events_get_self_connection_status_size(const Tox_Events *events);
const Tox_Event_Self_Connection_Status *tox_events_get_self_connection_status(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_friend_request_size(const Tox_Events *events);
const Tox_Event_Friend_Request *tox_events_get_friend_request(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_friend_connection_status_size(const Tox_Events *events);
const Tox_Event_Friend_Connection_Status *tox_events_get_friend_connection_status(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_friend_lossy_packet_size(const Tox_Events *events);
const Tox_Event_Friend_Lossy_Packet *tox_events_get_friend_lossy_packet(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_friend_lossless_packet_size(const Tox_Events *events);
const Tox_Event_Friend_Lossless_Packet *tox_events_get_friend_lossless_packet(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_friend_name_size(const Tox_Events *events);
const Tox_Event_Friend_Name *tox_events_get_friend_name(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_friend_status_size(const Tox_Events *events);
const Tox_Event_Friend_Status *tox_events_get_friend_status(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_friend_status_message_size(const Tox_Events *events);
const Tox_Event_Friend_Status_Message *tox_events_get_friend_status_message(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_friend_message_size(const Tox_Events *events);
const Tox_Event_Friend_Message *tox_events_get_friend_message(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_friend_read_receipt_size(const Tox_Events *events);
const Tox_Event_Friend_Read_Receipt *tox_events_get_friend_read_receipt(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_friend_typing_size(const Tox_Events *events);
const Tox_Event_Friend_Typing *tox_events_get_friend_typing(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_file_chunk_request_size(const Tox_Events *events);
const Tox_Event_File_Chunk_Request *tox_events_get_file_chunk_request(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_file_recv_size(const Tox_Events *events);
const Tox_Event_File_Recv *tox_events_get_file_recv(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_file_recv_chunk_size(const Tox_Events *events);
const Tox_Event_File_Recv_Chunk *tox_events_get_file_recv_chunk(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_file_recv_control_size(const Tox_Events *events);
const Tox_Event_File_Recv_Control *tox_events_get_file_recv_control(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_conference_invite_size(const Tox_Events *events);
const Tox_Event_Conference_Invite *tox_events_get_conference_invite(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_conference_connected_size(const Tox_Events *events);
const Tox_Event_Conference_Connected *tox_events_get_conference_connected(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_conference_peer_list_changed_size(const Tox_Events *events);
const Tox_Event_Conference_Peer_List_Changed *tox_events_get_conference_peer_list_changed(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_conference_peer_name_size(const Tox_Events *events);
const Tox_Event_Conference_Peer_Name *tox_events_get_conference_peer_name(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_conference_title_size(const Tox_Events *events);
const Tox_Event_Conference_Title *tox_events_get_conference_title(
    const Tox_Events *events, uint32_t index);
uint32_t tox_events_get_conference_message_size(const Tox_Events *events);
const Tox_Event_Conference_Message *tox_events_get_conference_message(
    const Tox_Events *events, uint32_t index);
#endif /* TOX_HIDE_DEPRECATED */

/* ------------------------------------------------------------------------
 * Events: calling back from recorded events
 * ------------------------------------------------------------------------ */

/** A table with one callback for each kind of event, independent of any instance. */
typedef struct Tox_Dispatch Tox_Dispatch;

/** Outcome of tox_dispatch_new(). */
typedef enum Tox_Err_Dispatch_New {
    /** Success. */
    TOX_ERR_DISPATCH_NEW_OK,
    /** Out of memory. */
    TOX_ERR_DISPATCH_NEW_MALLOC,
} Tox_Err_Dispatch_New;

/** @return An empty table, to be freed with tox_dispatch_free(); NULL on error. */
Tox_Dispatch *tox_dispatch_new(Tox_Err_Dispatch_New *error);

/** Free a table; NULL is fine. */
void tox_dispatch_free(Tox_Dispatch *dispatch);

/** Go through the events in their order, and call what the table has for each; `events` may be NULL. */
void tox_dispatch_invoke(const Tox_Dispatch *dispatch, const Tox_Events *events, void *user_data);

/* What the table calls, by kind of event. The event is valid until its Tox_Events are freed. */

typedef void tox_events_self_connection_status_cb(
    const Tox_Event_Self_Connection_Status *event, void *user_data);
typedef void tox_events_friend_request_cb(
    const Tox_Event_Friend_Request *event, void *user_data);
typedef void tox_events_friend_connection_status_cb(
    const Tox_Event_Friend_Connection_Status *event, void *user_data);
typedef void tox_events_friend_lossy_packet_cb(
    const Tox_Event_Friend_Lossy_Packet *event, void *user_data);
typedef void tox_events_friend_lossless_packet_cb(
    const Tox_Event_Friend_Lossless_Packet *event, void *user_data);
typedef void tox_events_friend_name_cb(
    const Tox_Event_Friend_Name *event, void *user_data);
typedef void tox_events_friend_status_cb(
    const Tox_Event_Friend_Status *event, void *user_data);
typedef void tox_events_friend_status_message_cb(
    const Tox_Event_Friend_Status_Message *event, void *user_data);
typedef void tox_events_friend_message_cb(
    const Tox_Event_Friend_Message *event, void *user_data);
typedef void tox_events_friend_read_receipt_cb(
    const Tox_Event_Friend_Read_Receipt *event, void *user_data);
typedef void tox_events_friend_typing_cb(
    const Tox_Event_Friend_Typing *event, void *user_data);
typedef void tox_events_file_chunk_request_cb(
    const Tox_Event_File_Chunk_Request *event, void *user_data);
typedef void tox_events_file_recv_cb(
    const Tox_Event_File_Recv *event, void *user_data);
typedef void tox_events_file_recv_chunk_cb(
    const Tox_Event_File_Recv_Chunk *event, void *user_data);
typedef void tox_events_file_recv_control_cb(
    const Tox_Event_File_Recv_Control *event, void *user_data);
typedef void tox_events_conference_invite_cb(
    const Tox_Event_Conference_Invite *event, void *user_data);
typedef void tox_events_conference_connected_cb(
    const Tox_Event_Conference_Connected *event, void *user_data);
typedef void tox_events_conference_peer_list_changed_cb(
    const Tox_Event_Conference_Peer_List_Changed *event, void *user_data);
typedef void tox_events_conference_peer_name_cb(
    const Tox_Event_Conference_Peer_Name *event, void *user_data);
typedef void tox_events_conference_title_cb(
    const Tox_Event_Conference_Title *event, void *user_data);
typedef void tox_events_conference_message_cb(
    const Tox_Event_Conference_Message *event, void *user_data);
typedef void tox_events_group_peer_name_cb(
    const Tox_Event_Group_Peer_Name *event, void *user_data);
typedef void tox_events_group_peer_status_cb(
    const Tox_Event_Group_Peer_Status *event, void *user_data);
typedef void tox_events_group_topic_cb(
    const Tox_Event_Group_Topic *event, void *user_data);
typedef void tox_events_group_privacy_state_cb(
    const Tox_Event_Group_Privacy_State *event, void *user_data);
typedef void tox_events_group_voice_state_cb(
    const Tox_Event_Group_Voice_State *event, void *user_data);
typedef void tox_events_group_topic_lock_cb(
    const Tox_Event_Group_Topic_Lock *event, void *user_data);
typedef void tox_events_group_peer_limit_cb(
    const Tox_Event_Group_Peer_Limit *event, void *user_data);
typedef void tox_events_group_password_cb(
    const Tox_Event_Group_Password *event, void *user_data);
typedef void tox_events_group_message_cb(
    const Tox_Event_Group_Message *event, void *user_data);
typedef void tox_events_group_private_message_cb(
    const Tox_Event_Group_Private_Message *event, void *user_data);
typedef void tox_events_group_custom_packet_cb(
    const Tox_Event_Group_Custom_Packet *event, void *user_data);
typedef void tox_events_group_custom_private_packet_cb(
    const Tox_Event_Group_Custom_Private_Packet *event, void *user_data);
typedef void tox_events_group_invite_cb(
    const Tox_Event_Group_Invite *event, void *user_data);
typedef void tox_events_group_peer_join_cb(
    const Tox_Event_Group_Peer_Join *event, void *user_data);
typedef void tox_events_group_peer_exit_cb(
    const Tox_Event_Group_Peer_Exit *event, void *user_data);
typedef void tox_events_group_self_join_cb(
    const Tox_Event_Group_Self_Join *event, void *user_data);
typedef void tox_events_group_join_fail_cb(
    const Tox_Event_Group_Join_Fail *event, void *user_data);
typedef void tox_events_group_moderation_cb(
    const Tox_Event_Group_Moderation *event, void *user_data);
typedef void tox_events_dht_nodes_response_cb(
    const Tox_Event_Dht_Nodes_Response *event, void *user_data);

/* Put a callback into the table in place of the one it had; NULL for none. */

void tox_events_callback_self_connection_status(
    Tox_Dispatch *dispatch, tox_events_self_connection_status_cb *callback);
void tox_events_callback_friend_request(
    Tox_Dispatch *dispatch, tox_events_friend_request_cb *callback);
void tox_events_callback_friend_connection_status(
    Tox_Dispatch *dispatch, tox_events_friend_connection_status_cb *callback);
void tox_events_callback_friend_lossy_packet(
    Tox_Dispatch *dispatch, tox_events_friend_lossy_packet_cb *callback);
void tox_events_callback_friend_lossless_packet(
    Tox_Dispatch *dispatch, tox_events_friend_lossless_packet_cb *callback);
void tox_events_callback_friend_name(
    Tox_Dispatch *dispatch, tox_events_friend_name_cb *callback);
void tox_events_callback_friend_status(
    Tox_Dispatch *dispatch, tox_events_friend_status_cb *callback);
void tox_events_callback_friend_status_message(
    Tox_Dispatch *dispatch, tox_events_friend_status_message_cb *callback);
void tox_events_callback_friend_message(
    Tox_Dispatch *dispatch, tox_events_friend_message_cb *callback);
void tox_events_callback_friend_read_receipt(
    Tox_Dispatch *dispatch, tox_events_friend_read_receipt_cb *callback);
void tox_events_callback_friend_typing(
    Tox_Dispatch *dispatch, tox_events_friend_typing_cb *callback);
void tox_events_callback_file_chunk_request(
    Tox_Dispatch *dispatch, tox_events_file_chunk_request_cb *callback);
void tox_events_callback_file_recv(
    Tox_Dispatch *dispatch, tox_events_file_recv_cb *callback);
void tox_events_callback_file_recv_chunk(
    Tox_Dispatch *dispatch, tox_events_file_recv_chunk_cb *callback);
void tox_events_callback_file_recv_control(
    Tox_Dispatch *dispatch, tox_events_file_recv_control_cb *callback);
void tox_events_callback_conference_invite(
    Tox_Dispatch *dispatch, tox_events_conference_invite_cb *callback);
void tox_events_callback_conference_connected(
    Tox_Dispatch *dispatch, tox_events_conference_connected_cb *callback);
void tox_events_callback_conference_peer_list_changed(
    Tox_Dispatch *dispatch, tox_events_conference_peer_list_changed_cb *callback);
void tox_events_callback_conference_peer_name(
    Tox_Dispatch *dispatch, tox_events_conference_peer_name_cb *callback);
void tox_events_callback_conference_title(
    Tox_Dispatch *dispatch, tox_events_conference_title_cb *callback);
void tox_events_callback_conference_message(
    Tox_Dispatch *dispatch, tox_events_conference_message_cb *callback);
void tox_events_callback_group_peer_name(
    Tox_Dispatch *dispatch, tox_events_group_peer_name_cb *callback);
void tox_events_callback_group_peer_status(
    Tox_Dispatch *dispatch, tox_events_group_peer_status_cb *callback);
void tox_events_callback_group_topic(
    Tox_Dispatch *dispatch, tox_events_group_topic_cb *callback);
void tox_events_callback_group_privacy_state(
    Tox_Dispatch *dispatch, tox_events_group_privacy_state_cb *callback);
void tox_events_callback_group_voice_state(
    Tox_Dispatch *dispatch, tox_events_group_voice_state_cb *callback);
void tox_events_callback_group_topic_lock(
    Tox_Dispatch *dispatch, tox_events_group_topic_lock_cb *callback);
void tox_events_callback_group_peer_limit(
    Tox_Dispatch *dispatch, tox_events_group_peer_limit_cb *callback);
void tox_events_callback_group_password(
    Tox_Dispatch *dispatch, tox_events_group_password_cb *callback);
void tox_events_callback_group_message(
    Tox_Dispatch *dispatch, tox_events_group_message_cb *callback);
void tox_events_callback_group_private_message(
    Tox_Dispatch *dispatch, tox_events_group_private_message_cb *callback);
void tox_events_callback_group_custom_packet(
    Tox_Dispatch *dispatch, tox_events_group_custom_packet_cb *callback);
void tox_events_callback_group_custom_private_packet(
    Tox_Dispatch *dispatch, tox_events_group_custom_private_packet_cb *callback);
void tox_events_callback_group_invite(
    Tox_Dispatch *dispatch, tox_events_group_invite_cb *callback);
void tox_events_callback_group_peer_join(
    Tox_Dispatch *dispatch, tox_events_group_peer_join_cb *callback);
void tox_events_callback_group_peer_exit(
    Tox_Dispatch *dispatch, tox_events_group_peer_exit_cb *callback);
void tox_events_callback_group_self_join(
    Tox_Dispatch *dispatch, tox_events_group_self_join_cb *callback);
void tox_events_callback_group_join_fail(
    Tox_Dispatch *dispatch, tox_events_group_join_fail_cb *callback);
void tox_events_callback_group_moderation(
    Tox_Dispatch *dispatch, tox_events_group_moderation_cb *callback);
void tox_events_callback_dht_nodes_response(
    Tox_Dispatch *dispatch, tox_events_dht_nodes_response_cb *callback);
#ifndef TOX_HIDE_DEPRECATED
/** @deprecated The names that 0.2.20 has for tox_events_callback_dht_nodes_response() and its callback. */
typedef void tox_events_dht_get_nodes_response_cb(
    const Tox_Event_Dht_Get_Nodes_Response *event, void *user_data);
void tox_events_callback_dht_get_nodes_response(
    Tox_Dispatch *dispatch, tox_events_dht_get_nodes_response_cb *callback);
#endif

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TOXCORE_H */
