"""One of two friends as a process with a profile: `python -m tests.support.away_person FOLDER JSON`.

The JSON says what to do: `mailboxes` (texts), `node` (a mailbox's text, to bootstrap from), `friend` (a key,
to be added), `texts` (to be sent at once), `seconds` (to stay at most). Each line that it prints is a JSON
object. A message goes into FOLDER/log by its id before the next event is taken. `Away` runs it, and kills it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import toxpy
from tests.support.prefix import ROOT
from toxpy.ext.offline.options import Offline
from toxpy.ext.offline.records import Mailbox

#: Seconds that a friend has to come online before a message goes to mailboxes.
DIRECT_WAIT_S = 1


def tell(**what):
    print(json.dumps(what), flush=True)


def main():
    folder, todo = Path(sys.argv[1]), json.loads(sys.argv[2])
    path = folder / "profile.tox"
    profile = toxpy.Profile.open(path) if path.exists() else toxpy.Profile.create(path)
    offline = Offline(todo["mailboxes"], direct_wait_s=DIRECT_WAIT_S, cover=False)
    options = toxpy.Options(offline_messages=offline, local_discovery_enabled=False, ipv6_enabled=False)
    options.start_port, options.end_port = 33600, 33999
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    with profile, toxpy.Tox(options, profile=profile) as tox, (folder / "log").open("a") as log:
        if todo.get("friend"):
            tox.friend_add_norequest(bytes.fromhex(todo["friend"]))
        if todo.get("node"):
            node = Mailbox.parse(todo["node"])
            tox.bootstrap(node.host, node.port, node.dht_pk)
        tell(key=tox.self_get_public_key().raw.hex(), dht=tox.self_get_dht_id().raw.hex())
        for text in todo.get("texts", ()):
            sent = tox.friend_send(0, text)
            tell(sent=sent.id.hex(), text=text[:40])
        end = time.monotonic() + todo["seconds"]
        while not ended and time.monotonic() < end:
            for event in tox.iterate():
                if isinstance(event, toxpy.FriendMessage):
                    log.write(f"{event.id.hex()} {event.raw.hex()}\n")
                    log.flush()
                    tell(message=event.id.hex())
                elif isinstance(event, toxpy.MessageStateChanged):
                    tell(state=event.state.name, id=event.id.hex())
                elif isinstance(event, toxpy.FriendReadReceipt):
                    tell(receipt=event.id.hex())
                elif isinstance(event, toxpy.FriendConnectionStatus):
                    tell(online=bool(event.connection_status))
                elif isinstance(event, toxpy.OfflineMessageLost):
                    tell(lost=event.reason)
            time.sleep(tox.iteration_interval() / 1000)
    tell(end=True)


class Away:
    """One of them: the lines of all its runs are in `seen`."""

    def __init__(self, folder, mailboxes):
        self.folder, self.mailboxes = Path(folder), mailboxes
        self.folder.mkdir(exist_ok=True)
        self.seen = []
        self.process = None

    def start(self, seconds=120, **todo):
        todo = {"mailboxes": self.mailboxes, "seconds": seconds, **todo}
        words = [sys.executable, "-m", "tests.support.away_person", self.folder, json.dumps(todo)]
        self.errors = (self.folder / "errors").open("ab")
        self.process = subprocess.Popen(
            words, cwd=ROOT, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def _read(self, lines):
        for line in lines:
            if line.endswith("\n"):
                self.seen.append(json.loads(line))

    def has(self, name, value=None):
        """What came under that name, or True if that value did."""
        found = [line[name] for line in list(self.seen) if name in line]
        return found if value is None else value in found

    def wait(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            running = self.process.poll() is None
            if time.monotonic() > end or not (running or condition()):
                raise AssertionError(f"waited for {what}: {self.seen[-30:]} {self.error_text()}")
            time.sleep(0.02)

    def error_text(self):
        return (self.folder / "errors").read_text()[-3000:]

    def stop(self, number=signal.SIGTERM):
        """End it, or kill it; repeating it is harmless."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(number)
            self.process.wait(30)
            self.reader.join(10)
            self.process.stdout.close()
            self.errors.close()
            self.process = None

    def kill(self):
        self.stop(signal.SIGKILL)

    def log(self):
        """Texts by id, each with how often it was shown; a line that a kill cut is none."""
        path, found = self.folder / "log", {}
        for line in path.read_text().splitlines() if path.exists() else ():
            message_id, _, text = line.partition(" ")
            found.setdefault(message_id, []).append(bytes.fromhex(text).decode())
        return found


if __name__ == "__main__":
    os.environ.pop("TOXPY_CONFIG", None)
    main()
