# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applies a saved plan."""

from __future__ import annotations

from ansible_collections.driftline.network.plugins.plugin_utils.action import (
    ABOUT,
    WHERE,
    WINDOW,
    DriftlineAction,
)


class ActionModule(DriftlineAction):
    """Applies a plan, exactly it."""

    task_name = "apply"
    argument_spec = {**WHERE, **ABOUT, **WINDOW, "plan": {"type": "path", "required": True}}
