"""Functions of others, by the name of an entry point or as `package.module:function`."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from typing import Any

from driftline.engine.exceptions import SettingsError


def load_function(name: str, group: str) -> Any:
    """Return what a name stands for.

    Raises SettingsError: PLUGIN-UNKNOWN when there is nothing of that name, PLUGIN-BROKEN when it can't be imported.

    Args:
        group: the group of entry points that names without a colon are looked for in.
    """
    module, colon, path = name.partition(":")
    found = None if colon else next(iter(entry_points(group=group, name=name)), None)
    if not colon and found is None:
        raise SettingsError(
            f"there is no {name!r} among the entry points {group}",
            code="PLUGIN-UNKNOWN",
            hint="install the package that brings it, or name it as package.module:function",
        )
    try:
        if found is not None:
            return found.load()
        value: Any = importlib.import_module(module)
        for part in path.split("."):
            value = getattr(value, part)
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"{name!r} can't be loaded: {error}", code="PLUGIN-BROKEN") from error
    return value
