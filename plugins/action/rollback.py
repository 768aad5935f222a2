# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes a run back."""

from __future__ import annotations

from ansible_collections.driftline.network.plugins.plugin_utils.action import (
    ABOUT,
    WHERE,
    WINDOW,
    DriftlineAction,
)


class ActionModule(DriftlineAction):
    """Brings back what a run has changed."""

    task_name = "rollback"
    argument_spec = {
        **WHERE,
        **ABOUT,
        **WINDOW,
        "run": {"type": "str", "required": True},
        "overwrite": {"type": "bool", "default": False},
    }
