"""A synchronisation: a diff is checked, carried out and reported on, object by object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from .checkpoint import Checkpoint
from .enum import DiffSyncFlags, DiffSyncStatus
from .exceptions import CheckpointError, ObjectRefused, SyncValidationError
from .executor import execute
from .loading import relieved
from .plan import by_unit, make_steps, stable_id
from .policy import Policy
from .rehearsal import rehearse
from .results import UnitOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from .diff import Diff, DiffElement
    from .exceptions import DriftlineError
    from .plan import Step
    from .results import RunResult, StepResult, UnitResult
    from .typing import Dataset, ProgressCallback, Validator


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How a synchronisation behaves."""

    flags: DiffSyncFlags = DiffSyncFlags.NONE
    callback: ProgressCallback | None = None
    atomic: bool = False
    """Whether all changes are made or none: a failure takes everything back, by the hooks' opposites."""
    dry_run: bool = False
    """Whether the changes are only checked: validators, the models' own checks and their types."""
    checkpoint: str | Path | None = None
    """A file that remembers what was done, so that the same synchronisation goes on where it was cut off."""
    before: Sequence[Validator] = ()
    after: Sequence[Validator] = ()


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What became of a synchronisation: the diff, and an outcome for every object that was to change."""

    diff: Diff
    run: RunResult
    dry_run: bool = False
    stop_on_failure: bool = True
    objects: tuple[StepResult, ...] = field(init=False)

    def __post_init__(self) -> None:
        """List the outcomes in the order of the changes."""
        object.__setattr__(self, "objects", tuple(step for unit in self.run.units for step in unit.steps))

    @property
    def failed(self) -> tuple[StepResult, ...]:
        """The objects that are not as they should be."""
        return tuple(each for each in self.objects if each.status is not DiffSyncStatus.SUCCESS)

    @property
    def changed(self) -> bool:
        """Whether anything was changed, and stayed so."""
        return bool(self.run.counts[UnitOutcome.APPLIED])

    @property
    def cut_short(self) -> bool:
        """Whether an interruption, or a failure that nobody wanted to go on after, ended it early."""
        return self.run.interrupted or (self.stop_on_failure and self._first_error() is not None)

    def raise_first(self, *, refusals: bool = False) -> None:
        """Raise the first error, an interruption as one; a hook's refusal of its object only when asked to.

        What a hook raised is raised as it was, with a note of which object it was about.
        """
        interruption = next((error for error in self._errors() if error.code == "INTERRUPTED"), None)
        if self.run.interrupted and interruption is None:
            raise KeyboardInterrupt from self._first_error(refusals=True)
        error = interruption or self._first_error(refusals=refusals)
        if error is None:
            return
        cause = error.__cause__
        if error.code not in ("UNEXPECTED", "INTERRUPTED") or cause is None:
            raise error
        for note in (error.message, *getattr(error, "__notes__", ())):
            cause.add_note(note)
        raise cause

    def _errors(self) -> Iterator[DriftlineError]:
        return (unit.error for unit in self.run.units if unit.error is not None)

    def _first_error(self, *, refusals: bool = False) -> DriftlineError | None:
        return next(
            (error for error in self._errors() if refusals or not isinstance(error, ObjectRefused)), None
        )


def synchronise(source: Any, target: Any, diff: Diff, options: SyncOptions) -> SyncResult:
    """Change the target as a diff says, and return what became of every object; raises nothing that a hook does.

    Raises SyncValidationError when a validator says no: before anything is written, or afterwards; and
    CheckpointError.
    """
    if options.atomic and options.checkpoint is not None:
        raise CheckpointError(
            "an atomic synchronisation has no checkpoint: it leaves nothing half-done to go on with",
            code="CHECKPOINT-ATOMIC",
            hint="use one of the two",
        )
    _validated(options.before, diff, "before the synchronisation")
    with relieved(len(diff)):
        steps = make_steps(diff, target, flags=options.flags, identify=_identify(options))
        if options.dry_run:
            return SyncResult(diff, rehearse(steps, target), dry_run=True)
        log = structlog.get_logger().new(src=source, dst=target, flags=options.flags)
        log.info("Beginning sync")
        run = _carried_out(steps, target, diff, options, log)
    result = SyncResult(diff, run, stop_on_failure=_stops(options))
    _ask_afterwards(options, result)
    if DiffSyncFlags.LOG_UNCHANGED_RECORDS in options.flags:
        _log_unchanged(diff, target, log)
    log.info("Sync complete")
    return result


def _validated(
    validators: Sequence[Validator], diff: Diff, when: str, result: SyncResult | None = None
) -> None:
    for validator in validators:
        if not validator(diff):
            name = getattr(validator, "__name__", type(validator).__name__)
            raise SyncValidationError(f"the validator {name} said no {when}", result=result)


def _ask_afterwards(options: SyncOptions, result: SyncResult) -> None:
    """Ask the validators about a synchronisation that went to its end, or tell that they have said no."""
    for unit in result.run.units:
        # About no object: it is not what a hook raised.
        if isinstance(unit.error, SyncValidationError) and not unit.error.model:
            unit.error.result = result
            raise unit.error
    asked = options.atomic and result.objects
    if not asked and not result.cut_short:
        _validated(options.after, result.diff, "to the changes, which stay", result)


def _carried_out(steps: list[Step], target: Any, diff: Diff, options: SyncOptions, log: Any) -> RunResult:
    if options.checkpoint is None:
        return _executed(steps, target, diff, options, log, None)
    with Checkpoint.open(options.checkpoint, steps, target) as checkpoint:
        return checkpoint.completed(_executed(steps, target, diff, options, log, checkpoint))


def _executed(
    steps: list[Step], target: Any, diff: Diff, options: SyncOptions, log: Any, checkpoint: Checkpoint | None
) -> RunResult:
    done = checkpoint.done if checkpoint else {}
    left = [step for step in steps if step.id not in done]
    progress = _Progress(options.callback, diff, len(done))

    def on_unit(unit: UnitResult) -> None:
        if checkpoint is not None:
            checkpoint.note(unit)
        progress.advance(len(unit.steps))

    policy = Policy(
        stop_on_failure=_stops(options),
        check=(lambda: _validated(options.after, diff, "to the changes")) if options.atomic else None,
    )
    units = {target.name: left} if options.atomic and left else by_unit(left)
    told = None if checkpoint is None and options.callback is None else on_unit
    run = execute(units, target, policy=policy, on_unit=told, log=log)
    progress.finish(run)
    return run


def _identify(options: SyncOptions) -> Callable[[str, DiffElement], str] | None:
    """Return what gives the steps their ids: a checkpoint needs the same ones the next time."""
    return None if options.checkpoint is None else stable_id


def _stops(options: SyncOptions) -> bool:
    return DiffSyncFlags.CONTINUE_ON_FAILURE not in options.flags


class _Progress:
    """Tells the callback how far the synchronisation is; `total` counts all objects of the diff."""

    def __init__(self, callback: ProgressCallback | None, diff: Diff, done: int) -> None:
        self._callback = callback
        self._total = 0 if callback is None else len(diff)
        self._done = done

    def advance(self, objects: int) -> None:
        self._done += objects
        if self._callback is not None:
            self._callback("sync", self._done, self._total)

    def finish(self, run: RunResult) -> None:
        """Tell that all is done: the other objects are there for what is below them."""
        if self._callback is not None and self._done < self._total and not run.interrupted:
            self._callback("sync", self._total, self._total)


def _log_unchanged(diff: Diff, target: Dataset, log: Any) -> None:
    for element in diff.get_children():
        if element.action is None:
            log.debug(
                "No changes to apply; no action needed",
                action=None,
                model=element.type,
                unique_id=target.model_class(element.type).unique_id_of(element.keys),
                diffs=element.get_attrs_diffs(),
                status=DiffSyncStatus.SUCCESS.value,
            )
        _log_unchanged(element.child_diff, target, log)
