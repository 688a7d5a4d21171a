"""Members of one group, each with a state of its own; what one sends comes to the others at once or never."""

from tests.support.universe import SimClock
from toxpy.generated import enums
from toxpy.group import packets
from toxpy.group.keys import ExtendedKeyPair, chat_public_key
from toxpy.group.own_changes import OwnChanges
from toxpy.group.state import GroupState
from toxpy.runtime import Runtime

PUBLIC, PRIVATE = enums.TOX_GROUP_PRIVACY_STATE_PUBLIC, enums.TOX_GROUP_PRIVACY_STATE_PRIVATE
ALL_FLAGS = packets.SYNC_PEERS | packets.SYNC_TOPIC | packets.SYNC_STATE


def pair(number):
    """Fixed keys."""
    return ExtendedKeyPair(number.to_bytes(32, "big"))


class Member:
    """One member; the first is the founder."""

    def __init__(self, group, keys, chat_keys=None):
        self.group, self.keys = group, keys
        chat = chat_public_key(group.chat_keys.public.sig)
        self.state = GroupState(chat, keys, group.online, rt=group.rt, chat_keys=chat_keys)
        self.changes = OwnChanges(self.state)
        #: what was told to the program: settings, roles as (source, target, role), "topic"
        self.told = []
        self.is_online = True

    @property
    def key(self):
        return self.keys.public

    def role(self, other):
        """Of another member, as this one sees it."""
        return self.state.role(other.key)

    def receive(self, sender, kind, data):
        """As the connections would call it."""
        state = self.state
        if kind == packets.BROADCAST:
            kind, body = packets.unpack_broadcast(data)
            call = {
                packets.SET_MODERATOR: state.on_set_moderator,
                packets.SET_OBSERVER: state.on_set_observer,
            }
            if kind not in call:
                return None
            result = call[kind](sender.key, body)
        elif kind == packets.SHARED_STATE:
            result = state.on_shared_state(data)
        elif kind == packets.MODERATORS:
            result = state.on_moderators(data)
        elif kind == packets.SANCTIONS:
            result = state.on_sanctions(sender.key, data)
        else:
            result = state.on_topic(sender.key, data)
        names = {member.key: member for member in self.group.members}
        self.told += result.settings
        self.told += [(names.get(c.source), names.get(c.target), c.role) for c in result.roles]
        self.told += ["topic"] * result.topic
        self.group.send(self, result.send)
        return result

    def ask(self, other, flags=ALL_FLAGS):
        """Take over what the other one knows."""
        for kind, data in other.state.sync(flags):
            self.receive(other, kind, data)

    def missing(self, other):
        """What it seems to miss, after a ping of the other."""
        ping = packets.unpack_ping(packets.pack_ping(other.state.ping()))
        return self.state.missing(ping)

    def hears_nothing(self):
        """True if nothing was told; forgets what was."""
        told, self.told = self.told, []
        return not told


class Group:
    """A group of `count` members, all connected and synced."""

    def __init__(self, count, name=b"Group", privacy=PUBLIC):
        self.rt = Runtime(clock=SimClock())
        self.chat_keys = pair(1)
        founder = Member(self, pair(2), self.chat_keys)
        self.members = [founder]
        founder.changes.found(name, privacy)
        founder.state.connected_ms = self.rt.clock.now_ms
        for _ in range(count - 1):
            self.join()

    def online(self):
        return [member.key for member in self.members if member.is_online]

    def join(self, host=0, password=b""):
        """One more, who asks that host."""
        member = Member(self, pair(len(self.members) + 2))
        member.state.shared.password = password
        self.members.append(member)
        member.ask(self.members[host])
        member.state.connected_ms = self.rt.clock.now_ms
        return member

    def wait(self, milliseconds):
        self.rt.clock.now_ms += milliseconds

    def send(self, sender, sent):
        """To all others that are online, as if each were in its own row."""
        for member in self.members:
            if member is not sender and member.is_online:
                for kind, data in sent:
                    member.receive(sender, kind, data)
