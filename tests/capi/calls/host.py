"""A call in a Python program that has the C library by ctypes: python host.py LIBRARY CDLL|PyDLL.

With PyDLL it calls us with the interpreter's lock held, and its callbacks count on it.
"""

import ctypes
import sys
import time
from ctypes import POINTER, c_bool, c_char_p, c_int, c_int16, c_size_t, c_uint8, c_uint16, c_uint32, c_void_p

NODES = 6
LIMIT_S = 60
SAMPLES = 960


def main():
    library = getattr(ctypes, sys.argv[2])(sys.argv[1])
    prototype = ctypes.PYFUNCTYPE if sys.argv[2] == "PyDLL" else ctypes.CFUNCTYPE
    for name in ("tox_new", "toxav_new", "tox_options_new"):
        getattr(library, name).restype = c_void_p
    library.tox_self_get_udp_port.restype = c_uint16
    plain = library.tox_options_new(None)
    library.tox_options_set_local_discovery_enabled(c_void_p(plain), False)
    nodes = [c_void_p(library.tox_new(c_void_p(plain), None)) for _ in range(NODES)]
    key = ctypes.create_string_buffer(32)
    for before, node in zip(nodes, nodes[1:]):
        library.tox_self_get_dht_id(before, key)
        assert library.tox_bootstrap(
            node, b"127.0.0.1", library.tox_self_get_udp_port(before, None), key, None
        )
    for one, other in (nodes[:2], nodes[1::-1]):
        library.tox_self_get_public_key(other, key)
        assert library.tox_friend_add_norequest(one, key, None) == 0
    alice, bob = avs = [c_void_p(library.toxav_new(node, None)) for node in nodes[:2]]
    heard = []

    def until(condition):
        end = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < end, heard
            for node in nodes:
                library.tox_iterate(node, None)
            for av in avs:
                library.toxav_iterate(av)
            time.sleep(0.002)

    @prototype(None, c_void_p, c_uint32, c_bool, c_bool, c_void_p)
    def on_call(av, friend, audio, video, user_data):
        heard.append(("call", audio, video, user_data))
        assert library.toxav_answer(c_void_p(av), friend, 32, 100, None)

    @prototype(None, c_void_p, c_uint32, c_uint32, c_void_p)
    def on_state(av, friend, state, user_data):
        heard.append(("state", state))

    @prototype(None, c_void_p, c_uint32, POINTER(c_int16), c_size_t, c_uint8, c_uint32, c_void_p)
    def on_sound(av, friend, pcm, count, channels, rate, user_data):
        heard.append(("sound", count, channels, rate, len(pcm[:count])))

    planes = c_void_p, c_void_p, c_void_p, c_int, c_int, c_int

    @prototype(None, c_void_p, c_uint32, c_uint16, c_uint16, *planes, c_void_p)
    def on_picture(av, friend, width, height, y, u, v, ystride, ustride, vstride, user_data):
        heard.append(("picture", width, height, ctypes.string_at(y, 1)))
        assert library.toxav_call_control(c_void_p(av), friend, 2, None)

    for av in avs:
        library.toxav_callback_call(av, on_call, c_void_p(77))
        library.toxav_callback_call_state(av, on_state, None)
        library.toxav_callback_audio_receive_frame(av, on_sound, None)
        library.toxav_callback_video_receive_frame(av, on_picture, None)
    until(lambda: library.tox_friend_get_connection_status(nodes[0], 0, None))
    until(lambda: library.toxav_call(alice, 0, 32, 100, None))
    until(lambda: len(heard) == 2)
    assert heard == [("call", True, True, 77), ("state", 60)]
    pcm = (c_int16 * SAMPLES)()
    until(
        lambda: library.toxav_audio_send_frame(alice, 0, pcm, c_size_t(SAMPLES), 1, 48000, None) and heard[2:]
    )
    assert heard[2] == ("sound", SAMPLES, 1, 48000, SAMPLES)
    grey = c_char_p(bytes([128]) * 64 * 48)
    until(lambda: not library.toxav_video_send_frame(alice, 0, 64, 48, grey, grey, grey, None))
    assert heard[-2][:3] == ("picture", 64, 48) and heard[-1] == ("state", 2)
    for av in avs:
        library.toxav_kill(av)
    for node in nodes:
        library.tox_kill(node)
    print("ok")


main()
