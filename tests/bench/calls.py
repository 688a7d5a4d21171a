"""Calls over emulated links: what is heard and seen each second, and what it takes of the line.

    python -m tests.bench.calls --pairs ours-ours real-real --out calls.json
    python -m tests.bench.calls --draw calls.json docs/calls

A pair is the library of the caller, who shows a clip at 1000 kbit/s, and that of the callee, where sound and
pictures are looked at. Needs root (network namespaces), like tests/netns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.links import CONNECT_S
from tests.netns.bottleneck import Bottleneck
from tests.netns.lab import BadLink, Lab, inside
from tests.netns.network import Client, befriend, bootstrap_nodes
from tests.support.prefix import ROOT, compile_c

#: What lies between the two. The queue of the slow ones holds 100 ms.
LINKS = {
    "good": lambda: Bottleneck(20_000_000, 40, buffer_bdp=3),
    "5 % lost": lambda: Bottleneck(20_000_000, 40, loss=0.05, buffer_bdp=3),
    "20 % lost": lambda: Bottleneck(20_000_000, 40, loss=0.2, buffer_bdp=3),
    "100 ms jitter": lambda: BadLink(reorder=0.5, delay_ms=100),
    "1 Mbit/s": lambda: Bottleneck(1_000_000, 40, buffer_bdp=2.5),
    "4 Mbit/s and a file": lambda: Bottleneck(4_000_000, 40, buffer_bdp=2.5),
}
AUDIO_KBIT, VIDEO_KBIT = 48, 1000
#: Seconds that are measured, and left out at the begin where a mean is made.
SECONDS, BEGIN_S = 20, 4
FIELDS = ("right", "delay_ms", "pictures", "psnr", "broken")


def compile_caller(output):
    clip = ROOT / "bench" / "c"
    sources = [ROOT / "tests" / "bench" / "call.c", clip / "clip.c", clip / "common.c"]
    return compile_c(output, *sources, "-lm", flags=["-std=gnu11", f"-I{clip}", "-O2"])


def sent_bytes(host):
    """All that left the host."""
    with inside(host.namespace), open("/proc/thread-self/net/dev") as interfaces:
        (numbers,) = (line for line in interfaces if line.strip().startswith("eth0:"))
    return int(numbers.split(":")[1].split()[8])


def measure(program, link, pair):
    """One call: a list of values for each second."""
    with Lab() as lab:
        nodes = bootstrap_nodes(lab)
        between = LINKS[link]()
        if isinstance(between, Bottleneck):
            lab.host("site", bad_link=between)
            host = between.host("alice")
        else:
            host = lab.host("alice", bad_link=between)
        libraries = pair.split("-")
        alice, bob = (
            Client(program, at, library, nodes=nodes)
            for at, library in zip((host, lab.host("bob")), libraries, strict=True)
        )
        befriend(alice, bob)
        for client in (alice, bob):
            client.wait("FRIEND", CONNECT_S, "udp")
        time.sleep(2)
        alice.command("call", AUDIO_KBIT, VIDEO_KBIT)
        alice.wait("STATE", 20)
        if "file" in link:
            alice.command("file", 1 << 40)
        mark, kbit, before = bob.mark(), [], sent_bytes(host)
        for _ in range(SECONDS):
            time.sleep(1)
            now = sent_bytes(host)
            kbit.append((now - before) // 125)
            before = now
        seconds = [text.split() for _, name, text in bob.events[mark:] if name == "SECOND"]
        series = {name: [float(words[at]) for words in seconds] for at, name in enumerate(FIELDS)}
        rates = [int(text) for _, name, text in alice.events if name == "RATE"]
        return {**series, "kbit": kbit, "suggested": rates}


def summary(result):
    """Means, without the begin."""

    def mean(name):
        return statistics.mean(result[name][BEGIN_S:])

    shown = max(sum(result["pictures"][BEGIN_S:]), 1)
    broken = 100 * sum(result["broken"][BEGIN_S:]) / shown
    return (
        f"sound right {mean('right'):.1f} of 50, delay {mean('delay_ms'):.0f} ms, "
        f"pictures {mean('pictures'):.1f} of 30, {mean('psnr'):.1f} dB, {broken:.0f} % below 25, "
        f"sent {mean('kbit'):.0f} kbit/s"
    )


def draw(results, folder):
    """A row for each link: sound, delay, pictures, quality, and what was sent."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    names = {"ours-ours": "ours", "real-real": "c-toxcore", "real-ours": "from c-toxcore to ours"}
    kinds = {
        "right": "sound: right frames of 50",
        "delay_ms": "sound: delay, ms",
        "pictures": "pictures shown of 30",
        "psnr": "PSNR, dB",
        "kbit": "sent, kbit/s",
    }
    figure, axes = pyplot.subplots(len(results), len(kinds), figsize=(15, 2 * len(results)), squeeze=False)
    for (link, pairs), row in zip(results.items(), axes, strict=True):
        for (kind, title), axis in zip(kinds.items(), row, strict=True):
            for pair, result in pairs.items():
                axis.plot(result[kind], label=names.get(pair, pair), linewidth=1)
            axis.set_title(f"{link}: {title}", fontsize=8)
            axis.set_ylim(bottom=0)
        row[0].legend(fontsize=7)
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
    figure.tight_layout()
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "lines.png", dpi=50, metadata={"Software": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--links", nargs="+", choices=LINKS, default=list(LINKS))
    parser.add_argument("--pairs", nargs="+", default=["ours-ours", "real-real", "real-ours"])
    parser.add_argument("--out", type=Path, help="JSON; what is in it already is kept")
    parser.add_argument("--draw", nargs=2, type=Path, metavar=("JSON", "FOLDER"))
    options = parser.parse_args()
    if options.draw:
        results = json.loads(options.draw[0].read_text())
        draw({link: results[link] for link in LINKS if link in results}, options.draw[1])
        return
    results = json.loads(options.out.read_text()) if options.out and options.out.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        program = compile_caller(Path(folder, "call"))
        for link in options.links:
            for pair in options.pairs:
                try:
                    result = measure(program, link, pair)
                except AssertionError as error:
                    print(f"{link} {pair} failed: {str(error).splitlines()[0]}", file=sys.stderr)
                    continue
                print(f"{link:20} {pair:10} {summary(result)}", flush=True)
                results.setdefault(link, {})[pair] = result
                if options.out:
                    options.out.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
