"""Ways through a table of transitions, for tests that take each of them with the real thing."""


def walks(transitions, without=()):
    """For each transition the events of a shortest way that ends with it, none of them in `without`."""
    possible = {key: end for key, end in transitions.items() if key[1] not in without}
    ways, found = {next(iter(transitions))[0]: ()}, {}
    todo = [*ways]
    for state in todo:
        for (start, event), end in possible.items():
            if start == state:
                found[start, event] = (*ways[state], event)
                if end not in ways:
                    ways[end] = (*ways[state], event)
                    todo.append(end)
    return found


def states_on(transitions, way):
    """The states after each event of a way."""
    state = next(iter(transitions))[0]
    for event in way:
        state = transitions[state, event]
        yield event, state


class Taken(dict):
    """A table of transitions that writes down which of them were asked for and are there."""

    def __init__(self, transitions):
        super().__init__(transitions)
        self.keys_taken = []

    def __getitem__(self, key):
        end = super().__getitem__(key)
        self.keys_taken.append(key)
        return end

    def get(self, key, default=None):
        try:
            return self[key]
        except KeyError:
            return default


def walk(way, taken, happen, state):
    """Have each event of the way happen: the transition of the table is the one that is taken."""
    begin = next(iter(taken))[0]
    for event, end in states_on(dict(taken), way):
        taken.keys_taken.clear()
        happen(event)
        assert state() == end, event
        assert (begin, event) in taken.keys_taken
        begin = end
