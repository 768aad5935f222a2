"""The command `driftline inventory`, from the user's seat."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driftline.adapters.intent import IntentWriteError
from driftline.cli.exit_status import ExitStatus
from driftline.cli.inventory import inventory
from driftline.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ask = Callable[..., tuple[str, str]]

SECRET = "canary-secret-55"


@pytest.fixture
def ask(write: Callable[..., Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Ask:
    """Return a function that runs the command where there are an intent and a Nornir inventory."""
    write("intent/sites/ams.yml", "{}\n")
    write("intent/devices/leaf1.yml", "site: ams\nrole: leaf\nplatform: eos\n")
    write("hosts.yml", f"leaf1: {{hostname: 192.0.2.1, port: 8443, username: admin, password: {SECRET}}}\n")
    settings = "intended: {path: intent}\nnornir: {options: {host_file: hosts.yml}}\nstate_dir: state\n"
    config = write("driftline.yml", settings)

    def run(form: str, *, as_json: bool = False, **given: Any) -> tuple[str, str]:
        arguments = argparse.Namespace(config=config, form=form, **{"to": None, "overwrite": False, **given})
        status = inventory(arguments, Terminal(as_json=as_json))
        out, err = capfd.readouterr()
        assert status is ExitStatus.OK
        assert SECRET not in out + err
        return out, err

    return run


def test_what_is_intended_is_printed_with_the_addresses_that_nornir_knows(ask: Ask) -> None:
    out, err = ask("ansible")
    assert out.startswith("# hosts.yml\nall:\n  hosts:\n")
    hosts = yaml.safe_load(out)["all"]["hosts"]
    assert (hosts, err) == ({"leaf1": {"ansible_host": "192.0.2.1", "ansible_port": 8443}}, "")
    assert "\n# groups.yaml\nsite_ams:\n" in ask("nornir")[0]
    assert (
        ask("intent")[0] == "# sites/ams.yml\n{}\n# devices/leaf1.yml\nsite: ams\nrole: leaf\nplatform: eos\n"
    )


def test_machines_get_it_whole(ask: Ask) -> None:
    """For Ansible it is a dynamic inventory, for Nornir its three parts, for intent the files."""
    listed = json.loads(ask("ansible", as_json=True)[0])
    assert listed["_meta"]["hostvars"]["leaf1"]["ansible_host"] == "192.0.2.1"
    assert listed["role_leaf"] == {"vars": {"role": "leaf"}, "hosts": ["leaf1"]}
    assert set(json.loads(ask("nornir", as_json=True)[0])) == {"hosts", "groups", "defaults"}
    assert set(json.loads(ask("intent", as_json=True)[0])["files"]) == {"sites/ams.yml", "devices/leaf1.yml"}


def test_files_are_written_all_or_none(ask: Ask, tmp_path: Path) -> None:
    """What is there is not written over, unless that is asked for."""
    out, _ = ask("nornir", to=tmp_path / "nornir")
    assert out == f"3 files written to {tmp_path / 'nornir'}\n"
    (tmp_path / "nornir" / "hosts.yaml").write_text("{}\n")
    (tmp_path / "nornir" / "groups.yaml").unlink()
    with pytest.raises(IntentWriteError, match="DISCOVER-EXISTS"):
        ask("nornir", to=tmp_path / "nornir")
    assert not (tmp_path / "nornir" / "groups.yaml").exists()
    files = json.loads(ask("nornir", to=tmp_path / "nornir", overwrite=True, as_json=True)[0])["files"]
    assert sorted(files) == [
        str(tmp_path / "nornir" / f"{name}.yaml") for name in ("defaults", "groups", "hosts")
    ]
    assert (tmp_path / "nornir" / "hosts.yaml").read_text().startswith("leaf1: ")


def test_without_a_nornir_inventory_no_address_is_known(ask: Ask, tmp_path: Path) -> None:
    """That is said, and the rest is printed."""
    (tmp_path / "hosts.yml").unlink()
    out, err = ask("ansible")
    assert yaml.safe_load(out)["all"]["hosts"] == {"leaf1": {}}
    assert err.startswith("the devices' addresses are not known: Nornir can't load its inventory: ")
