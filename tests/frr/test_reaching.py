"""Ways in, over real OpenSSH: key files, agents and jump hosts; and whose host key is not the known one."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from .conftest import NAMES
from .test_main_job import IN_SYNC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Answer

    from .conftest import Network

pytestmark = pytest.mark.routers
OVER_SSH = {"frr": ("netops", None), "ios": ("vtyonly", "DEVICE-EMPTY")}
"""Platform → the account that its driver can log in to on FRR, and what it ends with once it is in."""
PASSPHRASE = "canary-passphrase-5b1e"
GATE = "r2"
"""The router that the others are behind: their port `eth0` can't be reached from this machine."""


def way_in(network: Network, platform: str = "frr", **options: Any) -> None:
    """Let the inventory say how the routers are reached; their host keys are known."""
    hosts = network.lab.nornir_hosts(OVER_SSH[platform][0])
    known = {"alt_key_file": str(network.lab.folder / "known_hosts")}
    for host in hosts.values():
        host["platform"] = platform
        host["connection_options"]["napalm"]["extras"]["optional_args"] = {**known, **options}
    (network.folder / "hosts.yml").write_text(yaml.safe_dump(hosts))


def expect_in(network: Network, platform: str) -> None:
    """FRR's own driver reads and is in sync; the others get in, and find out that it is none of theirs."""
    answer, code = network.run("drift"), OVER_SSH[platform][1]
    if code is None:
        assert answer.out == IN_SYNC
    else:
        assert re.findall(r"^([A-Z-]+) r\d", answer.out, re.MULTILINE) == [code] * len(NAMES), answer.out


def refused(network: Network, code: str, hint: str) -> Answer:
    """Nobody gets in, what to do is said, and nothing is written."""
    network.lab.change("r3", "interface eth1", "description other")
    before = network.running()
    answer = network.run("remediate", "--yes", "--limit", "r1")
    assert answer.status == 3, answer.out + answer.err
    assert f"{code} r1: connecting: " in answer.out
    assert hint in answer.out
    assert network.running() == before
    return answer


# Keys and agents ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", OVER_SSH)
def test_a_key_file(network: Network, platform: str) -> None:
    """Naming it is enough."""
    way_in(network, platform, key_file=str(network.lab.folder / "id_ed25519"))
    expect_in(network, platform)


@pytest.mark.parametrize("platform", OVER_SSH)
def test_a_key_file_with_a_passphrase(network: Network, platform: str) -> None:
    """It opens the key, and is in no output."""
    key = network.folder / "key"
    key.write_bytes((network.lab.folder / "id_ed25519").read_bytes())
    key.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", key], check=True)
    way_in(network, platform, key_file=str(key), passphrase=PASSPHRASE)
    expect_in(network, platform)
    way_in(network, platform, key_file=str(key), passphrase="canary-wrong")
    assert (
        "canary" not in refused(network, "DEVICE-KEY-FILE", "check optional_args.key_file and passphrase").out
    )


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The socket of an agent without keys, the one of this process and of those that it starts."""
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it listens
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        yield socket
        process.terminate()


@pytest.mark.parametrize("platform", OVER_SSH)
@pytest.mark.usefixtures("agent")
def test_an_agent(network: Network, platform: str) -> None:
    """Its key is used where that is asked for; while it has none, nobody gets in."""
    way_in(network, platform, allow_agent=True)
    subprocess.run(["ssh-add", "-q", network.lab.folder / "id_ed25519"], check=True)
    expect_in(network, platform)
    subprocess.run(["ssh-add", "-q", "-D"], check=True)
    refused(network, "DEVICE-AUTH", "allow_agent and a key in the agent")


# Host keys ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", OVER_SSH)
def test_an_unknown_host_key(network: Network, platform: str) -> None:
    """Nothing is sent to a router that can't be told from another."""
    (network.folder / "known_hosts").touch()
    known = str(network.folder / "known_hosts")
    way_in(network, platform, key_file=str(network.lab.folder / "id_ed25519"), alt_key_file=known)
    answer = refused(network, "DEVICE-HOST-KEY", "put it into ~/.ssh/known_hosts")
    assert "r1: connecting: its SSH host key is not known" in answer.out


@pytest.mark.parametrize("platform", OVER_SSH)
def test_another_host_key_than_the_known_one(network: Network, platform: str) -> None:
    """A router that was replaced, or somebody else who answers, is told from one that is new."""
    text = (network.lab.folder / "known_hosts").read_text()
    keys = dict(line.split(" ", 1) for line in text.splitlines())
    first, second = (network.lab.routers[name].address for name in ("r1", "r2"))
    keys[first] = keys[second]
    known = network.folder / "known_hosts"
    known.write_text("".join(f"{address} {key}\n" for address, key in keys.items()))
    way_in(network, platform, key_file=str(network.lab.folder / "id_ed25519"), alt_key_file=str(known))
    answer = refused(network, "DEVICE-HOST-KEY", "was the device replaced?")
    assert "r1: connecting: its SSH host key is another one than the known one" in answer.out


# Jump hosts ---------------------------------------------------------------------------------------------------

SSH_CONFIG = """\
Host gate
    HostName {address}
    User netops
    IdentityFile {folder}/id_ed25519
    IdentitiesOnly yes
    UserKnownHostsFile {known}
    StrictHostKeyChecking yes
    BatchMode yes
Host 10.0.0.*
    {how}
"""
JUMPS = {"ProxyJump": "ProxyJump gate", "ProxyCommand": "ProxyCommand ssh -F {config} -W %h:%p gate"}


def behind_the_gate(
    network: Network, how: str, platform: str = "frr", *, known: str = "", **connection: Any
) -> None:
    """Let the routers be reached at ports that only one of them can reach, and through that one."""
    folder, config = network.lab.folder, network.folder / "ssh_config"
    config.write_text(
        SSH_CONFIG.format(
            address=network.lab.routers[GATE].address,
            folder=folder,
            known=known or folder / "known_hosts",
            how=JUMPS[how].format(config=config),
        )
    )
    inside = re.sub(r"^198\.18\.98\.", "10.0.0.", (folder / "known_hosts").read_text(), flags=re.MULTILINE)
    (network.folder / "known_hosts").write_text(inside)
    way_in(
        network,
        platform,
        key_file=str(folder / "id_ed25519"),
        alt_key_file=str(network.folder / "known_hosts"),
        ssh_config_file=str(config),
    )
    hosts = yaml.safe_load((network.folder / "hosts.yml").read_text())
    for name, host in hosts.items():
        host |= {"hostname": f"10.0.0.{name[1:]}", "data": {"site": "lab"}}
    (network.folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
    network.setting(connection={"timeout": 10, **connection})


def sessions_at_the_gate(network: Network, start: int) -> int:
    """Return how many sessions from this machine the gate had at once, by its SSH server's own log."""
    lines = gate_log(network)[start:]
    open_ones: set[str] = set()
    most = 0
    for line in lines:
        port = re.search(r" 198\.18\.98\.254 port (\d+)", line)
        if port and line.startswith("Accepted"):
            open_ones.add(port[1])
        elif port and line.startswith(("Disconnected", "Connection closed", "Connection reset")):
            open_ones.discard(port[1])
        most = max(most, len(open_ones))
    return most


def gate_log(network: Network) -> list[str]:
    return network.lab.run(GATE, "cat", "/run/sshd.log").splitlines()


@pytest.mark.parametrize("platform", OVER_SSH)
@pytest.mark.parametrize("how", JUMPS)
def test_a_jump_host(network: Network, how: str, platform: str) -> None:
    """What OpenSSH's own client would do with the same file; there is no other way to these addresses."""
    behind_the_gate(network, how, platform)
    before = len(gate_log(network))
    expect_in(network, platform)
    assert sessions_at_the_gate(network, before) == len(NAMES)


@pytest.mark.parametrize(("limit", "number"), [("sessions_per_jump_host", 1), ("sessions_per_site", 2)])
def test_as_many_sessions_as_are_allowed(
    network: Network, booted: dict[str, str], limit: str, number: int
) -> None:
    """All routers are read and changed, with never more sessions at once; the jump host's own log is the judge."""
    for name in NAMES:
        network.lab.change(name, "interface eth1", "description other")
    behind_the_gate(network, "ProxyJump", **{limit: number})
    before = len(gate_log(network))
    answer = network.run("remediate", "--yes")
    assert answer.status == 0, answer.out + answer.err
    assert network.running() == booted
    assert sessions_at_the_gate(network, before) == number


@pytest.mark.parametrize("platform", OVER_SSH)
def test_a_jump_host_that_is_not_known(network: Network, platform: str) -> None:
    """Its host key counts as any other."""
    behind_the_gate(network, "ProxyJump", platform, known="/dev/null", timeout=3)
    network.lab.change("r3", "interface eth1", "description other")
    before = network.running()
    answer = network.run("remediate", "--yes")
    assert answer.status == 3, answer.out + answer.err
    assert "DEVICE-SSH r1: connecting: " in answer.out
    assert "jump host" in answer.out
    assert network.running() == before
