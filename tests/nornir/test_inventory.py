"""The inventory plugin, as Nornir finds and loads it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from nornir import InitNornir
from nornir.core.plugins.inventory import InventoryPluginRegister
from nornir_napalm.plugins.tasks import napalm_get

from driftline.engine.exceptions import LoadError, SettingsError
from driftline.nornir import DriftlineInventory, detect_drift, remediate
from tests.conftest import CANARY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nornir.core import Nornir

    from tests.conftest import Fabric


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    """Known to Nornir, as by its entry point."""
    InventoryPluginRegister.auto_register()
    before = dict(InventoryPluginRegister.available)
    InventoryPluginRegister.available["driftline_inventory"] = DriftlineInventory
    yield
    InventoryPluginRegister.available.clear()
    InventoryPluginRegister.available.update(before)


def nornir_of(folder: Path, **options: Any) -> Nornir:
    section = {
        "plugin": "driftline_inventory",
        "options": {"config": str(folder / "driftline.yml"), **options},
    }
    return InitNornir(inventory=section, logging={"enabled": False})


def test_the_intended_devices_are_hosts_in_groups(fabric: Fabric) -> None:
    """Every device is in the groups of its site, role and platform, and they are filtered by their data."""
    inventory = nornir_of(fabric.folder).inventory
    assert sorted(inventory.hosts) == ["core1", "leaf1", "leaf2"]
    assert [group.name for group in inventory.hosts["leaf1"].groups] == [
        "site_lab",
        "role_leaf",
        "platform_eos",
    ]
    assert sorted(inventory.filter(role="leaf", site="lab").hosts) == ["leaf1", "leaf2"]
    assert inventory.hosts["leaf1"].platform == "eos"


def test_the_hosts_are_reached_as_the_settings_say(fabric: Fabric) -> None:
    """Address, port, transport and credentials come from the settings: our tasks and others' just run."""
    nr = nornir_of(fabric.folder)
    assert nr.inventory.defaults.password == CANARY
    facts = nr.run(task=napalm_get, getters=["facts"])
    assert not facts.failed
    assert facts["leaf1"].result["facts"]["hostname"] == "leaf1"
    fabric.lab["leaf1"].change("interface Ethernet1", "shutdown")
    config = fabric.folder / "driftline.yml"
    assert nr.filter(role="leaf").run(task=detect_drift, settings=config)["leaf1"].diff
    assert nr.filter(role="leaf").run(task=remediate, settings=config)["leaf1"].changed
    nr.close_connections()


def test_a_limit_chooses_devices(fabric: Fabric) -> None:
    """The limit is that of the command line; one that chooses nothing is an error."""
    assert sorted(nornir_of(fabric.folder, limit="leaf,!leaf2").inventory.hosts) == ["leaf1"]
    with pytest.raises(LoadError, match="nowhere"):
        nornir_of(fabric.folder, limit="nowhere")


def test_the_defaults_of_the_options_come_first(fabric: Fabric) -> None:
    """What a defaults file may say can be said in the options."""
    defaults = {
        "username": "other",
        "data": {"domain": "lab.example"},
        "connection_options": {"netmiko": {"extras": {"conn_timeout": 3}}},
    }
    nr = nornir_of(fabric.folder, defaults=defaults)
    assert nr.inventory.defaults.username == "other"
    assert nr.inventory.hosts["leaf1"]["domain"] == "lab.example"
    assert nr.inventory.hosts["leaf1"].get_connection_parameters("netmiko").extras == {"conn_timeout": 3}


def test_a_source_that_tells_addresses_needs_no_other_inventory(tmp_path: Path) -> None:
    """Endpoints of the source come first, then management addresses."""
    hosts = {"edge1": {"hostname": "192.0.2.9", "port": 8443, "platform": "eos", "data": {"site": "ams"}}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(hosts))
    settings = {"intended": {"adapter": "nornir", "options": {"host_file": "hosts.yml"}}}
    (tmp_path / "driftline.yml").write_text(yaml.safe_dump(settings))
    host = nornir_of(tmp_path).inventory.hosts["edge1"]
    assert (host.hostname, host.port, host["site"]) == ("192.0.2.9", 8443, "ams")

    (tmp_path / "intent/sites").mkdir(parents=True)
    (tmp_path / "intent/devices").mkdir()
    (tmp_path / "intent/sites/ams.yml").write_text("description: Amsterdam\n")
    (tmp_path / "intent/devices/edge2.yml").write_text(
        "site: ams\nplatform: eos\ninterfaces:\n  Management1: {addresses: [192.0.2.7/24]}\n"
    )
    (tmp_path / "driftline.yml").write_text(yaml.safe_dump({"intended": {"path": "intent"}}))
    assert nornir_of(tmp_path).inventory.hosts["edge2"].hostname == "192.0.2.7"


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    """Settings that are not there, and an inventory in them that is not."""
    with pytest.raises(SettingsError, match="there is no settings file"):
        nornir_of(tmp_path)


def test_the_plugin_is_imported_without_what_it_takes_to_load() -> None:
    """Nornir imports every plugin in every script; ours brings neither NAPALM nor the engine."""
    code = (
        "import sys; import driftline.nornir.inventory; "
        "print([name for name in ('napalm', 'netmiko', 'pydantic', 'rich', 'driftline.engine') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
