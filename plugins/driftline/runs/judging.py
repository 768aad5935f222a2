"""Judging a state by the rules: what a change leads to is stopped by, and what is wrong anyway."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from driftline.engine.exceptions import Problem
from driftline.network import Interface, select

from .matching import fits, known

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from driftline.engine import Step

    from .rules import Equal, Never, Pattern, Rule

Key = tuple[str, str]
"""(model, unique id)."""


class State(Protocol):
    """A dataset that is only read."""

    def get_or_none(self, obj: Any, identifier: str | Mapping[str, Any]) -> Any:
        """Return an object, or None."""

    def get_all(self, obj: Any) -> list[Any]:
        """Return all objects of one model."""

    def model_class(self, modelname: str) -> Any:
        """Return the class of a model by its name."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say about a state."""

    problems: tuple[Problem, ...] = ()
    """Violations that the change has to do with; it must not be made, or not stay."""
    warnings: tuple[Problem, ...] = ()
    """Violations elsewhere, and ends of links that were not found."""


@dataclass(frozen=True, slots=True)
class Links:
    """The links that a rule is about."""

    ends: tuple[tuple[Key, Key], ...] = ()
    lost: tuple[tuple[str, str], ...] = ()
    """(where, what is wrong): links of which an end is not in the data."""


def touched_by(steps: Iterable[Step], state: State) -> frozenset[Key]:
    """Return the keys of the objects that steps change."""
    return frozenset(
        (step.model, state.model_class(step.model).unique_id_of(step.identity)) for step in steps
    )


def find_links(rules: Iterable[Rule], state: State) -> dict[int, Links]:
    """Return the links that the rules are about, by the number of the rule."""
    return {
        number: _links(rule.equal, state) for number, rule in enumerate(rules, 1) if rule.equal is not None
    }


def check_rules(
    rules: Sequence[Rule],
    state: State,
    *,
    touched: Collection[Key],
    links: Mapping[int, Links] | None = None,
    everything: bool = True,
) -> Verdict:
    """Judge a state by the rules.

    Args:
        state: the state that a change leads to, or that was read back after it.
        touched: the objects that the change is about; violations by these and at their links' ends stop it.
        links: what `find_links` told, to save the search.
        everything: also look for violations elsewhere, which are warnings.
    """
    found = find_links(rules, state) if links is None else links
    judging = _Judging(state, frozenset(touched), everything)
    for number, rule in enumerate(rules, 1):
        judging.rule(number, rule, found.get(number, Links()))
    return Verdict(tuple(judging.problems), tuple(judging.warnings))


class _Judging:
    """One state under judgement."""

    def __init__(self, state: State, touched: frozenset[Key], everything: bool) -> None:  # noqa: FBT001
        self.state = state
        self.touched = touched
        self.everything = everything
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def rule(self, number: int, rule: Rule, links: Links) -> None:
        """Judge by one rule."""
        told = f"(rule {number}: {rule.why})"
        if rule.never is not None:
            self._objects(rule.never, told, "RULE-NEVER", _breaks_never)
        if rule.pattern is not None:
            self._objects(rule.pattern, told, "RULE-PATTERN", _breaks_pattern)
        if rule.equal is not None:
            self._links(rule.equal, told, links)

    def _objects(self, rule: Any, told: str, code: str, breaks: Callable[[Any, Any], str]) -> None:
        chosen = _chosen(rule.devices, self.state)
        for obj in self._candidates(rule.model):
            message = "" if chosen is not None and obj.device not in chosen else breaks(rule, obj)
            if message:
                self._tell(obj, code, f"{message} {told}", stops=_key(obj) in self.touched)

    def _candidates(self, model: str) -> Iterable[Any]:
        if self.everything:
            return self.state.get_all(model)
        found = (self.state.get_or_none(*key) for key in sorted(self.touched) if key[0] == model)
        return (obj for obj in found if obj is not None)

    def _links(self, rule: Equal, told: str, links: Links) -> None:
        chosen = _chosen(rule.devices, self.state)
        for ends in links.ends:
            stops = not self.touched.isdisjoint(ends)
            if not (stops or self.everything):
                continue
            one, other = sorted((self.state.get_or_none(*end) for end in ends), key=self._first)
            if (
                one is None
                or other is None
                or (chosen is not None and chosen.isdisjoint(_devices(one, other)))
            ):
                continue
            for message in _unequal(rule, one, other):
                self._tell(one, "RULE-EQUAL", f"{message} {told}", stops=stops)
        if self.everything:
            self.warnings += [
                Problem(where, "RULE-LINK", f"{what} {told}", _HINT) for where, what in links.lost
            ]

    def _first(self, end: Any) -> bool:
        """Put the end that is touched first: it is the one to be named."""
        return end is None or _key(end) not in self.touched

    def _tell(self, obj: Any, code: str, message: str, *, stops: bool) -> None:
        problem = Problem(_where(obj), code, message, _HINT)
        (self.problems if stops else self.warnings).append(problem)


def _breaks_never(rule: Never, obj: Any) -> str:
    if not (fits(obj, rule.where) and fits(obj, rule.then)):
        return ""
    return " and ".join(f"{name} is {_shown(getattr(obj, name))}" for name in rule.then)


def _breaks_pattern(rule: Pattern, obj: Any) -> str:
    if not (known(obj, rule.attribute) and fits(obj, rule.where)):
        return ""
    value = getattr(obj, rule.attribute)
    if value is None:
        return f"it has no {rule.attribute}" if rule.required else ""
    if re.fullmatch(rule.match, str(value)):
        return ""
    return f"{rule.attribute} is {_shown(value)}, which is not like {rule.match}"


def _unequal(rule: Equal, one: Any, other: Any) -> Iterator[str]:
    for name in rule.attributes:
        here, there = getattr(one, name), getattr(other, name)
        if known(one, name) and known(other, name) and not one.same(name, here, there):
            far = f"{other.device} {other.name}"
            yield f"{name} is {_shown(here)}, and {_shown(there)} at the other end, {far}"


# Links ----------------------------------------------------------------------------------------------------


def _links(rule: Equal, state: State) -> Links:
    pairs = _listed(rule, state) if rule.description is None else _described(rule.description, state)
    ends: dict[frozenset[Key], tuple[Key, Key]] = {}
    lost: list[tuple[str, str]] = []
    for near, far, message in pairs:
        if near is None or far is None:
            lost.append(("" if near is None else _where(near), message))
        else:
            pair = (_key(near), _key(far))
            ends.setdefault(frozenset(pair), pair)
    return Links(tuple(ends.values()), tuple(lost))


def _listed(rule: Equal, state: State) -> Iterator[tuple[Any, Any, str]]:
    for device, name, far_device, far_name in rule.links:
        near, far = _interface(device, name, state), _interface(far_device, far_name, state)
        lost = f"{device} {name}" if near is None else f"{far_device} {far_name}"
        yield near, far, f"an end of the link is not in the data: {lost}"


def _described(pattern: str, state: State) -> Iterator[tuple[Any, Any, str]]:
    search = re.compile(pattern).search
    for near in state.get_all(Interface):
        match = search(near.description) if near.description and known(near, "description") else None
        if match and match["device"] and match["name"]:
            device, name = match["device"], match["name"]
            message = f"the other end that its description names is not in the data: {device} {name}"
            yield near, _interface(device, name, state), message


def _interface(device: str, name: str, state: State) -> Any:
    return state.get_or_none("interface", {"device": device, "name": name})


# Words ----------------------------------------------------------------------------------------------------

_HINT = "correct the intent, or the rule"


def _key(obj: Any) -> Key:
    return obj.get_type(), obj.get_unique_id()


def _devices(*objects: Any) -> set[str]:
    return {obj.device for obj in objects}


def _where(obj: Any) -> str:
    return f"{obj.device} {obj.get_type()} {obj.get_shortname()}"


def _chosen(pattern: str | None, state: State) -> set[str] | None:
    return None if pattern is None else select(state.get_all("device"), pattern)


def _shown(value: Any) -> str:
    """Return a value as the YAML files have it."""
    if value is None:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else repr(value)
