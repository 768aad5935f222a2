"""What valid intent files become: merged, owned, canonical, and in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftline.adapters.intent import IntentAdapter
from driftline.engine.exceptions import LoadError
from driftline.network import Interface, Ownership

BRIEF = """\
serial: ABC123
manage: {interfaces: exclusive, vlans: listed, addresses: listed}
reset_unlisted_ports: false
vlans:
  30: {name: printers}
  20: {name: phones}
interfaces:
  Ethernet1-44: {profile: access-port}
  Ethernet7: {description: printer 3rd floor, access_vlan: 30}
  Ethernet48:
    description: null
    mode: routed
    addresses: [10.1.0.0/31, "2001:DB8:0::1/64"]
  Vlan10:
    addresses:
      10.1.10.1/24: {}
      10.1.11.1/24: {secondary: true}
      10.1.10.254/24: {secondary: true, anycast: true}
    manage_addresses: exclusive
  Port-Channel10: {mode: trunk, trunk_vlans: "12,10-11,20", native_vlan: 1}
  Et45-46: {lag: Port-Channel10, lag_mode: active}
  Ethernet47.100: {encapsulation_vlan: 100, vrf: red}
"""


def loaded(intent, **options) -> IntentAdapter:
    """Return the dataset of an intent folder."""
    adapter = IntentAdapter(intent.path, **options)
    adapter.load()
    return adapter


def interface(adapter: IntentAdapter, name: str, device: str = "ams-leaf1") -> Interface:
    """Return one interface."""
    found = adapter.get("interface", {"device": device, "name": name})
    assert isinstance(found, Interface)
    return found


def managed(adapter: IntentAdapter, name: str) -> dict[str, object]:
    """Return the managed attributes of an interface with their values."""
    found = interface(adapter, name)
    return {key: getattr(found, key) for key in found.get_managed()}


def attributes(intent, text: str, name: str = "Ethernet1") -> dict[str, object]:
    """Return the managed attributes of an interface of a device file."""
    intent.device(text)
    return managed(loaded(intent), name)


def test_the_example(intent):
    """The file that the documentation shows."""
    intent.device(BRIEF)
    adapter = loaded(intent)
    [device] = adapter.get_all("device")
    assert (device.name, device.site, device.role, device.platform, device.serial) == (
        "ams-leaf1", "ams", "leaf", "eos", "ABC123",
    )  # fmt: skip
    assert device.ownership == Ownership(interfaces="exclusive", vlans="listed", addresses="listed")
    assert [(vlan.vid, vlan.name) for vlan in adapter.get_all("vlan")] == [
        (10, "users"),
        (20, "phones"),
        (30, "printers"),
    ]
    assert managed(adapter, "Ethernet7") == {
        "description": "printer 3rd floor", "enabled": True, "mtu": 1500, "mode": "access", "access_vlan": 30,
    }  # fmt: skip
    assert managed(adapter, "Ethernet8") == {
        "enabled": True,
        "mtu": 1500,
        "mode": "access",
        "access_vlan": 10,
    }
    assert managed(adapter, "Port-Channel10") == {
        "mode": "trunk",
        "trunk_vlans": "10-12,20",
        "native_vlan": 1,
    }
    assert managed(adapter, "Ethernet45") == {"lag": "Port-Channel10", "lag_mode": "active"}
    assert managed(adapter, "Ethernet47.100") == {"encapsulation_vlan": 100, "vrf": "red"}
    assert managed(adapter, "Ethernet48") == {"description": None, "mode": "routed"}
    assert [
        (address.vrf, address.address, address.interface, address.secondary)
        for address in adapter.get_all("ip_address")
    ] == [
        ("default", "10.1.0.0/31", "Ethernet48", False),
        ("default", "2001:db8::1/64", "Ethernet48", False),
        ("default", "10.1.10.1/24", "Vlan10", False),
        ("default", "10.1.11.1/24", "Vlan10", True),
        ("default", "10.1.10.254/24", "Vlan10", True),
    ]  # fmt: skip
    assert [interface(adapter, name).owns_addresses for name in ("Ethernet48", "Vlan10", "Ethernet1")] == [
        "listed", "exclusive", "absent",
    ]  # fmt: skip


def test_the_tree(intent):
    """Every object is a child of what it belongs to."""
    intent.device("interfaces: {Vlan10: {addresses: [10.1.10.1/24]}}\n")
    adapter = loaded(intent)
    [site] = adapter.get_all("site")
    [device] = adapter.get_by_uids(site.devices, "device")
    [port] = adapter.get_by_uids(device.interfaces, "interface")
    [address] = adapter.get_by_uids(port.addresses, "ip_address")
    assert (site.name, device.name, port.name, address.address) == (
        "ams",
        "ams-leaf1",
        "Vlan10",
        "10.1.10.1/24",
    )
    assert [vlan.vid for vlan in adapter.get_by_uids(device.vlans, "vlan")] == [10, 20]
    assert len(adapter) == 6


def test_the_order_is_that_of_names(intent):
    """Sites, devices and interfaces come sorted, ports by number, wherever the files have them."""
    intent.write("sites/aaa.yml", "description: first\n")
    intent.write("devices/zzz.yml", "site: aaa\nrole: leaf\nplatform: eos\n")
    intent.write("devices/b.yaml", "site: ams\nrole: leaf\nplatform: eos\n")
    intent.device(
        "interfaces: {Vlan9: {}, Ethernet10: {}, Loopback0: {}, Ethernet2: {}, Ethernet1/2: {}, Ethernet2.5: {}}\n"
    )
    adapter = loaded(intent)
    assert [site.name for site in adapter.get_all("site")] == ["aaa", "ams"]
    assert [device.name for device in adapter.get_all("device")] == ["zzz", "ams-leaf1", "b"]
    assert [port.name for port in adapter.get_all("interface")] == [
        "Ethernet1/2", "Ethernet2", "Ethernet2.5", "Ethernet10", "Loopback0", "Vlan9",
    ]  # fmt: skip


def test_a_name_overrides_a_range_overrides_a_profile(intent):
    """Key by key, the most specific one wins, wherever it stands in the file."""
    intent.write("profiles/p.yml", "description: profile\nmtu: 1500\nenabled: true\n")
    text = "interfaces:\n  Ethernet2: {description: name}\n  Ethernet1-3: {profile: p, description: range, mtu: 9000}\n"
    intent.device(text)
    adapter = loaded(intent)
    assert managed(adapter, "Ethernet1") == {"description": "range", "mtu": 9000, "enabled": True}
    assert managed(adapter, "Ethernet2") == {"description": "name", "mtu": 9000, "enabled": True}


def test_a_name_with_another_profile(intent):
    """Its profile takes the place of the range's, and is still below the range's own keys."""
    intent.write("profiles/a.yml", "description: a\nmtu: 1500\n")
    intent.write("profiles/b.yml", "description: b\nenabled: false\n")
    text = (
        "interfaces:\n  Ethernet1-3: {profile: a, mode: access, access_vlan: 10}\n  Ethernet1: {profile: b}\n"
    )
    expected = {"description": "b", "enabled": False, "mode": "access", "access_vlan": 10}
    assert attributes(intent, text) == expected


def test_a_name_without_a_profile(intent):
    """A null takes the range's profile away."""
    assert attributes(
        intent, "interfaces: {Et1-3: {profile: access-port}, Et1: {profile: null, mtu: 9000}}\n"
    ) == {"mtu": 9000}


def test_a_range_with_overrides_in_another_spelling(intent):
    """`Et7` lies in `Ethernet1-44`."""
    intent.device("interfaces: {Ethernet1-44: {mtu: 1500}, et7: {mtu: 9000}}\n")
    adapter = loaded(intent)
    assert adapter.count("interface") == 44
    assert managed(adapter, "Ethernet7") == {"mtu": 9000}


def test_nothing_managed(intent):
    """An interface that is listed without keys is to exist, and nothing of it is compared."""
    assert attributes(intent, "interfaces: {Ethernet1: {}}\n") == {}


def test_null_is_managed(intent):
    """A null says that nothing must be there, an absent key says nothing."""
    text = "interfaces: {Ethernet1: {description: null, access_vlan: null, trunk_vlans: null, lag: null, vrf: null}}\n"
    keys = ("description", "access_vlan", "trunk_vlans", "lag", "vrf")
    assert attributes(intent, text) == dict.fromkeys(keys)


def test_interfaces_of_a_range_share_their_managed_attributes(intent):
    """One set for all of them, so that it costs no memory."""
    intent.device("interfaces: {Ethernet1-44: {profile: access-port}}\n")
    adapter = loaded(intent)
    assert interface(adapter, "Ethernet1")._managed is interface(adapter, "Ethernet44")._managed


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ('"20,10-12"', "10-12,20"),
        ("10", "10"),
        ("10-12", "10-12"),
        ("[20, 10, 11]", "10-11,20"),
        ('["10-12", 13, "20"]', "10-13,20"),
        ("all", "all"),
        ("1-4094", "all"),
        ("none", "none"),
        ("[]", "none"),
        ("null", None),
    ],
)
def test_vlan_lists(written, canonical, intent):
    """Each way to write a list of VLANs has one canonical form."""
    assert attributes(intent, f"interfaces: {{Ethernet1: {{trunk_vlans: {written}}}}}\n") == {
        "trunk_vlans": canonical
    }


def test_the_default_vrf(intent):
    """`default` and null are the same VRF."""
    assert attributes(intent, "interfaces: {Ethernet1: {vrf: default}}\n") == {"vrf": None}


def test_words_that_yaml_1_1_would_convert(intent):
    """A description `off` stays `off`."""
    text = "interfaces: {Ethernet1: {description: off, lag: Port-Channel1, lag_mode: on}}\n"
    assert attributes(intent, text) == {"description": "off", "lag": "Port-Channel1", "lag_mode": "on"}


# Ownership ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ownership"),
    [
        ("", Ownership(vlans="listed")),
        ("manage: {interfaces: listed}\n", Ownership(vlans="listed")),
        ("interfaces: {}\n", Ownership(interfaces="listed", vlans="listed")),
        ("interfaces: {Vlan10: {addresses: []}}\n", Ownership(interfaces="listed", vlans="listed", addresses="listed")),
        (
            "manage: {interfaces: exclusive, vlans: exclusive}\nreset_unlisted_ports: true\ninterfaces: {}\n",
            Ownership(interfaces="exclusive", vlans="exclusive", reset_unlisted_ports=True),
        ),
        ("role: spine\n", Ownership()),
        ("role: spine\nvlans: {}\n", Ownership(vlans="listed")),
    ],
)  # fmt: skip
def test_ownership(text, ownership, intent):
    """A collection that is present is owned as far as `manage` says; what is absent is not owned."""
    head = "site: ams\nplatform: eos\n" if "role" in text else "site: ams\nplatform: eos\nrole: leaf\n"
    intent.write("devices/ams-leaf1.yml", head + text)
    [device] = loaded(intent).get_all("device")
    assert device.ownership == ownership


def test_ownership_of_addresses(intent):
    """An interface says more than its device."""
    intent.device(
        """\
        manage: {addresses: exclusive}
        interfaces:
          Vlan10: {addresses: {}}
          Vlan11: {addresses: {}, manage_addresses: listed}
          Vlan12: {}
        """
    )
    adapter = loaded(intent)
    policies = [interface(adapter, f"Vlan{vid}").owns_addresses for vid in (10, 11, 12)]
    assert policies == ["exclusive", "listed", "absent"]


# Sites ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("applies_to", "devices"),
    [
        ("", ["ams-leaf1", "b", "s"]),
        ("vlans_apply_to: {roles: [leaf]}\n", ["ams-leaf1"]),
        ("vlans_apply_to: {roles: [no-such-role]}\n", []),
        ("vlans_apply_to: {platforms: [ios]}\n", ["b"]),
        ("vlans_apply_to: {devices: [s]}\n", ["s"]),
        ("vlans_apply_to: {roles: [leaf], devices: [s], platforms: [ios]}\n", ["ams-leaf1", "b", "s"]),
        ("vlans_apply_to: {}\n", []),
    ],
)
def test_which_devices_have_the_sites_vlans(applies_to, devices, intent):
    """Those that match any of the three; all of them when the site does not say."""
    intent.write("sites/ams.yml", "vlans: {10: {name: users}}\n" + applies_to)
    intent.write("devices/s.yml", "site: ams\nrole: spine\nplatform: eos\n")
    intent.write("devices/b.yml", "site: ams\nrole: border\nplatform: ios\n")
    assert [vlan.device for vlan in loaded(intent).get_all("vlan")] == devices


def test_the_devices_keys_win_over_the_sites(intent):
    """Key by key: a VLAN without a name keeps the site's name."""
    intent.device("vlans: {10: {name: own}, 20: {}, 30: {}}\n")
    vlans = loaded(intent).get_all("vlan")
    assert [(vlan.vid, vlan.name, vlan.get_managed()) for vlan in vlans] == [
        (10, "own", ("name",)), (20, "voice", ("name",)), (30, None, ()),
    ]  # fmt: skip


def test_a_site_without_devices_is_not_loaded(intent):
    """There is no device from which its actual state could come."""
    intent.write("sites/fra.yml", "description: to come\n")
    assert [site.name for site in loaded(intent).get_all("site")] == ["ams"]


def test_sites_without_prefixes_are_not_checked(intent):
    """Only a site that lists its prefixes wants its addresses in them."""
    intent.write("sites/ams.yml", "description: no prefixes\n")
    intent.device("interfaces: {Vlan10: {addresses: [192.0.2.1/24]}}\n")
    assert loaded(intent).count("ip_address") == 1


@pytest.mark.parametrize(
    "text",
    [
        "interfaces: {Vlan10: {addresses: [10.1.255.254/24]}}\n",
        "interfaces: {Vlan10: {vrf: mgmt, addresses: [10.9.0.1/24]}}\n",
        "interfaces: {Vlan10: {addresses: ['2001:db8::1/64', 'fe80::1/64']}}\n",
        "interfaces: {Vlan10: {addresses: [10.1.0.0/31]}, Vlan11: {addresses: [10.1.0.3/31]}}\n",
        "interfaces: {Loopback0: {addresses: [10.1.0.0/32]}}\n",
        "interfaces: {Vlan10: {vrf: default, addresses: [10.1.9.1/24]}}\n",
        "interfaces: {Vlan10-12: {addresses: []}}\n",
        "interfaces: {Ethernet1: {lag: Port-Channel1}}\n",
        "manage: {interfaces: exclusive}\ninterfaces: {Ethernet1: {lag: Po1}, Port-Channel1: {}}\n",
        "interfaces: {Ethernet1: {mode: routed, vrf: red}}\n",
        "interfaces: {Loopback0: {vrf: red, mode: null}}\n",
        "name: ams-leaf1\n",
    ],
)
def test_what_is_allowed(text, intent):
    """The rules do not forbid more than they say."""
    intent.device(text)
    loaded(intent)


def test_one_address_in_two_vrfs(intent):
    """VRFs are there for this."""
    intent.write("sites/ams.yml", "description: no prefixes\n")
    intent.device(
        "interfaces: {Vlan10: {vrf: a, addresses: [10.0.0.1/24]}, Vlan11: {addresses: [10.0.0.1/24]}}\n"
    )
    assert loaded(intent).count("ip_address") == 2


def test_one_anycast_address_at_two_devices(intent):
    """It is allowed where every occurrence says so; link-local addresses never clash."""
    addresses = "interfaces: {Vlan10: {addresses: {10.1.10.254/24: {anycast: true}, 'fe80::1/64': {}}}}\n"
    intent.device(addresses)
    intent.device(addresses, name="ams-leaf2")
    assert loaded(intent).count("ip_address") == 4


def test_a_limit(intent):
    """Only the devices that were asked for are loaded, with their sites."""
    intent.write("sites/fra.yml", "description: x\n")
    intent.write(
        "devices/fra-leaf1.yml", "site: fra\nrole: leaf\nplatform: eos\ninterfaces: {Ethernet1: {}}\n"
    )
    adapter = loaded(intent, limit={"fra-leaf1"})
    assert [device.name for device in adapter.get_all("device")] == ["fra-leaf1"]
    assert [site.name for site in adapter.get_all("site")] == ["fra"]


def test_the_same_files_are_the_same_intent(intent):
    """Two loads have no diff, and the same objects in the same order."""
    intent.device(BRIEF)
    one, two = loaded(intent), loaded(intent)
    assert list(one.dict()["interface"]) == list(two.dict()["interface"])
    assert not one.diff_to(two).has_diffs()


def test_a_folder_that_can_not_be_read(intent, monkeypatch):
    """It is a problem of the intent, not a crash."""
    listing = Path.iterdir

    def denied(path):
        if path.name == "devices":
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr("pathlib.Path.iterdir", denied)
    with pytest.raises(LoadError, match="Permission denied") as caught:
        loaded(intent)
    assert [problem.where for problem in caught.value.problems] == ["devices/"]
