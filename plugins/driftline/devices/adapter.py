"""The device adapter: the actual state of live gear, and the way to change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from driftline.engine import Adapter, DiffSyncModelFlags
from driftline.engine.exceptions import DriftlineError, PlanError, PrepareError, Problem, Unreachable
from driftline.network import Device, InterfaceKind, Site, interface_kind

from .errors import translate
from .models import LIVE, LiveInterface, LiveIPAddress, LiveVlan
from .platforms import platform_named
from .reading import Reading, read_device
from .remediation import lines_between, wanted_after
from .session import DeviceSession
from .state import Change, DeviceState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from driftline.engine import DiffSyncModel, Step

    from .fleet import Fleet
    from .platforms import Platform


@dataclass(frozen=True, slots=True)
class Expected:
    """A device that the intent knows, and what must be true of the box."""

    name: str
    site: str
    serial: str | None = None


class DeviceAdapter(Adapter):
    """Live devices, read and changed through NAPALM.

    Only devices that the intent knows are contacted. One that can't be read whole is kept out of every
    comparison: it is listed in `failures`, and nothing in its scope counts as missing or as too much.
    """

    type = "devices"
    site = Site
    device = Device
    interface = LiveInterface
    ip_address = LiveIPAddress
    vlan = LiveVlan
    top_level: ClassVar[list[str]] = ["site"]  # type: ignore[misc]

    def __init__(self, fleet: Fleet, expected: Iterable[Expected], name: str = "devices") -> None:
        super().__init__(name)
        self.fleet = fleet
        self.expected = {device.name: device for device in expected}
        self.failures: dict[str, DriftlineError] = {}
        self.planned: Mapping[str, Sequence[str]] = {}
        """Per device the lines that were reviewed; a session refuses to send others."""
        self._states: dict[str, DeviceState] = {}
        self._sessions: dict[str, DeviceSession] = {}

    # Reading ----------------------------------------------------------------------------------------------

    def load(self, on_device: Callable[[str], object] | None = None) -> None:
        """Read all expected devices, many at once; what fails is in `failures` afterwards."""
        known = set(self.fleet.names)
        reachable = [name for name in self.expected if name in known]
        for name in self.expected.keys() - known:
            self.failures[name] = Unreachable(
                f"{name}: it is intended, but not in the Nornir inventory",
                code="DEVICE-NOT-IN-INVENTORY",
                hint="add the host with its address",
            )

        def read(name: str) -> Reading | DriftlineError:
            outcome = self._read(name)
            if on_device is not None:
                on_device(name)
            return outcome

        outcomes = dict(zip(reachable, self.fleet.run(read, reachable), strict=True)) if reachable else {}
        for name in sorted(self.expected):
            outcome = outcomes.get(name, self.failures.get(name))
            if isinstance(outcome, Reading):
                self._add(outcome)
            elif outcome is not None:
                self.failures[name] = outcome
                self._add_device(
                    Device(name=name, site=self.expected[name].site, model_flags=DiffSyncModelFlags.IGNORE)
                )

    def _read(self, name: str) -> Reading | DriftlineError:
        try:
            platform = self.platform_of(name)
            return read_device(self.fleet.driver(name), name, platform, self.expected[name].serial)
        except Exception as error:  # noqa: BLE001 - one device's failure is its outcome, not the run's end
            return translate(error, name, "reading it")

    def _add(self, reading: Reading) -> None:
        facts, state = reading.facts, reading.state
        self._states[reading.device] = state
        device = Device(
            name=reading.device,
            site=self.expected[reading.device].site,
            platform=self.fleet.host(reading.device).platform,
            serial=str(facts.get("serial_number") or "") or None,
            hostname=str(facts["hostname"]),
            model=str(facts.get("model") or "") or None,
            os_version=str(facts["os_version"]),
        )
        self._add_device(device)
        parents: dict[str, DiffSyncModel] = {}
        for (modelname, uid), obj in state.objects.items():
            live = _live(obj)
            self.add(live)
            if modelname == "ip_address":
                parents[_interface_uid(live)].add_child(live)
            else:
                device.add_child(live)
            if modelname == "interface":
                parents[uid] = live
                _observe(live, reading.interfaces.get(live.name))  # type: ignore[attr-defined]

    def _add_device(self, device: Device) -> None:
        site = self.get_or_none("site", device.site)
        if site is None:
            site = Site(name=device.site)
            self.add(site)
        self.add(device)
        site.add_child(device)

    def platform_of(self, name: str) -> Platform:
        """Return the platform of a device; raises UnusableAnswer when it is not supported."""
        return platform_named(self.fleet.host(name).platform, name)

    # Fitting the intent to the devices --------------------------------------------------------------------

    def fit(self, intended: Adapter) -> None:
        """Spell the intended state as each device's platform does: its defaults for what must be empty.

        A device of which something is intended that it can't do is in `failures` afterwards, with every such
        object named, and takes no part in the comparison.
        """
        problems: dict[str, list[Problem]] = {}
        for interface in intended.get_all("interface"):
            name = str(interface.device)
            if name in self._states:
                found = list(self._unfit(interface, self._states[name], self.platform_of(name)))
                problems.setdefault(name, []).extend(found)
        for vlan in intended.get_all("vlan"):
            if vlan.device in self._states:
                default = self.platform_of(vlan.device).default_vlan_name(vlan.vid)
                vlan.name = None if vlan.name == default else vlan.name or None
        for name, found in problems.items():
            if found:
                self._exclude(name, found)

    def _unfit(self, interface: Any, state: DeviceState, platform: Platform) -> Iterable[Problem]:
        where = f"{interface.device} {interface.name}"
        kind: InterfaceKind = interface.kind
        port = interface.name.partition(".")[0]
        if not interface_kind(port).logical and state.interface(port) is None:
            yield Problem(
                where, "PLAN-NO-SUCH-PORT", "the device has no such port", "check the name in the intent"
            )
        if interface.description is not None:
            interface.description = interface.description.strip() or None
        defaults = platform.defaults(interface)
        for name in interface.get_managed():
            if getattr(interface, name) is None:
                setattr(interface, name, defaults[name])
            elif kind in platform.unsupported.get(name, ()):
                message = f"{name} is not possible on a {kind.value} interface on {platform.name}"
                yield Problem(where, "PLAN-UNSUPPORTED", message, "take it out of the intent")

    def _exclude(self, name: str, problems: list[Problem]) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        first = problems[0]
        self.failures[name] = PlanError(
            f"{first.where}: {first.message}{more}", problems=problems, code=first.code, hint=first.hint
        )
        self.get("device", {"name": name}).model_flags |= DiffSyncModelFlags.IGNORE

    # Changing ---------------------------------------------------------------------------------------------

    def unit_of(self, modelname: str, identity: Mapping[str, Any]) -> str:
        """Return the device: everything on it changes together or not at all."""
        return str(identity["name"] if modelname == "device" else identity["device"])

    def identify(self, unit: str) -> dict[str, str]:
        """Return the site, the host name and the serial number that the box had when it was read."""
        device: Any = self.get("device", {"name": unit})
        facts = {"site": device.site, "hostname": device.hostname, "serial": device.serial}
        return {name: value for name, value in facts.items() if value}

    def transaction(self, unit: str) -> DeviceSession:
        """Return a new session for a device."""
        session = DeviceSession(unit, self.platform_of(unit), self.fleet, self.planned.get(unit))
        self._sessions[unit] = session
        return session

    def session(self, device: str) -> DeviceSession:
        """Return the session under way on a device, for the hooks."""
        return self._sessions[device]

    def preview(self, units: Mapping[str, Sequence[Step]]) -> dict[str, list[str]]:
        """Return the lines that each device would be sent, from what was read; nothing is contacted.

        Raises:
            PlanError: a platform can't do what is planned; all such objects are named.
        """
        native: dict[str, list[str]] = {}
        problems: list[Problem] = []
        for unit, steps in units.items():
            try:
                native[unit] = self._lines(unit, [_change(step) for step in steps])
            except PrepareError as error:
                problems.append(Problem(unit, error.code, error.message, error.hint))
        if problems:
            raise PlanError(str(problems[0]), problems=problems, code=problems[0].code, hint=problems[0].hint)
        return native

    def _lines(self, unit: str, changes: list[Change]) -> list[str]:
        now = self._states[unit]
        platform = self.platform_of(unit)
        wanted = wanted_after(platform, now, changes)
        return lines_between(platform, now, wanted, [change.key for change in changes])

    def close(self) -> None:
        """Close all connections."""
        self.fleet.close_all()


def _change(step: Step) -> Change:
    return Change(step.action, step.model, step.identity, step.before or {}, step.after or {})


def _live(obj: DiffSyncModel) -> DiffSyncModel:
    fields = {name: getattr(obj, name) for name in type(obj).model_fields if name != "adapter"}
    return LIVE[obj.get_type()](**fields)


def _interface_uid(address: Any) -> str:
    return LiveInterface.create_unique_id(device=address.device, name=address.interface)


def _observe(interface: Any, seen: Mapping[str, Any] | None) -> None:
    """Put what the getters saw on an interface; -1 and 0 mean that the device does not know."""
    if seen is not None:
        interface.oper_up = seen.get("is_up")
        interface.speed = seen.get("speed") if (seen.get("speed") or 0) > 0 else None
        interface.mac = seen.get("mac_address") or None
