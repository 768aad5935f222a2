"""Runs inside Nautobot: fills a migrated database through its models, without its change log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from nautobot.dcim.models import Device, DeviceType, Interface, Location, LocationType, Manufacturer, Platform
from nautobot.extras.models import Role, Status
from nautobot.ipam.models import (
    VLAN,
    IPAddress,
    IPAddressToInterface,
    Namespace,
    Prefix,
    PrefixLocationAssignment,
    VLANLocationAssignment,
)
from nautobot.users.models import ObjectPermission, Token, User


def fill(file: str, token: str, _token_v1: str) -> None:
    """Make the administrator's token, and everything that a file lists."""
    with transaction.atomic():
        administrator, _ = User.objects.get_or_create(
            username="admin", defaults={"is_superuser": True, "is_staff": True}
        )
        Token.objects.create(user=administrator, key=token)
        data = json.loads(Path(file).read_text())
        if data["sites"]:
            fill_network(data)


def fill_network(data: dict[str, Any]) -> None:
    """Make the rows, a table at a time; what points to others comes after them."""
    active = Status.objects.get(name="Active")
    sites = fill_sites(data["sites"], active)
    vlans = fill_vlans(data["vlans"], sites, active)
    prefixes = fill_prefixes(data["prefixes"], sites, vlans, active)
    devices = fill_devices(data, sites, active)
    interfaces = fill_interfaces(data, devices, vlans, active)
    fill_addresses(data, devices, interfaces, prefixes, active)


def fill_sites(rows: list[dict[str, Any]], active: Status) -> dict[str, Location]:
    kind = LocationType.objects.create(name="Site")
    kind.content_types.set(ContentType.objects.get_for_models(Device, VLAN, Prefix).values())
    made = [Location(name=row["name"], location_type=kind, status=active) for row in rows]
    return {site.name: site for site in Location.objects.bulk_create(made)}


def fill_vlans(
    rows: list[dict[str, Any]], sites: dict[str, Location], active: Status
) -> dict[tuple[str, int], VLAN]:
    made = {(row["site"], row["vid"]): VLAN(vid=row["vid"], name=row["name"], status=active) for row in rows}
    VLAN.objects.bulk_create(made.values())
    VLANLocationAssignment.objects.bulk_create(
        VLANLocationAssignment(vlan=vlan, location=sites[site]) for (site, _), vlan in made.items()
    )
    return made


def fill_prefixes(
    rows: list[dict[str, Any]], sites: dict[str, Location], vlans: dict[tuple[str, int], VLAN], active: Status
) -> dict[str, Prefix]:
    namespace = Namespace.objects.get(name="Global")
    made = {}
    for row in rows:
        vlan = vlans.get((row["site"], row["vid"]))
        made[row["prefix"]] = Prefix(prefix=row["prefix"], namespace=namespace, vlan=vlan, status=active)
    Prefix.objects.bulk_create(made.values())
    PrefixLocationAssignment.objects.bulk_create(
        PrefixLocationAssignment(prefix=made[row["prefix"]], location=sites[row["site"]]) for row in rows
    )
    return made


def fill_devices(data: dict[str, Any], sites: dict[str, Location], active: Status) -> dict[str, Device]:
    roles = {}
    for name in data["roles"]:
        roles[name], _ = Role.objects.get_or_create(name=name)
        roles[name].content_types.add(ContentType.objects.get_for_model(Device))
    maker = Manufacturer.objects.create(name=data["manufacturer"])
    model = DeviceType.objects.create(manufacturer=maker, model=data["device_type"])
    platform = Platform.objects.create(
        name=data["platform"], network_driver=data["network_driver"], napalm_driver=data["platform"]
    )
    made = [
        Device(
            name=row["name"],
            location=sites[row["site"]],
            role=roles[row["role"]],
            serial=row["serial"],
            device_type=model,
            platform=platform,
            status=active,
        )
        for row in data["devices"]
    ]
    return {device.name: device for device in Device.objects.bulk_create(made)}


def fill_interfaces(
    data: dict[str, Any], devices: dict[str, Device], vlans: dict[tuple[str, int], VLAN], active: Status
) -> dict[tuple[str, str], Interface]:
    site_of = {row["name"]: row["site"] for row in data["devices"]}
    made: dict[tuple[str, str], Interface] = {}
    tagged = []
    for row in data["interfaces"]:
        device, site = row["device"], site_of[row["device"]]
        plain = {name: row[name] for name in ("name", "type", "enabled", "mtu", "description", "mode")}
        interface = Interface(
            device=devices[device],
            status=active,
            mgmt_only=row["name"].startswith("Management"),
            untagged_vlan=vlans.get((site, row["untagged_vlan"])),
            lag=made.get((device, row["lag"])),
            **plain,
        )
        made[device, row["name"]] = interface
        tagged += [(interface, vlans[site, vid]) for vid in row["tagged_vlans"]]
    Interface.objects.bulk_create(made.values(), batch_size=1000)
    link = Interface.tagged_vlans.through
    link.objects.bulk_create(
        (link(interface=interface, vlan=vlan) for interface, vlan in tagged), batch_size=5000
    )
    return made


def fill_addresses(
    data: dict[str, Any],
    devices: dict[str, Device],
    interfaces: dict[tuple[str, str], Interface],
    prefixes: dict[str, Prefix],
    active: Status,
) -> None:
    made = {}
    for row in data["addresses"]:
        parent = prefixes[row["prefix"]]
        made[row["address"]] = IPAddress(address=row["address"], parent=parent, status=active)
    IPAddress.objects.bulk_create(made.values(), batch_size=1000)
    IPAddressToInterface.objects.bulk_create(
        IPAddressToInterface(
            ip_address=made[row["address"]], interface=interfaces[row["device"], row["interface"]]
        )
        for row in data["addresses"]
    )
    for row in data["devices"]:
        devices[row["name"]].primary_ip4 = made[row["primary_address"]]
    Device.objects.bulk_update(devices.values(), ["primary_ip4"], batch_size=200)


def limited(permissions: list[str]) -> None:
    """Print a token of a new user with permissions such as `dcim.view_device`."""
    user = User.objects.create(username=f"limited{User.objects.count()}")
    for permission in permissions:
        app, _, rest = permission.partition(".")
        action, _, model = rest.partition("_")
        made = ObjectPermission.objects.create(name=f"{user.username} {permission}", actions=[action])
        made.object_types.add(ContentType.objects.get(app_label=app, model=model))
        made.users.add(user)
    print(Token.objects.create(user=user).key)
