"""The inventory plugin `driftline.network.source`, asked by Ansible's own commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driftline.ansible.inventory import source_inventory
from driftline.engine.exceptions import LoadError
from tests.conftest import CANARY

if TYPE_CHECKING:
    from .conftest import Ansible, Completed, Network

STRICT = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"}


@pytest.fixture
def ask(ansible: Ansible) -> Any:
    """Return what lists the inventory that a file of the plugin's makes, whose options are given."""

    def asked(*arguments: str, environment: dict[str, str] | None = None, **options: Any) -> Completed:
        file = ansible.folder / "network.driftline.yml"
        file.write_text(yaml.safe_dump({"plugin": "driftline.network.source", **options}))
        command = ["-i", str(file), *(arguments or ["--list"])]
        return ansible.run("ansible-inventory", *command, **STRICT, **(environment or {}))

    return asked


def groups_of(listed: dict[str, Any]) -> dict[str, list[str]]:
    return {name: group["hosts"] for name, group in listed.items() if "hosts" in group}


def intent_of(folder: Path, **devices: str) -> None:
    """Write an intent folder of a site, with devices as their files have them, and settings for it."""
    (folder / "intent" / "sites").mkdir(parents=True)
    (folder / "intent" / "devices").mkdir()
    (folder / "intent" / "sites" / "ams.yml").write_text("{}\n")
    for name, text in devices.items():
        (folder / "intent" / "devices" / f"{name}.yml").write_text(f"site: ams\nplatform: eos\n{text}")
    (folder / "driftline.yml").write_text(
        "intended: {path: intent}\nnornir: {options: {host_file: hosts.yml}}\n"
    )


def test_the_intended_devices_are_hosts_in_groups(network: Network, ask: Any) -> None:
    """They are those of `driftline inventory --as ansible`, and know how NAPALM reaches them."""
    listed = ask().json
    printed = network.run("inventory", "--as", "ansible", "--output", "json").json
    groups = [name for name in printed if name not in ("_meta", "all")]
    assert groups_of(listed) == {name: printed[name]["hosts"] for name in groups}
    leaf1 = listed["_meta"]["hostvars"]["leaf1"]
    assert leaf1 == {
        **printed["_meta"]["hostvars"]["leaf1"],
        "ansible_network_os": "arista.eos.eos",
        "driftline_optional_args": {"transport": "http"},
        "platform": "eos",
        "role": "leaf",
        "site": "lab",
    }
    assert leaf1["ansible_port"] == network.lab["leaf1"].port
    graph = ask("--graph").out
    assert "@site_lab:" in graph
    assert "@platform_eos:" in graph


def test_groups_and_variables_of_ones_own(network: Network, ask: Any) -> None:
    """A limit, and what every constructed inventory can do, with the variables of the groups too."""
    listed = ask(
        limit="leaf,!leaf2",
        compose={"label": "site ~ '/' ~ inventory_hostname"},
        groups={"leaves": "role == 'leaf'"},
        keyed_groups=[{"key": "platform", "prefix": "os"}],
    ).json
    assert list(listed["_meta"]["hostvars"]) == ["leaf1"]
    assert listed["_meta"]["hostvars"]["leaf1"]["label"] == "lab/leaf1"
    assert groups_of(listed)["leaves"] == ["leaf1"]
    assert groups_of(listed)["os_eos"] == ["leaf1"]


def test_the_cache_answers_instead_of_the_source(network: Network, ask: Any, ansible: Ansible) -> None:
    """As long as nobody asks for anything else."""
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cached"}
    first = ask(**cache)
    network.device_file("leaf2").unlink()
    assert ask(**cache).json == first.json
    assert "leaf2" not in ask(**cache, limit="lab").json["_meta"]["hostvars"]
    assert list((ansible.folder / "cached").iterdir())


def test_what_is_wrong_is_told_with_its_code(network: Network, ask: Any) -> None:
    """Ansible says what driftline says: the code, what happened, and what to try."""
    nobody = ask(limit="nowhere")
    assert nobody.status != 0
    assert "LIMIT-EMPTY" in nobody.err
    assert "name devices, sites or roles" in nobody.err
    network.edit("leaf1", "platform: eos", "platfrom: eos")
    wrong = ask().err
    assert "leaf1.yml" in wrong
    assert "platfrom" in wrong


def test_the_file_is_known_by_its_name(network: Network, ansible: Ansible) -> None:
    """Another file with the same words in it is left to other plugins."""
    (ansible.folder / "other.yml").write_text("plugin: driftline.network.source\n")
    asked = ansible.run("ansible-inventory", "-i", "other.yml", "--host", "leaf1", **STRICT)
    assert asked.status != 0


def test_a_play_reaches_the_devices(network: Network, playbook: Any, ansible: Ansible) -> None:
    """What the source says is never taken for a template."""
    network.edit("leaf1", "role: leaf", "role: leaf\nserial: \"{{lookup('pipe','id')}}\"")
    (ansible.folder / "driftline_source.yml").write_text("plugin: driftline.network.source\n")
    play = """
- hosts: role_leaf
  gather_facts: false
  tasks:
    - name: Tell
      ansible.builtin.debug:
        msg: [ "{{ ansible_host }}", "{{ site }}", "{{ serial | default('') }}" ]
    - name: Look for drift
      driftline.network.drift:
      when: serial is not defined
"""
    told = playbook(play, "-i", "driftline_source.yml")
    assert sorted(told.by_host("Tell")) == ["leaf1", "leaf2"], told.err
    assert told.by_host("Look for drift")["leaf2"].result["changed"] is False
    assert told.of("Tell", "leaf1")["msg"] == ["127.0.0.1", "lab", "{{lookup('pipe','id')}}"]


# Where a device is reached --------------------------------------------------------------------------------


def test_nornir_tells_what_the_source_does_not(tmp_path: Path) -> None:
    """Address, port, user and the driver's options, but nothing that is a secret; else the management address."""
    intent_of(tmp_path, edge1="", edge2="interfaces:\n  Management1: {addresses: [192.0.2.7/24]}\n")
    options = {"key_file": "id", "secret": CANARY, "nested": [{"enable_password": CANARY, "depth": 2}]}
    napalm = {"port": 8443, "extras": {"optional_args": options}}
    edge1 = {
        "hostname": "192.0.2.9",
        "username": "ops",
        "password": CANARY,
        "connection_options": {"napalm": napalm},
    }
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"edge1": edge1, "other": {}}))
    listed = source_inventory(str(tmp_path / "driftline.yml"), None, tmp_path)
    assert listed["_meta"]["hostvars"] == {
        "edge1": {
            "ansible_host": "192.0.2.9",
            "ansible_port": 8443,
            "ansible_user": "ops",
            "driftline_optional_args": {"key_file": "id", "nested": [{"depth": 2}]},
        },
        "edge2": {"ansible_host": "192.0.2.7"},
    }
    assert CANARY not in json.dumps(listed)


def test_the_source_comes_before_nornir(tmp_path: Path) -> None:
    """Each for itself: a source that knows the address may not know the port."""
    source = {"edge1": {"hostname": "192.0.2.9", "platform": "eos"}, "edge2": {"platform": "eos"}}
    (tmp_path / "source.yml").write_text(yaml.safe_dump(source))
    hosts = {name: {"hostname": "198.51.100.1", "port": 8443} for name in source}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(hosts))
    settings = {
        "intended": {"adapter": "nornir", "options": {"host_file": "source.yml"}},
        "nornir": {"options": {"host_file": "hosts.yml"}},
    }
    (tmp_path / "driftline.yml").write_text(yaml.safe_dump(settings))
    told = source_inventory(str(tmp_path / "driftline.yml"), None, tmp_path)["_meta"]["hostvars"]
    assert [(host["ansible_host"], host["ansible_port"]) for host in told.values()] == [
        ("192.0.2.9", 8443),
        ("198.51.100.1", 8443),
    ]


def test_a_nornir_inventory_that_is_named_must_be_there(tmp_path: Path) -> None:
    """Else hosts would be reached anywhere."""
    intent_of(tmp_path, edge1="")
    with pytest.raises(LoadError, match="Nornir can't load its inventory"):
        source_inventory(str(tmp_path / "driftline.yml"), None, tmp_path)


def test_a_lab_of_ones_own_has_an_inventory_for_ansible(ansible: Ansible, playbook: Any) -> None:
    """`driftline lab up` writes it, in a folder of its own, and plays reach the devices with nothing else."""
    driftline = [sys.executable, "-m", "driftline.cli", "lab"]
    up = ["up", "--background", "--topology", "1x2x6", "--intent", "intent", "--port", "8297"]
    subprocess.run([*driftline, *up], cwd=ansible.folder, check=True, capture_output=True)
    try:
        play = """
- hosts: site_ams
  gather_facts: false
  tasks:
    - name: Look for drift
      driftline.network.drift:
"""
        told = playbook(play, "-i", ".driftline/ansible/hosts.yml").by_host("Look for drift")
    finally:
        subprocess.run([*driftline, "down"], cwd=ansible.folder, check=True, capture_output=True)
    assert {name: (each.status, each.changed) for name, each in told.items()} == {
        "ams-leaf1": ("ok", False),
        "ams-spine1": ("ok", False),
    }


def test_the_sample_inventory_is_that_of_the_lab(ansible: Ansible) -> None:
    """With `driftline lab up` as it stands, the sample has all that is needed to log in."""
    sample = Path(__file__).parents[2] / "inventory" / "ansible"
    listed = ansible.run("ansible-inventory", "-i", sample, "--list", **STRICT).json
    assert listed["_meta"]["hostvars"]["ams-leaf2"] == {
        "ansible_connection": "local",
        "ansible_host": "127.50.0.2",
        "ansible_httpapi_use_ssl": False,
        "ansible_network_os": "arista.eos.eos",
        "ansible_password": "admin",
        "ansible_port": 8080,
        "ansible_user": "admin",
        "site": "ams",
    }
