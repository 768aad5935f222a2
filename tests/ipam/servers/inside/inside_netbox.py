"""Runs inside NetBox: fills a migrated database through its models, without its change log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dcim.models import Device, DeviceRole, DeviceType, Interface, Manufacturer, Platform, Site
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.text import slugify
from ipam.models import VLAN, IPAddress, Prefix
from users.models import ObjectPermission, Token, User


def fill(file: str, token: str, token_v1: str) -> None:
    """Make the administrator's tokens, and everything that a file lists."""
    with transaction.atomic():
        administrator, _ = User.objects.get_or_create(username="admin", defaults={"is_superuser": True})
        key, _, secret = token.removeprefix("nbt_").partition(".")
        Token(user=administrator, version=2, key=key, token=secret).save()
        Token(user=administrator, version=1, token=token_v1).save()
        data = json.loads(Path(file).read_text())
        if data["sites"]:
            fill_network(data)


def fill_network(data: dict[str, Any]) -> None:
    """Make the rows, a table at a time; what points to others comes after them."""
    made = Site.objects.bulk_create(Site(name=row["name"], slug=row["name"]) for row in data["sites"])
    sites = {site.name: site for site in made}
    vlans = fill_vlans(data["vlans"], sites)
    fill_prefixes(data["prefixes"], sites, vlans)
    devices = fill_devices(data, sites)
    interfaces = fill_interfaces(data, devices, vlans)
    fill_addresses(data, devices, interfaces)


def fill_vlans(rows: list[dict[str, Any]], sites: dict[str, Site]) -> dict[tuple[str, int], VLAN]:
    made = [VLAN(site=sites[row["site"]], vid=row["vid"], name=row["name"]) for row in rows]
    return {(vlan.site.name, vlan.vid): vlan for vlan in VLAN.objects.bulk_create(made)}


def fill_prefixes(
    rows: list[dict[str, Any]], sites: dict[str, Site], vlans: dict[tuple[str, int], VLAN]
) -> None:
    made = []
    for row in rows:
        vlan = vlans.get((row["site"], row["vid"]))
        prefix = Prefix(prefix=row["prefix"], scope=sites[row["site"]], vlan=vlan)
        prefix.cache_related_objects()
        made.append(prefix)
    Prefix.objects.bulk_create(made)


def fill_devices(data: dict[str, Any], sites: dict[str, Site]) -> dict[str, Device]:
    roles = {name: DeviceRole.objects.create(name=name, slug=slugify(name)) for name in data["roles"]}
    maker = Manufacturer.objects.create(name=data["manufacturer"], slug=slugify(data["manufacturer"]))
    model = DeviceType.objects.create(
        manufacturer=maker, model=data["device_type"], slug=slugify(data["device_type"])
    )
    platform = Platform.objects.create(name=data["platform"], slug=data["platform"])
    held = len(data["interfaces"]) // len(data["devices"])
    made = [
        Device(
            name=row["name"],
            site=sites[row["site"]],
            role=roles[row["role"]],
            serial=row["serial"],
            device_type=model,
            platform=platform,
            interface_count=held,
        )
        for row in data["devices"]
    ]
    return {device.name: device for device in Device.objects.bulk_create(made)}


def fill_interfaces(
    data: dict[str, Any], devices: dict[str, Device], vlans: dict[tuple[str, int], VLAN]
) -> dict[tuple[str, str], Interface]:
    """Make the interfaces: LAGs first, since a row's key is known when it is written."""
    made: dict[tuple[str, str], Interface] = {}
    tagged = []
    for lags in (True, False):
        rows = [row for row in data["interfaces"] if (row["type"] == "lag") is lags]
        for row in rows:
            device = devices[row["device"]]
            site = device.site.name
            interface = interface_of(row, device, vlans.get((site, row["untagged_vlan"])))
            interface.lag = made.get((row["device"], row["lag"]))
            made[row["device"], row["name"]] = interface
            tagged += [(interface, vlans[site, vid]) for vid in row["tagged_vlans"]]
        Interface.objects.bulk_create([made[row["device"], row["name"]] for row in rows], batch_size=1000)
    link = Interface.tagged_vlans.through
    link.objects.bulk_create(
        (link(interface=interface, vlan=vlan) for interface, vlan in tagged), batch_size=5000
    )
    return made


def interface_of(row: dict[str, Any], device: Device, untagged_vlan: VLAN | None) -> Interface:
    plain = {name: row[name] for name in ("name", "type", "enabled", "mtu", "description")}
    return Interface(
        device=device,
        _site=device.site,
        mode=row["mode"] or None,
        mgmt_only=row["name"].startswith("Management"),
        untagged_vlan=untagged_vlan,
        **plain,
    )


def fill_addresses(
    data: dict[str, Any], devices: dict[str, Device], interfaces: dict[tuple[str, str], Interface]
) -> None:
    made = {}
    for row in data["addresses"]:
        interface = interfaces[row["device"], row["interface"]]
        made[row["address"]] = IPAddress(address=row["address"], assigned_object=interface)
    IPAddress.objects.bulk_create(made.values(), batch_size=1000)
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
    token = Token(user=user, version=2)
    token.save()
    print(f"nbt_{token.key}.{token.token}")
