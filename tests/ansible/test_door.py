"""What the action plugins do, without Ansible: what processes share, how hosts are reached, what is returned."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driftline.adapters.intent import IntentAdapter
from driftline.ansible import Call, run
from driftline.ansible.fleet import fleet_of, secrets_of
from driftline.ansible.outcomes import HIDDEN, cleaned, failed, together
from driftline.ansible.shelf import Shelf, load_all
from driftline.engine.exceptions import GuardBreach, LoadError, SettingsError, Unreachable
from driftline.lab import Fault, FaultKind, Lab
from driftline.lab.topology import write_topology
from driftline.network import Device, Endpoint
from driftline.network.parts import part_of
from tests.conftest import settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from driftline.settings import Settings
    from tests.conftest import Fabric


def call_of(
    folder: Path, host: str = "leaf1", variables: Mapping[str, Any] | None = None, **more: Any
) -> Call:
    """A task on a host; `arguments` are the module's."""
    given = {"settings": str(folder / "driftline.yml"), **more.pop("arguments", {})}
    shared = folder / "shared"
    shared.mkdir(exist_ok=True)
    return Call(host, given, lambda _: variables or {}, shared, folder=folder, task="t1", **more)


# The shelf ------------------------------------------------------------------------------------------------


def test_a_part_from_the_shelf_is_the_part(fabric: Fabric) -> None:
    """Every field of every object, what is managed of it, and what is known of all."""
    call = call_of(fabric.folder, hosts=("core1", "leaf1", "leaf2"))
    settings = call.settings()
    whole = load_all(settings)
    for name in call.hosts:
        taken = Shelf(call, settings).intended(name)
        part = part_of(whole.part, name)
        assert _everything(taken.part) == _everything(part)
        assert (taken.counts, taken.notes) == (whole.counts, whole.notes)
        assert (taken.part.touched, taken.part.name) == (part.touched, part.name)
        assert not taken.part.diff_to(part).has_diffs()


def _everything(part: Any) -> dict[tuple[str, str], Any]:
    return {
        (model, obj.get_unique_id()): (obj.model_dump(), list(obj.get_managed()))
        for model in sorted(part.get_all_model_names())
        for obj in part.get_all(model)
    }


def test_hosts_may_be_called_as_no_file_can(fabric: Fabric) -> None:
    """A slash, dots and a long name are names like others; of them nothing is intended here."""
    names = ("../leaf1", "a" * 300, "leaf1/0", "")
    call = call_of(fabric.folder, "leaf1", hosts=names)
    settings = call.settings()
    assert [Shelf(call, settings).intended(name).part.count() for name in names] == [0, 0, 0, 0]


def test_the_source_is_loaded_once_for_a_task(fabric: Fabric, loads: list[str]) -> None:
    """Once for all hosts, and again for the next task: it may say something else by then."""
    call = call_of(fabric.folder, hosts=("core1", "leaf1", "leaf2"))
    for name in call.hosts:
        Shelf(replace(call, host=name), call.settings()).intended(name)
    assert len(loads) == 1
    Shelf(replace(call, task="t2"), call.settings()).intended("leaf1")
    assert len(loads) == 2


def test_a_source_that_cannot_be_loaded_is_asked_once(fabric: Fabric, loads: list[str]) -> None:
    """All hosts are told the same; a host that asks again is retrying, and the source is asked again."""
    fabric.edit("leaf1", "mtu: 9000", "mtu: many")
    call = call_of(fabric.folder, hosts=("core1", "leaf1", "leaf2"))
    errors = [_refused(call, name) for name in call.hosts]
    assert len(loads) == 1
    assert {error.code for error in errors} == {"INTENT-TYPE"}
    assert {str(problem) for error in errors for problem in error.problems} == {
        str(problem) for problem in errors[0].problems
    }
    fabric.edit("leaf1", "mtu: many", "mtu: 9000")
    assert Shelf(call, call.settings()).intended("leaf1").part.count("device") == 1
    assert Shelf(call, call.settings()).intended("core1").part.count("device") == 1
    assert len(loads) == 2


def _refused(call: Call, name: str) -> LoadError:
    with pytest.raises(LoadError) as caught:
        Shelf(replace(call, host=name), call.settings()).intended(name)
    return caught.value


def _ask(folder: Path, names: tuple[str, ...], name: str) -> int:
    """Ask the shelf in a process of its own; each load leaves a line."""
    load = IntentAdapter.load

    def counting(self: IntentAdapter) -> None:
        with (folder / "loads").open("a") as file:
            file.write("loaded\n")
        load(self)

    IntentAdapter.load = counting  # type: ignore[method-assign] # this process ends with it
    call = call_of(folder, name, hosts=names)
    return Shelf(call, call.settings()).intended(name).part.count("interface")


def test_twenty_processes_at_once_load_the_source_once(tmp_path: Path) -> None:
    """Whoever comes first loads it; the others wait, and have their parts."""
    write_topology(tmp_path / "intent", sites=2, devices=10, interfaces=6)
    (tmp_path / "driftline.yml").write_text(yaml.safe_dump(settings_for(tmp_path)))
    names = tuple(sorted(file.stem for file in (tmp_path / "intent" / "devices").glob("*.yml")))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["driftline.ansible", "tests.ansible.test_door"])
    with context.Pool(20) as pool:
        counts = pool.map(partial(_ask, tmp_path, names), names, chunksize=1)
    assert len(counts) == 20
    assert min(counts) > 0
    assert (tmp_path / "loads").read_text().splitlines() == ["loaded"]


def test_the_limits_hold_for_all_hosts_of_a_task(fabric: Fabric) -> None:
    """Each host's plan is judged with what the others change; one that tries again counts once."""
    fabric.setting(guards={"max_devices": 2})
    call = call_of(fabric.folder, hosts=("core1", "leaf1", "leaf2"))
    settings = call.settings()
    plans = {name: _plan(fabric, settings, name) for name in call.hosts}
    Shelf(call, settings).admit(plans["core1"], {})
    Shelf(call, settings).admit(plans["leaf1"], {})
    Shelf(call, settings).admit(plans["leaf1"], {})
    with pytest.raises(GuardBreach):
        Shelf(call, settings).admit(plans["leaf2"], {})
    Shelf(replace(call, task="t2"), settings).admit(plans["leaf2"], {})


def test_they_hold_for_what_is_given_to_the_task_too(fabric: Fabric) -> None:
    """A config takes the place of the source, and not of the guards."""
    fabric.setting(guards={"max_changes": 1})
    config = {"interfaces": {"Ethernet1": {"description": "by hand"}}}

    def told(host: str) -> dict[str, Any]:
        call = call_of(fabric.folder, host, arguments={"config": config}, hosts=("leaf1", "leaf2"))
        return run("remediate", replace(call, variables=lambda _: reached(fabric, host)))

    assert told("leaf1")["changed"]
    assert told("leaf2")["code"] == "GUARD-CHANGES"
    assert by_hand(fabric) == ["leaf1"]


def _plan(fabric: Fabric, settings: Settings, name: str) -> Any:
    from driftline import workflow  # noqa: PLC0415 - only here

    fabric.lab[name].change("interface Ethernet1", "description wrong")
    loaded = workflow.load(settings, limit=name)
    try:
        return workflow.plan(loaded, workflow.detect(loaded), settings)
    finally:
        loaded.actual.close()


# How hosts are reached ------------------------------------------------------------------------------------


def host_of(call: Call, endpoint: Endpoint | None = None, platform: str | None = None) -> Any:
    device = Device(name="leaf1", site="ams", role="leaf", platform=platform)
    endpoints = {} if endpoint is None else {"leaf1": endpoint}
    return fleet_of(call, {"leaf1": device}, call.settings(), endpoints).host("leaf1")


def optional_args(host: Any) -> dict[str, Any]:
    return host.get_connection_parameters("napalm").extras["optional_args"]


def test_the_variables_come_first(fabric: Fabric) -> None:
    """Before the source, and before the inventory of the settings."""
    given = {
        "ansible_host": "192.0.2.9",
        "ansible_port": "8443",
        "ansible_user": "me",
        "ansible_password": "mine",
        "ansible_become_password": "more",
        "ansible_network_os": "cisco.ios.ios",
        "ansible_ssh_private_key_file": "/keys/me",
        "ansible_httpapi_use_ssl": "yes",
        "driftline_optional_args": {"conn_timeout": 5, "secret": "most"},
    }
    host = host_of(call_of(fabric.folder, variables=given), Endpoint("192.0.2.1", 443), "eos")
    assert (host.hostname, host.port) == ("192.0.2.9", 8443)
    assert (host.username, host.password, host.platform) == ("me", "mine", "ios")
    assert optional_args(host) == {
        "conn_timeout": 5,
        "enable_password": "more",
        "key_file": "/keys/me",
        "secret": "most",  # what is said of the driver itself
        "transport": "https",
    }
    assert (host["site"], host["role"]) == ("ams", "leaf")


def test_the_source_comes_second_and_the_settings_last(fabric: Fabric) -> None:
    """What the variables do not say, the source does, then the settings' own Nornir inventory, if there is one."""
    call = call_of(fabric.folder)
    known = fabric.lab.endpoints["leaf1"]
    host = host_of(call, platform="eos")
    assert (host.hostname, host.port, host.platform) == (known.host, known.port, "eos")
    assert optional_args(host)["transport"] == "http"
    host = host_of(call, Endpoint("192.0.2.1"), platform="eos")
    assert host.hostname == "192.0.2.1"


def test_old_names_of_variables_count(fabric: Fabric) -> None:
    """Ansible takes them, and they are still in many inventories."""
    given = {
        "ansible_ssh_host": "192.0.2.9",
        "ansible_ssh_port": 8443,
        "ansible_ssh_user": "me",
        "ansible_ssh_pass": "mine",
        "ansible_become_pass": "more",
        "ansible_private_key_file": "/keys/me",
    }
    call = call_of(fabric.folder, variables=given)
    host = host_of(call)
    assert (host.hostname, host.port, host.username, host.password) == ("192.0.2.9", 8443, "me", "mine")
    assert (optional_args(host)["secret"], optional_args(host)["key_file"]) == ("more", "/keys/me")
    assert secrets_of(call, ["leaf1"]) == {"mine", "more"}


def test_a_device_that_asks_for_an_enable_secret(tmp_path: Path) -> None:
    """It gets the become password."""
    with Lab(
        {"leaf1": "hostname leaf1\ninterface Ethernet1\n"},
        enable_password="enable-4711",
        addressing="ports",
        port=0,
    ) as lab:
        given = {
            "ansible_host": lab.endpoints["leaf1"].host,
            "ansible_port": lab.endpoints["leaf1"].port,
            "ansible_httpapi_use_ssl": False,
            "ansible_network_os": "arista.eos.eos",
            "ansible_user": "admin",
            "ansible_password": "admin",
        }
        (tmp_path / "driftline.yml").write_text("{}\n")
        assert "does not permit" in run("facts", call_of(tmp_path, variables=given))["msg"]
        told = run("facts", call_of(tmp_path, variables={**given, "ansible_become_password": "enable-4711"}))
        assert "gathered" in told, told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ansible_port", "https"),
        ("ansible_httpapi_use_ssl", "perhaps"),
        ("driftline_optional_args", "transport=http"),
    ],
)
def test_a_variable_that_is_no_good_is_named(fabric: Fabric, name: str, value: str) -> None:
    """With its host; nothing is contacted."""
    call = call_of(fabric.folder, variables={"ansible_host": "192.0.2.9", name: value})
    with pytest.raises(SettingsError, match=f"leaf1: the variable {name} is not"):
        host_of(call)


def test_templates_give_text_where_a_number_or_nothing_is_meant(fabric: Fabric) -> None:
    """An empty variable is none, as `{{ port | default('') }}` is meant."""
    given = {
        "ansible_host": "192.0.2.9",
        "ansible_port": "",
        "ansible_password": None,
        "ansible_network_os": "",
    }
    host = host_of(call_of(fabric.folder, variables=given), platform="eos")
    assert (host.port, host.password, host.platform) == (None, None, "eos")


def test_plain_http_goes_to_this_machine_only(fabric: Fabric) -> None:
    """A password is not sent in the clear, whatever the variables say."""
    given = {
        "ansible_host": "192.0.2.9",
        "ansible_httpapi_use_ssl": False,
        "ansible_network_os": "arista.eos.eos",
    }
    told = run("facts", call_of(fabric.folder, variables=given))
    assert told["failed"]
    assert "HTTP" in told["msg"]


# What is returned -----------------------------------------------------------------------------------------


def test_no_secret_is_returned(fabric: Fabric) -> None:
    """Wherever it stands: in a message, in a list, as a part of a line."""
    given = {"ansible_password": "s3cret-1", "driftline_optional_args": {"secret": "s3cret-2"}}
    call = call_of(fabric.folder, variables=given)
    secrets = secrets_of(call, {"leaf1": None})
    assert secrets == {"s3cret-1", "s3cret-2"}
    told = cleaned({"msg": "sent s3cret-1", "diff": [{"before": "a s3cret-2 b"}], "number": 1}, secrets)
    assert told == {"msg": f"sent {HIDDEN}", "diff": [{"before": f"a {HIDDEN} b"}], "number": 1}


def test_a_secret_inside_another_is_hidden_whole() -> None:
    """Nothing of the longer one stays to be guessed from."""
    assert cleaned({"msg": "pass-word-long"}, ["pass", "pass-word-long"]) == {"msg": HIDDEN}


def test_a_device_that_does_not_answer_is_unreachable() -> None:
    """As Ansible has it; everything else that goes wrong is a failure, with a code and a hint."""
    gone = failed(Unreachable("leaf1: no answer", code="DEVICE-UNREACHABLE", hint="look"))
    assert (gone.get("failed"), gone["unreachable"], gone["code"]) == (None, True, "DEVICE-UNREACHABLE")
    bad = failed(LoadError("broken", problems=[], code="INTENT-INVALID", hint="mend it"))
    assert (bad["failed"], bad["msg"], bad["hint"]) == (True, "broken", "mend it")


def test_many_devices_are_one_result() -> None:
    """It fails when one does, and tells which; what the others did is told too."""
    good = {
        "changed": True,
        "summary": {"create": 1, "update": 0, "delete": 0},
        "run": "r1",
        "diff": [{"before": ""}],
    }
    told = together({"a": good, "b": {"failed": True, "msg": "b: broken", "code": "X"}})
    assert (told["changed"], told["failed"], told["failed_devices"]) == (True, True, ["b"])
    assert (told["msg"], told["code"], told["run"]) == ("b: broken", "X", "r1")
    assert told["summary"] == {"create": 1, "update": 0, "delete": 0}
    assert told["devices"]["a"]["changed"]


def test_what_goes_wrong_is_a_result(fabric: Fabric) -> None:
    """A settings file that is missing or broken does not crash a task."""
    call = call_of(fabric.folder, arguments={"settings": str(fabric.folder / "none.yml")})
    assert (run("drift", call)["failed"], run("drift", call)["code"]) == (True, "SETTINGS-MISSING")


def test_a_path_is_looked_for_here_and_beside_the_playbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Ansible was started comes first."""
    (tmp_path / "here").mkdir()
    (tmp_path / "plays").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "plays" / "plan.json").touch()
    call = call_of(tmp_path / "plays", "leaf1")
    assert call.path("plan.json") == tmp_path / "plays" / "plan.json"
    (tmp_path / "here" / "plan.json").touch()
    assert call.path("plan.json").resolve() == tmp_path / "here" / "plan.json"


# Many devices at once -------------------------------------------------------------------------------------


def reached(fabric: Fabric, name: str) -> dict[str, Any]:
    """The variables of a host of the lab."""
    endpoint = fabric.lab.endpoints[name]
    return {
        "ansible_host": endpoint.host,
        "ansible_port": endpoint.port,
        "ansible_httpapi_use_ssl": False,
        "ansible_network_os": "arista.eos.eos",
    }


def together_call(fabric: Fabric, limit: str, **arguments: Any) -> Call:
    """A task on `localhost`, with a limit; the inventory tells where the devices are."""
    call = call_of(fabric.folder, "localhost", arguments={"limit": limit, **arguments})
    return replace(call, variables=lambda name: reached(fabric, name) if name in fabric.lab else {})


def by_hand(fabric: Fabric) -> list[str]:
    return [name for name in fabric.lab if "by hand" in fabric.lab[name].running_config]


def drifted(fabric: Fabric) -> str:
    """Repair drift on all devices in one run; return its id."""
    for name in fabric.lab:
        fabric.lab[name].change("interface Ethernet1", "description by hand")
    return str(run("remediate", together_call(fabric, "all"))["run"])


def test_a_part_of_a_run_is_taken_back(fabric: Fabric) -> None:
    """The devices of the limit, and of no other one anything is told; the source is not needed for it."""
    done = drifted(fabric)
    fabric.device_file("leaf1").unlink()
    (fabric.folder / "intent" / "sites" / "lab.yml").write_text("no: [good\n")
    checked = run("rollback", replace(together_call(fabric, "leaf*", run=done), check=True))
    assert (checked["changed"], by_hand(fabric)) == (True, [])
    told = run("rollback", together_call(fabric, "leaf*", run=done))
    assert "failed" not in told, told
    assert (sorted(told["devices"]), by_hand(fabric)) == (["leaf1", "leaf2"], ["leaf1", "leaf2"])
    assert {name: one["after"] for name, one in told["devices"].items()} == {
        name: one["after"] for name, one in checked["devices"].items()
    }
    assert run("rollback", together_call(fabric, "nowhere", run=done))["code"] == "LIMIT-EMPTY"


def test_a_device_that_cannot_be_taken_back_is_told(fabric: Fabric) -> None:
    """The others are, and the task has failed."""
    done = drifted(fabric)
    fabric.lab["leaf2"].inject(Fault(FaultKind.REFUSED))
    told = run("rollback", together_call(fabric, "all", run=done))
    assert (told["failed"], told["failed_devices"], told["changed"]) == (True, ["leaf2"], True)
    assert by_hand(fabric) == ["core1", "leaf1"]


def test_devices_are_reached_as_the_source_says(fabric: Fabric) -> None:
    """Where the variables do not tell: a plan is made, applied, and taken back."""
    hosts = fabric.lab.nornir_hosts()
    for host in hosts.values():
        entry = {"Ethernet1": {"description": "as intended"}}
        host["data"] = {"site": "ams", "driftline": {"interfaces": entry}}
    fabric.write_hosts(hosts)
    settings = yaml.safe_load((fabric.folder / "driftline.yml").read_text())
    del settings["nornir"]
    settings["intended"] = {"adapter": "nornir", "options": {"host_file": "hosts.yml"}}
    (fabric.folder / "driftline.yml").write_text(yaml.safe_dump(settings))
    plain = {"ansible_httpapi_use_ssl": False}
    path = str(fabric.folder / "plan.json")

    def done(name: str, **arguments: Any) -> dict[str, Any]:
        call = call_of(fabric.folder, "localhost", plain, arguments={"limit": "all", **arguments})
        told = run(name, call)
        assert "failed" not in told, told
        return told

    assert sorted(done("plan", path=path)["devices"]) == ["core1", "leaf1", "leaf2"]
    applied = done("apply", plan=path)
    assert applied["changed"]
    assert not done("drift")["changed"]
    assert done("rollback", run=applied["run"])["changed"]
    alone = call_of(fabric.folder, "leaf1", plain, hosts=("leaf1",))
    assert run("facts", alone)["gathered"]["interfaces"]["Ethernet1"]["description"] is None


def test_check_mode_tells_that_a_run_would_be_refused(fabric: Fabric) -> None:
    """By a guard, or a closed window; the run then is."""
    fabric.setting(guards={"max_changes": 1})
    fabric.lab["leaf1"].change("interface Ethernet1", "description by hand", "no vlan 20")
    call = replace(call_of(fabric.folder, hosts=("leaf1",)), variables=lambda _: reached(fabric, "leaf1"))
    told = run("remediate", replace(call, check=True))
    assert (told["changed"], told["summary"]["create"]) == (True, 1)
    assert "a run would be refused: GUARD-CHANGES" in told["warnings"][0]
    assert run("remediate", call)["code"] == "GUARD-CHANGES"
    assert by_hand(fabric) == ["leaf1"]


def test_a_host_adopts_for_itself_also_where_a_site_is_called_like_it(fabric: Fabric) -> None:
    """The devices of that site are others."""
    sites, devices = fabric.folder / "intent" / "sites", fabric.folder / "intent" / "devices"
    (sites / "leaf1.yml").write_text((sites / "lab.yml").read_text())
    other = devices / "leaf2.yml"
    other.write_text(other.read_text().replace("site: lab", "site: leaf1"))
    before = other.read_text()
    for name in ("leaf1", "leaf2"):
        fabric.lab[name].change("interface Ethernet1", "description by hand")
    call = call_of(fabric.folder, "leaf1", hosts=("leaf1", "leaf2"))
    told = run("adopt", replace(call, variables=lambda name: reached(fabric, name)))
    assert [file.rpartition("/")[2] for file in told["files"]] == ["leaf1.yml"]
    assert other.read_text() == before


def test_hints_are_for_people_who_use_ansible(fabric: Fabric) -> None:
    """They do not name options of the command line."""
    none = run("drift", call_of(fabric.folder, arguments={"settings": "none.yml"}))
    assert (none["code"], none["hint"].partition(",")[0]) == ("SETTINGS-MISSING", "name it with `settings`")
    stray = run("adopt", call_of(fabric.folder, "stray"))
    assert (stray["code"], "limit" in stray["hint"]) == ("NOT-INTENDED", True)


def test_a_password_of_digits_is_text(fabric: Fabric) -> None:
    """YAML makes a number of it."""
    given = {"ansible_host": "192.0.2.9", "ansible_user": 4711, "ansible_password": 12345678}
    call = call_of(fabric.folder, variables=given)
    host = host_of(call, platform="ios")
    assert (host.username, host.password, secrets_of(call, ["leaf1"])) == ("4711", "12345678", {"12345678"})
