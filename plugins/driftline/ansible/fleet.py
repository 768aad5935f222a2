"""How the hosts of a play are reached: as their variables say, else as the source and the settings do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory, ParentGroups
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import SerialRunner, ThreadedRunner
from nornir_napalm.plugins.connections import Napalm
from pydantic import TypeAdapter, ValidationError

from driftline.adapters.inventory.nornir import CONNECTION
from driftline.devices import Fleet
from driftline.devices.fleet import system_tls
from driftline.engine.exceptions import SettingsError
from driftline.network import Endpoint
from driftline.reachable import hosts_of

from .call import is_secretive, platform_told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.devices.fleet import Credentials
    from driftline.network import Device
    from driftline.settings import Settings

    from .call import Call

_HOSTNAMES: Final = ("ansible_host", "ansible_ssh_host")
_PORTS: Final = ("ansible_port", "ansible_ssh_port")
_USERS: Final = ("ansible_user", "ansible_ssh_user")
_PASSWORDS: Final = ("ansible_password", "ansible_ssh_pass")
_BECOME_PASSWORDS: Final = ("ansible_become_password", "ansible_become_pass")
_KEY_FILES: Final = ("ansible_ssh_private_key_file", "ansible_private_key_file")
_NO_ENDPOINT: Final = Endpoint()
_BOOL: Final = TypeAdapter(bool)
_PORT: Final = TypeAdapter(int | None)

if CONNECTION not in ConnectionPluginRegister.available:
    ConnectionPluginRegister.register(CONNECTION, Napalm)
system_tls()  # once, and not in the process of each host


def fleet_of(
    call: Call, devices: Mapping[str, Device], settings: Settings, endpoints: Mapping[str, Endpoint]
) -> Fleet:
    """Return the devices of a task as a fleet.

    Args:
        devices: what is known of them, by name: the platform counts where the variables have none.
        endpoints: where they are reached as the source tells, where the variables do not.

    Raises:
        SettingsError: a variable can't be used.
    """
    variables = {name: call.variables(name) for name in devices}
    credentials = settings.credentials.resolved(settings.folder)
    is_open = any(_is_open(told, credentials) for told in variables.values())
    elsewhere = hosts_of(settings) if is_open else {}
    hosts = Hosts(
        {
            name: _host(device, variables[name], endpoints.get(name, _NO_ENDPOINT), elsewhere.get(name))
            for name, device in devices.items()
        }
    )
    many = len(hosts) > 1
    runner = ThreadedRunner(num_workers=settings.connection.workers) if many else SerialRunner()
    nornir = Nornir(Inventory(hosts, Groups(), Defaults()), Config(), runner=runner)
    return Fleet.from_nornir(nornir, settings.device_connection, credentials)


def secrets_of(call: Call, names: Iterable[str]) -> set[str]:
    """Return what must be in no output: the passwords that the variables hold."""
    found: set[str] = set()
    for variables in map(call.variables, names):
        found |= {str(variables.get(each) or "") for each in (*_PASSWORDS, *_BECOME_PASSWORDS)}
        given = variables.get("driftline_optional_args")
        options = given.items() if isinstance(given, dict) else ()
        found |= {value for name, value in options if is_secretive(name) and isinstance(value, str)}
    return found - {""}


def _host(device: Device, variables: Mapping[str, Any], endpoint: Endpoint, other: Host | None) -> Host:
    """Return a host: what its variables say comes first, the source second, the settings' inventory last."""
    told = _variables(device.name, variables)
    return Host(
        device.name,
        hostname=told["hostname"] or endpoint.hostname or _of(other, "hostname") or device.name,
        port=told["port"] or endpoint.port or _of(other, "port"),
        username=told["username"] or _of(other, "username"),
        password=told["password"] or _of(other, "password"),
        platform=told["platform"] or device.platform or _of(other, "platform"),
        groups=ParentGroups(),
        data={"site": device.site, "role": device.role},
        connection_options={CONNECTION: _options(device.name, variables, other)},
    )


def _variables(name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    try:
        port = _PORT.validate_python(_first(variables, _PORTS))
    except ValidationError:
        raise _wrong(name, "ansible_port", "a number") from None
    return {
        "hostname": _first(variables, _HOSTNAMES),
        "port": port,
        "platform": platform_told(variables),
        **_login(variables),
    }


def _login(variables: Mapping[str, Any]) -> dict[str, str | None]:
    told = {"username": _first(variables, _USERS), "password": _first(variables, _PASSWORDS)}
    return {name: None if value is None else str(value) for name, value in told.items()}  # YAML has numbers


def _first(variables: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Return what the first of these variables says; an empty one says nothing."""
    return next((variables[name] for name in names if variables.get(name)), None)


def _options(name: str, variables: Mapping[str, Any], other: Host | None) -> ConnectionOptions:
    """Return the options for NAPALM's driver: those of the settings' inventory, and over them the variables'."""
    known = other.get_connection_parameters(CONNECTION) if other else None
    extras: dict[str, Any] = dict((known and known.extras) or {})
    given = variables.get("driftline_optional_args") or {}
    if not isinstance(given, dict):
        raise _wrong(name, "driftline_optional_args", "a dictionary")
    optional = {**(extras.get("optional_args") or {}), **_usual(name, variables), **given}
    return ConnectionOptions(extras={**extras, "optional_args": optional})


def _usual(name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Ansible's usual variables mean for a driver."""
    found: dict[str, Any] = {}
    if key_file := _first(variables, _KEY_FILES):
        found["key_file"] = str(key_file)
    if secret := _first(variables, _BECOME_PASSWORDS):
        found |= {"secret": str(secret), "enable_password": str(secret)}  # a driver knows one of them
    if (use_ssl := variables.get("ansible_httpapi_use_ssl")) is not None:
        try:
            found["transport"] = "https" if _BOOL.validate_python(use_ssl) else "http"
        except ValidationError:
            raise _wrong(name, "ansible_httpapi_use_ssl", "true or false") from None
    return found


def _is_open(variables: Mapping[str, Any], credentials: Credentials) -> bool:
    """Return whether variables and settings leave open where a host is, or how to log in there."""
    told = _login(variables)
    has_login = told["username"] or credentials.username, told["password"] or credentials.password
    return not (_first(variables, _HOSTNAMES) and all(has_login))


def _of(host: Host | None, name: str) -> Any:
    return None if host is None else getattr(host, name)


def _wrong(host: str, variable: str, expected: str) -> SettingsError:
    return SettingsError(
        f"{host}: the variable {variable} is not {expected}",
        code="ANSIBLE-VARIABLE",
        hint="mend the inventory",
    )
