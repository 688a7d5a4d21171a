"""The rows of the table: which number of which case it shows, and what we want it to be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One number. Exactly one of `times`, `at_most` and `at_least` says what ours should be.

    times: so many times as good as the real library (twice the speed and half the time are both 2).
    at_most, at_least: so much, in the unit of the row.
    mixed: what one side ours, one side real must be beside two real ones: "better", "no worse"; "": not run.
    """

    case: str
    metric: str
    what: str
    unit: str
    times: float = 0.0
    at_most: float = 0.0
    at_least: float = 0.0
    mixed: str = ""
    scale: float = 1.0

    @property
    def goal(self) -> str:
        """For people."""
        if self.at_most:
            return f"at most {self.at_most:g} {self.unit}".rstrip()
        if self.at_least:
            return f"at least {self.at_least:g} {self.unit}".rstrip()
        return f"{self.times:.3g} times as good" if self.times != 1 else "as good"


def _files() -> list[Row]:
    cpu = [
        Row(
            "file_big",
            f"{side}_cpu_s_per_mb",
            f"192 MiB file: CPU of the {who}",
            "ms/MB",
            times=1,
            scale=1000,
        )
        for side, who in (("a", "sender"), ("b", "receiver"))
    ]
    return [
        Row("file_small", "first_mib_s", "1 MiB photo, normal loop", "s", at_most=0.3, mixed="better"),
        Row("file_interval", "mb_per_s", "16 MiB file, normal loop", "MB/s", times=10, mixed="better"),
        Row("file_tight", "mb_per_s", "64 MiB file, tight loop", "MB/s", times=4, mixed="better"),
        Row(
            "file_big", "second_half_mb_per_s", "192 MiB file, second half", "MB/s", times=1, mixed="no worse"
        ),
        *cpu,
        Row("file_tcp", "mb_per_s", "16 MiB file through a real relay", "MB/s", times=3, mixed="better"),
    ]


def _messages() -> list[Row]:
    speeds = [
        ("msgs_burst", "10 000 messages at once, tight loop", 1),
        ("msgs_tight", "60 000 messages, tight loop", 1),
        ("msgs_window", "30 000 messages, 256 under way, tight loop", 1),
        ("msgs_interval", "5 000 messages at once, normal loop", 5),
        ("msgs_interval_window", "5 000 messages, 256 under way, normal loop", 2),
    ]
    rows = [
        Row(case, "msgs_per_s", what, "1/s", times=times, mixed="no worse") for case, what, times in speeds
    ]
    for case, what, times in speeds:
        if times > 1:
            metric = "wire_packets_per_item"
            rows.append(Row(case, metric, f"{what}: packets per message", "", at_most=1.1))
    return rows


def _packets() -> list[Row]:
    rows = []
    for case, what in (
        ("lossless", "lossless packets"),
        ("lossy_flood", "lossy packets, flood"),
        ("lossy_paced", "2 000 lossy packets a second"),
    ):
        if case != "lossy_paced":
            rows.append(Row(case, "delivered_per_s", what, "1/s", times=1, mixed="no worse"))
        for side, who in (("a", "sender"), ("b", "receiver")):
            metric = f"{side}_cpu_us_per_packet"
            rows.append(Row(case, metric, f"{what}: CPU of the {who}", "us/packet", times=1))
    return rows


def _sessions() -> list[Row]:
    return [
        Row(
            "ping_interval",
            "p50_ms",
            "answer to a message, normal loop, median",
            "ms",
            at_most=5,
            mixed="better",
        ),
        Row(
            "ping_tight",
            "p50_ms",
            "answer to a message, tight loop, median",
            "ms",
            at_most=0.2,
            mixed="no worse",
        ),
        Row("connect_udp", "both_s", "two friends find each other, UDP", "s", at_most=3, mixed="no worse"),
        Row(
            "connect_tcp",
            "both_s",
            "two friends find each other, relay only",
            "s",
            at_most=3,
            mixed="no worse",
        ),
        Row("friend_request", "join_s", "friend request: joining the DHT", "s", times=2, mixed="no worse"),
        Row("friend_request", "online_s", "friend request until online", "s", times=2, mixed="no worse"),
        Row("idle_1", "cpu_s_per_min", "idle, one friend: CPU", "s/min", times=1),
        Row("idle_100", "cpu_s_per_min", "idle, 100 friends offline: CPU", "s/min", times=1 / 0.15),
        Row("many", "connected_s", "20 instances in one process, all connected", "s", times=1),
        Row("many", "cpu_s", "20 instances in one process: CPU", "s", times=1 / 1.5),
    ]


def _single_calls() -> list[Row]:
    return [
        Row("startup", "first_ms", "process start until the first tox_new is done", "ms", at_most=35),
        Row("startup", "rss1_mb", "memory of a process with one instance", "MiB", at_most=16),
        Row("startup", "per_instance_kb", "memory of a further instance", "KiB", at_most=1024),
        Row("save_load", "save_cpu_ms", "save with 1 000 friends: CPU", "ms", times=1 / 3),
        Row("save_load", "load_cpu_ms", "load with 1 000 friends: CPU", "ms", times=1),
        Row("save_load", "encrypt_cpu_ms", "encrypt this save: CPU", "ms", times=1),
        Row("api", "public_key_us", "getter (public key): CPU", "us", at_most=0.05),
        Row("api", "friend_status_us", "getter (a friend's connection): CPU", "us", at_most=0.05),
        Row("api", "name_set_us", "setting the name: CPU", "us", at_most=1),
    ]


def _servers() -> list[Row]:
    rows = [
        Row("dht_flood", "ping_cpu_us_per_reply", "DHT ping answered: CPU", "us", times=1),
        Row("dht_flood", "nodes_cpu_us_per_reply", "DHT nodes request answered: CPU", "us", times=1),
    ]
    for case, what, times in (
        ("relay_load", "relay in a tight loop", 1),
        ("relay_load_interval", "relay in a normal loop", 2),
    ):
        rows.append(Row(case, "mb_per_s", what, "MB/s", times=times))
        rows.append(Row(case, "relay_cpu_s_per_mb", f"{what}: CPU", "ms/MB", times=1, scale=1000))
    return rows


def _conferences() -> list[Row]:
    cpu = "CPU per delivery"
    what = "invited to a conference at once"
    rows = [
        Row("conference_join_10", "join_s", f"10 {what}", "s", times=1, mixed="no worse"),
        Row("conference_join_30", "join_s", f"30 {what}", "s", at_most=5),
    ]
    for members in (2, 10, 30):
        case, what = f"conference_{members}", f"conference of {members}, 40-byte messages"
        rows.append(Row(case, "msgs_per_s", what, "1/s", times=2, mixed="no worse"))
        rows.append(Row(case, "cpu_us_per_delivery", f"{what}: {cpu}", "us", times=1))
        rows.append(Row(case, "tight_msgs_per_s", f"{what}, tight loop", "1/s", times=1, mixed="no worse"))
        rows.append(Row(case, "tight_cpu_us_per_delivery", f"{what}, tight loop: {cpu}", "us", times=1))
    rows.append(Row("conference_30", "idle_cpu_pct", "conference of 30, idle: CPU of all", "%", times=1))
    return rows


def _groups() -> list[Row]:
    cpu = "CPU per delivery"
    rows = []
    for members, times in ((2, 1), (10, 1.5), (30, 2)):
        case, what = f"group_{members}", f"group of {members}, 40-byte messages"
        rows.append(Row(case, "msgs_per_s", what, "1/s", times=times, mixed="no worse"))
        rows.append(Row(case, "cpu_us_per_delivery", f"{what}: {cpu}", "us", times=1))
        rows.append(Row(case, "burst_msgs_per_s", f"{what}, burst", "1/s", times=times, mixed="no worse"))
        rows.append(Row(case, "burst_cpu_us_per_delivery", f"{what}, burst: {cpu}", "us", times=1))
    rows.append(Row("group_30", "idle_cpu_pct", "group of 30, idle: CPU of all", "%", times=1))
    rows.append(Row("group_30", "kb_per_member", "group of 30: memory per member", "KiB", at_most=20))
    for percent, at_most in ((2, 60), (5, 200)):
        case, what = f"group_loss_{percent}", f"group, 1300-byte messages, {percent}% lost"
        rows.append(Row(case, "delivered_pct", f"{what}: delivered", "%", times=1, mixed="no worse"))
        rows.append(Row(case, "p90_ms", f"{what}: latency, 90th percentile", "ms", at_most=at_most))
    return rows


def _calls() -> list[Row]:
    both = "audio call, both ways"
    rows = [
        Row("av_audio", "caller_hears_ms", "call until the caller hears", "ms", at_most=50, mixed="better"),
        Row("av_audio", "callee_hears_ms", "call until the callee hears", "ms", at_most=50, mixed="better"),
        Row("av_audio", "a_late_p50_ms", f"{both}: delay, median", "ms", at_most=5, mixed="no worse"),
        Row(
            "av_audio", "a_late_p95_ms", f"{both}: delay, 95th percentile", "ms", at_most=10, mixed="no worse"
        ),
        Row("av_audio", "a_cpu_per_s", f"{both}: CPU of the caller", "ms/s", at_most=65, scale=1000),
        Row("av_audio", "a_call_mb", f"{both}: memory of the caller", "MiB", at_most=0.5),
    ]
    for percent, right in ((5, 49.7), (20, 48)):
        what = f"audio call, {percent}% lost: right frames of 50"
        case = f"av_audio_loss_{percent}"
        rows.append(Row(case, "right_per_s", what, "1/s", at_least=right, mixed="no worse"))
    video = "video call, 640x480 at 1000 kbit/s"
    rows += [
        Row("av_video", "a_cpu_per_s", f"{video}: CPU of the sender", "ms/s", at_most=250, scale=1000),
        Row("av_video", "b_cpu_per_s", f"{video}: CPU of the receiver", "ms/s", at_most=170, scale=1000),
        Row("av_video", "psnr_db", f"{video}: PSNR", "dB", at_least=41.5),
        Row("av_video", "a_call_mb", f"{video}: memory of the sender", "MiB", at_most=14),
    ]
    for percent, shown, broken in ((5, 25, 45), (20, 20, 0)):
        case, what = f"av_video_loss_{percent}", f"video call, {percent}% lost"
        rows.append(Row(case, "pictures_per_s", f"{what}: pictures shown", "1/s", at_least=shown))
        if broken:
            metric = "broken_pct"
            rows.append(Row(case, metric, f"{what}: share of pictures below 25 dB", "%", at_most=broken))
        else:
            rows.append(Row(case, "psnr_db", f"{what}: PSNR", "dB", at_least=15))
    for members in (3, 10):
        case, what = f"conference_audio_{members}", f"conference of {members} with audio, one speaks"
        rows.append(Row(case, "late_p50_ms", f"{what}: delay, median", "ms", at_most=5, mixed="no worse"))
        rows.append(Row(case, "cpu_us_per_delivery", f"{what}: CPU per frame and listener", "us", times=1))
    return rows


_TABLE = [*_files(), *_messages(), *_packets(), *_sessions(), *_single_calls(), *_servers()]
_CHATS = [*_conferences(), *_groups()]
_CALLS = _calls()
ROWS = [*_TABLE, *_CHATS, *_CALLS]
TABLE_CASES = list(dict.fromkeys(row.case for row in _TABLE))
#: conferences and groups: another hour for five rounds
CHAT_CASES = list(dict.fromkeys(row.case for row in _CHATS))
#: calls: twenty minutes more
CALL_CASES = list(dict.fromkeys(row.case for row in _CALLS))
#: together about three minutes with both libraries
QUICK_CASES = [
    "startup",
    "api",
    "save_load",
    "dht_flood",
    "ping_interval",
    "file_small",
    "file_tight",
    "msgs_tight",
    "lossless",
]
