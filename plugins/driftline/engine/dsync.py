"""The names that adapters and models had before: those of dsync, and of diffsync before its version 2."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from .adapter import Adapter
from .model import DiffSyncModel

if TYPE_CHECKING:
    from typing import Self


class DSync(Adapter):
    """An adapter, as it was called in dsync."""


class DSyncModel(DiffSyncModel):
    """A record, as it was called in dsync: its `create` hook is given the adapter as `dsync`."""

    @property
    def dsync(self) -> Any:
        """The adapter that the record belongs to."""
        return self.adapter

    @classmethod
    # pylint: disable-next=arguments-renamed
    def create(cls, dsync: Any, ids: dict[str, Any], attrs: dict[str, Any]) -> Self | None:
        """Create the object in the adapter's system; None or ObjectNotCreated mean that it was not."""
        return super().create(dsync, ids, attrs)


class DiffSync(Adapter):
    """An adapter, as it was called in diffsync 1; deprecated there and here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn("'DiffSync' is deprecated, use 'Adapter' instead.", DeprecationWarning, stacklevel=2)
        super().__init__(*args, **kwargs)
