"""The examples for calls as their users run them: an answering machine, a test picture, an echo in C."""

import array
import asyncio
import math
import subprocess

import pytest

import toxpy
from tests.interop.test_cli import new, node, where  # noqa: F401
from tests.interop.test_cli_calls import is_tone, make_tone
from tests.support.bots import bots
from tests.support.cli import run
from tests.support.prefix import ROOT, compile_c, library_dir

QUESTION, ANSWER = 440, 1000


def quiet(bot):
    return not any("Traceback" in line or "never retrieved" in line for line in bot.lines)


def test_the_answering_machine_greets_and_records(tmp_path, node, where):  # noqa: F811
    greeting = make_tone(tmp_path / "hello.wav", ANSWER, 5)
    question = make_tone(tmp_path / "question.wav", QUESTION, 1.2)
    path, tox_id = new(tmp_path, "Alice")
    with bots(tmp_path, node, "answering_machine.py") as start:
        bot = start("--greeting", greeting)
        address = bot.wait_for("Tox ID:").split()[-1]
        words = ["--wav", question, "--record", tmp_path / "heard.wav", "-p", path, *where]
        ran = run("call", address, *words)
        assert ran.returncode == 0, ran.stderr
        recording = tmp_path / "recordings" / f"{tox_id[:8]}-1.wav"
        bot.wait_for(f"s: recordings/{recording.name}")
        is_tone(tmp_path / "heard.wav", ANSWER, 0.8)
        is_tone(recording, QUESTION, 0.8)
        # another call has another file
        assert run("call", address, "--wav", question, "-p", path, *where).returncode == 0
        bot.wait_for(f"{tox_id[:8]}-2.wav")
        assert bot.stop() == 0 and quiet(bot)
        broken = start("--greeting", "nodes.json")
        assert broken.process.wait(20) == 1 and "is no WAV file" in broken.wait_for("Error:")


def in_a_call(node, address, scene, **kinds):  # noqa: F811
    """What `scene(call)` returns, in a call with whoever has that Tox ID."""
    host, port, key = node.address

    async def run_scene():
        async with (
            asyncio.timeout(60),
            toxpy.AsyncTox(local_discovery_enabled=False, ipv6_enabled=False) as tox,
        ):
            await tox.bootstrap(host, port, key)
            friend = tox.friend_add(address, "hello")
            await friend.online()
            async with await friend.call(**kinds) as call:
                return await scene(call)

    return asyncio.run(run_scene())


def test_the_test_picture_is_seen(tmp_path, node):  # noqa: F811
    async def look(call):
        blocks = set()
        async for picture in call.video():
            assert picture.size == (640, 480)
            # the middle of each bar, far above the block
            line = picture.y[100 * 640 : 101 * 640]
            found = [line[40 + 80 * bar] for bar in range(8)]
            line = picture.y[420 * 640 : 421 * 640]
            blocks.add(max(range(640), key=line.__getitem__))
            if len(blocks) == 5:
                return found

    with bots(tmp_path, node, "test_picture.py") as start:
        bot = start()
        found = in_a_call(node, bot.wait_for("Tox ID:").split()[-1], look)
        wanted = [235, 210, 170, 145, 106, 81, 41, 16]
        assert all(abs(have - want) < 12 for have, want in zip(found, wanted, strict=True)), found
        bot.wait_for("over: the friend hung up")
        assert bot.stop() == 0 and quiet(bot)


@pytest.fixture(params=["ours", "real"])
def av_echo(tmp_path, node, request):  # noqa: F811
    """The echo in C as a process, on our library or on Debian's."""
    program = compile_c(tmp_path / "av_echo", ROOT / "c_examples" / "av_echo.c", flags=["-std=c99"])
    host, port, key = node.address
    words = [program, "--loopback", "--bootstrap", host, str(port), key.hex()]
    environment = {"LD_LIBRARY_PATH": str(library_dir())} if request.param == "ours" else {}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def tone(number):
    """20 ms of a tone that goes on from frame to frame."""
    places = range(960 * number, 960 * (number + 1))
    return array.array("h", (int(9000 * math.sin(2 * math.pi * QUESTION * n / 48000)) for n in places))


def plain(brightness):
    colours = bytes([90]) * (80 * 60)
    return toxpy.Picture(160, 120, bytes([brightness]) * (160 * 120), colours, colours)


async def speak(call):
    """Sound and pictures of ours until both came back: the tone's frequency, and the picture's brightness."""
    heard, seen = [], []

    async def listen():
        async for frame in call.audio():
            heard.extend(frame.pcm)

    async def look():
        async for picture in call.video():
            seen.append(picture.y[60 * picture.strides[0] + 80])

    tasks = [asyncio.create_task(listen()), asyncio.create_task(look())]
    number = 0
    while len(heard) < 48000 or len(seen) < 20:
        assert call.active, call.why_over
        call.send_audio(tone(number))
        call.send_picture(plain(200))
        number += 1
        await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    part = heard[-24000:]
    return sum(a < 0 <= b for a, b in zip(part, part[1:], strict=False)) * 2, seen[-1]


def test_the_echo_in_c_sends_back_what_it_hears_and_sees(av_echo, node):  # noqa: F811
    label, address = av_echo.stdout.readline().split()
    assert label == "ID"
    hertz, brightness = in_a_call(node, address, speak, audio=True, video=400)
    assert abs(hertz - QUESTION) < 20 and abs(brightness - 200) < 10
    said = ""
    while not said.startswith("END"):
        said = av_echo.stdout.readline()
    assert int(said.split()[2]) > 40 and int(said.split()[6]) > 15, said
    av_echo.terminate()
    assert av_echo.wait(20) == 0
