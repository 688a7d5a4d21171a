"""A mailbox's store that is used until it is killed: `python -m tests.support.putting PATH BEGIN`.

It puts blobs of many sizes, several at a time, and deletes some. What is asked for and what was answered goes
to stdout, one line each: `put N`, `kept N`, `delete N`, `gone N`. Blob N lies in queue N // 50.
"""

import os
import random
import select
import signal
import subprocess
import sys

from tests.support.mailbox_stores import TOKENS, on_disk, queue, runtime
from tests.support.prefix import ROOT
from toxpy.ext.mailbox.keeping import number_of
from toxpy.ext.mailbox.sqlite_store import SqliteStore
from toxpy.ext.offline.ops import OK

IN_QUEUE = 50
#: Operations that wait for an answer at once.
AT_ONCE = 40


def blob(number):
    """The blob of that number: no two are equal."""
    size = (256, 1024, 4096)[number % 3]
    return random.Random(number).randbytes(size)


def say(what, number):
    os.write(1, f"{what} {number}\n".encode())


class Putting:
    """Keeps a store busy."""

    def __init__(self, path, number):
        self.store = SqliteStore(path, rt=runtime())
        self.random = random.Random(number)
        self.number = number
        self.open = 0
        self.member = 0
        self.store.add_member(TOKENS[0], self.is_member)

    def is_member(self, number):
        self.member = number

    def answered(self, word, number, code):
        self.open -= 1
        assert code == OK
        say(word, number)

    def put(self):
        number = self.number
        self.number += 1
        self.open += 1
        say("put", number)
        done = lambda code: self.answered("kept", number, code)  # noqa: E731
        self.store.put(queue(number // IN_QUEUE), blob(number), self.member, done)

    def delete(self):
        name = self.random.randrange(self.number // IN_QUEUE + 1)
        self.open += 1
        self.store.get(queue(name), 0, 100, lambda found: self.delete_one(name, found))

    def delete_one(self, name, found):
        if not found:
            self.open -= 1
            return
        place, data = self.random.choice(found)
        numbers = range(name * IN_QUEUE, (name + 1) * IN_QUEUE)
        number = next(each for each in numbers if blob(each) == data)
        say("delete", number)
        done = lambda code: self.answered("gone", number, code)  # noqa: E731
        self.store.delete(queue(name), [number_of(place)], done)

    def run(self):
        while True:
            while self.open < AT_ONCE and self.member:
                if self.random.random() < 0.8:
                    self.put()
                else:
                    self.delete()
            select.select([self.store.fileno()], [], [])
            self.store.poll()


class Kills:
    """Stores in one file, one after the other, each killed; and what they said."""

    def __init__(self, path):
        self.path = path
        self.next = 0
        #: numbers of blobs that must be there, and of those that may be or not: nobody was told
        self.kept, self.maybe = set(), set()

    def kill(self, after):
        """Start one, and kill it behind so many lines."""
        words = [sys.executable, "-m", "tests.support.putting", str(self.path), str(self.next)]
        said = {"put": set(), "kept": set(), "delete": set(), "gone": set()}
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as process:
            for count, line in enumerate(process.stdout):
                word, number = line.split()
                said[word.decode()].add(int(number))
                if count == after:
                    process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        self.maybe |= (said["put"] - said["kept"]) | (said["delete"] - said["gone"])
        self.kept = (self.kept | said["kept"]) - said["gone"]
        # another queue
        self.next = (max(said["put"]) // IN_QUEUE + 1) * IN_QUEUE

    def check(self):
        """Open it, and compare."""
        store = on_disk(self.path.parent, runtime(), open_to_all=True)
        found = set()
        for number in {number // IN_QUEUE for number in self.kept | self.maybe}:
            by_data = {blob(each): each for each in range(number * IN_QUEUE, (number + 1) * IN_QUEUE)}
            found |= {by_data[data] for _, data in store.read(number)}
        assert self.kept - self.maybe <= found <= self.kept | self.maybe
        sizes = [len(blob(number)) for number in found]
        assert (store.stats.blobs, store.stats.bytes) == (len(sizes), sum(sizes))
        store.close()


if __name__ == "__main__":
    Putting(sys.argv[1], int(sys.argv[2])).run()
