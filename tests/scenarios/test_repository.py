"""What a newcomer clones: the demo, the sample fabric, and the package."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

from driftline.adapters.intent import IntentAdapter
from driftline.lab.fabric import configurations

ROOT = Path(__file__).parents[2]


def test_the_demo_goes_as_it_should() -> None:
    """The demo checks every exit status itself; here it is enough that it comes to its end."""
    driftline = Path(sys.executable).parent / "driftline"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}
    environment["DEMO_PORT"] = "8193"
    answer = subprocess.run(
        [ROOT / "demo/run.sh", driftline],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.endswith("The demo went as it should.\n")
    assert "Traceback" not in answer.stdout + answer.stderr


def test_the_sample_inventories_agree() -> None:
    """Intent, Nornir and Ansible name the same devices, at the addresses that the lab gives them."""
    devices = list(configurations(ROOT / "inventory/intent"))
    addresses = {name: f"127.50.0.{number}" for number, name in enumerate(devices, start=1)}
    nornir = yaml.safe_load((ROOT / "inventory/nornir/hosts.yaml").read_text())
    assert {name: host["hostname"] for name, host in nornir.items()} == addresses
    groups = yaml.safe_load((ROOT / "inventory/ansible/hosts.yml").read_text())["all"]["children"]
    ansible = {
        name: host["ansible_host"] for group in groups.values() for name, host in group["hosts"].items()
    }
    assert ansible == addresses
    intended = IntentAdapter(ROOT / "inventory/intent")
    intended.load()
    assert {name: sorted(group["hosts"]) for name, group in groups.items()} == {
        site.name: sorted(site.devices) for site in intended.get_all("site")
    }


def test_the_wheel_has_the_package_and_nothing_else(tmp_path: Path) -> None:
    """The wheel holds `driftline`, its templates, its type marker and the licence."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {
        "driftline",
        "napalm_frr",
        "napalm_junos_verified",
    }
    assert {
        "driftline/py.typed",
        "driftline/devices/platforms/eos/section.j2",
        "driftline/workflow.py",
    } <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
