# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a device differs from what is intended."""

from __future__ import annotations

from ansible_collections.driftline.network.plugins.plugin_utils.action import WHAT, WHERE, DriftlineAction


class ActionModule(DriftlineAction):
    """Finds drift."""

    task_name = "drift"
    argument_spec = {**WHERE, **WHAT}
    rules = {"mutually_exclusive": [("config", "limit")]}
