"""Replacing a device's whole configuration, as one change with the same safeguards as any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftline.engine.exceptions import PrepareError, VerifyError

from .comparing import statements
from .reading import parse, read_running
from .session import DeviceSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from .fleet import Fleet
    from .platforms import Platform


class ReplacingSession(DeviceSession):
    """One device's change to another configuration, whole."""

    def __init__(
        self,
        device: str,
        platform: Platform,
        fleet: Fleet,
        text: str,
        fence: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(device, platform, fleet, fence=fence)
        self._text = text

    def prepare(self) -> str:
        """Load the configuration as the candidate, check that, and return what it changes."""
        if not self.platform.capabilities.replace:
            raise PrepareError(f"{self.device}: {self.platform.name} can't replace a whole configuration")
        self._wanted = parse(self._text, self.device, self.platform)
        self._loaded = True
        self._name_candidate()
        self._do(
            lambda: self._driver.load_replace_candidate(config=self._text),
            "loading the candidate",
            PrepareError,
        )
        return self._checked_diff()

    def _check_candidate(self, text: str) -> None:
        """Raise PrepareError unless every statement would be as wanted."""
        if statements(text) != statements(self._text):
            raise PrepareError(
                f"{self.device}: what it would commit is not what it is to become", code="DEVICE-CANDIDATE"
            )

    def verify(self) -> None:
        """Read the device back; every statement must be as wanted."""
        text = read_running(self._driver, self.device, self.platform)
        self.found = parse(text, self.device, self.platform).objects
        if statements(text) != statements(self._text):
            raise VerifyError(f"{self.device}: read back, it is not what it was to become")

    def _is_as_before(self, text: str) -> bool:
        return statements(text) == statements(self._before)

    def _send_inverse(self) -> None:
        if self.platform.is_pending(self._driver):
            return
        self._reconnect()
        self._name_candidate(back=True)
        self._driver.load_replace_candidate(config=self._before)
        self._undone = True
        self._driver.commit_config()
        self._note_saved()
