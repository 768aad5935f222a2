"""Units between whose phases nobody waits, as in every run that is neither in bulk nor of units together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .calls import driven
from .transaction import MemoryTransaction
from .unit import UnitRun

if TYPE_CHECKING:
    from .results import UnitResult


class StraightRun(UnitRun):
    """A unit that is carried out in one go."""

    __slots__ = ()

    def carry_out(self) -> UnitResult:
        """Carry the unit out, or take it back."""
        try:
            with self._target.batch():
                try:
                    transaction, steps = self._open(), self._steps
                    kind = type(transaction)
                    if kind is MemoryTransaction and len(steps) == 1 and not self._policy.check:
                        # All is done when the hook has written: so it is for most of what is synchronised.
                        self._begun = True
                        call = self._ready(steps[0])
                        self._settle(call, call())
                        self._current = None
                    else:
                        driven(self._forward(transaction))
                except BaseException as cause:  # noqa: BLE001 - as in `phases`, and so is the rest
                    self._failed(cause)
        except BaseException as cause:  # noqa: BLE001
            self._not_written(cause)
        finally:
            self._close()
        return self._result()
