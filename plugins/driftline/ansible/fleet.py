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

from driftline.adapters.inventory.network_os import platform_of
from driftline.adapters.inventory.nornir import CONNECTION
from driftline.devices import Fleet
from driftline.devices.fleet import system_tls
from driftline.engine.exceptions import SettingsError
from driftline.network import Endpoint
from driftline.reachable import hosts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.devices.fleet import Credentials
    from driftline.network import Device
    from driftline.settings import Settings

    from .call import Call

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


def secrets_of(call: Call, names: Mapping[str, Any]) -> set[str]:
    """Return what must be in no output: the passwords that the variables hold."""
    told = ("ansible_password", "ansible_ssh_pass", "ansible_become_password")
    found = {str(call.variables(name).get(each) or "") for name in names for each in told}
    arguments = (call.variables(name).get("driftline_optional_args") or {} for name in names)
    found |= {str(given.get("secret") or "") for given in arguments if isinstance(given, dict)}
    return {secret for secret in found if secret}


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
    get = variables.get
    network_os = get("ansible_network_os")
    try:
        port = _PORT.validate_python(get("ansible_port") or None)
    except ValidationError:
        raise _wrong(name, "ansible_port", "a number") from None
    return {
        "hostname": get("ansible_host"),
        "port": port,
        "platform": platform_of(str(network_os)) if network_os else None,
        **_login(variables),
    }


def _login(variables: Mapping[str, Any]) -> dict[str, Any]:
    get = variables.get
    return {
        "username": get("ansible_user") or get("ansible_ssh_user"),
        "password": get("ansible_password") or get("ansible_ssh_pass"),
    }


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
    if key_file := variables.get("ansible_ssh_private_key_file"):
        found["key_file"] = str(key_file)
    if secret := variables.get("ansible_become_password"):
        found["secret"] = str(secret)
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
    return not (variables.get("ansible_host") and all(has_login))


def _of(host: Host | None, name: str) -> Any:
    return None if host is None else getattr(host, name)


def _wrong(host: str, variable: str, expected: str) -> SettingsError:
    return SettingsError(
        f"{host}: the variable {variable} is not {expected}",
        code="ANSIBLE-VARIABLE",
        hint="mend the inventory",
    )
