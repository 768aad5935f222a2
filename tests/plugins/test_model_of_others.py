"""A model of others: the devices' objects are of it, and so compare as it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from driftline.devices.models import extended
from driftline.engine.exceptions import SettingsError
from driftline.network import Vlan

from . import conftest

SCRIPT = """
from driftline.devices.models import LiveInterface, LiveVlan
print(LiveInterface.same("description", "TO SPINE1", "to spine1"), LiveInterface.same("mtu", 1500, 9000))
print(LiveInterface.__mro__[2].__name__, LiveVlan.same("name", "A", "a"))
"""


def installed(folder: Path, models: str) -> list[str]:
    """Write the metadata of the example package with these models, and return where Python is to look."""
    metadata = folder / "driftline_acme-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(conftest.METADATA)
    (metadata / "entry_points.txt").write_text(f"[driftline.models]\n{models}\n")
    return [str(folder), str(conftest.HERE)]


def test_devices_compare_as_it_says(tmp_path: Path) -> None:
    """In a process of its own, as the classes are made when they are imported."""
    path = ":".join(installed(tmp_path, "interface = driftline_acme.models:AcmeInterface"))
    package = str(Path(sys.modules["driftline"].__file__ or "").parents[1])
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={"PYTHONPATH": f"{path}:{package}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == ["True", "False", "AcmeInterface", "False"]


@pytest.mark.parametrize(
    ("models", "told"),
    [
        ("vlan = driftline_acme.models:AcmeVlan", "its identifiers and attributes are not those of Vlan"),
        ("vlan = driftline_acme.models:Interface", "it is not derived from Vlan"),
        ("vlan = driftline_acme.models:NOTHING", "it can't be loaded"),
    ],
)
def test_a_broken_one_is_told(
    models: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said which one, and what is wrong with it."""
    for place in installed(tmp_path, models):
        monkeypatch.syspath_prepend(place)
    with pytest.raises(SettingsError, match=told):
        extended(Vlan)
