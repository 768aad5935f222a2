"""What can be set about an inventory that is taken for intended state: where it says what about a host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_SITE: Final = "main"
"""The site of a device whose inventory names none."""
_FACTS: Final = ("site", "role", "serial", "intent")

GroupPattern = Annotated[str, Field(min_length=1, pattern=r"^[^*]*\*?[^*]*$")]
"""A group, or many with one `*`: then what the `*` stands for is the name."""


class HostOptions(BaseModel):
    """Where an inventory says what driftline wants to know about a host.

    Variables are those of the host or of any group it is in; a dot leads into a map (`location.name`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: tuple[str, ...] = ()
    """Only hosts in one of these groups are devices; none: all hosts are."""
    site_variable: str = "site"
    role_variable: str = "role"
    serial_variable: str = "serial"
    intent_variable: str = "driftline"
    """Holds what else is intended, in the shape of a device file."""
    site_groups: tuple[GroupPattern, ...] = ()
    """Groups that tell the site, where no variable does."""
    role_groups: tuple[GroupPattern, ...] = ()
    default_site: str = NO_SITE
    """The site of a host of which nothing tells it."""

    def variable(self, fact: str) -> str:
        """Return the name of the variable that tells `site`, `role`, `serial` or `intent`."""
        return str(getattr(self, f"{fact}_variable"))

    def facts(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is wanted of a host's variables, by what it is; all others are not looked at."""
        found = {fact: _lookup(variables, self.variable(fact)) for fact in _FACTS}
        return {fact: value for fact, value in found.items() if value is not None}


def _lookup(variables: Mapping[str, Any], name: str) -> Any:
    if name in variables:
        return variables[name]
    first, *steps = name.split(".")
    value = variables.get(first)
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value
