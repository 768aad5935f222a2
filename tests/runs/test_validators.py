"""Validators in Python: found as installed packages bring them, asked at their stage, never passed when broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine.exceptions import GuardBreach, Problem, SettingsError
from driftline.network import Interface
from driftline.runs.validation import Validation, ValidationRefused
from driftline.runs.validators import (
    Context,
    Validator,
    ValidatorSettings,
    ask_validators,
    load_validators,
)

from .network import network, plan_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODULE = '''
"""Checks of a company."""
from driftline.engine.exceptions import Problem


class Jumbo:
    """The MTU of a routed port is the one that was agreed on."""

    name = "jumbo"
    stage = "post"

    def __call__(self, context):
        for port in context.state.get_all("interface"):
            if port.device == context.unit and port.mode == "routed" and port.mtu != context.options["mtu"]:
                yield Problem(f"{port.device} {port.name}", "ACME-MTU", f"mtu is {port.mtu}")


def few(context):
    if len(context.plan.steps) > context.options.get("most", 1):
        return f"{len(context.plan.steps)} steps are too many"


stage_unknown = type("Odd", (), {"stage": "during", "__call__": lambda self, context: None})
number = 7
'''


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package that brings validators."""
    info = tmp_path / "acme_checks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[driftline.validators]\njumbo = acme_checks:Jumbo\nfew = acme_checks:few\nbroken = acme_checks:gone\n"
    )
    (tmp_path / "acme_checks.py").write_text(MODULE)
    (tmp_path / "acme_unimportable.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))


def load(*names: Any) -> tuple[Validator, ...]:
    return load_validators(ValidatorSettings.model_validate(name) for name in names)


def small_plan() -> tuple[Any, Any]:
    """Return a plan that sets the MTU of the leaf's uplink, and the network that it is for."""
    actual, intended = network(), network()
    intended.get(Interface, {"device": "leaf1", "name": "Ethernet49/1"}).mtu = 9000
    return plan_for(actual, intended), actual


def test_a_validator_of_an_installed_package_stops_a_run(acme: None) -> None:
    """It is enabled by its name, and gets the options that the settings have for it."""
    validators = load({"name": "few", "options": {"most": 0}})

    with pytest.raises(ValidationRefused) as raised:
        Validation((), validators, *small_plan()).check_before()

    assert raised.value.problems == (Problem("", "VALIDATOR", "few: 1 steps are too many"),)
    Validation((), load("few"), *small_plan()).check_before()


def test_a_validator_judges_what_was_read_back(acme: None) -> None:
    """A class is made into an object; the device is as it was read, not as it was planned."""
    validation = Validation((), load({"name": "jumbo", "options": {"mtu": 9000}}), *small_plan())
    ports = [each for each in network().get_all(Interface) if each.device == "leaf1"]
    for port in ports:
        port.mtu = 9000
    objects = {("interface", port.get_unique_id()): port for port in ports}

    assert validation.check_before() == ()
    assert validation.check_after("leaf1", objects) == []
    objects["interface", "leaf1__ethernet49/1"].mtu = 1500
    assert validation.check_after("leaf1", objects) == [
        Problem("leaf1 Ethernet49/1", "ACME-MTU", "mtu is 1500")
    ]


def test_a_validator_by_its_place(acme: None) -> None:
    """Without an entry point; the stage is before the first write unless it says so."""
    (validator,) = load("acme_checks:few")

    assert (validator.name, validator.stage) == ("acme_checks:few", "pre")


def test_what_is_installed_and_not_enabled_is_not_asked(acme: None) -> None:
    """Only the settings say who is asked."""
    assert load() == ()


@pytest.mark.parametrize(
    "name",
    ["nowhere", "broken", "acme_checks:gone", "no_such_module:check", "acme_unimportable:check",
     "acme_checks:stage_unknown", "acme_checks:number"],
)  # fmt: skip
def test_a_validator_that_is_none(acme: None, name: str) -> None:
    """It is told by its name when the settings are used; nothing runs without it."""
    with pytest.raises(SettingsError, match=name) as raised:
        load(name)
    assert raised.value.code.startswith(("PLUGIN-", "VALIDATOR-"))
    assert raised.value.hint


def breach(context: Context) -> None:
    raise GuardBreach("too much", code="ACME", hint="do less")


def several(context: Context) -> None:
    raise ValidationRefused("no", problems=[Problem("a", "A", "one"), Problem("b", "B", "two")])


def leaving(context: Context) -> None:
    raise SystemExit(0)


def late(context: Context) -> Any:
    yield "one thing"
    raise KeyError("gone")


@pytest.mark.parametrize(
    ("check", "codes"),
    [
        (lambda context: None, []),
        (lambda context: [], []),
        (lambda context: "so", ["VALIDATOR"]),
        (lambda context: ["so", Problem("x", "X", "so")], ["VALIDATOR", "X"]),
        (breach, ["ACME"]),
        (several, ["A", "B"]),
        (lambda context: context.nothing, ["VALIDATOR-FAILED"]),
        (lambda context: True, ["VALIDATOR-FAILED"]),
        (lambda context: False, ["VALIDATOR-FAILED"]),
        (lambda context: [7], ["VALIDATOR-FAILED"]),
        (leaving, ["VALIDATOR-FAILED"]),
        (late, ["VALIDATOR-FAILED"]),
    ],
)
def test_answers(check: Callable[[Context], object], codes: list[str]) -> None:
    """Nothing, problems, or an error; whatever else it does is a refusal, too."""
    plan, actual = small_plan()

    problems = ask_validators([Validator("mine", "pre", check)], "pre", Context(plan, actual))

    assert [problem.code for problem in problems] == codes


def test_all_are_asked(acme: None) -> None:
    """One that objects does not keep the others from it."""
    checks = [Validator(name, "pre", lambda context: "no") for name in ("one", "two")]

    with pytest.raises(ValidationRefused) as raised:
        Validation((), checks, *small_plan()).check_before()

    assert [each.message for each in raised.value.problems] == ["one: no", "two: no"]
