"""Health checks while a change can still be taken back by itself: after it was read back, before it is confirmed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from driftline.devices.errors import translate
from driftline.engine.exceptions import Problem, VerifyError
from driftline.engine.transaction import WrappedTransaction
from driftline.runs import CommandCheck, GetterCheck, HookCheck, asked, evaluate
from driftline.runs.plugins import load_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from driftline.devices import Fleet
    from driftline.engine.transaction import Transaction
    from driftline.network import Device
    from driftline.runs import HealthCheck

HOOKS = "driftline.health"
"""The entry points that a check's `hook` is looked for in; it is called with a device's name and NAPALM driver."""


def expect_hooks(checks: Iterable[HealthCheck]) -> None:
    """Raise SettingsError when the function of a check can't be loaded: it must not be found out half-way."""
    for check in checks:
        if isinstance(check, HookCheck):
            load_function(check.hook, HOOKS)


@dataclass(frozen=True, slots=True)
class Health:
    """What is asked of devices, and through which connections."""

    checks: Sequence[HealthCheck]
    fleet: Fleet

    @property
    def patience(self) -> int:
        """The seconds that a device's checks may take at most, beside the answers themselves."""
        return int(sum((c.wait + c.retries * c.interval).total_seconds() for c in self.checks))

    def around(self, device: Device, transaction: Transaction) -> Transaction:
        """Return a transaction that is verified only when the device is in good health."""
        mine = [check for check, __ in asked(self.checks, [device])]
        return Watched(transaction, device.name, mine, self.fleet) if mine else transaction


class Watched(WrappedTransaction):
    """A transaction whose unit is asked for its health after it was read back."""

    def __init__(self, inner: Transaction, device: str, checks: Sequence[HealthCheck], fleet: Fleet) -> None:
        super().__init__(inner)
        self._device = device
        self._checks = checks
        self._fleet = fleet

    def verify(self) -> None:
        """Read the target back, then ask for its health; raises VerifyError, also when there is no answer."""
        self._inner.verify()
        for check in self._checks:
            problem = _asked(check, self._device, partial(self._answer, check))
            if problem is not None:
                raise VerifyError(
                    f"{self._device}: not in good health after the change: {problem.message}",
                    code="HEALTH",
                    hint=problem.hint,
                )

    def _answer(self, check: HealthCheck) -> Any:
        driver = self._fleet.driver(self._device)
        if isinstance(check, CommandCheck):
            return driver.cli([check.command])[check.command]
        if isinstance(check, GetterCheck):
            return getattr(driver, check.getter)()
        return load_function(check.hook, HOOKS)(self._device, driver)


def _asked(check: HealthCheck, device: str, ask: Callable[[], Any]) -> Problem | None:
    """Ask until the answer is good; return what was wrong with the last one."""
    time.sleep(check.wait.total_seconds())
    problem = _judged(check, device, ask)
    for __ in range(check.retries):
        if problem is None:
            break
        time.sleep(check.interval.total_seconds())
        problem = _judged(check, device, ask)
    return problem


def _judged(check: HealthCheck, device: str, ask: Callable[[], Any]) -> Problem | None:
    try:
        return evaluate(check, ask(), device)
    except Exception as error:  # noqa: BLE001 - whoever does not answer is not in good health
        message = translate(error, device, "asking").message
        return Problem(device, "HEALTH", f"{check.title}: {message}", "look at the device before going on")
