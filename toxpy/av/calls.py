"""The calls of an instance: what friends send about them, and what our user does. c-toxcore: toxav.c.

A friend has at most one call with us. Whatever happens to one is an event. Sound and pictures are no events:
`media` has them, for any thread. All other functions are for whoever has the instance's lock.

A call outlives its friend's connection for some seconds. If the friend comes back within the time we ring
again, and a friend that still has the call answers without asking its user. It does not outlive silence until
the friend counts as offline, nor the friend's client: what one that began anew sends is about another call.
"""

from __future__ import annotations

from toxpy.av import msi
from toxpy.av.bandwidth import BANDWIDTH
from toxpy.av.between_ours import HELLO, REPORT
from toxpy.av.call import Call, Ring
from toxpy.av.flow import Flow
from toxpy.av.media import CallMedia
from toxpy.av.repeats import KEY, REPEAT
from toxpy.av.rtp import AUDIO, VIDEO
from toxpy.av.table import CallTable
from toxpy.dht.budget import TokenBucket
from toxpy.errors import api_error
from toxpy.friend.connection import expect, make_room
from toxpy.friend.friend import FRIEND_ONLINE
from toxpy.friend.packets import PACKET_MSI
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.media.codecs import load
from toxpy.media.formats import CodecError
from toxpy.runtime import LOG_WARNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers
    from toxpy.media.codecs import Codecs

#: Packets that two of ours send each other.
OURS = (HELLO, REPORT, REPEAT, KEY)
#: Bit rates that users may allow, kbit/s; 0 is none of it. c-toxcore's.
MIN_AUDIO_RATE, MAX_AUDIO_RATE = 6, 510
MAX_VIDEO_RATE = 1_000_000
#: Packets of the signalling that a friend may send: at once, and in each second. After one that is dropped
#: both may have different ideas of the call, so there is room for whatever a program does.
MAX_SIGNALS, SIGNALS_PER_S = 100, 20
#: Time in ms that a friend in a call has to come back, and then to go on with the call.
AWAY_MS, AGAIN_MS = 10_000, 5_000
#: How often we look whether it is back, in ms.
LOOK_MS = 200
#: How often we look after an answered call, in ms.
CARE_MS = 1_000
STATE_ERROR = enums.TOXAV_FRIEND_CALL_STATE_ERROR
STATE_FINISHED = enums.TOXAV_FRIEND_CALL_STATE_FINISHED


def _are_rates(audio: int, video: int) -> bool:
    """True for bit rates that a call may have."""
    return (audio == 0 or MIN_AUDIO_RATE <= audio <= MAX_AUDIO_RATE) and 0 <= video <= MAX_VIDEO_RATE


class Calls:
    """All of them. `listeners` are the callbacks that our program has, see `CallsCore.toxav_listen`."""

    __slots__ = ("_codecs", "_listeners", "_messenger", "_rt", "_signals", "_table", "media")

    def __init__(self, layers: Layers, listeners: set[str], codecs: Codecs | None) -> None:
        """`codecs` are for tests; None for the real ones."""
        self._messenger = messenger = layers.messenger
        self._rt = layers.rt
        self._listeners = listeners
        self._codecs = codecs
        self._table = CallTable(messenger)
        self.media = CallMedia(self._table, rt=layers.rt)
        #: how many packets of the signalling a friend may send now
        self._signals: dict[FriendState, TokenBucket] = {}
        for kind, handler in self._kinds().items():
            # a program with calls of its own may have asked for these
            messenger.incoming.report_call_packets(kind, wanted=False)
            messenger.packets.claim(kind, handler)

    def _kinds(self) -> dict[int, Callable[[FriendState, bytes], None]]:
        return {
            PACKET_MSI: self._on_signal,
            AUDIO: self._on_audio,
            VIDEO: self._on_video,
            BANDWIDTH: self._on_bandwidth,
            **dict.fromkeys(OURS, self._on_ours),
        }

    def close(self) -> None:
        """Hang up everything; packets of calls are nobody's any more."""
        for call in list(self._table.by_friend.values()):
            self._hang_up(call)
        for kind in self._kinds():
            self._messenger.packets.handlers[kind] = None

    # what our user does

    def call(self, number: int, audio: int, video: int) -> None:
        """Ring at a friend."""
        prefix = "TOXAV_ERR_CALL_"
        if not _are_rates(audio, video):
            raise api_error(prefix + "INVALID_BIT_RATE")
        friend = self._table.friend(number, prefix + "FRIEND_NOT_FOUND")
        if friend.status != FRIEND_ONLINE:
            raise api_error(prefix + "FRIEND_NOT_CONNECTED", retryable=True)
        if friend in self._table.by_friend:
            raise api_error(prefix + "FRIEND_ALREADY_IN_CALL")
        self._need_codecs(prefix + "MALLOC")
        self._rt.converse()
        call = Call(friend)
        call.audio_bit_rate, call.video_bit_rate = audio, video
        if not call.signalling.call(call.capabilities()):
            raise api_error(prefix + "SYNC", retryable=True)
        self._table.by_friend[friend] = call

    def answer(self, number: int, audio: int, video: int) -> None:
        """Take the call of a friend who rings."""
        prefix = "TOXAV_ERR_ANSWER_"
        friend = self._table.friend(number, prefix + "FRIEND_NOT_FOUND")
        if not _are_rates(audio, video):
            raise api_error(prefix + "INVALID_BIT_RATE")
        call = self._table.known(friend)
        if call is None:
            raise api_error(prefix + "FRIEND_NOT_CALLING")
        hears = self._listeners & {"audio_receive_frame", "video_receive_frame"}
        if not hears:
            raise api_error(prefix + "CODEC_INITIALIZATION")
        self._need_codecs(prefix + "CODEC_INITIALIZATION")
        if call.signalling.state != msi.REQUESTED:
            raise api_error(prefix + "SYNC")
        self._rt.converse()
        call.audio_bit_rate, call.video_bit_rate = audio, video
        call.signalling.answer(call.capabilities())
        self._begin(call)

    def control(self, number: int, control: int) -> None:
        """One of TOXAV_CALL_CONTROL."""
        prefix = "TOXAV_ERR_CALL_CONTROL_"
        if control == enums.TOXAV_CALL_CONTROL_CANCEL:
            friend = self._table.friend(number, prefix + "FRIEND_NOT_FOUND")
            call = self._table.known(friend)
            if call is None:
                raise api_error(prefix + "FRIEND_NOT_IN_CALL")
            self._rt.converse()
            self._hang_up(call)
            return
        call = self._table.answered(number, prefix)
        self._rt.converse()
        if not call.control(control):
            raise api_error(prefix + "INVALID_TRANSITION")

    def set_audio_bit_rate(self, number: int, kbit: int) -> None:
        """How much sound may take; 0 for none."""
        call = self._rated(number, kbit, 0)
        call.set_bit_rates(kbit, call.video_bit_rate)

    def set_video_bit_rate(self, number: int, kbit: int) -> None:
        """How much pictures may take; 0 for none."""
        call = self._rated(number, 0, kbit)
        call.set_bit_rates(call.audio_bit_rate, kbit)

    def _rated(self, number: int, audio: int, video: int) -> Call:
        prefix = "TOXAV_ERR_BIT_RATE_SET_"
        self._table.friend(number, prefix + "FRIEND_NOT_FOUND")
        if not _are_rates(audio, video):
            raise api_error(prefix + "INVALID_BIT_RATE")
        call = self._table.answered(number, prefix)
        self._rt.converse()
        return call

    # what friends send

    def _on_signal(self, friend: FriendState, data: bytes) -> None:
        now_ms = self._rt.clock.now_ms
        bucket = self._signals.get(friend)
        if bucket is None:
            bucket = self._signals[friend] = TokenBucket(SIGNALS_PER_S, MAX_SIGNALS, now_ms)
        if not bucket.take(now_ms):
            self._rt.counters.drop("call_signals")
            return
        call = self._table.by_friend.get(friend)
        if call is None or self._is_left_behind(call):
            call = Call(friend)
        news = call.signalling.receive(data)
        if news == msi.INVITED:
            self._on_invited(call)
        elif news == msi.STARTED:
            self._on_started(call)
        elif news == msi.CHANGED:
            self._report(call, call.signalling.theirs)
        elif news in (msi.FINISHED, msi.FAILED):
            self._end(call)
            self._report(call, STATE_FINISHED if news == msi.FINISHED else STATE_ERROR)
        if call.flow is not None and news in (msi.NOTHING, msi.CHANGED):
            call.flow.begin_again()

    def _on_invited(self, call: Call) -> None:
        if "call" not in self._listeners:
            call.signalling.refuse()
            return
        friend, theirs = call.friend, call.signalling.theirs
        self._table.by_friend[friend] = call
        audio, video = bool(theirs & msi.SENDS_AUDIO), bool(theirs & msi.SENDS_VIDEO)
        self._messenger.events.append(ev.ToxavCall(friend.number, audio, video, owner=Ring(call)))

    def _on_started(self, call: Call) -> None:
        if "call_state" not in self._listeners:
            # as in c-toxcore: a program that does not hear of it would let the friend talk to nobody
            call.signalling.refuse()
            self._end(call)
            return
        self._begin(call)
        self._report(call, call.signalling.theirs)

    def _on_audio(self, friend: FriendState, data: bytes) -> None:
        call = self._table.by_friend.get(friend)
        if call is None or call.flow is None or not call.hears():
            self._rt.counters.drop("call_audio")
            return
        call.flow.on_audio(data)

    def _on_video(self, friend: FriendState, data: bytes) -> None:
        call = self._table.by_friend.get(friend)
        if call is None or call.flow is None or not call.sees():
            self._rt.counters.drop("call_video")
            return
        call.flow.on_video(data)

    def _on_ours(self, friend: FriendState, data: bytes) -> None:
        call = self._table.by_friend.get(friend)
        if call is None or call.flow is None or call.signalling.state != msi.ACTIVE:
            self._rt.counters.drop("call_ours")
            return
        call.flow.on_ours(data)

    def _on_bandwidth(self, friend: FriendState, data: bytes) -> None:
        call = self._table.by_friend.get(friend)
        if call is None or call.flow is None:
            self._rt.counters.drop("call_bandwidth")
            return
        kbit = call.flow.on_report(data, call.audio_bit_rate)
        if call.video_bit_rate:
            self._tell_video_rate(call)
        elif kbit is not None:
            self._messenger.events.append(ev.ToxavAudioBitRate(friend.number, kbit, owner=call))

    def _tell_video_rate(self, call: Call) -> None:
        """Tell our program what the line carries, if that is news."""
        friend, flow = call.friend, call.flow
        kbit = None if flow is None or not call.video_bit_rate else flow.video_suggestion()
        if kbit is not None:
            self._messenger.events.append(ev.ToxavVideoBitRate(friend.number, kbit, owner=call))

    # how calls begin and end

    def _need_codecs(self, failure: str) -> None:
        """That ToxError where there are none; it and the log say what is missing."""
        if self._codecs is None:
            try:
                self._codecs = load()
            except CodecError as error:
                reason = f"no calls: {error}"
                self._rt.log(LOG_WARNING, reason)
                raise api_error(failure, reason) from error

    def _begin(self, call: Call) -> None:
        assert self._codecs is not None
        connection = call.friend.connection
        if connection.crypto is not None:
            call.client = connection.crypto.dht_pk
        call.flow = Flow(self._codecs, connection, self._messenger.outbox, rt=self._rt)
        self._care_later(call)

    def _care_later(self, call: Call) -> None:
        call.care_timer = self._rt.timers.call_later(CARE_MS, lambda: self._care(call))

    def _care(self, call: Call) -> None:
        """Does the friend still reach us, and has the line room for more?"""
        if call.hears() or call.sees():
            expect(call.friend.connection)
        # the connection may be another one by now
        make_room(call.friend.connection, wanted=call.signalling.state == msi.ACTIVE)
        self._tell_video_rate(call)
        self._care_later(call)

    def _hang_up(self, call: Call) -> None:
        call.signalling.hang_up()
        call.is_hung_up = True
        self._end(call)

    def _end(self, call: Call) -> None:
        self._table.by_friend.pop(call.friend, None)
        make_room(call.friend.connection, wanted=False)
        call.close()

    def _fail(self, call: Call) -> None:
        self._end(call)
        self._report(call, STATE_ERROR)

    def _report(self, call: Call, state: int) -> None:
        friend = call.friend
        self._messenger.events.append(ev.ToxavCallState(friend.number, state, owner=call))

    def on_friend_gone(self, friend: FriendState) -> None:
        """It went offline, or was deleted."""
        self._signals.pop(friend, None)
        call = self._table.by_friend.get(friend)
        if call is None:
            return
        signalling = call.signalling
        if friend.deleted:
            signalling.happened(msi.FORGOTTEN)
            self._end(call)
            # not the friend's any more: our user has to hear that the call is over
            self._messenger.events.append(ev.ToxavCallState(friend.number, STATE_ERROR))
            return
        signalling.happened(msi.LEFT)
        if signalling.state == msi.AWAY and not friend.connection.steps.timed_out:
            call.until_ms = self._rt.clock.now_ms + AWAY_MS
            self._look_later(call)
            return
        # one that was silent was away long enough
        signalling.give_up()
        self._fail(call)

    def _is_left_behind(self, call: Call) -> bool:
        """True if the friend is back but not in this call, which is over then."""
        is_over = call.is_with_another() and call.signalling.happened(msi.ANEW)
        if is_over:
            self._fail(call)
        return is_over

    def _look_later(self, call: Call) -> None:
        if call.timer is not None:
            call.timer.cancel()
        call.timer = self._rt.timers.call_later(LOOK_MS, lambda: self._look(call))

    def _look(self, call: Call) -> None:
        """Is the friend back, or has it answered?"""
        call.timer = None
        signalling, now_ms = call.signalling, self._rt.clock.now_ms
        if signalling.state not in (msi.AWAY, msi.AGAIN):
            return
        if now_ms >= call.until_ms:
            signalling.give_up()
            self._fail(call)
            return
        if signalling.state == msi.AWAY and call.friend.status == FRIEND_ONLINE:
            if self._is_left_behind(call):
                return
            signalling.ring_again()
            call.until_ms = now_ms + AGAIN_MS
        self._look_later(call)
