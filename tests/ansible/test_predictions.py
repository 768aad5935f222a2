"""Check mode tells what the run then does: for every kind of object, attribute and state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driftline.ansible import Call, run
from tests.conftest import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Fabric

    from .conftest import Completed, Network

_TOLD = ("changed", "before", "after", "commands", "diff", "summary")

_DRIFTS = {
    "description": ("interface Ethernet1", "description wrong"),
    "enabled": ("interface Ethernet1", "shutdown"),
    "not enabled": ("interface Ethernet6", "shutdown"),
    "mtu": ("interface Ethernet6", "mtu 1400"),
    "mtu of an SVI": ("interface Vlan10", "mtu 9000"),
    "no mtu": ("interface Ethernet6", "no mtu"),
    "access vlan": ("interface Ethernet2", "switchport access vlan 30"),
    "mode to access": ("interface Ethernet1", "switchport mode trunk", "switchport trunk allowed vlan 10"),
    "mode to trunk": ("interface Ethernet3", "switchport mode access"),
    "mode to routed": ("interface Ethernet6", "switchport"),
    "mode from routed": ("interface Ethernet1", "no switchport"),
    "trunk vlans": ("interface Ethernet3", "switchport trunk allowed vlan 10,99"),
    "native vlan": ("interface Ethernet3", "switchport trunk native vlan 10"),
    "lag left": ("interface Ethernet4", "no channel-group 1"),
    "lag joined": ("interface Ethernet8", "channel-group 1 mode active"),
    "lag mode": ("interface Ethernet4", "no channel-group 1", "channel-group 1 mode passive"),
    "vrf": ("interface Vlan20", "no vrf red"),
    "wrong vrf": ("vrf instance blue", "interface Vlan10", "vrf blue", "ip address 10.0.10.1/24"),
    "vlan gone": ("no vlan 20",),
    "vlan renamed": ("vlan 30", "name clients"),
    "vlan without name": ("vlan 30", "no name"),
    "vlan added": ("vlan 77", "name unknown"),
    "primary address": ("interface Vlan10", "ip address 10.0.99.1/24"),
    "no primary address": ("interface Loopback0", "no ip address"),
    "secondary address gone": ("interface Vlan10", "no ip address 10.0.11.1/24 secondary"),
    "secondary address added": ("interface Vlan10", "ip address 10.0.12.1/24 secondary"),
    "IPv6 address gone": ("interface Ethernet6", "no ipv6 address 2001:db8:6::1/64"),
    "IPv6 address added": ("interface Vlan10", "ipv6 address 2001:db8:11::1/64"),
    "loopback gone": ("no interface Loopback0",),
    "loopback added": ("interface Loopback7", "description unknown", "ip address 10.7.7.7/32"),
    "loopback changed": ("interface Loopback0", "description wrong", "shutdown"),
    "SVI gone": ("no interface Vlan20",),
    "SVI added": ("interface Vlan30", "ip address 10.0.30.1/24"),
    "SVI changed": ("interface Vlan10", "description wrong", "shutdown"),
    "port-channel gone": ("no interface Port-Channel1",),
    "port-channel added": ("interface Port-Channel9", "description unknown", "switchport mode trunk"),
    "port-channel changed": ("interface Port-Channel1", "switchport trunk allowed vlan 10"),
    "subinterface gone": ("no interface Ethernet7.100",),
    "subinterface added": (
        "interface Ethernet7.200",
        "encapsulation dot1q vlan 200",
        "ip address 10.2.0.1/24",
    ),
    "subinterface changed": ("interface Ethernet7.100", "encapsulation dot1q vlan 101"),
    "unlisted port": ("interface Ethernet8", "description in use", "switchport access vlan 30", "mtu 9000"),
}

_NEW: dict[str, Any] = {
    "vlans": {"40": {"name": "cameras"}},
    "interfaces": {
        "Ethernet8": {"description": "camera", "mode": "access", "access_vlan": 40, "mtu": 9000},
        "Loopback1": {"description": "second", "addresses": ["10.0.0.2/32", "2001:db8::2/128"]},
        "Vlan40": {"vrf": "red", "addresses": {"10.0.40.1/24": {}, "10.0.41.1/24": {"secondary": True}}},
        "Port-Channel2": {"description": "new", "mode": "trunk", "trunk_vlans": "40"},
        "Ethernet2": {"lag": "Port-Channel2", "lag_mode": "passive"},
        "Ethernet7.300": {"encapsulation_vlan": 300, "addresses": ["198.51.100.129/25"]},
    },
}
_OLD: dict[str, Any] = {
    "vlans": {"20": {"name": "phones"}},
    "interfaces": {
        "Ethernet1": {"description": "other", "enabled": False},
        "Ethernet3": {"mode": "trunk", "trunk_vlans": "30", "native_vlan": 10},
        "Ethernet6": {"mode": "routed", "mtu": 1400, "addresses": ["192.0.2.1/31"]},
        "Ethernet7.100": {"encapsulation_vlan": 101},
        "Loopback0": {"addresses": ["10.0.0.1/32", "2001:db8::1/128"]},
        "Vlan10": {"description": "staff", "addresses": ["10.0.10.1/24"]},
        "Port-Channel1": {"description": "server", "mode": "trunk", "trunk_vlans": "20"},
    },
}
_ONE_EACH: dict[str, dict[str, Any]] = {
    "vlan": {"vlans": {"30": {"name": "clients"}}},
    "physical": {"interfaces": {"Ethernet2": {"description": "scanner"}}},
    "member": {"interfaces": {"Ethernet4": {"lag": "Port-Channel1", "lag_mode": "passive"}}},
    "trunk": {"interfaces": {"Ethernet3": {"mode": "trunk", "trunk_vlans": "99"}}},
    "routed": {"interfaces": {"Ethernet6": {"mode": "routed", "mtu": 9100}}},
    "subinterface": {"interfaces": {"Ethernet7.100": {"description": "other", "encapsulation_vlan": 100}}},
    "loopback": {"interfaces": {"Loopback0": {"description": "other"}}},
    "svi": {"interfaces": {"Vlan20": {"vrf": "red", "addresses": ["10.0.20.1/24", "2001:db8:20::1/64"]}}},
    "port-channel": {"interfaces": {"Port-Channel1": {"description": "other"}}},
}
_CONFIGS = {
    **{
        f"{state} {kind}": (state, given)
        for kind, given in _ONE_EACH.items()
        for state in ("merged", "replaced")
    },
    **{f"{state} new": (state, _NEW) for state in ("merged", "replaced", "overridden")},
    **{f"{state} old": (state, _OLD) for state in ("merged", "replaced")},
    "overridden old": ("overridden", _OLD | {"manage": {"addresses": "exclusive"}}),
    "overridden interfaces": ("overridden", {"interfaces": _OLD["interfaces"]}),
    "overridden vlans": ("overridden", {"vlans": {"20": {"name": "voice"}, "30": {"name": "servers"}}}),
    "overridden with nothing": ("overridden", {"interfaces": {}}),
    "deleted vlan": ("deleted", {"vlans": {"30": {}}}),
    "deleted physical": ("deleted", {"interfaces": {"Ethernet2": {}}}),
    "deleted member": ("deleted", {"interfaces": {"Ethernet4": {}}}),
    "deleted routed": ("deleted", {"interfaces": {"Ethernet6": {}}}),
    "deleted subinterface": ("deleted", {"interfaces": {"Ethernet7.100": {}}}),
    "deleted loopback": ("deleted", {"interfaces": {"Loopback0": {}}}),
    "deleted svi": ("deleted", {"interfaces": {"Vlan10": {}, "Vlan20": {}}}),
    "deleted port-channel": ("deleted", {"interfaces": {"Port-Channel1": {}, "Ethernet4-5": {}}}),
    "deleted all vlans": ("deleted", {"vlans": {}}),
    "deleted everything": ("deleted", {"interfaces": {}, "vlans": {}}),
}


def remediate(
    fabric: Fabric, *, check: bool = False, host: str = "leaf1", **arguments: Any
) -> dict[str, Any]:
    """Do the task as Ansible's action does, on one device."""
    endpoint = fabric.lab.endpoints[host]
    variables = {
        "ansible_host": endpoint.host,
        "ansible_port": endpoint.port,
        "ansible_httpapi_use_ssl": False,
        "ansible_network_os": "arista.eos.eos",
        "ansible_user": "operator",
        "ansible_password": CANARY,
    }
    shared = fabric.folder / "shared"
    shared.mkdir(exist_ok=True)
    call = Call(
        host,
        {"settings": str(fabric.folder / "driftline.yml"), **arguments},
        lambda _: variables,
        shared,
        check=check,
        wants_diff=True,
        folder=fabric.folder,
        task=str(len(list(shared.iterdir()))),  # another one each time
    )
    return run("remediate", call)


def done_as_predicted(fabric: Fabric, **arguments: Any) -> dict[str, Any]:
    """Predict, do, and do again; return what the run told."""
    running = fabric.running()
    predicted = remediate(fabric, check=True, **arguments)
    assert not predicted.get("failed"), predicted["msg"]
    assert fabric.running() == running
    done = remediate(fabric, **arguments)
    assert not done.get("failed"), done["msg"]
    assert {key: predicted.get(key) for key in _TOLD} == {key: done.get(key) for key in _TOLD}
    assert [_bare(one) for one in predicted["operations"]] == [_bare(one) for one in done["operations"]]
    assert {one["status"] for one in predicted["operations"]} <= {"planned"}
    again = remediate(fabric, **arguments)
    assert (again["changed"], again["operations"], again["before"]) == (False, [], done["after"])
    return done


def _bare(operation: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in operation.items() if key not in ("status", "message")}


@pytest.mark.parametrize("lines", _DRIFTS.values(), ids=_DRIFTS)
def test_drift(fabric: Fabric, lines: tuple[str, ...]) -> None:
    """Whatever somebody did by hand is taken back as predicted."""
    intended = fabric.lab["leaf1"].running_config
    fabric.lab["leaf1"].change(*lines)
    assert done_as_predicted(fabric)["changed"]
    assert remediate(fabric, check=True)["changed"] is False
    del intended


@pytest.mark.parametrize(("state", "config"), _CONFIGS.values(), ids=_CONFIGS)
def test_state(fabric: Fabric, state: str, config: dict[str, Any]) -> None:
    """Each state does with each kind of object what it predicts."""
    fabric.setting(guards={"max_deletes": "100%"})
    assert done_as_predicted(fabric, state=state, config=config)["changed"]


# Playbooks ------------------------------------------------------------------------------------------------

_PLAYBOOK = """
- hosts: all
  gather_facts: false
  vars:
    merged: {vlans: {"404": {name: merged}}, interfaces: {Loopback40: {description: merged}}}
    replaced: {interfaces: {Ethernet1: {description: replaced}}}
    overridden: {vlans: {"405": {name: overridden}}}
    deleted: {interfaces: {Ethernet1: {}, Ethernet2: {}}}
  tasks:
    - name: intended
      driftline.network.remediate:
    - name: again
      driftline.network.remediate:
    - name: "{{ state | default('merged') }}"
      driftline.network.remediate: {state: "{{ state }}", config: "{{ lookup('ansible.builtin.vars', state) }}"}
      when: state is defined
"""


@pytest.mark.collection
def test_a_playbook_on_24_devices(
    network_of: Callable[..., Network], playbook: Callable[..., Completed]
) -> None:
    """`--check --diff` tells each host's result and diff; then the run does so, and a second one changes nothing."""
    network = network_of(sites=2, devices=12)
    for number, name in enumerate(network.lab):
        _by_hand(network, name, number)
    running = network.running()
    checked = playbook(_PLAYBOOK, "--check", "--diff", "--forks", "10")
    assert (checked.status, network.running()) == (0, running)
    done = playbook(_PLAYBOOK, "--diff", "--forks", "10")
    assert done.status == 0, done.out
    assert _told(done, "intended") == _told(checked, "intended")
    assert sorted(done.changed) == sorted(network.lab)
    assert [name for name, result in done.by_host("again").items() if result.changed] == []


@pytest.mark.collection
@pytest.mark.parametrize("state", ["merged", "replaced", "overridden", "deleted"])
def test_a_playbook_in_a_state(
    network_of: Callable[..., Network], playbook: Callable[..., Completed], state: str
) -> None:
    """So it is with the states of network resource modules."""
    network = network_of(sites=1, devices=4, guards={"max_deletes": "100%"})
    checked = playbook(_PLAYBOOK, "-e", f"state={state}", "--check", "--diff")
    done = playbook(_PLAYBOOK, "-e", f"state={state}", "--diff")
    assert (checked.status, done.status) == (0, 0), done.out
    assert _told(done, state) == _told(checked, state)
    assert sorted(done.changed) == sorted(network.lab)


_HANDS = (
    ("interface Ethernet1", "description by hand", "shutdown"),
    ("vlan 10", "name by-hand"),
    ("no vlan 11",),
    ("interface Loopback0", "no ip address", "ip address 10.99.0.1/32"),
    ("interface Ethernet1", "mtu 1400", "interface Ethernet2", "description by hand"),
)


def _by_hand(network: Network, name: str, number: int) -> None:
    """Somebody changes a device, each one otherwise; all of them in what every device has."""
    network.lab[name].change(*_HANDS[number % len(_HANDS)])
    network.lab[name].change("interface Ethernet2", f"description by hand {number}")


def _told(done: Completed, task: str) -> dict[str, Any]:
    return {
        host: {key: result.result.get(key) for key in _TOLD}
        | {"operations": [_bare(one) for one in result.result["operations"]]}
        for host, result in done.by_host(task).items()
    }
