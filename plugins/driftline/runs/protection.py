"""Protected objects: what no run changes or deletes unless somebody allows it.

Two things are always protected: the management interface, and what we are connected to the device through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, model_validator

from driftline.engine.exceptions import Problem
from driftline.network import InterfaceKind, interface_kind, name_key, select

from .matching import MODELS, ModelName, same_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from driftline.engine import Plan, Step
    from driftline.engine.typing import Dataset
    from driftline.network import Device

_PARTS = ("device", "model", "name")
Deed = Literal["delete", "shutdown", "change"]
_MOVES = frozenset(
    {
        "mode",
        "access_vlan",
        "trunk_vlans",
        "native_vlan",
        "lag",
        "lag_mode",
        "vrf",
        "encapsulation_vlan",
    }
)
"""The attributes by which an interface gets into another network, or out of all."""


class ObjectPattern(BaseModel):
    """Says which objects are meant. What it does not mention does not matter; upper and lower case are one.

    As text it is `DEVICE/MODEL/NAME`, each of which may be `*`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: str | None = None
    """Names, sites or roles of devices, as `--limit` takes them."""
    model: ModelName | None = None
    name: str | None = None
    """An interface's name, an address, or a VLAN's number."""
    description: str | None = None
    attributes: dict[str, StrictBool | StrictInt | str | None] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split("/", 2)]
        if len(parts) < len(_PARTS) or not all(parts):
            raise ValueError("expected DEVICE/MODEL/NAME, such as ams-leaf1/interface/Ethernet49/1")
        return {key: part for key, part in zip(_PARTS, parts, strict=True) if key == "device" or part != "*"}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.whole_device and self.device is None:
            raise ValueError("it must say which: a device, model, name, description or attribute")
        known = [cls for name, cls in MODELS.items() if self.model in (None, name)]
        names = {"description"} if self.description is not None else set()
        for name in sorted(names | self.attributes.keys()):
            if not any(name in cls._attributes for cls in known):
                raise ValueError(f"{self.model or 'none of the models'} has no attribute {name!r}")
        return self

    @property
    def whole_device(self) -> bool:
        """Whether it means devices with all that is on them."""
        return self.model is None and self.name is None and self.description is None and not self.attributes

    def chooses(self, devices: Iterable[Device]) -> set[str] | None:
        """Return the names of the devices that it means; None: all."""
        return None if self.device is None else select(devices, self.device)

    def fits(self, touched: Touched) -> bool:
        """Return whether an object is meant, as it is now or as it would be; its device is not looked at."""
        if self.model not in (None, touched.model):
            return False
        if self.name is not None and not same_name(self.name, touched.name):
            return False
        wanted = dict(self.attributes)
        if self.description is not None:
            wanted["description"] = self.description
        return any(all(_fits(n, wanted[n], values.get(n)) for n in wanted) for values in touched.values)

    def __str__(self) -> str:
        """Return what it says, on one line."""
        said = self.model_dump(include=set(ObjectPattern.model_fields), exclude_defaults=True)
        said |= said.pop("attributes", {})
        return ", ".join(f"{name} {value}" for name, value in said.items())


class Protected(ObjectPattern):
    """Objects that are protected, and against what."""

    actions: tuple[Deed, ...] = ("delete", "shutdown", "change")
    """`delete`, `shutdown` (an update that disables), `change` (any update)."""
    comment: str = ""
    """Why; it is shown to whom it stops."""


@dataclass(frozen=True, slots=True)
class Touched:
    """An object that a step changes, itself or by what hangs on it."""

    model: str
    name: str
    deeds: frozenset[str]
    values: tuple[Mapping[str, Any], ...]
    """What it is like now, and afterwards."""


@dataclass(frozen=True, slots=True)
class Lifelines:
    """Per device, what we are connected to it through."""

    addresses: frozenset[tuple[str, str, str]] = frozenset()
    """(device, VRF, address with prefix length)"""
    interfaces: frozenset[tuple[str, str]] = frozenset()
    """(device, the name's key)"""
    vlans: frozenset[tuple[str, int]] = frozenset()


def lifelines(actual: Dataset, connected: Mapping[str, str]) -> Lifelines:
    """Find what we are connected through: the address, its interface, and for an SVI its VLAN.

    Args:
        connected: per device the IP address that we talk to; one that is not on the device (behind NAT, a
            management server's) has no such objects.
    """
    hosts = {device: host for device, text in connected.items() if (host := _host(text))}
    ours = [
        address
        for address in actual.get_all("ip_address")
        if hosts.get(address.device) == address.address.partition("/")[0]
    ]
    interfaces = {(address.device, address.interface) for address in ours}
    # A subinterface goes down with its port.
    interfaces |= {(device, name.partition(".")[0]) for device, name in interfaces}
    return Lifelines(
        addresses=frozenset((address.device, address.vrf, address.address) for address in ours),
        interfaces=frozenset((device, name_key(name)) for device, name in interfaces),
        vlans=frozenset(
            (device, int(number[0]))
            for device, name in interfaces
            if interface_kind(name) is InterfaceKind.SVI and (number := re.findall(r"\d+$", name))
        ),
    )


def violations(
    plan: Plan,
    actual: Dataset,
    *,
    protected: Iterable[Protected] = (),
    allowed: Iterable[ObjectPattern] = (),
    devices: Iterable[Device] = (),
    connected: Mapping[str, str] | None = None,
) -> Iterator[Problem]:
    """Yield a problem for every step that changes or deletes something protected.

    Args:
        actual: the target as it was read, in which the objects are looked up.
        protected: what is protected beside what always is.
        allowed: what may be changed nevertheless.
        devices: those that patterns choose from.
        connected: per device the IP address that we talk to.
    """
    pool = list(devices)
    lines = lifelines(actual, connected or {})
    shields = [(pattern, pattern.chooses(pool)) for pattern in protected]
    exceptions = [(pattern, pattern.chooses(pool)) for pattern in allowed]
    for step in plan.steps:
        touched = _touched(step, actual)
        if any(_among(step, chosen) and _meant(one, touched) for one, chosen in exceptions):
            continue
        reason = _lifeline(step, touched, lines) or next(
            (
                _reason(one)
                for one, chosen in shields
                if _among(step, chosen) and _meant(one, touched, frozenset(one.actions))
            ),
            "",
        )
        if reason:
            yield _problem(step, touched[0].name, reason)


def _problem(step: Step, name: str, reason: str) -> Problem:
    shut = (step.after or {}).get("enabled") is False
    deed = "shut it down" if shut else f"{step.action} it"
    return Problem(
        f"{step.unit} {step.model} {step.name}",
        "GUARD-PROTECTED",
        f"the plan would {deed}, but {reason}",
        f"if that is meant, put {step.unit}/{step.model}/{name} into guards.allow_protected",
    )


def _reason(pattern: Protected) -> str:
    why = f" ({pattern.comment})" if pattern.comment else ""
    return f"guards.protected has {pattern}{why}"


def _among(step: Step, chosen: set[str] | None) -> bool:
    return chosen is None or step.unit in chosen


def _meant(pattern: ObjectPattern, touched: Iterable[Touched], deeds: frozenset[str] | None = None) -> bool:
    """Return whether a pattern means something that is touched, and one of these deeds is done to it."""
    for one in touched:
        done = one.deeds
        if pattern.whole_device and "add" in done:
            done |= {"change"}  # of the device
        if (deeds is None or done & deeds) and pattern.fits(one):
            return True
    return False


def _touched(step: Step, actual: Dataset) -> list[Touched]:
    """Return the object of a step, and the interfaces whose addresses it changes."""
    found = actual.get_or_none(step.model, step.identity)
    now = {**({} if found is None else found.get_attrs()), **(step.before or {})}
    after = {**now, **(step.after or {})}
    name = str(step.identity.get("name") or step.identity.get("address") or step.identity.get("vid", ""))
    deeds = {"create": {"add"}, "delete": {"delete"}, "update": {"change"}}[step.action]
    if step.action == "update" and (step.after or {}).get("enabled") is False:
        deeds |= {"shutdown"}
    touched = [Touched(step.model, name, frozenset(deeds), (now, after))]
    if step.model == "ip_address":
        interfaces = dict.fromkeys(str(v["interface"]) for v in (now, after) if v.get("interface"))
        touched += [_readdressed(str(step.identity["device"]), name, actual) for name in interfaces]
    return touched


def _readdressed(device: str, name: str, actual: Dataset) -> Touched:
    found = actual.get_or_none("interface", {"device": device, "name": name})
    values = {} if found is None else found.get_attrs()
    return Touched("interface", name, frozenset({"change"}), (values,))


def _lifeline(step: Step, touched: list[Touched], lines: Lifelines) -> str:
    """Return why a step would cut us off, or nothing."""
    if not _severs(step):
        return ""
    if step.model == "vlan":
        ours = (step.unit, int(step.identity["vid"])) in lines.vlans
        return "we are connected through this VLAN" if ours else ""
    if step.model == "ip_address" and _address(step) in lines.addresses:
        return "it is the address that we are connected to"
    for one in touched:
        if one.model == "interface" and interface_kind(one.name) is InterfaceKind.MANAGEMENT:
            return f"{one.name} is the management interface"
        if one.model == "interface" and (step.unit, name_key(one.name)) in lines.interfaces:
            return f"we are connected through {one.name}"
    return ""


def _severs(step: Step) -> bool:
    """Return whether a step could cut a connection: one that deletes, shuts, readdresses or moves something."""
    if step.action == "update":
        after = step.after or {}
        shuts = after.get("enabled") is False
        return step.model == "ip_address" or shuts or not _MOVES.isdisjoint(after)
    return step.action == "delete"


def _address(step: Step) -> tuple[str, str, str]:
    return step.unit, str(step.identity["vrf"]), str(step.identity["address"])


def _host(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None  # a name; whoever connects knows what it stands for


def _fits(attribute: str, wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, str) or value is None:
        return type(wanted) is type(value) and bool(wanted == value)
    if attribute in ("lag", "interface"):
        return same_name(wanted, str(value))
    return fnmatchcase(str(value).casefold(), wanted.casefold())
