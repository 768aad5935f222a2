"""A driver that behaves as NAPALM's for IOS, NX-OS, IOS XR and Junos, over a model of the device."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from napalm.base import NetworkDriver

from .cli_model import Refused

if TYPE_CHECKING:
    import pytest

    from .boxes import Box

MERGE_FAILED = "Configuration merge failed"
WITH_TIMER = ("ios", "junos")


class MergeConfigException(Exception):
    """NAPALM's, by its name."""


def let_napalm_find(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a driver where NAPALM looks first for the one of its platform."""

    class Found(NetworkDriver):  # type: ignore[misc]
        def __new__(cls, **options: Any) -> Any:
            driver.given.update(options)
            return driver

    monkeypatch.setitem(sys.modules, "custom_napalm", ModuleType("custom_napalm"))
    for name in {driver.box.name, driver.box.platform.driver} - {""}:
        module = ModuleType(f"custom_napalm.{name}")
        module.Found = Found  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)


class Driver:
    """A driver as NAPALM's for these platforms: a client-side candidate, and a timer where there is one."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.device = box.device()
        self.startup = self.device.running_config
        self.candidate: list[str] = []
        self.timers: list[int | None] = []
        self.reverting: str | None = None
        self.ignoring = False
        """It says ok to a commit, and does nothing."""
        self.locked = False
        self.given: dict[str, Any] = {}
        """What NAPALM was given to make it."""

    def get_config(self, retrieve: str, format: str = "text") -> dict[str, str]:  # noqa: A002 - NAPALM's name
        assert (format == "set") == (self.box.name == "junos")
        startups = {"ios": f"Using 12 out of 34 bytes\n{self.startup}", "nxos": self.startup}
        startup = startups.get(self.box.name, "") if retrieve == "all" else ""
        candidate = self.box.device(self.device.running_config)
        if retrieve == "candidate":
            candidate.change(*self.candidate)
        return {
            "running": self.device.running_config,
            "startup": startup,
            "candidate": candidate.running_config,
        }

    def load_merge_candidate(self, config: str) -> None:
        self.candidate, self.locked = config.splitlines(), True

    def compare_config(self) -> str:
        return "\n".join(f"+{line}" for line in self.candidate)

    def commit_config(self, revert_in: int | None = None) -> None:
        self.timers.append(revert_in)
        if revert_in is not None:
            if self.box.name not in WITH_TIMER:
                raise NotImplementedError
            assert revert_in % 60 == 0
            self.reverting = self.device.running_config
        if not self.ignoring:
            self._merge()
        self.locked = False
        if revert_in is None:
            self.startup = self.device.running_config

    def _merge(self) -> None:
        before = self.device.running_config
        try:
            self.device.change(*self.candidate)
        except Refused as error:
            self.device, self.reverting = self.box.device(before), None  # the driver rolls back by itself
            raise MergeConfigException(f"{MERGE_FAILED}: {error}") from error

    def has_pending_commit(self) -> bool:
        if self.box.name not in WITH_TIMER:
            raise NotImplementedError
        return self.reverting is not None

    def confirm_commit(self) -> None:
        assert self.reverting is not None
        self.reverting = None
        self.startup = self.device.running_config

    def discard_config(self) -> None:
        self.candidate, self.locked = [], False

    def rollback(self) -> None:
        assert self.box.name in WITH_TIMER
        self.fire()

    def fire(self) -> None:
        """The timer runs out."""
        if self.reverting is not None:
            self.device, self.reverting = self.box.device(self.reverting), None

    # For reading whole devices --------------------------------------------------------------------------------

    def open(self) -> None:
        pass

    def close(self) -> None:
        self.candidate = []

    def get_facts(self) -> dict[str, Any]:
        names = list(self.device.ports)
        return {
            "hostname": "leaf1",
            "os_version": "1.0",
            "serial_number": "A1",
            "model": "M",
            "interface_list": names,
        }

    def get_interfaces(self) -> dict[str, dict[str, Any]]:
        return {name: {"is_up": port.up, "speed": 1000.0} for name, port in self.device.ports.items()}
