"""Playbooks behave as people who use Ansible expect, whatever goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driftline.lab import Fault, FaultKind
from tests.conftest import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Ansible, Completed, Network

    Playbook = Callable[..., Completed]

pytestmark = pytest.mark.collection

SECOND = "canary-secret-92be"
"""An enable secret; like the password, it must never be seen."""


def play(*tasks: str, **keywords: Any) -> str:
    """A playbook of one play over all hosts; each task is YAML without the dash."""
    head = {
        "hosts": "all",
        "gather_facts": False,
        **keywords,
        "tasks": [yaml.safe_load(task) for task in tasks],
    }
    return yaml.safe_dump([head], sort_keys=False)


def plays(*texts: str) -> str:
    return "".join(texts)


def task(name: str, module: str, **keywords: Any) -> str:
    """A task of ours; keywords in capitals are the task's own, the others are arguments."""
    own = {key.lower(): value for key, value in keywords.items() if key.isupper()}
    arguments = {key: value for key, value in keywords.items() if not key.isupper()}
    return yaml.safe_dump({"name": name, f"driftline.network.{module}": arguments, **own}, sort_keys=False)


def drift(network: Network, *devices: str) -> None:
    """Somebody changes devices by hand."""
    for name in devices or tuple(network.lab):
        network.lab[name].change("interface Ethernet1", "description by hand")


def by_hand(network: Network) -> list[str]:
    """The devices that still are as somebody has left them."""
    return [name for name in network.lab if "by hand" in network.lab[name].running_config]


def written(network: Network) -> list[str]:
    """The devices on which anything was changed, or staged."""
    return [name for name in network.lab if any("configure" in line for line in commands(network, name))]


def commands(network: Network, device: str) -> list[str]:
    return [command for record in network.lab[device].log for command in record.commands]


@pytest.fixture
def loads(ansible: Ansible) -> Callable[[], int]:
    """Return how often the intent was read since it was asked last, by any process of Ansible's."""
    log = ansible.folder / "loads"
    log.touch()
    folder = ansible.folder / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_TELL_READS.format(log=str(log)))
    ansible.environment["PYTHONPATH"] = str(folder)

    def count() -> int:
        found = len(log.read_text())
        log.write_text("")
        return found

    return count


_TELL_READS = """
import os
import sys

LOG = os.open({log!r}, os.O_WRONLY | os.O_APPEND)


def tell(event, arguments):
    if event == "os.scandir" and str(arguments[0]).endswith("intent/devices"):
        os.write(LOG, b".")


sys.addaudithook(tell)
"""


# Arguments ------------------------------------------------------------------------------------------------


def test_wrong_arguments(network: Network, playbook: Playbook) -> None:
    """Each is refused in words that name it; no device is asked to change anything."""
    drift(network, "leaf1")
    wrong = {
        "an unknown option": task("an unknown option", "remediate", stat="merged"),
        "no plan": task("no plan", "apply"),
        "no such state": task("no such state", "remediate", state="purged"),
        "one for reading": task("one for reading", "drift", state="gathered"),
        "both": task("both", "remediate", limit="leaf1", config={"vlans": {}}),
        "no text": task("no text", "remediate", state="parsed"),
        "a wrong value": task(
            "a wrong value", "remediate", config={"interfaces": {"Ethernet1": {"mtu": "many"}}}
        ),
        "a wrong key": task(
            "a wrong key", "remediate", config={"interfaces": {"Ethernet1": {"colour": "red"}}}
        ),
        "no dictionary": task("no dictionary", "remediate", config="interfaces"),
        "no such plan": task("no such plan", "apply", plan="none.json"),
        "no such run": task("no such run", "rollback", run="01ZZZZ"),
        "no such device": task("no such device", "drift", limit="nowhere"),
        "no such settings": task("no such settings", "drift", settings="none.yml"),
        "no such folder": task("no such folder", "plan", path="none/plan.json"),
        "no run": task("no run", "rollback"),
        "a model": task("a model", "adopt", only=["port"]),
    }
    done = playbook(play(*wrong.values(), hosts="leaf1", ignore_errors=True))
    assert done.status == 0
    assert [result.task for result in done.results if result.status != "failed"] == []
    expected = {
        "an unknown option": "stat. Supported parameters include: ",
        "no plan": "missing required arguments: plan",
        "no such state": "value of state must be one of: intended, merged",
        "one for reading": "value of state must be one of: intended, merged",
        "both": "mutually exclusive: config|limit",
        "no text": "state is parsed but all of the following are missing: running_config",
        "a wrong value": "interfaces.Ethernet1.mtu",
        "a wrong key": "interfaces.Ethernet1.colour",
        "no dictionary": "config",
        "no such plan": "none.json",
        "no such run": "01ZZZZ",
        "no such device": "nowhere",
        "no such settings": "none.yml",
        "no such folder": "none/plan.json",
        "no run": "missing required arguments: run",
        "a model": "port",
    }
    told = {name: done.of(name)["msg"] for name in wrong}
    assert {name: told[name] for name, words in expected.items() if words not in told[name]} == {}
    assert written(network) == []
    assert by_hand(network) == ["leaf1"]


# Hosts that can't be reached, or fail ---------------------------------------------------------------------


def test_hosts_that_cannot_be_reached(network: Network, playbook: Playbook) -> None:
    """They are UNREACHABLE, and later tasks are not for them; the others go on."""
    drift(network)
    network.lab["leaf2"].inject(Fault(FaultKind.REFUSED))
    later = "{name: later, ansible.builtin.debug: {msg: here}}"
    first = play(
        task("ignored", "facts", IGNORE_UNREACHABLE=True),
        task("repair", "remediate", VARS={"ansible_password": "{{ 'wrong' if me == 'core1' else right }}"}),
        later,
        vars={"me": "{{ inventory_hostname }}", "right": "{{ lookup('file', playbook_dir ~ '/password') }}"},
    )
    done = playbook(first)
    assert done.status == 4
    assert {host: result.status for host, result in done.by_host("ignored").items()} == {
        "core1": "ok",
        "leaf1": "ok",
        "leaf2": "unreachable",
    }
    assert {host: result.status for host, result in done.by_host("repair").items()} == {
        "core1": "unreachable",
        "leaf1": "ok",
        "leaf2": "unreachable",
    }
    assert "refused the credentials" in done.of("repair", "core1")["msg"]
    assert sorted(done.by_host("later")) == ["leaf1"]
    assert by_hand(network) == ["core1", "leaf2"]
    assert "unreachable=1" in next(line for line in done.out.splitlines() if line.startswith("core1 "))


@pytest.mark.parametrize("fault", [FaultKind.LYING_OK, FaultKind.COMMAND_ERROR])
def test_one_device_of_twenty_fails(
    network_of: Callable[..., Network], playbook: Playbook, fault: FaultKind
) -> None:
    """It alone is failed, and taken back, which its result tells; a rescue can look at it."""
    network = network_of(sites=2, devices=10)
    drift(network)
    bad = "ams-leaf3"
    before = network.lab[bad].running_config
    network.lab[bad].inject(Fault(fault, command="commit"))
    look = yaml.safe_dump(
        {"name": "look", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.rollback.done }}"}}
    )
    block = yaml.safe_dump(
        {
            "block": [yaml.safe_load(task("repair", "remediate", ticket="CHG-1"))],
            "rescue": [yaml.safe_load(look)],
        }
    )
    done = playbook(play(block), "--forks", "10")
    results = done.by_host("repair")
    assert [host for host, result in results.items() if result.status != "ok"] == [bad]
    assert len(done.changed) == 19
    told = results[bad].result
    assert told["changed"] is False
    assert told["rollback"]["done"] is True
    assert told["rollback"]["reason"]
    assert "success" not in {operation["status"] for operation in told["operations"]}
    assert done.of("look", bad)["msg"] in (True, "True")
    assert network.lab[bad].running_config == before
    assert by_hand(network) == [bad]


# Secrets --------------------------------------------------------------------------------------------------


def test_passwords_in_a_vault(network: Network, ansible: Ansible, playbook: Playbook) -> None:
    """Inline, and in a file that is encrypted as a whole."""
    key = network.folder / "vault-key"
    key.write_text("the key\n")
    by = ("--vault-password-file", str(key))
    inline = ansible.run("ansible-vault", "encrypt_string", *by, CANARY, "--name", "ansible_password").out
    hosts = network.inventory.read_text().replace("ansible_password:", "unused:")
    network.inventory.write_text(hosts)
    (network.folder / "inventory" / "host_vars").mkdir()
    (network.folder / "inventory" / "host_vars" / "leaf1.yml").write_text(inline)
    whole = network.folder / "inventory" / "host_vars" / "leaf2.yml"
    whole.write_text(f"ansible_password: {CANARY}\n")
    assert ansible.run("ansible-vault", "encrypt", *by, whole).status == 0
    found = playbook(play(task("look", "drift"), hosts="leaf1,leaf2"), *by)
    assert found.status == 0, found.out
    assert found.changed == []
    key.unlink()


def test_no_secret_is_seen(network: Network, playbook: Playbook) -> None:
    """In no output, however much is asked for, in no result, and in no file that stays; nothing stays in tmp."""
    network.write_inventory(
        driftline_optional_args={
            "enable_password": f"{{{{ '{SECOND[:9]}' ~ '{SECOND[9:]}' }}}}",
            "secret": "x" * 9,
        }
    )
    drift(network, "leaf1", "leaf2")
    network.lab["leaf2"].inject(Fault(FaultKind.COMMAND_ERROR, command="commit", text=f"% {CANARY} {SECOND}"))
    text = play(
        task("read", "facts"),
        task("plan", "plan", path="{{ playbook_dir }}/{{ inventory_hostname }}.json"),
        task("repair", "remediate", REGISTER="done", IGNORE_ERRORS=True),
        "{name: show, ansible.builtin.debug: {var: done}}",
    )
    done = playbook(text, "-vvvv", "--diff")
    assert done.by_host("repair")["leaf2"].status == "failed"
    assert SECOND not in done.out + done.err + str(done.results)
    left = [file for file in network.folder.rglob("*") if file.is_file() and file.name != "password"]
    assert [file for file in left if SECOND.encode() in file.read_bytes()] == []
    assert list((network.folder / ".ansible" / "tmp").iterdir()) == []
    assert {file.name: file.stat().st_mode & 0o777 for file in network.folder.glob("*.json")} == {
        f"{name}.json": 0o600 for name in network.lab
    }


def test_no_log(network: Network, playbook: Playbook) -> None:
    """Hides the result, as of any task."""
    drift(network, "leaf1")
    done = playbook(play(task("look", "drift", NO_LOG=True), hosts="leaf1"), "-v")
    assert "by hand" not in done.out
    assert "censored" in str(done.of("look"))


# Which hosts, and where it runs ---------------------------------------------------------------------------


def test_whatever_the_connection_is(network: Network, ansible: Ansible, playbook: Playbook) -> None:
    """The engine connects by itself: `local`, `ssh`, and persistent ones, which are not opened."""
    plugins = network.folder / "connections"
    plugins.mkdir()
    for name in ("network_cli", "httpapi"):
        (plugins / f"{name}.py").write_text(_PERSISTENT.replace("NAME", name))
    shown = {
        "local": task("local", "drift", VARS={"ansible_connection": "local"}),
        "ssh": task("ssh", "drift", VARS={"ansible_connection": "ssh"}),
        "network_cli": task("network_cli", "drift", VARS={"ansible_connection": "network_cli"}),
        "httpapi": task("httpapi", "drift", VARS={"ansible_connection": "httpapi"}),
        "delegated": task("delegated", "facts", DELEGATE_TO="localhost"),
        "by both": task(
            "by both", "facts", DELEGATE_TO="localhost", VARS={"ansible_connection": "network_cli"}
        ),
        "interpreter": task("interpreter", "drift", VARS={"ansible_python_interpreter": "/none/python"}),
        "become": task("become", "drift", BECOME=True),
    }
    done = playbook(play(*shown.values()), ANSIBLE_CONNECTION_PLUGINS=str(plugins))
    assert done.status == 0, done.out
    assert {name: sorted(done.by_host(name)) for name in shown} == {
        name: ["core1", "leaf1", "leaf2"] for name in shown
    }
    for name in ("delegated", "by both"):
        hostnames = {
            host: r.result["ansible_facts"]["ansible_net_hostname"] for host, r in done.by_host(name).items()
        }
        assert hostnames == {"core1": "core1", "leaf1": "leaf1", "leaf2": "leaf2"}


_PERSISTENT = '''
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
    name: NAME
    short_description: A connection that is kept open
    description: Like those of network collections.
    options:
        persistent_command_timeout: {type: int, default: 3, description: Seconds.}
        persistent_connect_timeout: {type: int, default: 3, description: Seconds.}
"""


class Connection(ConnectionBase):
    transport = "NAME"
    supports_persistence = True

    def _connect(self):
        raise RuntimeError("it was opened")

    exec_command = put_file = fetch_file = close = _connect
'''


def test_who_logs_in(network: Network, playbook: Playbook) -> None:
    """By the play's `remote_user`, by `-u`, by a password file as by `-k`; what is one host's is no other's."""
    hosts = yaml.safe_load(network.inventory.read_text())
    del hosts["all"]["vars"]["ansible_user"]
    secret = hosts["all"]["vars"].pop("ansible_password")
    hosts["all"]["hosts"]["leaf2"] |= {"ansible_user": "operator", "ansible_password": secret}
    network.inventory.write_text(yaml.safe_dump(hosts))
    network.setting(credentials={"username": None, "password_file": None})
    by = ("--connection-password-file", str(network.folder / "password"))
    text = plays(
        play(task("as the play says", "facts"), remote_user="operator"),
        play(task("as the command line says", "facts")),
        play(task("as the task says", "facts", REMOTE_USER="operator")),
        play(task("as a variable says", "facts", VARS={"ansible_user": "operator"})),
    )
    done = playbook(text, *by, "-u", "operator", "--limit", "leaf1")
    assert [(result.task, result.status) for result in done.results] == [
        ("as the play says", "ok"),
        ("as the command line says", "ok"),
        ("as the task says", "ok"),
        ("as a variable says", "ok"),
    ]
    foreign = play(task("together", "drift", limit="leaf1,leaf2"), hosts="leaf2")
    assert playbook(foreign, "-u", "operator").of("together")["failed_devices"] == ["leaf1"]


def test_delegation_and_running_once(network: Network, playbook: Playbook) -> None:
    """With a limit it is one run for many devices, from wherever; without, a host's task is about the host."""
    drift(network)
    text = plays(
        play(task("not a device", "drift", IGNORE_ERRORS=True), hosts="localhost"),
        play(task("here", "drift", limit="all"), hosts="localhost"),
        play(task("there", "drift", DELEGATE_TO="localhost")),
        play(task("once", "remediate", limit="leaf*", RUN_ONCE=True, REGISTER="done"), _SEEN),
        play(task("core", "remediate", DELEGATE_TO="localhost"), hosts="core1"),
        play(task("all is well", "drift", limit="lab"), hosts="localhost"),
    )
    done = playbook(text)
    assert done.status == 0, done.out
    assert done.of("not a device")["code"] == "NOT-INTENDED"
    assert "limit" in done.of("not a device")["hint"]
    assert sorted(done.of("here")["devices"]) == ["core1", "leaf1", "leaf2"]
    assert {
        host: r.result["operations"][0]["name"] for host, r in done.by_host("there").items()
    } == dict.fromkeys(network.lab, "Ethernet1")
    once = done.of("once")
    assert (once["changed"], sorted(once["devices"]), once["summary"]["update"]) == (
        True,
        ["leaf1", "leaf2"],
        2,
    )
    assert {once["devices"][name]["run"] for name in once["devices"]} == {once["run"]}
    assert {r.result["msg"] for r in done.by_host("seen").values()} == {"leaf1 update"}
    assert len(done.by_host("seen")) == 3
    assert done.of("core")["changed"]
    assert done.of("all is well")["changed"] is False
    assert by_hand(network) == []


_SEEN = """
name: seen
ansible.builtin.debug:
  msg: "{{ (done.devices | sort | first) ~ ' ' ~ done.devices.leaf1.operations[0].action }}"
"""


def test_devices_that_ansible_does_not_know(network: Network, playbook: Playbook) -> None:
    """From an empty inventory, with a limit, they are reached as the settings say."""
    network.setting(credentials={"username": "operator"})
    drift(network, "leaf1")
    path = str(network.folder / "plan.json")
    text = play(
        task("plan", "plan", limit="all", path=path),
        task("apply", "apply", limit="all", plan=path, REGISTER="done"),
        task("again", "drift", limit="all"),
        task("back", "rollback", limit="all", run="{{ done.run }}"),
        hosts="localhost",
    )
    done = playbook(text, "-i", "localhost,")
    assert done.status == 0, done.out
    assert [done.of(name)["changed"] for name in ("plan", "apply", "again", "back")] == [
        True,
        True,
        False,
        True,
    ]
    assert by_hand(network) == ["leaf1"]


def test_the_command_line(network: Network, ansible: Ansible, playbook: Playbook) -> None:
    """`--limit`, `--tags`, and a single task without a playbook; defaults for all modules of the group."""
    drift(network)
    settings = network.folder / "driftline.yml"
    settings.rename(network.folder / "elsewhere.yml")
    text = play(
        task("repair", "remediate", TAGS=["now"]),
        task("not now", "remediate", TAGS=["later"]),
        module_defaults={"group/driftline.network.network": {"settings": "elsewhere.yml"}},
    )
    done = playbook(text, "--limit", "leaf1:core1", "--tags", "now")
    assert (done.changed, done.by_host("not now")) == (["core1", "leaf1"], {})
    assert by_hand(network) == ["leaf2"]
    alone = ansible.run(
        "ansible",
        "leaf*",
        "-m",
        "driftline.network.drift",
        "-o",
        DRIFTLINE_CONFIG=str(network.folder / "elsewhere.yml"),
    )
    assert "leaf2 | CHANGED => " in alone.out
    assert "leaf1 | SUCCESS => " in alone.out


# How tasks are run ----------------------------------------------------------------------------------------


def test_keywords_of_tasks(network: Network, playbook: Playbook) -> None:
    """`loop`, `when`, `until`, `register`, `check_mode`, `changed_when`, `failed_when`, `throttle`, and handlers."""
    drift(network, "leaf1")
    vlan = "{{ {'vlans': {item: {'name': 'made-' ~ item}}} }}"
    text = play(
        task("what if", "remediate", CHECK_MODE=True, REGISTER="found", NOTIFY="handler"),
        task("only there", "remediate", WHEN="found.changed", THROTTLE=1),
        task("no more", "drift", REGISTER="now", UNTIL="not now.changed", RETRIES=3, DELAY=0),
        task("never", "remediate", WHEN="now.changed"),
        task(
            "each",
            "remediate",
            state="merged",
            config=vlan,
            LOOP=[201, 202],
            WHEN="'leaf' in inventory_hostname",
        ),
        task("as it is said", "drift", CHANGED_WHEN=False),
        task("not like that", "drift", REGISTER="it", FAILED_WHEN="it.changed", IGNORE_ERRORS=True),
        handlers=[{"name": "handler", "ansible.builtin.debug": {"msg": "called"}}],
    )
    done = playbook(text)
    assert done.status == 0, done.out
    assert _changed(done, "what if") == ["leaf1"]
    assert _changed(done, "only there") == ["leaf1"]
    assert _changed(done, "no more") == []
    assert {result.status for result in done.by_host("never").values()} == {"skipped"}
    assert _changed(done, "each") == ["leaf1", "leaf2"]
    assert [one["changed"] for one in done.of("each", "leaf2")["results"]] == [True, True]
    assert "made-202" in network.lab["leaf2"].running_config
    assert _changed(done, "as it is said") == []
    assert done.by_host("not like that")["leaf1"].status == "failed"  # it owns all its VLANs
    assert sorted(done.by_host("handler")) == ["leaf1"]


def _changed(done: Completed, name: str) -> list[str]:
    return sorted(host for host, result in done.by_host(name).items() if result.changed)


def test_a_task_that_takes_too_long(network: Network, playbook: Playbook) -> None:
    """It fails, what it was doing is not left half done, and the next one repairs the device."""
    network.setting(connection={"timeout": 30})
    drift(network, "leaf1")
    network.lab["leaf1"].inject(Fault(FaultKind.LOST_REPLY, command="commit", times=1))
    text = play(
        task("cut off", "remediate", TIMEOUT=3, IGNORE_ERRORS=True),
        task("repair", "remediate"),
        hosts="leaf1",
    )
    done = playbook(text)
    assert "Timed out after 3 second" in done.of("cut off")["msg"]
    assert done.of("repair")["changed"]
    assert by_hand(network) == []
    assert set(network.lab["leaf1"].sessions.values()) == {"completed"}


def test_async_is_refused(network: Network, playbook: Playbook) -> None:
    """A change that nobody waits for is not begun."""
    drift(network, "leaf1")
    done = playbook(play(task("later", "remediate", ASYNC=60, POLL=0), hosts="leaf1"))
    assert done.by_host("later")["leaf1"].status == "failed"
    assert "async" in done.of("later")["msg"]
    assert written(network) == []


def test_check_and_diff(network: Network, playbook: Playbook) -> None:
    """The diff goes from running to intended, in check mode and in earnest; without `--diff` there is none."""
    drift(network, "leaf1")
    text = play(task("repair", "remediate"), hosts="leaf1,leaf2")
    checked = playbook(text, "--check", "--diff", "--forks", "1")  # one host after the other, in order
    assert by_hand(network) == ["leaf1"]
    lines = checked.out.splitlines()
    assert [line for line in lines if line.startswith(("---", "+++"))] == [
        "--- before: leaf1 (running)",
        "+++ after: leaf1 (intended)",
    ]
    assert [line for line in lines if line.startswith(("-  ", "+  "))] == [
        "-    description: by hand",
        "+    description: null",
    ]
    quiet = playbook(text, "--check")
    assert "(running)" not in quiet.out
    assert "diff" not in quiet.of("repair", "leaf1")
    done = playbook(text, "--diff", "--forks", "1")
    assert done.changed == ["leaf1"]
    assert done.out.partition("PLAY RECAP")[0] == checked.out.partition("PLAY RECAP")[0]
    again = playbook(text, "--diff")
    assert (again.changed, "(running)" in again.out) == ([], False)


@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned"])
def test_guards_hold_for_all_hosts_of_a_task(
    network_of: Callable[..., Network], playbook: Playbook, loads: Callable[[], int], strategy: str
) -> None:
    """With many hosts at once, in batches or not, exactly so many are changed as may be; the others are refused."""
    network = network_of(sites=2, devices=6, guards={"max_devices": 5})
    drift(network)
    batches = {"serial": 5} if strategy == "linear" else {}
    text = play(task("repair", "remediate"), strategy=strategy, max_fail_percentage=100, **batches)
    done = playbook(text, "--forks", "10")
    results = done.by_host("repair")
    assert len(done.changed) == 5
    assert len(by_hand(network)) == 7
    refused = [result.result for result in results.values() if result.status == "failed"]
    assert len(refused) + len(done.changed) == len(results)
    assert {told["code"] for told in refused} == {"GUARD-DEVICES"}
    assert loads() == 1


def test_a_plan_is_judged_whole(network_of: Callable[..., Network], playbook: Playbook) -> None:
    """Where hosts apply their parts of a plan, all of it is judged before the first one is changed."""
    network = network_of(sites=1, devices=6, guards={"max_devices": 5})
    drift(network)
    path = str(network.folder / "plan.json")
    text = plays(
        play(task("plan", "plan", limit="all", path=path), hosts="localhost"),
        play(task("all", "apply", plan=path, IGNORE_ERRORS=True), serial=2),
        play(task("five", "apply", plan=path), hosts="all:!ams-spine1"),
    )
    done = playbook(text)
    assert {result.result["code"] for result in done.by_host("all").values()} == {"GUARD-DEVICES"}
    assert {result.changed for result in done.by_host("five").values()} == {True}
    assert by_hand(network) == ["ams-spine1"]


def test_serial(network_of: Callable[..., Network], playbook: Playbook) -> None:
    """Batch by batch, by number and by percentage; the first one that fails is the last."""
    network = network_of(sites=1, devices=10)
    drift(network)
    done = playbook(play(task("repair", "remediate"), serial=["30%", 5]), "--forks", "10")
    assert len(done.changed) == 10
    assert done.out.count("TASK [repair]") == 3
    drift(network)
    for name in list(network.lab)[:2]:
        network.lab[name].inject(Fault(FaultKind.LYING_OK, command="commit"))
    stopped = playbook(play(task("repair", "remediate"), serial="20%"), "--forks", "10")
    assert stopped.status == 2
    assert (stopped.changed, len(by_hand(network))) == ([], 10)


# The source, and many devices together --------------------------------------------------------------------


def test_a_source_that_cannot_be_used(network: Network, playbook: Playbook, loads: Callable[[], int]) -> None:
    """One message per host, the same for all, and it is loaded once; a device of which it says nothing is told so."""
    hosts = yaml.safe_load(network.inventory.read_text())
    hosts["all"]["hosts"]["stray"] = dict(hosts["all"]["hosts"]["leaf1"])
    network.inventory.write_text(yaml.safe_dump(hosts))
    stray = playbook(play(task("look", "drift"), hosts="stray,leaf1"))
    assert stray.of("look", "stray")["code"] == "NOT-INTENDED"
    assert stray.of("look", "leaf1")["changed"] is False
    network.edit("leaf1", "mtu: 9000", "mtu: many")
    assert loads() == 1
    broken = playbook(
        play(task("look", "drift"), task("read", "facts"), hosts="all:!stray", ignore_errors=True)
    )
    assert loads() == 1
    told = broken.by_host("look")
    assert {result.status for result in told.values()} == {"failed"}
    assert len({result.result["msg"] for result in told.values()}) == 1
    assert "leaf1.yml" in told["core1"].result["msg"]
    assert "mtu" in told["core1"].result["msg"]
    assert {result.status for result in broken.by_host("read").values()} == {"ok"}
    (network.folder / "driftline.yml").write_text("intended: {path: [}\n")
    unread = playbook(play(task("look", "drift"), hosts="leaf1,leaf2"))
    assert {r.status for r in unread.by_host("look").values()} == {"failed"}
    assert "driftline.yml" in unread.of("look", "leaf1")["msg"]


def test_all_or_none(network: Network, playbook: Playbook) -> None:
    """With a scope, hosts can't change one by one; with a limit they are one run, and one that fails takes all back."""
    network.setting(apply={"scope": "run"})
    drift(network)
    network.lab["leaf2"].inject(Fault(FaultKind.LYING_OK, command="commit", times=1))
    text = plays(
        play(task("alone", "remediate", IGNORE_ERRORS=True)),
        play(task("together", "remediate", limit="all", IGNORE_ERRORS=True), hosts="localhost"),
        play(task("after all", "remediate", limit="all"), hosts="localhost"),
    )
    done = playbook(text)
    assert {r.result["code"] for r in done.by_host("alone").values()} == {"ANSIBLE-TOGETHER"}
    together = done.of("together")
    assert together["changed"] is False
    assert together["failed_devices"] == ["core1", "leaf1", "leaf2"]
    assert {name: told["rollback"]["done"] for name, told in together["devices"].items()} == dict.fromkeys(
        network.lab, True
    )
    assert done.of("after all")["changed"]
    assert by_hand(network) == []


def test_a_plan_is_applied_as_it_was_reviewed(network: Network, playbook: Playbook) -> None:
    """Or not at all where the device has changed since; the file is for its owner alone."""
    drift(network)
    path = network.folder / "plan.json"
    planned = playbook(play(task("plan", "plan", limit="all", path=str(path)), hosts="localhost"))
    assert planned.of("plan")["path"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    network.lab["leaf1"].change("interface Ethernet1", "description changed since")
    text = play(
        task("check", "apply", plan=str(path), CHECK_MODE=True, IGNORE_ERRORS=True),
        task("apply", "apply", plan=str(path), IGNORE_ERRORS=True),
    )
    done = playbook(text)
    for name in ("check", "apply"):
        assert {host: result.status for host, result in done.by_host(name).items()} == {
            "core1": "ok",
            "leaf1": "failed",
            "leaf2": "ok",
        }
        assert done.of(name, "leaf1")["code"].startswith("PLAN-STALE")
    assert done.of("check", "leaf2")["after"] == done.of("apply", "leaf2")["after"]
    assert by_hand(network) == []
    assert "changed since" in network.lab["leaf1"].running_config
