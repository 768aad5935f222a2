"""A secret is a device's or a person's: no plan, report, log, error or readable row of the journal has it."""

from __future__ import annotations

import sqlite3
import traceback
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from driftline import workflow
from driftline.engine.exceptions import DriftlineError
from driftline.lab import Fault, FaultKind
from driftline.settings import read_settings
from tests.conftest import CANARY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Answer, Fabric

SECRET = "kanarie9f3e"
K = FaultKind
TOP_LEVEL = (
    f"username admin privilege 15 secret 0 {SECRET}",
    f"username ops secret sha512 {SECRET}",
    f"enable password {SECRET}",
    f"snmp-server community {SECRET} ro",
    f"snmp-server host 192.0.2.50 version 2c {SECRET}",
    f"snmp-server user watch readers v3 auth sha {SECRET} priv aes {SECRET}",
    f"tacacs-server key 7 {SECRET}",
    f"radius-server host 192.0.2.9 key 7 {SECRET}",
    f"ntp authentication-key 1 md5 {SECRET}",
)
OF_AN_INTERFACE = (
    f"ip ospf message-digest-key 1 md5 {SECRET}",
    f"ip ospf authentication-key 7 {SECRET}",
    f"isis authentication key 0 {SECRET}",
    f"vrrp 1 peer authentication text {SECRET}",
)
BGP = ("router bgp 65001", f"neighbor 192.0.2.0 password 7 {SECRET}")
EVERY_LINE = (*TOP_LEVEL, *OF_AN_INTERFACE, BGP[1])


@pytest.fixture
def secretive(fabric: Fabric) -> Fabric:
    """A leaf full of secrets, among them in sections that are going to be changed, or deleted."""
    leaf = fabric.lab["leaf1"]
    for line in TOP_LEVEL:
        leaf.change(line)
    leaf.change(*BGP)
    leaf.change("interface Vlan10", *OF_AN_INTERFACE, "description drifted")
    leaf.change("interface Loopback77", "description too much", *OF_AN_INTERFACE[:3])
    leaf.change("interface Ethernet1", "mtu 1600", *OF_AN_INTERFACE[:1])
    leaf.save()
    fabric.lab.reset_log()
    return fabric


def assert_silent(fabric: Fabric, *answers: Answer) -> None:
    """Nothing that was printed has a secret, and no file that another tool can read."""
    for answer in answers:
        lines = [line for line in (answer.out + answer.err).splitlines() if SECRET in line]
        assert lines == []
    files = [file for file in fabric.folder.rglob("*") if file.is_file() and file.name != "hosts.yml"]
    assert [file.name for file in files if SECRET.encode() in file.read_bytes()] == []
    assert [text for text in readable(fabric.folder / "state" / "journal.db") if SECRET in text] == []


def readable(journal: Path) -> Iterator[str]:
    """Return all texts in a journal's file, as any tool can read them, but for those that are kept on purpose."""
    if not journal.exists():
        return
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in file.execute(f"SELECT * FROM {table}"):  # noqa: S608 - its own tables
                yield from (value for value in row if isinstance(value, str))


def kept(fabric: Fabric) -> list[bytes]:
    """Return the texts that are kept on purpose, as they are in the file."""
    with closing(sqlite3.connect(fabric.folder / "state" / "journal.db")) as file:
        return [text for (text,) in file.execute("SELECT text FROM kept")]


# What people see ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbosity", [(), ("-v",), ("-vv",)], ids=["quiet", "-v", "-vv"])
@pytest.mark.parametrize("output", [(), ("--output", "json")], ids=["text", "json"])
def test_from_drift_to_rollback(
    secretive: Fabric, verbosity: tuple[str, ...], output: tuple[str, ...]
) -> None:
    """All the way: drift, plan, the device's own diff, apply, history, and the way back."""
    plan = str(secretive.folder / "plan.json")
    more = (*verbosity, *output)
    answers = [
        secretive.run("drift", *more),
        secretive.run("plan", "--native", "--diff", "--out", plan, *more),
        secretive.run("plan", "show", plan),
        secretive.run("apply", plan, "--diff", *more),
        secretive.run("history", *more),
    ]
    assert [answer.status for answer in answers] == [2, 2, 0, 0, 0], answers[3]
    run = secretive.run("history", "--output", "json").json["runs"][0]["id"]
    answers += [
        secretive.run("history", "show", run, *more),
        secretive.run("rollback", run, "--yes", "--diff", *more),
        secretive.run("drift", *more),
    ]
    assert_silent(secretive, *answers)
    assert secretive.lab["leaf1"].running_config.count(SECRET) > len(EVERY_LINE), "they are all there again"


@pytest.mark.parametrize("line", EVERY_LINE)
def test_an_error_that_quotes_it(secretive: Fabric, line: str) -> None:
    """A device that fails with such a line in its answer, while it is read or changed."""
    plan = str(secretive.folder / "plan.json")
    answers = [secretive.run("plan", "--out", plan)]
    for command in (
        "show running-config",
        "^description users$",
        "show session-config",
        "commit timer",
        "commit$",
    ):
        secretive.lab["leaf1"].inject(Fault(K.COMMAND_ERROR, command=command, text=f"% Refused: {line}"))
        answers.append(secretive.run("apply", plan, "-vv", "--output", "json"))
        assert answers[-1].status in (3, 4, 5)
        secretive.lab.clear_faults()
    assert_silent(secretive, *answers)


# Exceptions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", EVERY_LINE)
def test_no_exception_has_it(secretive: Fabric, line: str) -> None:
    """Neither its text nor any other one in its chain, for whoever prints them all."""
    settings = read_settings(secretive.folder / "driftline.yml")
    errors: list[BaseException] = []
    for command in ("show running-config", "^description users$", "commit timer"):
        loaded = workflow.load(settings, limit="leaf1")
        made = workflow.plan(loaded, workflow.detect(loaded), settings)
        secretive.lab["leaf1"].inject(Fault(K.COMMAND_ERROR, command=command, text=f"% Refused: {line}"))
        try:
            result = workflow.apply(made, loaded.actual, settings).result
        finally:
            secretive.lab.clear_faults()
            loaded.actual.close()
        errors += [unit.error for unit in result.units if unit.error is not None]
    assert len(errors) == 3
    assert [told for error in errors for told in everything(error) if SECRET in told or CANARY in told] == []


def everything(error: BaseException | None, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """Return all that an exception, and those that it came from, can say."""
    if error is None or id(error) in seen:
        return
    yield "".join(traceback.format_exception(error))
    yield repr(error)
    yield repr(vars(error))
    for other in (error.__cause__, error.__context__, getattr(error, "rollback_error", None)):
        yield from everything(other, seen | {id(error)})


# Where people put them ---------------------------------------------------------------------------------------


def test_in_the_inventory_and_the_environment(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords, the enable secret and the journal's key are used, and never told."""
    hosts = fabric.lab.nornir_hosts()
    for host in hosts.values():
        host |= {"username": "operator", "password": CANARY}
        host["connection_options"]["napalm"]["extras"]["optional_args"]["enable_password"] = SECRET
    fabric.write_hosts(hosts)
    monkeypatch.setenv("DRIFTLINE_CREDENTIALS__PASSWORD", f"{SECRET}-env")
    monkeypatch.setenv("DRIFTLINE_CREDENTIALS__ENABLE_SECRET", f"{SECRET}-enable")
    monkeypatch.setenv("DRIFTLINE_JOURNAL__KEY", f"{SECRET}-key")
    fabric.lab["leaf1"].change("interface Ethernet1", "mtu 1600")
    answers = [fabric.run("remediate", "--yes", "-vv", "--output", "json")]
    assert answers[0].status == 0
    fabric.lab["leaf1"].change("interface Ethernet1", "mtu 1600")
    for kind in (K.UNAUTHORIZED, K.COMMAND_ERROR, K.RESET_AFTER):
        fabric.lab["leaf1"].inject(Fault(kind, command="enable", text=f"% bad secret {SECRET}"))
        answers.append(fabric.run("remediate", "--yes", "-vv"))
        fabric.lab.clear_faults()
    assert_silent(fabric, *answers)
    fabric.write_hosts()


BROKEN = {
    "no YAML": f'credentials: {{password: "{SECRET}\n',
    "no text": f"credentials: {{username: me, password: [{SECRET}]}}\n",
    "not known": f"credentials: {{username: me, pasword: {SECRET}}}\n",
    "twice": f"credentials:\n  password: {SECRET}\n  password: {SECRET}\n",
    "no key": f"journal: {{key: {{text: {SECRET}}}}}\n",
    "a tab": f"credentials:\n\tpassword: {SECRET}\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_in_settings_that_are_wrong(fabric: Fabric, text: str) -> None:
    """What is wrong is told by its place, not by what is there."""
    file = fabric.folder / "driftline.yml"
    settings = yaml.safe_load(file.read_text())
    del settings["credentials"]
    file.write_text(yaml.safe_dump(settings) + text)
    answer = fabric.run("drift", "-vv")
    assert answer.status == 1
    with pytest.raises(DriftlineError) as caught:
        read_settings(file)
    file.unlink()
    assert_silent(fabric, answer)
    assert [told for told in everything(caught.value) if SECRET in told] == []


@pytest.mark.parametrize("end", ["\n  nonsense", ': "open', "\n\ttab: 1"], ids=["key", "quote", "tab"])
def test_in_an_inventory_that_is_wrong(fabric: Fabric, end: str) -> None:
    """A hosts file that can't be read is told without its passwords."""
    (fabric.folder / "hosts.yml").write_text(f"leaf1:\n  password: {SECRET}{end}\n")
    answer = fabric.run("drift", "-vv")
    assert answer.status != 0
    settings = read_settings(fabric.folder / "driftline.yml")
    with pytest.raises(DriftlineError) as caught:
        workflow.load(settings)
    assert_silent(fabric, answer)
    assert [told for told in everything(caught.value) if SECRET in told] == []


# What has to be kept -----------------------------------------------------------------------------------------


def test_what_is_kept_is_for_its_owner_alone(secretive: Fabric) -> None:
    """The configuration of before must hold the secrets: it is in a file that nobody else can open."""
    assert secretive.run("remediate", "--yes").status == 0
    assert any(SECRET.encode() in unpacked(text) for text in kept(secretive))
    for file in (secretive.folder / "state").rglob("*"):
        assert file.stat().st_mode & 0o077 == 0


def test_what_is_kept_is_encrypted_with_a_key(secretive: Fabric) -> None:
    """With a key it can't be read in the file either, and with the key it can."""
    secretive.setting(journal={"key_file": "password"})
    before = secretive.lab["leaf1"].running_config
    assert secretive.run("remediate", "--yes").status == 0
    assert not any(SECRET.encode() in unpacked(text) for text in kept(secretive))
    assert_silent(secretive)
    run = secretive.run("history", "--output", "json").json["runs"][0]["id"]
    shown: Any = secretive.run("backup", "show", run, "leaf1")
    assert shown.out.count(SECRET) == before.count(SECRET)


def unpacked(text: bytes) -> bytes:
    """Return a text as a tool would find it that tries to unpack it."""
    try:
        return zlib.decompress(text)
    except zlib.error:
        return text
