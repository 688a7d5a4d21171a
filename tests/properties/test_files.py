"""Random operation sequences on files between two of ours over a lossy network: both sides agree at the end.

TOXPY_SEQUENCES sets how many sequences are tried.
"""

import os

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.support.files import CANCEL, PAUSE, RESUME, UNKNOWN_SIZE
from tests.support.universe import Universe
from tests.unit.friend.test_over_net_crypto import Node
from toxpy.errors import ToxError
from toxpy.files.transfer import ASKED, OFFERED, PAUSED_BY_FRIEND, PAUSED_BY_US
from toxpy.files.transfers import Files
from toxpy.generated import events as ev

SIDES = st.sampled_from(["alice", "bob"])
SIZES = st.sampled_from([0, 1, 1370, 1371, 1372, 30_000, 200_000, UNKNOWN_SIZE])
STREAM_LENGTH = 20 * 1371


def content(file_id, position, length):
    """The bytes of the file with that ID."""
    start = file_id[0] * 251
    return bytes((start + (at * 7 ^ at >> 8)) & 255 for at in range(position, position + length))


class Client(Node):
    """A node and its user: answers chunk requests, checks what arrives, keeps its own list of files."""

    def __init__(self, universe, name):
        super().__init__(universe, name)
        self.files = Files(self.messenger)
        self.messenger.capabilities.append(self.files)
        self.lazy = False
        self.requests = []
        self.known = {}  # number -> file id, of what is running as far as the user was told
        self.received = {}  # number -> next position
        self.completed = []
        self.cancelled = set()

    def iterate(self):
        super().iterate()
        self.files.begin_pass()
        while True:
            waiting, self.events[:] = list(self.events), []
            for event in waiting:
                if event.owner is None or not event.owner.deleted:
                    self.on_event(event)
            if not self.events:
                request = self.files.next_event()
                if request is None:
                    return
                self.on_event(request)

    def on_event(self, event):
        number = getattr(event, "file_number", None)
        if isinstance(event, ev.FileRecv):
            assert number not in self.known
            # the connection may be lost again before the user is told of the offer
            self.known[number] = event.owner.file_id
            self.received[number] = 0
        elif isinstance(event, ev.FileRecvControl):
            assert number in self.known
            if event.control == CANCEL:
                self.forget(number)
        elif isinstance(event, ev.FileRecvChunk):
            assert event.position == self.received[number]
            assert event.data == content(self.known[number], event.position, len(event.data))
            self.received[number] += len(event.data)
            if not event.data:
                self.completed.append(("received", self.known[number], event.position))
                self.forget(number)
        elif isinstance(event, ev.FileChunkRequest):
            if event.length == 0:
                self.completed.append(("sent", self.known[number], event.position))
                self.forget(number)
                return
            self.requests.append((number, event.position, event.length))
            if not self.lazy:
                self.answer()
        elif isinstance(event, ev.FriendConnectionStatus) and event.connection_status == 0:
            self.known.clear()
            self.requests.clear()

    def forget(self, number):
        del self.known[number]
        self.requests = [request for request in self.requests if request[0] != number]

    def answer(self):
        """Send what was asked for."""
        while self.requests:
            number, position, length = self.requests.pop(0)
            file_id = self.known[number]
            size = self.files.of_friend(self.messenger.friend(0)).sending[number].size
            if size == UNKNOWN_SIZE:
                length = min(length, max(STREAM_LENGTH - position, 0))
            try:
                self.files.send_chunk(0, number, position, content(file_id, position, length))
            except ToxError as error:
                assert error.name.endswith("NOT_TRANSFERRING") and size == UNKNOWN_SIZE

    def state(self, of_incoming):
        """What this side thinks of the files in one direction."""
        files = self.files.of_friend(self.messenger.friend(0))
        if files is None:
            return {}
        table = files.receiving if of_incoming else files.sending
        return {
            number: (
                transfer.file_id,
                transfer.size,
                SEEN_BY_SENDER.get(transfer.state, transfer.state) if of_incoming else transfer.state,
                transfer.transferred,
            )
            for number, transfer in table.items()
        }


#: What a receiver calls a state, and its sender.
SEEN_BY_SENDER = {ASKED: OFFERED, PAUSED_BY_US: PAUSED_BY_FRIEND, PAUSED_BY_FRIEND: PAUSED_BY_US}


class FileMachine(RuleBasedStateMachine):
    """Two clients; a friend connection that loses, doubles and reorders packets."""

    @initialize(seed=st.integers(0, 2**16), loss=st.sampled_from([0.0, 0.05, 0.2]), lazy=st.booleans())
    def connect(self, seed, loss, lazy):
        self.universe = universe = Universe(seed, loss=loss, duplicate=loss / 2)
        self.alice, self.bob = Client(universe, "alice"), Client(universe, "bob")
        # users who answer only when told to keep their files running while other things happen
        self.alice.lazy = self.bob.lazy = lazy
        self.count = 0
        self.alice.messenger.add_norequest(self.bob.identity.public)
        self.bob.messenger.add_norequest(self.alice.identity.public)
        self.alice.find(self.bob)
        self.bob.find(self.alice)
        self.come_online()

    def come_online(self):
        online = self.alice.is_online, self.bob.is_online
        assert self.universe.run_until(lambda: all(is_online() for is_online in online), 120_000)

    def client(self, side):
        return getattr(self, side)

    @rule(side=SIDES, size=SIZES)
    def offer(self, side, size):
        client = self.client(side)
        self.count += 1
        file_id = bytes([self.count % 256]) * 32
        try:
            client.known[client.files.offer(0, 0, size, file_id, b"name")] = file_id
        except ToxError as error:
            assert error.name.endswith("NOT_CONNECTED")

    @rule(side=SIDES, size=SIZES)
    def begin(self, side, size):
        """A file that is being transferred."""
        self.offer(side, size)
        self.universe.run_for(50)
        self.accept_all("bob" if side == "alice" else "alice")
        self.universe.run_for(50)

    @rule(side=SIDES, pick=st.integers(0, 50), what=st.sampled_from([RESUME, PAUSE, PAUSE, CANCEL]))
    def control(self, side, pick, what):
        client = self.client(side)
        if not client.known:
            return
        number = sorted(client.known)[pick % len(client.known)]
        try:
            client.files.control(0, number, what)
        except ToxError as error:
            assert not (what == CANCEL and error.name.endswith("DENIED"))
            return
        if what == CANCEL:
            client.cancelled.add(client.known[number])
            client.forget(number)

    @rule(side=SIDES, pick=st.integers(0, 50), position=st.sampled_from([0, 1, 1371, 29_999, 150_000]))
    def seek(self, side, pick, position):
        client = self.client(side)
        incoming = sorted(number for number in client.known if number >= 1 << 16)
        if incoming:
            number = incoming[pick % len(incoming)]
            try:
                client.files.seek(0, number, position)
            except ToxError as error:
                assert error.name.startswith("TOX_ERR_FILE_SEEK_")
            else:
                client.received[number] = position

    @rule(side=SIDES)
    def accept_all(self, side):
        client = self.client(side)
        for number in client.known:
            if number >= 1 << 16:
                try:
                    client.files.control(0, number, RESUME)
                except ToxError as error:
                    assert error.name.startswith("TOX_ERR_FILE_CONTROL_")

    @rule(side=SIDES)
    def answer(self, side):
        self.client(side).answer()

    @rule(duration_ms=st.sampled_from([1, 20, 50, 200, 1000]))
    def wait(self, duration_ms):
        self.universe.run_for(duration_ms)

    @rule(side=SIDES)
    def lose_the_connection(self, side):
        connection = self.client(side).messenger.friend(0).connection
        if connection.crypto is not None:
            connection.crypto.kill()
            connection.on_closed()
            self.universe.run_for(40_000)
            self.come_online()

    def settle(self):
        for client in (self.alice, self.bob):
            client.lazy = False
            client.answer()
        self.universe.run_for(15_000)

    def agree(self):
        for sender, receiver in ((self.alice, self.bob), (self.bob, self.alice)):
            assert sender.state(False) == receiver.state(True)
            running = {number: state[0] for number, state in sender.state(False).items()}
            assert running == {n: i for n, i in sender.known.items() if n < 1 << 16}
            assert running == {(n >> 16) - 1: i for n, i in receiver.known.items() if n >= 1 << 16}

    def teardown(self):
        if not hasattr(self, "universe"):
            return
        self.settle()
        self.agree()
        for client in (self.alice, self.bob):
            for number in list(client.known):
                try:
                    client.files.control(0, number, RESUME)
                except ToxError as error:
                    assert error.name.startswith("TOX_ERR_FILE_CONTROL_")
        self.settle()
        self.agree()
        for client in (self.alice, self.bob):
            assert client.known == {} and client.state(False) == {} == client.state(True)
            assert (
                client.files.of_friend(client.messenger.friend(0)).unanswered == 0
                if client.files.of_friend(client.messenger.friend(0))
                else True
            )
        for sender, receiver in ((self.alice, self.bob), (self.bob, self.alice)):
            # a receiver may cancel when all has arrived, which the sender then takes for a success
            sent = {
                item[1:]
                for item in sender.completed
                if item[0] == "sent" and item[1] not in receiver.cancelled
            }
            assert sent <= {item[1:] for item in receiver.completed if item[0] == "received"}


TestFiles = FileMachine.TestCase
TestFiles.settings = settings(
    max_examples=int(os.environ.get("TOXPY_SEQUENCES", "40")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
