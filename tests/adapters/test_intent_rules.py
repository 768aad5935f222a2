"""The rules of the intent: for each a file that breaks it, the code, and the place that is named."""

from __future__ import annotations

import pytest

from driftline.adapters.intent import IntentAdapter
from driftline.engine.exceptions import LoadError, Problem


def problems_of(intent, **options) -> tuple[Problem, ...]:
    """Return what is wrong with an intent, and check that nothing of it is loaded."""
    adapter = IntentAdapter(intent.path, **options)
    with pytest.raises(LoadError) as caught:
        adapter.load()
    assert len(adapter) == 0
    assert all(problem.message and problem.hint for problem in caught.value.problems)
    return caught.value.problems


def told(problems: tuple[Problem, ...]) -> list[str]:
    """Return code and place of each problem."""
    return [f"{problem.code} {problem.where}" for problem in problems]


# Below site, role and platform, so the first line here is line 4 of devices/ams-leaf1.yml.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Keys and types
        ("serail: X\n", "INTENT-UNKNOWN-KEY 4"),
        ("interfaces:\n  Ethernet1: {descripton: x}\n", "INTENT-UNKNOWN-KEY 5"),
        ("interfaces:\n", "INTENT-BLANK 4"),
        ("vlans:\n", "INTENT-BLANK 4"),
        ("vlans: {30: }\n", "INTENT-BLANK 4"),
        ("interfaces:\n  Ethernet1:\n", "INTENT-BLANK 5"),
        ("interfaces:\n  Ethernet1:\n    addresses:\n", "INTENT-BLANK 6"),
        ("interfaces: [Ethernet1]\n", "INTENT-TYPE 4"),
        ("serial: 12345\n", "INTENT-TYPE 4"),
        ("interfaces:\n  1: {}\n", "INTENT-TYPE 5"),
        ("vlans: {thirty: {}}\n", "INTENT-TYPE 4"),
        ("interfaces: {Ethernet1: {enabled: yes}}\n", "INTENT-TYPE 4"),
        ("interfaces: {Ethernet1: {enabled: null}}\n", "INTENT-TYPE 4"),
        ("interfaces: {Ethernet1: {mtu: '1500'}}\n", "INTENT-TYPE 4"),
        ("interfaces: {Ethernet1: {mtu: 67}}\n", "INTENT-VALUE 4"),
        ("interfaces: {Ethernet1: {mtu: 65536}}\n", "INTENT-VALUE 4"),
        ("interfaces: {Ethernet1: {mode: hybrid}}\n", "INTENT-VALUE 4"),
        ("interfaces: {Ethernet1: {access_vlan: 0}}\n", "INTENT-VALUE 4"),
        ("interfaces: {Ethernet1: {access_vlan: 4095}}\n", "INTENT-VALUE 4"),
        ("interfaces: {Ethernet1: {trunk_vlans: 10-x}}\n", "INTENT-VALUE 4"),
        ("interfaces: {Ethernet1: {trunk_vlans: [10, 5000]}}\n", "INTENT-VALUE 4"),
        ("interfaces: {Ethernet1: {trunk_vlans: [true]}}\n", "INTENT-TYPE 4"),
        ("interfaces: {Ethernet1: {lag: Port-Channel1, lag_mode: lacp}}\n", "INTENT-VALUE 4"),
        ("vlans: {4095: {}}\n", "INTENT-VALUE 4"),
        ("vlans:\n  20: {}\n  1: {}\n", "INTENT-RESERVED-VLAN 6"),
        ("vlans: {1002: {name: x}}\n", "INTENT-RESERVED-VLAN 4"),
        ("vlans: {30: {name: two words}}\n", "INTENT-VALUE 4"),
        ("manage: {interfaces: some}\n", "INTENT-VALUE 4"),
        ("reset_unlisted_ports: 1\n", "INTENT-TYPE 4"),
        # Text that would not arrive on a device as it is written
        ('interfaces: {Ethernet1: {description: "x\\nno ip routing"}}\n', "INTENT-VALUE 4"),
        ('interfaces: {Ethernet1: {description: ""}}\n', "INTENT-VALUE 4"),
        ('interfaces: {Ethernet1: {description: "x "}}\n', "INTENT-VALUE 4"),
        (f"interfaces: {{Ethernet1: {{description: {'x' * 300}}}}}\n", "INTENT-VALUE 4"),
        (f"vlans: {{30: {{name: {'x' * 300}}}}}\n", "INTENT-VALUE 4"),
        ('interfaces: {Ethernet1: {vrf: "a\\nb"}}\n', "INTENT-VALUE 4"),
        # Names
        ("name: ams-leaf2\n", "INTENT-NAME-MISMATCH 4"),
        ("interfaces:\n  Et1: {}\n  Ethernet1: {}\n", "INTENT-DUPLICATE-INTERFACE 6"),
        ("interfaces:\n  Ethernet1-4: {}\n  Et4-6: {}\n", "INTENT-OVERLAPPING-RANGES 6"),
        ("interfaces:\n  Ethernet4-1: {}\n", "INTENT-INTERFACE-NAME 5"),
        ("interfaces:\n  Ethernet1: {profile: acces-port}\n", "INTENT-UNKNOWN-PROFILE 5"),
        ("interfaces: {Ethernet1: {}}\ninterfaces: {}\n", "DOCUMENT-DUPLICATE-KEY 5"),
        # What an interface can't have
        ("interfaces: {Loopback0: {mode: routed}}\n", "INTENT-SWITCHPORT-KEY 4"),
        ("interfaces: {Vlan10: {access_vlan: 10}}\n", "INTENT-SWITCHPORT-KEY 4"),
        ("interfaces: {Vlan10: {trunk_vlans: all}}\n", "INTENT-SWITCHPORT-KEY 4"),
        ("interfaces: {Loopback0: {native_vlan: 10}}\n", "INTENT-SWITCHPORT-KEY 4"),
        ("interfaces: {Ethernet1.10: {mode: routed}}\n", "INTENT-SWITCHPORT-KEY 4"),
        ("interfaces: {Loopback0: {lag: Port-Channel1}}\n", "INTENT-LAG-MEMBER 4"),
        ("interfaces: {Port-Channel2: {lag: Port-Channel1}}\n", "INTENT-LAG-MEMBER 4"),
        ("interfaces: {Ethernet1: {lag: Ethernet2}}\n", "INTENT-LAG-NAME 4"),
        ("interfaces: {Ethernet1: {lag_mode: active}}\n", "INTENT-LAG-MODE 4"),
        ("interfaces: {Ethernet1: {mode: access, vrf: red}}\n", "INTENT-VRF-ON-SWITCHPORT 4"),
        ("interfaces: {Ethernet1: {encapsulation_vlan: 10}}\n", "INTENT-ENCAPSULATION 4"),
        (
            "interfaces:\n  Et1:\n    mode: trunk\n    addresses: [10.1.0.1/24]\n",
            "INTENT-ADDRESS-ON-SWITCHPORT 7",
        ),
        (
            "interfaces:\n  Et1:\n    profile: access-port\n    addresses: [10.1.0.1/24]\n",
            "INTENT-ADDRESS-ON-SWITCHPORT 7",
        ),
        # Ownership
        ("manage: {interfaces: exclusive}\n", "INTENT-MANAGE-WITHOUT-COLLECTION 4"),
        (
            "manage: {addresses: exclusive}\ninterfaces: {Ethernet1: {}}\n",
            "INTENT-MANAGE-WITHOUT-COLLECTION 4",
        ),
        ("interfaces: {Ethernet1: {manage_addresses: exclusive}}\n", "INTENT-MANAGE-WITHOUT-COLLECTION 4"),
        ("reset_unlisted_ports: true\ninterfaces: {}\n", "INTENT-RESET-NOT-EXCLUSIVE 4"),
        (
            "manage: {interfaces: exclusive}\ninterfaces:\n  Ethernet1: {lag: Port-Channel1}\n",
            "INTENT-LAG-NOT-LISTED 6",
        ),
        # Addresses
        ("interfaces: {Vlan10: {addresses: [10.1.0.1]}}\n", "INTENT-ADDRESS 4"),
        (
            "interfaces:\n  Vlan10:\n    addresses:\n      - 10.1.0.1/24\n      - 10.1.0/24\n",
            "INTENT-ADDRESS 8",
        ),
        ("interfaces: {Vlan10: {addresses: [224.0.0.1/24]}}\n", "INTENT-ADDRESS 4"),
        ("interfaces: {Vlan10: {addresses: ['::/64']}}\n", "INTENT-ADDRESS 4"),
        ("interfaces: {Vlan10: {addresses: ['fe80::1%eth0/64']}}\n", "INTENT-ADDRESS 4"),
        ("interfaces: {Vlan10: {addresses: [5]}}\n", "INTENT-TYPE 4"),
        ("interfaces: {Vlan10: {addresses: 10.1.0.1/24}}\n", "INTENT-TYPE 4"),
        ("interfaces: {Vlan10: {addresses: {10.1.0.1/24: {secundary: true}}}}\n", "INTENT-UNKNOWN-KEY 4"),
        ("interfaces: {Vlan10: {addresses: [10.1.0.0/24]}}\n", "INTENT-NOT-A-HOST 4"),
        ("interfaces: {Vlan10: {addresses: [10.1.0.255/24]}}\n", "INTENT-NOT-A-HOST 4"),
        ("interfaces: {Vlan10: {addresses: [10.1.0.3/30]}}\n", "INTENT-NOT-A-HOST 4"),
        (
            "interfaces:\n  Vlan10:\n    addresses:\n      10.1.1.1/24: {}\n      10.1.2.1/24: {}\n",
            "INTENT-TWO-PRIMARIES 8",
        ),
        (
            "interfaces: {Vlan10: {addresses: {'2001:db8::1/64': {secondary: true}}}}\n",
            "INTENT-SECONDARY-IPV6 4",
        ),
        ("interfaces: {Vlan10: {addresses: [10.1.1.1/24, 10.1.1.1/24]}}\n", "INTENT-DUPLICATE-ADDRESS 4"),
        (
            "interfaces:\n  Vlan10: {addresses: [10.1.1.1/24]}\n  Vlan20: {addresses: [10.1.1.1/25]}\n",
            "INTENT-DUPLICATE-ADDRESS 6",
        ),
        (
            "interfaces:\n  Lo0: {addresses: {10.1.1.1/32: {anycast: true}}}\n  Lo1: {addresses: [10.1.1.1/32]}\n",
            "INTENT-DUPLICATE-ADDRESS 6",
        ),
        (
            "interfaces:\n  Lo0-1:\n    addresses:\n      10.1.1.1/32: {anycast: true}\n",
            "INTENT-DUPLICATE-ADDRESS 7",
        ),
        ("interfaces: {Vlan10-11: {addresses: [10.1.1.1/24]}}\n", "INTENT-DUPLICATE-ADDRESS 4"),
        ("interfaces: {Vlan10: {addresses: [10.2.1.1/24]}}\n", "INTENT-OUTSIDE-PREFIXES 4"),
        ("interfaces: {Vlan10: {addresses: [10.9.0.1/24]}}\n", "INTENT-OUTSIDE-PREFIXES 4"),
        ("interfaces: {Vlan10: {vrf: mgmt, addresses: [10.1.0.1/24]}}\n", "INTENT-OUTSIDE-PREFIXES 4"),
        ("interfaces: {Vlan10: {vrf: mgnt, addresses: ['2001:db8::1/64']}}\n", "INTENT-OUTSIDE-PREFIXES 4"),
    ],
)
def test_a_device_file_that_breaks_a_rule(text, expected, intent):
    """Exactly the one problem is told, on its line."""
    intent.device(text)
    code, line = expected.split()
    assert told(problems_of(intent)) == [f"{code} devices/ams-leaf1.yml:{line}"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("sites/ams.yml", "vlan: {}\n", "INTENT-UNKNOWN-KEY sites/ams.yml:1"),
        ("sites/ams.yml", "name: fra\n", "INTENT-NAME-MISMATCH sites/ams.yml:1"),
        ("sites/ams.yml", "vlans: {}\nprefixes:\n", "INTENT-BLANK sites/ams.yml:2"),
        ("sites/ams.yml", "vlans_apply_to:\n", "INTENT-BLANK sites/ams.yml:1"),
        ("sites/ams.yml", "vlans_apply_to: {roles: leaf}\n", "INTENT-TYPE sites/ams.yml:1"),
        ("sites/ams.yml", "vlans: {1: {}}\n", "INTENT-RESERVED-VLAN sites/ams.yml:1"),
        ("sites/ams.yml", "prefixes: {10.1.0.1/16: {}}\n", "INTENT-VALUE sites/ams.yml:1"),
        ("sites/ams.yml", "prefixes: {here: {}}\n", "INTENT-VALUE sites/ams.yml:1"),
        (
            "sites/ams.yml",
            "vlans_apply_to:\n  devices:\n    - ams-leaf1\n    - ams-leaf9\n",
            "INTENT-UNKNOWN-DEVICE sites/ams.yml:4",
        ),
        ("sites/ams.yaml", "vlans: {}\n", "INTENT-DUPLICATE-FILE sites/ams.yml"),
        ("sites/AMS.yml", "vlans: {}\n", "INTENT-DUPLICATE-FILE sites/ams.yml"),
        ("profiles/x.yml", "addresses: [10.1.0.1/24]\n", "INTENT-PROFILE-ADDRESSES profiles/x.yml:1"),
        ("profiles/x.yml", "manage_addresses: listed\n", "INTENT-PROFILE-ADDRESSES profiles/x.yml:1"),
        ("profiles/x.yml", "profile: access-port\n", "INTENT-UNKNOWN-KEY profiles/x.yml:1"),
        ("profiles/x.yml", "mode: access\nname: y\n", "INTENT-NAME-MISMATCH profiles/x.yml:2"),
        ("profiles/x.yml", "", "DOCUMENT-EMPTY profiles/x.yml:1"),
        ("profiles/x.yml", "- mode: access\n", "DOCUMENT-NOT-A-MAP profiles/x.yml:1"),
        ("profiles/x.yml", "mtu: 1500\nmode:\taccess: x\n", "DOCUMENT-SYNTAX profiles/x.yml:2"),
        ("profiles/x.yml", b"# \xff\nmtu: 1500\n", "DOCUMENT-ENCODING profiles/x.yml:1"),
        ("devices/x.yml", "role: leaf\nplatform: eos\n", "INTENT-MISSING-KEY devices/x.yml:1"),
        ("devices/x.yml", "site: fra\nrole: leaf\nplatform: eos\n", "INTENT-UNKNOWN-SITE devices/x.yml:1"),
        ("devices/a b.yml", "site: ams\nrole: leaf\nplatform: eos\n", "INTENT-FILE-NAME devices/a b.yml"),
        ("devices/ams/x.yml", "site: ams\n", "INTENT-SUBFOLDER devices/ams/"),
    ],
)
def test_a_file_that_breaks_a_rule(name, text, expected, intent):
    """So do sites, profiles and the names of files."""
    intent.write(name, text)
    assert told(problems_of(intent)) == [expected]


def test_a_problem_names_file_object_and_what_to_do(intent):
    """The whole of a message, as a person reads it."""
    intent.device("interfaces:\n  Ethernet1: {descripton: x}\n  Vlan10: {access_vlan: 5}\n")
    intent.device("interfaces:\n  Vlan10: {access_vlan: 5}\n", name="b")
    assert [str(problem) for problem in problems_of(intent)] == [
        (
            "INTENT-UNKNOWN-KEY devices/ams-leaf1.yml:5: interfaces: Ethernet1: descripton: "
            "this key is not known here (did you mean 'description'?)"
        ),
        "INTENT-SWITCHPORT-KEY devices/b.yml:5: b Vlan10: a VLAN's interface can't have access_vlan (remove the key)",
    ]


def test_all_problems_of_all_files_at_once(intent):
    """Sorted by file and line; one broken file hides no other."""
    intent.write("sites/fra.yml", "x: 1\n")
    intent.write("profiles/p.yml", "mtu: 1\n")
    intent.device("interfaces:\n" + "".join(f"  Ethernet{n}: {{mtu: 0}}\n" for n in range(1, 12)))
    intent.write(
        "devices/fra-leaf1.yml", "site: fra\nrole: leaf\nplatform: eos\ninterfaces: {Et1: {profile: p}}\n"
    )
    assert told(problems_of(intent)) == [
        *(f"INTENT-VALUE devices/ams-leaf1.yml:{line}" for line in range(5, 16)),
        "INTENT-VALUE profiles/p.yml:1",
        "INTENT-UNKNOWN-KEY sites/fra.yml:1",
    ]


def test_an_address_at_two_devices(intent):
    """Both places are named."""
    intent.device("interfaces: {Vlan10: {addresses: [10.1.1.1/24]}}\n", name="a")
    intent.device("interfaces: {Vlan20: {addresses: {10.1.1.1/25: {anycast: true}}}}\n", name="b")
    [problem] = problems_of(intent)
    assert (problem.where, problem.message) == (
        "devices/b.yml:4",
        "b Vlan20: 10.1.1.1 in VRF default is also at a Vlan10 (devices/a.yml:4)",
    )


def test_a_profile_is_blamed_where_it_is_wrong(intent):
    """A key that comes from the profile is told at the profile's line."""
    intent.device("interfaces: {Vlan10: {profile: access-port}}\n")
    assert told(problems_of(intent)) == [
        "INTENT-SWITCHPORT-KEY profiles/access-port.yml:1",
        "INTENT-SWITCHPORT-KEY profiles/access-port.yml:2",
    ]


def test_a_range_is_told_once(intent):
    """Not for each of its interfaces."""
    intent.device("interfaces: {Vlan10-20: {mode: access}}\n")
    [problem] = problems_of(intent)
    assert problem.message.startswith("ams-leaf1 Vlan10-20: ")


def test_a_range_that_is_wholly_overridden_is_checked(intent):
    """Its profile has to exist all the same."""
    intent.device("interfaces: {Ethernet1-1: {profile: x}, Ethernet1: {profile: null}}\n")
    assert told(problems_of(intent)) == ["INTENT-UNKNOWN-PROFILE devices/ams-leaf1.yml:4"]


def test_no_folder(tmp_path):
    """A wrong path is no empty intent."""
    with pytest.raises(LoadError, match="no such intent folder") as caught:
        IntentAdapter(tmp_path / "none").load()
    assert caught.value.code == "INTENT-FOLDER"


@pytest.mark.parametrize("files", [[], ["devices/.hidden.yml", "devices/README.md", "devices/x.yml~"]])
def test_no_devices(files, tmp_path):
    """Empty is not 'delete everything'."""
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("site: ams\n")
    with pytest.raises(LoadError, match="no devices") as caught:
        IntentAdapter(tmp_path).load()
    assert caught.value.code == "INTENT-EMPTY"


def test_a_limit_to_an_unknown_device(intent):
    """A misspelled name is told, not taken for nothing to do."""
    assert told(problems_of(intent, limit=["ams-leaf1", "ams-laef1"])) == ["INTENT-LIMIT ams-laef1"]


def test_a_limit_hides_no_problem(intent):
    """The files are checked together: whether an address is free is not to be seen in one."""
    intent.write("devices/b.yml", "site: ams\n")
    assert {problem.where for problem in problems_of(intent, limit=["ams-leaf1"])} == {"devices/b.yml:1"}
