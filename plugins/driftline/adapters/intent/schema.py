"""The schemas of the intent files: what may be written in them, checked before anything is made of it.

A key that is absent is not managed, so every field has a default that means nothing; which keys were written
is in `model_fields_set`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from driftline.network import MAX_VLAN, MIN_VLAN, RESERVED_VLANS, vlan_ranges

_MAX_WORD: Final = 128
_MAX_LINE: Final = 255
_WORD: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]+")
_NOT_IN_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS_HINT: Final = "a profile is for many ports; write addresses at the device's interface"


def _word(text: str) -> str:
    """Refuse what would not arrive on a device as one word."""
    if not _WORD.fullmatch(text):
        raise PydanticCustomError("INTENT-VALUE", "expected one word", {"hint": "write it without spaces"})
    if len(text) > _MAX_WORD:
        raise PydanticCustomError(
            "INTENT-VALUE", f"expected at most {_MAX_WORD} characters", {"hint": "shorten it"}
        )
    return text


def _line(text: str) -> str:
    """Refuse what a device would cut, strip, or read as a further command."""
    if not text:
        raise PydanticCustomError(
            "INTENT-VALUE", "the text is empty", {"hint": "write null when it must be empty on the device"}
        )
    if _NOT_IN_LINE.search(text):
        raise PydanticCustomError(
            "INTENT-VALUE",
            "the text has a line break or a control character",
            {"hint": "write it on one line"},
        )
    if text != text.strip():
        raise PydanticCustomError(
            "INTENT-VALUE", "the text starts or ends with a space", {"hint": "devices strip it; remove it"}
        )
    if len(text) > _MAX_LINE:
        raise PydanticCustomError(
            "INTENT-VALUE", f"expected at most {_MAX_LINE} characters", {"hint": "shorten it"}
        )
    return text


def _vrf(text: str | None) -> str | None:
    return None if text == "default" else text


def _trunk_vlans(value: Any) -> str | None:
    """Return a VLAN list in its canonical form, from any of the ways to write it."""
    if value is None:
        return None
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, (int, str)) and not isinstance(part, bool) for part in parts):
        raise PydanticCustomError(
            "INTENT-TYPE",
            "expected VLANs such as 10-12,20, a list of them, all or none",
            {"hint": "put it in quotes"},
        )
    try:
        return vlan_ranges(value if isinstance(value, str) else parts)
    except ValueError as error:
        raise PydanticCustomError(
            "INTENT-VALUE", "{reason}", {"reason": str(error), "hint": "write it as 10-12,20, all or none"}
        ) from error


def _intended_vlan(vid: int) -> int:
    if vid in RESERVED_VLANS:
        raise PydanticCustomError(
            "INTENT-RESERVED-VLAN",
            f"VLAN {vid} is reserved and exists by itself",
            {"hint": "remove it; 1 and 1002-1005 can't be created or deleted"},
        )
    return vid


def _prefix(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise PydanticCustomError(
            "INTENT-VALUE", "{reason}", {"reason": str(error), "hint": "write a network such as 10.1.0.0/16"}
        ) from error
    return text


def _address_map(value: Any) -> Any:
    """Take a plain list of addresses for a map of addresses about which there is nothing more to say."""
    if not isinstance(value, list):
        return value
    for item in value:
        if not isinstance(item, str):
            raise PydanticCustomError(
                "INTENT-TYPE",
                "a list of addresses must hold text",
                {"hint": "use a map to say more about one"},
            )
    if len(set(value)) != len(value):
        raise PydanticCustomError(
            "INTENT-DUPLICATE-ADDRESS", "an address is listed twice", {"hint": "keep one of them"}
        )
    return {item: {} for item in value}


def _no_addresses(_value: Any, info: ValidationInfo) -> None:
    raise PydanticCustomError(
        "INTENT-PROFILE-ADDRESSES", f"a profile can't have {info.field_name}", {"hint": _ADDRESS_HINT}
    )


Word = Annotated[str, AfterValidator(_word)]
Line = Annotated[str, AfterValidator(_line)]
VlanId = Annotated[int, Field(ge=MIN_VLAN, le=MAX_VLAN)]
IntendedVlanId = Annotated[VlanId, AfterValidator(_intended_vlan)]
Vrf = Annotated[Word | None, AfterValidator(_vrf)]
Policy = Literal["listed", "exclusive"]
Forbidden = Annotated[None, BeforeValidator(_no_addresses)]


class Entry(BaseModel):
    """What all parts of the files have in common: nothing unknown, converted, or changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def written(self) -> dict[str, Any]:
        """Return the keys that the file has, with their values."""
        values = self.__dict__
        return {key: values[key] for key in self.model_fields_set}


class VlanEntry(Entry):
    """A VLAN, below its id."""

    name: Word | None = None


class PrefixEntry(Entry):
    """A prefix of a site, below the prefix itself."""

    vrf: Vrf = None
    description: str | None = None


class AppliesTo(Entry):
    """Which devices of a site have the site's VLANs: those that match any of these."""

    roles: list[Word] = []
    devices: list[Word] = []
    platforms: list[Word] = []


class SiteFile(Entry):
    """sites/<site>.yml: what the devices of a site share."""

    name: Word | None = None
    description: str | None = None
    vlans: dict[IntendedVlanId, VlanEntry] = {}
    vlans_apply_to: AppliesTo = AppliesTo()
    prefixes: dict[Annotated[str, AfterValidator(_prefix)], PrefixEntry] = {}


class PortKeys(Entry):
    """The keys that an interface and a profile have in common: one for each managed attribute."""

    description: Line | None = None
    enabled: bool = True
    mtu: Annotated[int, Field(ge=68, le=65535)] | None = None
    mode: Literal["access", "trunk", "routed"] | None = None
    access_vlan: VlanId | None = None
    trunk_vlans: Annotated[str | None, BeforeValidator(_trunk_vlans)] = None
    native_vlan: VlanId | None = None
    lag: Word | None = None
    lag_mode: Literal["active", "passive", "on"] | None = None
    vrf: Vrf = None
    encapsulation_vlan: VlanId | None = None


class ProfileFile(PortKeys):
    """profiles/<profile>.yml: what many ports share."""

    name: Word | None = None
    addresses: Forbidden = None
    manage_addresses: Forbidden = None


class AddressEntry(Entry):
    """An address, below the address itself."""

    secondary: bool = False
    anycast: bool = False


class InterfaceEntry(PortKeys):
    """An interface or a range of them, below its name."""

    profile: Word | None = None
    addresses: Annotated[dict[str, AddressEntry], BeforeValidator(_address_map)] = {}
    manage_addresses: Policy = "listed"


class Manage(Entry):
    """How far the intent owns each collection of a device."""

    interfaces: Policy = "listed"
    vlans: Policy = "listed"
    addresses: Policy = "listed"


class DeviceFile(Entry):
    """devices/<device>.yml: one device."""

    name: Word | None = None
    site: Word
    role: Word | None = None
    platform: Word
    serial: Word | None = None
    description: str | None = None
    manage: Manage = Manage()
    reset_unlisted_ports: bool = False
    vlans: dict[IntendedVlanId, VlanEntry] = {}
    interfaces: dict[str, InterfaceEntry] = {}
