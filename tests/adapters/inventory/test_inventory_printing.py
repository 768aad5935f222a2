"""Datasets printed as inventories: Nornir and Ansible read them as what they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driftline.adapters.intent import IntentAdapter, IntentWriteError
from driftline.adapters.inventory.ansible import AnsibleInventoryAdapter
from driftline.adapters.inventory.nornir import NornirInventoryAdapter
from driftline.adapters.inventory.options import HostOptions
from driftline.adapters.inventory.printing import (
    InventoryError,
    ansible_inventory,
    ansible_list,
    nornir_inventory,
    printed,
)
from driftline.engine import DiffSyncModelFlags
from driftline.network import Device, Endpoint, IntendedState, Interface, IPAddress, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftline.engine import Adapter

SAMPLE = Path(__file__).parents[3] / "inventory" / "intent"
ENDPOINTS = {
    "ams-leaf1": Endpoint("127.50.0.1", 8080),
    "ams-leaf2": Endpoint("2001:db8::2"),
    "fra-leaf1": Endpoint("off"),
}


@pytest.fixture
def intent() -> IntentAdapter:
    """Return the sample fabric's intent: three sites, two roles, twelve devices."""
    intended = IntentAdapter(SAMPLE)
    intended.load()
    return intended


def network(*devices: Device) -> IntendedState:
    dataset = IntendedState("network")
    for device in devices:
        dataset.add(device)
        dataset.get_or_add_model_instance(Site(name=device.site))[0].add_child(device)
    return dataset


def told(dataset: Adapter) -> dict[str, tuple[Any, ...]]:
    """Return what inventories hold of devices."""
    return {
        device.name: (device.site, device.role, device.platform, device.serial)
        for device in dataset.get_all("device")
    }


def from_nornir(folder: Path, **options: Any) -> NornirInventoryAdapter:
    files = {
        "host_file": folder / "hosts.yaml",
        "group_file": folder / "groups.yaml",
        "defaults_file": folder / "defaults.yaml",
    }
    section = {"plugin": "SimpleInventory", "options": {key: str(path) for key, path in files.items()}}
    intended = NornirInventoryAdapter(section, HostOptions(**options))
    intended.load()
    return intended


def from_ansible(path: Path) -> AnsibleInventoryAdapter:
    intended = AnsibleInventoryAdapter(path)
    intended.load()
    return intended


def problems(dataset: Adapter, form: str) -> list[str]:
    with pytest.raises(InventoryError) as failure:
        printed(dataset, form)
    return [str(problem) for problem in failure.value.problems]


HARD = (
    Device(name="sw1", site="ams-1", role="top-of/rack", platform="nxos", serial="0123"),
    Device(name="sw2", site="no", role="1e3", platform="frr"),
    Device(name="SW1", site="Zürich", role=None, platform="junos"),
)
"""Names that YAML would convert, that groups can't have, and that differ only in case."""


# There and back -------------------------------------------------------------------------------------------


def test_nornir_reads_what_was_printed(intent: IntentAdapter, tmp_path: Path) -> None:
    printed(intent, "nornir", ENDPOINTS).write(tmp_path)
    again = from_nornir(tmp_path)
    assert told(again) == told(intent)
    assert {name: each for name, each in again.endpoints.items() if each.hostname} == ENDPOINTS


def test_ansible_reads_what_was_printed(intent: IntentAdapter, ansible: Path, tmp_path: Path) -> None:
    (path,) = printed(intent, "ansible", ENDPOINTS).write(tmp_path / "inventory")
    again = from_ansible(path)
    assert told(again) == told(intent)
    assert {name: each for name, each in again.endpoints.items() if each.hostname} == ENDPOINTS


def test_ansible_takes_the_json_for_a_dynamic_inventory(
    intent: IntentAdapter, ansible: Path, write: Callable[..., Path], tmp_path: Path
) -> None:
    write("inventory.json", json.dumps(ansible_list(intent, ENDPOINTS)))
    again = from_ansible(write("dynamic", f"#!/bin/sh\ncat {tmp_path}/inventory.json\n", 0o755))
    assert told(again) == told(intent)
    assert again.endpoints["ams-leaf1"] == ENDPOINTS["ams-leaf1"]


def test_names_that_are_hard_to_write_come_back(ansible: Path, tmp_path: Path) -> None:
    """Groups are named in letters that Ansible takes; the names themselves are in their variables."""
    dataset = network(*HARD)
    printed(dataset, "nornir").write(tmp_path)
    assert told(from_nornir(tmp_path)) == told(dataset)
    printed(dataset, "ansible").write(tmp_path / "ansible")
    assert told(from_ansible(tmp_path / "ansible")) == told(dataset)
    assert set(ansible_inventory(dataset)["all"]["children"]) >= {"site_Z_rich", "role_top_of_rack"}


def test_an_inventory_becomes_intent_files(intent: IntentAdapter, tmp_path: Path) -> None:
    """From Nornir's files to a device file for each host: the start of an intent."""
    printed(intent, "nornir").write(tmp_path / "nornir")
    hosts = from_nornir(tmp_path / "nornir")
    printed(hosts, "intent").write(tmp_path / "intent")
    again = IntentAdapter(tmp_path / "intent")
    again.load()
    assert told(again) == told(intent)
    assert again.count("interface") == 0


# What is in it --------------------------------------------------------------------------------------------


def test_what_is_printed_reads_as_people_write_it() -> None:
    dataset = network(Device(name="leaf1", site="ams", role="leaf", platform="eos", serial="S1"))
    files = printed(dataset, "nornir", {"leaf1": Endpoint("10.0.0.1", 8080)}).texts
    assert files == {
        "hosts.yaml": "leaf1:\n  hostname: 10.0.0.1\n  port: 8080\n"
        "  groups: [site_ams, role_leaf, platform_eos]\n  data: {serial: S1}\n",
        "groups.yaml": "site_ams:\n  data: {site: ams}\nrole_leaf:\n  data: {role: leaf}\n"
        "platform_eos: {platform: eos}\n",
        "defaults.yaml": "data: {}\n",
    }
    assert yaml.safe_load(printed(dataset, "ansible").texts["hosts.yml"]) == {
        "all": {
            "hosts": {"leaf1": {"serial": "S1"}},
            "children": {
                "site_ams": {"vars": {"site": "ams"}, "hosts": {"leaf1": {}}},
                "role_leaf": {"vars": {"role": "leaf"}, "hosts": {"leaf1": {}}},
                "platform_eos": {
                    "vars": {"ansible_network_os": "arista.eos.eos", "platform": "eos"},
                    "hosts": {"leaf1": {}},
                },
            },
        }
    }


def test_a_device_is_reached_at_its_management_interface() -> None:
    """The primary IPv4 address first; what is told otherwise counts more."""
    dataset = network(Device(name="leaf1", site="ams", platform="eos"))
    ports = {"Management1": ["2001:db8::9/64", "192.0.2.9/24"], "Ethernet1": ["10.0.0.1/31"]}
    for name, addresses in ports.items():
        port = Interface(device="leaf1", name=name)
        dataset.add(port)
        dataset.get("device", "leaf1").add_child(port)
        for address in addresses:
            port.add_child(made := IPAddress(device="leaf1", address=address, interface=name))
            dataset.add(made)
    assert nornir_inventory(dataset).hosts["leaf1"]["hostname"] == "192.0.2.9"
    told_otherwise = {"leaf1": Endpoint("leaf1.example.net")}
    assert nornir_inventory(dataset, told_otherwise).hosts["leaf1"]["hostname"] == "leaf1.example.net"


def test_devices_that_take_no_part_are_left_out() -> None:
    dataset = network(*HARD)
    dataset.get("device", "sw1").model_flags |= DiffSyncModelFlags.IGNORE
    assert sorted(nornir_inventory(dataset).hosts) == ["SW1", "sw2"]


# What can't be printed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["nornir", "ansible"])
def test_names_that_become_one_group_are_named(form: str) -> None:
    dataset = network(Device(name="a", site="ams-1"), Device(name="b", site="ams_1"))
    assert problems(dataset, form) == [
        "INVENTORY-SAME-GROUP site ams_1: site 'ams-1' would be the group site_ams_1 too (rename one of them)"
    ]


def test_names_that_ansible_takes_for_something_else_are_named() -> None:
    """A range, a port, and a group; Nornir minds none of them."""
    names = ("sw[1:3]", "sw1:22", "all", "site_ams")
    dataset = network(*(Device(name=name, site="ams") for name in names))
    assert [problem.partition(":")[0] for problem in sorted(problems(dataset, "ansible"))] == [
        f"INVENTORY-HOST-NAME {name.partition(':')[0]}" for name in sorted(names)
    ]
    assert len(nornir_inventory(dataset).hosts) == len(names)


@pytest.mark.parametrize("form", ["nornir", "ansible"])
def test_nothing_is_not_printed(form: str) -> None:
    assert problems(network(), form) == [
        "INVENTORY-EMPTY there is no device (see where they should come from)"
    ]


def test_a_device_without_a_platform_is_no_intent() -> None:
    with pytest.raises(IntentWriteError, match="DISCOVER-PLATFORM"):
        printed(network(Device(name="a", site="ams")), "intent")
