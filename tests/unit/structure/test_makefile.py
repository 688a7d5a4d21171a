"""What the Makefile promises it has."""

import re

from tests.support.prefix import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
(NAMES,) = re.findall(r"(?m)^\.PHONY:(.*)$", MAKEFILE)
PHONY = NAMES.split()


def test_every_phony_name_has_a_rule():
    """Without one `make NAME` does nothing and succeeds."""
    assert set(PHONY) == set(re.findall(r"(?m)^([a-z-]+):", MAKEFILE))


def test_help_has_everything_that_is_for_people():
    shown = set(re.findall(r'(?m)^\t@echo "make ([a-z-]+)', MAKEFILE))
    assert shown == {
        name for name in PHONY if name not in ("help", "needs") and not name.startswith("packages-")
    }
