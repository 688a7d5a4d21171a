"""Whole groups on the simulated network: everything but how members are found."""

from tests.support.universe import Universe
from toxpy.dht.budget import KeyBudget
from toxpy.generated import enums
from toxpy.group.group import Group
from toxpy.group.incoming import Incoming
from toxpy.group.keys import ExtendedKeyPair, chat_public_key
from toxpy.group.state import GroupState
from toxpy.group.talk import Talk
from toxpy.group.wire import INVITE, JOIN_PRIVATE, JOIN_PUBLIC

PUBLIC, PRIVATE = enums.TOX_GROUP_PRIVACY_STATE_PUBLIC, enums.TOX_GROUP_PRIVACY_STATE_PRIVATE


class Member:
    """One member on a host of its own: the net of its group."""

    def __init__(self, world, name, *, keys=None, saved=None, chat_keys=None, password=b"", socket=None):
        self.world, self.label = world, name
        universe = world.universe
        self.rt = universe.runtime(f"{name} {universe.sequence}")
        self.path = None
        self.socket = socket or universe.socket()
        self.budget = KeyBudget(rt=self.rt)
        self.events = []
        self.keys = keys or ExtendedKeyPair.generate(self.rt.rng)
        self.cut_off = set()
        join_type = JOIN_PRIVATE if world.privacy == PRIVATE else JOIN_PUBLIC

        def make_state(members):
            if saved is not None:
                return saved.restore(members, rt=self.rt)
            chat = chat_public_key(world.chat_keys.public.sig)
            return GroupState(chat, self.keys, members, rt=self.rt, chat_keys=chat_keys)

        self.group = Group(0, self, self.keys, join_type, make_state, Incoming, name=name.encode())
        if not self.group.state.is_synced:
            self.group.state.shared.password = password
        self.talk = Talk(self.group)
        universe.add(self, self.socket)

    # the net

    def send_udp(self, address, packet):
        self.socket.send(address, packet)

    def own_address(self):
        return None

    def make_relays(self, own, on_packet):
        return None

    # the universe's side

    def iterate(self):
        for data, address in self.socket.receive():
            if address not in self.cut_off:
                self.group.sessions.receive(data, address)
        self.rt.timers.run_due()

    def found(self, name=b"Group"):
        self.group.changes.found(name, self.world.privacy)
        self.group.state_changed()
        self.group.begin(founding=True)

    def ask(self, other):
        """What discovery or an invitation leads to."""
        self.group.connect(other.keys.public.enc, INVITE, other.socket.address)

    def number(self, other):
        return self.group.peers.get(other.keys.public.enc).number

    def sees(self, other):
        peer = self.group.peers.get(other.keys.public.enc)
        return peer is not None and peer.is_confirmed

    def role(self, other):
        return self.group.state.role(other.keys.public)

    def told(self, kind=None):
        """Takes the events, of one kind if one is named."""
        events, self.events[:] = [e for e in self.events if not e.owner.deleted], []
        return [e for e in events if kind is None or isinstance(e, kind)]

    def vanish(self):
        self.world.universe.remove(self)
        self.world.members.remove(self)
        self.socket.close()


class World:
    """A group with its members."""

    def __init__(self, seed=0, *, privacy=PUBLIC, **network):
        self.universe = Universe(seed, **network)
        self.privacy = privacy
        self.chat_keys = ExtendedKeyPair(b"\7" * 32)
        self.members = []
        self.founder = self._add("founder", chat_keys=self.chat_keys)
        self.founder.found()

    def _add(self, name, **options):
        member = Member(self, name, **options)
        self.members.append(member)
        return member

    def join(self, name, host=None, **options):
        """One more, who asks a host to be let in."""
        member = self._add(name, **options)
        member.group.begin()
        member.ask(host or self.founder)
        return member

    def restore(self, name, saved, **options):
        member = self._add(name, keys=saved.keys, saved=saved, **options)
        return member

    def is_mesh(self, members=None):
        members = self.members if members is None else members
        return all(one.sees(other) for one in members for other in members if one is not other)

    def until(self, condition, timeout_ms=60_000):
        return self.universe.run_until(condition, timeout_ms)

    def wait(self, milliseconds):
        self.founder.rt.timers.call_later(milliseconds, int)
        self.universe.run_for(milliseconds)

    def is_agreed(self):
        """True if all say the same of what they know."""

        def told(member):
            ping = member.group.state.ping()
            return tuple(getattr(ping, name) for name in type(ping).__slots__ if name != "address")

        return len({told(member) for member in self.members}) == 1


def mesh(count, seed=0, **options):
    """A group in which all see all."""
    world = World(seed, **options)
    for i in range(1, count):
        world.join(f"member {i}")
    assert world.until(world.is_mesh), world.members
    for member in world.members:
        member.told()
    return world
