"""What was read of an IPAM, kept so that next time only what has changed is asked for.

It is a convenience and never trusted further than that: what is missing, damaged, of another version, of another
scope or somebody else's is ignored.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

import structlog

from driftline.adapters.private import read_private, write_private

from .tables import Tables

if TYPE_CHECKING:
    from pathlib import Path

    from .options import IpamOptions

_VERSION: Final = 1

log = structlog.get_logger(__name__)


class TableCache:
    """The file in which the tables of one IPAM and one scope are kept."""

    def __init__(self, system: str, options: IpamOptions, state_dir: Path | None) -> None:
        self.file: Path | None = None
        if state_dir is not None and options.cache:
            self.file = state_dir / "cache" / f"{system}-{_key(options)}.json"

    def load(self) -> Tables | None:
        """Return the tables; None: there are none that can be used."""
        body = None if self.file is None else read_private(self.file, _VERSION)
        try:
            return None if body is None else Tables(**json.loads(body))
        except (ValueError, TypeError, RecursionError):
            return None

    def save(self, tables: Tables) -> None:
        """Keep the tables, when it is known up to when they are true; that it can't be done is no reason to fail."""
        if self.file is None or not tables.seen:
            return
        try:
            write_private(self.file, _body(tables), _VERSION)
        except (OSError, ValueError) as error:
            log.debug("ipam cache not written", file=str(self.file), error=str(error))


def _body(tables: Tables) -> bytes:
    fields = {name: getattr(tables, name) for name in Tables.__slots__}
    return json.dumps(fields, separators=(",", ":")).encode()


def _key(options: IpamOptions) -> str:
    """Return what tells apart the tables of different servers, scopes, and settings that change what is read."""
    write = options.write
    settings = [
        options.url,
        options.scope.model_dump(mode="json"),
        [write.namespace, write.location_type, write.owner_tag, write.owner_field],
    ]
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
