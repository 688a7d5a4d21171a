"""Debian's libtoxcore through ctypes, with the methods and events of `toxpy.core.Core`.

So a scenario need not know which of the two it talks to. The library is opened by
its absolute path: whatever LD_LIBRARY_PATH says, this is the real one.
"""

from __future__ import annotations

import ctypes as c
import glob

from toxpy.errors import ToxError
from toxpy.generated import events

u8p = c.POINTER(c.c_uint8)


def library_path():
    """Where Debian keeps the real library."""
    (path,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    return path


def _load():
    lib = c.CDLL(library_path(), mode=c.RTLD_LOCAL)
    lib.tox_new.restype = c.c_void_p
    lib.tox_options_new.restype = c.c_void_p
    lib.tox_get_savedata_size.restype = c.c_size_t
    lib.tox_friend_get_last_online.restype = c.c_uint64
    for name in ("name_size", "status_message_size"):
        getattr(lib, f"tox_self_get_{name}").restype = c.c_size_t
        getattr(lib, f"tox_friend_get_{name}").restype = c.c_size_t
    lib.tox_self_get_friend_list_size.restype = c.c_size_t
    for name in (
        "add_tcp_relay",
        "bootstrap",
        "friend_delete",
        "friend_get_public_key",
        "self_set_name",
        "self_set_typing",
        "self_set_status_message",
        "friend_exists",
        "friend_get_typing",
        "friend_get_name",
        "file_control",
        "file_seek",
        "file_get_file_id",
        "file_send_chunk",
        "friend_send_lossy_packet",
        "friend_send_lossless_packet",
        "friend_get_status_message",
        "conference_delete",
        "conference_peer_get_name",
        "conference_peer_get_public_key",
        "conference_peer_number_is_ours",
        "conference_offline_peer_get_name",
        "conference_offline_peer_get_public_key",
        "conference_set_max_offline",
        "conference_invite",
        "conference_send_message",
        "conference_get_title",
        "conference_set_title",
        "conference_get_id",
    ):
        getattr(lib, "tox_" + name).restype = c.c_bool
    for name in (
        "conference_new",
        "conference_join",
        "conference_peer_count",
        "conference_offline_peer_count",
        "conference_by_id",
    ):
        getattr(lib, "tox_" + name).restype = c.c_uint32
    for name in ("peer_get_name_size", "offline_peer_get_name_size", "get_title_size", "get_chatlist_size"):
        getattr(lib, "tox_conference_" + name).restype = c.c_size_t
    lib.tox_conference_offline_peer_get_last_active.restype = c.c_uint64
    for name in (
        "friend_add",
        "friend_add_norequest",
        "friend_send_message",
        "friend_by_public_key",
        "file_send",
    ):
        getattr(lib, "tox_" + name).restype = c.c_uint32
    lib.tox_self_get_udp_port.restype = c.c_uint16
    return lib


class RealTox:
    """One instance of the real library; bytes in, bytes out, ToxError on failure."""

    _lib = None

    def __init__(
        self,
        *,
        start_port=33445,
        end_port=33999,
        savedata=b"",
        ipv6=True,
        udp=True,
        tcp_port=0,
        local_discovery=False,
    ):
        if RealTox._lib is None:
            RealTox._lib = _load()
        lib = self.lib = RealTox._lib
        options = c.c_void_p(lib.tox_options_new(None))
        lib.tox_options_set_ipv6_enabled(options, c.c_bool(ipv6))
        lib.tox_options_set_local_discovery_enabled(options, c.c_bool(local_discovery))
        lib.tox_options_set_udp_enabled(options, c.c_bool(udp))
        lib.tox_options_set_tcp_port(options, c.c_uint16(tcp_port))
        lib.tox_options_set_start_port(options, c.c_uint16(start_port))
        lib.tox_options_set_end_port(options, c.c_uint16(end_port))
        if savedata:
            lib.tox_options_set_savedata_type(options, c.c_int(1))
            lib.tox_options_set_savedata_data(options, savedata, c.c_size_t(len(savedata)))
        error = c.c_int()
        pointer = lib.tox_new(options, c.byref(error))
        lib.tox_options_free(options)
        if not pointer:
            raise ToxError(error.value, "tox_new")
        self.tox = c.c_void_p(pointer)
        self._queue = []
        self._callbacks = []
        # as a `Core`, whose functions are in parts
        self.user = self.friends = self.files = self.network = self.conferences = self
        self._register()

    def _on(self, name, make, *types):
        prototype = c.CFUNCTYPE(None, c.c_void_p, *types, c.c_void_p)
        callback = prototype(lambda _tox, *args: self._queue.append(make(*args[:-1])))
        self._callbacks.append(callback)
        getattr(self.lib, "tox_callback_" + name)(self.tox, callback)

    def _register(self):
        u32, i, size = c.c_uint32, c.c_int, c.c_size_t
        at = c.string_at
        self._on("self_connection_status", events.SelfConnectionStatus, i)
        self._on("friend_request", lambda k, m, n: events.FriendRequest(at(k, 32), at(m, n)), u8p, u8p, size)
        self._on("friend_message", lambda f, t, m, n: events.FriendMessage(f, t, at(m, n)), u32, i, u8p, size)
        self._on("friend_name", lambda f, m, n: events.FriendName(f, at(m, n)), u32, u8p, size)
        text = events.FriendStatusMessage
        self._on("friend_status_message", lambda f, m, n: text(f, at(m, n)), u32, u8p, size)
        self._on("friend_status", events.FriendStatus, u32, i)
        self._on("friend_typing", events.FriendTyping, u32, c.c_bool)
        self._on("friend_read_receipt", events.FriendReadReceipt, u32, u32)
        self._on("friend_connection_status", events.FriendConnectionStatus, u32, i)
        self._on("friend_lossy_packet", lambda f, m, n: events.FriendLossyPacket(f, at(m, n)), u32, u8p, size)
        lossless = events.FriendLosslessPacket
        self._on("friend_lossless_packet", lambda f, m, n: lossless(f, at(m, n)), u32, u8p, size)
        u64 = c.c_uint64
        self._on("file_recv_control", events.FileRecvControl, u32, u32, i)
        self._on("file_chunk_request", events.FileChunkRequest, u32, u32, u64, size)
        offer = events.FileRecv
        self._on(
            "file_recv", lambda f, n, k, s, m, z: offer(f, n, k, s, at(m, z)), u32, u32, u32, u64, u8p, size
        )
        chunk = events.FileRecvChunk
        self._on("file_recv_chunk", lambda f, n, p, m, z: chunk(f, n, p, at(m, z)), u32, u32, u64, u8p, size)
        invite, said = events.ConferenceInvite, events.ConferenceMessage
        self._on("conference_invite", lambda f, t, m, n: invite(f, t, at(m, n)), u32, i, u8p, size)
        self._on("conference_connected", events.ConferenceConnected, u32)
        self._on("conference_message", lambda k, p, t, m, n: said(k, p, t, at(m, n)), u32, u32, i, u8p, size)
        title, name = events.ConferenceTitle, events.ConferencePeerName
        self._on("conference_title", lambda k, p, m, n: title(k, p, at(m, n)), u32, u32, u8p, size)
        self._on("conference_peer_name", lambda k, p, m, n: name(k, p, at(m, n)), u32, u32, u8p, size)
        self._on("conference_peer_list_changed", events.ConferencePeerListChanged, u32)

    # running

    def iterate(self):
        self.lib.tox_iterate(self.tox, None)

    def drain_events(self):
        queue, self._queue = self._queue, []
        yield from queue

    def kill(self):
        if self.tox is not None:
            self.lib.tox_kill(self.tox)
            self.tox = None

    def get_savedata(self):
        out = c.create_string_buffer(self.lib.tox_get_savedata_size(self.tox))
        self.lib.tox_get_savedata(self.tox, out)
        return out.raw

    def bootstrap(self, host, port, public_key):
        return self._call("tox_bootstrap", host.encode(), c.c_uint16(port), public_key)

    def add_tcp_relay(self, host, port, public_key):
        return self._call("tox_add_tcp_relay", host.encode(), c.c_uint16(port), public_key)

    # one call with an error out

    def _call(self, name, *args):
        error = c.c_int(-1)
        result = getattr(self.lib, name)(self.tox, *args, c.byref(error))
        if error.value != 0:
            raise ToxError(error.value, name)
        return result

    def _fill(self, name, size):
        out = c.create_string_buffer(size or 1)
        getattr(self.lib, name)(self.tox, out)
        return out.raw[:size]

    def self_get_address(self):
        return self._fill("tox_self_get_address", 38)

    def self_get_dht_id(self):
        return self._fill("tox_self_get_dht_id", 32)

    def self_get_public_key(self):
        return self._fill("tox_self_get_public_key", 32)

    def self_get_name(self):
        return self._fill("tox_self_get_name", self.lib.tox_self_get_name_size(self.tox))

    def self_get_udp_port(self):
        return self._call("tox_self_get_udp_port")

    def self_get_connection_status(self):
        return self.lib.tox_self_get_connection_status(self.tox)

    def self_set_nospam(self, nospam):
        self.lib.tox_self_set_nospam(self.tox, c.c_uint32(nospam))

    def self_set_name(self, name):
        return self._call("tox_self_set_name", name, c.c_size_t(len(name)))

    def self_set_status_message(self, message):
        return self._call("tox_self_set_status_message", message, c.c_size_t(len(message)))

    def self_set_status(self, status):
        self.lib.tox_self_set_status(self.tox, c.c_int(status))

    def self_set_typing(self, friend_number, typing):
        return self._call("tox_self_set_typing", c.c_uint32(friend_number), c.c_bool(typing))

    def self_get_friend_list(self):
        count = self.lib.tox_self_get_friend_list_size(self.tox)
        out = (c.c_uint32 * max(count, 1))()
        self.lib.tox_self_get_friend_list(self.tox, out)
        return list(out)[:count]

    def friend_add(self, address, message):
        return self._call("tox_friend_add", address, message, c.c_size_t(len(message)))

    def friend_add_norequest(self, public_key):
        return self._call("tox_friend_add_norequest", public_key)

    def friend_delete(self, friend_number):
        return self._call("tox_friend_delete", c.c_uint32(friend_number))

    def friend_by_public_key(self, public_key):
        return self._call("tox_friend_by_public_key", public_key)

    def friend_get_connection_status(self, friend_number):
        return self._call("tox_friend_get_connection_status", c.c_uint32(friend_number))

    def _friend_text(self, field, friend_number):
        number = c.c_uint32(friend_number)
        size = self._call(f"tox_friend_get_{field}_size", number)
        out = c.create_string_buffer(size or 1)
        self._call(f"tox_friend_get_{field}", number, out)
        return out.raw[:size]

    def friend_get_name(self, friend_number):
        return self._friend_text("name", friend_number)

    def friend_get_status_message(self, friend_number):
        return self._friend_text("status_message", friend_number)

    def friend_get_public_key(self, friend_number):
        out = c.create_string_buffer(32)
        self._call("tox_friend_get_public_key", c.c_uint32(friend_number), out)
        return out.raw

    def friend_get_last_online(self, friend_number):
        return self._call("tox_friend_get_last_online", c.c_uint32(friend_number))

    def friend_send_message(self, friend_number, kind, message):
        return self._call(
            "tox_friend_send_message",
            c.c_uint32(friend_number),
            c.c_int(kind),
            message,
            c.c_size_t(len(message)),
        )

    def friend_send_lossy_packet(self, friend_number, data):
        return self._call(
            "tox_friend_send_lossy_packet", c.c_uint32(friend_number), data, c.c_size_t(len(data))
        )

    def friend_send_lossless_packet(self, friend_number, data):
        return self._call(
            "tox_friend_send_lossless_packet", c.c_uint32(friend_number), data, c.c_size_t(len(data))
        )

    # files

    def file_send(self, friend_number, kind, file_size, file_id, filename):
        friend, size = c.c_uint32(friend_number), c.c_uint64(file_size)
        length = c.c_size_t(len(filename or b""))
        return self._call("tox_file_send", friend, c.c_uint32(kind), size, file_id, filename, length)

    def file_send_chunk(self, friend_number, file_number, position, data):
        numbers = c.c_uint32(friend_number), c.c_uint32(file_number), c.c_uint64(position)
        return self._call("tox_file_send_chunk", *numbers, data, c.c_size_t(len(data)))

    def file_control(self, friend_number, file_number, control):
        numbers = c.c_uint32(friend_number), c.c_uint32(file_number)
        return self._call("tox_file_control", *numbers, c.c_int(control))

    def file_seek(self, friend_number, file_number, position):
        numbers = c.c_uint32(friend_number), c.c_uint32(file_number)
        return self._call("tox_file_seek", *numbers, c.c_uint64(position))

    def file_get_file_id(self, friend_number, file_number):
        out = c.create_string_buffer(32)
        self._call("tox_file_get_file_id", c.c_uint32(friend_number), c.c_uint32(file_number), out)
        return out.raw

    # conferences

    def _text(self, field, *numbers):
        """A name or title: the call for its size, then the one that fills it."""
        size = self._call(f"tox_conference_{field}_size", *numbers)
        out = c.create_string_buffer(size or 1)
        self._call(f"tox_conference_{field}", *numbers, out)
        return out.raw[:size]

    def _key(self, field, *numbers):
        out = c.create_string_buffer(32)
        self._call(f"tox_conference_{field}", *numbers, out)
        return out.raw

    def conference_new(self):
        return self._call("tox_conference_new")

    def conference_delete(self, number):
        return self._call("tox_conference_delete", c.c_uint32(number))

    def conference_invite(self, friend_number, number):
        return self._call("tox_conference_invite", c.c_uint32(friend_number), c.c_uint32(number))

    def conference_join(self, friend_number, cookie):
        size = c.c_size_t(len(cookie))
        return self._call("tox_conference_join", c.c_uint32(friend_number), cookie, size)

    def conference_send_message(self, number, kind, message):
        text = message, c.c_size_t(len(message))
        return self._call("tox_conference_send_message", c.c_uint32(number), c.c_int(kind), *text)

    def conference_get_title(self, number):
        return self._text("get_title", c.c_uint32(number))

    def conference_set_title(self, number, title):
        return self._call("tox_conference_set_title", c.c_uint32(number), title, c.c_size_t(len(title)))

    def conference_get_chatlist(self):
        count = self.lib.tox_conference_get_chatlist_size(self.tox)
        out = (c.c_uint32 * max(count, 1))()
        self.lib.tox_conference_get_chatlist(self.tox, out)
        return list(out)[:count]

    def conference_get_type(self, number):
        return self._call("tox_conference_get_type", c.c_uint32(number))

    def conference_get_id(self, number):
        out = c.create_string_buffer(32)
        assert self.lib.tox_conference_get_id(self.tox, c.c_uint32(number), out)
        return out.raw

    def conference_by_id(self, conference_id):
        return self._call("tox_conference_by_id", conference_id)

    def conference_peer_count(self, number):
        return self._call("tox_conference_peer_count", c.c_uint32(number))

    def conference_peer_get_name(self, number, peer):
        return self._text("peer_get_name", c.c_uint32(number), c.c_uint32(peer))

    def conference_peer_get_public_key(self, number, peer):
        return self._key("peer_get_public_key", c.c_uint32(number), c.c_uint32(peer))

    def conference_peer_number_is_ours(self, number, peer):
        return self._call("tox_conference_peer_number_is_ours", c.c_uint32(number), c.c_uint32(peer))

    def conference_offline_peer_count(self, number):
        return self._call("tox_conference_offline_peer_count", c.c_uint32(number))

    def conference_offline_peer_get_name(self, number, peer):
        return self._text("offline_peer_get_name", c.c_uint32(number), c.c_uint32(peer))

    def conference_offline_peer_get_public_key(self, number, peer):
        return self._key("offline_peer_get_public_key", c.c_uint32(number), c.c_uint32(peer))

    def conference_offline_peer_get_last_active(self, number, peer):
        name = "tox_conference_offline_peer_get_last_active"
        return self._call(name, c.c_uint32(number), c.c_uint32(peer))

    def conference_set_max_offline(self, number, most):
        return self._call("tox_conference_set_max_offline", c.c_uint32(number), c.c_uint32(most))
