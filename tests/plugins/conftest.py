"""The example package, as an installer leaves it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from driftline.adapters import sources
from driftline.devices import platforms

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
METADATA = "Metadata-Version: 2.1\nName: driftline-acme\nVersion: 1.0\n"
ENTRY_POINTS = """\
[driftline.adapters]
acme = driftline_acme.source:AcmeSource
half = driftline_acme.platform:NO_PLATFORM

[driftline.models]
interface = driftline_acme.models:AcmeInterface

[driftline.platforms]
acme = driftline_acme.platform:ACME
eos = driftline_acme.platform:ACME
half = driftline_acme.platform:NO_PLATFORM
gone = driftline_acme.platform:NOTHING
"""


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Importable, with its metadata beside it."""
    metadata = tmp_path / "driftline_acme-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(METADATA)
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(HERE))
    caches = (platforms._of_others, sources._of_others)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()
