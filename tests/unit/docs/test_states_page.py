"""docs/states.md says what the transition tables say, and every table is a sound machine."""

import importlib.util

import pytest

from tests.support.prefix import ROOT


def load():
    spec = importlib.util.spec_from_file_location("make_states", ROOT / "docs" / "make_states.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_states = load()


def test_states_page_is_current():
    assert make_states.PAGE.read_text() == make_states.page(), "run: python docs/make_states.py"


@pytest.mark.parametrize(("title", "module", "prefix"), make_states.MACHINES, ids=lambda value: str(value))
def test_every_state_has_a_name_and_can_be_reached(title, module, prefix):
    source = importlib.import_module(module)
    names = getattr(source, f"{prefix}STATE_NAMES")
    transitions = getattr(source, f"{prefix}TRANSITIONS")
    reached = {next(iter(transitions))[0]}
    while True:
        more = reached | {end for (start, _), end in transitions.items() if start in reached}
        if more == reached:
            break
        reached = more
    assert reached == set(range(len(names)))
    assert len(set(names)) == len(names)
    assert all("\n" not in event and ":" not in event and "|" not in event for _, event in transitions)


@pytest.mark.parametrize("module", sorted({module for _, module, _ in make_states.MACHINES}))
def test_every_transition_is_taken_by_a_test(module):
    """In the folder of the machine is a test that walks along each of them."""
    walked = importlib.import_module(f"tests.unit.{module.split('.')[1]}.test_states")
    assert walked.TRANSITIONS is importlib.import_module(module).TRANSITIONS
