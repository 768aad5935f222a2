"""Digests by which a loader tells what it need not load again."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any

from .values import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import DiffSyncModel
    from .typing import Dataset


class Fingerprints:
    """What objects were loaded from: a digest for each, of whatever their source gives for them.

    An adapter that loads again keeps what it has of an object whose digest is the same:

        for name, text in configurations.items():
            digest = fingerprint_of(text)
            if not self.fingerprints.unchanged("device", name, digest):
                self.load_device(name, text)
                self.fingerprints.remember("device", name, digest)

    They are kept in memory; `known` can be saved with what they belong to, and given to a new one.
    """

    def __init__(self, known: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._lock = threading.Lock()
        self._digests = {model: dict(digests) for model, digests in (known or {}).items()}

    @property
    def known(self) -> dict[str, dict[str, str]]:
        """All digests by model and unique id: a copy."""
        with self._lock:
            return {model: dict(digests) for model, digests in self._digests.items()}

    def remember(self, model: str, uid: str, digest: str) -> None:
        """Note what an object was loaded from."""
        with self._lock:
            self._digests.setdefault(model, {})[uid] = digest

    def unchanged(self, model: str, uid: str, digest: str) -> bool:
        """Return whether an object was loaded from the same."""
        return self._digests.get(model, {}).get(uid) == digest

    def forget(self, model: str, uid: str) -> None:
        """Have an object loaded again."""
        with self._lock:
            self._digests.get(model, {}).pop(uid, None)


def fingerprint_of(value: Any) -> str:
    """Return the digest of a plain value; equal values have equal digests."""
    data = value if isinstance(value, bytes) else canonical(value).encode()
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def fingerprint(adapter: Dataset, obj: DiffSyncModel) -> str:
    """Return the digest of an object and all that is below it, as far as a diff can tell.

    It is that of its identity, its managed attributes, its flags and its children, whatever their order. Raises
    ObjectNotFound when a child is listed and missing.
    """
    attributes = obj.get_attrs()
    below = {
        model: sorted(fingerprint(adapter, child) for child in adapter.get_by_uids(getattr(obj, name), model))
        for model, name in obj.get_children_mapping().items()
    }
    managed = {name: attributes[name] for name in obj.get_managed() if name in attributes}
    return fingerprint_of([obj.get_type(), obj.get_unique_id(), managed, int(obj.model_flags), below])
