"""Validation of a run: rules and validators are asked before the first write, and after each device's change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import Problem, ProblemsError
from driftline.engine.overlay import Overlay, after

from .judging import Key, check_rules, find_links, touched_by
from .validators import Context, ask_validators

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from driftline.engine import Plan
    from driftline.engine.typing import Dataset

    from .rules import Rule
    from .validators import Validator


class ValidationRefused(ProblemsError):
    """A rule or a validator forbids the run; nothing was written."""

    default_code = "VALIDATION"
    default_hint = "correct the intent, or the rule or validator that it names"


class Validation:
    """What a run must pass. Make it of the plan that is going to be applied, when it is known to be fresh.

    It is only read afterwards, so many devices can be validated at once.
    """

    def __init__(
        self, rules: Sequence[Rule], validators: Sequence[Validator], plan: Plan, actual: Dataset
    ) -> None:
        self.rules = rules
        self.validators = validators
        self.plan = plan
        self.state = after(plan.steps, actual) if rules or validators else Overlay(actual, {})
        self._links = find_links(rules, self.state)
        self._touched = {unit: touched_by(steps, actual) for unit, steps in plan.units.items()}

    def check_before(self) -> tuple[Problem, ...]:
        """Judge the state that the plan leads to, and return the warnings.

        Raises:
            ValidationRefused: the plan leads to a violation, or a validator objects; all of them are named.
        """
        touched = frozenset[Key]().union(*self._touched.values())
        verdict = check_rules(self.rules, self.state, touched=touched, links=self._links)
        objections = ask_validators(self.validators, "pre", Context(self.plan, self.state))
        problems = (*verdict.problems, *objections)
        if problems:
            raise ValidationRefused("the plan is not valid", problems=problems)
        return verdict.warnings

    def check_after(self, unit: str, objects: Mapping[Key, Any]) -> list[Problem]:
        """Judge a device as it was read back; what is returned means that its change must not stay.

        The other devices are judged as they are planned, whether they have been changed yet or not.

        Args:
            objects: all objects that the device has now.
        """
        if not self.rules and not self.validators:
            return []
        touched = self._touched.get(unit, frozenset())
        state = Overlay(self.state, {**dict.fromkeys(touched), **objects})
        verdict = check_rules(self.rules, state, touched=touched, links=self._links, everything=False)
        return [
            *verdict.problems,
            *ask_validators(self.validators, "post", Context(self.plan, state, unit)),
        ]
