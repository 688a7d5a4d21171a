"""The friend of a client under test: an instance of ours or of Debian's, driven by its events."""

import time

from tests.support.bootstrapd import until
from tests.support.files import CANCEL, DATA
from tests.support.private_network import HOST
from tests.support.real_tox import RealTox
from tests.support.toxic import ONLINE_TIMEOUT_S
from toxpy.core import Core
from toxpy.errors import ToxError
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.options import Options

#: What is on its way when something is paused has come when nothing moved for so long.
SETTLED_S = 2
#: Why a chunk has to be sent again later.
NOT_NOW = (enums.TOX_ERR_FILE_SEND_CHUNK_SENDQ, enums.TOX_ERR_FILE_SEND_CHUNK_NOT_TRANSFERRING)


def our_instance(savedata):
    options = Options(local_discovery_enabled=False)
    if savedata:
        options.savedata_type, options.savedata_data = 1, savedata
    return Core(options)


def debians_instance(savedata):
    return RealTox(savedata=savedata)


class Peer:
    """The friend of a client: it knows one node, refuses avatars, takes files, sends what `outgoing` has."""

    def __init__(self, node, make):
        self.node, self.make = node, make
        self.savedata = b""
        self.outgoing = b""
        self.core = None
        self.start()

    def start(self):
        """Up again with what was saved."""
        self.core = self.make(self.savedata)
        self.core.network.bootstrap(HOST, self.node.port, self.node.public_key)
        self.core.network.add_tcp_relay(HOST, self.node.relay_port, self.node.public_key)
        self.requests, self.offers, self.controls = [], [], []
        self.received = bytearray()
        #: requests for chunks that are not answered yet
        self.chunks = []
        self.positions, self.messages, self.receipts = [], [], []
        self.invites, self.heard, self.titles = [], [], []
        self.online = False

    def stop(self):
        """Gone; the friend is told."""
        self.savedata = self.core.get_savedata()
        self.core.kill()

    def step(self):
        """One pass."""
        self.core.iterate()
        self.send_chunks()
        for event in self.core.drain_events():
            handler = HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)

    def until(self, condition, timeout_s=ONLINE_TIMEOUT_S, what=lambda: "too late"):
        """Run until it is so."""

        def stepped():
            self.step()
            return condition()

        until(stepped, timeout_s, what)

    def until_still(self, measure):
        """Run until `measure` has stayed as it is for SETTLED_S: what it is then."""
        last, since = measure(), time.monotonic()

        def still():
            nonlocal last, since
            value, now = measure(), time.monotonic()
            if value != last:
                last, since = value, now
            return now - since > SETTLED_S

        self.until(still)
        return last

    # events

    def on_request(self, event):
        self.requests.append(event.public_key)

    def on_connection(self, event):
        self.online = event.connection_status != 0

    def on_message(self, event):
        self.messages.append(event.message.decode())

    def on_receipt(self, event):
        self.receipts.append(event.message_id)

    def on_invite(self, event):
        self.invites.append(event)

    def on_heard(self, event):
        # ours among them: the real library has them from whoever brings them back
        self.heard.append(event.message.decode())

    def on_title(self, event):
        self.titles.append(event.title.decode())

    def on_offer(self, event):
        if event.kind == DATA:
            self.offers.append(event)
        else:
            self.core.files.file_control(event.friend_number, event.file_number, CANCEL)

    def on_control(self, event):
        self.controls.append(event.control)

    def on_received(self, event):
        # a position says where the friend is after a seek
        self.positions.append(event.position)
        self.received += event.data

    def on_request_chunk(self, event):
        self.positions.append(event.position)
        if event.length:
            self.chunks.append(event)
            self.send_chunks()

    def send_chunks(self):
        """Send what is asked for; in a full queue or a pause the rest waits for the next pass."""
        while self.chunks:
            event = self.chunks[0]
            chunk = self.outgoing[event.position : event.position + event.length]
            try:
                self.core.files.file_send_chunk(event.friend_number, event.file_number, event.position, chunk)
            except ToxError as error:
                if error.code not in NOT_NOW:
                    raise
                return
            del self.chunks[0]


HANDLERS = {
    ev.FriendRequest: Peer.on_request,
    ev.FriendConnectionStatus: Peer.on_connection,
    ev.FriendMessage: Peer.on_message,
    ev.FriendReadReceipt: Peer.on_receipt,
    ev.ConferenceInvite: Peer.on_invite,
    ev.ConferenceMessage: Peer.on_heard,
    ev.ConferenceTitle: Peer.on_title,
    ev.FileRecv: Peer.on_offer,
    ev.FileRecvControl: Peer.on_control,
    ev.FileRecvChunk: Peer.on_received,
    ev.FileChunkRequest: Peer.on_request_chunk,
}
