"""The device adapter: the actual state of live gear, and the way to change it."""

from __future__ import annotations

import ipaddress
import secrets
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from driftline.engine import Adapter, DiffSyncModelFlags
from driftline.engine.exceptions import DriftlineError, PlanError, PrepareError, Problem, Unreachable
from driftline.network import Device, Interface, InterfaceKind, Site, interface_kind

from .errors import translate
from .models import LiveInterface, LiveIPAddress, LiveVlan
from .platforms import platform_named
from .reading import Reading, parse, put_silent_ports, read_device
from .recalled import RecalledAdapter
from .remediation import lines_between, sections_of, shown, wanted_after
from .replacing import ReplacingSession
from .session import OURS, DeviceSession
from .state import Change, DeviceState
from .tree import hang

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from driftline.engine import Step

    from .fleet import Fleet
    from .platforms import Platform
    from .state import Key


@dataclass(frozen=True, slots=True)
class Expected:
    """A device that the intent knows, and what must be true of the box."""

    name: str
    site: str
    serial: str | None = None
    role: str | None = None


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
        fleet.sites.update({device.name: device.site for device in self.expected.values()})
        self.failures: dict[str, DriftlineError] = {}
        self.planned: Mapping[str, Sequence[str]] = {}
        """Per device the lines that were reviewed; a session refuses to send others."""
        self.recalled: dict[str, DeviceState] = {}
        """Per device what it was before a run that is to be taken back."""
        self.replacing: dict[str, str] = {}
        """Per device the whole configuration that it is to get."""
        self.fence: Callable[[str], object] | None = None
        """Called with a device's name before everything that it is asked while it is changed."""
        self._states: dict[str, DeviceState] = {}
        self._sessions: dict[str, DeviceSession] = {}

    # Reading ----------------------------------------------------------------------------------------------

    def load(
        self, on_device: Callable[[str], object] | None = None, halt: threading.Event | None = None
    ) -> None:
        """Read all expected devices, many at once; what fails is in `failures` afterwards.

        Args:
            on_device: called with each device's name when it is done.
            halt: set it to leave the devices out that have not been asked yet.
        """
        known = set(self.fleet.names)
        adding = threading.Lock()

        def read(name: str) -> None:
            # Added as they come: while one device is waited for, another one's answer is worked on.
            outcome = _not_asked(name) if halt is not None and halt.is_set() else self._read(name)
            with adding:
                self._take(name, outcome)
            if on_device is not None:
                on_device(name)

        self.fleet.run(read, [name for name in self.expected if name in known])
        for name in self.expected.keys() - known:
            self._take(name, _not_in_inventory(name))
        for site in self.get_all(Site):
            site.devices.sort()

    def _take(self, name: str, outcome: Reading | DriftlineError) -> None:
        if isinstance(outcome, Reading):
            self._add(outcome)
            return
        # It takes no part in any comparison, so that nothing of it counts as missing or as too much.
        self.failures[name] = outcome
        site = self.expected[name].site
        absent = Device(name=name, site=site, model_flags=DiffSyncModelFlags.IGNORE)
        hang(self, self._site(site), absent, {})

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
            role=self.expected[reading.device].role,
            platform=self.fleet.host(reading.device).platform,
            serial=str(facts.get("serial_number") or "") or None,
            hostname=str(facts["hostname"]),
            model=str(facts.get("model") or "") or None,
            os_version=str(facts["os_version"]),
        )
        hang(self, self._site(device.site), device, state.objects)
        for (modelname, __), obj in state.objects.items():
            if modelname == "interface":
                _observe(obj, reading.interfaces.get(obj.name))

    def _site(self, name: str) -> Any:
        site = self.get_or_none("site", name)
        if site is None:
            site = Site(name=name)
            self.add(site)
        return site

    def known(self) -> list[Device]:
        """Return all devices: those that were to be read, and what the inventory says of the others."""
        others = [self.fleet.host(name) for name in self.fleet.names if name not in self.expected]
        return [
            *self.get_all("device"),
            *(
                Device(name=host.name, site=str(host.get("site") or ""), role=host.get("role"))
                for host in others
            ),
        ]

    def connected(self) -> dict[str, str]:
        """Return the IP address that we talk to by device, where the inventory names one."""
        hosts = {name: str(self.fleet.host(name).hostname or "") for name in self._states}
        return {name: host for name, host in hosts.items() if _is_ip(host)}

    def platform_of(self, name: str) -> Platform:
        """Return the platform of a device; raises UnusableAnswer when it is not supported."""
        return platform_named(self.fleet.host(name).platform, name)

    # Fitting the intent to the devices --------------------------------------------------------------------

    def fit(self, intended: Adapter) -> None:
        """Spell the intended state as each device does: its names, and its platform's defaults for what must be empty.

        A device of which something is intended that it can't do is in `failures` afterwards, with every such
        object named, and takes no part in the comparison.
        """
        for device in intended.get_all("device"):
            state = self._states.get(device.name)
            if state is None:
                continue
            platform = self.platform_of(device.name)
            vlans = intended.get_by_uids(device.vlans, "vlan")
            interfaces = intended.get_by_uids(device.interfaces, "interface")
            _respell(intended, interfaces, state)
            problems = [problem for one in vlans for problem in _unfit_vlan(one, state, platform)]
            problems += [problem for one in interfaces for problem in self._unfit(one, state, platform)]
            if problems:
                self._exclude(device.name, problems)

    def _unfit(self, interface: Any, state: DeviceState, platform: Platform) -> Iterable[Problem]:
        where = f"{interface.device} {interface.name}"
        kind: InterfaceKind = interface.kind
        if not _port_exists(interface, state):
            yield Problem(
                where, "PLAN-NO-SUCH-PORT", "the device has no such port", "check the name in the intent"
            )
        if why := state.why_foreign(f"interface {interface.name}"):
            yield Problem(
                where, "PLAN-UNSUPPORTED", f"it can't be managed: {why}", "take it out of the intent"
            )
        text = interface.description
        if text is not None and text != (text.strip() or None):
            interface.description = text.strip() or None
        defaults = platform.defaults_on(state, kind)
        for name in interface.get_managed():
            if getattr(interface, name) is None:
                setattr(interface, name, defaults[name])
            elif kind in platform.unsupported.get(name, ()):
                why = platform.unsupported[name][kind]
                message = f"{name} is not possible on a {kind.value} interface on {platform.name}: {why}"
                yield Problem(where, "PLAN-UNSUPPORTED", message, "take it out of the intent")

    def _exclude(self, name: str, problems: list[Problem]) -> None:
        self.failures[name] = PlanError(
            f"{name}: not everything that is intended for it is possible", problems=problems
        )
        self.get("device", {"name": name}).model_flags |= DiffSyncModelFlags.IGNORE

    def pairs(self) -> list[frozenset[str]]:
        """Return the MLAG pairs: each has the other's address as its peer's, in the same domain and site.

        Where several devices look like one's peer, each of them makes a pair with it.
        """
        ends = {name: state.mlag for name, state in self._states.items() if state.mlag is not None}
        homes: dict[str, set[str]] = {}
        for name in ends:
            for address in self._states[name].of("ip_address"):
                homes.setdefault(address.host, set()).add(name)

        def peers(name: str) -> set[str]:
            domain, address = ends[name]
            site = self.expected[name].site
            return {
                other
                for other in homes.get(address, ())
                if other != name and ends[other][0] == domain and self.expected[other].site == site
            }

        found = {name: peers(name) for name in ends}
        return [
            frozenset((one, other))
            for one in sorted(found)
            for other in sorted(found[one])
            if one < other and one in found[other]
        ]

    # Changing ---------------------------------------------------------------------------------------------

    def unit_of(self, modelname: str, identity: Mapping[str, Any]) -> str:
        """Return the device: everything on it changes together or not at all."""
        return str(identity["name"] if modelname == "device" else identity["device"])

    def identify(self, unit: str) -> dict[str, str]:
        """Return the site, the role, and the host name and serial number that the box had when it was read."""
        device: Any = self.get("device", {"name": unit})
        facts = {
            "site": device.site,
            "role": device.role,
            "hostname": device.hostname,
            "serial": device.serial,
        }
        return {name: value for name, value in facts.items() if value}

    def transaction(self, unit: str) -> DeviceSession:
        """Return a new session for a device."""
        fence = None if self.fence is None else partial(self.fence, unit)
        platform, text = self.platform_of(unit), self.replacing.get(unit)
        if text is not None:
            session: DeviceSession = ReplacingSession(unit, platform, self.fleet, text, fence)
        else:
            session = DeviceSession(
                unit,
                platform,
                self.fleet,
                self.planned.get(unit),
                recalled=self.recalled.get(unit),
                fence=fence,
            )
        self._sessions[unit] = session
        return session

    def staged_diff(self, unit: str, steps: Sequence[Step]) -> str:
        """Return the device's own diff of what is planned: staged as a candidate, and discarded."""
        session = self.transaction(unit)
        session.naming = _name_of_diff
        try:
            session.begin([step.id for step in steps])
            for step in steps:
                session.stage(_change(step))
            session.prepare()
            diff = session.own_diff()
        finally:
            session.rollback()
            session.close()
        return diff

    def revive(
        self,
        unit: str,
        steps: Iterable[Step],
        *,
        before: str,
        candidate: str = "",
        revert_in: int | None = None,
    ) -> DeviceSession:
        """Return the session of a change that another process has left behind; it is contacted.

        Args:
            steps: what was being done.
            before: the configuration before it.
            candidate: what the change is called on the device.
            revert_in: the seconds of the commit's timer.
        """
        session = self.transaction(unit)
        for step in steps:
            session.stage(_change(step))
        session.revive(before, candidate, revert_in)
        return session

    def recall(self, texts: Mapping[str, str], sites: Mapping[str, str]) -> RecalledAdapter:
        """Return what devices were, from their configurations, as what they are to be again."""
        for unit, text in texts.items():
            platform = self.platform_of(unit)
            self.recalled[unit] = parse(text, unit, platform)
            ports = [one.name for one in self._states[unit].of("interface")] if unit in self._states else []
            put_silent_ports(self.recalled[unit], platform, ports)
        return RecalledAdapter(self.recalled, sites, name="recalled")

    def session(self, device: str) -> DeviceSession:
        """Return the session under way on a device, for the hooks."""
        return self._sessions[device]

    def renew(self, devices: Iterable[str]) -> None:
        """Let the records of devices be what their sessions read back last."""
        for name in devices:
            session, device = self._sessions[name], self.get("device", {"name": name})
            found, session.found = session.found, {}  # they hang in this dataset from now on
            if not found:
                continue
            site = self._site(device.site)
            self.remove(device, remove_children=True)
            site.remove_child(device)
            facts = device.model_dump(exclude={*device.get_children_mapping().values(), "adapter"})
            hang(self, site, Device(**facts), found)
        for site in self.get_all(Site):
            site.devices.sort()

    def preview(self, units: Mapping[str, Sequence[Step]]) -> dict[str, list[str]]:
        """Return the lines that each device would be sent, from what was read; nothing is contacted.

        A device that can't do what is planned has no lines, and is in `failures` afterwards.
        """
        native: dict[str, list[str]] = {}
        for unit, steps in units.items():
            try:
                native[unit] = self._lines(unit, [_change(step) for step in steps])
            except PrepareError as error:
                problem = Problem(unit, error.code, error.message, error.hint)
                self.failures[unit] = PlanError(
                    f"{unit}: what is planned is not possible", problems=[problem]
                )
        return native

    def after(self, units: Mapping[str, Sequence[Step]]) -> RecalledAdapter:
        """Return what all devices will be when these steps are applied, from what was read; nothing is contacted.

        Raises PrepareError when the steps were planned from something else.
        """
        states = {name: self._state_after(name, units.get(name, ())) for name in self._states}
        sites = {name: self.expected[name].site for name in states}
        dataset = RecalledAdapter(states, sites, name="after")
        for name in states:
            facts, twin = self.get(Device, name), dataset.get(Device, name)
            twin.role, twin.platform, twin.serial = facts.role, facts.platform, facts.serial
        return dataset

    def _state_after(self, unit: str, steps: Iterable[Step]) -> DeviceState:
        platform, now = self.platform_of(unit), self._states[unit]
        changes = [_change(step) for step in steps]
        wanted = wanted_after(platform, now, changes, self.recalled.get(unit))
        for key in sections_of(now, wanted, [change.key for change in changes]):
            if obj := wanted.objects.get(key):
                wanted.put(obj.model_copy(update=_looks(platform, wanted, key)))
        # An address may have moved to an interface that comes later.
        wanted.objects = dict(sorted(wanted.objects.items(), key=lambda item: item[0][0] == "ip_address"))
        return wanted

    def _lines(self, unit: str, changes: list[Change]) -> list[str]:
        now = self._states[unit]
        platform = self.platform_of(unit)
        wanted = wanted_after(platform, now, changes, self.recalled.get(unit))
        lines = lines_between(platform, now, wanted, [change.key for change in changes])
        return [shown(line) for line in lines]

    def close(self) -> None:
        """Close all connections."""
        self.fleet.close_all()


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _not_in_inventory(name: str) -> Unreachable:
    return Unreachable(
        f"{name}: it is intended, but not in the Nornir inventory",
        code="DEVICE-NOT-IN-INVENTORY",
        hint="add the host with its address",
    )


def _not_asked(name: str) -> Unreachable:
    return Unreachable(f"{name}: not asked: the run was interrupted", code="INTERRUPTED")


def _name_of_diff(*, back: bool) -> str:  # noqa: ARG001 - nothing is committed that would have to be taken back
    """Return what a candidate is called that is staged for its diff only: no run, by which it could be found."""
    return f"{OURS}diff-{secrets.token_hex(4)}"


def _change(step: Step) -> Change:
    return Change(step.action, step.model, step.identity, step.before or {}, step.after or {})


def _looks(platform: Platform, state: DeviceState, key: Key) -> dict[str, Any]:
    """Return how the native section of an object will look: its digest is not known before it is read."""
    obj = state.objects[key]
    if not isinstance(obj, Interface):
        return {"section": None}
    configured = obj.get_attrs() != platform.defaults_on(state, obj.kind) or state.addresses_of(obj.name)
    return {"section": None, "pristine": not (configured or state.kept_lines(key))}


def _respell(intended: Adapter, interfaces: Iterable[Any], state: DeviceState) -> None:
    """Call interfaces as their device does: who compares names does not mind, and who reads them does."""
    for interface in interfaces:
        name = _spelling(interface.name, state)
        if interface.name != name:
            interface.name = name
            for address in intended.get_by_uids(interface.addresses, "ip_address"):
                address.interface = name
        if interface.lag:
            interface.lag = _spelling(interface.lag, state)


def _spelling(name: str, state: DeviceState) -> str:
    """Return an interface's name in the device's own spelling; a subinterface to come has that of its port."""
    if there := state.interface(name):
        return there.name
    port, dot, number = name.partition(".")
    there = state.interface(port) if dot else None
    return f"{there.name}.{number}" if there else name


def _unfit_vlan(vlan: Any, state: DeviceState, platform: Platform) -> Iterable[Problem]:
    """Spell a VLAN's name as its device does, and say where it can't come to be."""
    vlan.name = None if vlan.name == platform.default_vlan_name(vlan.vid) else vlan.name or None
    where = f"{vlan.device} vlan {vlan.vid}"
    if why := state.why_foreign(f"vlan {vlan.vid}"):
        yield Problem(where, "PLAN-UNSUPPORTED", f"it can't be managed: {why}", "take it out of the intent")
    why = state.impossible.get("vlan")
    if why and ("vlan", vlan.get_unique_id()) not in state.objects:
        message = f"a VLAN is not possible on {platform.name}: {why}"
        yield Problem(where, "PLAN-UNSUPPORTED", message, "take it out of the intent")


def _port_exists(interface: Any, state: DeviceState) -> bool:
    """Return whether a physical port is there, for a subinterface the one below it."""
    if ("interface", interface.get_unique_id()) in state.objects:
        return True
    port = interface.name.partition(".")[0]
    return interface_kind(port).logical or state.interface(port) is not None


def _observe(interface: Any, seen: Mapping[str, Any] | None) -> None:
    """Put what the getters saw on an interface; -1 and 0 mean that the device does not know."""
    if seen is not None:
        # Straight into the record: nothing here is validated or managed, and there are many.
        interface.__dict__.update(
            oper_up=seen.get("is_up"),
            speed=seen.get("speed") if (seen.get("speed") or 0) > 0 else None,
            mac=seen.get("mac_address") or None,
        )
