"""Any dataset as an inventory of Nornir or Ansible, or as intent files. None of it ever holds a secret."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from driftline.adapters.intent import Discovery, discover, yaml_text
from driftline.adapters.intent.files import STEM
from driftline.engine import Adapter, DiffSyncModelFlags
from driftline.engine.exceptions import Problem, ProblemsError
from driftline.network import Endpoint, InterfaceKind

from .groups import group_name
from .network_os import network_os_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from driftline.network import Device, Interface, IPAddress

_ALWAYS_THERE: Final = frozenset({"all", "ungrouped"})


class InventoryError(ProblemsError):
    """A dataset can't be printed as an inventory."""

    default_code: ClassVar[str] = "INVENTORY"
    default_hint: ClassVar[str] = "rename what it names"


@dataclass(frozen=True, slots=True)
class NornirInventory:
    """The three files of Nornir's SimpleInventory."""

    hosts: dict[str, dict[str, Any]]
    groups: dict[str, dict[str, Any]]
    defaults: dict[str, Any]


def printed(dataset: Adapter, form: str, endpoints: Mapping[str, Endpoint] | None = None) -> Discovery:
    """Return the files of a dataset as `nornir`, `ansible` or `intent`, not written yet.

    Raises:
        InventoryError: a name can't be used, or two become one.
        IntentWriteError: the dataset can't be said in intent files.
    """
    if form == "intent":
        return discover(dataset)
    if form == "ansible":
        return Discovery({"hosts.yml": yaml_text.document(ansible_inventory(dataset, endpoints))}, ())
    made = nornir_inventory(dataset, endpoints)
    parts = {"hosts": made.hosts, "groups": made.groups, "defaults": made.defaults}
    return Discovery({f"{name}.yaml": yaml_text.document(part) for name, part in parts.items()}, ())


def nornir_inventory(dataset: Adapter, endpoints: Mapping[str, Endpoint] | None = None) -> NornirInventory:
    """Return the devices as a Nornir inventory, with a group for each site, role and platform."""
    devices = _devices(dataset)
    reached = _reached(dataset, devices, endpoints or {})
    groups = _groups(devices)
    hosts = {}
    for device in devices:
        endpoint, data = reached[device.name], _kept({"serial": device.serial})
        place = {"hostname": endpoint.hostname, "port": endpoint.port}
        names = [group.name for group in groups if device.name in group.members]
        hosts[device.name] = _kept({**place, "groups": names, "data": data or None})
    # Nornir warns of an empty file of defaults.
    return NornirInventory(hosts, {group.name: group.nornir for group in groups}, {"data": {}})


def ansible_inventory(dataset: Adapter, endpoints: Mapping[str, Endpoint] | None = None) -> dict[str, Any]:
    """Return the devices as Ansible's YAML inventory, with a group for each site, role and platform."""
    hosts, groups = _ansible_parts(dataset, endpoints or {})
    children = {
        group.name: {"vars": group.ansible, "hosts": {name: {} for name in group.members}} for group in groups
    }
    return {"all": {"hosts": hosts, "children": children}}


def ansible_list(dataset: Adapter, endpoints: Mapping[str, Endpoint] | None = None) -> dict[str, Any]:
    """Return the same in the shape that Ansible wants of a dynamic inventory asked with `--list`."""
    hosts, groups = _ansible_parts(dataset, endpoints or {})
    return {
        **{group.name: {"vars": group.ansible, "hosts": list(group.members)} for group in groups},
        "all": {"hosts": list(hosts), "children": [group.name for group in groups]},
        "_meta": {"hostvars": hosts},
    }


# Groups ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Group:
    """The devices that have a site, a role or a platform in common."""

    kind: str
    value: str
    members: dict[str, None]
    """In order."""

    @property
    def name(self) -> str:
        return group_name(self.kind, self.value)

    @property
    def nornir(self) -> dict[str, Any]:
        own = {self.kind: self.value}
        return own if self.kind == "platform" else {"data": own}

    @property
    def ansible(self) -> dict[str, str]:
        if self.kind == "platform":
            return {"ansible_network_os": network_os_of(self.value), "platform": self.value}
        return {self.kind: self.value}


def _groups(devices: list[Device]) -> list[_Group]:
    """Return the groups in order; raises InventoryError when two would have one name."""
    found: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for device in devices:
        for kind in ("site", "role", "platform"):
            value = getattr(device, kind)
            if value is not None:
                found[kind, value][device.name] = None
    order = {"site": 0, "role": 1, "platform": 2}
    keys = sorted(found, key=lambda key: (order[key[0]], key[1]))
    groups = [_Group(kind, value, found[kind, value]) for kind, value in keys]
    _refuse(_collisions(groups))
    return groups


def _collisions(groups: list[_Group]) -> Iterator[Problem]:
    taken: dict[str, _Group] = {}
    for group in groups:
        first = taken.setdefault(group.name, group)
        if first is not group:
            message = f"{first.kind} {first.value!r} would be the group {group.name} too"
            yield Problem(
                f"{group.kind} {group.value}", "INVENTORY-SAME-GROUP", message, "rename one of them"
            )


# Devices --------------------------------------------------------------------------------------------------


def _devices(dataset: Adapter) -> list[Device]:
    """Return the devices by name; those flagged IGNORE were not read."""
    devices = [
        device
        for device in cast("list[Device]", dataset.get_all("device"))
        if DiffSyncModelFlags.IGNORE not in device.model_flags
    ]
    if not devices:
        _refuse(
            iter([Problem("", "INVENTORY-EMPTY", "there is no device", "see where they should come from")])
        )
    return sorted(devices, key=lambda device: device.name)


def _ansible_parts(
    dataset: Adapter, endpoints: Mapping[str, Endpoint]
) -> tuple[dict[str, dict[str, Any]], list[_Group]]:
    """Return the hosts with their variables, and the groups."""
    devices = _devices(dataset)
    reached = _reached(dataset, devices, endpoints)
    groups = _groups(devices)
    _refuse(_unusable(devices, {group.name for group in groups} | _ALWAYS_THERE))
    hosts = {
        device.name: _kept(
            {
                "ansible_host": reached[device.name].hostname,
                "ansible_port": reached[device.name].port,
                "serial": device.serial,
            }
        )
        for device in devices
    }
    return hosts, groups


def _unusable(devices: list[Device], groups: set[str]) -> Iterator[Problem]:
    """Return the devices whose names Ansible would take for something else: a range, a port, a group."""
    for device in devices:
        if device.name in groups:
            message = "a group has the same name"
        elif not STEM.fullmatch(device.name):
            message = f"{device.name!r} is not a usable name for a host"
        else:
            continue
        yield Problem(device.name, "INVENTORY-HOST-NAME", message, "rename it")


def _reached(
    dataset: Adapter, devices: list[Device], endpoints: Mapping[str, Endpoint]
) -> dict[str, Endpoint]:
    """Return where the devices are reached: as is told, else at the address of a management interface."""
    found = {}
    for device in devices:
        told = endpoints.get(device.name, Endpoint())
        found[device.name] = Endpoint(told.hostname or _management_address(dataset, device), told.port)
    return found


def _management_address(dataset: Adapter, device: Device) -> str | None:
    interfaces = cast("list[Interface]", dataset.get_by_uids(device.interfaces, "interface"))
    addresses = [
        address
        for interface in interfaces
        if interface.kind is InterfaceKind.MANAGEMENT
        for address in cast("list[IPAddress]", dataset.get_by_uids(interface.addresses, "ip_address"))
    ]
    addresses.sort(key=lambda address: not address.primary_ipv4)
    return addresses[0].host if addresses else None


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _refuse(problems: Iterator[Problem]) -> None:
    found = list(problems)
    if found:
        raise InventoryError("The dataset can't be printed as an inventory", problems=found)
