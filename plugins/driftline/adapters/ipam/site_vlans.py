"""The VLANs of sites, from what is said of them on many devices."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from .models import Vlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .known import Known

_RESERVED = "reserved"
"""The status of a VLAN that a port may carry, and that no device has."""


class SiteVlans:
    """Collects what devices say of VLANs."""

    def __init__(self, known: Known, status: str) -> None:
        self.notes: list[str] = []
        self._known = known
        self._status = status
        self._names: dict[tuple[str, int], Counter[str | None]] = defaultdict(Counter)
        self._mentioned: set[tuple[str, int]] = set()

    def had(self, site: str, vid: int, name: str | None, *, told: bool) -> None:
        """Note that a device has a VLAN.

        Args:
            told: whether the source has an opinion on its name.
        """
        self._names[site, vid].update([name] if told else [])

    def mentioned(self, site: str, vids: Iterable[int]) -> None:
        """Note that a port refers to VLANs: the IPAM must have them for that."""
        self._mentioned.update((site, vid) for vid in vids)

    def vlans(self) -> Iterator[Vlan]:
        """Yield the VLANs, under the names that most devices give them."""
        for site, vid in sorted(self._names.keys() | self._mentioned):
            yield self._vlan(site, vid)

    def _vlan(self, site: str, vid: int) -> Vlan:
        ids = self._known.vlan_ids(site, vid)
        there = self._known.ipam.get_or_none(Vlan, ids)
        name = self._name(site, vid, there)
        is_there = (site, vid) in self._names
        vlan = Vlan(
            **ids,
            name=name or ("default" if vid == 1 else f"VLAN{vid:04d}"),
            status=self._status if is_there else _RESERVED,
        )
        if there is None:
            return vlan.manage(("name", "status"))
        told = {"name"} if name and vlan.site == site else set()
        return vlan.manage(told | ({"status"} if is_there and there.status == _RESERVED else set()))

    def _name(self, site: str, vid: int, there: Vlan | None) -> str | None:
        """Return what a VLAN is called; None: its devices do not tell."""
        names = self._names.get((site, vid), Counter())
        given = [name for name, __ in names.most_common() if name]
        if not given:
            return None
        # With the IPAM's own name among them, it is the others that are wrong.
        taken = there.name if there is not None and there.name in given else given[0]
        if len(names) > 1:
            told = ", ".join(f"{name or 'no name'!r} on {count}" for name, count in names.most_common())
            self.notes.append(
                f"VLAN {vid} of site {site} is not called the same everywhere: {told} devices; {taken!r} is taken"
            )
        return taken
