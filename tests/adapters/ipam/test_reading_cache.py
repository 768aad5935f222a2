"""What was read is kept for its owner, and never trusted further than that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driftline.adapters.ipam.cache import TableCache
from driftline.adapters.ipam.options import IpamOptions
from driftline.adapters.ipam.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

URL = "https://netbox.example.org"
TABLES = Tables({"site": {"1": {"name": "ams"}}}, seen="2026-11-21T12:00:00Z", applied=["7"], notes=["a"])


def _cache(state: Path, **options: Any) -> TableCache:
    return TableCache("netbox", IpamOptions.model_validate({"url": URL, **options}), state)


def test_what_is_kept_is_there_next_time(tmp_path: Path) -> None:
    """All of it, in a file for its owner alone."""
    _cache(tmp_path / "state").save(TABLES)
    assert _cache(tmp_path / "state").load() == TABLES
    (file,) = (tmp_path / "state" / "cache").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(
    "options",
    [{"url": "https://other.example.org"}, {"scope": {"sites": ["ams"]}}, {"write": {"namespace": "Lab"}}],
)
def test_other_settings_have_another_file(tmp_path: Path, options: dict[str, Any]) -> None:
    """What was read of another server or with another scope is not what is asked for."""
    _cache(tmp_path).save(TABLES)
    assert _cache(tmp_path, **options).load() is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-10]),
        lambda file: file.write_bytes(file.read_bytes().replace(b"ams", b"fra")),
        lambda file: file.write_bytes(b""),
        lambda file: file.chmod(0o666),
    ],
    ids=["short", "changed", "empty", "anybody's"],
)
def test_a_file_that_can_not_be_believed(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """It is as if there were none."""
    _cache(tmp_path).save(TABLES)
    (file,) = (tmp_path / "cache").iterdir()
    damage(file)
    assert _cache(tmp_path).load() is None


def test_nothing_is_kept_when_told_so_or_when_it_can_not_be_brought_up_to_date(tmp_path: Path) -> None:
    """Without the change log all is read every time."""
    _cache(tmp_path, cache=False).save(TABLES)
    _cache(tmp_path).save(Tables({"site": {}}))
    assert list(tmp_path.iterdir()) == []
