"""Which sources of truth there are: those that come with driftline, and those that other packages bring."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Tag, ValidationError, model_validator

from driftline.engine.exceptions import SettingsError

from .inventory.sources import AnsibleSource, NornirSource
from .ipam.options import IpamOptions
from .source import Source

if TYPE_CHECKING:
    from driftline.network import IntendedState

    from .ipam.adapter import IpamAdapter
    from .source import Place

GROUP = "driftline.adapters"
"""The entry points under which other packages bring adapters; each names a class derived from `Source`."""


class IntentSource(Source):
    """YAML files: one for each site, device and profile."""

    adapter: Literal["intent"] = "intent"
    path: Path = Path("inventory/intent")
    """The intent folder."""

    def open(self, place: Place) -> IntendedState:
        """Return the dataset of the intent folder."""
        from .intent import IntentAdapter  # noqa: PLC0415

        return IntentAdapter(place.path(self.path), cache_dir=place.state / "cache")

    def identity(self, place: Place) -> str:
        """Return the folder."""
        return str(place.path(self.path).resolve())


class IpamSource(IpamOptions, Source):
    """NetBox or Nautobot."""

    adapter: Literal["netbox", "nautobot"]

    def open(self, place: Place) -> IntendedState:
        """Return the dataset of what the IPAM intends on devices."""
        from .ipam.intended import IpamIntent  # noqa: PLC0415

        return IpamIntent(self.records(place, "intended"), self.intention)

    def records(self, place: Place, name: str) -> IpamAdapter:
        """Return the dataset of what the IPAM itself holds, which can be written.

        Args:
            name: what the settings call it.
        """
        from .ipam.adapter import IpamAdapter  # noqa: PLC0415
        from .nautobot import NAUTOBOT  # noqa: PLC0415
        from .netbox import NETBOX  # noqa: PLC0415

        system = {"netbox": NETBOX, "nautobot": NAUTOBOT}[self.adapter]
        return IpamAdapter(system, self, folder=place.folder, state_dir=place.state, name=name)

    def identity(self, place: Place) -> str:  # noqa: ARG002
        """Return what is read from where."""
        return self.model_dump_json(include={"adapter", "url", "scope", "intention"})


class OtherSource(Source):
    """A source that another package brings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="after")
    def _known(self) -> OtherSource:
        self.theirs()
        return self

    def theirs(self) -> Source:
        """Return the settings in the other package's own class; raises ValueError."""
        kind = _of_others(self.adapter)
        if kind is None:
            raise ValueError(f"there is no adapter {self.adapter!r}; known are {', '.join(source_names())}")
        try:
            return kind.model_validate({"adapter": self.adapter, **(self.model_extra or {})})
        except ValidationError as error:
            told = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
            raise ValueError(f"adapter {self.adapter!r}: {'; '.join(told)}") from None

    def open(self, place: Place) -> IntendedState:
        """Return the other package's dataset."""
        return self.theirs().open(place)

    def identity(self, place: Place) -> str:
        """Return what the other package says."""
        return f"{self.adapter} {self.theirs().identity(place)}"


_OURS = {"intent": "intent", "nornir": "nornir", "ansible": "ansible", "netbox": "ipam", "nautobot": "ipam"}


def _tag(value: Any) -> str:
    name = value.get("adapter", "intent") if isinstance(value, dict) else getattr(value, "adapter", "")
    return _OURS.get(str(name), "other")


AnySource = Annotated[
    Annotated[IntentSource, Tag("intent")]
    | Annotated[NornirSource, Tag("nornir")]
    | Annotated[AnsibleSource, Tag("ansible")]
    | Annotated[IpamSource, Tag("ipam")]
    | Annotated[OtherSource, Tag("other")],
    Discriminator(_tag),
]


def source_names() -> list[str]:
    """Return the names of all adapters, also those that other packages bring."""
    return sorted({*_OURS, *(point.name for point in entry_points(group=GROUP))})


@lru_cache
def _of_others(name: str) -> type[Source] | None:
    """Return the settings of an adapter that another package brings; raises SettingsError when it is broken."""
    point = next(iter(entry_points(group=GROUP, name=name)), None)
    if point is None:
        return None
    try:
        found = point.load()
    except Exception as error:
        raise SettingsError(
            f"the adapter {name!r} of {point.value} can't be loaded: {error}",
            code="ADAPTER-BROKEN",
            hint="see the package that brings it",
        ) from error
    if not (isinstance(found, type) and issubclass(found, Source)):
        raise SettingsError(
            f"{point.value} is no adapter: it must be a class derived from driftline.adapters.source.Source",
            code="ADAPTER-BROKEN",
            hint="see the package that brings it",
        )
    return found
