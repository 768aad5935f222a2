"""Guards: limits on what one run may do, checked before the first write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from driftline.engine.exceptions import GuardBreach

if TYPE_CHECKING:
    from driftline.engine import Plan


def _limit(value: int | str) -> int | str:
    if isinstance(value, str) and not re.fullmatch(r"\d{1,3}%", value):
        raise ValueError("a limit is a number or a percentage such as 10%")
    return value


Limit = Annotated[int | str, AfterValidator(_limit)]


class Guards(BaseModel):
    """How much one run may change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_devices: int | None = Field(default=None, ge=0)
    """Devices changed in one run; default: no limit."""
    max_deletes: Limit | None = "25%"
    """Objects deleted in one run: a number, or a percentage of the objects that the devices have."""


def check(guards: Guards, plan: Plan, objects: int) -> None:
    """Raise GuardBreach when a plan goes beyond a limit; it says which, by how much, and how to allow it.

    Args:
        objects: how many objects the target has, for limits in percent.
    """
    devices = len(plan.units)
    if guards.max_devices is not None and devices > guards.max_devices:
        raise GuardBreach(
            f"the plan changes {devices} devices, and guards.max_devices allows {guards.max_devices}",
            code="GUARD-DEVICES",
            hint="use --limit, or raise guards.max_devices",
        )
    deletes = sum(step.action == "delete" for step in plan.steps)
    allowed = _allowed(guards.max_deletes, objects)
    if allowed is not None and deletes > allowed:
        raise GuardBreach(
            f"the plan deletes {deletes} of {objects} objects, and guards.max_deletes allows "
            f"{guards.max_deletes} ({allowed})",
            code="GUARD-DELETES",
            hint="if that is meant, raise guards.max_deletes for this run",
        )


def _allowed(limit: int | str | None, objects: int) -> int | None:
    if isinstance(limit, str):
        return objects * int(limit.rstrip("%")) // 100
    return limit
