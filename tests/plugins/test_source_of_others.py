"""A source of truth of others: found by its entry point, chosen in the settings, and as good as our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftline.engine.exceptions import SettingsError
from driftline.settings import read_settings
from driftline.workflow import load_intended

if TYPE_CHECKING:
    from pathlib import Path

LINES = "ams leaf1 Ethernet1 to spine1\nams leaf1 Ethernet2 to spine2\nfra leaf2 Ethernet1 spare\n"


def settings_file(folder: Path, text: str) -> Path:
    """Write a settings file."""
    path = folder / "driftline.yml"
    path.write_text(text)
    return path


@pytest.mark.usefixtures("_installed")
def test_it_is_chosen_in_the_settings(tmp_path: Path) -> None:
    """Its own options are read by it, relative to the settings file, and the run goes by what it intends."""
    (tmp_path / "acme.txt").write_text(LINES)
    settings = read_settings(settings_file(tmp_path, "intended: {adapter: acme, path: acme.txt}\n"))
    intended = load_intended(settings)
    assert [device.name for device in intended.get_all("device")] == ["leaf1", "leaf2"]
    first = intended.get_all("interface")[0]
    assert (first.description, first.get_managed()) == ("to spine1", ("description",))


@pytest.mark.usefixtures("_installed")
def test_two_of_them_are_told_apart(tmp_path: Path) -> None:
    """What is remembered of a network belongs to its source."""
    ids = {
        read_settings(settings_file(tmp_path, f"intended: {{adapter: acme, path: {name}}}\n")).source_id
        for name in ("one.txt", "two.txt")
    }
    assert len(ids) == 2


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("intended", "told"),
    [
        ("{adapter: acme, paht: acme.txt}", "path: Field required; paht: Extra inputs"),
        ("{adapter: nosuch}", "there is no adapter 'nosuch'; known are acme, "),
        ("{adapter: half}", "must be a class derived from"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, intended: str, told: str) -> None:
    """A wrong option, an adapter that nobody brings, and one that is none."""
    with pytest.raises(SettingsError, match=told):
        read_settings(settings_file(tmp_path, f"intended: {intended}\n"))
