"""Generated topologies: valid intents of any size."""

from __future__ import annotations

import pytest

from driftline.adapters.intent import IntentAdapter
from driftline.lab.topology import write_topology


def loaded(path) -> IntentAdapter:
    """Return the dataset of a folder."""
    adapter = IntentAdapter(path)
    adapter.load()
    return adapter


def test_a_small_fabric(tmp_path):
    """Three sites with a spine and three leaves each, 24 ports a device."""
    names = write_topology(tmp_path, sites=3, devices=4, interfaces=24)
    adapter = loaded(tmp_path)
    assert names[:5] == ["ams-spine1", "ams-leaf1", "ams-leaf2", "ams-leaf3", "fra-spine1"]
    assert [site.name for site in adapter.get_all("site")] == ["ams", "fra", "lon"]
    assert {device.name for device in adapter.get_all("device")} == set(names)
    ports = [port for port in adapter.get_all("interface") if port.name.startswith("Ethernet")]
    assert len(ports) == 12 * 24
    leaf = adapter.get("device", "ams-leaf1")
    assert (leaf.role, leaf.platform, leaf.ownership.interfaces, leaf.ownership.vlans) == (
        "leaf",
        "eos",
        "listed",
        "listed",
    )
    interfaces = adapter.get_by_uids(leaf.interfaces, "interface")
    others = [port.name for port in interfaces if not port.name.startswith("Ethernet")]
    assert others == ["Loopback0", "Port-Channel1", "Vlan10", "Vlan11", "Vlan12", "Vlan13"]
    assert len(leaf.vlans) == 4


def test_the_two_ends_of_a_link(tmp_path):
    """A leaf's uplink and its spine's port have the two addresses of one /31."""
    write_topology(tmp_path, sites=1, devices=2, interfaces=24)
    found = {
        (address.device, address.interface): address.address
        for address in loaded(tmp_path).get_all("ip_address")
    }
    assert (found["ams-spine1", "Ethernet1"], found["ams-leaf1", "Ethernet23"]) == (
        "172.16.0.4/31",
        "172.16.0.5/31",
    )
    assert (found["ams-spine1", "Ethernet2"], found["ams-leaf1", "Ethernet24"]) == (
        "172.16.0.6/31",
        "172.16.0.7/31",
    )


@pytest.mark.parametrize(
    ("sites", "devices", "interfaces", "vlans"),
    [
        (1, 1, 5, 1),
        (1, 2, 6, 1),
        (5, 12, 5, 2),
        (2, 20, 48, 12),
        (250, 1, 5, 1),
        (1, 250, 5, 1),
        (1, 3, 512, 120),
    ],
)
def test_any_size_is_valid(sites, devices, interfaces, vlans, tmp_path):
    """No address is used twice, no range is empty, every reference is met."""
    names = write_topology(tmp_path, sites=sites, devices=devices, interfaces=interfaces, vlans=vlans)
    adapter = loaded(tmp_path)
    assert adapter.count("device") == len(names) == sites * devices
    ports = [port for port in adapter.get_all("interface") if port.name.startswith("Ethernet")]
    assert len(ports) == sites * devices * interfaces


def test_the_same_sizes_are_the_same_files(tmp_path):
    """A generated topology is reproducible."""
    for name in ("one", "two"):
        write_topology(tmp_path / name, sites=2, devices=3, interfaces=8)
    one, two = (
        {path.relative_to(tmp_path / name): path.read_text() for path in (tmp_path / name).rglob("*.yml")}
        for name in ("one", "two")
    )
    assert one == two


@pytest.mark.parametrize(
    "wrong", [{"sites": 0}, {"devices": 0}, {"interfaces": 4}, {"vlans": 0}, {"sites": 251}]
)
def test_sizes_without_room(wrong, tmp_path):
    """A size that can't be laid out is refused, and nothing is written."""
    sizes = {"sites": 1, "devices": 1, "interfaces": 8, "vlans": 1, **wrong}
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be from"):
        write_topology(tmp_path, **sizes)
    assert list(tmp_path.iterdir()) == []
