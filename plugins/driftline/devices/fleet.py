"""The fleet: Nornir's inventory, connections and threads, as driftline uses them."""

from __future__ import annotations

import logging
import ssl
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from nornir import InitNornir
from nornir.core import Nornir
from nornir.core.exceptions import ConnectionNotOpen
from nornir.core.inventory import Hosts, Inventory
from nornir.core.task import Result, Task
from nornir.plugins.runners import SerialRunner
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, SecretStr, field_validator

from driftline.engine.exceptions import PlanError, Problem, SettingsError

from .errors import translate
from .platforms import platform_named, platform_names
from .platforms.secure import check_files, jump_hosts, patient, trusting
from .session_limits import SessionLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from nornir.core.inventory import ConnectionOptions, Host

    from .session_limits import Room

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_CONNECTION = "napalm"
_ENABLE = ("enable_password", "secret")
"""What drivers call the secret for the privileged mode: those over eAPI, and those over Netmiko."""
_SITE, _JUMP_HOST = "site", "jump host"
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
    timeouts: dict[str, PositiveInt] = {}
    """The same for the devices of a platform."""
    ca_file: Path | None = None
    """Certificates of the authorities that sign the devices'; default: the system's."""
    workers: int = Field(default=50, ge=1)
    """How many devices are talked to at once."""
    sessions_per_site: PositiveInt | None = None
    """How many devices of a site have a connection open at once; None: no limit."""
    sessions_per_jump_host: PositiveInt | None = None
    """The same of the devices behind a jump host."""

    @field_validator("timeouts")
    @classmethod
    def _known_platforms(cls, timeouts: dict[str, int]) -> dict[str, int]:
        for name in timeouts:
            if name not in platform_names():
                raise ValueError(f"{name!r} is no platform; there are {', '.join(platform_names())}")
        return timeouts

    @property
    def longest_timeout(self) -> int:
        """The seconds that one answer of any device may take."""
        return max([self.timeout, *self.timeouts.values()])

    @property
    def limits(self) -> dict[str, int]:
        """What sessions are limited by, and how many there may be."""
        most = {_SITE: self.sessions_per_site, _JUMP_HOST: self.sessions_per_jump_host}
        return {what: number for what, number in most.items() if number is not None}


@dataclass(frozen=True, slots=True)
class Fleet:
    """The devices that can be talked to, by name; the Nornir inventory itself stays as it is."""

    nornir: Nornir
    connection: Connection
    credentials: Credentials
    tls: ssl.SSLContext
    sites: dict[str, str] = field(default_factory=dict)
    """Where the devices are, for those whose inventory does not say it or says it otherwise."""
    sessions: SessionLimits = field(init=False)

    def __post_init__(self) -> None:
        """Nobody is connected yet."""
        object.__setattr__(self, "sessions", SessionLimits(self.connection.limits, self._hang_up))

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

    def only(self, name: str) -> Fleet:
        """Return a fleet of one device, for a thread that works on nothing else; it shares the limits of sessions."""
        whole = self.nornir.inventory
        inventory = Inventory(Hosts({name: whole.hosts[name]}), whole.groups, whole.defaults)
        one = replace(self, nornir=Nornir(inventory, self.nornir.config, runner=SerialRunner()))
        object.__setattr__(one, "sessions", self.sessions)
        return one

    @property
    def names(self) -> list[str]:
        """The names of all hosts."""
        return list(self.nornir.inventory.hosts)

    def host(self, name: str) -> Host:
        """Return a host by its name."""
        return self.nornir.inventory.hosts[name]

    def driver(self, name: str) -> Any:
        """Return the open NAPALM driver of a device; where sessions are limited, wait until it may have one.

        Raises:
            TargetError: there is no connection, or its platform is not supported.
            SettingsError: its connection options are not safe, or can't be used.
        """
        host = self.host(name)
        self.sessions.enter(name, self._rooms(name))
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
        timeout = extras.pop("timeout", self.connection.timeouts.get(platform.name, self.connection.timeout))
        options = _driver_options(given)
        check_files(host.name, options)
        if self.credentials.enable_secret is not None:
            for name in _ENABLE:
                options.setdefault(name, self.credentials.enable_secret.get_secret_value())
        safe = platform.secure_options(given.hostname or host.name, options, self.tls)
        safe = patient(trusting(safe, self.connection.ca_file), options, timeout)
        return {
            "hostname": given.hostname or host.name,
            "username": given.username or self.credentials.username,
            "password": given.password or _plain(self.credentials.password),
            "port": given.port,
            "platform": platform.driver or given.platform,
            "extras": {**extras, "timeout": timeout, "optional_args": safe},
        }

    def _rooms(self, name: str) -> frozenset[Room]:
        """Return what a device's connection takes a place in, as far as that is limited."""
        host, limited = self.host(name), self.sessions.most
        rooms = {(_SITE, self._site(host))} if _SITE in limited else set()
        if _JUMP_HOST in limited:
            given = host.get_connection_parameters(_CONNECTION)
            options = _driver_options(given)
            rooms |= {(_JUMP_HOST, hop) for hop in jump_hosts(given.hostname or name, options)}
        return frozenset(rooms)

    def _site(self, host: Host) -> str:
        site = self.sites.get(host.name) or host.get("site")
        if not site:
            raise SettingsError(
                f"{host.name}: sessions are limited by site, and its site is not known",
                code="DEVICE-NO-SITE",
                hint="give `site` in the data of the host or of its group",
            )
        return str(site)

    def expect_room(self, groups: Mapping[str, str]) -> None:
        """Raise PlanError when of devices that change together not all may be connected at once.

        Args:
            groups: the group that each device changes with.
        """
        needed = Counter((group, room) for name, group in groups.items() for room in self._rooms(name))
        problems = [
            Problem(
                group,
                "SESSIONS",
                f"{number} devices change together, and {self.sessions.most[what]} sessions are allowed"
                f" at {what} {name}",
                "let fewer devices change together (scope, batches), or allow more sessions",
            )
            for (group, (what, name)), number in sorted(needed.items())
            if number > self.sessions.most[what]
        ]
        if problems:
            raise PlanError("there are not enough sessions to change these together", problems=problems)

    def close(self, name: str) -> None:
        """Close a device's connection; an armed session would be aborted by it."""
        self._hang_up(name)
        self.sessions.leave(name)

    def _hang_up(self, name: str) -> None:
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
        if not names:
            return []  # Nornir would warn of it
        wanted = set(names)
        chosen = self.nornir.filter(filter_func=lambda host: host.name in wanted)

        def task(task: Task) -> Result:
            with self.sessions.working(task.host.name):
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


@cache
def system_tls() -> ssl.SSLContext:
    """Return a context with the system's authorities; to load them takes as long as to read a device."""
    return ssl.create_default_context()


def _tls(connection: Connection) -> ssl.SSLContext:
    """Return a context that verifies the devices' certificates and names."""
    if connection.ca_file is None:
        return system_tls()
    try:
        return ssl.create_default_context(cafile=str(connection.ca_file))
    except OSError as error:
        raise SettingsError(
            f"connection.ca_file {connection.ca_file} holds no certificates that can be read",
            code="SETTINGS-CA-FILE",
            hint="it is a file with certificates in PEM format",
        ) from error


def _driver_options(given: ConnectionOptions) -> dict[str, Any]:
    """Return the options that the inventory has for a host's driver, as a copy."""
    return dict((given.extras or {}).get("optional_args") or {})


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
