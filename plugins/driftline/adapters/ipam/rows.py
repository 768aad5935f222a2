"""Devices and interfaces as GraphQL tells them, in rows of ours: both systems can be asked in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .values import choice, mac, mode, moment, mtu, name_of, reference, references, speed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .options import Writing
    from .records import Values


def common(row: Mapping[str, Any], options: Writing) -> Values:
    """Return the fields that all rows have."""
    custom = row.get("custom_fields")
    owner = custom.get(options.owner_field) if custom and options.owner_field else None
    return {
        "pk": str(row["id"]),
        "changed": moment(row["last_updated"]),
        "tags": [tag["name"] for tag in row.get("tags") or ()],
        "owner": None if owner is None else str(owner),
    }


def device_row(row: Mapping[str, Any], options: Writing) -> Values:
    """Return a device."""
    return {
        **common(row, options),
        "name": row["name"] or None,
        "site": reference(row["site"]),
        "role": reference(row["role"]),
        "device_type": reference(row["device_type"]),
        "platform": reference(row["platform"]),
        "serial": row["serial"] or "",
        "status": choice(row["status"]) or "active",
        "tenant": name_of(row["tenant"]),
        "primary_ip4": reference(row["primary_ip4"]),
        "primary_ip6": reference(row["primary_ip6"]),
    }


def interface_row(row: Mapping[str, Any], options: Writing, type_: str) -> Values:
    """Return an interface; without its tagged VLANs where the row has none (None: they are asked for elsewhere)."""
    return {
        **common(row, options),
        "device": reference(row["device"]),
        "name": row["name"],
        "type": type_,
        "enabled": row["enabled"],
        "description": row["description"] or "",
        "mtu": mtu(row["mtu"]),
        "mac": mac(row["mac"]["mac_address"] if isinstance(row["mac"], dict) else row["mac"]),
        "mode": mode(row["mode"]),
        "untagged": reference(row["untagged_vlan"]),
        "tagged": references(row["tagged_vlans"]) if "tagged_vlans" in row else [],
        "lag": reference(row["lag"]),
        "parent": reference(row["parent"]),
        "vrf": reference(row["vrf"]),
        "speed": speed(row["speed"]),
        "mgmt_only": row["mgmt_only"],
    }
