"""How old an intent is: when it was changed or fetched last."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def last_touched(folder: Path) -> datetime:
    """Return when an intent was changed last, or fetched, where the folder is in a Git checkout.

    An intent that nobody has changed for months is not old as long as somebody asks for changes.
    """
    files = [path for kind in ("sites", "devices", "profiles") for path in (folder / kind).glob("*.y*ml")]
    fetched = [above / ".git" / "FETCH_HEAD" for above in (folder.resolve(), *folder.resolve().parents)]
    times = [path.stat().st_mtime for path in (*files, *fetched) if path.is_file()]
    return datetime.fromtimestamp(max(times, default=0.0), UTC)
