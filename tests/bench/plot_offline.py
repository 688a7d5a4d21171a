"""Draw what `tests.support.offline_week` wrote, and print it as a table: `... week.json docs/offline`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot

from tests.support.offline_week import summary

HOUR_S = 3600
GOAL = 0.999


def finish(figure, path):
    figure.tight_layout()
    figure.savefig(path, dpi=60, metadata={"Software": None})
    print(path)


def share_until(delays, count):
    """Points of the share of `count` that was there after so many seconds."""
    return [max(delay, 1) for delay in delays], [
        number / max(count, 1) for number in range(1, len(delays) + 1)
    ]


def draw_delays(results, path):
    """The share of messages that were shown, by the time since the recipient is back."""
    figure, (axis, tail) = pyplot.subplots(1, 2, figsize=(11, 3.4))
    for name, result in results.items():
        points = share_until(result["delays_s"], result["away_due"])
        axis.plot(*points, label=name)
        tail.plot(points[0], [max(1 - share, 1e-5) for share in points[1]], label=name)
    for one in (axis, tail):
        one.axvline(HOUR_S, color="grey", linewidth=0.7, linestyle="--")
        one.set_xscale("log")
        one.set_xlabel("seconds since the recipient is back (dashed: one hour)")
    axis.set_ylabel("share of messages shown")
    axis.set_ylim(0, 1.02)
    axis.legend(loc="lower right", fontsize=8)
    tail.set_yscale("log")
    tail.set_ylabel("share not yet shown")
    tail.axhline(1 - GOAL, color="grey", linewidth=0.7, linestyle="--")
    finish(figure, path)


def draw_traffic(results, path):
    """What a node and its mailboxes say to each other in a day."""
    figure, (axis, sessions) = pyplot.subplots(1, 2, figsize=(11, 3.4))
    for name, result in results.items():
        axis.hist(
            [number / 1e6 for number in result["mailbox_bytes_per_day"]], bins=40, alpha=0.6, label=name
        )
        sessions.hist(result["sessions_per_day"], bins=40, alpha=0.6, label=name)
    axis.set_xlabel("MB per node and day, both directions, with UDP and IP")
    axis.set_ylabel("nodes")
    sessions.set_xlabel("sessions with mailboxes per node and day")
    axis.legend(fontsize=8)
    finish(figure, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="+", help="files of tests.support.offline_week")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    chosen = parser.parse_args()
    results = {}
    for path in chosen.results:
        result = json.loads(Path(path).read_text("utf-8"))
        results[f"there and away for {result['there_h']:.0f} h each"] = result
    chosen.folder.mkdir(exist_ok=True)
    for name, result in results.items():
        print(name, *summary(result), sep="\n    ")
    draw_delays(results, chosen.folder / "delays.png")
    draw_traffic(results, chosen.folder / "traffic.png")


if __name__ == "__main__":
    main()
