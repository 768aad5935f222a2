"""In which order an IPAM is changed: what is referred to is there first, and goes last.

`order` sorts the steps of a plan for people. `linked` says which step needs which other one, so that what is
independent can be written together.
"""

from __future__ import annotations

import heapq
import ipaddress
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import PlanError, Problem
from driftline.engine.plan import ObjectRef, Step, renewed
from driftline.network.names import InterfaceKind, expand_vlans, interface_kind, name_order

from .models import GLOBAL, RENAMED_TO

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from driftline.engine import Plan
    from driftline.engine.typing import Dataset

    from .records import Values

    Key = tuple[str, str]
    """A model and a unique id."""

_RANK = {"term": 0, "site": 1, "vlan": 2, "prefix": 3, "device": 4, "interface": 5, "ip_address": 6}
_TERM_RANK = {"manufacturer": 0, "device_type": 1}
_KIND_RANK = {InterfaceKind.LAG: 0, InterfaceKind.SUBINTERFACE: 2}


def order(step: Step) -> tuple[int, int, int, tuple[str, tuple[int, ...]], str]:
    """Return the sort key of a step: first what is made and changed, from the top down, then what goes, from below."""
    deleting = step.action == "delete"
    sign = -1 if deleting else 1
    return (
        int(deleting),
        sign * _RANK.get(step.model, len(_RANK)),
        sign * _rank_within(step),
        (str(step.identity.get("device", "")), name_order(str(step.identity.get("name", "")))[1]),
        step.name,
    )


def linked(plan: Plan, target: Dataset) -> Plan:
    """Return the plan with every step depending on those without which it can't be done, and after them.

    The ports of a device that moves to another site get that site's VLANs of the same numbers.

    Args:
        plan: a plan that nobody has seen yet.
        target: the IPAM that it is for.

    Raises PlanError when a device moves to a site without the VLANs of its ports, or steps need each other.
    """
    steps = _with_ports_of_moved(plan.steps, target)
    return plan.with_steps(_sorted(_Links(steps, target).linked()), draft=True)


def _rank_within(step: Step) -> int:
    if step.model == "term":
        return _TERM_RANK.get(str(step.identity.get("kind")), 2)
    if step.model == "interface":
        return _KIND_RANK.get(interface_kind(str(step.identity["name"])), 1)
    if step.model == "prefix":
        return int(str(step.identity["prefix"]).rpartition("/")[2])
    return 0


class _Links:
    """The steps of a plan, and what they refer to before and after."""

    def __init__(self, steps: Sequence[Step], target: Dataset) -> None:
        self._steps = steps
        self._target = target
        self._at: dict[tuple[str, str, str], list[Step]] = defaultdict(list)
        for step in steps:
            self._at[step.action, *_place(step.model, step.identity, target)].append(step)
        self._deletions = {step.id for step in steps if step.action == "delete"}
        self._moved = {
            str(step.identity["name"]): str(step.after["site"])
            for step in steps
            if step.model == "device" and step.after and "site" in step.after
        }
        self._hosts = {
            _host(step): step for step in steps if step.model == "ip_address" and step.action == "delete"
        }

    def linked(self) -> list[Step]:
        """Return the steps with what each depends on."""
        needs: dict[str, set[str]] = {step.id: self._kept(step) for step in self._steps}
        for step in self._steps:
            after, before = self._after(step), self._before(step)
            needs[step.id].update(other.id for key in after for other in self._there("create", key))
            for key in before - after:
                for leaving in self._there("delete", key):
                    needs[leaving.id].add(step.id)
            needs[step.id].update(other.id for other in self._in_its_place(step))
        return [replace(step, depends_on=tuple(sorted(needs[step.id] - {step.id}))) for step in self._steps]

    def _kept(self, step: Step) -> set[str]:
        """Return what a step needed already; but no deletion waits for its parent's: it goes before."""
        if step.action != "delete":
            return set(step.depends_on)
        return set(step.depends_on) - self._deletions

    def _there(self, action: str, key: Key) -> Sequence[Step]:
        return self._at.get((action, *key), ())

    def _in_its_place(self, step: Step) -> Iterator[Step]:
        """Yield the steps that make room for what is made, or take over from what goes."""
        if step.model == "ip_address" and step.action == "create":
            # No two rows may have one host, whatever their prefix lengths.
            if (other := self._hosts.get(_host(step))) is not None:
                yield other
        elif step.model == "prefix" and step.action == "delete":
            # Nautobot's addresses are in a prefix: in the next wider one when theirs goes.
            for key in _around(str(step.identity["prefix"])):
                yield from self._there("create", key)
        elif step.action == "delete" and (name := (step.before or {}).get(RENAMED_TO)):
            yield from self._there("create", self._key(step.model, **{**step.identity, "name": name}))

    def _after(self, step: Step) -> set[Key]:
        if step.after is None:
            return set()
        return set(
            self._refers({**self._known(step), **step.identity, **step.after}, step.model, self._moved)
        )

    def _before(self, step: Step) -> set[Key]:
        if step.action == "create":
            return set()
        return set(
            self._refers({**self._known(step), **step.identity, **(step.before or {})}, step.model, {})
        )

    def _known(self, step: Step) -> Values:
        """Return the values that the target has: a step has only those that it changes."""
        if step.action == "create":
            return {}
        obj = self._target.get_or_none(step.model, step.identity)
        return {} if obj is None else obj.get_attrs()

    def _refers(self, values: Values, model: str, moved: Mapping[str, str]) -> Iterator[Key]:
        """Yield what an object with these values refers to."""
        for kind in ("role", "platform", "device_type", "vrf"):
            if values.get(kind) and (kind != "role" or model == "device"):
                yield self._key("term", kind=kind, name=values[kind])
        if model == "term" and values["kind"] == "device_type":
            yield self._key("term", kind="manufacturer", name=str(values["name"]).partition("/")[0])
        if values.get("site"):
            yield self._key("site", name=values["site"])
        if values.get("device"):
            yield self._key("device", name=values["device"])
        if model == "interface":
            yield from self._refers_of_interface(values, moved)
        if model == "ip_address":
            if values.get("device") and values.get("interface"):
                yield self._key("interface", device=values["device"], name=values["interface"])
            yield from _around(str(values["address"]))

    def _refers_of_interface(self, values: Values, moved: Mapping[str, str]) -> Iterator[Key]:
        for other in ("lag", "parent"):
            if values.get(other):
                yield self._key("interface", device=values["device"], name=values[other])
        site = moved.get(str(values["device"])) or self._site_of(str(values["device"]))
        for vid in _vids(values):
            yield self._key("vlan", site=site, vid=vid)
            yield self._key("vlan", site=GLOBAL, vid=vid)

    def _site_of(self, device: str) -> str:
        for made in self._there("create", self._key("device", name=device)):
            return str((made.after or {}).get("site", ""))
        obj = self._target.get_or_none("device", {"name": device})
        return "" if obj is None else str(obj.site)

    def _key(self, model: str, **identity: Any) -> Key:
        return _place(model, identity, self._target)


def _with_ports_of_moved(steps: Sequence[Step], target: Dataset) -> list[Step]:
    """Return the steps with those that give the ports of moved devices the VLANs of their new sites."""
    found = {_key(step.model, step.identity, target): step for step in steps}
    vlans = {(vlan.site, vlan.vid) for vlan in target.get_all("vlan")} | {
        (str(step.identity["site"]), int(step.identity["vid"]))
        for step in steps
        if step.model == "vlan" and step.action == "create"
    }
    problems: list[Problem] = []
    made: dict[Key, Step] = {}
    for step in steps:
        if step.model != "device" or step.action != "update" or "site" not in (step.after or {}):
            continue
        for port in _ports(str(step.identity["name"]), target):
            key = port.get_type(), port.get_unique_id()
            own = found.get(key)
            if own is None or own.action == "update":
                made[key] = _moved(port, own, step, target)
                problems += _not_there(made[key], port, str((step.after or {})["site"]), vlans)
    if problems:
        raise PlanError(
            "devices can't move",
            problems=problems,
            code="IPAM-VLAN-OF-SITE",
            hint="let the new site have these VLANs, or take them off the ports in the same plan",
        )
    kept = [made.pop(_key(step.model, step.identity, target), step) for step in steps]
    return [*kept, *made.values()]


def _ports(device: str, target: Dataset) -> Iterator[Any]:
    """Yield the ports of a device that have VLANs."""
    obj: Any = target.get_or_none("device", {"name": device})
    if obj is None:
        return
    for port in target.find_by_uids(obj.interfaces, "interface").values():
        if _vids(port.get_attrs()):
            yield port


def _moved(port: Any, own: Step | None, device: Step, target: Dataset) -> Step:
    """Return the step that names a port's VLANs anew, whether or not their numbers change."""
    vlans = {name: getattr(port, name) for name in ("untagged_vlan", "tagged_vlans")}
    if own is not None:
        return renewed(own, before={**vlans, **(own.before or {})}, after={**vlans, **(own.after or {})})
    identity = port.get_identifiers()
    step = Step(
        id="",
        action="update",
        model="interface",
        identity=identity,
        name=str(port.name),
        unit=target.unit_of("interface", identity),
        parent=ObjectRef("device", dict(device.identity)),
        before=dict(vlans),
        after=dict(vlans),
        depends_on=(device.id,),
    )
    return renewed(step)


def _not_there(step: Step, port: Any, site: str, vlans: Container[tuple[str, int]]) -> Iterator[Problem]:
    """Yield the VLANs of a port that its new site lacks."""
    for vid in sorted(_vids({**port.get_attrs(), **(step.after or {})})):
        if (site, vid) not in vlans and (GLOBAL, vid) not in vlans:
            yield Problem(
                str(port.device),
                "IPAM-VLAN-OF-SITE",
                f"its port {port.name} has the VLAN {vid}, which the site {site} lacks",
            )


def _vids(values: Values) -> set[int]:
    """Return the numbers of the VLANs that a port has."""
    untagged = values.get("untagged_vlan")
    return {*expand_vlans(str(values.get("tagged_vlans") or "none")), *([untagged] if untagged else [])}


def _around(text: str) -> Iterator[Key]:
    """Yield the prefixes that an address or a prefix could be in, from the narrowest on."""
    network = ipaddress.ip_interface(text).network
    yield "prefix", str(network)
    while network.prefixlen > 0:
        network = network.supernet()
        yield "prefix", str(network)


def _host(step: Step) -> str:
    return str(step.identity["address"]).partition("/")[0]


def _key(model: str, identity: Mapping[str, Any], target: Dataset) -> Key:
    return model, target.model_class(model).unique_id_of(identity)


def _place(model: str, identity: Mapping[str, Any], target: Dataset) -> Key:
    """Return the key by which others refer to an object: a VLAN without its group, a prefix without its VRF."""
    if model == "vlan":
        return model, f"{identity['vid']} of {identity['site']}"
    if model == "prefix":
        return model, str(identity["prefix"])
    return _key(model, identity, target)


def _sorted(steps: Sequence[Step]) -> list[Step]:
    """Return the steps so that each comes after those that it depends on, otherwise in the order of their keys.

    Raises PlanError when steps need each other.
    """
    known = {step.id: step for step in steps}
    needing: dict[str, list[str]] = defaultdict(list)
    left = {step.id: 0 for step in steps}
    for step in steps:
        for needed in step.depends_on:
            if needed in known:
                needing[needed].append(step.id)
                left[step.id] += 1
    ready = [(order(known[step_id]), step_id) for step_id, count in left.items() if not count]
    heapq.heapify(ready)
    done: list[Step] = []
    while ready:
        __, step_id = heapq.heappop(ready)
        done.append(known[step_id])
        for other in needing[step_id]:
            left[other] -= 1
            if not left[other]:
                heapq.heappush(ready, (order(known[other]), other))
    if len(done) < len(steps):
        circle = [f"{step.action} {step.model} {step.name}" for step in steps if left[step.id]]
        raise PlanError(
            f"these steps need each other: {', '.join(circle[:5])}",
            code="IPAM-CIRCLE",
            hint="make the change in two parts",
        )
    return done
