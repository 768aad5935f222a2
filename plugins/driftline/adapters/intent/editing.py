"""What has to be edited in a device's file for the drift that was chosen, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from driftline.engine.enum import DiffSyncActions
from driftline.network import DEFAULT_VRF, interface_kind, name_key

from .described import address_list, interface_keys, is_sayable, vlan_keys
from .draft import Refused
from .intended import site_vlans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from driftline.engine.diff import DiffElement

    from .choosing import Group, Item
    from .draft import Draft
    from .files import IntentFiles

Step: TypeAlias = "tuple[int, Callable[[], None]]"
Edit: TypeAlias = "tuple[int, Group, Callable[[], None]]"
"""When it is done, for which group, and what is done."""

HINT: Final = "choose the rest of the drift without it, or change the intent by hand"
_ENTRIES, _REMOVALS, _ADDITIONS = range(3)
_CREATE, _DELETE = DiffSyncActions.CREATE, DiffSyncActions.DELETE


class Editing:
    """Which edits a device's groups ask for, and when: entries first, then what leaves, then what is added."""

    def __init__(
        self,
        draft: Draft,
        files: IntentFiles,
        drifted: Mapping[tuple[str, str], DiffElement],
        groups: Iterable[Group],
    ) -> None:
        self._draft = draft
        self._files = files
        self._drifted = drifted
        self._groups = list(groups)
        self._chosen = {
            name_key(item.name): item
            for group in self._groups
            for item in group.items
            if item.element.type == "interface"
        }

    def edits(self) -> Iterator[Edit]:
        """Return all edits in order, each with its phase and its group."""
        return iter(sorted(self._edits(), key=lambda edit: edit[0]))

    def _edits(self) -> Iterator[Edit]:
        kinds = {"vlan": self._vlan, "interface": self._interface, "ip_address": self._address}
        for group in self._groups:
            for item in group.items:
                for phase, edit in kinds[item.element.type](item):
                    yield phase, group, edit

    def _vlan(self, item: Item) -> Iterator[Step]:
        vid, actual = int(item.element.keys["vid"]), item.element.dest_attrs or {}
        if item.action == _CREATE:
            yield _REMOVALS, lambda: self._drop_vlan(vid)
        else:
            yield _ENTRIES, lambda: self._draft.put_vlan(vid, vlan_keys(actual["name"]))

    def _drop_vlan(self, vid: int) -> None:
        file = self._files.devices.files[self._draft.device]
        site = self._files.sites.files.get(file.content.site)
        if vid in site_vlans(file, site):
            raise Refused(
                "ADOPT-FROM-SITE",
                f"site {file.content.site} intends it for this device",
                f"take it out of sites/{file.content.site}.yml, or choose other devices in vlans_apply_to",
            )
        if self._draft.has_vlan(vid):
            self._draft.drop_vlan(vid)

    # Interfaces -------------------------------------------------------------------------------------------

    def _interface(self, item: Item) -> Iterator[Step]:
        name = item.name
        if item.action == _CREATE:
            yield _REMOVALS, lambda: self._draft.drop_interface(name)
        elif item.action == _DELETE:
            keys = self._whole_interface(item)
            yield _ENTRIES, lambda: self._draft.put_interface(name, keys)
        else:
            yield _ENTRIES, lambda: self._update_interface(item)

    def _whole_interface(self, item: Item) -> dict[str, Any]:
        below = item.element.child_diff.in_order() if item.element.has_children() else ()
        gone = [address for address in below if address.action == _DELETE]
        addresses = {
            str(address.keys["address"]): {"secondary": True}
            if (address.dest_attrs or {})["secondary"]
            else {}
            for address in gone
        }
        values = item.element.dest_attrs or {}
        keys = interface_keys(interface_kind(item.name), values, addressed=bool(addresses))
        return {**keys, "addresses": address_list(addresses)} if addresses else keys

    def _update_interface(self, item: Item) -> None:
        actual = item.element.dest_attrs or {}
        for name in item.attributes:
            if not is_sayable(interface_kind(item.name), name, actual[name]):
                raise Refused("ADOPT-VALUE", f"the device's {name} is none that can be intended", HINT)
        self._draft.put_interface(item.name, {name: actual[name] for name in item.attributes})

    # Addresses --------------------------------------------------------------------------------------------

    def _address(self, item: Item) -> Iterator[Step]:
        intended, actual = item.element.source_attrs, item.element.dest_attrs
        text = str(item.element.keys["address"])
        if intended is not None and actual is not None and "interface" not in item.attributes:
            mark = bool(actual["secondary"])
            yield _ADDITIONS, lambda: self._draft.put_address(intended["interface"], text, secondary=mark)
            return
        if intended is not None and self._action(intended["interface"]) != _CREATE:
            yield _REMOVALS, lambda: self._draft.drop_address(intended["interface"], text)
        if actual is not None and not self._is_told_already(item):
            yield _ADDITIONS, lambda: self._add_address(item, actual["interface"], text)

    def _is_told_already(self, item: Item) -> bool:
        """Return whether an address comes with the entry of its interface."""
        return (
            item.action == _DELETE and self._action((item.element.dest_attrs or {})["interface"]) == _DELETE
        )

    def _action(self, interface: str) -> str | None:
        """Return what is to be done about an interface that was chosen."""
        item = self._chosen.get(name_key(interface))
        return None if item is None else item.action

    def _add_address(self, item: Item, interface: str, text: str) -> None:
        self._check_interface(interface)
        self._check_vrf(interface, str(item.element.keys["vrf"]))
        unmanaged = self._draft.has_interface(interface) and not self._draft.lists_addresses(interface)
        if unmanaged and item.action == _DELETE:
            return  # it was only too much because of its VRF, which is as intended now
        self._draft.put_address(interface, text, secondary=bool((item.element.dest_attrs or {})["secondary"]))

    def _check_interface(self, interface: str) -> None:
        element = self._drifted.get((self._draft.device, name_key(interface)))
        if element is not None and element.action == _DELETE and self._action(interface) != _DELETE:
            raise Refused(
                "ADOPT-INTERFACE",
                f"its interface {interface} is not intended",
                f"choose interface {interface} with it",
            )

    def _check_vrf(self, interface: str, vrf: str) -> None:
        """Make sure that an interface is intended in an address's VRF, as long as that is nobody else's matter."""
        if self._draft.vrf(interface) == vrf:
            return
        element = self._drifted.get((self._draft.device, name_key(interface)))
        differs = element is not None and "vrf" in element.get_attrs_diffs().get("+", {})
        if differs or self._draft.has_addresses(interface):
            raise Refused(
                "ADOPT-VRF",
                f"it is in VRF {vrf}, and interface {interface} is not intended there",
                f"choose the VRF and all addresses of interface {interface}",
            )
        self._draft.put_interface(interface, {"vrf": None if vrf == DEFAULT_VRF else vrf})
