"""Interface ranges: which names a key stands for."""

from __future__ import annotations

import pytest

from driftline.adapters.intent.ranges import RangeError, interface_names, is_range


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("Ethernet1-4", "Ethernet1 Ethernet2 Ethernet3 Ethernet4"),
        ("Ethernet9-11", "Ethernet9 Ethernet10 Ethernet11"),
        ("Ethernet1/1-3", "Ethernet1/1 Ethernet1/2 Ethernet1/3"),
        ("Ethernet1/1/1-2", "Ethernet1/1/1 Ethernet1/1/2"),
        ("Vlan10-12", "Vlan10 Vlan11 Vlan12"),
        ("Ethernet1,3,5-7", "Ethernet1 Ethernet3 Ethernet5 Ethernet6 Ethernet7"),
        ("Ethernet7,1-2", "Ethernet7 Ethernet1 Ethernet2"),
        ("Ethernet47.100-101", "Ethernet47.100 Ethernet47.101"),
        ("Port-Channel10-11", "Port-Channel10 Port-Channel11"),
        ("ge-0/0/0-1", "ge-0/0/0 ge-0/0/1"),
        ("Ethernet0-1", "Ethernet0 Ethernet1"),
        ("Ethernet3-3", "Ethernet3"),
    ],
)
def test_ranges(key, names):
    """The last number of a key can be a range, with commas too."""
    assert (interface_names(key), is_range(key)) == (tuple(names.split()), True)


@pytest.mark.parametrize(
    "key",
    [
        "Ethernet1",
        "Port-Channel10",
        "ge-0/0/0",
        "xe-0/1/2.100",
        "mgmt0",
        "Ethernet1/1/1",
        "br-1-2",
        "eth0",
        "lo",
    ],
)
def test_single_names(key):
    """A dash inside a name makes no range."""
    assert (interface_names(key), is_range(key)) == ((key,), False)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("Ethernet7-5", "ends before it starts"),
        ("Ethernet1-9999", "more than 1024"),
        ("Ethernet1-" + "9" * 5000, "too large"),
        ("Ethernet" + "9" * 5000 + "-1", "too large"),
        ("Ethernet01-04", "starts with a zero"),
        ("Ethernet1,1", "twice"),
        ("Ethernet1-3,2", "twice"),
        ("Ethernet1-4.100", "only the last number"),
        ("Ethernet1-4/1", "only the last number"),
        ("Ethernet1-4/1-2", "only the last number"),
        ("Ethernet1,Vlan10", "not an interface name"),
        ("Ethernet[1-4]", "not an interface name"),
        ("Ethernet1,,2", "not an interface name"),
        ("1/1", "not an interface name"),
        ("Ethernet1\nno ip routing", "not an interface name"),
        ("", "not an interface name"),
    ],
)
def test_neither(key, reason):
    """What could be mistaken is refused with the reason."""
    with pytest.raises(RangeError, match=reason):
        interface_names(key)
