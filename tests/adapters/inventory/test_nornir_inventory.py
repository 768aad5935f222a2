"""A Nornir inventory as intended state, loaded by Nornir itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.inventory import InventoryPluginRegister

from driftline.adapters.inventory.nornir import NornirInventoryAdapter
from driftline.adapters.inventory.options import HostOptions
from driftline.adapters.inventory.sources import NornirSource
from driftline.adapters.source import Place
from driftline.engine.exceptions import LoadError
from driftline.network import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTS = """\
leaf1: {hostname: 10.0.0.1, groups: [ams, eos], data: {role: leaf, serial: S1}}
leaf2: {hostname: leaf2.example.net, port: 8443, groups: [ams, eos]}
core1: {platform: ios, data: {site: fra}}
"""
GROUPS = """\
europe: {data: {role: any}}
ams: {groups: [europe], data: {site: ams}}
eos: {platform: eos, username: admin, password: canary-secret}
"""


def simple(folder: Path, **options: Any) -> NornirInventoryAdapter:
    """Return the adapter for the files of a folder."""
    files = {f"{kind}_file": str(folder / f"{name}.yaml") for kind, name in
             (("host", "hosts"), ("group", "groups"), ("defaults", "defaults"))}  # fmt: skip
    return NornirInventoryAdapter({"plugin": "SimpleInventory", "options": files}, HostOptions(**options))


@pytest.fixture
def folder(write: Callable[..., Path]) -> Path:
    write("hosts.yaml", HOSTS)
    return write("groups.yaml", GROUPS).parent


def problems(intended: NornirInventoryAdapter) -> list[str]:
    with pytest.raises(LoadError) as failure:
        intended.load()
    assert len(intended) == 0
    return [str(problem) for problem in failure.value.problems]


def test_hosts_are_devices_at_their_sites(folder: Path) -> None:
    """What a host does not say itself, its groups say."""
    intended = simple(folder)
    intended.load()
    told = {
        device.name: (device.site, device.role, device.platform, device.serial)
        for device in intended.get_all("device")
    }
    assert told == {
        "leaf1": ("ams", "leaf", "eos", "S1"),
        "leaf2": ("ams", "any", "eos", None),
        "core1": ("fra", None, "ios", None),
    }
    assert {site.name: sorted(site.devices) for site in intended.get_all("site")} == {
        "ams": ["leaf1", "leaf2"],
        "fra": ["core1"],
    }
    assert intended.endpoints["leaf2"] == Endpoint("leaf2.example.net", 8443)


def test_nothing_below_a_device_is_owned(folder: Path) -> None:
    """An inventory does not say what is configured on a device, so nothing of it is compared."""
    intended = simple(folder)
    intended.load()
    owned = [device.ownership for device in intended.get_all("device")]
    assert {(each.interfaces, each.vlans, each.addresses) for each in owned} == {("absent",) * 3}
    assert intended.count("interface") == intended.count("vlan") == 0


def test_what_a_variable_intends_is_read_as_a_device_file(write: Callable[..., Path]) -> None:
    """Profiles apart, all that a device file can say, with its ranges and its ownership."""
    path = write(
        "hosts.yaml",
        """\
        leaf1:
          platform: eos
          data:
            driftline:
              manage: {interfaces: exclusive}
              vlans: {10: {name: users}}
              interfaces:
                Ethernet1-2: {mode: access, access_vlan: 10}
                Vlan10: {addresses: [10.0.10.1/24]}
        """,
    )
    intended = simple(path.parent)
    intended.load()
    assert (intended.count("interface"), intended.count("vlan"), intended.count("ip_address")) == (3, 1, 1)
    assert intended.get("device", "leaf1").ownership.interfaces == "exclusive"
    assert intended.get("interface", {"device": "leaf1", "name": "Ethernet2"}).get_managed() == (
        "mode",
        "access_vlan",
    )


def test_every_problem_is_told_at_once_with_its_host(write: Callable[..., Path]) -> None:
    path = write(
        "hosts.yaml",
        """\
        a: {platform: eos, data: {driftline: {interfaces: {Ethernet1: {mtuu: 9000}}}}}
        b: {data: {site: ams}}
        c: {platform: eos, data: {driftline: text}}
        d: {platform: eos, data: {site: 7}}
        """,
    )
    assert problems(simple(path.parent)) == [
        "INTENT-UNKNOWN-KEY a: interfaces: Ethernet1: mtuu: this key is not known here (did you mean 'mtu'?)",
        (
            "INVENTORY-PLATFORM b: its platform is not known (set it in the inventory, or choose the network's"
            " hosts with `groups`)"
        ),
        (
            "INVENTORY-INTENT c: the variable driftline is not a map (write it in the shape of a device file, or"
            " name another one with `intent_variable`)"
        ),
        "INTENT-TYPE d: site: expected text, found the number 7 (put it in quotes)",
    ]


def test_groups_can_tell_site_and_role(write: Callable[..., Path]) -> None:
    """A star stands for the name; without one it is the group's own."""
    write("groups.yaml", "site_ams: {}\nleaf: {}\nservers: {}\nnetwork: {}\n")
    path = write(
        "hosts.yaml",
        """\
        leaf1: {platform: eos, groups: [site_ams, leaf, network]}
        leaf2: {platform: eos, groups: [network], data: {site: own}}
        leaf3: {platform: eos, groups: [network]}
        web1: {groups: [servers]}
        """,
    )
    options = {"groups": ["network"], "site_groups": ["site_*"], "role_groups": ["leaf", "spine"]}
    intended = simple(path.parent, **options)
    intended.load()
    told = {device.name: (device.site, device.role) for device in intended.get_all("device")}
    assert told == {"leaf1": ("ams", "leaf"), "leaf2": ("own", None), "leaf3": ("main", None)}


def test_groups_that_name_two_sites_are_refused(write: Callable[..., Path]) -> None:
    write("groups.yaml", "site_ams: {}\nsite_fra: {}\n")
    path = write("hosts.yaml", "leaf1: {platform: eos, groups: [site_ams, site_fra]}\n")
    assert problems(simple(path.parent, site_groups=["site_*"])) == [
        (
            "INVENTORY-AMBIGUOUS leaf1: its groups site_ams and site_fra name more than one site"
            " (set a variable for its site, or choose other groups with `site_groups`)"
        )
    ]


def test_an_empty_inventory_is_refused(write: Callable[..., Path]) -> None:
    """It is hardly meant that there is no network."""
    path = write("hosts.yaml", "{}\n")
    assert problems(simple(path.parent))[0].startswith("INVENTORY-EMPTY")
    assert "in the groups network" in problems(simple(path.parent, groups=["network"]))[0]


@pytest.mark.parametrize(
    "text",
    ["leaf1: {password: canary-secret, platform: eos\n", "leaf1: {groups: [ghost]}\n", "leaf1: canary\n"],
    ids=["yaml", "group", "shape"],
)
def test_what_nornir_can_not_load_is_told_without_quoting_it(text: str, write: Callable[..., Path]) -> None:
    path = write("hosts.yaml", text)
    with pytest.raises(LoadError) as failure:
        simple(path.parent).load()
    assert failure.value.code == "INVENTORY-NORNIR"
    assert "canary" not in str(failure.value)
    assert failure.value.__context__ is None


def test_a_missing_file_and_an_unknown_plugin_are_told(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="No such file or directory"):
        simple(tmp_path).load()
    with pytest.raises(LoadError, match="NoSuchPlugin"):
        NornirInventoryAdapter({"plugin": "NoSuchPlugin"}).load()


class Nested:
    """An inventory plugin of another package, which keeps what a server tells as maps in the host's data."""

    def __init__(self, token: str) -> None:
        self.token = token

    def load(self) -> Inventory:
        data = {"location": {"name": "ams"}, "role": {"slug": "leaf"}}
        host = Host("leaf1", hostname="10.0.0.1", platform="eos", password=self.token, data=data)
        return Inventory(Hosts({"leaf1": host}), Groups(), Defaults())


def test_any_inventory_plugin_serves() -> None:
    """A dot leads into the maps that plugins for servers keep."""
    InventoryPluginRegister.register("Nested", Nested)
    options = HostOptions(site_variable="location.name", role_variable="role.slug")
    section = {"plugin": "Nested", "options": {"token": "canary-secret"}}
    try:
        intended = NornirInventoryAdapter(section, options)
        intended.load()
    finally:
        InventoryPluginRegister.deregister("Nested")
    device = intended.get("device", "leaf1")
    assert (device.site, device.role, device.platform) == ("ams", "leaf", "eos")
    assert "canary-secret" not in str(intended.dict())


def test_a_source_finds_its_files_beside_the_settings(folder: Path) -> None:
    """What tells sources apart has no secrets in it."""
    options = {"host_file": "hosts.yaml", "group_file": "groups.yaml", "token": "canary-secret"}
    source = NornirSource(adapter="nornir", options=options)
    place = Place(folder, folder / "state")
    assert source.identity(place) == f"nornir SimpleInventory {folder / 'hosts.yaml'}"
    del options["token"]
    intended = NornirSource(adapter="nornir", options=options).open(place)
    intended.load()
    assert intended.count("device") == 3
