"""The fleet: Nornir's inventory, connections and threads, as driftline uses them."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from nornir import InitNornir
from nornir.core.exceptions import ConnectionNotOpen
from nornir.core.task import Result, Task
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from driftline.engine.exceptions import SettingsError

from .errors import translate
from .platforms import platform_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nornir.core import Nornir
    from nornir.core.inventory import Host

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_CONNECTION = "napalm"
_log = structlog.get_logger(__name__)

# pyeapi logs the traceback of every failed request; failures are reported, and a traceback tells no more.
logging.getLogger("pyeapi").addHandler(logging.NullHandler())


class Credentials(BaseModel):
    """How to log in to the devices; what the Nornir inventory says about a host comes first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: str | None = None
    password: SecretStr | None = None
    enable_secret: SecretStr | None = None
    """For the privileged mode, where the device asks for one."""


class Connection(BaseModel):
    """How to reach the devices."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: int = Field(default=60, ge=1)
    """Seconds to wait for one answer."""
    ca_file: Path | None = None
    """Certificates of the authorities that sign the devices'; default: the system's."""
    workers: int = Field(default=50, ge=1)
    """How many devices are talked to at once."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The devices that can be talked to, by name; the Nornir inventory itself stays as it is."""

    nornir: Nornir
    connection: Connection
    credentials: Credentials
    tls: ssl.SSLContext

    @classmethod
    def from_nornir(cls, nornir: Nornir, connection: Connection, credentials: Credentials) -> Fleet:
        """Return a fleet from a Nornir object; raises SettingsError when `ca_file` holds no certificates."""
        return cls(nornir, connection, credentials, _tls(connection))

    @classmethod
    def from_inventory(
        cls, inventory: dict[str, Any], connection: Connection, credentials: Credentials
    ) -> Fleet:
        """Return a fleet from a Nornir inventory plugin's name and options."""
        try:
            nornir = InitNornir(
                inventory=inventory,
                runner={"plugin": "threaded", "options": {"num_workers": connection.workers}},
                logging={"enabled": False},
            )
        except Exception as error:
            raise SettingsError(
                f"the Nornir inventory can't be loaded: {error}",
                code="SETTINGS-NORNIR",
                hint="see nornir.inventory",
            ) from error
        return cls.from_nornir(nornir, connection, credentials)

    @property
    def names(self) -> list[str]:
        """The names of all hosts."""
        return list(self.nornir.inventory.hosts)

    def host(self, name: str) -> Host:
        """Return a host by its name."""
        return self.nornir.inventory.hosts[name]

    def driver(self, name: str) -> Any:
        """Return the open NAPALM driver of a device.

        Raises:
            TargetError: there is no connection, or its platform is not supported.
            SettingsError: its connection options are not safe.
        """
        host = self.host(name)
        if _CONNECTION not in host.connections:
            try:
                host.open_connection(_CONNECTION, self.nornir.config, **self._parameters(host))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is translated
                failure = translate(error, name, "connecting")
            else:
                return host.connections[_CONNECTION].connection
            raise failure  # not in the handler: the driver's exception, which may quote secrets, would be its context
        return host.connections[_CONNECTION].connection

    def _parameters(self, host: Host) -> dict[str, Any]:
        """Return how to connect: what the inventory says, our credentials, and options that verify."""
        given = host.get_connection_parameters(_CONNECTION)
        platform = platform_named(given.platform, host.name)
        extras = dict(given.extras or {})
        options = {**extras.get("optional_args", {})}
        if self.credentials.enable_secret is not None:
            options.setdefault("enable_password", self.credentials.enable_secret.get_secret_value())
        options = platform.secure_options(given.hostname or host.name, options, self.tls)
        return {
            "hostname": given.hostname or host.name,
            "username": given.username or self.credentials.username,
            "password": given.password or _plain(self.credentials.password),
            "port": given.port,
            "platform": given.platform,
            "extras": {"timeout": self.connection.timeout, **extras, "optional_args": options},
        }

    def close(self, name: str) -> None:
        """Close a device's connection; an armed session would be aborted by it."""
        try:
            self.host(name).close_connection(_CONNECTION)
        except ConnectionNotOpen:
            pass
        except Exception as error:  # noqa: BLE001 - the far end may be gone; there is nothing left to release
            _log.debug(
                "connection not closed cleanly", device=name, error=translate(error, name, "closing").code
            )

    def close_all(self) -> None:
        """Close every connection that is open, also those of hosts on which a task failed."""
        hosts = self.nornir.inventory.hosts.items()
        open_ones = [name for name, host in hosts if _CONNECTION in host.connections]
        if open_ones:
            self.run(self.close, open_ones)

    def run(self, work: Callable[[str], Outcome], names: Sequence[str]) -> list[Outcome]:
        """Do one piece of work per device, as many at once as the runner allows.

        `work` must not raise: what goes wrong with one device is part of its outcome.
        """
        wanted = set(names)
        chosen = self.nornir.filter(filter_func=lambda host: host.name in wanted)

        def task(task: Task) -> Result:
            return Result(host=task.host, result=work(task.host.name))

        results = chosen.run(task=task, name="driftline", on_failed=True, on_good=True)
        for result in results.values():
            if result.exception is not None:
                raise result.exception
        return [results[name][0].result for name in names]

    def dispatch(self, work: Callable[[Item], Outcome], units: Sequence[Item]) -> Iterable[Outcome]:
        """Run the units of a plan, whose names are the devices'."""
        by_name: dict[str, Item] = {unit[0]: unit for unit in units}  # type: ignore[index]
        return self.run(lambda name: work(by_name[name]), list(by_name))


def _tls(connection: Connection) -> ssl.SSLContext:
    """Return a context that verifies the devices' certificates and names."""
    try:
        return ssl.create_default_context(cafile=str(connection.ca_file) if connection.ca_file else None)
    except OSError as error:
        raise SettingsError(
            f"connection.ca_file {connection.ca_file} holds no certificates that can be read",
            code="SETTINGS-CA-FILE",
            hint="it is a file with certificates in PEM format",
        ) from error


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
