"""The devices that a task is about: what is intended for them, what they are, and how they are reached."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from driftline import workflow
from driftline.adapters.intent.inline import described, intended_of
from driftline.engine.exceptions import DriftlineError, LoadError, PlanError
from driftline.network import Device
from driftline.network.states import State, into
from driftline.reading import choose, load_chosen, load_for
from driftline.runs import by_model
from driftline.settings import Settings, alone
from driftline.workflow import Loaded

from . import outcomes
from .fleet import fleet_of
from .shelf import Intent, Shelf, load_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from driftline.devices import DeviceAdapter, Fleet
    from driftline.engine import Plan
    from driftline.network import IntendedState

    from .call import Call
    from .outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Work:
    """The devices of a task, and both sides of them; the connections are closed when it is done."""

    call: Call
    settings: Settings
    intent: Intent
    loaded: Loaded
    shelf: Shelf | None
    """What it shares with the other hosts; None: the task is about many devices itself."""

    @property
    def actual(self) -> DeviceAdapter:
        """The devices."""
        return self.loaded.actual

    def planned(self) -> Plan:
        """Return the plan for what was loaded; like any part of a plan it tells how much is intended in all."""
        made = workflow.plan(self.loaded, workflow.detect(self.loaded), self.settings)
        return made.with_intended(self.intent.counts)

    def admit(self, made: Plan) -> None:
        """Raise GuardBreach when a plan with all that other hosts change is more than is allowed."""
        if self.shelf is not None:
            self.shelf.admit(made, by_model(made.intended) or self._alike())

    def _alike(self) -> dict[str, int]:
        """Return how many objects the play has, where the source was not asked: its hosts are taken to be alike."""
        hosts = len({self.call.host, *self.call.hosts})
        return {model: hosts * self.actual.count(model) for model in self.actual.get_all_model_names()}

    def told(self, made: Plan) -> Outcome:
        """Return what a plan would do."""
        after = self.actual.after(made.units) if made.units else None
        return each(
            self.call,
            sorted(self.loaded.chosen),
            self.actual,
            lambda name: outcomes.planned(made, self.actual, after, name),
        )


@contextmanager
def opened(call: Call, settings: Settings) -> Iterator[Work]:
    """Load what is intended for the devices of a task, in its state, and read them.

    Raises:
        LoadError: it can't be loaded, or nothing is intended for the host.
        SettingsError: a variable of the host can't be used.
    """
    state, config = State(call.arguments.get("state") or State.INTENDED), call.arguments.get("config")
    intent, shelf = _intent(call, settings, config)
    chosen = choose(intent.part, call.limit)
    devices: dict[str, Any] = {device.name: device for device in intent.part.get_all("device")}
    fleet = fleet_of(call, {name: devices[name] for name in chosen}, settings, intent.endpoints)
    actual = load_chosen(intent.part, chosen, settings, None, fleet=fleet)
    try:
        into(state, intent.part, actual)
        actual.fit(intent.part)
        yield Work(call, settings, intent, Loaded(intent.part, actual, frozenset(chosen)), shelf)
    finally:
        actual.close()


@contextmanager
def planned_for(call: Call, made: Plan, settings: Settings) -> Iterator[DeviceAdapter]:
    """Read the devices of a saved plan."""
    actual = load_for(made, settings, fleet=fleet_for(call, sorted(made.identities), settings))
    try:
        yield actual
    finally:
        actual.close()


def fleet_for(call: Call, names: list[str], settings: Settings) -> Fleet:
    """Return a fleet of devices of which nothing may be intended; the source is asked where variables are missing."""
    devices, endpoints = {name: call.device(name) for name in names}, {}
    for device, endpoint in _asked(call, settings, [name for name in names if not _says_where(call, name)]):
        devices[device.name] = device
        endpoints[device.name] = endpoint
    return fleet_of(call, devices, settings, {k: v for k, v in endpoints.items() if v is not None})


def each(call: Call, names: list[str], actual: DeviceAdapter, tell: Any) -> Outcome:
    """Return the outcome of a task: of its host, or of many devices together.

    Args:
        tell: returns the outcome of a device that could be read.
    """
    told = {
        name: outcomes.failed(actual.failures[name]) if name in actual.failures else tell(name)
        for name in names
    }
    return told[call.host] if call.limit is None else outcomes.together(told)


def states_before(actual: DeviceAdapter, made: Plan) -> dict[str, Mapping[str, Any]]:
    """Return what the devices of a plan are, before it is applied."""
    return {name: described(actual, name) for name in made.units if name not in actual.failures}


def for_writing(call: Call, settings: Settings) -> Settings:
    """Return the settings for a task that writes: those for one device alone, unless many are to be changed together.

    Raises SettingsError: devices are to change together, which the tasks of single hosts can't do.
    """
    if call.limit is not None:
        return settings
    hint = "give the task a limit, and let it run once (limit: all, run_once: true); or set apply.scope: unit"
    return alone(settings, "ANSIBLE-TOGETHER", hint)


def _intent(call: Call, settings: Settings, config: Mapping[str, Any] | None) -> tuple[Intent, Shelf | None]:
    if config is not None:
        if call.limit is not None:
            raise PlanError("config is for one device, and limit for many", code="ANSIBLE-ARGUMENTS")
        part = given(call)
        return Intent(part, {}, {}), Shelf(call, settings)  # what the source has is not judged by it
    if call.limit is not None:
        return load_all(settings), None
    shelf = Shelf(call, settings)
    intent = shelf.intended(call.host)
    if not intent.part.count("device"):
        raise not_intended(call.host)
    return intent, shelf


def given(call: Call) -> IntendedState:
    """Return what a task is given for its host, instead of what the source says; raises LoadError."""
    known, config = call.device(call.host), call.arguments["config"]
    return intended_of(config, call.host, site=known.site, platform=known.platform, role=known.role)


def not_intended(host: str) -> LoadError:
    """Return the error for a host of which the source of truth knows nothing."""
    return LoadError(
        f"{host}: nothing is intended for it",
        code="NOT-INTENDED",
        hint="hosts are devices by their names in the source of truth; on localhost give a limit",
    )


def _says_where(call: Call, name: str) -> bool:
    told = call.variables(name)
    return bool(told.get("ansible_network_os") and told.get("ansible_host"))


def _asked(call: Call, settings: Settings, names: list[str]) -> list[tuple[Device, Any]]:
    """Return devices and where they are reached, as far as the source knows them; none where it can't be asked."""
    if not names:
        return []
    try:
        intent = Shelf(call, settings).intended(call.host) if call.limit is None else load_all(settings)
    except DriftlineError:
        return []
    known = (intent.part.get_or_none(Device, name) for name in names)
    return [(device, intent.endpoints.get(device.name)) for device in known if device is not None]
