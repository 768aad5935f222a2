"""Models of others: how ACME compares."""

from __future__ import annotations

from typing import ClassVar

from driftline.network import Interface, Vlan


class AcmeInterface(Interface):
    """An interface whose description may be in any case: ACME's operators shout."""

    _ignore_case: ClassVar[tuple[str, ...]] = ("description",)


class AcmeVlan(Vlan):
    """A VLAN with an attribute that no platform reads."""

    _attributes: ClassVar[tuple[str, ...]] = (*Vlan._attributes, "colour")
    colour: str = "blue"
