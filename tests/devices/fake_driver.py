"""A driver that behaves as NAPALM's for IOS, NX-OS and IOS XR, over a model of the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cli_model import CliDevice, Refused

if TYPE_CHECKING:
    from .boxes import Box

MERGE_FAILED = "Configuration merge failed"


class MergeConfigException(Exception):
    """NAPALM's, by its name."""


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

    def get_config(self, retrieve: str) -> dict[str, str]:
        startups = {"ios": f"Using 12 out of 34 bytes\n{self.startup}", "nxos": self.startup, "iosxr": ""}
        startup = startups[self.box.name] if retrieve == "all" else ""
        return {"running": self.device.running_config, "startup": startup, "candidate": ""}

    def load_merge_candidate(self, config: str) -> None:
        self.candidate = config.splitlines()

    def compare_config(self) -> str:
        return "\n".join(f"+{line}" for line in self.candidate)

    def commit_config(self, revert_in: int | None = None) -> None:
        self.timers.append(revert_in)
        if revert_in is not None:
            if self.box.name != "ios":
                raise NotImplementedError
            assert revert_in % 60 == 0
            self.reverting = self.device.running_config
        if not self.ignoring:
            self._merge()
        if revert_in is None:
            self.startup = self.device.running_config

    def _merge(self) -> None:
        before = self.device.running_config
        try:
            self.device.change(*self.candidate)
        except Refused as error:
            self.device, self.reverting = (
                CliDevice(self.box.name, before),
                None,
            )  # the driver rolls back by itself
            raise MergeConfigException(f"{MERGE_FAILED}: {error}") from error

    def has_pending_commit(self) -> bool:
        if self.box.name != "ios":
            raise NotImplementedError
        return self.reverting is not None

    def confirm_commit(self) -> None:
        assert self.reverting is not None
        self.reverting = None
        self.startup = self.device.running_config

    def discard_config(self) -> None:
        self.candidate = []

    def rollback(self) -> None:
        assert self.box.name == "ios"
        self.fire()

    def fire(self) -> None:
        """The timer runs out."""
        if self.reverting is not None:
            self.device, self.reverting = CliDevice(self.box.name, self.reverting), None

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
