"""Texts written by others come out canonical, and stay as they are from then on."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftline.lab import Lab, SimulatedDevice

from .conftest import LEAF

CONFIGS = sorted((Path(__file__).parent / "configs").glob("*.cfg"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_render_is_a_fixpoint(path):
    """Reading what was written gives the same text."""
    first = SimulatedDevice("leaf", path.read_text(encoding="utf-8")).running_config
    assert first == SimulatedDevice("leaf", first).running_config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_nothing_is_lost(path):
    """Every line of the original is there, but for the defaults that EOS doesn't show."""
    hidden = {"no shutdown", "switchport", "switchport mode access", "end", "!", ""}
    text = path.read_text(encoding="utf-8")
    text = text.replace("vlan 1,2,3,4,5,6,7,123,234\n", "vlan 1-7,123,234\n")
    rendered = {line.strip().lower() for line in SimulatedDevice("leaf", text).running_config.splitlines()}
    assert {line.strip().lower() for line in text.splitlines()} - rendered - hidden == set()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_own_text_is_no_change(path, connect):
    """Replacing a configuration by its own text, sent line by line by NAPALM, gives an empty diff."""
    with Lab({"leaf": path.read_text(encoding="utf-8")}, addressing="ports", port=0) as lab:
        driver = connect(lab["leaf"])
        driver.load_replace_candidate(config=driver.get_config(retrieve="running")["running"])
        assert driver.compare_config() == ""
        driver.discard_config()


def test_canonical_text_is_kept():
    """A text in canonical form comes out as it went in, without its comments."""
    assert LEAF.partition("\n")[2] == SimulatedDevice("leaf1", LEAF).running_config


def test_order_does_not_matter():
    """Sections may come in any order, and a VRF below the interface that is in it."""
    text = "interface Ethernet10\ninterface Ethernet2\n   vrf BLUE\ninterface Vlan5\nvlan 7\n"
    text += "vrf instance BLUE\nvlan 3\n"
    assert SimulatedDevice("leaf1", text).running_config == (
        "vlan 3\n!\nvlan 7\n!\nvrf instance BLUE\n!\ninterface Ethernet2\n   vrf BLUE\n!\n"
        "interface Ethernet10\n!\ninterface Vlan5\n!\nend\n"
    )
