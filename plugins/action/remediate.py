# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings a device in line with what is intended."""

from __future__ import annotations

from ansible_collections.driftline.network.plugins.plugin_utils.action import (
    ABOUT,
    STATES,
    WHAT,
    WHERE,
    WINDOW,
    DriftlineAction,
)


class ActionModule(DriftlineAction):
    """Finds drift, plans, and applies."""

    task_name = "remediate"
    argument_spec = {
        **WHERE,
        **WHAT,
        **ABOUT,
        **WINDOW,
        "state": {**WHAT["state"], "choices": [*STATES, "gathered", "rendered", "parsed"]},
        "running_config": {"type": "str"},
    }
    rules = {
        "mutually_exclusive": [("config", "limit"), ("config", "running_config")],
        "required_if": [("state", "parsed", ("running_config",))],
    }
