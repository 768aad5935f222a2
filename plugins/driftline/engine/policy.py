"""How a run behaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .plan import Step
    from .transaction import Transaction


@dataclass(frozen=True, slots=True)
class Together:
    """Which units change together or not at all, and what is done before the first of them is permanent."""

    group_of: Callable[[str], str]
    """Returns the name of a unit's group."""
    decided: Callable[[str, Sequence[str], BaseException | None], object] = lambda _group, _units, _cause: (
        None
    )
    """Called with a group, its units, and why they are to be taken back, before the first is; None: to be confirmed."""
    longest_timer: int = 7200
    """The most seconds that a commit's timer may be set to, where many units need longer than `revert_in`."""
    patience: int = 0
    """The seconds that a unit may be watched between its commit and the decision."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a run behaves."""

    revert_in: int | None = None
    """Seconds until an unconfirmed change reverts by itself, on targets that can; None: no timer."""
    stop_on_failure: bool = False
    """Whether units that have not begun are skipped after the first failure, a hook's refusal apart."""
    check: Callable[[], None] | None = None
    """Called when a unit has been verified and before it is confirmed; what it raises takes the unit back."""
    around: Callable[[str, Sequence[Step], Transaction], Transaction] | None = None
    """Wraps the transaction of a unit, to watch over it or to keep a record of it."""
    together: Together | None = None
    """Which units change together; None: each for itself."""
