"""A call in a Python program that has the C library by ctypes: python host.py LIBRARY CDLL|PyDLL.

With PyDLL it calls us with the interpreter's lock held, and its callbacks count on it.
"""

import ctypes
import sys
import time
from ctypes import POINTER, c_bool, c_char_p, c_int, c_int16, c_size_t, c_uint8, c_uint16, c_uint32, c_void_p
from itertools import pairwise

NODES = 6
LIMIT_S = 60
SAMPLES = 960
CANCEL = 2

LIBRARY = getattr(ctypes, sys.argv[2])(sys.argv[1])
#: of a callback
PROTOTYPE = ctypes.PYFUNCTYPE if sys.argv[2] == "PyDLL" else ctypes.CFUNCTYPE
NODE, AV, FRIEND, USER_DATA = c_void_p, c_void_p, c_uint32, c_void_p
PLANES = c_void_p, c_void_p, c_void_p, c_int, c_int, c_int

heard = []


@PROTOTYPE(None, AV, FRIEND, c_bool, c_bool, USER_DATA)
def on_call(av, friend, audio, video, user_data):
    heard.append(("call", audio, video, user_data))
    assert LIBRARY.toxav_answer(AV(av), friend, 32, 100, None)


@PROTOTYPE(None, AV, FRIEND, c_uint32, USER_DATA)
def on_state(_av, _friend, state, _user_data):
    heard.append(("state", state))


@PROTOTYPE(None, AV, FRIEND, POINTER(c_int16), c_size_t, c_uint8, c_uint32, USER_DATA)
def on_sound(_av, _friend, pcm, count, channels, rate, _user_data):
    heard.append(("sound", len(pcm[:count]), channels, rate))


@PROTOTYPE(None, AV, FRIEND, c_uint16, c_uint16, *PLANES, USER_DATA)
def on_picture(av, friend, width, height, y, *_more):
    heard.append(("picture", width, height, len(ctypes.string_at(y, width))))
    assert LIBRARY.toxav_call_control(AV(av), friend, CANCEL, None)


def start():
    for name in ("tox_new", "toxav_new", "tox_options_new"):
        getattr(LIBRARY, name).restype = c_void_p
    LIBRARY.tox_self_get_udp_port.restype = c_uint16
    options = c_void_p(LIBRARY.tox_options_new(None))
    LIBRARY.tox_options_set_local_discovery_enabled(options, False)
    nodes = [NODE(LIBRARY.tox_new(options, None)) for _ in range(NODES)]
    LIBRARY.tox_options_free(options)
    key = ctypes.create_string_buffer(32)
    for before, node in pairwise(nodes):
        LIBRARY.tox_self_get_dht_id(before, key)
        assert LIBRARY.tox_bootstrap(
            node, b"127.0.0.1", LIBRARY.tox_self_get_udp_port(before, None), key, None
        )
    for one, other in (nodes[:2], nodes[1::-1]):
        LIBRARY.tox_self_get_public_key(other, key)
        assert LIBRARY.tox_friend_add_norequest(one, key, None) == 0
    avs = [AV(LIBRARY.toxav_new(node, None)) for node in nodes[:2]]
    for av in avs:
        LIBRARY.toxav_callback_call(av, on_call, USER_DATA(77))
        LIBRARY.toxav_callback_call_state(av, on_state, None)
        LIBRARY.toxav_callback_audio_receive_frame(av, on_sound, None)
        LIBRARY.toxav_callback_video_receive_frame(av, on_picture, None)
    return nodes, avs


def main():
    nodes, avs = start()

    def until(condition):
        end = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < end, heard
            for node in nodes:
                LIBRARY.tox_iterate(node, None)
            for av in avs:
                LIBRARY.toxav_iterate(av)
            time.sleep(0.002)

    alice = avs[0]
    until(lambda: LIBRARY.toxav_call(alice, 0, 32, 100, None))
    until(lambda: len(heard) == 2)
    assert heard == [("call", True, True, 77), ("state", 60)]
    pcm = (c_int16 * SAMPLES)()
    until(
        lambda: LIBRARY.toxav_audio_send_frame(alice, 0, pcm, c_size_t(SAMPLES), 1, 48000, None) and heard[2:]
    )
    assert heard[2] == ("sound", SAMPLES, 1, 48000)
    grey = c_char_p(bytes([128]) * 64 * 48)
    until(lambda: not LIBRARY.toxav_video_send_frame(alice, 0, 64, 48, grey, grey, grey, None))
    assert heard[-2:] == [("picture", 64, 48, 64), ("state", 2)]
    for av in avs:
        LIBRARY.toxav_kill(av)
    for node in nodes:
        LIBRARY.tox_kill(node)
    print("ok")


main()
