"""What can't be: on a kind of interface of any switch, or of one object; and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from driftline.engine.exceptions import PrepareError
from driftline.network import InterfaceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SWITCHING = ("mode", "access_vlan", "trunk_vlans", "native_vlan")
_ROUTED_ONLY = (
    InterfaceKind.LOOPBACK,
    InterfaceKind.SVI,
    InterfaceKind.MANAGEMENT,
    InterfaceKind.SUBINTERFACE,
)
_NO_MEMBERS = (*_ROUTED_ONLY, InterfaceKind.LAG)


def refused(
    attributes: Iterable[str], kinds: Iterable[InterfaceKind], reason: str
) -> dict[str, Mapping[InterfaceKind, str]]:
    """Return that these attributes are not possible on these kinds of interface, and why."""
    return dict.fromkeys(attributes, dict.fromkeys(kinds, reason))


def impossible(obj: Any, why: str) -> NoReturn:
    """Refuse to render what a platform can't do; raises PrepareError that names the object."""
    message = f"{obj.device}: {obj.get_type()} {obj.get_shortname()}: {why}"
    raise PrepareError(
        message,
        culprits={(obj.get_type(), obj.get_unique_id()): message},
        code="PLAN-UNSUPPORTED",
        hint="take it out of the intent, or change it on the device itself first",
    )


SWITCHING_LOST: Mapping[str, tuple[str, ...]] = {"routed": ("access_vlan", "trunk_vlans", "native_vlan")}
"""What a port forgets with its mode, where a routed one knows nothing of VLANs."""
SWITCH_LIMITS: Mapping[str, Mapping[InterfaceKind, str]] = {
    **refused(SWITCHING, _ROUTED_ONLY, "it does not switch"),
    **refused(("lag", "lag_mode"), _NO_MEMBERS, "only a port can be a member of a port-channel"),
    **refused(
        ("encapsulation_vlan",),
        (kind for kind in InterfaceKind if kind is not InterfaceKind.SUBINTERFACE),
        "only a subinterface has a tag",
    ),
}
