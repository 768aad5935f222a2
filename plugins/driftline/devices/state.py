"""What one device's configuration says, as models by their keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import PrepareError
from driftline.network import Interface, IPAddress, Vlan, name_order

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from driftline.engine import DiffSyncModel
    from driftline.network import InterfaceKind

Key = tuple[str, str]
"""(model, unique id)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A line of a native section that no attribute stands for; it stays until somebody else takes it away."""

    line: str
    """Without the section's indentation, with that of the modes inside it."""
    attribute: str | None = None
    """The attribute that the line is about, where its value is none of ours; it goes when that is changed."""
    value: Any = None
    """What the attribute was read as."""


def _alone(state: DeviceState, obj: Any) -> Iterable[Key]:  # noqa: ARG001 - others look at them
    return ()


CLASSES: dict[str, type[DiffSyncModel]] = {"interface": Interface, "ip_address": IPAddress, "vlan": Vlan}


@dataclass(slots=True)
class DeviceState:
    """The modelled part of one running configuration."""

    device: str
    hostname: str = ""
    objects: dict[Key, Any] = field(default_factory=dict)
    vrfs: frozenset[str] = frozenset()
    """The VRFs that are defined, beside the default one."""
    ipv4_vrfs: frozenset[str] = frozenset()
    """Those of them that know IPv4 only, where they are written otherwise."""
    defaults: Mapping[InterfaceKind, Mapping[str, Any]] = field(default_factory=dict)
    """What is otherwise on this device than the platform's defaults."""
    impossible: Mapping[str, str] = field(default_factory=dict)
    """What can't be on this device, and why: a model, or an attribute of an interface that can't be changed."""
    foreign: Sequence[tuple[re.Pattern[str], str]] = ()
    """What objects are (`interface <name>`, `vlan <id>`) that are not only what their own section says, and why."""
    along: Callable[[DeviceState, Any], Iterable[Key]] = _alone
    """(state, object) → whose sections change with the object's own."""
    spelling: Any = None
    """How the device writes what could be written otherwise; for the platform's own code."""
    mlag: tuple[str, str] | None = None
    """The domain and the peer's address, where it is one end of an MLAG pair."""
    kept: dict[Key, tuple[Kept, ...]] = field(default_factory=dict)
    """Per section the lines that driftline does not model."""
    resets: set[Key] = field(default_factory=set)
    """The physical ports that are to go: they can't be deleted, only put back to the factory default."""

    def put(self, obj: DiffSyncModel) -> None:
        """Put an object in, in place of the one with its identity."""
        self.objects[obj.get_type(), obj.get_unique_id()] = obj

    def copy(self) -> DeviceState:
        """Return a state whose objects can be replaced without touching this one's."""
        return replace(self, objects=dict(self.objects), kept=dict(self.kept), resets=set(self.resets))

    def drop(self, key: Key) -> None:
        """Take an object out, with the lines of its section that driftline does not model."""
        self.objects.pop(key, None)
        self.kept.pop(key, None)

    def kept_lines(self, key: Key) -> list[str]:
        """Return the lines of an object's section that driftline does not model and that are to stay."""
        obj = self.objects[key]
        return [
            kept.line
            for kept in self.kept.get(key, ())
            if kept.attribute is None or getattr(obj, kept.attribute) == kept.value
        ]

    def why_foreign(self, what: str) -> str | None:
        """Return why `interface <name>` or `vlan <id>` can't be compared or changed; None: it can."""
        return next((why for pattern, why in self.foreign if pattern.fullmatch(what)), None)

    def of(self, modelname: str) -> Iterator[Any]:
        """Return the objects of one model."""
        return (obj for (model, __), obj in self.objects.items() if model == modelname)

    def interface(self, name: str) -> Interface | None:
        """Return an interface by any spelling of its name."""
        found = self.objects.get(("interface", Interface.create_unique_id(device=self.device, name=name)))
        return found if isinstance(found, Interface) else None

    def addresses_of(self, name: str) -> list[IPAddress]:
        """Return an interface's addresses: IPv4 before IPv6, the primary first."""
        mine = [a for a in self.of("ip_address") if IPAddress.same("interface", a.interface, name)]
        return sorted(mine, key=lambda a: (not a.is_ipv4, a.secondary, name_order(a.address), a.address))


@dataclass(frozen=True, slots=True)
class Change:
    """One staged change of one object: what a hook asks of the device."""

    action: str
    model: str
    identity: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """The object's key."""
        return self.model, CLASSES[self.model].create_unique_id(**self.identity)

    def apply(self, state: DeviceState, defaults: Callable[[InterfaceKind], Mapping[str, Any]]) -> None:
        """Change a state; raises PrepareError when it is not what the change was planned from.

        Args:
            defaults: what the attributes of a kind of interface are when nothing is configured.
        """
        found: Any = state.objects.get(self.key)
        self._check(found)
        if self.action == "update":
            state.put(_settled(CLASSES[self.model](**{**_fields(found), **self.after})))
        elif self.action == "create":
            blank = CLASSES[self.model](**{**self.after, **self.identity})
            given = defaults(blank.kind) if isinstance(blank, Interface) else {}
            state.put(_settled(CLASSES[self.model](**{**given, **self.after, **self.identity})))
        elif isinstance(found, Interface) and not found.kind.logical:
            state.drop(self.key)
            state.resets.add(self.key)
            state.put(Interface(**{**self.identity, "name": found.name}, **defaults(found.kind)))
        else:
            state.drop(self.key)

    def _check(self, found: Any) -> None:
        what = f"{self.model} {self.key[1]}"
        if self.action == "create":
            if found is not None:
                raise self._stale(f"{what} was to be created, but it exists by now")
            return
        if found is None:
            raise self._stale(f"{what} was to be {self.action}d, but it is gone")
        for name, planned in self.before.items():
            value = getattr(found, name)
            if not found.same(name, planned, value):
                raise self._stale(f"{what}: {name} was {planned!r} when planned and is {value!r} now")

    def _stale(self, message: str) -> PrepareError:
        return PrepareError(message, culprits={self.key: message}, code="PLAN-STALE", hint="make a new plan")


def _settled(obj: Any) -> Any:
    """Return an object with what its values imply: a port is in a port-channel in some mode, or in none."""
    if isinstance(obj, Interface):
        obj.lag_mode = (obj.lag_mode or "active") if obj.lag else None
    return obj


def _fields(obj: DiffSyncModel) -> dict[str, Any]:
    return {name: getattr(obj, name) for name in type(obj).model_fields if name != "adapter"}


def section_hash(lines: Sequence[str]) -> str:
    """Return a short digest of a native section, so that a delete can tell whether it is still the same."""
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()
