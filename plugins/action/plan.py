# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What brings a device in line, kept in a file."""

from __future__ import annotations

from ansible_collections.driftline.network.plugins.plugin_utils.action import WHAT, WHERE, DriftlineAction


class ActionModule(DriftlineAction):
    """Makes a plan."""

    task_name = "plan"
    argument_spec = {**WHERE, **WHAT, "path": {"type": "path"}}
    rules = {"mutually_exclusive": [("config", "limit")]}
