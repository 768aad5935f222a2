"""A source of truth of others."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it

from driftline.adapters.source import Place, Source
from driftline.network import IntendedState


class AcmeIntent(IntendedState):
    """What ACME's own inventory intends: one line for each interface."""

    def __init__(self, path: Path) -> None:
        super().__init__(name="acme")
        self.path = path

    def load(self) -> None:
        """Fill the dataset from lines such as `ams leaf1 Ethernet1 to spine1`."""
        for line in self.path.read_text(encoding="utf-8").splitlines():
            site_name, device_name, name, description = line.split(maxsplit=3)
            site, _ = self.get_or_instantiate(self.site, {"name": site_name})
            device, made = self.get_or_instantiate(self.device, {"name": device_name}, {"site": site_name})
            if made:
                site.add_child(device)
            interface = self.interface(device=device_name, name=name, description=description)
            self.add(interface.manage(("description",)))
            device.add_child(interface)


class AcmeSource(Source):
    """The settings of ACME's inventory."""

    path: Path

    def open(self, place: Place) -> AcmeIntent:
        """Return the dataset, not loaded yet."""
        return AcmeIntent(place.path(self.path))
