"""A driver behind a fence: before everything that the device is asked, somebody says whether it still may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Fenced:
    """A NAPALM driver whose methods are called only while the fence lets them through."""

    __slots__ = ("_driver", "_fence")

    def __init__(self, driver: Any, fence: Callable[[], object]) -> None:
        self._driver = driver
        self._fence = fence

    def __getattr__(self, name: str) -> Any:
        """Return a method that asks the fence first, or any other attribute as it is."""
        found = getattr(self._driver, name)
        if not callable(found):
            return found

        def method(*arguments: Any, **named: Any) -> Any:
            self._fence()
            return found(*arguments, **named)

        return method
