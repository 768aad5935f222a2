"""A network of simulated devices beside real servers: what the scenarios are played on."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import yaml

from driftline.lab import Lab
from tests.conftest import CANARY, FABRIC, Fabric, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.ipam.servers import Server

SITES = ("lab", "branch")
_SECOND = (
    ("198.51.100.", "198.51.101."),
    ("203.0.113.", "203.0.114."),
    ("192.0.2.", "192.0.3."),
    ("10.0.", "10.1."),
    ("2001:db8:", "2001:db8:1:"),
)
"""What the addresses of the second site have instead of those of the first."""


def two_sites() -> dict[str, str]:
    """Return the configurations of six devices: three that have every kind of object, and a smaller site."""
    first = {file.stem: file.read_text() for file in sorted((FABRIC / "configs").glob("*.cfg"))}
    second = {f"b-{name}": _at_second(name, first[name]) for name in ("core1", "leaf2")}
    third = second["b-leaf2"].replace("b-leaf2", "b-leaf3").replace("10.1.", "10.2.").replace(".12/", ".13/")
    return {**first, **second, "b-leaf3": third}


def _at_second(name: str, text: str) -> str:
    for old, new in ((f"hostname {name}", f"hostname b-{name}"), *_SECOND):
        text = text.replace(old, new)
    return text


def site_of(device: str) -> str:
    return SITES[device.startswith("b-")]


def role_of(device: str) -> str:
    return "core" if "core" in device else "leaf"


class Rest:
    """A server as somebody else changes it: plain requests, one object at a time."""

    def __init__(self, server: Server) -> None:
        self.kind = server.kind
        self._client = httpx.Client(
            base_url=f"{server.url}/api/", headers={"Authorization": server.authorization()}, timeout=60
        )

    def close(self) -> None:
        self._client.close()

    def count(self, path: str, **filters: Any) -> int:
        return int(self._ask("GET", f"{path}/", params={"limit": 1, **filters})["count"])

    def rows(self, path: str, **filters: Any) -> list[dict[str, Any]]:
        answer = self._ask("GET", f"{path}/", params={"limit": 1000, **filters})
        assert answer["next"] is None, "more than this is for"
        return list(answer["results"])

    def row(self, path: str, **filters: Any) -> dict[str, Any]:
        (found,) = self.rows(path, **filters)
        return found

    def create(self, path: str, **fields: Any) -> dict[str, Any]:
        return dict(self._ask("POST", f"{path}/", json=fields))

    def change(self, path: str, row: Mapping[str, Any], **fields: Any) -> None:
        self._ask("PATCH", f"{path}/{row['id']}/", json=fields)

    def delete(self, path: str, row: Mapping[str, Any]) -> None:
        self._ask("DELETE", f"{path}/{row['id']}/")

    def port(self, device: str, name: str) -> dict[str, Any]:
        return self.row("dcim/interfaces", device=device, name=name)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self._client.request(method, path, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@dataclass(slots=True)
class Network(Fabric):
    """Simulated devices, and settings in which servers are sources of truth."""

    rests: dict[str, Rest] = field(default_factory=dict)

    def options(self, server: Server, **more: Any) -> dict[str, Any]:
        """Return how a server is set up, with its token in a file."""
        file = self.folder / f"{server.kind}.token"
        file.write_text(server.token.get_secret_value())
        file.chmod(0o600)
        return {"adapter": server.kind, "url": server.url, "token_file": file.name, **more}

    def source(self, name: str, server: Server, **more: Any) -> None:
        """Let a server be a source by this name."""
        self.setting(sources={name: self.options(server, **more)})

    def intended_by(self, server: Server, **more: Any) -> None:
        """Let a server be where the intent is."""
        self.replace(intended=self.options(server, **more))

    def replace(self, **sections: Any) -> None:
        """Write whole sections of the settings anew."""
        file = self.folder / "driftline.yml"
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **sections}))

    def rest(self, server: Server) -> Rest:
        """Return what changes a server past driftline."""
        return self.rests.setdefault(server.kind, Rest(server))

    def untouched(self) -> bool:
        """Return whether no device was written since the last `lab.reset_log()`."""
        counters = self.lab.counters
        return not (counters.sessions_opened or counters.commits or counters.timed_commits or counters.writes)

    def steps(self, *arguments: str) -> set[tuple[str, str, str]]:
        """Return the steps that a command plans: action, model, name."""
        answer = self.run(*arguments, "--output", "json")
        return {(step["action"], step["model"], step["name"]) for step in answer.json["steps"]}

    def last_run(self) -> dict[str, Any]:
        """Return the newest run of the history."""
        return dict(self.run("history", "-n", "1", "--output", "json").json["runs"][0])

    def under_way(self) -> str:
        """Return the id of the run that has begun last, from the journal of another process."""
        with sqlite3.connect(self.folder / "state" / "journal.db") as journal:
            (run,) = journal.execute("SELECT id FROM runs ORDER BY rowid DESC LIMIT 1").fetchone()
        journal.close()
        return str(run)


@contextmanager
def network(folder: Path, configs: Mapping[str, str]) -> Iterator[Network]:
    """Serve devices and write settings for them; afterwards no secret may be in any file but its own."""
    (folder / "password").write_text(CANARY + "\n")
    (folder / "driftline.yml").write_text(
        yaml.safe_dump({**settings_for(folder), "connection": {"timeout": 30}})
    )
    with Lab(dict(configs), username="operator", password=CANARY, addressing="ports", port=0) as lab:
        made = Network(folder, lab, lambda: ("", ""))
        hosts = lab.nornir_hosts()
        for name, host in hosts.items():
            host["data"] = {"site": site_of(name), "role": role_of(name)}
        made.write_hosts(hosts)
        yield made
    for rest in made.rests.values():
        rest.close()
    tokens = [file.read_bytes() for file in folder.glob("*.token")]
    for file in (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".token"):
        assert not any(token in file.read_bytes() for token in tokens), file
        assert file.name == "password" or CANARY.encode() not in file.read_bytes(), file
    kept = [file for file in (folder / "state").rglob("*") if file.is_file()]
    assert [file.name for file in kept if file.stat().st_mode & 0o077] == []
