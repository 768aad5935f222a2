"""Validators: checks of a user's own, in Python, before the first write and after a device was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from driftline.engine.exceptions import DriftlineError, Problem, ProblemsError, SettingsError

from .plugins import load_function

if TYPE_CHECKING:
    from driftline.engine import Plan

    from .judging import State

GROUP = "driftline.validators"
"""The group of entry points in which packages name their validators."""

Stage = Literal["pre", "post"]
_STAGES = ("pre", "post")


class ValidatorSettings(BaseModel):
    """One validator that is to be asked; as text, its name alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    """An entry point of the group `driftline.validators`, or `package.module:name`."""
    options: dict[str, Any] = {}
    """Passed to it as they are."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Context:
    """What a validator is asked about."""

    plan: Plan
    state: State
    """`pre`: the state that the plan leads to. `post`: the same, with the device as it was read back."""
    unit: str | None = None
    """`post`: the device that was changed."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the settings say for this validator."""


@dataclass(frozen=True, slots=True)
class Validator:
    """A validator that was loaded."""

    name: str
    stage: Stage
    ask: Callable[[Context], object]
    options: Mapping[str, Any] = field(default_factory=dict)


def load_validators(enabled: Iterable[ValidatorSettings]) -> tuple[Validator, ...]:
    """Return the validators that the settings name; a class is made into an object first.

    Raises:
        SettingsError: one can't be loaded or is none; see also `load_function`.
    """
    return tuple(_loaded(each) for each in enabled)


def ask_validators(validators: Iterable[Validator], stage: Stage, context: Context) -> list[Problem]:
    """Return what the validators of a stage object to.

    One that fails, or answers something else than problems, objects: nothing is passed because a check broke.
    """
    problems: list[Problem] = []
    for validator in validators:
        if validator.stage == stage:
            problems += _answer(validator, context)
    return problems


def _loaded(settings: ValidatorSettings) -> Validator:
    try:
        found = load_function(settings.name, GROUP)
        if isinstance(found, type):
            found = found()
    except DriftlineError:
        raise
    except Exception as error:  # foreign code may raise anything
        raise _unusable(settings.name, f"{type(error).__name__}: {error}") from error
    stage: Any = getattr(found, "stage", "pre")
    if not callable(found):
        raise _unusable(settings.name, "it can't be called")
    if stage not in _STAGES:
        raise _unusable(settings.name, f"its stage is {stage!r}, and must be 'pre' or 'post'")
    return Validator(getattr(found, "name", settings.name), stage, found, settings.options)


def _unusable(name: str, why: str) -> SettingsError:
    return SettingsError(
        f"the validator {name} can't be used: {why}",
        code="VALIDATOR-UNUSABLE",
        hint="correct it, or take it out of `validators`",
    )


def _answer(validator: Validator, context: Context) -> list[Problem]:
    asked = Context(context.plan, context.state, context.unit, validator.options)
    try:
        return _problems(validator.ask(asked), validator, context)
    except ProblemsError as error:
        return list(error.problems) or [_told(error, validator, context)]
    except DriftlineError as error:
        return [_told(error, validator, context)]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever goes wrong in it, it did not say yes
        return [_failed(validator, context, f"{type(error).__name__}: {error}")]


def _problems(answer: object, validator: Validator, context: Context) -> list[Problem]:
    if answer is None:
        return []
    if isinstance(answer, (str, Problem)):
        answer = [answer]
    if not isinstance(answer, Iterable):
        return [_failed(validator, context, f"it answered {answer!r}, not None or problems")]
    return [_problem(each, validator, context) for each in answer]  # a generator may raise only now


def _problem(one: object, validator: Validator, context: Context) -> Problem:
    if isinstance(one, Problem):
        return one
    if isinstance(one, str):
        return Problem(context.unit or "", "VALIDATOR", f"{validator.name}: {one}")
    return _failed(validator, context, f"it answered {one!r} among its problems")


def _told(error: DriftlineError, validator: Validator, context: Context) -> Problem:
    return Problem(context.unit or "", error.code, f"{validator.name}: {error.message}", error.hint)


def _failed(validator: Validator, context: Context, why: str) -> Problem:
    return Problem(
        context.unit or "",
        "VALIDATOR-FAILED",
        f"the validator {validator.name} failed: {why}",
        "correct it; nothing is taken for valid while it fails",
    )
