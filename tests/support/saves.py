"""A save with what the capabilities have in it as plain fields, to read, change and write."""

from toxpy.friend import saved as friends_saved
from toxpy.friend.saved import SavedFriend
from toxpy.network import saved as network_saved
from toxpy.save import savedata
from toxpy.save.savedata import KeptSection, owner
from toxpy.wire.address import pack_nodes
from toxpy.wire.sections import (
    CONFERENCES,
    DHT_STATE,
    END,
    FRIENDS,
    GROUPS,
    NAME,
    STATUS,
    STATUS_MESSAGE,
    TCP_RELAYS,
)

__all__ = [
    "DHT_STATE",
    "END",
    "FRIENDS",
    "KeptSection",
    "SavedFriend",
    "State",
    "build",
    "owner",
    "pack_nodes",
    "parse",
]


class State:
    """What a save holds."""

    def __init__(self, nospam, public_key, secret_key):
        self.nospam, self.public_key, self.secret_key = nospam, public_key, secret_key
        self.read({})
        self.kept = []

    def read(self, contents):
        """Take what the sections say."""
        self.friends = friends_saved.read_friends(contents)
        self.name = friends_saved.read_name(contents)
        self.status_message = friends_saved.read_status_message(contents)
        self.status = friends_saved.read_status(contents)
        self.dht_nodes = network_saved.read_dht_nodes(contents)
        self.path_nodes = network_saved.read_path_nodes(contents)
        self.relays = network_saved.read_relays(contents)
        self.relays_raw = contents.get(TCP_RELAYS, [b""])[-1]
        self.groups_raw = contents.get(GROUPS, [None])[-1]
        self.conferences_raw = contents.get(CONFERENCES, [b""])[-1]

    def written(self):
        """The container."""
        saved = savedata.SaveData(self.nospam, self.public_key, self.secret_key)
        saved.kept = self.kept
        saved.put(network_saved.write_nodes(self.dht_nodes, self.path_nodes, []))
        saved.put(
            {
                FRIENDS: b"".join(map(friends_saved.pack_friend, self.friends)),
                NAME: self.name,
                STATUS_MESSAGE: self.status_message,
                STATUS: bytes((self.status,)),
                TCP_RELAYS: self.relays_raw,
                CONFERENCES: self.conferences_raw,
            }
        )
        if self.groups_raw is not None:
            saved.put({GROUPS: self.groups_raw})
        return saved

    def contents(self):
        """What a file with this state has, for the capabilities' readers."""
        return savedata.parse(build(self)).contents


def parse(data):
    """The state in a save."""
    saved = savedata.parse(data)
    state = State(saved.nospam, saved.public_key, saved.secret_key)
    state.read(saved.contents)
    state.kept = saved.kept
    return state


def build(state, *byteorder):
    """A save of that state."""
    return savedata.build(state.written(), *byteorder)


def size(state):
    """How long that is."""
    return savedata.size(state.written())


def restore(state, messenger):
    """Give a fresh messenger what the state has of it."""
    messenger.requests.nospam = state.nospam
    friends_saved.restore(messenger, state.contents())


def collect(messenger):
    """What a messenger has."""
    identity = messenger.identity
    saved = savedata.SaveData(messenger.requests.nospam, identity.public, identity.secret)
    saved.put(friends_saved.collect(messenger))
    return parse(savedata.build(saved))
