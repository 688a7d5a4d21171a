"""The one base of the parts of `Tox`: what every capability's `tox.py` builds on.

A part has the methods of one capability under their flat public names. It reaches the instance below as
`self.core`, and may take a hand in the moments that `Tox` tells all parts of. Who overrides one of them
calls the next part with `super()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxpy.errors import ToxError
from toxpy.generated.typed_events import from_core

if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.core import Core
    from toxpy.save.autosave import Autosave


class ToxClosed(ToxError):
    """The instance was used after `close`."""

    def __init__(self) -> None:
        super().__init__(-1, "TOX_CLOSED", "this Tox instance is closed")


class ToxPart:
    """What the parts of a `Tox` share."""

    def __init__(self, core: Core) -> None:
        self._core: Core | None = core
        self._autosave: Autosave | None = None
        #: makes of an event of the core what the program gets
        self._typed: Callable[[Any], Any] = from_core
        #: called with the friend and the number of each message that was handed over
        self._on_sent: Callable[[int, int], None] | None = None

    @property
    def core(self) -> Core:
        """The bytes level; ToxClosed after `close`."""
        if self._core is None:
            raise ToxClosed
        return self._core

    @property
    def closed(self) -> bool:
        """Was `close` called."""
        return self._core is None

    def _changed(self, by_friend: bool = False) -> None:
        """There is something new to save; `by_friend`: a friend can change it as often as it likes."""
        if self._autosave is not None:
            self._autosave.changed(by_friend)

    # moments for the parts

    def _before_events(self) -> None:
        """The events of a pass are about to be taken."""

    def _takes(self, event: Any) -> bool:
        """An event of the core; True when a part deals with it and nobody else is to see it."""
        return False

    def _forget_friend(self, friend_number: int, why: str) -> None:
        """That friend is no more."""

    def _leave_core(self, why: str) -> None:
        """The core is about to end."""

    def _enter_core(self, core: Core) -> None:
        """The instance goes on with another core."""
