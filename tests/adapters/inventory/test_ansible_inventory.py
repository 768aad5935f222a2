"""An Ansible inventory as intended state, read by the real `ansible-inventory`."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from driftline.adapters.inventory.ansible import AnsibleInventoryAdapter
from driftline.adapters.inventory.network_os import network_os_of, platform_of
from driftline.adapters.inventory.options import HostOptions
from driftline.engine.exceptions import LoadError
from driftline.network import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

HOSTS = """\
[ams:children]
ams_leafs

[ams_leafs]
leaf1 ansible_host=10.0.0.1 ansible_port=8443
leaf2

[fra]
core1 ansible_network_os=cisco.ios.ios

[servers]
web1 ansible_connection=ssh
"""
CANARY = "canary-secret-19ef"


def adapter(path: Path, **options: Any) -> AnsibleInventoryAdapter:
    return AnsibleInventoryAdapter(path, HostOptions(**options))


def loaded(path: Path, **options: Any) -> AnsibleInventoryAdapter:
    intended = adapter(path, **options)
    intended.load()
    return intended


def told(intended: AnsibleInventoryAdapter) -> dict[str, tuple[str, str | None, str | None]]:
    return {each.name: (each.site, each.role, each.platform) for each in intended.get_all("device")}


def failure(path: Path, **options: Any) -> LoadError:
    intended = adapter(path, **options)
    with pytest.raises(LoadError) as found:
        intended.load()
    assert len(intended) == 0
    assert CANARY not in str(found.value)
    return found.value


@pytest.fixture
def inventory(write: Write, ansible: Path) -> Path:
    """Return a folder with an INI file, group_vars and host_vars."""
    write("inventory/hosts.ini", HOSTS)
    write("inventory/group_vars/ams.yml", f"ansible_network_os: arista.eos.eos\nansible_password: {CANARY}\n")
    write("inventory/group_vars/ams_leafs.yml", "role: leaf\n")
    return write("inventory/host_vars/leaf2.yml", "role: special\nserial: S2\n").parents[1]


def test_hosts_are_devices_with_the_variables_that_ansible_merges(inventory: Path) -> None:
    """A host's own variables come before those of its group, and those before the group's above."""
    intended = loaded(inventory, groups=["ams", "fra"], site_groups=["ams", "fra"])
    assert told(intended) == {
        "leaf1": ("ams", "leaf", "eos"),
        "leaf2": ("ams", "special", "eos"),
        "core1": ("fra", None, "ios"),
    }
    assert intended.get("device", "leaf2").serial == "S2"
    assert intended.endpoints["leaf1"] == Endpoint("10.0.0.1", 8443)
    assert CANARY not in str(intended.dict())


def test_a_host_that_is_no_device_is_named(inventory: Path) -> None:
    problems = [str(problem) for problem in failure(inventory).problems]
    assert problems == [
        (
            "INVENTORY-PLATFORM web1: its platform is not known"
            " (set it in the inventory, or choose the network's hosts with `groups`)"
        )
    ]


def test_what_a_variable_intends_is_read_as_a_device_file(write: Write, ansible: Path) -> None:
    """VLANs are numbers again, though JSON has made text of them."""
    path = write(
        "hosts.yml",
        """\
        all:
          hosts:
            leaf1:
              ansible_network_os: eos
              driftline:
                vlans: {10: {name: users}}
                interfaces: {Ethernet1: {description: !unsafe "{{ as it is }}", mode: trunk, trunk_vlans: 10}}
        """,
    )
    intended = loaded(path)
    assert intended.get("vlan", {"device": "leaf1", "vid": "10"}).name == "users"
    port = intended.get("interface", {"device": "leaf1", "name": "Ethernet1"})
    assert (port.description, port.trunk_vlans) == ("{{ as it is }}", "10")


def test_an_executable_inventory_is_run(write: Write, ansible: Path) -> None:
    variables = {"site": "ams", "ansible_network_os": "junipernetworks.junos.junos"}
    answer = json.dumps({"ams": {"hosts": ["leaf1"], "vars": variables}})
    assert told(loaded(write("dynamic", f"#!/bin/sh\necho '{answer}'\n", 0o755))) == {
        "leaf1": ("ams", None, "junos")
    }


# Secrets --------------------------------------------------------------------------------------------------


@pytest.fixture
def vault(ansible: Path, write: Write) -> Callable[..., str]:
    """Return a function that runs ansible-vault with a password."""
    password = write("vault-password", "opens-it\n")

    def run(*arguments: str) -> str:
        command = [str(ansible / "ansible-vault"), *arguments, "--vault-password-file", str(password)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run


def test_encrypted_variables_stay_so(inventory: Path, vault: Callable[..., str]) -> None:
    """They do no harm, with and without the password; only what we need must not be encrypted."""
    hidden = vault("encrypt_string", CANARY, "--name", "ansible_password")
    (inventory / "group_vars" / "fra.yml").write_text(hidden)
    assert told(loaded(inventory, groups=["fra"])) == {"core1": ("main", None, "ios")}
    (inventory / "group_vars" / "fra.yml").write_text(vault("encrypt_string", CANARY, "--name", "site"))
    problems = [str(problem) for problem in failure(inventory, groups=["fra"]).problems]
    assert problems == [
        "INVENTORY-ENCRYPTED core1: the variable site is encrypted (write it in the clear; it is no secret)"
    ]


def test_an_encrypted_file_needs_the_vaults_password(
    inventory: Path, vault: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible gets it in its own ways; without it nothing is loaded."""
    file = inventory / "group_vars" / "fra.yml"
    file.write_text(f"site: fra\nansible_password: {CANARY}\n")
    vault("encrypt", str(file))
    error = failure(inventory, groups=["fra"])
    assert (error.code, "vault's password" in error.hint) == ("INVENTORY-ANSIBLE", True)
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(inventory.parent / "vault-password"))
    intended = loaded(inventory, groups=["fra"])
    assert told(intended) == {"core1": ("fra", None, "ios")}
    assert CANARY not in str(intended.dict())


# What can't be used ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("inventory/more.ini", f'[a]\nh1 ansible_password="{CANARY}\n'),
        ("inventory/group_vars/fra.yml", f"ansible_password: {CANARY}\n  more: [{CANARY}\n"),
    ],
    ids=["ini", "yaml"],
)
def test_a_file_that_can_not_be_parsed_fails_the_load(
    name: str, text: str, inventory: Path, write: Write
) -> None:
    """Its hosts would only be missing; and what Ansible quotes of it is not passed on."""
    write(name, text)
    error = failure(inventory, groups=["fra"])
    assert error.code == "INVENTORY-ANSIBLE"
    assert error.message.startswith("ansible-inventory failed with status ")


def test_a_template_in_what_we_need_is_refused(inventory: Path) -> None:
    """Elsewhere it does no harm: that an address is not known, for example."""
    file = inventory / "group_vars" / "fra.yml"
    file.write_text("ansible_host: '{{ inventory_hostname }}.example.net'\n")
    assert loaded(inventory, groups=["fra"]).endpoints == {"core1": Endpoint()}
    file.write_text("site: '{{ elsewhere }}'\n")
    assert failure(inventory, groups=["fra"]).code == "INVENTORY-TEMPLATE"


def test_a_missing_inventory_is_told(tmp_path: Path) -> None:
    """Ansible itself would answer that there are no hosts."""
    assert failure(tmp_path / "nowhere").code == "INVENTORY-MISSING"


def test_without_the_command_it_is_told_what_to_install(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    error = failure(write("hosts.ini", "leaf1\n"))
    assert (error.code, "ansible-core" in error.hint) == ("INVENTORY-NO-ANSIBLE", True)


def test_an_inventory_that_never_ends_is_given_up(write: Write, ansible: Path) -> None:
    path = write("slow", "#!/bin/sh\nexec sleep 10\n", 0o755)
    with pytest.raises(LoadError, match="did not end within 3 seconds"):
        AnsibleInventoryAdapter(path, timeout=3).load()


@pytest.mark.parametrize(
    ("network_os", "platform"),
    [
        ("arista.eos.eos", "eos"),
        ("cisco.ios.ios", "ios"),
        ("cisco.nxos.nxos", "nxos"),
        ("cisco.iosxr.iosxr", "iosxr"),
        ("junipernetworks.junos.junos", "junos"),
        ("frr.frr.frr", "frr"),
        ("one.of.mine", "one.of.mine"),
    ],
)
def test_platforms_have_two_names(network_os: str, platform: str) -> None:
    assert platform_of(network_os) == platform
    assert network_os_of(platform) == network_os


def test_the_short_names_of_old_inventories_are_platforms() -> None:
    assert [platform_of(name) for name in ("eos", "ios", "nxos", "iosxr", "junos")] == [
        "eos",
        "ios",
        "nxos",
        "iosxr",
        "junos",
    ]
