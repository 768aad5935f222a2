"""Reading one device: getters for what is observed, the running configuration for what is managed.

An answer that is empty or unknown is a failure, never an empty device: NAPALM drivers pointed at another
operating system return `{}` without an exception.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import UnusableAnswer, WrongTarget
from driftline.network import interface_kind

from .errors import translate
from .models import LiveInterface
from .state import section_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .platforms import Platform
    from .state import DeviceState

_UNKNOWN = frozenset({"", "unknown", "none"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from one device."""

    device: str
    facts: Mapping[str, Any]
    interfaces: Mapping[str, Mapping[str, Any]]
    state: DeviceState


def read_device(driver: Any, device: str, platform: Platform, serial: str | None) -> Reading:
    """Read a device and make sure that it is the right one and that the answers are whole.

    Raises:
        TargetError: it can't be reached, refuses us, is another box, or answers something unusable.
    """
    facts = _getter(driver.get_facts, device, "reading its facts")
    _check_facts(device, facts)
    check_identity(device, str(facts["hostname"]))
    _check_serial(device, serial, str(facts.get("serial_number") or ""))
    interfaces = _getter(driver.get_interfaces, device, "reading its interfaces")
    if not interfaces:
        raise _empty(device, "no interface at all")
    state = read_state(driver, device, platform)
    put_silent_ports(state, platform, interfaces)
    return Reading(device, facts, interfaces, state)


def read_running(driver: Any, device: str, platform: Platform) -> str:
    """Return the running configuration; raises TargetError when it can't be had whole."""
    return _whole(_read_config(driver, device, platform, "running")["running"], device)


def read_both(driver: Any, device: str, platform: Platform) -> tuple[str, str]:
    """Return the running and the startup configuration, in one request where the driver can.

    The startup configuration may be empty; where a platform has none, it is the running one. Raises TargetError
    when they can't be had whole.
    """
    found = _read_config(driver, device, platform, "all")
    running, startup = _whole(found["running"], device), str(found["startup"])
    if not platform.capabilities.startup:
        return running, running
    lines = startup.splitlines(keepends=True)
    return running, "".join(line for line in lines if not re.fullmatch(platform.noise, line.rstrip()))


def _whole(text: Any, device: str) -> str:
    if not str(text).strip():
        raise _empty(device, "an empty running configuration")
    return str(text)


def _read_config(driver: Any, device: str, platform: Platform, which: str) -> Any:
    what = "configurations" if which == "all" else f"{which} configuration"
    ask = partial(driver.get_config, retrieve=which, **platform.config_options)
    return _getter(ask, device, f"reading its {what}")


def read_state(driver: Any, device: str, platform: Platform) -> DeviceState:
    """Return what the running configuration says; raises TargetError when it can't be had whole."""
    return parse(read_running(driver, device, platform), device, platform)


def parse(text: str, device: str, platform: Platform) -> DeviceState:
    """Return what a running configuration says; raises UnusableAnswer when it says nothing."""
    try:
        state = platform.read(device, text)
    except ValueError as error:
        raise UnusableAnswer(
            f"{device}: its running configuration can't be understood: {error}", code="DEVICE-ANSWER"
        ) from error
    if not any(state.of("interface")):
        raise _empty(device, "a running configuration without interfaces")
    return state


def put_silent_ports(state: DeviceState, platform: Platform, names: Iterable[str]) -> None:
    """Put ports among the objects that are there without being shown, where nothing is configured on them.

    Args:
        names: of interfaces that the device has; those of other kinds are passed over.
    """
    for name in names:
        if platform.silent_port.fullmatch(name) and state.interface(name) is None:
            values = platform.defaults_on(state, interface_kind(name))
            state.put(
                LiveInterface.trusted(
                    device=state.device, name=name, pristine=True, section=section_hash(()), **values
                )
            )


def check_identity(device: str, hostname: str) -> None:
    """Raise WrongTarget when a box calls itself by another name; a domain and the case do not count."""
    if hostname.partition(".")[0].casefold() != device.partition(".")[0].casefold():
        raise WrongTarget(
            f"{device}: the box that answers calls itself {hostname!r}",
            code="DEVICE-WRONG-BOX",
            hint="check the address in the inventory, or the hostname on the device",
        )


def _check_serial(device: str, intended: str | None, found: str) -> None:
    if intended is not None and intended != found:
        raise WrongTarget(
            f"{device}: the box that answers has serial number {found!r}, the intended one is {intended!r}",
            code="DEVICE-WRONG-BOX",
            hint="was the switch replaced? then change `serial` in its intent",
        )


def _check_facts(device: str, facts: Mapping[str, Any]) -> None:
    for name in ("hostname", "os_version"):
        if str(facts.get(name) or "").casefold() in _UNKNOWN:
            raise _empty(device, f"no {name}")
    if not facts.get("interface_list"):
        raise _empty(device, "an empty list of interfaces")


def _empty(device: str, what: str) -> UnusableAnswer:
    return UnusableAnswer(
        f"{device}: it answered with {what}",
        code="DEVICE-EMPTY",
        hint="is the platform right? an empty answer is never taken for an empty device",
    )


def _getter(getter: Callable[[], Any], device: str, doing: str) -> Any:
    try:
        return getter()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is translated
        ours = translate(error, device, doing)
    raise ours  # not in the handler: the driver's exception, which may quote secrets, would be its context
