"""Draw what `tests.bench.links` wrote, one flow alone and two that share the link, and print it as tables.

python -m tests.bench.plot_links links.json docs/congestion --before old.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot

COMPANY = {
    "ours-ours": "another of ours",
    "tcp:cubic": "TCP (cubic)",
    "tcp:bbr": "TCP (BBR)",
    "real-real": "c-toxcore",
}
COLOURS = ("tab:blue", "tab:orange")


def seconds(values):
    """A sample each 100 ms."""
    return [number / 10 for number in range(len(values))]


def smooth(values, width=5):
    """The mean over half a second."""
    return [sum(values[max(0, at - width + 1) : at + 1]) / min(at + 1, width) for at in range(len(values))]


def finish(figure, axes, path):
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(path, dpi=50, metadata={"Software": None})
    print(path)


def draw_alone(results, before, path):
    """Per link the rate and the queue of single flows."""
    figure, axes = pyplot.subplots(len(results), 2, figsize=(11, 2.2 * len(results)), squeeze=False)
    for (link, flows), (rate, queue) in zip(results.items(), axes, strict=True):
        lines = {
            "ours": flows.get("ours-ours"),
            "c-toxcore": flows.get("real-real"),
            "ours, before": before.get(link, {}).get("ours-ours"),
        }
        for name, result in lines.items():
            if result is not None:
                series = result["series"]
                style = {"label": name, "linewidth": 1}
                rate.plot(seconds(series["wire"][0]), smooth(series["wire"][0]), **style)
                queue.plot(seconds(series["queue_ms"]), series["queue_ms"], **style)
        rate.set_title(f"{link}: share of the link", fontsize=9)
        rate.set_ylim(0, 1.1)
        queue.set_title(f"{link}: queue in ms", fontsize=9)
        rate.legend(fontsize=7)
    finish(figure, axes, path)


def draw_shared(results, path):
    """Per link the rates of two flows that begin together."""
    figure, axes = pyplot.subplots(len(results), len(COMPANY), figsize=(11, 2 * len(results)), squeeze=False)
    for (link, flows), row in zip(results.items(), axes, strict=True):
        for (second, name), axis in zip(COMPANY.items(), row, strict=True):
            result = flows.get(f"ours-ours+{second}")
            if result is not None:
                lines = zip(result["series"]["wire"], COLOURS, ("ours", name), strict=True)
                for series, colour, label in lines:
                    axis.plot(seconds(series), smooth(series), color=colour, label=label, linewidth=1)
                axis.legend(fontsize=7)
                axis.set_title(f"{link}, Jain {result['jain']:.2f}", fontsize=9)
            axis.set_ylim(0, 1.1)
    finish(figure, axes, path)


def print_tables(results):
    """Markdown: flows alone, then those in company."""
    print("| link | flow | goodput | queue p50, p95 | message p50, p95 (without file) |")
    print("|---|---|---|---|---|")
    for link, flows in results.items():
        for words, result in flows.items():
            if "+" not in words:
                print(
                    f"| {link} | {words} | {result['goodput']:.0%} | {result['queue_p50_ms']:.0f}, "
                    f"{result['queue_p95_ms']:.0f} ms | {result['latency_p50_ms'] or 0:.0f}, "
                    f"{result['latency_p95_ms'] or 0:.0f} ms ({result['idle_latency_p50_ms'] or 0:.0f}) |"
                )
    print("\n| link | in company of | shares of the link | Jain | queue p50 |\n|---|---|---|---|---|")
    for link, flows in results.items():
        for words, result in flows.items():
            if "+" in words:
                shares = ", ".join(f"{share:.0%}" for share in result["wire"])
                print(
                    f"| {link} | {COMPANY[words.split('+')[1]]} | {shares} | {result['jain']:.2f} | "
                    f"{result['queue_p50_ms']:.0f} ms |"
                )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--before", type=Path, help="the results of an older version")
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    before = json.loads(options.before.read_text()) if options.before else {}
    options.folder.mkdir(parents=True, exist_ok=True)
    draw_alone(results, before, options.folder / "alone.png")
    draw_shared(results, options.folder / "shared.png")
    print_tables(results)


if __name__ == "__main__":
    main()
