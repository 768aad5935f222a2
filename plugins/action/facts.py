# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a device has, as facts."""

from __future__ import annotations

from ansible_collections.driftline.network.plugins.plugin_utils.action import WHERE, DriftlineAction


class ActionModule(DriftlineAction):
    """Reads a device."""

    task_name = "facts"
    argument_spec = {"settings": WHERE["settings"]}
