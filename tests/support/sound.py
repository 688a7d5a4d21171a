"""A sound server without a sound card: what programs play is kept, and a tone comes from their microphone."""

import os
import subprocess
import time

from tests.support.bootstrapd import until
from tests.support.marks import tone, tone_number

TIMEOUT_S = 30
#: A frame of `marks`, bytes; and for how many seconds there is something to hear.
FRAME, TONE_S = 1920, 240
#: What is heard is judged by so many frames.
LAST = 10
FORMAT = ["--raw", "--rate=48000", "--channels=1", "--format=s16le"]
SPEAKER, MICROPHONE = "speaker", "microphone"


class Sound:
    """PulseAudio with two sinks that lead nowhere; the microphone is what is played to one of them."""

    def __init__(self, directory, number):
        self.path, self.recorded = directory / "sound", directory / "heard.raw"
        #: for programs that are to have this sound
        self.environment = {"PULSE_SERVER": f"unix:{self.path}", "ALSOFT_DRIVERS": "pulse"}
        self.log = (directory / "sound.log").open("wb")
        self.home = {**os.environ, "HOME": str(directory), **self.environment}
        self.processes = []
        server = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        modules = [f"module-native-protocol-unix socket={self.path} auth-anonymous=1"]
        # the first is the default
        modules += [f"module-null-sink sink_name={name}" for name in (SPEAKER, MICROPHONE)]
        modules.append(f"module-remap-source master={MICROPHONE}.monitor source_name=input")
        for module in modules:
            server += ["-L", module]
        self._start(*server)
        try:
            until(self.path.exists, TIMEOUT_S, lambda: "no sound server")
            for kind, name in (("sink", SPEAKER), ("source", "input")):
                subprocess.run(
                    ["pactl", f"set-default-{kind}", name], env=self.home, check=True, timeout=TIMEOUT_S
                )
            spoken = directory / "spoken.raw"
            spoken.write_bytes(tone(number) * (TONE_S * 50))
            self._start("pacat", "--playback", f"--device={MICROPHONE}", *FORMAT, str(spoken))
            self.recorded.touch()
            self._start("parec", f"--device={SPEAKER}.monitor", *FORMAT, str(self.recorded))
        except BaseException:
            self.close()
            raise

    def _start(self, *command):
        self.processes.append(
            subprocess.Popen(command, env=self.home, stdout=self.log, stderr=self.log, start_new_session=True)
        )

    def plays(self, number):
        """True if programs have just played that tone."""
        with self.recorded.open("rb") as recorded:
            whole = recorded.seek(0, os.SEEK_END) // FRAME
            recorded.seek(max(0, whole - LAST) * FRAME)
            data = recorded.read(LAST * FRAME)
        last = [tone_number(data[at : at + FRAME], 1, 48000) for at in range(0, len(data), FRAME)]
        return last.count(number) > LAST // 2

    def close(self):
        """The end of the server and of what it played."""
        for process in reversed(self.processes):
            process.terminate()
        end = time.monotonic() + TIMEOUT_S
        for process in self.processes:
            process.wait(max(1, end - time.monotonic()))
        self.log.close()
