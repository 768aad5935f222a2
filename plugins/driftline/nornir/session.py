"""What the tasks of many hosts have in common: the settings, the intended state, and the limits of a run."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from nornir.core import Nornir

from driftline import reverting, workflow
from driftline.applied import About
from driftline.devices import Fleet
from driftline.engine.exceptions import DriftlineError
from driftline.engine.plan import Plan
from driftline.network.logs import log_as_a_guest
from driftline.network.parts import part_of
from driftline.reading import load_chosen, load_for
from driftline.runs import by_model, counts_of, enforce_amounts
from driftline.runs.signatures import unsigned
from driftline.settings import Settings, alone, read_settings
from driftline.workflow import Loaded

from .outcomes import applied_results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nornir.core.task import AggregatedResult

    from driftline.engine import Step
    from driftline.network import IntendedState
    from driftline.runs import Counts

SIGN: Final = "save the plan (Plan.to_json), let it be signed (driftline plan sign), then apply the file"


class Session:
    """One pass over devices: the intended state is loaded once, whatever number of hosts and tasks need it.

        session = Session("driftline.yml")
        nr.run(task=detect_drift, session=session)
        nr.run(task=remediate, session=session)

    It may be used by many threads at once. What is intended stays as it was loaded: open another session for the
    next pass. The limits on what a run may change (`guards`) hold for all that a session changes.
    """

    def __init__(self, settings: Settings | Path | str | None = None) -> None:
        """Open a session; nothing is loaded before it is needed.

        Args:
            settings: the settings or their file; None: `$DRIFTLINE_CONFIG`, else `driftline.yml` here.

        Raises:
            SettingsError: the file is missing or something in it is wrong.
        """
        log_as_a_guest()
        if not isinstance(settings, Settings):
            settings = read_settings(None if settings is None else Path(settings))
        self.settings = settings
        self._lock = threading.RLock()
        self._loaded: IntendedState | DriftlineError | None = None
        self._fleets: WeakKeyDictionary[Nornir, Fleet] = WeakKeyDictionary()
        self._changing: list[Step] = []
        self._plans: WeakKeyDictionary[Nornir, dict[str, Plan]] = WeakKeyDictionary()

    # What the tasks of single hosts need -------------------------------------------------------------------

    @property
    def intended(self) -> IntendedState:
        """What is intended, loaded by the first who asks; the others wait. Raises LoadError, to all alike."""
        with self._lock:
            if self._loaded is None:
                try:
                    self._loaded = workflow.load_intended(self.settings)
                except DriftlineError as error:
                    self._loaded = error
            if isinstance(self._loaded, DriftlineError):
                raise self._loaded
            return self._loaded

    @cached_property
    def counts(self) -> Counts:
        """How many objects are intended, by site and model."""
        return counts_of(self.intended)

    def fleet(self, nornir: Nornir) -> Fleet:
        """Return the hosts of a Nornir object as driftline's: its connections and runner, without its processors."""
        with self._lock:
            if nornir not in self._fleets:
                quiet = Nornir(nornir.inventory, nornir.config, runner=nornir.runner)
                credentials = self.settings.credentials.resolved(self.settings.folder)
                self._fleets[nornir] = Fleet.from_nornir(quiet, self.settings.device_connection, credentials)
            return self._fleets[nornir]

    def load(self, name: str, nornir: Nornir) -> Loaded:
        """Load what is intended for a host, and its actual state; nothing is chosen where nothing is intended."""
        intended = part_of(self.intended, name)
        chosen = {device.name for device in intended.get_all("device")}
        actual = load_chosen(intended, chosen, self.settings, None, fleet=self.fleet(nornir).only(name))
        actual.fit(intended)
        return Loaded(intended, actual, frozenset(chosen))

    def planned(self, loaded: Loaded) -> Plan:
        """Return the plan for what was loaded; like any part of a plan it tells how much is intended in all."""
        made = workflow.plan(loaded, workflow.detect(loaded), self.settings)
        return made.with_intended(self.counts)

    @property
    def for_one(self) -> Settings:
        """The settings for one host by itself; what the limits allow in all is the session's to judge.

        Raises:
            SettingsError: hosts are to change together, which tasks of single hosts can't do.
        """
        return alone(
            self.settings, "NORNIR-TOGETHER", "use Session.apply, or set apply.scope: unit without batches"
        )

    def admit(self, made: Plan) -> None:
        """Raise GuardBreach when this plan with all that the session has changed before is more than is allowed."""
        with self._lock:
            steps = [*self._changing, *made.steps]
            self._enforce(steps, by_model(made.intended))
            self._changing = steps

    def part(self, plan: Plan | Path | str, nornir: Nornir) -> tuple[Plan, datetime | None]:
        """Return the part of a plan that is for the hosts of a run, and when it was made, as far as that is known.

        All of it is judged before the first host is changed, once.

        Raises:
            PlanError: the file can't be read, is no plan, or lacks a signature that the settings require.
            GuardBreach: it is more than is allowed.
        """
        with self._lock:
            plans, made_at = self._plans.setdefault(nornir, {}), _made_at(plan)
            key = plan.id if isinstance(plan, Plan) else f"{plan} {made_at}"  # the file may be written anew
            if key not in plans:
                made = self._read(plan).restricted_to(nornir.inventory.hosts)
                self._enforce(made.steps, by_model(made.intended))
                plans[key] = made
            return plans[key], made_at

    def _read(self, plan: Plan | Path | str) -> Plan:
        if not isinstance(plan, Plan):
            return workflow.read_plan(Path(plan), self.settings)
        if self.settings.signing.required:
            raise unsigned("this plan is none of a file", SIGN)
        return plan

    def _enforce(self, steps: Sequence[Step], objects: dict[str, int]) -> None:
        enforce_amounts(self.settings.guards, steps, objects)

    # All hosts of a Nornir object in one run ---------------------------------------------------------------

    def apply(
        self,
        nornir: Nornir,
        plan: Plan | Path | str,
        *,
        ticket: str = "",
        comment: str = "",
    ) -> AggregatedResult:
        """Apply a plan to all hosts of a Nornir object as one run: with the scope and the batches of the settings.

        Returns:
            the results as `nr.run` has them, one for each device of the plan; all carry the same run.

        Raises:
            DriftlineError: it is not allowed or out of date; nothing was written then.
        """
        hosts = nornir.inventory.hosts.keys() - nornir.data.failed_hosts
        made, made_at = self._read(plan).restricted_to(hosts), _made_at(plan)
        actual = load_for(made, self.settings, fleet=self.fleet(nornir))
        about = About("apply", ticket, comment, plan_time=made_at)
        applied = reverting.apply(made, actual, self.settings, about=about)
        return applied_results("driftline apply", nornir.inventory.hosts, applied)


def _made_at(plan: Plan | Path | str) -> datetime | None:
    """Return when a plan's file was written; None: it is none of a file, or there is no such file."""
    if isinstance(plan, Plan) or not (file := Path(plan)).is_file():
        return None
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
