"""What an adapter for a source of truth has to offer, also one of another package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from pathlib import Path

    from driftline.network import IntendedState


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source is opened from."""

    folder: Path
    """What relative paths in its settings are relative to."""
    state: Path
    """Where it may keep what it wants to remember; for its owner alone."""

    def path(self, path: Path) -> Path:
        """Return a path of the settings as one that can be opened."""
        return self.folder / path.expanduser()


class Source(BaseModel):
    """The settings of a source of truth; they know how to open it.

    Other packages bring theirs under the entry points `driftline.adapters`: each names a class derived from this
    one, whose fields are what can be set, and whose `open` returns the dataset.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    adapter: str
    """The name that chooses the adapter."""

    def open(self, place: Place) -> IntendedState:
        """Return the dataset, not loaded yet; raises SettingsError when it can't be used as it is set up."""
        raise NotImplementedError

    def identity(self, place: Place) -> str:  # noqa: ARG002 - where paths matter
        """Return what tells this source from others that share the state folder, without secrets."""
        return self.model_dump_json(exclude_defaults=True)
